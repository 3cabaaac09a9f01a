"""DE and BDR: one map of depths from a picture's planes, read at places of the picture.

VirtualPose (ECCV 2022): BDR, bottom-up depth regression (3.1), is taught and read at every joint; DE (4.2) at roots
only. On heatmaps the paper calls them one method, and what differs is the loss (`losses.voxel`, eq. (4)).

Axes: B pictures, C planes, P people, N places.
"""

from torch import Tensor, nn

from metricpose.models.depth_estimator import DepthEstimator, depth_at_roots
from metricpose.models.feature_pyramid import FeaturePyramidOptions
from metricpose.models.seen_roots import SeenRoots


class RootByDepthMap(nn.Module):
    """See the module."""

    def __init__(self, planes: int, options: FeaturePyramidOptions | None = None) -> None:
        super().__init__()
        self.depth_estimator = DepthEstimator(planes, options)

    def forward(self, seen: SeenRoots) -> Tensor:
        """(B, P) m: depth of the roots at the canonical focal length, above 0; it means nothing where nobody is."""
        return self.depths_at(seen.planes, seen.roots_px, seen.stride)

    def depths_at(self, planes: Tensor, places_px: Tensor, stride: float) -> Tensor:
        """(B, N) m, canonical: what the map of planes (B, C, h, w) says at places (B, N, 2) px."""
        return depth_at_roots(self.depth_estimator(planes), places_px, stride)
