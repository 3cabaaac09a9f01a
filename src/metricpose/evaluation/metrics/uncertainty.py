"""Does a method know how wrong it may be: coverage of intervals, their width, and reliability at every level.

`interval` (..., 2) is a central 90 % interval of a depth, metres; `joint_sigma` (..., J) is a standard deviation per
axis, metres, of an isotropic Gaussian.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from metricpose._errors import InputError
from metricpose.evaluation.metrics.known import known_mean
from metricpose.evaluation.metrics.pose import relative_error
from metricpose.geometry.arrays import namespace

NOMINAL = 0.9
SIGMAS_FOR_NOMINAL = 2.5002777  # a 3D Gaussian lies within this many of its (per-axis) sigmas with probability 0.9
LEVELS = tuple(percent / 100 for percent in range(10, 100, 5))


@dataclass(frozen=True, kw_only=True)
class Reliability:
    """Share of true values inside (observed) where `nominal` was promised, from n values; NaN where n = 0."""

    nominal: tuple[float, ...]
    observed: tuple[float, ...]
    n: int

    @property
    def error(self) -> float:
        """Mean distance of observed from nominal: 0 for perfect calibration."""
        return float(np.mean(np.abs(np.subtract(self.observed, self.nominal))))


def interval_covers(interval: Any, true: Any) -> Any:
    """1 where the interval (..., 2) holds the true value (...), its ends included, else 0."""
    return ((interval[..., 0] <= true) & (true <= interval[..., 1])) * 1.0


def sharpness(interval: Any) -> Any:
    """Width of the interval (..., 2): (...), of its unit. Gneiting et al., JRSS B 2007."""
    return interval[..., 1] - interval[..., 0]


def interval_width_percent(interval: Any, true: Any) -> Any:
    """100 (upper - lower) / true value: how sharp the interval is: (...)."""
    return 100 * sharpness(interval) / true


def interval_score(interval: Any, true: Any, nominal: float = NOMINAL) -> Any:
    """Winkler's score: width, and 2 / (1 - nominal) times the distance by which the truth lies outside: (...), metres.

    Gneiting and Raftery, JASA 2007, equation 43. Lower is better, and only the true quantiles minimise its mean.
    """
    xp = namespace(interval)
    outside = xp.clip(interval[..., 0] - true, min=0.0) + xp.clip(true - interval[..., 1], min=0.0)
    return sharpness(interval) + 2.0 / (1.0 - nominal) * outside


def sigma_covers(
    predicted: Any, true: Any, predicted_root: Any, true_root: Any, joint_sigma: Any, known: Any = None
) -> Any:
    """Share of joints whose root-relative error lies in the 90 % ball of joint_sigma (..., J), m per axis: (...)."""
    error = relative_error(predicted, true, predicted_root, true_root)
    return known_mean((error <= SIGMAS_FOR_NOMINAL * joint_sigma) * 1.0, known)


def reliability_of_intervals(
    interval: Any, estimate: Any, true: Any, *, levels: tuple[float, ...] = LEVELS, logarithmic: bool = True
) -> Reliability:
    """Reliability of depths (...) with an estimate (...) and a central 90 % interval (..., 2), all > 0.

    One interval says nothing of the other levels, so a shape is assumed: the estimate is the median, and on either side
    lies half a Gaussian, of log depth (or, not logarithmic, of depth), as wide as puts 5 % beyond the interval's end.
    Values of which anything is NaN are left out. Raises InputError for a logarithm of depths that are not positive.
    """
    interval, estimate, true = (np.asarray(values, dtype=np.float64) for values in (interval, estimate, true))
    numbers = np.stack([interval[..., 0], estimate, interval[..., 1], true], axis=-1).reshape(-1, 4)
    numbers = numbers[~np.isnan(numbers).any(axis=-1)]
    if logarithmic:
        if (numbers <= 0).any():
            least = numbers.min()
            raise InputError(
                f"reliability: expected depths above 0 for their logarithm, got {least:g}; pass logarithmic=False"
            )
        numbers = np.log(numbers)
    lower, middle, upper, truth = numbers.T
    away = truth - middle
    reach = np.where(away < 0, middle - lower, upper - middle)
    # In half-widths of the 90 % interval.
    share = _in_units(np.abs(away), reach)
    at_nominal = _normal_radius(NOMINAL)
    return _reliability(share, [_normal_radius(level) / at_nominal for level in levels], levels)


def reliability_of_sigmas(
    error: Any, joint_sigma: Any, known: Any = None, *, levels: tuple[float, ...] = LEVELS
) -> Reliability:
    """Reliability of joint errors (..., J), distances in metres, against the balls of joint_sigma (..., J).

    A level's ball holds that share of an isotropic 3D Gaussian. Values that are not known or NaN are left out.
    """
    error, joint_sigma = np.asarray(error, dtype=np.float64), np.asarray(joint_sigma, dtype=np.float64)
    counted = ~(np.isnan(error) | np.isnan(joint_sigma))
    counted &= True if known is None else np.asarray(known)
    ratio = _in_units(error[counted], joint_sigma[counted])
    return _reliability(ratio, [ball_radius(level) for level in levels], levels)


def ball_radius(share: float) -> float:
    """Radius, in sigmas per axis, of the ball that holds `share` (0 to 1, exclusive) of an isotropic 3D Gaussian.

    The quantile of Maxwell's distribution, by bisection of erf(r / sqrt 2) - sqrt(2 / pi) r exp(-r^2 / 2).
    """
    low, high = 0.0, 40.0
    for _ in range(80):
        r = 0.5 * (low + high)
        held = math.erf(r / math.sqrt(2)) - math.sqrt(2 / math.pi) * r * math.exp(-r * r / 2)
        low, high = (r, high) if held < share else (low, r)
    return 0.5 * (low + high)


def _normal_radius(share: float) -> float:
    """Half-width, in sigmas, of the central interval that holds `share` of a Gaussian."""
    return NormalDist().inv_cdf(0.5 + share / 2)


def _in_units(distance: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """distance / unit, (N,) each; a unit of 0 holds distance 0 only."""
    beyond = np.where(distance > 0, np.inf, 0.0)
    return np.divide(distance, unit, out=beyond, where=unit > 0)


def _reliability(values: np.ndarray, radii: list[float], levels: tuple[float, ...]) -> Reliability:
    ranked, n = np.sort(values), len(values)
    inside = np.searchsorted(ranked, radii, side="right")
    observed = tuple(float(count) / n for count in inside) if n else (float("nan"),) * len(levels)
    return Reliability(nominal=tuple(levels), observed=observed, n=n)
