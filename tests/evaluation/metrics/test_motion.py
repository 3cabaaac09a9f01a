"""Velocity and acceleration: by hand, against loops, and blind to what does not move."""

import itertools

import numpy as np
import pytest

from metricpose.evaluation import metrics
from tests.evaluation.metrics.people import COUNTS, distance, mean


def track(frames: int, people: int, seed: int = 0) -> tuple[np.ndarray, ...]:
    """Predicted and true joints (T, P, 5, 3), roots and known."""
    random = np.random.default_rng(seed)
    true, predicted = random.normal(size=(2, frames, people, 5, 3))
    return predicted, true, predicted[:, :, 0], true[:, :, 0], random.random((frames, people, 5)) < 0.8


def differences(values, order: int):
    """Per frame, by subtraction of neighbours, `order` times."""
    for _ in range(order):
        values = [later - earlier for earlier, later in itertools.pairwise(values)]
    return values


@pytest.mark.parametrize("people", COUNTS)
@pytest.mark.parametrize(("function", "order"), [(metrics.mpjve, 1), (metrics.acceleration_error, 2)])
@pytest.mark.parametrize("relative", [False, True])
def test_movement_equals_its_loop(people: int, function, order: int, relative: bool) -> None:
    predicted, true, root, true_root, known = track(6, people)
    roots = (root, true_root) if relative else (None, None)
    values = function(predicted, true, *roots, known)
    assert values.shape == (6 - order, people)
    for p in range(people):
        a = differences([predicted[t, p] - (root[t, p] if relative else 0) for t in range(6)], order)
        b = differences([true[t, p] - (true_root[t, p] if relative else 0) for t in range(6)], order)
        for t in range(6 - order):
            counted = [j for j in range(5) if all(known[t + s, p, j] for s in range(order + 1))]
            expected = mean([distance(a[t][j], b[t][j]) for j in counted])
            assert values[t, p] == pytest.approx(expected, nan_ok=True)


def test_units_by_hand() -> None:
    true = np.zeros((4, 1, 1, 3))
    predicted = true.copy()
    predicted[:, 0, 0, 0] = [0, 0.01, 0.02, 0.05]  # 10, 10, 30 mm per frame; 0, 20 mm per frame^2
    assert metrics.mpjve(predicted, true)[:, 0] == pytest.approx([0.01, 0.01, 0.03])
    assert metrics.mpjve(predicted, true, fps=50)[:, 0] == pytest.approx([0.5, 0.5, 1.5])
    assert metrics.acceleration_error(predicted, true)[:, 0] == pytest.approx([0, 0.02])
    assert metrics.acceleration_error(predicted, true, fps=50)[:, 0] == pytest.approx([0, 50])


def test_a_constant_error_does_not_move_and_a_steady_drift_does_not_accelerate() -> None:
    _, true, _, true_root, _ = track(6, 2)
    drift = np.arange(6)[:, None, None, None] * np.array([0.1, 0, 0])
    assert metrics.mpjve(true + 1.0, true) == pytest.approx(np.zeros((5, 2)), abs=1e-12)
    assert metrics.mpjve(true + drift, true) == pytest.approx(np.full((5, 2), 0.1))
    assert metrics.acceleration_error(true + drift, true) == pytest.approx(np.zeros((4, 2)), abs=1e-12)
    rooted = metrics.mpjve(true + drift, true, true_root + drift[:, :, 0], true_root)
    assert rooted == pytest.approx(np.zeros((5, 2)), abs=1e-12)


@pytest.mark.parametrize("frames", [0, 1, 2])
def test_too_short_a_track_has_no_values(frames: int) -> None:
    predicted, true, *_ = track(frames, 2)
    assert metrics.mpjve(predicted, true).shape == (max(0, frames - 1), 2)
    assert metrics.acceleration_error(predicted, true).shape == (0, 2)


def test_a_gap_is_not_measured() -> None:
    predicted, true, _, _, known = track(5, 1)
    known[:] = True
    known[2], true[2], predicted[2] = False, np.nan, np.nan
    speed = metrics.mpjve(predicted, true, known=known)[:, 0]
    assert np.isnan(speed).tolist() == [False, True, True, False]
    assert np.isnan(metrics.acceleration_error(predicted, true, known=known)).all()
