"""Eq. (5) of VirtualPose at the price of the few cells that it leaves: the fast twin of `volumes.gated_volume`.

Where cells are seen depends on the camera and the volume alone, and is remembered. Of those cells, the maps are read
only in the ones that lie in somebody's box and near that person's depth: some in a hundred.
"""

from collections import OrderedDict
from typing import NamedTuple

import torch
from torch import Tensor

from metricpose.geometry.camera import Camera
from metricpose.models.volumes import Volume, sampled, seen_px

_REACH = 5.0  # sigmas; beyond, a cell's weight is under exp(-12.5) = 4e-6, and counts as 0
_REMEMBERED = 8  # cameras; some megabytes each


class SeenCells(NamedTuple):
    """The V cells of a volume that the camera sees: index (V,) among all, px (V, 2), depth_m (V,); nearest first."""

    index: Tensor
    px: Tensor
    depth_m: Tensor


def seen_cells(volume: Volume, camera: Camera) -> SeenCells:
    """Projects the volume's cells, and sorts those in the picture by depth."""
    with torch.no_grad():
        cells_cam = volume.cells_cam()
        px, seen = seen_px(cells_cam, camera)
        index = seen.nonzero()[:, 0]
        index = index[cells_cam[index, 2].argsort()]
        return SeenCells(index, px[index], cells_cam[index, 2].contiguous())


class GatedCells:
    """`gated_volume` with a memory of the cameras it met last; a memory is all it holds."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[object, ...], SeenCells] = OrderedDict()

    def __call__(
        self, joint_maps: Tensor, stride: float, camera: Camera, volume: Volume,
        boxes_px: Tensor, depths_m: Tensor, sigma_m: float,
    ) -> Tensor:  # fmt: skip
        """Features (J, X, Y, Z); arguments as `gated_volume` has them."""
        features = joint_maps.new_zeros(len(joint_maps), volume.options.count)
        if len(boxes_px):
            cells = self.seen_cells(volume, camera)
            weight = gate_weights(cells, boxes_px, depths_m, sigma_m)
            lit = weight.detach().nonzero()[:, 0]
            values = sampled(joint_maps, cells.px[lit], stride) * weight[lit]
            features = features.index_copy(1, cells.index[lit], values)
        return features.unflatten(1, volume.options.cells)

    def seen_cells(self, volume: Volume, camera: Camera) -> SeenCells:
        """From memory if this camera was met before with the same volume."""
        key = _key(volume, camera)
        if key not in self._seen:
            self._seen[key] = seen_cells(volume, camera)
            while len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)
        self._seen.move_to_end(key)
        return self._seen[key]


def gate_weights(cells: SeenCells, boxes_px: Tensor, depths_m: Tensor, sigma_m: float) -> Tensor:
    """The weight (V,) of each seen cell: its best person's, 0 outside all boxes and beyond the gate's reach."""
    reach = _REACH * sigma_m
    edges = torch.stack([depths_m - reach, depths_m + reach]).detach().contiguous()
    first, last = torch.searchsorted(cells.depth_m, edges).tolist()
    where, weights = [], []
    for box, depth, low, high in zip(boxes_px, depths_m, first, last, strict=True):
        px = cells.px[low:high]
        inside = ((px >= box[:2]) & (px <= box[2:])).all(-1).nonzero()[:, 0] + low
        where.append(inside)
        weights.append(torch.exp(-((cells.depth_m[inside] - depth) ** 2) / (2 * sigma_m**2)))
    return torch.zeros_like(cells.depth_m).scatter_reduce(0, torch.cat(where), torch.cat(weights), "amax")


def _key(volume: Volume, camera: Camera) -> tuple[object, ...]:
    """What decides where cells are seen, by value: a video's frames may each bring a camera of their own."""
    pose = torch.cat([volume.centre_cam[None], volume.cam_from_axes]).cpu().numpy().tobytes()
    lens = camera.intrinsics_px.tobytes(), camera.image_size, camera.distortion
    return volume.options.size_m, volume.options.cells, pose, lens, volume.centre_cam.dtype, volume.centre_cam.device
