"""The second stage computed as the paper writes it: what the fast one is measured, and tested, against.

Eq. (5) in every cell of the volume, batch norms by themselves, eq. (7) as a sum over all cells, one person after
another. The same weights, the same answers.
"""

from copy import deepcopy
from dataclasses import replace

import torch
from torch import Tensor

from metricpose.models.soft_argmax import SoftPlace
from metricpose.models.volumes import VolumeOptions, gated_volume
from metricpose.models.voxel_pose import VoxelPose


def plain(stage: VoxelPose) -> VoxelPose:
    """A copy in eval mode that computes plainly; `stage` should not be fused."""
    copy = deepcopy(stage).eval().to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    copy.root_net.gated = gated_volume
    copy.pose_net.place = all_at_once
    copy.pose_net.options = replace(copy.pose_net.options, people_at_once=1)
    return copy


def all_at_once(logits: Tensor, volume: VolumeOptions, sharpness: float = 1.0) -> SoftPlace:
    """The slow twin of `soft_argmax`: the softmax of the whole volume, times every cell's place."""
    share = (logits.float() * sharpness).flatten(2).softmax(-1)
    offsets = volume.offsets(share)
    half = offsets.new_tensor([(n - 1) / 2 * side for n, side in zip(volume.cells, volume.cell_m, strict=True)])
    outer = (offsets.abs() > half - 1e-4).any(-1)
    return SoftPlace((share[..., None] * offsets).sum(2), share[..., outer].sum(-1))
