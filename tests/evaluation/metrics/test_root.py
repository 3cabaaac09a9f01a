"""Where people are: by hand, and in every number of people."""

import numpy as np
import pytest

from metricpose.evaluation import metrics
from tests.evaluation.metrics.people import COUNTS, distance, made


@pytest.mark.parametrize("count", COUNTS)
def test_root_errors_equal_their_loops(count: int) -> None:
    predicted, true, root, true_root, known = made(count)
    twins = {
        metrics.mrpe: [distance(a, b) for a, b in zip(root, true_root, strict=True)],
        metrics.mrpe_percent: [
            100 * distance(a, b) / distance(b, (0, 0, 0)) for a, b in zip(root, true_root, strict=True)
        ],
        metrics.mrpe_z_percent: [100 * abs(a[2] - b[2]) / b[2] for a, b in zip(root, true_root, strict=True)],
        metrics.pck_root: [float(distance(a, b) < 0.15) for a, b in zip(root, true_root, strict=True)],
    }
    for function, expected in twins.items():
        assert function(root, true_root) == pytest.approx(expected), function.__name__
    close = [[distance(predicted[i, j], true[i, j]) < 0.15 for j in range(17) if known[i, j]] for i in range(count)]
    assert metrics.pck_abs(predicted, true, known) == pytest.approx([sum(c) / len(c) for c in close])
    assert metrics.mrpe_xyz(root, true_root).shape == (count, 3)


def test_a_root_is_right_strictly_within_15_cm() -> None:
    true = np.array([[0.0, 0, 5]] * 4 + [[np.nan, 0, 5]])
    root = true + [[0.149, 0, 0], [0.15, 0, 0], [0, 0, 0.2], [np.nan, 0, 0], [0, 0, 0]]
    assert metrics.pck_root(root, true) == pytest.approx([1, 0, 0, 0, np.nan], nan_ok=True)
    assert metrics.pck_root(root, true, inclusive=True) == pytest.approx([1, 1, 0, 0, np.nan], nan_ok=True)


def test_absolute_metrics_see_place_and_not_only_shape() -> None:
    predicted, true, _, _, known = made(3)
    assert (metrics.pck_abs(true + 0.01, true, known) == 1).all()
    assert (metrics.pck_abs(true + 1, true, known) == 0).all()
    joint = metrics.pck_abs(predicted + 1, true + 1, known)
    assert joint == pytest.approx(metrics.pck_abs(predicted, true, known))


def test_percent_is_of_the_true_distance() -> None:
    assert metrics.mrpe_percent(np.array([3.0, 4, 1]), np.array([3.0, 4, 0])) == pytest.approx(20)
