"""The files of our detector's two networks: which the package carries, who may use them, and how one is opened."""

from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from metricpose._errors import FileError, WeightsError
from metricpose.inference.engines import opened_network, with_article
from metricpose.io.digest import sha256_of
from metricpose.skeletons.catalogue import HALPE26

if TYPE_CHECKING:
    import numpy as np
    import onnxruntime


class Engine(Protocol):
    """What runs the network: `run(names of outputs, inputs by name)` gives the outputs, as ONNX Runtime does."""

    def run(self, output_names: Sequence[str], input_feed: "Mapping[str, np.ndarray]") -> Sequence[Any]: ...


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
"""Of the activations. int8 is about 2.5 times as fast on processors with VNNI or its like, 1.5 times with AVX2."""


class Kind(NamedTuple):
    """A kind of network: what errors call it, the outputs it must have, and how many channels some of them."""

    name: str
    outputs: tuple[str, ...]
    channels: Mapping[str, int]


def lacking_weights(name: str) -> list[str]:
    """Files of the weights of this name that are not in the package."""
    shipped = WEIGHTS[name]
    return [file for file in (shipped.file, shipped.crops) if not in_package(file).is_file()]


def in_package(file: str) -> Path:
    """Where a file of weights is, or would be."""
    return Path(str(resources.files("metricpose") / "weights" / file))


def opened_weights(file: Path, kind: Kind, threads: int | None, precision: Precision) -> "onnxruntime.InferenceSession":
    """The network of a file; with "int8" its twin NAME_int8.onnx where it lies beside it, which has the same weights.

    Raises FileError for a missing file, WeightsError for a damaged one, another network, or one of another skeleton.
    """
    if not file.is_file():
        known = ", ".join(WEIGHTS)
        raise FileError(
            f"{file}: no such weights file; expected one of {known}, or an ONNX file of {with_article(kind.name)}"
        )
    file = twin_of(file) if precision == "int8" else file
    session = opened_network(file, kind.name, frozenset(("image",)), frozenset(kind.outputs), threads)
    _check_channels(file, kind, session)
    return session


def twin_of(file: Path) -> Path:
    """The file's twin with 8-bit activations, or the file itself where it has none.

    Raises WeightsError for a twin of other weights; to see that takes 10 ms of the 280 that opening takes.
    """
    twin = file.with_name(f"{file.stem}_int8.onnx")
    if not twin.is_file():
        return file
    if sha256_of(file).encode() not in twin.read_bytes():
        raise WeightsError(f"{twin}: expected the 8-bit twin of {file.name}, got one of other weights; export it again")
    return twin


def _check_channels(file: Path, kind: Kind, session: Any) -> None:
    channels = {node.name: node.shape[1] for node in session.get_outputs() if len(node.shape) == 4}
    for name, count in kind.channels.items():
        if isinstance(channels.get(name), int) and channels[name] != count:
            raise WeightsError(
                f"{file}: expected {with_article(kind.name)} with {count} {name} ({HALPE26.name}), "
                f"got {channels[name]}; it was trained for another skeleton"
            )
