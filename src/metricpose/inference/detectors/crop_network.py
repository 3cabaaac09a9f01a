"""The crop network behind its file: square windows on one person each in, that person's joints as maps and box out."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from metricpose.agr.single import CropPerson, person_of_maps
from metricpose.inference.detectors.agr_network import stacked
from metricpose.inference.detectors.network_files import WEIGHTS, Engine, Kind, Precision, in_package, opened_weights
from metricpose.skeletons.catalogue import HALPE26

CROP_PX = 160
"""The windows that it was trained on."""
OUTPUTS = ("joint_maps", "joint_seen", "box")
_KIND = Kind("crop network", OUTPUTS, {"joint_maps": len(HALPE26)})
_STRIDE = 4
_MIRROR = np.array(HALPE26.mirror)


class CropNetwork(NamedTuple):
    """An engine."""

    engine: Engine

    @classmethod
    def load(
        cls, weights: str | Path = "base", threads: int | None = None, precision: Precision = "int8"
    ) -> "CropNetwork":
        """Shipped weights by their name in `WEIGHTS`, or a file; with "int8" its twin where there is one.

        Raises:
            FileError: there is no such file.
            WeightsError: it is damaged, or another network.
        """
        shipped = WEIGHTS.get(str(weights))
        file = Path(weights) if shipped is None else in_package(shipped.crops)
        return cls(opened_weights(file, _KIND, threads, precision))

    def people(
        self, windows: Sequence[np.ndarray], sizes_px: Sequence[float], *, flip: bool = False
    ) -> list[CropPerson]:
        """The person of each window (S, S, 3) uint8, whose longer side there is `sizes_px`; in the window's pixels.

        `flip`: the mean over the windows and their mirror images, with the mean of both scores: two answers that differ
        make a joint less sure, not the person.
        """
        maps, seen, boxes = (np.asarray(a) for a in self.engine.run(OUTPUTS, {"image": stacked(windows, flip=flip)}))
        if not flip:
            return _people((maps, seen, boxes), sizes_px)
        count, last = len(windows), np.shape(windows[0])[1] - 1
        there = boxes[count:]
        mirrored = np.stack([last - there[:, 2], there[:, 1], last - there[:, 0], there[:, 3]], -1)
        ours = maps[:count], seen[:count], boxes[:count]
        theirs = maps[count:, :, :, ::-1][:, _MIRROR], seen[count:][:, _MIRROR], mirrored
        both = _people([(a + b) / 2 for a, b in zip(ours, theirs, strict=True)], sizes_px)
        scores = [[one.score for one in _people(answer, sizes_px)] for answer in (ours, theirs)]
        return [replace(one, score=sum(of_one) / 2) for one, *of_one in zip(both, *scores, strict=True)]


def _people(answer: Sequence[np.ndarray], sizes_px: Sequence[float]) -> list[CropPerson]:
    """The people of maps (P, J, h, w), what is seen (P, J), and boxes (P, 4)."""
    return [
        person_of_maps(own, sure, box, _STRIDE, HALPE26, size)
        for own, sure, box, size in zip(*answer, sizes_px, strict=True)
    ]
