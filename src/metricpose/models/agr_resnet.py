"""The AGR network of the paper: ResNet and deconvolutions (VirtualPose, ECCV 2022, 3.1 and its supplement; Xiao et al.,
ECCV 2018), with the same maps as the compact network, so that one encoder, loss and decoder serve both.

The paper uses ResNet-152 and pictures of 960 x 512; torchvision's names of the backbone's weights are kept, so that
initial weights from ImageNet in that form load strictly (`load_backbone`). None are shipped.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from metricpose._errors import InputError, WeightsError
from metricpose.models.agr_net import AgrMaps, named_maps

_MEAN, _SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # what ImageNet's weights expect
_STAGES: Mapping[int, tuple[int, int, int, int]] = {18: (2, 2, 2, 2), 50: (3, 4, 6, 3), 152: (3, 8, 36, 3)}
_WIDTH = 256  # of the deconvolutions
_FIRST_LOGIT = -4.0


@dataclass(frozen=True, kw_only=True)
class AgrResNetOptions:
    """Depth 18, 50 or 152."""

    joints: int = 26
    depth: int = 152

    def __post_init__(self) -> None:
        if self.depth not in _STAGES:
            raise InputError(f"AgrResNet: expected a depth of {', '.join(map(str, _STAGES))}, got {self.depth}")


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions and the way around them (He et al. 2016)."""

    expansion = 1

    def __init__(self, cin: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(cin, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width)
        self.downsample = _shortcut(cin, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class Bottleneck(nn.Module):
    """1 x 1, 3 x 3, 1 x 1, and the way around; the stride is in the 3 x 3, as in torchvision."""

    expansion = 4

    def __init__(self, cin: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(cin, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, 4 * width, 1, bias=False), nn.BatchNorm2d(4 * width)
        self.downsample = _shortcut(cin, 4 * width, stride)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


def _shortcut(cin: int, cout: int, stride: int) -> nn.Sequential | None:
    if stride == 1 and cin == cout:
        return None
    return nn.Sequential(nn.Conv2d(cin, cout, 1, stride, bias=False), nn.BatchNorm2d(cout))


class AgrResNet(nn.Module):
    """See the module; `forward` takes pictures (B, 3, H, W), RGB in [0, 1], H and W multiples of 32."""

    mean: Tensor
    spread: Tensor

    def __init__(self, options: AgrResNetOptions | None = None) -> None:
        super().__init__()
        self.options = o = options or AgrResNetOptions()
        self.register_buffer("mean", torch.tensor(_MEAN)[:, None, None], persistent=False)
        self.register_buffer("spread", torch.tensor(_SPREAD)[:, None, None], persistent=False)
        block = BasicBlock if o.depth == 18 else Bottleneck
        self.conv1, self.bn1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64)
        cin = 64
        for number, count in enumerate(_STAGES[o.depth]):
            width = 64 * 2**number
            blocks = []
            for index in range(count):
                blocks.append(block(cin, width, 2 if number and index == 0 else 1))
                cin = width * block.expansion
            self.add_module(f"layer{number + 1}", nn.Sequential(*blocks))
        self.deconvolutions = nn.ModuleList([_doubling(cin if k == 0 else _WIDTH) for k in range(3)])
        self.person_out = nn.Conv2d(_WIDTH, 4 + 3 * o.joints, 1)
        self.map_out = nn.Conv2d(_WIDTH, o.joints + 2, 1)
        nn.init.normal_(self.map_out.weight, std=0.001)
        assert self.map_out.bias is not None
        nn.init.constant_(self.map_out.bias, _FIRST_LOGIT)

    def forward(self, pictures: Tensor) -> AgrMaps:
        x = F.relu(self.bn1(self.conv1((pictures - self.mean) / self.spread)))
        x = F.max_pool2d(x, 3, 2, 1)  # B, 64, H/4, W/4
        for number in range(1, 5):
            x = self.get_submodule(f"layer{number}")(x)
        x16 = self.deconvolutions[0](x)  # B, 256, H/16, W/16
        x8 = self.deconvolutions[1](x16)
        maps = self.map_out(self.deconvolutions[2](x8))  # B, J + 2, H/4, W/4
        person = self.person_out(x8)  # B, 4 + 3 J, H/8, W/8
        return named_maps(maps, person, self.options.joints)

    def load_backbone(self, path: Path) -> None:
        """Initial weights of the backbone from safetensors with torchvision's names; its classifier is left out.

        Raises WeightsError where a tensor is missing, left over, or of another shape.
        """
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            tensors = {name: value for name, value in load_file(path).items() if not name.startswith("fc.")}
        except (OSError, SafetensorError) as error:
            raise WeightsError(
                f"{path}: expected safetensors of a ResNet, got a file that does not load ({error})"
            ) from error
        own: dict[str, Any] = {
            name: value
            for name, value in self.state_dict().items()
            if not name.startswith(("deconvolutions", "person_out", "map_out"))
        }
        counters = {name: value for name, value in own.items() if name.endswith("num_batches_tracked")}
        tensors = counters | tensors
        wrong = sorted(set(own) ^ set(tensors)) or sorted(n for n in own if own[n].shape != tensors[n].shape)
        if wrong:
            raise WeightsError(
                f"{path}: expected the weights of ResNet-{self.options.depth}, got others; the first that does not "
                f"fit: {wrong[0]}"
            )
        self.load_state_dict(self.state_dict() | tensors, strict=True)


def _doubling(cin: int) -> nn.Sequential:
    return nn.Sequential(
        nn.ConvTranspose2d(cin, _WIDTH, 4, 2, 1, bias=False), nn.BatchNorm2d(_WIDTH), nn.ReLU(inplace=True)
    )
