"""Rigid motion: (4, 4) transforms named b_from_a, so that x_b = b_from_a @ x_a and chains read a to b."""

import numpy as np

from metricpose.geometry.arrays import Array, floating, like, namespace


def rigid(rotation: Array, translation: Array) -> Array:
    """The transform (..., 4, 4) made of a rotation (..., 3, 3) and a translation (..., 3) in metres."""
    rotation, translation = floating(rotation), floating(translation)
    xp = namespace(rotation, translation)
    top = xp.concat([rotation, translation[..., None]], axis=-1)
    bottom = xp.broadcast_to(like([[0.0, 0.0, 0.0, 1.0]], top), (*top.shape[:-2], 1, 4))
    return xp.concat([top, bottom], axis=-2)


def transformed(points_a: Array, b_from_a: Array) -> Array:
    """Points (..., N, 3) in frame a, expressed in frame b by a transform (..., 4, 4)."""
    rotation, translation = b_from_a[..., :3, :3], b_from_a[..., :3, 3]
    return rotated(points_a, rotation) + translation[..., None, :]


def rotated(vectors: Array, rotation: Array) -> Array:
    """Vectors (..., N, 3) turned by a rotation (..., 3, 3)."""
    return vectors @ namespace(rotation).matrix_transpose(rotation)


def inverted(b_from_a: Array) -> Array:
    """a_from_b, by transposition: exact to rounding and cheaper than a general inverse."""
    a_from_b = namespace(b_from_a).matrix_transpose(b_from_a[..., :3, :3])
    translation = (a_from_b @ b_from_a[..., :3, 3:])[..., 0]
    return rigid(a_from_b, -translation)


def rotation_between(unit_a: Array, unit_b: Array) -> Array:
    """The shortest rotation (..., 3, 3) that takes unit vectors (..., 3) `unit_a` to `unit_b`.

    Opposite vectors have no shortest rotation: the half turn about some axis normal to `unit_a` is returned.
    """
    unit_a, unit_b = floating(unit_a), floating(unit_b)
    xp = namespace(unit_a, unit_b)
    # Two reflections make a rotation: first through the plane normal to a, then through the one normal to a + b.
    middle = unit_a + unit_b
    length2 = xp.sum(middle**2, axis=-1)[..., None]
    opposite = length2 < 1e-12
    middle = xp.where(opposite, _some_normal(unit_a), middle)
    length2 = xp.where(opposite, xp.ones_like(length2), length2)
    eye = like(np.eye(3), unit_a)
    across_middle = 2.0 * middle[..., :, None] * middle[..., None, :] / length2[..., None] - eye
    across_a = 2.0 * unit_a[..., :, None] * unit_a[..., None, :] - eye
    return across_middle @ across_a


def _some_normal(unit: Array) -> Array:
    xp = namespace(unit)
    x, y, z = unit[..., 0], unit[..., 1], unit[..., 2]
    zero = xp.zeros_like(x)
    flat = xp.abs(z) < 0.9  # then (y, -x, 0) is long enough, else (0, z, -y) is
    normal = xp.where(flat[..., None], xp.stack([y, -x, zero], axis=-1), xp.stack([zero, z, -y], axis=-1))
    return normal / xp.sqrt(xp.sum(normal**2, axis=-1))[..., None]


def rigidity_fault(matrix: np.ndarray, tolerance: float = 1e-3) -> str | None:
    """Why a (4, 4) matrix is no rigid motion, in a few words, or None where it is one."""
    rotation = matrix[:3, :3]
    if not np.allclose(matrix[3], (0.0, 0.0, 0.0, 1.0), atol=1e-6):
        return f"its last row is {np.round(matrix[3], 4).tolist()}, not [0, 0, 0, 1]"
    if not np.allclose(rotation.T @ rotation, np.eye(3), atol=tolerance):
        return "its upper left 3x3 block is no rotation (R^T R is not the identity)"
    if np.linalg.det(rotation) < 0:
        return "it is mirrored (determinant -1)"
    return None
