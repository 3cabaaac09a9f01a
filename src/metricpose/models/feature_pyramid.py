"""A feature pyramid: planes of a picture to features at half their resolution that have seen all of it.

A residual network in four stages (He et al., CVPR 2016, basic blocks), and the way back to the first stage's resolution
by a feature pyramid (Lin et al., CVPR 2017). Planes are heatmaps, already small, or colours: nothing is pooled after
the first convolution.

Axes: B pictures, C planes, h w cells of the planes (any number).
"""

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F

from metricpose._errors import InputError
from metricpose.models.agr_net import conv
from metricpose.models.agr_resnet import BasicBlock


@dataclass(frozen=True, kw_only=True)
class FeaturePyramidOptions:
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


class FeaturePyramid(nn.Module):
    """See the module; `features` takes planes (B, C, h, w)."""

    def __init__(self, planes: int, options: FeaturePyramidOptions) -> None:
        super().__init__()
        self.options = o = options
        self.stem = conv(planes, o.widths[0], 7, 2)
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

    def features(self, planes: Tensor) -> Tensor:
        """(B, neck, h/2, w/2)."""
        x = self.stem(planes)  # B, widths[0], h/2, w/2
        levels = []
        for stage, lateral in zip(self.stages, self.laterals, strict=True):
            x = stage(x)  # h/2, h/4, h/8, h/16
            levels.append(lateral(x))
        y = levels.pop()
        for level, merge in zip(reversed(levels), reversed(list(self.merges)), strict=True):
            y = merge(level + F.interpolate(y, size=level.shape[2:], mode="nearest"))
        return y
