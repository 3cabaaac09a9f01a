import numpy as np
import pytest
from hypothesis import given, settings
from scipy.optimize import brentq

from metricpose import BrownConrady, Fisheye, InputError
from tests.strategies import brown_conrady, fisheyes, seeds

few = settings(max_examples=50, deadline=None)
# A GoPro-like lens by each model, and OpenCV's rational model as it comes out of calibrateCamera.
BARREL = BrownConrady((-0.28, 0.09, 0.0003, -0.0002, -0.012))
RATIONAL = BrownConrady((0.35, 0.02, 0.0003, -0.0001, 0.001, 0.65, 0.08, 0.004))
WIDE = Fisheye((0.05, -0.01, 0.004, -0.001))


def _slow_brown(lens: BrownConrady, x: float, y: float) -> tuple[float, float]:
    """OpenCV's documented formula, term by term."""
    k1, k2, p1, p2, k3, k4, k5, k6 = (*lens.coefficients, *[0.0] * (8 - len(lens.coefficients)))
    r = np.hypot(x, y)
    radial = (1 + k1 * r**2 + k2 * r**4 + k3 * r**6) / (1 + k4 * r**2 + k5 * r**4 + k6 * r**6)
    return (
        x * radial + 2 * p1 * x * y + p2 * (r**2 + 2 * x**2),
        y * radial + p1 * (r**2 + 2 * y**2) + 2 * p2 * x * y,
    )


@few
@given(brown_conrady(), seeds)
def test_brown_conrady_is_the_documented_formula(lens, seed):
    norm = np.random.default_rng(seed).uniform(-1, 1, size=(5, 2))
    slow = [_slow_brown(lens, x, y) for x, y in norm]
    np.testing.assert_allclose(lens.distort(norm), slow, atol=1e-12)


@few
@given(fisheyes(), seeds)
def test_fisheye_is_the_documented_formula(lens, seed):
    norm = np.random.default_rng(seed).uniform(-2, 2, size=(5, 2))
    k1, k2, k3, k4 = lens.coefficients
    for (x, y), seen in zip(norm, lens.distort(norm), strict=True):
        r = np.hypot(x, y)
        t = np.arctan(r)
        bent = t * (1 + k1 * t**2 + k2 * t**4 + k3 * t**6 + k4 * t**8)
        np.testing.assert_allclose(seen, (x * bent / r, y * bent / r), atol=1e-12)


@few
@given(brown_conrady(), seeds)
def test_jacobian_agrees_with_differences(lens, seed):
    norm = np.random.default_rng(seed).uniform(-0.8, 0.8, size=(5, 2))
    _, (xx, xy, yy) = lens._distort_with_jacobian(norm)
    step = 1e-6
    by_x = (lens.distort(norm + [step, 0]) - lens.distort(norm - [step, 0])) / (2 * step)
    by_y = (lens.distort(norm + [0, step]) - lens.distort(norm - [0, step])) / (2 * step)
    np.testing.assert_allclose(np.stack([xx, xy], -1), by_x, atol=1e-7)
    np.testing.assert_allclose(np.stack([xy, yy], -1), by_y, atol=1e-7)


@pytest.mark.parametrize("lens", [BARREL, RATIONAL, WIDE])
def test_radial_slope_agrees_with_differences(lens):
    at, step = np.linspace(0.05, 1.2, 9), 1e-6
    difference = (lens._bent(at + step)[0] - lens._bent(at - step)[0]) / (2 * step)
    np.testing.assert_allclose(lens._bent(at)[1], difference, atol=1e-8)


def test_directions_beyond_a_fisheyes_edge_are_not_in_front():
    angle = np.array([0.5, 0.99, 1.01, 1.4])
    points = np.stack([np.sin(angle), 0 * angle, np.cos(angle)], -1)
    np.testing.assert_array_equal(Fisheye((-1 / 3, 0, 0, 0)).project(points)[1], [True, True, False, False])


@few
@given(brown_conrady(), seeds)
def test_undistort_undoes_distort_for_any_brown_conrady(lens, seed):
    norm = np.random.default_rng(seed).uniform(-0.55, 0.55, size=(9, 2)) * min(1.0, lens.limit)
    back, valid = lens.undistort(lens.distort(norm))
    assert valid.all()
    np.testing.assert_allclose(back, norm, atol=1e-9)


@few
@given(fisheyes(), seeds)
def test_undistort_undoes_distort_for_any_fisheye(lens, seed):
    generator = np.random.default_rng(seed)
    angle = generator.uniform(0, 0.95 * min(lens.limit, np.pi / 2), size=9)
    turn = generator.uniform(0, 2 * np.pi, size=9)
    norm = np.tan(angle)[:, None] * np.stack([np.cos(turn), np.sin(turn)], -1)
    back, valid = lens.undistort(lens.distort(norm))
    assert valid.all()
    np.testing.assert_allclose(back, norm, rtol=1e-7)


@pytest.mark.parametrize("lens", [BARREL, RATIONAL, WIDE])
def test_float32_round_trips_to_a_hundredth_of_a_pixel(lens):
    norm = np.stack(np.meshgrid(np.linspace(-0.8, 0.8, 9), np.linspace(-0.5, 0.5, 7)), -1).astype(np.float32)
    back, valid = lens.undistort(lens.distort(norm))
    assert back.dtype == np.float32
    assert valid.all()
    np.testing.assert_allclose(back, norm, atol=1e-5)


def test_the_edge_is_where_a_slow_search_finds_it():
    lens = BrownConrady((-0.2, 0.0, 0.0, 0.0, 0.0, 0.1, -0.02, 0.0))

    def slope(r: float) -> float:
        return (_slow_brown(lens, r + 1e-6, 0)[0] - _slow_brown(lens, r - 1e-6, 0)[0]) / 2e-6

    first = next(r for r in np.linspace(0.01, 5, 2000) if slope(r) < 0)
    assert lens.limit == pytest.approx(brentq(slope, first - 0.01, first), abs=1e-6)


def test_the_edge_of_simple_lenses():
    assert BrownConrady((-1 / 3, 0, 0, 0)).limit == pytest.approx(1.0)
    assert BrownConrady((0.1, 0, 0, 0)).limit == np.inf
    assert BrownConrady((0, 0, 0, 0, 0, -0.25, 0, 0)).limit == pytest.approx(2.0)  # a pole
    assert Fisheye((0, 0, 0, 0)).limit == np.pi
    assert Fisheye((-1 / 3, 0, 0, 0)).limit == pytest.approx(1.0)


@pytest.mark.parametrize("lens", [BrownConrady((-1 / 3, 0, 0, 0)), Fisheye((-1 / 3, 0, 0, 0))])
def test_points_beyond_the_edge_are_marked_and_finite(lens):
    seen = np.array([[0.3, 0.2], [0.6, 0.0], [0.7, 0.0], [5.0, -3.0], [1e30, 0.0], [np.nan, 0.0]])
    norm, valid = lens.undistort(seen)  # the largest radius that is ever seen is 2/3
    np.testing.assert_array_equal(valid, [True, True, False, False, False, False])
    assert np.isfinite(norm[:5]).all()
    assert lens.undistort(seen.astype(np.float32))[1].tolist() == valid.tolist()


def test_just_inside_the_edge_is_still_found():
    lens = BrownConrady((-1 / 3, 0, 0, 0))
    norm = np.array([[0.999, 0.0], [0.0, -0.9999]])
    back, valid = lens.undistort(lens.distort(norm))
    assert valid.all()
    np.testing.assert_allclose(back, norm, atol=1e-6)


def test_an_s_shaped_lens_does_not_send_newton_in_circles():
    lens = BrownConrady((0.0, 0.0625, 0.0, 0.0, -0.015625))
    norm = np.stack([np.linspace(0.0, 0.99 * lens.limit, 60), np.zeros(60)], -1)
    back, valid = lens.undistort(lens.distort(norm))
    assert valid.all()
    np.testing.assert_allclose(back, norm, atol=1e-9)


def test_tiny_coefficients_do_not_hide_the_edge():
    assert BrownConrady((-1 / 3, 1e-30, 0, 0, 1e-300)).limit == pytest.approx(1.0)
    assert Fisheye((-1 / 3, 0, 1e-310, 1e-30)).limit == pytest.approx(1.0)


def test_fisheye_beyond_90_degrees_neither_crashes_nor_invents():
    lens = Fisheye((0.0, 0.0, 0.0, 0.0))
    angle = np.deg2rad([0.0, 45.0, 89.0, 89.9, 91.0, 120.0, 179.0])
    points = np.stack([np.sin(angle), 0 * angle, np.cos(angle)], -1)
    seen, in_front = lens.project(points)
    np.testing.assert_allclose(seen[:, 0], angle, atol=1e-12)  # true even behind the plane of the camera
    np.testing.assert_array_equal(in_front, angle < np.pi / 2)
    norm, valid = lens.undistort(seen)
    np.testing.assert_array_equal(valid, np.rad2deg(angle) < 89.4)
    assert np.isfinite(norm).all()


def test_the_axis_is_a_fixed_point():
    for lens in (BARREL, RATIONAL, WIDE):
        zero = np.zeros((2, 2))
        np.testing.assert_array_equal(lens.distort(zero), zero)
        np.testing.assert_array_equal(lens.undistort(zero)[0], zero)


def test_far_points_do_not_overflow():
    points = np.array([[3e5, 0, 1e-5], [0, -1e30, 1.0], [2.0, 0, 1e-30]], np.float32)
    for lens in (BARREL, RATIONAL, WIDE):
        seen, _ = lens.project(points)
        assert np.isfinite(seen).all()


@few
@given(brown_conrady(), seeds)
def test_flipped_lens_bends_mirrored_points(lens, seed):
    norm = np.random.default_rng(seed).uniform(-1, 1, size=(5, 2))
    np.testing.assert_allclose(lens.flipped().distort(norm * [-1, 1]), lens.distort(norm) * [-1, 1], atol=1e-12)


@pytest.mark.parametrize("make, text", [
    (lambda: BrownConrady((1, 2, 3)), "Brown-Conrady distortion: expected 4 or 5 or 8 coefficients .* got 3"),
    (lambda: BrownConrady((0.1,) * 12), "got 12"),
    (lambda: BrownConrady((0, 0, 0, np.inf)), "expected finite"),
    (lambda: Fisheye((0, 0, 0, 0, 0.1)), "fisheye distortion: expected 4 coefficients"),
])  # fmt: skip
def test_malformed_lenses_are_refused_with_the_reason(make, text):
    with pytest.raises(InputError, match=text):
        make()


def test_longer_vectors_are_taken_where_prism_and_tilt_are_zero():
    assert BrownConrady(np.array([[-0.2, 0.1, 0, 0, 0.0, 0, 0, 0, 0, 0, 0, 0]])).coefficients == (-0.2, 0.1, *[0.0] * 6)
