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
    """Boxes (B, 4) px of the window: the means of what `CropMaps.edge_logits` say."""
    shares = edge_logits.float().flatten(2).softmax(-1).unflatten(2, edge_logits.shape[2:])
    rows, columns = (STRIDE * torch.arange(n, device=shares.device) + (STRIDE - 1) / 2 for n in shares.shape[2:])
    x, y = (shares.sum(2) * columns).sum(-1), (shares.sum(3) * rows).sum(-1)  # B, 4
    return torch.stack([x[:, 0], y[:, 1], x[:, 2], y[:, 3]], -1)
