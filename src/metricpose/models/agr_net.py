"""The compact AGR network: a picture to the maps of the abstract geometry representation, for many people at once.

CenterNet (Zhou et al. 2019) in form: peaks say where people and joints are, and at each person's anchor the network
says the box, the way from the anchor to every joint, and which joints are seen. VirtualPose (ECCV 2022, 3.1) has the
joint maps and boxes; offsets, visibility and the person mask are added, the last being that paper's own future work.

Axes: B pictures, J joints, H W pixels (multiples of 32). A few self-attention layers at stride 32 let every part of the
picture know the others: which limb is the left one is told by the face and the toes, not by the limb.
"""

from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional as F

from metricpose.models.mix_style import MixStyle

UNIT_PX = 32.0
"""What one unit of the layers behind `box_sides` and `joint_offsets` stands for."""
_MEAN, _SPREAD = 0.45, 0.25  # of everyday pictures, values in [0, 1]
_FIRST_LOGIT = -4.0  # few cells hold a peak


@dataclass(frozen=True, kw_only=True)
class FeatureOptions:
    """Size of a network: channels and residual blocks at strides 8, 16 and 32, attention layers, the neck."""

    stem: tuple[int, int] = (32, 48)
    widths: tuple[int, int, int] = (96, 192, 320)
    blocks: tuple[int, int, int] = (1, 2, 2)
    attention_layers: int = 2
    heads: int = 5
    neck: tuple[int, int, int] = (64, 96, 160)
    mix_style: float = 0.0  # share of the batches of training whose pictures exchange styles


@dataclass(frozen=True, kw_only=True)
class AgrNetOptions(FeatureOptions):
    """Size of the AGR network."""

    joints: int = 26


class AgrMaps(NamedTuple):
    """What the network says; maps at stride 4 are logits.

    joint_logits (B, J, H/4, W/4), anchor_logits (B, 1, H/4, W/4), mask_logits (B, 1, H/4, W/4);
    box_sides (B, 4, H/8, W/8) px from the anchor to left, top, right, bottom;
    joint_offsets (B, 2J, H/8, W/8) px from the anchor: x and y of the first joint, of the second, ...;
    visible_logits (B, J, H/8, W/8).
    """

    joint_logits: Tensor
    anchor_logits: Tensor
    mask_logits: Tensor
    box_sides: Tensor
    joint_offsets: Tensor
    visible_logits: Tensor


def conv(cin: int, cout: int, size: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolution, batch norm, ReLU."""
    return nn.Sequential(
        nn.Conv2d(cin, cout, size, stride, size // 2, bias=False), nn.BatchNorm2d(cout), nn.ReLU(inplace=True)
    )


class Block(nn.Module):
    """relu(x + BN(conv(relu(BN(conv(x)))))), He et al. 2016."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = conv(width, width)
        norm = nn.BatchNorm2d(width)
        nn.init.zeros_(norm.weight)  # starts as the identity
        self.second = nn.Sequential(nn.Conv2d(width, width, 3, 1, 1, bias=False), norm)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.second(self.first(x)))


class Attention(nn.Module):
    """One pre-norm transformer layer over all cells; a depth-wise convolution tells cells where they are."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.place = nn.Conv2d(width, width, 3, padding=1, groups=width)
        self.norm_in, self.norm_hidden = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.hidden = nn.Sequential(nn.Linear(width, 2 * width), nn.ReLU(inplace=True), nn.Linear(2 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        _, width, rows, columns = x.shape
        x = x + self.place(x)
        tokens = x.flatten(2).transpose(1, 2)  # B, rows * columns, width
        q, k, v = (
            self.qkv(self.norm_in(tokens)).unflatten(-1, (3, self.heads, width // self.heads)).permute(2, 0, 3, 1, 4)
        )
        mixed = F.scaled_dot_product_attention(q, k, v)  # B, heads, rows * columns, width / heads
        tokens = tokens + self.out(mixed.transpose(1, 2).flatten(2))
        tokens = tokens + self.hidden(self.norm_hidden(tokens))
        return tokens.transpose(1, 2).unflatten(2, (rows, columns))


class Features(nn.Module):
    """What every head reads: features at strides 4, 8 and 32 of pictures (B, 3, H, W), RGB in [0, 1]."""

    def __init__(self, o: FeatureOptions) -> None:
        super().__init__()
        self.stem = nn.Sequential(conv(3, o.stem[0], stride=2), conv(o.stem[0], o.stem[1], stride=2))
        stages, width = [], o.stem[1]
        for wide, blocks in zip(o.widths, o.blocks, strict=True):
            stages.append(nn.Sequential(conv(width, wide, stride=2), *(Block(wide) for _ in range(blocks))))
            width = wide
        self.stages = nn.ModuleList(stages)
        self.mix_style = MixStyle(o.mix_style)
        self.attention = nn.Sequential(*(Attention(width, o.heads) for _ in range(o.attention_layers)))
        near, middle, far = o.neck
        self.lateral32, self.lateral16 = nn.Conv2d(o.widths[2], far, 1), nn.Conv2d(o.widths[1], far, 1)
        self.merge16 = conv(far, far)
        self.narrow16, self.lateral8 = nn.Conv2d(far, middle, 1), nn.Conv2d(o.widths[0], middle, 1)
        self.merge8 = conv(middle, middle)
        self.narrow8, self.lateral4 = nn.Conv2d(middle, near, 1), nn.Conv2d(o.stem[1], near, 1)
        self.merge4 = conv(near, near)

    def features(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, neck[0], H/4, W/4), (B, neck[1], H/8, W/8), (B, widths[2], H/32, W/32)."""
        x4, x8 = self.early(pictures)
        y8, x32 = self.middle(x8)
        return self.merge4(_doubled(self.narrow8(y8)) + self.lateral4(x4)), y8, x32

    def early(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """The first layers: (B, stem[1], H/4, W/4), (B, widths[0], H/8, W/8)."""
        x4 = self.mix_style(self.stem((pictures - _MEAN) / _SPREAD))
        return x4, self.mix_style(self.stages[0](x4))

    def middle(self, x8: Tensor) -> tuple[Tensor, Tensor]:
        """Down to stride 32 and up again: (B, neck[1], H/8, W/8), (B, widths[2], H/32, W/32)."""
        x16 = self.stages[1](x8)
        x32 = self.attention(self.stages[2](x16))
        y16 = self.merge16(_doubled(self.lateral32(x32)) + self.lateral16(x16))
        return self.merge8(_doubled(self.narrow16(y16)) + self.lateral8(x8)), x32


class AgrNet(Features):
    """See the module; `forward` takes pictures (B, 3, H, W), RGB in [0, 1]."""

    def __init__(self, options: AgrNetOptions | None = None) -> None:
        o = options or AgrNetOptions()
        super().__init__(o)
        self.options = o
        near, middle, _ = o.neck
        self.person = conv(middle, middle)
        self.person_out = nn.Conv2d(middle, 4 + 3 * o.joints, 1)
        self.map_out = nn.Conv2d(near, o.joints + 2, 1)
        nn.init.normal_(self.map_out.weight, std=0.01)
        nn.init.constant_(self.map_out.bias, _FIRST_LOGIT)  # type: ignore[arg-type]

    def forward(self, pictures: Tensor) -> AgrMaps:
        joints = self.options.joints
        y4, y8, _ = self.features(pictures)
        person = self.person_out(self.person(y8))  # B, 4 + 3 J, H/8, W/8
        maps = self.map_out(y4)  # B, J + 2, H/4, W/4
        return named_maps(maps, person, joints)


def named_maps(maps: Tensor, person: Tensor, joints: int) -> AgrMaps:
    """Channels by name: maps (B, J + 2, H/4, W/4), person (B, 4 + 3 J, H/8, W/8) in units of `UNIT_PX`."""
    return AgrMaps(
        joint_logits=maps[:, :joints],
        anchor_logits=maps[:, joints : joints + 1],
        mask_logits=maps[:, joints + 1 :],
        box_sides=person[:, :4] * UNIT_PX,
        joint_offsets=person[:, 4 : 4 + 2 * joints] * UNIT_PX,
        visible_logits=person[:, 4 + 2 * joints :],
    )


def _doubled(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


def parameter_count(net: nn.Module) -> int:
    """Numbers that are learnt."""
    return sum(parameter.numel() for parameter in net.parameters())
