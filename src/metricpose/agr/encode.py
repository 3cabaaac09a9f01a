"""People -> AGR maps, numpy or torch. B pictures, P people (padded), J joints, h w map cells."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from array_api_compat import array_namespace, device

from metricpose._errors import InputError
from metricpose.agr.grid import cells_from_px, px_from_cells
from metricpose.agr.types import AGR, CANONICAL_FOCAL_PX
from metricpose.geometry.camera import Camera
from metricpose.people.people2d import People2D
from metricpose.skeletons.skeleton import Skeleton

SIGMA_CELLS = (1.0, 3.0)
SIGMA_PER_SIZE = 1 / 32  # a person of 32 cells has the narrowest peaks, one of 96 the widest


def encode(
    people: Sequence[People2D],
    *,
    map_size: tuple[int, int],
    stride: float = 4,
    root_depths: Sequence[np.ndarray] | None = None,
    cameras: Sequence[Camera] | None = None,
) -> AGR:
    """Maps (numpy, float32) of one People2D per picture, all of one skeleton.

    map_size (w, h) in cells; root_depths: per picture the depths (P,) of the roots in metres, together with the
    picture's cameras. Raises InputError for no picture, mixed skeletons, or depths that do not fit.
    """
    _check(people, root_depths, cameras)
    size = max((len(p) for p in people), default=0)
    depths = None
    if root_depths is not None and cameras is not None:
        canonical = [_canonical(z, camera) for z, camera in zip(root_depths, cameras, strict=True)]
        depths = _padded(canonical, size)
    return encode_arrays(
        joints_px=_padded([p.joints_px for p in people], size),
        joint_scores=_padded([p.joint_scores for p in people], size),
        boxes_px=_padded([p.boxes_px for p in people], size),
        roots_px=_padded([roots_px(p) for p in people], size),
        present=_padded([np.ones(len(p), dtype=bool) for p in people], size),
        root_depths=depths,
        map_size=map_size,
        stride=stride,
    )


def encode_arrays(
    *,
    joints_px: Any,
    joint_scores: Any,
    boxes_px: Any,
    roots_px: Any,
    present: Any,
    map_size: tuple[int, int],
    stride: float,
    root_depths: Any = None,
) -> AGR:
    """Maps of padded batches: joints_px (B, P, J, 2), joint_scores (B, P, J), boxes_px (B, P, 4) xyxy,
    roots_px (B, P, 2), present (B, P) bool, root_depths (B, P) m at the canonical focal length, or None.

    Whoever is not present, or whose box lies wholly outside the picture, leaves no trace.
    """
    xp = array_namespace(joints_px)
    cells = owned_cells(boxes_px=boxes_px, roots_px=roots_px, present=present, map_size=map_size, stride=stride)
    joint_maps, anchor_map = peak_maps(joints_px, joint_scores, cells, map_size)
    placed = (joint_scores > 0)[..., None]
    return AGR(
        joint_maps=joint_maps,
        anchor_map=anchor_map,
        box_sides=cells.painted(cells.box_sides_px(boxes_px)),
        root_depth=None if root_depths is None else cells.painted(root_depths[..., None]),
        joint_offsets=cells.painted(
            cells.joint_offsets_px(xp.where(placed, joints_px, xp.zeros_like(joints_px)), placed)
        ),
        joint_visible=cells.painted(joint_scores),
        supervised=cells.supervised,
        stride=stride,
    )


def peak_maps(joints_px: Any, joint_scores: Any, cells: "OwnedCells", map_size: tuple[int, int]) -> tuple[Any, Any]:
    """The joint maps (B, J, h, w) and the anchor map (B, 1, h, w) of people whose cells are known."""
    xp = array_namespace(joints_px)
    joints = cells_from_px(joints_px, cells.stride)
    inside = _inside(joints, map_size) & cells.present[..., None]
    heights = xp.where(inside, joint_scores, xp.zeros_like(joint_scores))
    ones = xp.astype(cells.present, joint_scores.dtype)[..., None]
    joint_maps = _peaks(joints, heights, cells.sigma, map_size)
    return joint_maps, _peaks(cells.anchors[..., None, :], ones, cells.sigma, map_size)


@dataclass(frozen=True, kw_only=True, eq=False)
class OwnedCells:
    """Where people's own numbers stand in maps of `stride`: who is present (B, P), their anchors (B, P, 2) and the
    width of their peaks (B, P) in cells, the owner (B, h, w) of each cell, and whether it has one."""

    present: Any
    anchors: Any
    sigma: Any
    owner: Any
    supervised: Any
    stride: float

    def painted(self, values: Any) -> Any:
        """Each owner's values (B, P, C) in its cells: (B, C, h, w), 0 elsewhere."""
        return _painted(values, self.owner, self.supervised)

    def box_sides_px(self, boxes_px: Any) -> Any:
        """(B, P, 4): from the anchors to the left, top, right and bottom of the boxes (B, P, 4)."""
        xp = array_namespace(boxes_px)
        boxes = cells_from_px(boxes_px, self.stride)
        sides = [self.anchors - boxes[..., :2], boxes[..., 2:] - self.anchors]
        return xp.concat(sides, axis=-1) * self.stride

    def joint_offsets_px(self, joints_px: Any, placed: Any) -> Any:
        """(B, P, 2J): from the anchors to joints (B, P, J, 2), x and y in turn; 0 where not `placed` (B, P, J, 1)."""
        xp = array_namespace(joints_px)
        offsets = joints_px - px_from_cells(self.anchors, self.stride)[..., None, :]
        offsets = xp.where(placed, offsets, xp.zeros_like(offsets))
        images, people, joints, _ = offsets.shape
        return xp.reshape(offsets, (images, people, 2 * joints))


def owned_cells(*, boxes_px: Any, roots_px: Any, present: Any, map_size: tuple[int, int], stride: float) -> OwnedCells:
    """Of padded batches: boxes_px (B, P, 4), roots_px (B, P, 2), present (B, P) bool."""
    boxes = cells_from_px(boxes_px, stride)
    anchors = _anchors(cells_from_px(roots_px, stride), boxes, map_size, stride)
    present = present & _in_view(boxes, map_size)
    sigma = _sigma(boxes)
    owner, supervised = _owners(anchors, sigma, _size(boxes), present, map_size)
    return OwnedCells(present=present, anchors=anchors, sigma=sigma, owner=owner, supervised=supervised, stride=stride)


def roots_px(people: People2D) -> np.ndarray:
    """Where each person's root is in the picture (P, 2): the root joint, else the middle of the hips, else the box's.

    "Else" means that the skeleton lacks the joint or that it is unseen (score 0).
    """
    roots = (people.boxes_px[:, :2] + people.boxes_px[:, 2:]) / 2
    for indices in _root_choices(people.skeleton):
        seen = np.asarray((people.joint_scores[:, indices] > 0).all(axis=1))
        roots = np.where(seen[:, None], people.joints_px[:, indices].mean(axis=1), roots)
    return roots.astype(np.float32)


def _root_choices(skeleton: Skeleton) -> list[list[int]]:
    """Joints whose mean is the root, the best choice last."""
    hips = [] if skeleton.hips is None else [list(skeleton.hips)]
    return hips if skeleton.root is None else [*hips, [skeleton.root]]


def _check(
    people: Sequence[People2D], root_depths: Sequence[np.ndarray] | None, cameras: Sequence[Camera] | None
) -> None:
    if not people:
        raise InputError("encode: expected at least one picture's people, got none; pass People2D.empty for nobody")
    names = sorted({p.skeleton.name for p in people})
    if len(names) > 1:
        raise InputError(f"encode: expected one skeleton, got {', '.join(names)}; convert with .to(...) first")
    if (root_depths is None) != (cameras is None):
        raise InputError("encode: root_depths need the cameras' focal lengths; pass both or neither")
    if root_depths is None or cameras is None:
        return
    counts = [len(z) for z in root_depths]
    if counts != [len(p) for p in people] or len(cameras) != len(people):
        raise InputError(
            f"encode: expected one camera per picture and depths for {[len(p) for p in people]} people, "
            f"got {len(cameras)} cameras and {counts} depths"
        )


def _canonical(depths: np.ndarray, camera: Camera) -> np.ndarray:
    fx, fy = camera.focal_px
    return np.asarray(depths) * (CANONICAL_FOCAL_PX / (fx * fy) ** 0.5)


def _padded(arrays: Sequence[np.ndarray], size: int) -> np.ndarray:
    """Stacks (P_i, ...) arrays as (B, size, ...), with zeros for the people that are not there."""
    first = arrays[0]
    out = np.zeros((len(arrays), size, *first.shape[1:]), dtype=bool if first.dtype == bool else np.float32)
    for row, array in zip(out, arrays, strict=True):
        row[: len(array)] = array
    return out


def _inside(cells: Any, map_size: tuple[int, int]) -> Any:
    x, y = cells[..., 0], cells[..., 1]
    width, height = map_size
    return (x >= -0.5) & (x <= width - 0.5) & (y >= -0.5) & (y <= height - 0.5)


def _in_view(boxes: Any, map_size: tuple[int, int]) -> Any:
    width, height = map_size
    across = (boxes[..., 2] > -0.5) & (boxes[..., 0] < width - 0.5)
    return across & (boxes[..., 3] > -0.5) & (boxes[..., 1] < height - 0.5)


def _anchors(roots: Any, boxes: Any, map_size: tuple[int, int], stride: float) -> Any:
    """The roots (B, P, 2), each moved to the nearest pixel centre of its box's visible part where it lies outside."""
    xp = array_namespace(roots)
    margin = 0.5 / stride
    columns = []
    for axis, size in enumerate(map_size):
        low = xp.clip(boxes[..., axis], -0.5 + margin, size - 0.5 - margin)
        high = xp.clip(boxes[..., axis + 2], -0.5 + margin, size - 0.5 - margin)
        root = roots[..., axis]
        outside = (root < -0.5) | (root > size - 0.5)
        columns.append(xp.where(outside, xp.minimum(xp.maximum(root, low), high), root))
    return xp.stack(columns, axis=-1)


def _size(boxes: Any) -> Any:
    """The longer side in cells (B, P)."""
    xp = array_namespace(boxes)
    return xp.maximum(boxes[..., 2] - boxes[..., 0], boxes[..., 3] - boxes[..., 1])


def _sigma(boxes: Any) -> Any:
    """Width of a person's peaks in cells (B, P); under 1 cell a Gaussian's neighbours would vanish in noise."""
    xp = array_namespace(boxes)
    return xp.clip(_size(boxes) * SIGMA_PER_SIZE, *SIGMA_CELLS)


def _peaks(centres: Any, heights: Any, sigma: Any, map_size: tuple[int, int]) -> Any:
    """Gaussians (B, J, h, w) at centres (B, P, J, 2) of heights (B, P, J): separable, people joined by the maximum."""
    xp = array_namespace(centres)
    images, people, joints, _ = centres.shape
    maps = xp.zeros((images, joints, map_size[1], map_size[0]), dtype=centres.dtype, device=device(centres))
    for person in range(people):
        across, down = (
            _profile(centres[:, person, :, axis], sigma[:, person], map_size[axis], heights[:, person])
            for axis in (0, 1)
        )
        gaussian = heights[:, person, :, None, None] * down[..., :, None] * across[..., None, :]
        maps = xp.maximum(maps, gaussian)
    return maps


def _profile(centre: Any, sigma: Any, cells: int, heights: Any) -> Any:
    """exp(-(x - centre)^2 / 2 sigma^2) over a row of cells: (B, J, cells). Unseen joints are moved to 0."""
    xp = array_namespace(centre)
    x = xp.arange(cells, dtype=centre.dtype, device=device(centre))
    centre = xp.where(heights > 0, centre, xp.zeros_like(centre))
    return xp.exp(-0.5 * ((x - centre[..., None]) / sigma[:, None, None]) ** 2)


def _owners(anchors: Any, sigma: Any, size: Any, present: Any, map_size: tuple[int, int]) -> tuple[Any, Any]:
    """Whose cell is it: person index (B, h, w), and whether anyone's at all.

    A person reaches as far as a peak is wide, and at least 1.5 cells, so that the peak's own cell is always covered.
    """
    xp = array_namespace(anchors)
    where = device(anchors)
    width, height = map_size
    x = xp.arange(width, dtype=anchors.dtype, device=where)[None, None, :]
    y = xp.arange(height, dtype=anchors.dtype, device=where)[None, :, None]
    shape = (anchors.shape[0], height, width)
    best = xp.full(shape, xp.inf, dtype=anchors.dtype, device=where)
    best_size = xp.full(shape, xp.inf, dtype=anchors.dtype, device=where)
    owner = xp.zeros(shape, dtype=xp.int64, device=where)
    for person in range(anchors.shape[1]):
        mine = [value[:, person, None, None] for value in (anchors[..., 0], anchors[..., 1], sigma, size, present)]
        at_x, at_y, wide, large, there = mine
        distance = (x - at_x) ** 2 + (y - at_y) ** 2
        reached = there & (distance <= xp.clip(wide, 1.5, None) ** 2)
        won = reached & ((distance < best) | ((distance == best) & (large < best_size)))
        best = xp.where(won, distance, best)
        best_size = xp.where(won, xp.broadcast_to(large, shape), best_size)
        owner = xp.where(won, xp.full_like(owner, person), owner)
    return owner, xp.isfinite(best)


def _painted(values: Any, owner: Any, supervised: Any) -> Any:
    """Each owner's values (B, P, C) in its cells: (B, C, h, w), 0 elsewhere."""
    xp = array_namespace(values)
    images, people, channels = values.shape
    shape = (images, channels, *owner.shape[1:])
    if people == 0:
        return xp.zeros(shape, dtype=values.dtype, device=device(values))
    flat = xp.reshape(owner, (images, -1, 1))
    picked = xp.take_along_axis(values, xp.broadcast_to(flat, (images, flat.shape[1], channels)), axis=1)
    maps = xp.reshape(xp.permute_dims(picked, (0, 2, 1)), shape)
    return xp.where(supervised[:, None], maps, xp.zeros_like(maps))
