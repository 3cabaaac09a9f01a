"""Metrics: worked by hand, invariances, and slow twins, for 1, 2 and 3 people."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metricpose.evaluation import metrics

PEOPLE = [1, 2, 3, 5]


def people(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Predicted and true joints (P, 17, 3), and their roots (P, 3): joint 0."""
    rng = np.random.default_rng(seed)
    true = rng.normal(size=(count, 17, 3)) * 0.5 + [0.3, 0.2, 5.0]
    predicted = true + rng.normal(size=true.shape) * 0.1
    return predicted, true, predicted[:, 0], true[:, 0]


def turned(points: np.ndarray, seed: int, scale: float) -> np.ndarray:
    """The points after some rotation, scale and shift."""
    rotation, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    rotation *= np.linalg.det(rotation)
    return scale * points @ rotation.T + [1.0, -2.0, 3.0]


def twin_pa_mpjpe(predicted: np.ndarray, true: np.ndarray) -> float:
    """One person: the best similarity from an SVD, after Kabsch, with the reflection taken out."""
    a, b = predicted - predicted.mean(0), true - true.mean(0)
    u, s, vt = np.linalg.svd(a.T @ b)
    flip = np.diag([1, 1, np.sign(np.linalg.det(u @ vt))])
    scale = np.trace(np.diag(s) @ flip) / (a**2).sum()
    return float(np.mean([np.linalg.norm(x - y) for x, y in zip(scale * a @ u @ flip @ vt, b, strict=True)]))


@pytest.mark.parametrize("count", PEOPLE)
def test_mpjpe_equals_its_slow_twin(count: int):
    predicted, true, root, true_root = people(count)
    for i, value in enumerate(metrics.mpjpe(predicted, true, root, true_root)):
        distances = [np.linalg.norm((predicted[i, j] - root[i]) - (true[i, j] - true_root[i])) for j in range(17)]
        assert value == pytest.approx(np.mean(distances))


@pytest.mark.parametrize("count", PEOPLE)
def test_pa_mpjpe_equals_its_slow_twin_for_any_number_of_people(count: int):
    predicted, true, _, _ = people(count)
    expected = [twin_pa_mpjpe(p, t) for p, t in zip(predicted, true, strict=True)]
    assert metrics.pa_mpjpe(predicted, true) == pytest.approx(expected)


@given(st.integers(0, 1000), st.floats(0.2, 5))
@settings(max_examples=25, deadline=None)
def test_pa_mpjpe_does_not_see_similarities(seed: int, scale: float):
    predicted, true, _, _ = people(3, seed)
    assert metrics.pa_mpjpe(turned(predicted, seed, scale), true) == pytest.approx(metrics.pa_mpjpe(predicted, true))
    assert metrics.pa_mpjpe(turned(true, seed, scale), true) == pytest.approx(0, abs=1e-6)


def test_pa_mpjpe_sees_reflections():
    _, true, _, _ = people(2)
    assert (metrics.pa_mpjpe(true * [-1, 1, 1], true) > 0.1).all()


@given(st.integers(0, 1000), st.floats(0.2, 5))
@settings(max_examples=25, deadline=None)
def test_n_mpjpe_does_not_see_scale_and_place_but_turns(seed: int, scale: float):
    predicted, true, root, true_root = people(2, seed)
    plain = metrics.n_mpjpe(predicted, true, root, true_root)
    assert metrics.n_mpjpe(scale * predicted + 1, true, scale * root + 1, true_root) == pytest.approx(plain)
    assert (metrics.n_mpjpe(true[..., [1, 0, 2]], true, true_root[..., [1, 0, 2]], true_root) > 0.05).all()


def test_n_mpjpe_scale_by_hand():
    true = np.array([[[0.0, 0, 0], [2, 0, 0]]])
    predicted = np.array([[[0.0, 0, 0], [1, 1, 0]]])
    # <true, predicted> / <predicted, predicted> = 2 / 2 = 1: errors 0 and sqrt(2)
    assert metrics.n_mpjpe(predicted, true, predicted[:, 0], true[:, 0]) == pytest.approx(np.sqrt(2) / 2)
    assert metrics.n_mpjpe(predicted * 0, true, predicted[:, 0] * 0, true[:, 0]) == pytest.approx(1.0)


def test_root_errors_by_hand():
    true, predicted = np.array([[0.0, 0, 10], [1, 2, 4]]), np.array([[3.0, 0, 14], [1, 2, 3]])
    assert metrics.mrpe(predicted, true) == pytest.approx([5, 1])
    assert metrics.mrpe_xyz(predicted, true).tolist() == [[3, 0, 4], [0, 0, 1]]
    assert metrics.mrpe_z_percent(predicted, true) == pytest.approx([40, 25])
    assert metrics.z_bias_percent(predicted, true) == pytest.approx([40, -25])


def test_pck_is_strict_and_absolute():
    true = np.zeros((1, 4, 3))
    predicted = np.array([[[0.0, 0, 0], [0, 0, 0.149], [0.15, 0, 0], [9, 9, 9]]])
    assert metrics.pck_abs(predicted, true) == pytest.approx(0.5)
    assert metrics.pck_abs(predicted + 1, true) == pytest.approx(0)


def test_intervals_by_hand():
    interval, true = np.array([[4.0, 6.0], [4.0, 6.0], [4.0, 5.0]]), np.array([5.0, 7.0, 5.0])
    assert metrics.interval_covers(interval, true).tolist() == [1, 0, 1]
    assert metrics.interval_width_percent(interval, true) == pytest.approx([40, 200 / 7, 20])


def test_sigma_ball_holds_nine_tenths_of_a_gaussian():
    rng = np.random.default_rng(0)
    sigma = rng.uniform(0.01, 0.2, size=(400, 17))
    true = rng.normal(size=(400, 17, 3))
    predicted = true + sigma[..., None] * rng.normal(size=true.shape)
    zero = np.zeros((400, 3))
    assert metrics.sigma_covers(predicted, true, zero, zero, sigma).mean() == pytest.approx(0.9, abs=0.01)


def test_unknown_joints_do_not_count_whatever_they_hold():
    predicted, true, root, true_root = people(4)
    known = np.random.default_rng(1).random((4, 17)) < 0.7
    known[3] = False
    spoilt_true, spoilt = np.where(known[..., None], true, np.nan), np.where(known[..., None], predicted, 1e9)
    sigma = np.full((4, 17), 0.1)
    functions = {
        "mpjpe": lambda p, t, k: metrics.mpjpe(p, t, root[: len(p)], true_root[: len(p)], k),
        "n": lambda p, t, k: metrics.n_mpjpe(p, t, root[: len(p)], true_root[: len(p)], k),
        "pa": metrics.pa_mpjpe,
        "pck": metrics.pck_abs,
        "sigma": lambda p, t, k: metrics.sigma_covers(p, t, root[: len(p)], true_root[: len(p)], sigma[: len(p)], k),
    }
    for name, function in functions.items():
        values = function(spoilt, spoilt_true, known)
        assert np.isnan(values[3]), name
        first = function(predicted[:1][:, known[0]], true[:1][:, known[0]], None) if name in ("pa", "pck") else None
        if first is not None:
            assert values[0] == pytest.approx(first[0]), name
        assert values[:3] == pytest.approx(function(predicted, true, known)[:3]), name


def test_nobody_gives_no_values():
    empty, roots = np.zeros((0, 17, 3)), np.zeros((0, 3))
    for values in (
        metrics.mpjpe(empty, empty, roots, roots),
        metrics.n_mpjpe(empty, empty, roots, roots),
        metrics.pa_mpjpe(empty, empty, np.zeros((0, 17), dtype=bool)),
        metrics.pck_abs(empty, empty),
        metrics.mrpe(roots, roots),
    ):
        assert values.shape == (0,)


def test_torch_in_torch_out_and_differentiable():
    torch = pytest.importorskip("torch")
    arrays = people(3)
    predicted, true, root, true_root = (torch.from_numpy(a) for a in arrays)
    known = np.random.default_rng(1).random((3, 17)) < 0.7
    predicted.requires_grad_()
    for name in ("mpjpe", "n_mpjpe"):
        ours = getattr(metrics, name)(*arrays, known)
        theirs = getattr(metrics, name)(predicted, true, root, true_root, torch.from_numpy(known))
        assert theirs.detach().numpy() == pytest.approx(ours)
    aligned = metrics.pa_mpjpe(predicted, true, torch.from_numpy(known))
    assert aligned.detach().numpy() == pytest.approx(metrics.pa_mpjpe(arrays[0], arrays[1], known))
    aligned.sum().backward()
    assert bool(torch.isfinite(predicted.grad).all())
