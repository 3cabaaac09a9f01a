"""TRC files (OpenSim, Pose2Sim, Motion Analysis): labelled points over time, tab-separated.

    PathFileType  4  (X/Y/Z)  name.trc
    DataRate  CameraRate  NumFrames  NumMarkers  Units  OrigDataRate  OrigDataStartFrame  OrigNumFrames
    60        60          100        21          m      60            0                   100
    Frame#  Time  RHip          RKnee  ...                                   each name stands over its first column
                  X1  Y1  Z1    X2  ...
    1       0.017 -0.065 0.902 -1.401 ...                                    an empty cell is a point not seen

OpenSim's axes are x forward, y up, z to the right; Pose2Sim writes a z-up world into them as x, y, z = its y, z, x.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from metricpose._errors import InputError
from metricpose.io._text import read_text
from metricpose.io.fields import LARGEST, shown

_METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001}
_HEAD_LINES = 5
_MISSING = ("", "nan")


@dataclass(frozen=True, kw_only=True, eq=False)
class PointTracks:
    """T frames of M labelled points.

    Attributes:
        names: M labels, each once.
        positions_m: (T, M, 3) metres, in the file's axes (y up); NaN where a point was not seen.
        frames: (T,) the file's frame numbers.
        times_s: (T,) seconds.
        fps: frames per second.
    """

    names: tuple[str, ...]
    positions_m: np.ndarray
    frames: np.ndarray
    times_s: np.ndarray
    fps: float

    @property
    def positions_world(self) -> np.ndarray:
        """(T, M, 3) metres in the z-up world of the calibration from which Pose2Sim made the file."""
        return self.positions_m[..., [2, 0, 1]]


def read_trc(path: str | Path) -> PointTracks:
    """The points of a TRC file, in its order.

    Raises FileError (missing, unreadable) and InputError (not TRC, an unknown unit, a row of another length, a number
    that is none).
    """
    lines = [line for line in read_text(path, "TRC").splitlines() if line.strip()]
    if not lines or not lines[0].startswith("PathFileType"):
        got = shown(lines[0][:40]) if lines else "an empty file"
        raise InputError(f"{path}: expected a TRC file, which starts with PathFileType, got {got}; check the path")
    if len(lines) < _HEAD_LINES:
        raise InputError(f"{path}: expected {_HEAD_LINES} header lines, got {len(lines)}; is the file cut off?")
    head = dict(zip(lines[1].split(), lines[2].split(), strict=False))
    names = _names(lines[3], path)
    cells = _cells(lines[_HEAD_LINES:], 2 + 3 * len(names), path)
    _check_frames(head, len(cells), path)
    points = cells[:, 2:].reshape(len(cells), len(names), 3) * _metres_per_unit(head, path)
    points[np.isnan(points).any(axis=-1)] = np.nan
    return PointTracks(
        names=names, positions_m=points, frames=_frames(cells, path), times_s=cells[:, 1], fps=_rate(head, path)
    )


def _names(line: str, path: str | Path) -> tuple[str, ...]:
    names = tuple(word.strip() for word in line.split("\t")[2:] if word.strip())
    if not names or len(set(names)) < len(names):
        raise InputError(f"{path}: expected the name of each point once in line 4, got {shown(names)}")
    return names


def _metres_per_unit(head: dict[str, str], path: str | Path) -> float:
    unit = head.get("Units", "")
    if unit not in _METRES:
        raise InputError(f"{path}: expected Units {', '.join(_METRES)}, got {shown(unit)}; correct the header")
    return _METRES[unit]


def _rate(head: dict[str, str], path: str | Path) -> float:
    try:
        rate = float(head["DataRate"])
    except (KeyError, ValueError):
        rate = np.nan
    if not 0 < rate < np.inf:
        raise InputError(f"{path}: expected a positive DataRate, got {shown(head.get('DataRate', ''))}")
    return rate


def _check_frames(head: dict[str, str], rows: int, path: str | Path) -> None:
    promised = head.get("NumFrames", "")
    if promised != str(rows):
        raise InputError(f"{path}: expected {promised or 'a number of'} frames (NumFrames), got {rows}; cut off?")


def _frames(cells: np.ndarray, path: str | Path) -> np.ndarray:
    if not np.isfinite(cells[:, :2]).all():
        raise InputError(f"{path}: expected a frame number and a time in every row, got empty cells")
    return cells[:, 0].astype(np.int64)


def _cells(lines: list[str], columns: int, path: str | Path) -> np.ndarray:
    """(T, columns); NaN for empty cells. Tabs at the end of a row are ignored."""
    table = np.full((len(lines), columns), np.nan)
    for row, line in enumerate(lines):
        words = [word.strip() for word in line.split("\t")]
        if len(words) < columns or any(words[columns:]):
            raise InputError(f"{path}: row {row}: expected {columns} cells, got {len(words)}; is the file damaged?")
        for column, word in enumerate(words[:columns]):
            if word.lower() not in _MISSING:
                table[row, column] = _number(word, f"{path}: row {row}, column {column}")
    return table


def _number(word: str, where: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = np.inf
    if not abs(value) <= LARGEST:
        raise InputError(f"{where}: expected a number of at most {LARGEST:g}, got {shown(word)}")
    return value
