"""The fields of documents that users hand over, checked one by one, with errors that say where."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from metricpose._errors import InputError

# Pixels, metres and coefficients beyond this are faults, and their products may overflow.
LARGEST = 1e12

_REQUIRED = object()


@contextmanager
def located(where: object) -> Iterator[None]:
    """Put `where: ` before the text of an InputError raised inside."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{where}: {error}") from error.__cause__


def shown(value: Any) -> str:
    """`value` for an error text: one short line."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


def member(parent: Any, key: str, kind: type | tuple[type, ...], default: Any = _REQUIRED) -> Any:
    """`parent[key]`, which must be of a `kind` (bool is no int); a `default` makes null and a missing key ordinary."""
    if not isinstance(parent, Mapping):
        raise InputError(f"expected an object with {key!r}, got {shown(parent)}; check the file")
    value = parent.get(key)
    if value is None and default is not _REQUIRED:
        return default
    if key not in parent:
        raise InputError(f"{key}: expected {_kinds(kind)}, got nothing; add it")
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise InputError(f"{key}: expected {_kinds(kind)}, got {shown(value)}; correct it")
    return value


_WORDS = {dict: "an object", list: "a list", str: "a text", int: "a whole number", float: "a number"}


def _kinds(kind: type | tuple[type, ...]) -> str:
    kinds = kind if isinstance(kind, tuple) else (kind,)
    return " or ".join(_WORDS.get(entry, entry.__name__) for entry in kinds)


def numbers(values: Any, shape: tuple[int, ...], what: str, *, finite: bool = True) -> np.ndarray:
    """Nested lists of numbers as a float64 array of exactly `shape`.

    `finite=False` lets null, NaN and infinity through (null as NaN), for the caller to judge.
    """
    array = _array(values, what)
    if array.shape != shape and not (array.size == 0 and 0 in shape):
        raise InputError(f"{what}: expected {_sized(shape)} numbers, got {_sized(array.shape)}; correct it")
    array = array.reshape(shape)
    if finite and not np.isfinite(array).all():
        raise InputError(f"{what}: expected finite numbers, got NaN, infinity or null in {shown(values)}; remove it")
    if finite and (np.abs(array) > LARGEST).any():
        raise InputError(f"{what}: expected numbers of at most {LARGEST:g}, got {shown(values)}; check the units")
    return array


def _array(values: Any, what: str) -> np.ndarray:
    try:
        array = np.array(values)
        if array.dtype.kind not in "iufO":
            raise TypeError
        # Whole numbers beyond 64 bits make an object array too: only texts and the like are refused.
        if array.dtype.kind == "O" and not all(_is_number_or_null(entry) for entry in array.flat):
            raise TypeError
        return array.astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        got = next(_no_numbers(values), None)
        text = "rows of several lengths" if got is None else shown(got)
        raise InputError(f"{what}: expected numbers in rows of one length, got {text}; correct it") from None


def _no_numbers(values: Any) -> Iterator[Any]:
    """Whatever stands in nested lists that is no number."""
    if isinstance(values, list | tuple):
        for entry in values:
            yield from _no_numbers(entry)
    elif not _is_number_or_null(values):
        yield values


def _is_number_or_null(entry: Any) -> bool:
    return entry is None or (isinstance(entry, int | float) and not isinstance(entry, bool))


def _sized(shape: tuple[int, ...]) -> str:
    return " x ".join(str(n) for n in shape) or "single"


def number(value: Any, what: str) -> float:
    """One finite number."""
    return float(numbers(value, (), what))


def whole_number(value: Any, what: str) -> int:
    """One whole number that fits 64 bits; 3.0 is one."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 2**63:
        raise InputError(f"{what}: expected a whole number, got {shown(value)}; correct it")
    return value


def flat_keypoints(values: Any, what: str) -> tuple[np.ndarray, np.ndarray]:
    """Joints (J, 2) and scores (J,) of a list x0, y0, s0, x1, y1, s1, ...; scores are clipped to [0, 1]."""
    flat = _array(values, what)
    if flat.ndim != 1 or len(flat) % 3 or not len(flat):
        raise InputError(
            f"{what}: expected a flat list x, y, score, x, y, ..., got {_sized(flat.shape)} numbers; check the format"
        )
    triples = flat.reshape(-1, 3)
    return triples[:, :2], clipped_scores(triples[:, 2], what)


def clipped_scores(scores: np.ndarray, what: str) -> np.ndarray:
    """Scores of other programs, which may pass 1 (heat-map peaks, products), clipped to [0, 1]. NaN is refused."""
    if not np.isfinite(scores).all():
        raise InputError(f"{what}: expected finite scores, got NaN, infinity or null; give unseen joints the score 0")
    return np.clip(scores, 0.0, 1.0)
