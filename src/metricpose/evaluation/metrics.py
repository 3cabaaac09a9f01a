"""The field's metrics, one number per person, in metres (reports print mm). Numpy or torch.

J joints. `known` (..., J) bool marks the joints that count; without it all do. A person of whom no joint is known gets
NaN, which means "not measured" and never 0.
"""

from typing import Any

from array_api_compat import array_namespace

from metricpose.geometry.alignment import aligned

PCK_ABS_M = 0.15
NOMINAL = 0.9
SIGMAS_FOR_NOMINAL = 2.5002777  # a 3D Gaussian lies within this many of its (per-axis) sigmas with probability 0.9


def joint_error(predicted: Any, true: Any) -> Any:
    """Distance of points (..., 3): (...)."""
    xp = array_namespace(predicted, true)
    return xp.sqrt(xp.sum((predicted - true) ** 2, axis=-1))


def mpjpe(predicted: Any, true: Any, predicted_root: Any, true_root: Any, known: Any = None) -> Any:
    """Mean joint error of joints (..., J, 3) after each one's root (..., 3) is moved to the origin: (...)."""
    error = joint_error(predicted - predicted_root[..., None, :], true - true_root[..., None, :])
    return known_mean(error, known)


def n_mpjpe(predicted: Any, true: Any, predicted_root: Any, true_root: Any, known: Any = None) -> Any:
    """MPJPE after the scale s = <true, predicted> / <predicted, predicted> of the root-relative poses: (...).

    Rhodin et al., CVPR 2018. Only known joints enter the scale.
    """
    xp = array_namespace(predicted, true)
    predicted, true = predicted - predicted_root[..., None, :], true - true_root[..., None, :]
    counted = _weights(predicted[..., 0], known)[..., None]
    inner = xp.sum(counted * _zeroed(predicted * true, known), axis=(-2, -1))
    norm = xp.sum(counted * _zeroed(predicted**2, known), axis=(-2, -1))
    scale = inner / xp.where(norm > 0, norm, xp.ones_like(norm))
    return known_mean(joint_error(scale[..., None, None] * predicted, true), known)


def pa_mpjpe(predicted: Any, true: Any, known: Any = None) -> Any:
    """Mean joint error of joints (..., J, 3) after the best similarity per person, without reflection: (...).

    Umeyama, PAMI 1991. Only known joints are aligned.
    """
    xp = array_namespace(predicted, true)
    weights = None if known is None else xp.astype(known, predicted.dtype)
    return known_mean(joint_error(aligned(predicted, true, weights), true), known)


def mrpe(predicted_root: Any, true_root: Any) -> Any:
    """Error of the root's place in the camera frame, roots (..., 3): (...)."""
    return joint_error(predicted_root, true_root)


def mrpe_xyz(predicted_root: Any, true_root: Any) -> Any:
    """Absolute error of the root per camera axis: (..., 3)."""
    xp = array_namespace(predicted_root, true_root)
    return xp.abs(predicted_root - true_root)


def mrpe_z_percent(predicted_root: Any, true_root: Any) -> Any:
    """100 |z_predicted - z_true| / z_true: (...)."""
    xp = array_namespace(predicted_root, true_root)
    return xp.abs(z_bias_percent(predicted_root, true_root))


def z_bias_percent(predicted_root: Any, true_root: Any) -> Any:
    """100 (z_predicted - z_true) / z_true, signed: too far is positive: (...)."""
    z = true_root[..., 2]
    return 100 * (predicted_root[..., 2] - z) / z


def pck_abs(predicted: Any, true: Any, known: Any = None, threshold: float = PCK_ABS_M) -> Any:
    """Share of joints (..., J, 3) strictly nearer than the threshold (m) to the truth, nothing aligned: (...)."""
    close = joint_error(predicted, true) < threshold
    return known_mean(close * 1.0, known)


def interval_covers(interval: Any, true: Any) -> Any:
    """1 where the interval (..., 2) holds the true value (...), its ends included, else 0."""
    return ((interval[..., 0] <= true) & (true <= interval[..., 1])) * 1.0


def interval_width_percent(interval: Any, true: Any) -> Any:
    """100 (upper - lower) / true value: how sharp the interval is: (...)."""
    return 100 * (interval[..., 1] - interval[..., 0]) / true


def sigma_covers(
    predicted: Any, true: Any, predicted_root: Any, true_root: Any, joint_sigma: Any, known: Any = None
) -> Any:
    """Share of joints whose root-relative error lies in the 90 % ball of joint_sigma (..., J), m per axis: (...)."""
    error = joint_error(predicted - predicted_root[..., None, :], true - true_root[..., None, :])
    return known_mean((error <= SIGMAS_FOR_NOMINAL * joint_sigma) * 1.0, known)


def known_mean(values: Any, known: Any = None) -> Any:
    """Mean of values (..., J) over the known joints: (...), NaN where there is none."""
    xp = array_namespace(values)
    counted = _weights(values, known)
    total = xp.sum(counted, axis=-1)
    some = total > 0
    mean = xp.sum(xp.where(counted > 0, values, xp.zeros_like(values)), axis=-1) / xp.where(some, total, 1.0)
    return xp.where(some, mean, xp.full_like(mean, xp.nan))


def _weights(like: Any, known: Any) -> Any:
    xp = array_namespace(like)
    return xp.ones_like(like) if known is None else xp.astype(known, like.dtype)


def _zeroed(values: Any, known: Any) -> Any:
    """Unknown joints may be NaN, and 0 * NaN is NaN."""
    xp = array_namespace(values)
    return values if known is None else xp.where(known[..., None], values, xp.zeros_like(values))
