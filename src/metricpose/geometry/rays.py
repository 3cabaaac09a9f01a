"""Pixels, the plane z = 1 and rays through it; where rays meet the ground."""

from metricpose.geometry.arrays import Array, floating, namespace


def px_from_norm(norm: Array, intrinsics_px: Array) -> Array:
    """Pixels (..., 2) of points (..., 2) on the plane z = 1, by an upper triangular camera matrix (3, 3)."""
    xp = namespace(norm)
    x, y = norm[..., 0], norm[..., 1]
    k = intrinsics_px
    return xp.stack([k[0, 0] * x + k[0, 1] * y + k[0, 2], k[1, 1] * y + k[1, 2]], axis=-1)


def norm_from_px(px: Array, intrinsics_px: Array) -> Array:
    """Points (..., 2) on the plane z = 1 of pixels (..., 2): the inverse of `px_from_norm`."""
    xp = namespace(px)
    k = intrinsics_px
    y = (px[..., 1] - k[1, 2]) / k[1, 1]
    x = (px[..., 0] - k[0, 2] - k[0, 1] * y) / k[0, 0]
    return xp.stack([x, y], axis=-1)


def rays_through(norm: Array) -> Array:
    """Rays (..., 3) with z = 1 through points (..., 2) of the plane z = 1."""
    xp = namespace(norm)
    return xp.concat([norm, xp.ones_like(norm[..., :1])], axis=-1)


def ground_depth(rays_cam: Array, up_cam: Array, height_m: Array) -> tuple[Array, Array]:
    """Depth (...,) in metres at which rays (..., 3) with z = 1 meet the ground, and whether they do so ahead.

    The ground is the plane `height_m` below the camera centre, normal to the unit vector `up_cam`.
    Rays at or above the horizon never meet it: their depth is 0 and their flag False.
    """
    rays_cam = floating(rays_cam)
    xp = namespace(rays_cam)
    fall = -xp.sum(rays_cam * up_cam, axis=-1)
    meets = fall > 1e-6
    depth = height_m / xp.where(meets, fall, xp.ones_like(fall))
    return xp.where(meets, depth, xp.zeros_like(depth)), meets
