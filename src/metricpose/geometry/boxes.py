"""Boxes (..., 4) as x0, y0, x1, y1 in pixels, where the picture covers -0.5 to W - 0.5 and -0.5 to H - 0.5."""

from metricpose.geometry.arrays import Array, floating, like, namespace


def areas(boxes_px: Array) -> Array:
    """Areas (...,) in square pixels; 0 for a box turned inside out."""
    xp = namespace(boxes_px)
    sides = xp.clip(boxes_px[..., 2:] - boxes_px[..., :2], min=0.0)
    return sides[..., 0] * sides[..., 1]


def common_areas(boxes_a_px: Array, boxes_b_px: Array) -> Array:
    """Areas (..., P, Q) in square pixels that boxes (..., P, 4) and (..., Q, 4) share."""
    a, b = floating(boxes_a_px)[..., :, None, :], floating(boxes_b_px)[..., None, :, :]
    xp = namespace(a, b)
    sides = xp.clip(xp.minimum(a[..., 2:], b[..., 2:]) - xp.maximum(a[..., :2], b[..., :2]), min=0.0)
    return sides[..., 0] * sides[..., 1]


def iou_matrix(boxes_a_px: Array, boxes_b_px: Array) -> Array:
    """Intersection over union (..., P, Q) of boxes (..., P, 4) and (..., Q, 4); 0 for boxes without area."""
    a, b = floating(boxes_a_px), floating(boxes_b_px)
    xp, common = namespace(a, b), common_areas(a, b)
    union = areas(a)[..., :, None] + areas(b)[..., None, :] - common
    return common / xp.where(union > 0, union, xp.ones_like(union))


def clipped(boxes_px: Array, image_size: tuple[int, int]) -> Array:
    """Boxes cut at the edges of the picture; one that lies outside keeps no area."""
    boxes_px = floating(boxes_px)
    xp = namespace(boxes_px)
    width, height = image_size
    top = like([width - 0.5, height - 0.5, width - 0.5, height - 0.5], boxes_px)
    return xp.minimum(xp.maximum(boxes_px, like([-0.5] * 4, boxes_px)), top)


def expanded(boxes_px: Array, factor: float) -> Array:
    """Boxes with both sides `factor` times as long about the same centre."""
    boxes_px = floating(boxes_px)
    xp = namespace(boxes_px)
    centre = 0.5 * (boxes_px[..., :2] + boxes_px[..., 2:])
    half = 0.5 * factor * (boxes_px[..., 2:] - boxes_px[..., :2])
    return xp.concat([centre - half, centre + half], axis=-1)


def around_joints(
    joints_px: Array, joint_scores: Array | None = None, *, factor: float = 1.0, min_side_px: float = 1.0
) -> tuple[Array, Array]:
    """The boxes (..., 4) around the joints (..., J, 2) whose score (..., J) is above 0, and whether there are any.

    `factor` expands the tight box; a side is never shorter than `min_side_px`. Where no joint is seen the flag is
    False and the box is the `min_side_px` square at the origin.
    """
    joints_px = floating(joints_px)
    xp = namespace(joints_px)
    finite = xp.all(xp.isfinite(joints_px), axis=-1)
    seen = (finite if joint_scores is None else finite & (joint_scores > 0))[..., None]
    far = float(xp.finfo(joints_px.dtype).max)
    low = xp.min(xp.where(seen, joints_px, xp.full_like(joints_px, far)), axis=-2)
    high = xp.max(xp.where(seen, joints_px, xp.full_like(joints_px, -far)), axis=-2)
    found = xp.any(seen[..., 0], axis=-1)
    low, high = (xp.where(found[..., None], corner, xp.zeros_like(corner)) for corner in (low, high))
    half = xp.clip(0.5 * factor * (high - low), min=0.5 * min_side_px)
    centre = 0.5 * (low + high)
    return xp.concat([centre - half, centre + half], axis=-1), found
