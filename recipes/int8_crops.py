"""Writes the twin of a crop network with 8-bit activations beside it; their ranges are those on people of validation.

    metricpose generate people --split val --seed 21 --count 100 --per-shard 50 -o runs/people_val ...
    python -m recipes.int8_crops --data runs/people_val src/metricpose/weights/crop_base.onnx

Crops are cut as the second look cuts them, about everybody of 48 px and more in the first pictures.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from metricpose._errors import MetricposeError
from metricpose.agr.single import CROP_FACTOR
from metricpose.inference.detectors.crop_network import CROP_PX
from metricpose.inference.detectors.windows import square_box, window
from metricpose.training.agr_int8 import CROP_HEADROOM, written_int8
from metricpose.training.agr_samples import Sample, virtual_samples

LEAST_PX = 48.0
PICTURES = 50


def people_crops(samples: Sequence[Sample]) -> list[np.ndarray]:
    """Crops (160, 160, 3) uint8."""
    crops = []
    for sample in samples:
        rgb = sample.rgb()
        for box in sample.boxes_px:
            if np.isfinite(box).all() and max(box[2:] - box[:2]) >= LEAST_PX:
                crops.append(window(rgb, square_box(box, CROP_FACTOR), (CROP_PX, CROP_PX)).pixels)
    return crops


def main(arguments: list[str] | None = None) -> int:
    """Write the twins of the networks named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("networks", nargs="+", type=Path, metavar="NETWORK.onnx")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="shards of generate people")
    args = parser.parse_args(arguments)
    try:
        crops = people_crops(virtual_samples(args.data)[:PICTURES])
        for network in args.networks:
            print(written_int8(network, crops, CROP_HEADROOM))
    except MetricposeError as error:
        print(f"int8_crops: error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
