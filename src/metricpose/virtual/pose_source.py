"""What every source of poses offers, and the yaw that none of them carries."""

from typing import Protocol

import torch
from torch import Tensor

from metricpose.virtual.rig import MIRROR, NODES

_PELVIS, _CHEST = NODES.index("pelvis"), NODES.index("chest")

_NEARLY_VERTICAL = 0.5
"""A forward axis with less than this on the ground plane (30 degrees from vertical) says little about facing."""


class PoseSource(Protocol):
    """Poses of the canonical rig, drawn at random."""

    licence: str

    def draw(self, n: int, generator: torch.Generator) -> Tensor:
        """`n` poses (n, 21, 3, 3): global rotations, z up, facing +x. The same generator state gives the same poses."""
        ...


def facing_forward(rotations: Tensor) -> Tensor:
    """The same poses (N, 21, 3, 3) turned about z so that they face +x.

    A person faces where the pelvis's x axis points on the ground; where that axis is nearly vertical (lying, deep
    bends), the chest's; where that is, too, where the crown of the head or the feet point: the axis of the trunk.
    """
    forward = rotations[:, _PELVIS, :2, 0]
    for other in (rotations[:, _CHEST, :2, 0], _trunk_forward(rotations)):
        steep = forward.norm(dim=-1, keepdim=True) < _NEARLY_VERTICAL
        forward = torch.where(steep, other, forward)
    x, y = torch.nn.functional.normalize(forward, dim=-1).unbind(-1)
    zero, one = torch.zeros_like(x), torch.ones_like(x)
    turn = torch.stack([x, y, zero, -y, x, zero, zero, zero, one], -1).reshape(-1, 1, 3, 3)
    return turn @ rotations


def _trunk_forward(rotations: Tensor) -> Tensor:
    """(N, 2): the pelvis's own up on the ground, towards the side that faces on if the trunk is raised."""
    up, down_facing = rotations[:, _PELVIS, :2, 2], rotations[:, _PELVIS, 2:, 0] < 0
    return torch.where(down_facing, up, -up)


def mirrored(rotations: Tensor) -> Tensor:
    """The same poses (..., 21, 3, 3) seen in a mirror across the person's x-z plane."""
    flip = torch.tensor([1.0, -1.0, 1.0], dtype=rotations.dtype, device=rotations.device)
    return rotations[..., list(MIRROR), :, :] * flip[:, None] * flip
