"""REN, the root estimation network: a gated volume of heatmaps to the places where people's roots are.

VirtualPose (ECCV 2022), 4.2: features by eq. (5), V2V, a heatmap of roots in space trained by eq. (6), and the peaks of
that. A candidate is kept for its score alone; the released code also asks whether truth is near.

Axes: B pictures, J joints, P people in 2D, X Y Z cells, N candidates of all pictures together.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from metricpose._errors import InputError
from metricpose.models.gated_cells import GatedCells
from metricpose.models.root_volume import RootVolumeOptions, root_volume
from metricpose.models.v2v import V2V, V2VOptions
from metricpose.models.volumes import Volume
from metricpose.models.voxel_input import VoxelInput


@dataclass(frozen=True, kw_only=True)
class RootNetOptions:
    """sigma_m: width of the depth gate, eq. (5). Candidates are the highest of their `nms_cells`^3 neighbours, higher
    than `least_score`, at most `most_people` of a picture."""

    volume: RootVolumeOptions = field(default_factory=RootVolumeOptions)
    net: V2VOptions = field(default_factory=V2VOptions)
    sigma_m: float = 0.2
    most_people: int = 10
    least_score: float = 0.3
    nms_cells: int = 3

    def __post_init__(self) -> None:
        if not self.sigma_m > 0:
            raise InputError(f"REN: expected sigma_m above 0 m, got {self.sigma_m}; the paper's is 0.2")
        if self.most_people < 1:
            raise InputError(f"REN: expected most_people of 1 or more, got {self.most_people}; raise it")
        if self.nms_cells < 1 or self.nms_cells % 2 == 0:
            raise InputError(f"REN: expected nms_cells to be odd, 1 or more, got {self.nms_cells}; 3 is usual")


class RootHeat(NamedTuple):
    """heat (B, X, Y, Z), near 1 at roots and 0 elsewhere but not bounded; and the volumes it fills."""

    heat: Tensor
    volumes: tuple[Volume, ...]


class Roots(NamedTuple):
    """N candidates, the surest of each picture first: picture (N,) index, roots_cam (N, 3) m, scores (N,) in [0, 1];
    boxes_px (N, 4) xyxy of the 2D people whose they are, where that is known."""

    picture: Tensor
    roots_cam: Tensor
    scores: Tensor
    boxes_px: Tensor | None = None


class RootNet(nn.Module):
    """See the module."""

    def __init__(self, joints: int, options: RootNetOptions | None = None) -> None:
        super().__init__()
        self.options = options or RootNetOptions()
        self.net = V2V(joints, 1, self.options.net)
        self.gated: Callable[..., Tensor] = GatedCells()

    def forward(self, seen: VoxelInput, depths_m: Tensor) -> RootHeat:
        """The heat of roots; depths_m (B, P), of the 2D people's roots as DE says."""
        volumes, features = [], []
        for number, camera in enumerate(seen.cameras):
            mine = seen.present[number]
            boxes, depths = seen.boxes_px[number][mine], depths_m[number][mine]
            volume = root_volume(self.options.volume, camera, seen.roots_px[number][mine], depths)
            maps = seen.joint_maps[number]
            features.append(self.gated(maps, seen.stride, camera, volume, boxes, depths, self.options.sigma_m))
            volumes.append(volume)
        return RootHeat(self.net(torch.stack(features))[:, 0], tuple(volumes))  # (B, J, X, Y, Z) -> (B, 1, X, Y, Z)

    def found(self, answer: RootHeat, seen: VoxelInput) -> Roots:
        """The peaks of `forward`'s answer; a picture in which nobody was seen has none."""
        somebody = seen.present.any(1)
        heat = answer.heat.detach().masked_fill(~somebody[:, None, None, None], -torch.inf)
        return found_roots(heat, answer.volumes, self.options)


def found_roots(heat: Tensor, volumes: tuple[Volume, ...], options: RootNetOptions) -> Roots:
    """Non-maximum suppression in space: cells of heat (B, X, Y, Z) that are the highest about them, and high enough."""
    size = options.nms_cells
    highest = F.max_pool3d(heat[:, None], size, 1, size // 2)[:, 0]
    scores = torch.where((heat == highest) & (heat > options.least_score), heat, -torch.inf).flatten(1)
    top = scores.topk(min(options.most_people, scores.shape[1]))  # B, at most most_people
    picture, rank = torch.isfinite(top.values).nonzero(as_tuple=True)
    offsets = options.volume.offsets(heat)[top.indices[picture, rank]]  # N, 3
    axes = torch.stack([volume.cam_from_axes for volume in volumes])[picture]
    centres = torch.stack([volume.centre_cam for volume in volumes])[picture]
    roots_cam = (axes @ offsets[..., None])[..., 0] + centres
    return Roots(picture, roots_cam, top.values[picture, rank].clamp(0, 1))
