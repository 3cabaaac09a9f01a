"""DE, the depth estimator: heatmaps of all joints to a map that says, at each person's root, how far away it is.

VirtualPose (ECCV 2022), 4.2: a ResNet-18 on heatmaps, trained by eq. (4). Depth is normalised by focal length, so that
cameras that see the same heatmaps share an answer: the map holds z * CANONICAL_FOCAL_PX / focal_px, in metres.

Ours differs where the paper is silent: the picture's maps are already small, hence there is no pooling after the first
convolution; the way back to their resolution is a feature pyramid; and the network says the logarithm of the depth, so
that no depth is negative (the released code drops people for that).

Axes: B pictures, J joints, h w cells of the maps (any number), P people.
"""

from dataclasses import dataclass
from math import log

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from metricpose._errors import InputError
from metricpose.agr.types import CANONICAL_FOCAL_PX
from metricpose.geometry.camera import Camera
from metricpose.models.agr_net import conv
from metricpose.models.agr_resnet import BasicBlock
from metricpose.models.volumes import norm_cells

_FIRST_DEPTH_M = 5.0


@dataclass(frozen=True, kw_only=True)
class DepthEstimatorOptions:
    """Channels of the four stages, residual blocks in each, and channels of the way back; ResNet-18 by default."""

    widths: tuple[int, int, int, int] = (64, 128, 256, 512)
    blocks: int = 2
    neck: int = 64

    def __post_init__(self) -> None:
        if min(*self.widths, self.blocks, self.neck) < 1:
            raise InputError(
                f"depth estimator: expected widths, blocks and neck of 1 or more, got {self.widths}, {self.blocks} and "
                f"{self.neck}; the paper's are the defaults"
            )


class DepthEstimator(nn.Module):
    """See the module; `forward` takes heatmaps (B, J, h, w) in [0, 1]."""

    def __init__(self, joints: int, options: DepthEstimatorOptions | None = None) -> None:
        super().__init__()
        self.options = o = options or DepthEstimatorOptions()
        self.stem = conv(joints, o.widths[0], 7, 2)
        stages, cin = [], o.widths[0]
        for number, width in enumerate(o.widths):
            blocks = [
                BasicBlock(cin if k == 0 else width, width, 2 if number and k == 0 else 1) for k in range(o.blocks)
            ]
            stages.append(nn.Sequential(*blocks))
            cin = width
        self.stages = nn.ModuleList(stages)
        self.laterals = nn.ModuleList([nn.Conv2d(width, o.neck, 1) for width in o.widths])
        self.merges = nn.ModuleList([conv(o.neck, o.neck) for _ in o.widths[:-1]])
        self.out = nn.Conv2d(o.neck, 1, 1)
        nn.init.normal_(self.out.weight, std=0.001)
        assert self.out.bias is not None
        nn.init.constant_(self.out.bias, log(_FIRST_DEPTH_M))

    def forward(self, joint_maps: Tensor) -> Tensor:
        """(B, 1, h, w) m: root depth at the canonical focal length, above 0; it means something at people's roots."""
        x = self.stem(joint_maps)  # B, widths[0], h/2, w/2
        levels = []
        for stage, lateral in zip(self.stages, self.laterals, strict=True):
            x = stage(x)  # h/2, h/4, h/8, h/16
            levels.append(lateral(x))
        y = levels.pop()
        for level, merge in zip(reversed(levels), reversed(list(self.merges)), strict=True):
            y = merge(level + F.interpolate(y, size=level.shape[2:], mode="nearest"))
        return F.interpolate(self.out(y), size=joint_maps.shape[2:], mode="bilinear", align_corners=False).exp()


def depth_at_roots(depth_maps: Tensor, roots_px: Tensor, stride: float) -> Tensor:
    """D_p (B, P) of maps (B, 1, h, w) at the roots (B, P, 2) px, bilinear; a root outside reads the nearest cell."""
    if roots_px.shape[1] == 0:
        return depth_maps.new_zeros(roots_px.shape[:2])
    at = norm_cells(roots_px, depth_maps.shape[2:], stride)[:, None]  # B, 1, P, 2
    return F.grid_sample(depth_maps, at, padding_mode="border", align_corners=False)[:, 0, 0]


def metres_per_canonical(cameras: tuple[Camera, ...], like: Tensor) -> Tensor:
    """(B, 1): what canonical depths are to be multiplied by to be depths in metres before each camera."""
    focal = [(fx * fy) ** 0.5 / CANONICAL_FOCAL_PX for fx, fy in (camera.focal_px for camera in cameras)]
    return torch.tensor(focal, dtype=like.dtype, device=like.device)[:, None]
