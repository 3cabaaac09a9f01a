"""TIF, top-down by picture features: features pooled where a person's joints are seen, and a depth said from them.

VirtualPose (ECCV 2022), 3.1, takes HDNet (Lin and Lee, ECCV 2020) for it: heatmaps are the attention masks with which
the features of the picture are pooled, one vector per joint of a person, and a network says the depth from all of them;
the size of the box plays no part. HDNet's graph network over the joints is a perceptron here, and its depth, sorted
into bins there, the logarithm of a number.

Axes: B pictures, J joints, P people, F features, h w cells of the features.
"""

from dataclasses import dataclass, field
from math import log

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from metricpose._errors import InputError
from metricpose.models.feature_pyramid import FeaturePyramid, FeaturePyramidOptions
from metricpose.models.seen_roots import SeenRoots

_FIRST_DEPTH_M = 5.0
_LEAST = 1e-3  # sum of a mask under which a joint counts as unseen


@dataclass(frozen=True, kw_only=True)
class RootByPooledFeaturesOptions:
    """Size of the feature pyramid, and of the perceptron's hidden layer."""

    pyramid: FeaturePyramidOptions = field(default_factory=FeaturePyramidOptions)
    hidden: int = 256

    def __post_init__(self) -> None:
        if self.hidden < 1:
            raise InputError(f"TIF: expected a hidden layer of 1 or more, got {self.hidden}; 256 is usual")


class RootByPooledFeatures(nn.Module):
    """See the module."""

    def __init__(self, planes: int, joints: int, options: RootByPooledFeaturesOptions | None = None) -> None:
        super().__init__()
        self.options = o = options or RootByPooledFeaturesOptions()
        self.pyramid = FeaturePyramid(planes, o.pyramid)
        self.head = nn.Sequential(
            nn.Linear(joints * (o.pyramid.neck + 1), o.hidden), nn.ReLU(), nn.Linear(o.hidden, o.hidden), nn.ReLU()
        )
        self.out = nn.Linear(o.hidden, 1)
        nn.init.normal_(self.out.weight, std=0.001)
        nn.init.constant_(self.out.bias, log(_FIRST_DEPTH_M))

    def forward(self, seen: SeenRoots) -> Tensor:
        """(B, P) m: depth of the roots at the canonical focal length, above 0; it means nothing where nobody is."""
        features = self.pyramid.features(seen.planes)  # B, F, h/2, w/2
        pooled, shown = pooled_features(features, person_masks(seen, features.shape[2:]))  # B, P, J, F and B, P, J
        x = torch.cat([pooled, shown[..., None]], -1).flatten(2)
        return self.out(self.head(x))[..., 0].exp()


def person_masks(seen: SeenRoots, size: torch.Size) -> Tensor:
    """(B, P, J, h, w): the joint maps at `size` cells, each person's within their box and 0 elsewhere."""
    maps = F.adaptive_avg_pool2d(seen.joint_maps, (size[0], size[1]))
    sides_px = [n * seen.stride for n in seen.joint_maps.shape[2:]]
    y, x = (
        (torch.arange(n, device=maps.device, dtype=maps.dtype) + 0.5) * (side / n) - 0.5
        for n, side in zip(size, sides_px, strict=True)
    )
    boxes = seen.boxes_px[..., None]
    across = (x >= boxes[..., 0, :]) & (x <= boxes[..., 2, :])  # B, P, w
    down = (y >= boxes[..., 1, :]) & (y <= boxes[..., 3, :])
    inside = down[..., :, None] & across[..., None, :] & seen.present[..., None, None]
    return maps[:, None] * inside[:, :, None]


def pooled_features(features: Tensor, masks: Tensor) -> tuple[Tensor, Tensor]:
    """Means (B, P, J, F) of features (B, F, h, w) under masks (B, P, J, h, w), 0 where a mask is empty; and whether it
    is not (B, P, J)."""
    total = masks.sum((-2, -1))
    mean = torch.einsum("bpjhw,bfhw->bpjf", masks, features) / total.clamp_min(_LEAST)[..., None]
    return mean, (total > _LEAST).to(features.dtype)
