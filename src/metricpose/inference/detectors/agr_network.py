"""The AGR network behind its file: windows of one size in, maps out; and whose weights there are."""

import hashlib
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np

from metricpose._errors import FileError, WeightsError
from metricpose.agr.types import AGR
from metricpose.inference.detectors.windows import GREY
from metricpose.inference.engines import opened_network
from metricpose.skeletons.catalogue import HALPE26

MULTIPLE = 32
"""The network takes pictures whose sides are multiples of this."""
OUTPUTS = ("joint_maps", "anchor_map", "person_mask", "box_sides", "joint_offsets", "joint_visible")
_STRIDE = 4
_MIRROR = np.array(HALPE26.mirror)


class Shipped(NamedTuple):
    """Weights that the package carries: the AGR network's file, the crop network's, and who may use them."""

    file: str
    crops: str
    licence: str


WEIGHTS: Mapping[str, Shipped] = {
    "base": Shipped("agr_base.onnx", "crop_base.onnx", "Apache-2.0"),
    "base-research": Shipped(
        "agr_base.onnx", "crop_base_research.onnx", "research only: learnt from Leeds Sports Pose Extended"
    ),
}
Precision = Literal["int8", "float32"]
"""Of the activations. int8 is about 2.5 times as fast on processors with VNNI or its like."""
_UNSTATED = "not stated in the weights file"


class Engine(Protocol):
    """What runs the network: `run(names of outputs, inputs by name)` gives the outputs, as ONNX Runtime does."""

    def run(self, output_names: Sequence[str], input_feed: Mapping[str, np.ndarray]) -> Sequence[Any]: ...


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
        if not file.is_file():
            known = ", ".join(WEIGHTS)
            raise FileError(f"{file}: no such weights file; expected one of {known}, or an ONNX file of an AGR network")
        file = twin_of(file) if precision == "int8" else file
        session = opened_network(
            file, "AGR network", frozenset(("image",)), frozenset(OUTPUTS), threads, spinning=False
        )
        _check_channels(file, session)
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


def twin_of(file: Path) -> Path:
    """The file's twin with 8-bit activations, or the file itself where it has none.

    Raises WeightsError for a twin of other weights.
    """
    twin = file.with_name(f"{file.stem}_int8.onnx")
    if not twin.is_file():
        return file
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    if digest.encode() not in twin.read_bytes():
        raise WeightsError(f"{twin}: expected the 8-bit twin of {file.name}, got one of other weights; export it again")
    return twin


def lacking_weights(name: str) -> list[str]:
    """Files of the weights of this name that are not in the package."""
    shipped = WEIGHTS[name]
    return [file for file in (shipped.file, shipped.crops) if not in_package(file).is_file()]


def in_package(file: str) -> Path:
    """Where a file of weights is, or would be."""
    return Path(str(resources.files("metricpose") / "weights" / file))


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


def _check_channels(file: Path, session: Any) -> None:
    channels = {node.name: node.shape[1] for node in session.get_outputs() if len(node.shape) == 4}
    for name, count in (("joint_maps", len(HALPE26)), ("joint_offsets", 2 * len(HALPE26)), ("box_sides", 4)):
        if isinstance(channels.get(name), int) and channels[name] != count:
            raise WeightsError(
                f"{file}: expected an AGR network with {count} {name} ({HALPE26.name}), got {channels[name]}; "
                "it was trained for another skeleton"
            )
