"""The crop network: the joints and the box of the one person about whom a window was cut.

The AGR network must find everybody anywhere; this one is told whom to look at, and by that where in the window the
person is and how large. It learns joints and their sides several times faster from the same pictures
(docs/explanation/training_the_detector.md), so that it answers the second look.

Axes: B windows, J joints, H W pixels (multiples of 32).
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from metricpose.models.agr_net import FeatureOptions, Features, conv

STRIDE = 4


@dataclass(frozen=True, kw_only=True)
class CropNetOptions(FeatureOptions):
    """Size of the crop network, 6.0 M parameters."""

    widths: tuple[int, int, int] = (96, 192, 256)
    heads: int = 4
    neck: tuple[int, int, int] = (64, 96, 128)
    joints: int = 26


class CropMaps(NamedTuple):
    """joint_logits (B, J, H/4, W/4), whose softmax over the cells says where the joint is; seen_logits (B, J);
    edge_logits (B, 4, H/4, W/4), whose softmax over the cells says where the left, top, right and bottom edges of the
    box of what is seen of the person are: summed over rows for left and right, over columns for top and bottom."""

    joint_logits: Tensor
    seen_logits: Tensor
    edge_logits: Tensor


class CropNet(Features):
    """See the module; `forward` takes windows (B, 3, H, W), RGB in [0, 1]."""

    def __init__(self, options: CropNetOptions | None = None) -> None:
        o = options or CropNetOptions()
        super().__init__(o)
        self.options = o
        self.refine = conv(o.neck[0], o.neck[0])
        self.joint_out = nn.Conv2d(o.neck[0], o.joints, 1)
        self.seen_out = nn.Linear(o.widths[2], o.joints)
        self.edge_out = nn.Conv2d(o.neck[0], 4, 1)
        nn.init.normal_(self.joint_out.weight, std=0.01)
        nn.init.normal_(self.edge_out.weight, std=0.01)

    def forward(self, windows: Tensor) -> CropMaps:
        y4, _, x32 = self.features(windows)
        y4 = self.refine(y4)
        return CropMaps(self.joint_out(y4), self.seen_out(x32.mean((2, 3))), self.edge_out(y4))


def boxes_of_edges(edge_logits: Tensor) -> Tensor:
    """Boxes (B, 4) px of the window: the medians of what `CropMaps.edge_logits` say, within a cell as if it were even.

    The mean of a distribution with two peaks lies on no edge; on crops of validation boxes with an IoU over 0.9 are
    40 % by medians and 30 % by means.
    """
    shares = edge_logits.float().flatten(2).softmax(-1).unflatten(2, edge_logits.shape[2:])
    across, down = _medians(shares[:, 0::2].sum(2)), _medians(shares[:, 1::2].sum(3))  # B, 2: left, right; top, bottom
    return torch.stack([across[:, 0], down[:, 0], across[:, 1], down[:, 1]], -1)


def _medians(shares: Tensor) -> Tensor:
    """(...) px along a side of the window, of shares (..., cells) with sum 1."""
    before = shares.cumsum(-1) - shares
    below = ((0.5 - before) / shares.clamp_min(1e-9)).clamp(0.0, 1.0)  # of each cell, what lies below the median
    return STRIDE * below.sum(-1) - 0.5
