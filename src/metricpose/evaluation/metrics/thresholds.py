"""Shares and areas under thresholds, of joint errors (..., J) in metres that are at hand."""

from typing import Any

from metricpose.evaluation.metrics.known import known_max, known_mean, one_where
from metricpose.geometry.arrays import like, namespace

PCK_M = 0.15
STEPS_3DHP_M = tuple(step / 1000 for step in range(0, 151, 5))
CPS_M = 0.2
CPS_LIMIT_M = 0.3
_CPS_STEPS_M = tuple(step / 1000 for step in range(1, 301))


def share_within(error: Any, known: Any = None, threshold: float = PCK_M, *, inclusive: bool = False) -> Any:
    """Share of the known joints with an error < threshold (inclusive: <=), NaN being a failure: (...)."""
    xp = namespace(error)
    close = error <= threshold if inclusive else error < threshold
    return known_mean(xp.astype(close, error.dtype), known)


def area_3dhp(error: Any, known: Any = None) -> Any:
    """Mean of the share < t at t = 0, 5, ... 150 mm: (...), at most 30/31 as nothing is nearer than 0."""
    return known_mean(_steps_above(error, STEPS_3DHP_M) / len(STEPS_3DHP_M), known)


def area_continuous(error: Any, known: Any = None, limit: float = PCK_M) -> Any:
    """Area under the share <= t for t from 0 to limit, over limit: (...), 1 for exact joints; NaN is a failure."""
    xp = namespace(error)
    left = xp.clip(1.0 - error / limit, min=0.0)
    return known_mean(xp.where(xp.isnan(error), xp.zeros_like(left), left), known)


def all_within(error: Any, known: Any = None, threshold: float = CPS_M) -> Any:
    """1 where every known joint has an error < threshold, else 0, NaN where none is known: (...)."""
    largest = _largest(error, known)
    return one_where(largest < threshold, ~namespace(largest).isnan(largest), largest)


def all_within_area(error: Any, known: Any = None, limit: float = CPS_LIMIT_M) -> Any:
    """Area under `all_within` for thresholds from 0 to limit, over limit: (...), 1 for exact people."""
    xp = namespace(error)
    return xp.clip(1.0 - _largest(error, known) / limit, min=0.0)


def all_within_steps(error: Any, known: Any = None) -> Any:
    """Sum of `all_within` at t = 1, 2, ... 300 mm: (...), 0 to 300."""
    xp = namespace(error)
    largest = _largest(error, known)
    steps = _steps_above(largest, _CPS_STEPS_M)
    return xp.where(xp.isnan(largest), xp.full_like(steps, xp.nan), steps)


def _largest(error: Any, known: Any) -> Any:
    """The largest error of a person; a known joint that is not predicted (NaN) is a failure, no measurement missing."""
    xp = namespace(error)
    return known_max(xp.where(xp.isnan(error), xp.full_like(error, xp.inf), error), known)


def _steps_above(error: Any, steps: tuple[float, ...]) -> Any:
    """How many of the rising steps are > error, of its dtype; none for NaN, which sorts last."""
    xp = namespace(error)
    reached = xp.searchsorted(like(steps, error), error, side="right")
    return len(steps) - xp.astype(reached, error.dtype)
