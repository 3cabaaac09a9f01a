"""What the ray lifter sees of a person: dimensionless numbers that neither zoom nor the world's yaw can change.

Axes: B images, P people, J = 17 COCO joints, F features. Frames: `_cam` camera; `_person` axes turned so that the
person's middle ray is z. Lengths are metres at the *anchor distance*, where the person's limbs would have the lengths
of a mean adult; all of it in torch operations that export to ONNX, so training and inference share one definition.
"""

from typing import NamedTuple

import torch
from torch import Tensor

BONES = (
    (5, 7), (7, 9), (6, 8), (8, 10), (11, 13), (13, 15), (12, 14), (14, 16), (5, 11), (6, 12),
    (5, 6), (11, 12), (5, 12), (6, 11),
)  # fmt: skip
BONE_LENGTHS_M = (0.28, 0.25, 0.28, 0.25, 0.41, 0.40, 0.41, 0.40, 0.50, 0.50, 0.34, 0.20, 0.56, 0.56)
"""Mean adult lengths of BONES between COCO joints; they only fix the anchor's scale."""

_ANCHOR_BONES = 10  # the long ones; widths of shoulders and hips say little about distance
_CENTRE_WEIGHTS = (0.5,) * 5 + (2.0, 2.0) + (0.5,) * 4 + (2.0, 2.0) + (0.5,) * 4
_ANKLES = (15, 16)
_ANKLE_HEIGHT_M = 0.08
CAMERA_SIZE = 8
"""Camera row: up (3,) in the camera frame, tilt known (0/1), its sigma rad, height m, height known (0/1), its sigma.

The height's sigma is relative to it.
"""

FEATURE_COUNT = 17 * 6 + len(BONES) * 2 + 20 + 3


class PersonFrame(NamedTuple):
    """rotation (B, P, 3, 3) person_from_cam; points (B, P, 17, 2) on the plane z = 1; anchor (B, P) m."""

    rotation: Tensor
    points: Tensor
    anchor: Tensor


class RayFeatures(NamedTuple):
    """features (B, P, F); candidates (B, P, 3) log of (distance by the ground under a joint / anchor), 0 if unknown."""

    features: Tensor
    candidates: Tensor
    frame: PersonFrame


def turned_to_z(direction: Tensor) -> Tensor:
    """Rotations (..., 3, 3) taking unit vectors (..., 3) to +z along the shortest arc."""
    x, y, z = direction.unbind(-1)
    k = 1 / (1 + z).clamp_min(1e-3)
    rows = (1 - x * x * k, -x * y * k, -x, -x * y * k, 1 - y * y * k, -y, x, y, z)
    return torch.stack(rows, -1).unflatten(-1, (3, 3))


def person_frame(rays: Tensor, scores: Tensor) -> PersonFrame:
    """The person's own axes and the anchor distance from unit rays (B, P, 17, 3) and scores (B, P, 17)."""
    seen = (scores > 0).to(rays.dtype)
    weight = rays.new_tensor(_CENTRE_WEIGHTS) * seen
    middle = (rays * weight[..., None]).sum(-2) + rays.new_tensor((0.0, 0.0, 1e-6))
    rotation = turned_to_z(middle / middle.norm(dim=-1, keepdim=True))
    turned = rays @ rotation.transpose(-1, -2)
    points = turned[..., :2] / turned[..., 2:].clamp_min(0.2) * seen[..., None]
    return PersonFrame(rotation, points, anchor_distance(points, scores))


def _bone_angles(points: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
    """Angular length (B, P, bones) and the lower score of each bone's two ends."""
    start, end = [b[0] for b in BONES], [b[1] for b in BONES]
    length = (points[..., start, :] - points[..., end, :]).square().sum(-1).add(1e-12).sqrt()
    return length, torch.minimum(scores[..., start], scores[..., end])


def anchor_distance(points: Tensor, scores: Tensor) -> Tensor:
    """Distance (B, P) m at which the least foreshortened limbs have a mean adult's lengths.

    A power mean (p = 4) of angular length / length: smooth, and near the largest ratio, that of limbs seen full length.
    The person's whole extent counts as one weak limb, so that any two joints give an answer.
    """
    angle, both = _bone_angles(points, scores)
    ratio = (angle / angle.new_tensor(BONE_LENGTHS_M))[..., :_ANCHOR_BONES]
    weight = (both[..., :_ANCHOR_BONES] > 0).to(ratio.dtype) * (0.2 + both[..., :_ANCHOR_BONES])
    seen = (scores > 0).to(ratio.dtype)
    count = seen.sum(-1).clamp_min(1)
    centre = points.sum(-2) / count[..., None]
    spread = ((points - centre[..., None, :]).square().sum(-1) * seen).sum(-1) / count
    extent = spread.add(1e-8).sqrt() / 0.45
    total = (weight * ratio**4).sum(-1) + 0.1 * extent**4
    mean = (total / (weight.sum(-1) + 0.1)) ** 0.25
    return 1 / mean.clamp(1e-3, 10.0)


def _ground_candidates(level: Tensor, height: Tensor, anchor: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
    """log(distance to the ground / anchor) and validity of rays that rise by `level` (B, P, n) a metre of distance."""
    drop = (height - _ANKLE_HEIGHT_M).clamp_min(0.02)
    valid = known * (level < -0.015).to(level.dtype)
    distance = drop / (-level).clamp_min(0.015)
    return (distance / anchor[..., None]).log().clamp(-1.5, 1.5) * valid, valid


def ray_features(rays: Tensor, scores: Tensor, camera: Tensor) -> RayFeatures:
    """Features of unit rays (B, P, 17, 3) in the camera frame, scores (B, P, 17), camera rows (B, CAMERA_SIZE)."""
    frame = person_frame(rays, scores)
    seen = (scores > 0).to(rays.dtype)
    anchor, points = frame.anchor, frame.points
    metric = (points * anchor[..., None, None]).clamp(-4.0, 4.0)
    angle, both = _bone_angles(points, scores)
    bone_seen = (both > 0).to(rays.dtype)
    share = (angle * anchor[..., None] / angle.new_tensor(BONE_LENGTHS_M)).clamp_max(2) * bone_seen
    depth_share = (1 - share.clamp_max(1).square()).clamp_min(0).add(1e-6).sqrt() * bone_seen

    up = camera[:, None, :3]
    tilt_known, tilt_sigma, height, height_known, height_sigma = camera[:, None, 3:].split(1, -1)
    up_person = (frame.rotation @ up[..., None])[..., 0] * tilt_known
    rise = (points * up_person[..., None, :2]).sum(-1)  # of each joint over the middle ray, per metre of distance
    level = rise + up_person[..., 2:]
    both_known = tilt_known * height_known
    rise_m = (rise * anchor[..., None]).clamp(-4.0, 4.0) * seen
    above_ground = (height + level * anchor[..., None]).clamp(-4.0, 6.0) * both_known * seen
    lowest = torch.where(seen > 0, level, torch.full_like(level, 9.0)).amin(-1, keepdim=True)
    feet = torch.cat([level[..., list(_ANKLES)], lowest], -1)
    feet_seen = torch.cat([seen[..., list(_ANKLES)], torch.ones_like(lowest)], -1)
    candidates, valid = _ground_candidates(feet, height, anchor, both_known * feet_seen)
    doubt = (tilt_sigma / feet.abs().clamp_min(0.05)).clamp_max(2) * valid

    one = torch.ones_like(anchor)[..., None]
    middle_ray = frame.rotation[..., 2, :]  # the person's z axis in the camera frame
    globals_ = torch.cat(
        [
            anchor.log()[..., None], up_person, middle_ray, one * tilt_known, one * height_known,
            one * tilt_known * tilt_sigma * 10, one * height_known * height_sigma * 10,
            one * both_known * (anchor[..., None] * tilt_sigma).clamp_max(3),
            one * height_known * height.clamp(0.05, 20.0).log(), seen.mean(-1, keepdim=True),
            candidates, valid,
        ],
        -1,
    )  # fmt: skip
    parts = [metric.flatten(-2), scores, seen, rise_m, above_ground, share, depth_share, globals_, doubt]
    features = torch.cat(parts, -1)
    return RayFeatures(features, candidates, frame)
