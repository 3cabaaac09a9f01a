"""Similarity alignment of point sets (Umeyama 1991, least squares, without reflection)."""

import numpy as np

from metricpose._errors import InputError
from metricpose.geometry.arrays import Array, floating, like, namespace

# Covariances of length 1 with a smaller determinant are nearly flat, or reflections: Newton's inverses lose digits.
_LEAST_DETERMINANT = 1e-5
_NEWTON_STEPS = 12
_SETTLED = 1e-12  # a step's change; convergence is quadratic, so what is left is below rounding


def similarity(
    source: Array, target: Array, weights: Array | None = None, *, with_scale: bool = True
) -> tuple[Array, Array, Array]:
    """The s, R, t that minimise sum_n w_n |s R source_n + t - target_n|^2 (Umeyama 1991, equations 40 to 43).

    Args:
        source, target: (..., N, 3), one unit, N >= 1. Every leading index is a set of its own.
        weights: (..., N), not negative; points of weight 0 may hold anything, NaN too. None: all count alike.
        with_scale: False fixes s = 1 (a rigid alignment).

    Returns:
        s (...,), R (..., 3, 3) with determinant +1, t (..., 3). Where the points do not fix the motion, the answer
        is one of the best: a set without extent (or N = 1) gives s = 1 and R = identity.

    Raises:
        InputError: shapes that do not agree, no point, or numbers that are not finite.
    """
    source, target = floating(source), floating(target)
    xp = namespace(source, target)
    if source.shape != target.shape or source.ndim < 2 or source.shape[-1] != 3 or source.shape[-2] == 0:
        got = f"{tuple(source.shape)} and {tuple(target.shape)}"
        raise InputError(f"similarity: expected two arrays (..., N, 3) of one shape with N >= 1, got {got}")
    w = xp.ones_like(source[..., 0]) if weights is None else xp.astype(floating(weights), source.dtype)
    if weights is not None:
        source, target = (xp.where(w[..., None] > 0, points, xp.zeros_like(points)) for points in (source, target))
    total = xp.sum(w, axis=-1)[..., None]
    w = (w / xp.where(total > 0, total, xp.ones_like(total)))[..., None]

    # Products of matrices, as sums over the axis before the last are slow.
    across = xp.matrix_transpose(w)
    source_mean, target_mean = (across @ source)[..., 0, :], (across @ target)[..., 0, :]
    _check_finite(source, target, source_mean, target_mean)
    from_mean = source - source_mean[..., None, :]
    to_mean = target - target_mean[..., None, :]
    covariance = xp.matrix_transpose(w * to_mean) @ from_mean
    rotation, stretch = _nearest_rotation(covariance)
    variance = xp.sum(across @ from_mean**2, axis=(-2, -1))
    # Rounding leaves a set of coincident points a variance of about (eps * |mean|)^2.
    eps = float(xp.finfo(source.dtype).eps)
    floor = (4.0 * eps) ** 2 * xp.sum(source_mean**2, axis=-1) + float(xp.finfo(source.dtype).tiny)
    extended = variance > floor
    scale = xp.where(extended, stretch / xp.where(extended, variance, xp.ones_like(variance)), xp.ones_like(variance))
    rotation = xp.where(extended[..., None, None], rotation, like(np.eye(3), rotation))
    if not with_scale:
        scale = xp.ones_like(scale)
    moved = (rotation @ source_mean[..., None])[..., 0]
    return scale, rotation, target_mean - scale[..., None] * moved


def aligned(source: Array, target: Array, weights: Array | None = None, *, with_scale: bool = True) -> Array:
    """`source` (..., N, 3) moved onto `target` by the best similarity; arguments as in `similarity`."""
    scale, rotation, translation = similarity(source, target, weights, with_scale=with_scale)
    turned = floating(source) @ namespace(rotation).matrix_transpose(rotation)
    return scale[..., None, None] * turned + translation[..., None, :]


def _check_finite(source: Array, target: Array, source_mean: Array, target_mean: Array) -> None:
    """Means are finite if all points are, and are fewer to look at."""
    xp = namespace(source_mean)
    if bool(xp.all(xp.isfinite(source_mean) & xp.isfinite(target_mean))):
        return
    if not bool(xp.all(xp.isfinite(source) & xp.isfinite(target))):
        raise InputError("similarity: expected finite points, got NaN or infinity; leave such points out by weight 0")


def _nearest_rotation(covariance: Array) -> tuple[Array, Array]:
    """The rotation R (..., 3, 3) that maximises trace(R^T C), and that maximum (...,)."""
    xp = namespace(covariance)
    if xp is np and covariance.ndim > 2:
        rotation = _polar_rotations(covariance.reshape(-1, 3, 3)).reshape(covariance.shape)
        return rotation, np.sum(rotation * covariance, axis=(-2, -1))
    left, singular, right_t = xp.linalg.svd(covariance)
    sign = xp.where(xp.linalg.det(left @ right_t) < 0, -1.0, 1.0)
    ones = xp.ones_like(singular[..., 0])
    signs = xp.stack([ones, ones, xp.astype(sign, singular.dtype) * ones], axis=-1)
    return (left * signs[..., None, :]) @ right_t, xp.sum(singular * signs, axis=-1)


def _polar_rotations(covariance: np.ndarray) -> np.ndarray:
    """The nearest rotations of (N, 3, 3): Newton's iteration where it is safe, else one SVD each.

    Where det C > 0 the maximiser is the orthogonal polar factor, the limit of X <- (g X + X^-T / g) / 2 with
    g = sqrt(|X^-1| / |X|) (Higham, Functions of Matrices, 2008, section 8.6): plain arithmetic on all N at once, four
    times as fast as N calls of LAPACK. Nearly flat sets and reflections are left to the SVD.
    """
    x = np.array(np.moveaxis(covariance, 0, -1), dtype=np.float64, order="C")
    size = np.sqrt(np.sum(x**2, axis=(0, 1)))
    x /= np.where(size > 0, size, 1.0)
    safe = np.sum(x[0] * _cross(x[1], x[2]), axis=0) > _LEAST_DETERMINANT
    x[..., ~safe] = np.eye(3)[..., None]
    change = np.zeros_like(size)
    for _ in range(_NEWTON_STEPS):
        before, x = x, _newton_step(x)
        change = np.max(np.abs(x - before), axis=(0, 1), initial=0.0)
        if np.max(change, initial=0.0) < _SETTLED:
            break
    rotation = np.moveaxis(x, -1, 0).astype(covariance.dtype)
    left_over = ~safe | (change >= _SETTLED)
    if left_over.any():
        left, _, right_t = np.linalg.svd(covariance[left_over])
        left[:, :, 2] *= np.where(np.linalg.det(left @ right_t) < 0, -1.0, 1.0)[:, None]
        rotation[left_over] = left @ right_t
    return np.ascontiguousarray(rotation)


def _newton_step(x: np.ndarray) -> np.ndarray:
    """One scaled step towards the polar factor of (3, 3, N)."""
    inverse_t = np.stack([_cross(x[1], x[2]), _cross(x[2], x[0]), _cross(x[0], x[1])])
    inverse_t /= np.sum(x[0] * inverse_t[0], axis=0)
    scale = np.sqrt(np.sqrt(np.sum(inverse_t**2, axis=(0, 1)) / np.sum(x**2, axis=(0, 1))))
    return 0.5 * (scale * x + inverse_t / scale)


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Cross products of (3, N); numpy's own takes several times as long."""
    return np.stack([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])
