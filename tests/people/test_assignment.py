"""The cheapest assignment against scipy's and against trying every permutation."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from metricpose.people.assignment import cheapest_assignment


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 2**31), st.booleans())
def test_costs_as_little_as_scipys(rows: int, columns: int, seed: int, ties: bool) -> None:
    cost = np.random.default_rng(seed).normal(size=(rows, columns))
    cost = np.round(cost) if ties else cost
    ours, theirs = cheapest_assignment(cost), linear_sum_assignment(cost)
    assert cost[ours].sum() == pytest.approx(cost[theirs].sum())
    assert len(set(ours[1])) == len(ours[1]) == min(rows, columns)
    assert list(ours[0]) == sorted(set(ours[0]))


def test_is_the_best_of_all_permutations() -> None:
    cost = np.random.default_rng(0).uniform(size=(5, 5))
    best = min(sum(cost[i, j] for i, j in enumerate(order)) for order in permutations(range(5)))
    assert cost[cheapest_assignment(cost)].sum() == pytest.approx(best)


def test_a_greedy_choice_would_be_wrong() -> None:
    rows, columns = cheapest_assignment(np.array([[1.0, 2.0], [1.5, 9.0]]))
    assert (list(rows), list(columns)) == ([0, 1], [1, 0])


def test_hundreds_of_people() -> None:
    cost = np.random.default_rng(1).uniform(size=(300, 400))
    assert cost[cheapest_assignment(cost)].sum() == pytest.approx(cost[linear_sum_assignment(cost)].sum())
