"""DE, the depth estimator: heatmaps of all joints to a map that says, at each person's root, how far away it is.

VirtualPose (ECCV 2022), 4.2: a ResNet-18 on heatmaps, trained by eq. (4). Depth is normalised by focal length, so that
cameras that see the same heatmaps share an answer: the map holds z * CANONICAL_FOCAL_PX / focal_px, in metres.

Ours differs where the paper is silent: the picture's maps are already small, hence there is no pooling after the first
convolution; the way back to their resolution is a feature pyramid; and the network says the logarithm of the depth, so
that no depth is negative (the released code drops people for that).

Axes: B pictures, J joints, h w cells of the maps (any number), P people.
"""

from math import log

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from metricpose.agr.types import CANONICAL_FOCAL_PX
from metricpose.geometry.camera import Camera
from metricpose.models.feature_pyramid import FeaturePyramid, FeaturePyramidOptions
from metricpose.models.volumes import norm_cells

_FIRST_DEPTH_M = 5.0


DepthEstimatorOptions = FeaturePyramidOptions


class DepthEstimator(FeaturePyramid):
    """See the module; `forward` takes heatmaps (B, J, h, w) in [0, 1]."""

    def __init__(self, joints: int, options: DepthEstimatorOptions | None = None) -> None:
        super().__init__(joints, options or DepthEstimatorOptions())
        self.out = nn.Conv2d(self.options.neck, 1, 1)
        nn.init.normal_(self.out.weight, std=0.001)
        assert self.out.bias is not None
        nn.init.constant_(self.out.bias, log(_FIRST_DEPTH_M))

    def forward(self, joint_maps: Tensor) -> Tensor:
        """(B, 1, h, w) m: root depth at the canonical focal length, above 0; it means something at people's roots."""
        log_depth = self.out(self.features(joint_maps))
        return F.interpolate(log_depth, size=joint_maps.shape[2:], mode="bilinear", align_corners=False).exp()


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
