"""Detectors by name."""

from collections.abc import Mapping
from pathlib import Path

from metricpose._errors import InputError
from metricpose.inference.detectors.protocol import Detector

DETECTORS: Mapping[str, str] = {
    "mediapipe": "one person, offline (needs the mediapipe extra, in an environment of its own)",
    "rtmlib": "several people, downloads its networks at first use (needs the rtmlib extra)",
    "precomputed": "people from a file of 2D people, by the name of the picture",
}


def detector_named(name: str, *, detections: str | Path | None = None) -> Detector:
    """The detector `name`; "precomputed" reads the file `detections`.

    Raises:
        InputError: there is no such detector, or "precomputed" lacks its file.
        MissingExtraError: its package is not installed.
        FileError: its networks cannot be loaded or downloaded, or `detections` cannot be read.
    """
    if name not in DETECTORS:
        raise InputError(f"detector: expected one of {', '.join(DETECTORS)}, got {name!r}")
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
