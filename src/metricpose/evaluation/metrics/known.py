"""Means over what is known. `known` (..., J) bool marks the joints that count; without it all do."""

from typing import Any

from metricpose.geometry.arrays import namespace


def known_mean(values: Any, known: Any = None) -> Any:
    """Mean of values (..., J) over the known joints: (...), NaN where there is none ("not measured", never 0)."""
    xp = namespace(values)
    if known is None and values.shape[-1] > 0:
        return xp.mean(values, axis=-1)
    known = xp.ones_like(values, dtype=xp.bool) if known is None else known
    total = xp.sum(xp.astype(known, values.dtype), axis=-1)
    some = total > 0
    mean = xp.sum(zeroed(values, known), axis=-1) / xp.where(some, total, xp.ones_like(total))
    return xp.where(some, mean, xp.full_like(mean, xp.nan))


def known_max(values: Any, known: Any = None) -> Any:
    """The largest of values (..., J), not negative, over the known joints: (...), NaN where there is none."""
    xp = namespace(values)
    if values.shape[-1] == 0:
        return xp.sum(values, axis=-1) + xp.nan
    if known is None:
        return xp.max(values, axis=-1)
    largest = xp.max(zeroed(values, known), axis=-1)
    return xp.where(xp.any(known, axis=-1), largest, xp.full_like(largest, xp.nan))


def zeroed(values: Any, known: Any) -> Any:
    """values (..., J) with 0 where not known: what is not known may be NaN, and 0 * NaN is NaN."""
    return values if known is None else namespace(values).where(known, values, namespace(values).zeros_like(values))


def one_where(yes: Any, measured: Any, like: Any) -> Any:
    """1 where `yes` (...) bool, else 0, and NaN where it is not `measured` (...) bool; of the dtype of `like`."""
    xp = namespace(like)
    ones = xp.astype(yes, like.dtype)
    return xp.where(measured, ones, xp.full_like(ones, xp.nan))
