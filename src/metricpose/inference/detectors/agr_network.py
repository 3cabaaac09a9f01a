"""The AGR network behind its file: windows of one size in, maps out."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from metricpose.agr.types import AGR
from metricpose.inference.detectors.network_files import (
    WEIGHTS,
    Engine,
    Kind,
    Precision,
    in_package,
    opened_weights,
)
from metricpose.inference.detectors.windows import GREY
from metricpose.skeletons.catalogue import HALPE26

MULTIPLE = 32
"""The network takes pictures whose sides are multiples of this."""
OUTPUTS = ("joint_maps", "anchor_map", "person_mask", "box_sides", "joint_offsets", "joint_visible")
_KIND = Kind("AGR network", OUTPUTS, {"joint_maps": len(HALPE26), "joint_offsets": 2 * len(HALPE26), "box_sides": 4})
_STRIDE = 4
_MIRROR = np.array(HALPE26.mirror)
_UNSTATED = "not stated in the weights file"


class AgrNetwork(NamedTuple):
    """An engine, and the name and licence of its weights."""

    engine: Engine
    weights: str
    licence: str

    @classmethod
    def load(
        cls, weights: str | Path = "base", threads: int | None = None, precision: Precision = "int8"
    ) -> "AgrNetwork":
        """Shipped weights by their name in `WEIGHTS`, or a file.

        With "int8" the file's twin NAME_int8.onnx is taken where it lies beside it; it has the same weights.

        Raises:
            FileError: there is no such file.
            WeightsError: it is damaged, or another network.
        """
        shipped = WEIGHTS.get(str(weights))
        file = Path(weights) if shipped is None else in_package(shipped.file)
        session = opened_weights(file, _KIND, threads, precision)
        facts = session.get_modelmeta().custom_metadata_map
        licence = facts.get("licence", _UNSTATED) if shipped is None else shipped.licence
        return cls(session, Path(weights).name if shipped is None else str(weights), licence)

    def maps(self, windows: Sequence[np.ndarray], *, flip: bool = False) -> AGR:
        """What the network says of windows (h, w, 3) uint8, all of one size; `flip`: and of their mirror images."""
        values = dict(zip(OUTPUTS, self.engine.run(OUTPUTS, {"image": stacked(windows, flip=flip)}), strict=True))
        values = {name: np.asarray(value) for name, value in values.items()}
        if flip:
            values = {name: _averaged(name, value) for name, value in values.items()}
        sides = values["box_sides"]
        return AGR(**values, supervised=np.ones((len(sides), *sides.shape[2:]), bool), stride=_STRIDE)


def stacked(windows: Sequence[np.ndarray], *, flip: bool = False) -> np.ndarray:
    """(B, 3, H, W) float32 in [0, 1]: the windows, grey to the right and below up to multiples of 32.

    With `flip` their mirror images follow, (2 B, 3, H, W).
    """
    height, width = windows[0].shape[:2]
    tall, wide = (-(-side // MULTIPLE) * MULTIPLE for side in (height, width))
    out = np.empty(((2 if flip else 1) * len(windows), 3, tall, wide), np.float32)
    out[:, :, height:], out[:, :, :height, width:] = GREY, GREY
    for place, pixels in zip(out, windows, strict=False):
        np.multiply(pixels.transpose(2, 0, 1), 1 / 255, out=place[:, :height, :width], dtype=np.float32)
    if flip:
        out[len(windows) :] = out[: len(windows), :, :, ::-1]
    return out


def _averaged(name: str, maps: np.ndarray) -> np.ndarray:
    """The mean (B, C, h, w) of maps (2 B, C, h, w) of pictures and of their mirror images."""
    ours, theirs = maps[: len(maps) // 2], maps[len(maps) // 2 :, :, :, ::-1]
    if name in ("joint_maps", "joint_visible"):
        theirs = theirs[:, _MIRROR]
    elif name == "joint_offsets":
        pairs = theirs.reshape(len(theirs), len(_MIRROR), 2, *theirs.shape[2:])[:, _MIRROR]
        theirs = (pairs * np.array([-1, 1], np.float32)[:, None, None]).reshape(theirs.shape)
    elif name == "box_sides":
        theirs = theirs[:, [2, 1, 0, 3]]
    return (ours + theirs) / 2
