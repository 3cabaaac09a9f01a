"""The crop network: the joints of the one person about whom a window was cut.

The AGR network must find everybody anywhere; this one is told whom to look at, and by that where in the window the
person is and how large. It learns joints and their sides several times faster from the same pictures
(docs/explanation/training_the_detector.md), so that it answers the second look.

Axes: B windows, J joints, H W pixels (multiples of 32).
"""

from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor, nn

from metricpose.models.agr_net import FeatureOptions, Features, conv


@dataclass(frozen=True, kw_only=True)
class CropNetOptions(FeatureOptions):
    """Size of the crop network, 6.0 M parameters."""

    widths: tuple[int, int, int] = (96, 192, 256)
    heads: int = 4
    neck: tuple[int, int, int] = (64, 96, 128)
    joints: int = 26


class CropMaps(NamedTuple):
    """joint_logits (B, J, H/4, W/4), whose softmax over the cells says where the joint is; seen_logits (B, J)."""

    joint_logits: Tensor
    seen_logits: Tensor


class CropNet(Features):
    """See the module; `forward` takes windows (B, 3, H, W), RGB in [0, 1]."""

    def __init__(self, options: CropNetOptions | None = None) -> None:
        o = options or CropNetOptions()
        super().__init__(o)
        self.options = o
        self.refine = conv(o.neck[0], o.neck[0])
        self.joint_out = nn.Conv2d(o.neck[0], o.joints, 1)
        self.seen_out = nn.Linear(o.widths[2], o.joints)
        nn.init.normal_(self.joint_out.weight, std=0.01)

    def forward(self, windows: Tensor) -> CropMaps:
        y4, _, x32 = self.features(windows)
        return CropMaps(self.joint_out(self.refine(y4)), self.seen_out(x32.mean((2, 3))))
