"""C3D files (c3d.org): labelled points over time, through ezc3d (extra `datasets`).

The unit is POINT:UNITS, the rate POINT:RATE, the labels POINT:LABELS (and LABELS2, ... beyond 255 points). A residual
below 0 says that a point was not measured (user guide of the format, "4D point data"). Axes are the laboratory's own.
"""

from pathlib import Path
from typing import Any

import numpy as np

from metricpose._errors import FileError, InputError, MissingExtraError
from metricpose.io.fields import shown
from metricpose.io.trc import PointTracks

_KEY_BYTE = 0x50
_METRES = {"m": 1.0, "dm": 0.1, "cm": 0.01, "mm": 0.001}


def read_c3d(path: str | Path) -> PointTracks:
    """The points of a C3D file: (T, M, 3) metres in the file's own axes, NaN where not measured.

    A point without a label is called point_<its number, from 1>. Raises FileError (missing, unreadable), InputError
    (not C3D, no points, no or an unknown unit, no rate, a label twice) and MissingExtraError (no ezc3d).
    """
    document = _loaded(path)
    group = document["parameters"].get("POINT", {})
    points = np.asarray(document["data"]["points"], dtype=np.float64)
    if not points.shape[1]:
        raise InputError(f"{path}: expected labelled points, got none; does the file hold analog channels only?")
    positions = np.moveaxis(points[:3], 0, -1).swapaxes(0, 1) * _metres_per_unit(group, path)
    residuals = np.asarray(document["data"]["meta_points"]["residuals"])[0].T
    positions[(residuals < 0) | ~np.isfinite(positions).all(axis=-1)] = np.nan
    fps = _rate(group, path)
    first = int(document["header"]["points"]["first_frame"])
    frames = first + 1 + np.arange(len(positions))  # the format counts from 1, ezc3d from 0
    return PointTracks(
        names=_labels(group, points.shape[1], path),
        positions_m=positions,
        frames=frames,
        times_s=(frames - 1) / fps,
        fps=fps,
    )


def _loaded(path: str | Path) -> Any:
    try:
        import ezc3d
    except ImportError as error:
        raise MissingExtraError("reading C3D", "datasets") from error
    _check_whole(path)
    try:
        return ezc3d.c3d(str(path))
    except (OSError, RuntimeError, ValueError, IndexError, KeyError, MemoryError) as fault:
        reason = " ".join(str(fault).split())
        raise InputError(f"{path}: expected a C3D file, got a damaged one ({reason:.80})") from None


_PROCESSORS = {84: ("<", 15), 85: ("<", 13), 86: (">", 12)}
"""Processor type of the file -> order of its bytes, and the byte of the header that holds the scale's sign."""


def _check_whole(path: str | Path) -> None:
    """InputError for another format or a file cut short: ezc3d never returns from some of them.

    Sections are counted in blocks of 512 bytes; words of the header are 16 bits (user guide of the format, "Header").
    """
    try:
        size = Path(path).stat().st_size
        with Path(path).open("rb") as file:
            head = file.read(512)
            start = 512 * max(head[0] - 1, 0) if head else 0
            file.seek(start)
            parameters = file.read(4)
    except OSError as error:
        raise FileError(f"{path}: cannot read this C3D file ({error.strerror}); check the path") from error
    if len(head) < 2 or head[1] != _KEY_BYTE:
        raise InputError(f"{path}: expected a C3D file (second byte 0x50), got {head[:2]!r}; check the path")
    if len(head) < 512 or len(parameters) < 4 or parameters[3] not in _PROCESSORS:
        raise InputError(f"{path}: expected a C3D file with its parameters, got {size} bytes; is it cut off?")
    order, sign = _PROCESSORS[parameters[3]]
    words = np.frombuffer(head, dtype=f"{order}u2").astype(int)
    points, analog, first, last, data_start = words[1], words[2], words[3], words[4], words[8]
    frames = max(last - first + 1, 0)
    number = 4 if head[sign] & 0x80 else 2  # a negative scale says that numbers are floats
    needed = max(start + 512 * parameters[2], 512 * (data_start - 1) + frames * (4 * points + analog) * number)
    if size < needed:
        raise InputError(f"{path}: expected {needed} bytes by its header, got {size}; is it cut off?")


def _value(group: Any, key: str) -> list[Any]:
    return list(group[key]["value"]) if key in group else []


def _metres_per_unit(group: Any, path: str | Path) -> float:
    stated = [str(unit).strip().lower() for unit in _value(group, "UNITS")]
    if not stated or stated[0] not in _METRES:
        got = shown(stated[0]) if stated else "none"
        raise InputError(f"{path}: expected POINT:UNITS {', '.join(_METRES)}, got {got}; correct the parameter")
    return _METRES[stated[0]]


def _rate(group: Any, path: str | Path) -> float:
    stated = _value(group, "RATE")
    rate = float(stated[0]) if stated else 0.0
    if not 0 < rate < np.inf:
        raise InputError(f"{path}: expected a positive POINT:RATE, got {rate:g}; correct the parameter")
    return rate


def _labels(group: Any, count: int, path: str | Path) -> tuple[str, ...]:
    keys = [
        "LABELS",
        *sorted((k for k in group if k[6:].isdigit() and k.startswith("LABELS")), key=lambda k: int(k[6:])),
    ]
    stated = [str(label).strip() for key in keys for label in _value(group, key)][:count]
    stated += [""] * (count - len(stated))
    labels = tuple(label or f"point_{number}" for number, label in enumerate(stated, start=1))
    doubled = sorted({label for label in labels if labels.count(label) > 1})
    if doubled:
        raise InputError(f"{path}: expected each label once, got {shown(doubled[0])} again; rename it in the file")
    return labels
