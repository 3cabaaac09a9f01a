"""People of many frames in one row, and who shares a frame: what metrics over whole sets are made of."""

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from metricpose._errors import InputError


def counts_of(frames: Sequence[Any]) -> np.ndarray:
    """How many people each of F frames has: (F,)."""
    return np.fromiter((len(frame) for frame in frames), dtype=np.intp, count=len(frames))


def joined(frames: Sequence[Any], own: tuple[int | None, ...], what: str, dtype: Any = np.float64) -> np.ndarray:
    """F arrays (P_f, *own) as one (sum P_f, *own); None in `own` is any size, the same for all. [] is nobody.

    Raises InputError: a frame of another shape; the text names it.
    """
    arrays = [array for array in frames if len(array)]
    arrays = arrays if all(isinstance(array, np.ndarray) for array in arrays) else [np.asarray(a) for a in arrays]
    shapes = {array.shape[1:] for array in arrays}
    if not arrays:
        return np.zeros((0, *(size or 0 for size in own)), dtype=dtype)
    if len(shapes) > 1 or not _fits(next(iter(shapes)), own):
        _refuse(frames, own, what)
    return np.concatenate(arrays, dtype=dtype, casting="unsafe")


def _fits(shape: tuple[int, ...], own: tuple[int | None, ...]) -> bool:
    return len(shape) == len(own) and all(size in (None, got) for size, got in zip(own, shape, strict=True))


def _refuse(frames: Sequence[Any], own: tuple[int | None, ...], what: str) -> NoReturn:
    """Name the first frame that does not fit, or is not like those before it."""
    expected: tuple[int | None, ...] = own
    for number, frame in enumerate(frames):
        got = np.shape(frame)
        if len(frame) and not _fits(got[1:], expected):
            shape = ", ".join(["people", *("any" if size is None else str(size) for size in expected)])
            raise InputError(f"{what}: frame {number}: expected shape ({shape}), got {got}")
        expected = got[1:] if len(frame) else expected
    raise InputError(f"{what}: expected frames of one shape")


def check_counts(counts: np.ndarray, expected: np.ndarray, what: str, of: str) -> None:
    """Raise InputError unless each frame has as many people as expected; the text names the first that has not."""
    if len(counts) != len(expected):
        raise InputError(f"{what}: expected a list of {len(expected)} frames, as of {of}, got {len(counts)}")
    wrong = np.flatnonzero(counts != expected)
    if len(wrong):
        first = wrong[0]
        raise InputError(f"{what}: frame {first}: expected {expected[first]} people, as of {of}, got {counts[first]}")


def frame_of(counts: np.ndarray) -> np.ndarray:
    """The frame of each person: (sum counts,)."""
    return np.repeat(np.arange(len(counts)), counts)


def starts_of(counts: np.ndarray) -> np.ndarray:
    """The row of each frame's first person: (F,)."""
    return np.cumsum(counts) - counts
