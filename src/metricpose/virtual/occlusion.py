"""Which joints of which virtual person the camera cannot see: bodies in the way, furniture, the picture's edge."""

from dataclasses import dataclass

import torch
from torch import Tensor

NOSE, EYES, EARS, SHOULDERS, HIPS, ANKLES = 0, (1, 2), (3, 4), (5, 6), (11, 12), (15, 16)
_HEAD = (NOSE, *EYES, *EARS)


@dataclass(frozen=True, kw_only=True)
class OcclusionOptions:
    """Furniture-like occluders, as shares of people, and the body's own thickness as shares of stature."""

    table_share: float = 0.08
    side_share: float = 0.05
    box_share: float = 0.08
    trunk_radius: float = 0.085
    leg_radius: float = 0.045
    nearer_m: float = 0.12


def in_picture(joints_px: Tensor, size_px: Tensor) -> Tensor:
    """Joints (B, P, J, 2) inside pictures of size (B, 2) w h."""
    limit = size_px[:, None, None] - 1
    return ((joints_px >= 0) & (joints_px <= limit)).all(-1)


def _covered(point: Tensor, depth: Tensor, capsule: Tensor, margin: Tensor) -> Tensor:
    """Joints (K, J, 2) at depth (K, J) behind one capsule each (K, 7): start xy, end xy, two depths, radius in px."""
    x, y = point[..., 0] - capsule[:, 0:1], point[..., 1] - capsule[:, 1:2]
    dx, dy = capsule[:, 2:3] - capsule[:, 0:1], capsule[:, 3:4] - capsule[:, 1:2]
    t = ((x * dx + y * dy) / (dx * dx + dy * dy).clamp_min(1e-6)).clamp(0, 1)
    near = (x - t * dx).square() + (y - t * dy).square() < capsule[:, 6:7].square()
    front = torch.lerp(capsule[:, 4:5], capsule[:, 5:6], t)
    return near & (depth > front + margin)


def behind_bodies(
    joints_px: Tensor, depth: Tensor, radius_px: Tensor, present: Tensor, options: OcclusionOptions
) -> Tensor:
    """Joints (B, P, J) behind a trunk or leg, their own or another's.

    joints_px (B, P, 17, 2), depth (B, P, 17) m along the axis, radius_px (B, P): the stature in px.
    """
    scene, seen, other = (present[:, :, None] & present[:, None]).nonzero().unbind(1)
    margin = options.nearer_m + 0.06 * (seen == other)[:, None]
    ends = [(HIPS, (NOSE, NOSE), options.trunk_radius)]
    ends += [((hip, hip), (ankle, ankle), options.leg_radius) for hip, ankle in zip(HIPS, ANKLES, strict=True)]
    hidden = torch.zeros(len(scene), depth.shape[2], dtype=torch.bool, device=depth.device)
    for start, end, radius in ends:
        middles = [joints_px[:, :, list(pair)].mean(2) for pair in (start, end)]
        depths = [depth[:, :, list(pair)].mean(2, keepdim=True) for pair in (start, end)]
        capsule = torch.cat([*middles, *depths, radius * radius_px[..., None]], -1)[scene, other]
        hidden |= _covered(joints_px[scene, seen], depth[scene, seen], capsule, margin)
    count = torch.zeros_like(depth).index_put_((scene, seen), hidden.to(depth.dtype), accumulate=True)
    return count > 0


def far_side_of_head(joints_cam: Tensor) -> Tensor:
    """Face joints (B, P, 17) on the side of the head that looks away from the camera."""
    centre = joints_cam[:, :, list(EARS)].mean(2)
    ray = torch.nn.functional.normalize(centre, dim=-1)
    behind = ((joints_cam - centre[:, :, None]) * ray[:, :, None]).sum(-1)
    hidden = torch.zeros_like(behind, dtype=torch.bool)
    hidden[:, :, list(_HEAD)] = behind[:, :, list(_HEAD)] > 0.04
    return hidden


def behind_furniture(joints_px: Tensor, options: OcclusionOptions, generator: torch.Generator) -> Tensor:
    """Joints (B, P, J) covered by a table edge, a wall or door frame, or a box, chosen at random person by person."""
    b, p, _, _ = joints_px.shape

    def rand() -> Tensor:
        return torch.rand(b, p, 1, generator=generator, device=generator.device)

    low, high = joints_px.amin(2), joints_px.amax(2)
    place = (joints_px - low[:, :, None]) / (high - low).clamp_min(1)[:, :, None]
    kind = rand()
    table = (kind < options.table_share) & (place[..., 1] > 0.3 + 0.6 * rand())
    side_place = torch.where(rand() < 0.5, place[..., 0], 1 - place[..., 0])
    start = options.table_share
    side = (kind >= start) & (kind < start + options.side_share) & (side_place > 0.3 + 0.6 * rand())
    start += options.side_share
    size, left, top = 0.2 + 0.4 * rand(), rand(), rand()
    inside = (place[..., 0] - left).abs() < size / 2
    inside &= (place[..., 1] - top).abs() < size / 2
    return table | side | ((kind >= start) & (kind < start + options.box_share) & inside)
