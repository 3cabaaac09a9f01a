"""A small MeTRAbs (Sarandi et al., T-BIOM 2021): a window on one person to points in metres, in the camera frame.

A crop network, which is not trained on, sees the window; the layers above it learn. Two heat maps for each point: one
over the window, which says where the point is seen, and one over a cube of metres about the person, which has room for
points that are beyond the window's edge. Least squares on the rays (`ray_position`) then says where the cube stands,
from the points that are in the window alone.

Axes: B windows, P points, S px of a window; frame: the camera's.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from metricpose.models.agr_net import Attention, conv
from metricpose.models.crop_net import CropNet, CropNetOptions
from metricpose.models.ray_position import ray_position

_CELL_PX = 16
_MAP_SCALE = 64.0  # a joint that is sure to be in one cell then is as strong as a feature


@dataclass(frozen=True, kw_only=True)
class MetrabsOptions(CropNetOptions):
    """Size of the network; the body is a crop network.

    points: P; trunk: channels of the trained layers; layers: of attention; depth_cells: of the cube's depth; side_m: of
    the cube.
    """

    points: int = 17
    trunk: int = 128
    layers: int = 3
    depth_cells: int = 8
    side_m: float = 2.4


class Seen(NamedTuple):
    """Points of each window: px (B, P, 2) in it; relative (B, P, 3) m up to a shift; position (B, 3) m, that shift;
    norm (B, P, 2), px on the plane z = 1; within (B, P) bool, whose px is in the window."""

    px: Tensor
    relative: Tensor
    position: Tensor
    norm: Tensor
    within: Tensor

    @property
    def depths(self) -> Tensor:
        """(B, P) m."""
        return self.relative[..., 2] + self.position[:, None, 2]

    @property
    def points_cam(self) -> Tensor:
        """(B, P, 3) m: on its ray where a point is seen in the window, else as the cube has it."""
        on_ray = torch.cat([self.norm * self.depths[..., None], self.depths[..., None]], -1)
        return torch.where(self.within[..., None], on_ray, self.relative + self.position[:, None])


class MetrabsNet(nn.Module):
    """See the module. `forward` takes what `look` makes of windows: the body is not trained, and runs once for each."""

    def __init__(self, options: MetrabsOptions | None = None) -> None:
        super().__init__()
        o = self.options = options or MetrabsOptions()
        self.body = CropNet(o)
        self.body.requires_grad_(False)
        self.enter = conv(o.neck[1] + o.joints, o.trunk, stride=2)
        self.attention = nn.Sequential(*(Attention(o.trunk, o.heads) for _ in range(o.layers)))
        self.points_out = nn.Conv2d(o.trunk, o.points * (1 + o.depth_cells), 1)
        nn.init.normal_(self.points_out.weight, std=0.01)

    @torch.no_grad()
    def look(self, windows: Tensor) -> Tensor:
        """(B, neck[1] + joints, S/8, S/8) of windows (B, 3, S, S), RGB in [0, 1]: features and joint maps."""
        training, body = self.body.training, self.body.eval()
        y4, y8, _ = body.features(windows)
        logits = body.joint_out(body.refine(y4)).flatten(2)
        maps = logits.softmax(-1).unflatten(2, y4.shape[2:])
        body.train(training)
        return torch.cat([y8, _MAP_SCALE * nn.functional.avg_pool2d(maps, 2)], 1)

    def forward(self, seen8: Tensor, focal_px: Tensor, centre_px: Tensor) -> Seen:
        """Of `look`'s answer for windows by cameras with focal_px (B,) and principal points centre_px (B, 2)."""
        o, size = self.options, _CELL_PX // 2 * seen8.shape[-1]
        logits = self.points_out(self.attention(self.enter(seen8))).float()  # B, P (1 + D), S/16, S/16
        logits = logits.unflatten(1, (o.points, 1 + o.depth_cells))
        px = (mean_place(logits[:, :, :1])[..., :2] + 1) * (size / 2) - 0.5
        relative = widened(mean_place(logits[:, :, 1:]), logits.shape[-1], o.depth_cells) * (o.side_m / 2)
        within = ((px > _CELL_PX - 0.5) & (px < size - 0.5 - _CELL_PX)).all(-1)
        norm = (px - centre_px[:, None]) / focal_px[:, None, None]
        position = ray_position(relative, norm, within.float())
        return Seen(px, relative, position, norm, within)


def mean_place(logits: Tensor) -> Tensor:
    """(B, P, 3) mean x, y, z in (-1, 1) under the softmax of logits (B, P, D, H, W) over the cells' middles."""
    depth, rows, columns = logits.shape[2:]
    share = logits.flatten(2).softmax(-1).unflatten(2, (depth, rows, columns))
    planes = share.sum(2)
    along = (planes.sum(2), planes.sum(3), share.sum((3, 4)))
    return torch.stack([mass @ cells(mass.shape[-1], mass) for mass in along], -1)


def cells(count: int, like: Tensor) -> Tensor:
    """(count,) middles of equal cells of (-1, 1)."""
    return (torch.arange(count, dtype=like.dtype, device=like.device) + 0.5) * (2 / count) - 1


def widened(place: Tensor, sides: int, depth: int) -> Tensor:
    """Places (B, P, 3) of `mean_place`, moved so that the outermost cells' middles lie on -1 and 1."""
    return place * place.new_tensor([n / max(1, n - 1) for n in (sides, sides, depth)])
