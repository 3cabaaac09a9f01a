"""Intervals and sigmas: by hand, against loops, and calibrated where the truth is drawn from them."""

import numpy as np
import pytest

from metricpose import InputError
from metricpose.evaluation import metrics
from tests.evaluation.metrics.people import COUNTS

Z = {0.5: 0.6744897501960817, 0.9: 1.6448536269514722}


def test_winkler_score_by_hand() -> None:
    interval = np.array([[4.0, 6.0]] * 4)
    true = np.array([5.0, 6.0, 6.1, 3.5])
    # 2 / (1 - 0.9) = 20 for each metre outside.
    assert metrics.interval_score(interval, true) == pytest.approx([2, 2, 4, 12])
    assert metrics.interval_score(interval, true, nominal=0.5) == pytest.approx([2, 2, 2.4, 4])
    assert metrics.sharpness(interval).tolist() == [2, 2, 2, 2]


def test_only_the_true_quantiles_minimise_the_interval_score() -> None:
    true = np.random.default_rng(0).normal(5, 0.3, size=20_000)
    half = Z[0.9] * 0.3
    scores = [
        metrics.interval_score(np.array([5 - f * half, 5 + f * half]), true).mean() for f in (0.7, 0.9, 1, 1.1, 1.4)
    ]
    assert np.argmin(scores) == 2


def test_the_ball_radius_is_the_quantile_of_a_chi_distribution() -> None:
    special = pytest.importorskip("scipy.special", reason="scipy is the twin")
    for share in (0.1, 0.5, 0.9, 0.95):
        assert metrics.ball_radius(share) == pytest.approx(np.sqrt(2 * special.gammaincinv(1.5, share)), abs=1e-9)
    assert metrics.ball_radius(0.9) == pytest.approx(metrics.SIGMAS_FOR_NOMINAL, abs=1e-6)


@pytest.mark.parametrize("count", [*COUNTS, 50])
@pytest.mark.parametrize("logarithmic", [True, False])
def test_reliability_of_intervals_equals_its_loop(count: int, logarithmic: bool) -> None:
    quantile = pytest.importorskip("scipy.special", reason="scipy is the twin").ndtri
    random = np.random.default_rng(count)
    estimate, true = random.uniform(3, 5, size=(2, count))
    interval = np.stack([estimate - random.uniform(0.2, 1, count), estimate + random.uniform(0.2, 1, count)], -1)
    curve = metrics.reliability_of_intervals(interval, estimate, true, logarithmic=logarithmic)
    into, back = (np.log, np.exp) if logarithmic else (float, float)
    assert curve.n == count
    assert curve.nominal == pytest.approx(np.arange(0.1, 0.96, 0.05))
    for level, observed in zip(curve.nominal, curve.observed, strict=True):
        inside = 0
        for (low, high), middle, truth in zip(interval, estimate, true, strict=True):
            ratio = quantile(0.5 + level / 2) / quantile(0.95)
            start = back(into(middle) - ratio * (into(middle) - into(low)))
            inside += start <= truth <= back(into(middle) + ratio * (into(high) - into(middle)))
        assert observed == pytest.approx(inside / count if count else np.nan, nan_ok=True)


def test_at_90_percent_the_curve_is_the_coverage_itself() -> None:
    random = np.random.default_rng(1)
    estimate, true = random.uniform(3, 5, size=(2, 500))
    interval = np.stack([0.8 * estimate, 1.1 * estimate], axis=-1)
    curve = metrics.reliability_of_intervals(interval, estimate, true)
    covered = metrics.interval_covers(interval, true).mean()
    assert dict(zip(curve.nominal, curve.observed, strict=True))[0.9] == pytest.approx(covered)


def test_calibrated_intervals_lie_on_the_diagonal_and_narrow_ones_below() -> None:
    random = np.random.default_rng(2)
    estimate = random.uniform(3, 12, size=20_000)
    below, above = np.full_like(estimate, 0.05), np.full_like(estimate, 0.1)
    step = np.abs(random.normal(size=estimate.shape))
    down = random.random(estimate.shape) < 0.5
    true = estimate * np.exp(np.where(down, -below * step, above * step))
    interval = np.stack([estimate * np.exp(-Z[0.9] * below), estimate * np.exp(Z[0.9] * above)], axis=-1)
    curve = metrics.reliability_of_intervals(interval, estimate, true)
    assert curve.observed == pytest.approx(curve.nominal, abs=0.015)
    assert curve.error < 0.01
    narrow = metrics.reliability_of_intervals(0.5 * (interval + estimate[:, None]), estimate, true)
    assert all(o < n - 0.03 for n, o in zip(narrow.nominal, narrow.observed, strict=True))
    assert narrow.error > 0.1


def test_calibrated_sigmas_lie_on_the_diagonal_and_equal_their_loop() -> None:
    random = np.random.default_rng(3)
    sigma = random.uniform(0.02, 0.2, size=(2000, 5))
    error = np.linalg.norm(random.normal(size=(2000, 5, 3)) * sigma[..., None], axis=-1)
    known = random.random(sigma.shape) < 0.8
    curve = metrics.reliability_of_sigmas(np.where(known, error, 99), sigma, known)
    assert curve.n == known.sum()
    assert curve.observed == pytest.approx(curve.nominal, abs=0.02)
    for level, observed in zip(curve.nominal, curve.observed, strict=True):
        radius = metrics.ball_radius(level)
        inside = [e <= radius * s for e, s in zip(error[known], sigma[known], strict=True)]
        assert observed == pytest.approx(sum(inside) / len(inside))


def test_what_is_missing_is_left_out_and_no_width_holds_only_its_place() -> None:
    interval = np.array([[2.0, 2.0], [2.0, 2.0], [1.0, np.nan]])
    curve = metrics.reliability_of_intervals(interval, np.array([2.0, 2.0, 2.0]), np.array([2.0, 2.1, 2.0]))
    assert curve.n == 2
    assert set(curve.observed) == {0.5}
    balls = metrics.reliability_of_sigmas(np.array([0.0, 0.1, np.nan]), np.array([0.0, 0.0, 1.0]))
    assert (balls.n, set(balls.observed)) == (2, {0.5})
    assert np.isnan(metrics.reliability_of_sigmas(np.zeros((0, 5)), np.zeros((0, 5))).observed).all()


def test_depths_behind_the_camera_have_no_logarithm() -> None:
    arguments = np.array([[1.0, 3.0]]), np.array([2.0]), np.array([-0.5])
    with pytest.raises(
        InputError, match="expected depths above 0 for their logarithm, got -0.5; pass logarithmic=False"
    ):
        metrics.reliability_of_intervals(*arguments)
    assert metrics.reliability_of_intervals(*arguments, logarithmic=False).n == 1
