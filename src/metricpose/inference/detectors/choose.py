"""Detectors by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from metricpose._errors import FileError, InputError, MissingExtraError
from metricpose.inference.detectors.network_files import Precision
from metricpose.inference.detectors.protocol import Detector

DETECTORS: Mapping[str, str] = {
    "auto": "rtmlib where it is installed, else agr",
    "agr": "several people, offline, no extra: the package's own network",
    "rtmlib": "several people, downloads its networks at first use (needs the rtmlib extra)",
    "mediapipe": "one person, offline (needs the mediapipe extra, in an environment of its own)",
    "precomputed": "people from a file of 2D people, by the name of the picture",
}
Refiner = Literal["own", "mediapipe", "none"]


@dataclass(frozen=True, kw_only=True)
class AgrOptions:
    """What can be chosen for the detector "agr".

    Attributes:
        weights: "base", "base-research", or a file of an AGR network.
        crop_weights: a file of a crop network for the second look, in place of that of `weights`.
        refine: who looks a second time at each person: the same network, MediaPipe, or nobody.
        flip: look at the mirror image of each person, too.
        turns: look at each person in four quarter turns.
        look_px: longer side of the picture in the closest look.
        min_score: the least score of a person who is reported.
        tiles: look for people far away at full resolution, too.
        precision: of the activations, "int8" or "float32".
        threads: of ONNX Runtime; as many as there are cores if not given.
    """

    weights: str | Path = "base"
    crop_weights: str | Path | None = None
    refine: Refiner = "own"
    flip: bool = False
    turns: bool = False
    look_px: int = 640
    min_score: float = 0.44
    tiles: bool = False
    precision: Precision = "int8"
    threads: int | None = None

    def __post_init__(self) -> None:
        if self.refine not in get_args(Refiner):
            raise InputError(f"refine: expected one of {', '.join(get_args(Refiner))}, got {self.refine!r}")


def detector_named(name: str, *, detections: str | Path | None = None, agr: AgrOptions | None = None) -> Detector:
    """The detector `name`; "precomputed" reads the file `detections`, "agr" is as `agr` says.

    "auto" is "agr" where `agr` is given, and otherwise "rtmlib" if that is installed and has its networks.

    Raises:
        InputError: there is no such detector, "precomputed" lacks its file, or `agr` is given for another one.
        MissingExtraError: its package is not installed.
        FileError: its networks cannot be loaded or downloaded, or `detections` cannot be read.
        WeightsError: its weights are damaged, or of another network.
    """
    if name not in DETECTORS:
        raise InputError(f"detector: expected one of {', '.join(DETECTORS)}, got {name!r}")
    if agr is not None and name not in ("auto", "agr"):
        raise InputError(f"detector {name!r}: expected no options of the detector 'agr', got {agr}; leave them out")
    if name == "auto":
        return _agr(agr) if agr is not None else _automatic()
    if name == "agr":
        return _agr(agr or AgrOptions())
    if name == "mediapipe":
        from metricpose.inference.detectors.mediapipe import MediapipeDetector

        return MediapipeDetector()
    if name == "rtmlib":
        from metricpose.inference.detectors.rtmlib import RtmlibDetector

        return RtmlibDetector()
    if detections is None:
        raise InputError("detector 'precomputed': expected a file of 2D people, got none; name one (--detections FILE)")
    from metricpose.inference.detectors.precomputed import PrecomputedDetector

    return PrecomputedDetector(detections)


def _automatic() -> Detector:
    """rtmlib; our own where that is not installed, or has no networks and cannot get them."""
    from metricpose.inference.detectors.rtmlib import RtmlibDetector

    try:
        return RtmlibDetector()
    except (MissingExtraError, FileError):
        return _agr(AgrOptions())


def _agr(options: AgrOptions) -> Detector:
    from metricpose.inference.detectors.agr import AgrDetector

    own = AgrDetector(
        options.weights,
        crop_weights=options.crop_weights,
        refine=options.refine == "own",
        flip=options.flip,
        turns=options.turns,
        look_px=options.look_px,
        min_score=options.min_score,
        tiles=options.tiles,
        precision=options.precision,
        threads=options.threads,
    )
    if options.refine != "mediapipe":
        return own
    from metricpose.inference.detectors.by_crops import CropsDetector
    from metricpose.inference.detectors.mediapipe import MediapipeDetector

    return CropsDetector(own, MediapipeDetector())
