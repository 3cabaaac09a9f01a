"""V2V: a small encoder-decoder of 3D convolutions, volumes of features to volumes of the same size.

Moon et al., "V2V-PoseNet" (CVPR 2018), figure 3 and section 5: basic, residual, downsampling and upsampling blocks, in
the layout that VoxelPose (Tu et al., ECCV 2020) and VirtualPose (ECCV 2022, 4.2 and 4.3) use for roots and for poses.

Axes: N volumes, X Y Z cells of any number; where a side is no multiple of 4, the last cells are pooled alone.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from metricpose._errors import InputError


@dataclass(frozen=True, kw_only=True)
class V2VOptions:
    """width: channels at full resolution, 32 in the papers; half as many before, up to 4 times as many later.
    front: side of the first convolution, 7 in the papers, where it is two thirds of a narrow network's time. stem: its
    channels, half of `width` if None; all joints have to pass through them."""

    width: int = 32
    front: int = 7
    stem: int | None = None

    def __post_init__(self) -> None:
        if self.width < 2 or self.width % 2:
            raise InputError(
                f"V2V width: expected an even number of channels, 2 or more, got {self.width}; round it up"
            )
        if self.front < 1 or self.front % 2 == 0:
            raise InputError(f"V2V front: expected an odd side, 1 or more, got {self.front}; the papers' is 7")
        if self.stem is not None and self.stem < 1:
            raise InputError(f"V2V stem: expected 1 channel or more, got {self.stem}; None is half of the width")


def basic_block(cin: int, cout: int, size: int) -> nn.Sequential:
    """Convolution, batch norm, ReLU."""
    return nn.Sequential(
        nn.Conv3d(cin, cout, size, padding=size // 2, bias=False), nn.BatchNorm3d(cout), nn.ReLU(inplace=True)
    )


def upsampling_block(cin: int, cout: int) -> nn.Sequential:
    """Deconvolution to twice the side, batch norm, ReLU."""
    return nn.Sequential(nn.ConvTranspose3d(cin, cout, 2, 2, bias=False), nn.BatchNorm3d(cout), nn.ReLU(inplace=True))


class ResidualBlock(nn.Module):
    """Two 3 x 3 x 3 convolutions and the way around them, 1 x 1 x 1 where the widths differ."""

    def __init__(self, cin: int, cout: int) -> None:
        super().__init__()
        self.first = basic_block(cin, cout, 3)
        self.second = nn.Sequential(nn.Conv3d(cout, cout, 3, padding=1, bias=False), nn.BatchNorm3d(cout))
        same = cin == cout
        self.around = (
            nn.Identity() if same else nn.Sequential(nn.Conv3d(cin, cout, 1, bias=False), nn.BatchNorm3d(cout))
        )

    def forward(self, x: Tensor) -> Tensor:
        return F.relu_(self.second(self.first(x)).add_(self.around(x)))


class V2V(nn.Module):
    """See the module; 3.3 million parameters at the papers' width, for 17 -> 1 and 17 -> 17 channels alike."""

    def __init__(self, cin: int, cout: int, options: V2VOptions | None = None) -> None:
        super().__init__()
        self.options = options or V2VOptions()
        w = self.options.width
        stem = self.options.stem or w // 2
        self.front = nn.Sequential(basic_block(cin, stem, self.options.front), ResidualBlock(stem, w))
        self.skip1, self.encode2 = ResidualBlock(w, w), ResidualBlock(w, 2 * w)
        self.skip2, self.encode4 = ResidualBlock(2 * w, 2 * w), ResidualBlock(2 * w, 4 * w)
        self.middle4, self.decode4 = ResidualBlock(4 * w, 4 * w), ResidualBlock(4 * w, 4 * w)
        self.up2, self.decode2 = upsampling_block(4 * w, 2 * w), ResidualBlock(2 * w, 2 * w)
        self.up1 = upsampling_block(2 * w, w)
        self.out = nn.Conv3d(w, cout, 1)
        nn.init.normal_(self.out.weight, std=0.001)  # an empty volume, and a flat one, are fair first answers
        assert self.out.bias is not None
        nn.init.zeros_(self.out.bias)

    def forward(self, volume: Tensor) -> Tensor:
        """(N, cin, X, Y, Z) -> (N, cout, X, Y, Z), unbounded numbers."""
        x1 = self.front(volume)  # N, w, X, Y, Z
        x2 = self.encode2(_halved(x1))  # N, 2w, X/2, Y/2, Z/2
        x4 = self.decode4(self.middle4(self.encode4(_halved(x2))))  # N, 4w, X/4, Y/4, Z/4
        y2 = self.decode2(_sum(self.skip2(x2), _fitted(self.up2(x4), x2)))
        y1 = _sum(self.skip1(x1), _fitted(self.up1(y2), x1))
        return self.out(y1)


def _sum(x: Tensor, y: Tensor) -> Tensor:
    """Into `x` where nothing is learnt: at full resolution a new tensor is 34 MB, and getting them takes time."""
    return x + y if torch.is_grad_enabled() else x.add_(y)


def _halved(x: Tensor) -> Tensor:
    return F.max_pool3d(x, 2, 2, ceil_mode=True)


def _fitted(x: Tensor, like: Tensor) -> Tensor:
    """Without the cells that rounding up in `_halved` added."""
    return x if x.shape[2:] == like.shape[2:] else x[:, :, : like.shape[2], : like.shape[3], : like.shape[4]]
