"""Similarity alignment of point sets (Umeyama 1991, least squares, without reflection)."""

import numpy as np

from metricpose._errors import InputError
from metricpose.geometry.arrays import Array, floating, like, namespace


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
    counts = w[..., None] > 0
    source, target = (xp.where(counts, points, xp.zeros_like(points)) for points in (source, target))
    if not bool(xp.all(xp.isfinite(source) & xp.isfinite(target))):
        raise InputError("similarity: expected finite points, got NaN or infinity; leave such points out by weight 0")
    total = xp.sum(w, axis=-1)[..., None]
    w = (w / xp.where(total > 0, total, xp.ones_like(total)))[..., None]

    source_mean = xp.sum(w * source, axis=-2)
    target_mean = xp.sum(w * target, axis=-2)
    from_mean = source - source_mean[..., None, :]
    to_mean = target - target_mean[..., None, :]
    covariance = xp.matrix_transpose(w * to_mean) @ from_mean
    rotation, stretch = _nearest_rotation(covariance)
    variance = xp.sum(w * from_mean**2, axis=(-2, -1))
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


def _nearest_rotation(covariance: Array) -> tuple[Array, Array]:
    """The rotation R (..., 3, 3) that maximises trace(R^T C), and that maximum (...,)."""
    xp = namespace(covariance)
    left, singular, right_t = xp.linalg.svd(covariance)
    sign = xp.where(xp.linalg.det(left @ right_t) < 0, -1.0, 1.0)
    ones = xp.ones_like(singular[..., 0])
    signs = xp.stack([ones, ones, xp.astype(sign, singular.dtype) * ones], axis=-1)
    return (left * signs[..., None, :]) @ right_t, xp.sum(singular * signs, axis=-1)
