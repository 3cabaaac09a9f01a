"""TBS, top-down by box size: a person's depth from the size of the box, times a learnt correction.

VirtualPose (ECCV 2022), 3.1, takes RootNet (Moon et al., ICCV 2019) for it: k = sqrt(fx fy A_real / A_img), their eq.
(2), with a real area of 2 m x 2 m and the image area of the box widened to a square; and a network that sees the box
says a factor gamma on it. Ours says the factor's logarithm, so that no depth is negative. What the network sees is a
crop of the picture's planes.

Axes: B pictures, C planes, P people, N present people of all pictures.
"""

from dataclasses import dataclass
from math import log

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from metricpose._errors import InputError
from metricpose.agr.types import CANONICAL_FOCAL_PX
from metricpose.models.agr_net import conv
from metricpose.models.agr_resnet import BasicBlock
from metricpose.models.seen_roots import SeenRoots
from metricpose.models.volumes import norm_cells

REAL_SIDE_M = 2.0
_FIRST_FACTOR = 0.85  # a person of 1.7 m


@dataclass(frozen=True, kw_only=True)
class RootByBoxSizeOptions:
    """Side of the crop in cells, and channels of the four stages of the network that corrects."""

    crop: int = 32
    widths: tuple[int, int, int, int] = (64, 128, 256, 512)

    def __post_init__(self) -> None:
        if self.crop < 8 or min(self.widths) < 1:
            raise InputError(
                f"TBS: expected a crop of 8 cells or more and widths of 1 or more, got {self.crop} and {self.widths}; "
                "the defaults are usual"
            )


class RootByBoxSize(nn.Module):
    """See the module."""

    def __init__(self, planes: int, options: RootByBoxSizeOptions | None = None) -> None:
        super().__init__()
        self.options = o = options or RootByBoxSizeOptions()
        stages = [BasicBlock(o.widths[max(0, k - 1)], width, 2 if k else 1) for k, width in enumerate(o.widths)]
        self.net = nn.Sequential(conv(planes, o.widths[0], 3), *stages)
        self.out = nn.Linear(o.widths[-1], 1)
        nn.init.normal_(self.out.weight, std=0.001)
        nn.init.constant_(self.out.bias, log(_FIRST_FACTOR))

    def forward(self, seen: SeenRoots) -> Tensor:
        """(B, P) m: depth of the roots at the canonical focal length, above 0; 0 where nobody is."""
        depths = seen.boxes_px.new_zeros(seen.present.shape)
        there = seen.present.nonzero(as_tuple=True)
        if not len(there[0]):
            return depths
        squares_px = squared(seen.boxes_px[there])  # N, 4
        crops = cropped(seen.planes[there[0]], squares_px, seen.stride, self.options.crop)  # N, C, crop, crop
        factor = self.out(self.net(crops).mean((2, 3)))[:, 0].exp()
        return depths.index_put(there, factor.to(depths) * depth_by_size(squares_px))


def squared(boxes_px: Tensor) -> Tensor:
    """Boxes (N, 4) widened to squares about their middles."""
    middle = (boxes_px[:, :2] + boxes_px[:, 2:]) / 2
    half = (boxes_px[:, 2:] - boxes_px[:, :2]).amax(1, keepdim=True).clamp_min(1e-3) / 2
    return torch.cat([middle - half, middle + half], 1)


def depth_by_size(squares_px: Tensor) -> Tensor:
    """RootNet's k (N,) m at the canonical focal length: how far away a square of 2 m x 2 m fills squares_px (N, 4)."""
    return REAL_SIDE_M * CANONICAL_FOCAL_PX / (squares_px[:, 2] - squares_px[:, 0])


def cropped(planes: Tensor, boxes_px: Tensor, stride: float, side: int) -> Tensor:
    """(N, C, side, side) of planes (N, C, h, w) in boxes (N, 4), bilinear; 0 beyond the planes."""
    steps = (torch.arange(side, device=planes.device, dtype=planes.dtype) + 0.5) / side
    x, y = (boxes_px[:, k, None] + (boxes_px[:, k + 2] - boxes_px[:, k])[:, None] * steps for k in (0, 1))  # N, side
    at_px = torch.stack(torch.broadcast_tensors(x[:, None, :], y[:, :, None]), -1)  # N, side, side, 2
    at = norm_cells(at_px, planes.shape[2:], stride)
    return F.grid_sample(planes, at, padding_mode="zeros", align_corners=False)
