"""One-to-one matching of two sets of people."""

from typing import Any

import numpy as np

from metricpose._errors import InputError
from metricpose.people.assignment import cheapest_assignment


def match(cost: Any, max_cost: float = np.inf) -> tuple[np.ndarray, np.ndarray]:
    """The best one-to-one pairs: as many as `max_cost` allows, and among those the least total cost.

    Args:
        cost: (P, Q); P or Q may be 0. Pairs of cost NaN or infinity are never made.
        max_cost: pairs that cost more are never made.

    Returns:
        rows and cols (K,) ints, in order of row; K <= min(P, Q).
    """
    cost = np.asarray(cost, dtype=np.float64)
    if cost.ndim != 2:
        raise InputError(f"matching: expected a cost matrix (P, Q), got shape {cost.shape}")
    allowed = np.isfinite(cost) & (cost <= max_cost)
    if not allowed.any():
        return np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp)
    # People without any possible partner only cost time.
    rows, cols = np.flatnonzero(allowed.any(axis=1)), np.flatnonzero(allowed.any(axis=0))
    cost, allowed = cost[np.ix_(rows, cols)], allowed[np.ix_(rows, cols)]
    # Shifted to start at 0 and topped by more than any full set of allowed pairs can cost.
    shifted = np.where(allowed, cost - cost[allowed].min(), 0.0)
    forbidden = 1.0 + 2.0 * shifted.max() * min(cost.shape)
    first, second = cheapest_assignment(np.where(allowed, shifted, forbidden))
    kept = allowed[first, second]
    return rows[first[kept]], cols[second[kept]]
