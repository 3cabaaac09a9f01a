"""Units of other methods' files: which they are, and whether the people come out as large as people.

Ten times wrong is the least that a mistaken unit does. A whole file is judged by its median person, which a few bad
estimates do not move; a single person only by what no estimate in the right unit gives (factor 1,000).
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from metricpose._errors import InputError
from metricpose.io.fields import shown
from metricpose.people import PeopleFrame

Unit = Literal["m", "cm", "mm"]

_METRES: dict[str, float] = {"m": 1.0, "cm": 0.01, "mm": 0.001}
_MEDIAN_EXTENT_M = (0.35, 4.5)  # from a crouching child to a giant with the arms up
_EXTENT_M = (0.03, 30.0)
_MEDIAN_DISTANCE_M = (0.2, 300.0)
_LEAST_JOINTS = 5


def metres_per(unit: str) -> float:
    """Metres in one `unit`; InputError for another than m, cm, mm."""
    if unit not in _METRES:
        raise InputError(f"unit: expected one of {', '.join(_METRES)}, got {shown(unit)}")
    return _METRES[unit]


def check_sizes(frames: Sequence[PeopleFrame]) -> None:
    """InputError where the people are not of the size of people: the line names the picture, the person and the size.

    The extent is the diagonal of the box round a person's joints, of which at least 5 must be stated. People whose
    joints are all one point (a root without a pose) have none.
    """
    extents = [(frame.name, person, extent) for frame in frames for person, extent in _extents_m(frame)]
    for name, person, extent in extents:
        if not _EXTENT_M[0] <= extent <= _EXTENT_M[1]:
            raise InputError(_text(name, person, extent))
    if extents:
        middle = _median_record([extent for *_, extent in extents])
        if not _MEDIAN_EXTENT_M[0] <= extents[middle][2] <= _MEDIAN_EXTENT_M[1]:
            raise InputError(_text(*extents[middle], typical=True))
    _check_distances(frames)


def _check_distances(frames: Sequence[PeopleFrame]) -> None:
    stated = [(f.name, i, float(d)) for f in frames for i, d in enumerate(_distances_m(f)) if np.isfinite(d)]
    if not stated:
        return
    name, person, distance = stated[_median_record([d for *_, d in stated])]
    if not _MEDIAN_DISTANCE_M[0] <= distance <= _MEDIAN_DISTANCE_M[1]:
        raise InputError(
            f"picture {shown(name)}: person {person}: expected people some metres from the camera, got "
            f"{distance:.4g} m (the file's typical person); are the units right, is it the camera's frame?"
        )


def _extents_m(frame: PeopleFrame) -> list[tuple[int, float]]:
    extents = []
    for person in range(len(frame)):
        if frame.joints_cam is None:
            continue
        joints = frame.joints_cam[person][frame.known[person]]
        extent = float(np.linalg.norm(np.ptp(joints, axis=0))) if len(joints) >= _LEAST_JOINTS else 0.0
        if extent > 0:
            extents.append((person, extent))
    return extents


def _distances_m(frame: PeopleFrame) -> np.ndarray:
    if frame.root_cam is not None:
        return np.linalg.norm(frame.root_cam, axis=-1)
    if frame.joints_cam is None:
        return np.zeros(0)
    return (
        np.linalg.norm(
            [_middle(joints[known]) for joints, known in zip(frame.joints_cam, frame.known, strict=True)], axis=-1
        )
        if len(frame)
        else np.zeros(0)
    )


def _middle(joints: np.ndarray) -> np.ndarray:
    return joints.mean(axis=0) if len(joints) else np.full(3, np.nan)


def _median_record(values: Sequence[float]) -> int:
    return int(np.argsort(values, kind="stable")[(len(values) - 1) // 2])


def _text(name: str, person: int, extent: float, *, typical: bool = False) -> str:
    which = " (the file's typical person)" if typical else ""
    return (
        f"picture {shown(name)}: person {person}: expected a person of about 1 to 2 m, got one of "
        f"{extent:.4g} m{which}; are the units right (mm, cm, m)?"
    )
