"""Checks that the two kinds of people share; each gives a read-only float32 copy or an InputError."""

from typing import Any

import numpy as np

from metricpose._errors import InputError


def checked(values: Any, shape: tuple[int, ...], what: str, *, finite: bool = True) -> np.ndarray:
    """`values` as a read-only float32 array of exactly `shape`."""
    try:
        with np.errstate(over="ignore"):
            array = np.array(values, dtype=np.float32)
    except (TypeError, ValueError):
        raise InputError(f"{what}: expected numbers of shape {shape}, got {type(values).__name__}") from None
    if array.shape != shape and not (array.size == 0 and 0 in shape):
        raise InputError(f"{what}: expected shape {shape}, got {array.shape}")
    array = array.reshape(shape)
    if finite:
        faulty = ~np.isfinite(array)
        if faulty.any():
            raise InputError(f"{what}: expected finite numbers, got {_first(array, faulty)}")
    array.setflags(write=False)
    return array


def checked_scores(values: Any, shape: tuple[int, ...], what: str) -> np.ndarray:
    """Scores within 0 and 1."""
    array = checked(values, shape, what)
    outside = (array < 0.0) | (array > 1.0)
    if outside.any():
        raise InputError(f"{what}: expected values in [0, 1], got {_first(array, outside)}; scale them")
    return array


def checked_boxes(values: Any, count: int) -> np.ndarray:
    """Boxes (P, 4) with x1 > x0 and y1 > y0."""
    boxes_px = checked(values, (count, 4), "boxes_px")
    flat = np.flatnonzero(~np.all(boxes_px[:, 2:] > boxes_px[:, :2], axis=-1))
    if len(flat):
        got = boxes_px[flat[0]].tolist()
        raise InputError(f"boxes_px: expected x1 > x0 and y1 > y0, got {got} for person {flat[0]} (no area)")
    return boxes_px


def checked_joints_px(values: Any, joint_scores: np.ndarray) -> np.ndarray:
    """Joints (P, J, 2); where the score is 0, NaN and infinity are replaced by 0, as nobody may look there."""
    joints_px = np.array(checked(values, (*joint_scores.shape, 2), "joints_px", finite=False))
    faulty = ~np.isfinite(joints_px)
    seen = faulty & (joint_scores > 0)[..., None]
    if seen.any():
        raise InputError(
            f"joints_px: expected finite numbers, got {_first(joints_px, seen)}; give unseen joints the score 0"
        )
    joints_px[faulty] = 0.0
    joints_px.setflags(write=False)
    return joints_px


def checked_ids(ids: Any, count: int, what: str, *, optional_entries: bool = False) -> tuple[Any, ...]:
    """Identity numbers, one per person."""
    entries = tuple(ids)
    fit = all((i is None and optional_entries) or isinstance(i, int | np.integer) for i in entries)
    if len(entries) != count or not fit:
        raise InputError(f"{what}: expected {count} whole numbers, one per person, got {entries!r:.80}")
    return tuple(None if i is None else int(i) for i in entries)


def people_count(joints: Any) -> int:
    """Length of the first axis, however malformed the rest is; the checks tell about that."""
    try:
        return len(joints)
    except TypeError:
        raise InputError(f"people: expected arrays with one row per person, got {type(joints).__name__}") from None


def selected(key: Any, count: int) -> np.ndarray:
    """Indices of the people that a mask, slice, index or list of indices chooses, in its order."""
    chosen = key if isinstance(key, slice) else np.asarray(key)
    if isinstance(chosen, np.ndarray) and chosen.size == 0 and chosen.dtype != np.bool_:
        return np.zeros(0, dtype=np.intp)  # an empty list is an array of floats, which numpy refuses as an index
    try:
        return np.atleast_1d(np.arange(count)[chosen])
    except IndexError as fault:
        raise IndexError(f"people: cannot choose from {count} people by {key!r:.60}: {fault}") from None


def _first(array: np.ndarray, faulty: np.ndarray) -> str:
    place = tuple(int(i) for i in np.argwhere(faulty)[0])
    return f"{array[place]:g} at index {list(place)}"
