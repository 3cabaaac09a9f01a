from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metricpose import InputError
from metricpose.people import match
from tests.strategies import seeds


def _slow(cost: np.ndarray, max_cost: float) -> tuple[int, float]:
    """Most pairs, then least cost, over all permutations."""
    rows, cols = cost.shape
    best = (0, 0.0)
    for chosen in permutations(range(max(rows, cols)), min(rows, cols)):
        pairs = list(zip(range(rows), chosen) if rows <= cols else zip(chosen, range(cols)))
        made = [cost[p] for p in pairs if cost[p] <= max_cost]
        best = min(best, (-len(made), sum(made)))
    return best


@settings(max_examples=50, deadline=None)
@given(seeds, st.integers(1, 4), st.integers(1, 4), st.floats(-1, 1.5))
def test_match_is_the_best_of_all_permutations(seed, rows, cols, max_cost):
    cost = np.random.default_rng(seed).normal(size=(rows, cols))
    first, second = match(cost, max_cost)
    count, total = _slow(cost, max_cost)
    assert len(first) == -count
    assert cost[first, second].sum() == pytest.approx(total)
    assert len(set(second.tolist())) == len(second)
    assert (np.diff(first) > 0).all()
    assert (cost[first, second] <= max_cost).all()


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_nobody_matches_nobody(shape):
    first, second = match(np.zeros(shape), 1.0)
    assert first.shape == second.shape == (0,)
    assert first.dtype.kind == "i"


def test_pairs_without_a_cost_are_never_made():
    first, second = match([[np.nan, 5.0], [np.inf, np.nan], [1.0, np.inf]])
    assert (first.tolist(), second.tolist()) == ([0, 2], [1, 0])
    assert len(match([[2.0]], 1.0)[0]) == 0


def test_a_cost_that_is_no_matrix_is_refused():
    with pytest.raises(InputError, match=r"expected a cost matrix \(P, Q\), got shape \(3,\)"):
        match([1.0, 2, 3], 1.0)
