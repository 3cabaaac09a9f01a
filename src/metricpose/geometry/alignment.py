"""Similarity alignment of point sets (Umeyama 1991, least squares, without reflection)."""

import numpy as np

from metricpose._errors import InputError
from metricpose.geometry.arrays import Array, floating, like, namespace

# Covariances of length 1 with a smaller determinant are nearly flat, or reflections: Newton's inverses lose digits.
_LEAST_DETERMINANT = 1e-5
_NEWTON_STEPS = 15
_NEARLY_ROTATIONS = 1.0 + 1e-9  # determinant, before the last step
_WRAPPED = np.ix_((0, 1, 2, 0, 1), (0, 1, 2, 0, 1))


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
    leading = source.shape[:-2]
    scale, rotation, translation = _fitted(*_planes(source, target, weights), with_scale)
    xp = namespace(scale)
    return (
        xp.reshape(scale, leading),
        xp.reshape(xp.permute_dims(rotation, (2, 0, 1)), (*leading, 3, 3)),
        xp.reshape(xp.permute_dims(translation, (1, 0)), (*leading, 3)),
    )


def aligned(source: Array, target: Array, weights: Array | None = None, *, with_scale: bool = True) -> Array:
    """`source` (..., N, 3) moved onto `target` by the best similarity; arguments as in `similarity`."""
    source, target = floating(source), floating(target)
    x, y, w = _planes(source, target, weights)
    scale, rotation, translation = _fitted(x, y, w, with_scale)
    xp = namespace(x)
    turn = scale * rotation
    moved = [turn[a, 0] * x[0] + turn[a, 1] * x[1] + turn[a, 2] * x[2] + translation[a] for a in range(3)]
    return xp.reshape(xp.permute_dims(xp.stack(moved), (2, 1, 0)), source.shape)


def _planes(source: Array, target: Array, weights: Array | None) -> tuple[Array, Array, Array | None]:
    """Checked points as (3, N, M), weights as (N, M): M sets side by side in memory make every sum a sum of rows,
    several times as fast as M sums of N triples."""
    if source.shape != target.shape or source.ndim < 2 or source.shape[-1] != 3 or source.shape[-2] == 0:
        got = f"{tuple(source.shape)} and {tuple(target.shape)}"
        raise InputError(f"similarity: expected two arrays (..., N, 3) of one shape with N >= 1, got {got}")
    xp = namespace(source, target)
    n = source.shape[-2]
    x, y = (_contiguous(xp.permute_dims(xp.reshape(points, (-1, n, 3)), (2, 1, 0))) for points in (source, target))
    if weights is None:
        return x, y, None
    w = xp.broadcast_to(xp.astype(floating(weights), source.dtype), source.shape[:-1])
    return x, y, _contiguous(xp.permute_dims(xp.reshape(w, (-1, n)), (1, 0)))


def _contiguous(array: Array) -> Array:
    return np.ascontiguousarray(array) if isinstance(array, np.ndarray) else array


def _fitted(source: Array, target: Array, w: Array | None, with_scale: bool) -> tuple[Array, Array, Array]:
    """s (M,), R (3, 3, M) and t (3, M) of planes (3, N, M), weights (N, M)."""
    xp = namespace(source, target)
    if w is None:
        w = xp.ones_like(source[0]) / source.shape[1]
    else:
        source, target = (xp.where(w > 0, points, xp.zeros_like(points)) for points in (source, target))
        total = xp.sum(w, axis=0)
        w = w / xp.where(total > 0, total, xp.ones_like(total))
    source_mean, target_mean = xp.sum(w * source, axis=1), xp.sum(w * target, axis=1)
    _check_finite(source, target, source_mean, target_mean)
    from_mean, to_mean = source - source_mean[:, None], target - target_mean[:, None]
    weighted = w * to_mean
    rows = [xp.stack([xp.sum(weighted[a] * from_mean[b], axis=0) for b in range(3)]) for a in range(3)]
    rotation, stretch = _nearest_rotation(xp.stack(rows))
    variance = xp.sum(w * xp.sum(from_mean * from_mean, axis=0), axis=0)
    # Rounding leaves a set of coincident points a variance of about (eps * |mean|)^2.
    eps = float(xp.finfo(source.dtype).eps)
    floor = (4.0 * eps) ** 2 * xp.sum(source_mean**2, axis=0) + float(xp.finfo(source.dtype).tiny)
    extended = variance > floor
    scale = xp.where(extended, stretch / xp.where(extended, variance, xp.ones_like(variance)), xp.ones_like(variance))
    rotation = xp.where(extended, rotation, like(np.eye(3), rotation)[..., None])
    if not with_scale:
        scale = xp.ones_like(scale)
    moved = xp.sum(rotation * source_mean[None], axis=1)
    return scale, rotation, target_mean - scale * moved


def _check_finite(source: Array, target: Array, source_mean: Array, target_mean: Array) -> None:
    """Means are finite if all points are, and are fewer to look at."""
    xp = namespace(source_mean)
    if bool(xp.all(xp.isfinite(source_mean) & xp.isfinite(target_mean))):
        return
    if not bool(xp.all(xp.isfinite(source) & xp.isfinite(target))):
        raise InputError("similarity: expected finite points, got NaN or infinity; leave such points out by weight 0")


def _nearest_rotation(covariance: Array) -> tuple[Array, Array]:
    """The rotation R (3, 3, M) that maximises trace(R^T C), and that maximum (M,)."""
    if isinstance(covariance, np.ndarray):
        rotation = _polar_rotations(covariance)
        return rotation, np.sum(rotation * covariance, axis=(0, 1))
    xp = namespace(covariance)
    left, singular, right_t = xp.linalg.svd(xp.permute_dims(covariance, (2, 0, 1)))
    sign = xp.where(xp.linalg.det(left @ right_t) < 0, -1.0, 1.0)
    ones = xp.ones_like(singular[..., 0])
    signs = xp.stack([ones, ones, xp.astype(sign, singular.dtype) * ones], axis=-1)
    rotation = (left * signs[..., None, :]) @ right_t
    return xp.permute_dims(rotation, (1, 2, 0)), xp.sum(singular * signs, axis=-1)


def _polar_rotations(covariance: np.ndarray) -> np.ndarray:
    """The nearest rotations of (3, 3, M): Newton's iteration where it is safe, else one SVD each.

    Where det C > 0 the maximiser is the orthogonal polar factor, the limit of X <- (g X + X^-T / g) / 2 with
    g = det(X)^(-1/3) (Higham, Functions of Matrices, 2008, section 8.6): plain arithmetic on all M at once, several
    times as fast as M calls of LAPACK. Nearly flat sets and reflections are left to the SVD.
    """
    x = np.array(covariance, dtype=np.float64)
    size = np.sqrt(np.sum(x * x, axis=(0, 1)))
    x /= np.where(size > 0, size, 1.0)
    _, determinant = _cofactors(x)
    flat = ~(determinant > _LEAST_DETERMINANT)
    x[..., flat] = np.eye(3)[..., None]
    for _ in range(_NEWTON_STEPS):
        cofactors, determinant = _cofactors(x)
        # From the first step on no singular value is below 1, so the determinant bounds them all.
        last = bool(np.all(np.abs(determinant - 1.0) < _NEARLY_ROTATIONS - 1.0))
        scale = np.cbrt(determinant)
        x = (0.5 / scale) * x + cofactors * (0.5 * scale / determinant)
        if last:
            break
    rotation = x.astype(covariance.dtype)
    if flat.any():
        left, _, right_t = np.linalg.svd(np.moveaxis(covariance[..., flat], -1, 0))
        left[:, :, 2] *= np.where(np.linalg.det(left @ right_t) < 0, -1.0, 1.0)[:, None]
        rotation[..., flat] = np.moveaxis(left @ right_t, 0, -1)
    return rotation


def _cofactors(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cofactors (3, 3, M) and determinants (M,) of (3, 3, M): the inverse transposed is their quotient."""
    y = x[_WRAPPED]
    cofactors = y[1:4, 1:4] * y[2:5, 2:5] - y[1:4, 2:5] * y[2:5, 1:4]
    return cofactors, np.sum(x[0] * cofactors[0], axis=0)
