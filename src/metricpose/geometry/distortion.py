"""Lens distortion on the plane z = 1: Brown-Conrady and fisheye, as OpenCV defines them.

Both polynomials fold back beyond some angle: past it, several directions share one pixel and the model says nothing.
`limit` is that edge. Points beyond it come back marked; their coordinates are finite (the edge's, in the same
direction) and mean nothing. NaN stays NaN and is marked too.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import inf, pi

import numpy as np
from numpy.polynomial import polynomial

from metricpose._errors import InputError
from metricpose.geometry.arrays import Array, floating, namespace

_MAX_STEPS = 50
_TANGENTIAL_STEPS = 20
_ROUGHLY = 1e-3  # where the start for the tangential part may lie
_ENOUGH, _ACCEPTED = 4.0, 200.0  # misses, in units of rounding, at which Newton's method stops, and may stop
_MAX_NORM = 100.0  # rays with z = 1 end at 89.4 degrees from the axis
_MIN_DEPTH = 1e-6  # metres; nearer than this counts as behind the camera
_FAR = 1e6  # pixels this many focal lengths away are no pixels of a lens, and their powers would overflow


def _coefficients(values: object, lengths: tuple[int, ...], what: str) -> tuple[float, ...]:
    """Checked coefficients; longer OpenCV vectors are taken where their tail is zero."""
    array = np.asarray(values, dtype=np.float64).reshape(-1)
    keep = max(lengths)
    if len(array) > keep and not np.any(array[keep:]):
        array = array[:keep]
    if len(array) not in lengths:
        expected = " or ".join(str(n) for n in lengths)
        raise InputError(f"{what}: expected {expected} coefficients in OpenCV's order, got {len(array)}; correct them")
    if not np.all(np.isfinite(array)):
        raise InputError(f"{what}: expected finite coefficients, got {array.tolist()}; check the calibration file")
    return tuple(float(value) for value in array)


def _first_positive_root(coefficients: np.ndarray) -> float:
    """Smallest positive real root of a polynomial (lowest power first, starting with 1), or infinity.

    Solved for the reciprocals, whose leading coefficient is 1: tiny high coefficients then do no harm.
    """
    if len(coefficients) < 2:
        return inf
    reciprocals = polynomial.polyroots(coefficients[::-1])
    real = reciprocals.real[np.abs(reciprocals.imag) <= 1e-9 * np.abs(reciprocals.real)]
    return float(1.0 / real.max()) if len(real) and real.max() > 1e-12 else inf


def project_pinhole(points_cam: Array) -> tuple[Array, Array]:
    """Points (..., 3) in metres, seen on the plane z = 1 (..., 2), and whether they lie in front of the camera."""
    xp = namespace(points_cam)
    depth = points_cam[..., 2:3]
    in_front = depth > _MIN_DEPTH
    # Behind the camera any finite divisor will do: the flag says so, and gradients stay finite.
    return points_cam[..., :2] / xp.where(in_front, depth, xp.ones_like(depth)), in_front[..., 0]


@dataclass(frozen=True)
class BrownConrady:
    """Radial and tangential distortion (Brown 1966; OpenCV's order k1, k2, p1, p2[, k3[, k4, k5, k6]]).

    Attributes:
        coefficients: 4, 5 or 8 numbers; longer OpenCV vectors are taken if the rest (prism, tilt) is zero.
    """

    coefficients: tuple[float, ...]

    def __post_init__(self) -> None:
        checked = _coefficients(self.coefficients, (4, 5, 8), "Brown-Conrady distortion")
        object.__setattr__(self, "coefficients", checked)

    @cached_property
    def _radial(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        k1, k2, _, _, k3, k4, k5, k6 = (*self.coefficients, *([0.0] * (8 - len(self.coefficients))))
        return (1.0, k1, k2, k3), (1.0, k4, k5, k6)

    @cached_property
    def limit(self) -> float:
        """Largest radius on the plane z = 1 up to which the radial part grows, or infinity."""
        up, down = (np.asarray(c) for c in self._radial)
        # With u = r^2, d(r up / down)/dr has the sign of up down + 2 u (up' down - up down').
        slope = polynomial.polyadd(
            polynomial.polymul(up, down),
            2.0
            * polynomial.polymulx(
                polynomial.polysub(
                    polynomial.polymul(polynomial.polyder(up), down), polynomial.polymul(up, polynomial.polyder(down))
                )
            ),
        )
        return float(np.sqrt(min(_first_positive_root(slope), _first_positive_root(down))))

    @cached_property
    def _reach(self) -> float:
        """Radius up to which points are answered: just inside the edge, as that may be a pole."""
        return min(self.limit, _MAX_NORM) * (1.0 - 1e-5)

    def distort(self, norm: Array) -> Array:
        """Where undistorted points (..., 2) of the plane z = 1 appear, on the same plane."""
        norm = floating(norm)
        return self._distort_with_jacobian(norm)[0]

    def project(self, points_cam: Array) -> tuple[Array, Array]:
        """Points (..., 3) in metres on the distorted plane (..., 2), and whether the model reaches them."""
        norm, in_front = project_pinhole(floating(points_cam))
        held, inside = _held_inside(norm, self._reach)
        return self._distort_with_jacobian(held)[0], in_front & inside

    def undistort(self, norm: Array) -> tuple[Array, Array]:
        """Undistorted points (..., 2) of distorted ones, and a flag (...,): False beyond the model's edge.

        Newton's method with the analytic Jacobian, from where the radial part alone would put the point.
        """
        seen, near = _near(floating(norm))
        xp = namespace(seen)
        rounding = float(xp.finfo(seen.dtype).eps) * (1.0 + xp.max(xp.abs(seen), axis=-1))
        guess = self._radially_undistorted(seen)
        for _ in range(_TANGENTIAL_STEPS):
            step, error, _ = self._newton_step(guess, seen)
            if bool(xp.all(error <= _ENOUGH * rounding)):
                break
            guess, _ = _held_inside(guess - step, self._reach)
        step, error, determinant = self._newton_step(guess, seen)
        inside = xp.sum(guess**2, axis=-1) < (self._reach * (1.0 - 1e-6)) ** 2
        valid = near & inside & (error <= _ACCEPTED * rounding) & (determinant > 0.0)
        # The last step carries the exact derivative, whatever the steps before it were.
        return xp.where(valid[..., None], guess - step, guess), valid

    def flipped(self) -> "BrownConrady":
        """The distortion of the mirrored lens (x -> -x): p2 changes sign."""
        changed = list(self.coefficients)
        changed[3] = -changed[3]
        return BrownConrady(tuple(changed))

    def _radially_undistorted(self, seen: Array) -> Array:
        xp = namespace(seen)
        radius_seen, away = _radius(seen)
        radius = _solved_rising(self._bent, radius_seen, self._reach, _ROUGHLY)
        return seen * xp.where(away, radius / radius_seen, xp.ones_like(radius))[..., None]

    def _bent(self, radius: Array) -> tuple[Array, Array]:
        """The seen radius without the tangential part, and its derivative."""
        radial, slope2 = self._radial_at(radius * radius)
        return radius * radial, radial + radius * radius * slope2

    def _radial_at(self, r2: Array) -> tuple[Array, Array]:
        """The radial factor, and twice its derivative by r^2."""
        (u0, u1, u2, u3), (d0, d1, d2, d3) = self._radial
        down = d0 + r2 * (d1 + r2 * (d2 + r2 * d3))
        radial = (u0 + r2 * (u1 + r2 * (u2 + r2 * u3))) / down
        up_slope = u1 + r2 * (2.0 * u2 + r2 * 3.0 * u3)
        down_slope = d1 + r2 * (2.0 * d2 + r2 * 3.0 * d3)
        return radial, 2.0 * (up_slope - radial * down_slope) / down

    def _newton_step(self, guess: Array, seen: Array) -> tuple[Array, Array, Array]:
        xp = namespace(guess)
        value, (xx, xy, yy) = self._distort_with_jacobian(guess)
        miss = value - seen
        determinant = xx * yy - xy * xy
        safe = xp.where(xp.abs(determinant) > 1e-9, determinant, xp.ones_like(determinant))
        step_x = (yy * miss[..., 0] - xy * miss[..., 1]) / safe
        step_y = (xx * miss[..., 1] - xy * miss[..., 0]) / safe
        return xp.stack([step_x, step_y], axis=-1), xp.max(xp.abs(miss), axis=-1), determinant

    def _distort_with_jacobian(self, norm: Array) -> tuple[Array, tuple[Array, Array, Array]]:
        """Distorted points and the Jacobian's entries xx, xy = yx, yy (it is symmetric for this model)."""
        xp = namespace(norm)
        _, _, p1, p2, *_ = self.coefficients
        x, y = norm[..., 0], norm[..., 1]
        r2 = x * x + y * y
        radial, slope2 = self._radial_at(r2)
        out_x = x * radial + 2.0 * p1 * x * y + p2 * (r2 + 2.0 * x * x)
        out_y = y * radial + p1 * (r2 + 2.0 * y * y) + 2.0 * p2 * x * y
        xx = radial + x * x * slope2 + 2.0 * p1 * y + 6.0 * p2 * x
        xy = x * y * slope2 + 2.0 * p1 * x + 2.0 * p2 * y
        yy = radial + y * y * slope2 + 6.0 * p1 * y + 2.0 * p2 * x
        return xp.stack([out_x, out_y], axis=-1), (xx, xy, yy)


def _near(norm: Array) -> tuple[Array, Array]:
    """Points kept from overflow, and whether they were sane to begin with."""
    xp = namespace(norm)
    return xp.clip(norm, min=-_FAR, max=_FAR), xp.all(xp.abs(norm) < _FAR, axis=-1)


def _radius(xy: Array) -> tuple[Array, Array]:
    """Distance from the axis, and whether there is any; on the axis it is 1, so that gradients stay finite."""
    xp = namespace(xy)
    r2 = xp.sum(xy**2, axis=-1)
    away = r2 > float(xp.finfo(xy.dtype).tiny)
    return xp.sqrt(xp.where(away, r2, xp.ones_like(r2))), away


def _solved_rising(
    bent: Callable[[Array], tuple[Array, Array]], target: Array, reach: float, tolerance: float
) -> Array:
    """x in [0, reach] with bent(x) = target within `tolerance` (1 + target), for a function that rises there.

    `bent` gives value and derivative.

    Newton's method within a bracket, halving it where a step would leave it: polynomials of lenses can be S-shaped,
    where plain Newton runs in circles. Targets above bent(reach) give reach.
    """
    xp = namespace(target)
    enough = tolerance * (1.0 + target)
    end = xp.full_like(target, reach)
    within = bent(end)[0] > target
    low, high = xp.zeros_like(target), end
    guess = xp.clip(target, max=0.999 * reach)
    for _ in range(_MAX_STEPS):
        value, slope = bent(guess)
        miss = value - target
        if bool(xp.all(~within | (xp.abs(miss) <= enough))):
            break
        low, high = xp.where(miss > 0, low, guess), xp.where(miss > 0, guess, high)
        newton = guess - miss / xp.where(slope > 1e-9, slope, xp.ones_like(slope))
        guess = xp.where((newton >= low) & (newton <= high), newton, 0.5 * (low + high))
    return xp.where(within, guess, end)


def _held_inside(norm: Array, edge: float) -> tuple[Array, Array]:
    """Points pulled straight towards the axis until they lie within `edge` of it, and whether they did at once."""
    xp = namespace(norm)
    reach = xp.max(xp.abs(norm), axis=-1)[..., None]
    scale = xp.where(reach > 1.0, reach, xp.ones_like(reach))  # squares of far points would overflow in float32
    r2 = xp.sum((norm / scale) ** 2, axis=-1)[..., None]
    outside = r2 > (edge / scale) ** 2
    held = norm / scale * (edge / xp.sqrt(xp.where(outside, r2, xp.ones_like(r2))))
    return xp.where(outside, held, norm), (r2 <= (edge / scale) ** 2)[..., 0]


@dataclass(frozen=True)
class Fisheye:
    """Equidistant fisheye (Kannala and Brandt 2006; OpenCV's fisheye module): k1, k2, k3, k4.

    theta_d = theta (1 + k1 theta^2 + k2 theta^4 + k3 theta^6 + k4 theta^8), theta the angle from the axis.
    """

    coefficients: tuple[float, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "coefficients", _coefficients(self.coefficients, (4,), "fisheye distortion"))

    @cached_property
    def limit(self) -> float:
        """Largest angle from the axis, in radians, up to which theta_d grows; at most pi."""
        slope = np.asarray((1.0, *self.coefficients)) * (1.0, 3.0, 5.0, 7.0, 9.0)
        return min(float(np.sqrt(_first_positive_root(slope))), pi)

    def distort(self, norm: Array) -> Array:
        """Where undistorted points (..., 2) of the plane z = 1 appear, on the same plane."""
        norm = floating(norm)
        return self._seen(norm, namespace(norm).ones_like(norm[..., 0]))[0]

    def project(self, points_cam: Array) -> tuple[Array, Array]:
        """Points (..., 3) in metres on the distorted plane (..., 2), and whether they are in front and in reach.

        Points up to the model's edge have true coordinates even where they lie beyond 90 degrees from the axis,
        but only those in front (z > 0) are flagged.
        """
        points_cam = floating(points_cam)
        seen, theta = self._seen(points_cam[..., :2], points_cam[..., 2])
        return seen, (points_cam[..., 2] > _MIN_DEPTH) & (theta < self.limit)

    def undistort(self, norm: Array) -> tuple[Array, Array]:
        """Undistorted points (..., 2) of distorted ones, and a flag (...,).

        False beyond the model's edge, and from 89.4 degrees on, where the plane z = 1 ends.
        """
        seen, near = _near(floating(norm))
        xp = namespace(seen)
        theta_d, away = _radius(seen)
        rounding = float(xp.finfo(seen.dtype).eps)
        theta = _solved_rising(self._bent, theta_d, self.limit, _ENOUGH * rounding)
        value, slope = self._bent(theta)
        converged = xp.abs(value - theta_d) <= _ACCEPTED * rounding * (1.0 + theta_d)
        # One more step carries the exact derivative, whatever the steps before it were.
        step = (value - theta_d) / xp.where(slope > 1e-9, slope, xp.ones_like(slope))
        theta = xp.where(converged, theta - step, theta)
        inside = theta < min(self.limit * (1.0 - 1e-6), float(np.arctan(_MAX_NORM)))
        held = xp.clip(theta, max=float(np.arctan(_MAX_NORM)))
        scale = xp.where(away, xp.tan(held) / theta_d, xp.ones_like(theta_d))
        return seen * scale[..., None], near & (~away | (inside & converged))

    def flipped(self) -> "Fisheye":
        """The distortion of the mirrored lens: the same, as it is round."""
        return self

    def _seen(self, xy: Array, z: Array) -> tuple[Array, Array]:
        xp = namespace(xy)
        # Only the direction counts, and squares of far points would overflow in float32.
        reach = xp.maximum(xp.max(xp.abs(xy), axis=-1), xp.abs(z))
        reach = xp.where(reach > 0, reach, xp.ones_like(reach))
        xy, z = xy / reach[..., None], z / reach
        r, away = _radius(xy)
        theta = xp.where(away, xp.atan2(r, z), xp.where(z > 0, 0.0 * z, 0.0 * z + pi))
        on_axis = xp.where(z > _MIN_DEPTH, z, xp.ones_like(z))
        scale = xp.where(away, self._bent(theta)[0] / r, 1.0 / on_axis)
        return xy * scale[..., None], theta

    def _bent(self, theta: Array) -> tuple[Array, Array]:
        """theta_d and its derivative by theta."""
        k1, k2, k3, k4 = self.coefficients
        t2 = theta * theta
        value = theta * (1.0 + t2 * (k1 + t2 * (k2 + t2 * (k3 + t2 * k4))))
        return value, 1.0 + t2 * (3.0 * k1 + t2 * (5.0 * k2 + t2 * (7.0 * k3 + t2 * 9.0 * k4)))


Distortion = BrownConrady | Fisheye
