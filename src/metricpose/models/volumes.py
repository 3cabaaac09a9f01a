"""Volumes of cells before a camera, and heatmaps seen through them.

VirtualPose (ECCV 2022), 4.2: space is cut into cells; a cell's features are the heatmaps at the pixel where the camera
sees the cell's centre, weighted by how well the cell's depth agrees with that of a person seen there, eq. (5).

Axes: C = X Y Z cells with z running fastest, J joints, P people, h w cells of the heatmaps. The axes of a volume are
those of the level frame (right, ahead, up), see `level_frame`, or of the world.
"""

from dataclasses import dataclass
from math import prod
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from metricpose._errors import InputError
from metricpose.geometry.camera import Camera


@dataclass(frozen=True, kw_only=True)
class VolumeOptions:
    """A box of `size_m` along right, ahead and up, cut into `cells`; a cell's centre stands for it."""

    size_m: tuple[float, float, float]
    cells: tuple[int, int, int]

    def __post_init__(self) -> None:
        if len(self.cells) != 3 or any(int(n) != n or n < 1 for n in self.cells):
            raise InputError(
                f"volume: expected three whole numbers of cells, 1 or more, got {self.cells}; say how many lie along "
                "right, ahead and up"
            )
        if len(self.size_m) != 3 or not all(0.0 < side < float("inf") for side in self.size_m):
            raise InputError(
                f"volume: expected three sides above 0 m, got {self.size_m}; give metres along right, ahead and up"
            )

    @property
    def cell_m(self) -> tuple[float, float, float]:
        """Sides of a cell."""
        x, y, z = (side / n for side, n in zip(self.size_m, self.cells, strict=True))
        return x, y, z

    @property
    def count(self) -> int:
        """Cells in all."""
        return prod(self.cells)

    def centres_along(self, axis: int, like: Tensor) -> Tensor:
        """Places (n,) m of the cells' centres along one axis, measured from the middle of the volume."""
        n, side = self.cells[axis], self.cell_m[axis]
        return (torch.arange(n, dtype=like.dtype, device=like.device) - (n - 1) / 2) * side

    def offsets(self, like: Tensor) -> Tensor:
        """(C, 3) m from the middle of the volume to each cell, along the volume's axes."""
        return torch.cartesian_prod(*(self.centres_along(axis, like) for axis in range(3))).reshape(-1, 3)


class Volume(NamedTuple):
    """A volume about centre_cam (3,) m; the columns of cam_from_axes (3, 3) are its axes in the camera frame."""

    options: VolumeOptions
    centre_cam: Tensor
    cam_from_axes: Tensor

    def cells_cam(self) -> Tensor:
        """Centres (C, 3) m of the cells in the camera frame."""
        return self.options.offsets(self.centre_cam) @ self.cam_from_axes.T + self.centre_cam


def seen_px(cells_cam: Tensor, camera: Camera) -> tuple[Tensor, Tensor]:
    """Where the camera sees cells (C, 3): pixels (C, 2), and whether they are in its picture (C,).

    A cell behind the camera, beyond what the lens model reaches, or out of the picture is not.
    """
    px, seen = camera.project(cells_cam)
    width, height = camera.image_size
    inside = (px > -0.5) & (px < px.new_tensor([width - 0.5, height - 0.5]))
    return px, seen & inside.all(-1)


def norm_cells(px: Tensor, map_size: torch.Size | tuple[int, int], stride: float) -> Tensor:
    """Pixels (..., 2) in `grid_sample`'s units (align_corners=False) for maps of (h, w) cells of `stride` px."""
    return 2 * (px + 0.5) / (stride * px.new_tensor([map_size[1], map_size[0]])) - 1


def sampled(joint_maps: Tensor, px: Tensor, stride: float) -> Tensor:
    """Heatmaps (J, h, w) at pixels (C, 2): (J, C), bilinear between the cells' centres, 0 beyond the outermost ones."""
    at = norm_cells(px, joint_maps.shape[1:], stride)[None, None]
    return F.grid_sample(joint_maps[None], at, padding_mode="zeros", align_corners=False)[0, :, 0]


def in_boxes(px: Tensor, boxes_px: Tensor) -> Tensor:
    """Whether pixels (C, 2) lie in boxes (P, 4) xyxy, edges included: (P, C)."""
    return ((px >= boxes_px[:, None, :2]) & (px <= boxes_px[:, None, 2:])).all(-1)


def feature_volume(
    joint_maps: Tensor, stride: float, camera: Camera, volume: Volume, box_px: Tensor | None = None
) -> Tensor:
    """PEN's features (J, X, Y, Z): every cell takes the heatmaps (J, h, w) where it is seen, whatever its depth; with
    box_px (4,) nothing outside it."""
    px, seen = seen_px(volume.cells_cam(), camera)
    if box_px is not None:
        seen = seen & in_boxes(px, box_px[None])[0]
    return (sampled(joint_maps, px, stride) * seen).unflatten(1, volume.options.cells)


def gated_volume(
    joint_maps: Tensor,
    stride: float,
    camera: Camera,
    volume: Volume,
    boxes_px: Tensor,
    depths_m: Tensor,
    sigma_m: float,
) -> Tensor:
    """REN's features (J, X, Y, Z), eq. (5) as it is written: heatmaps (J, h, w), boxes_px (P, 4), depths_m (P,).

    Where boxes overlap the paper does not say whose depth counts: ours is the person's to whom the cell fits best, so
    that the order of people does not matter. `gated_cells` computes the same faster.
    """
    cells_cam = volume.cells_cam()
    px, seen = seen_px(cells_cam, camera)
    weight = torch.zeros_like(cells_cam[:, 2])
    if len(boxes_px):
        gate = torch.exp(-((cells_cam[:, 2] - depths_m[:, None]) ** 2) / (2 * sigma_m**2))  # P, C
        weight = (gate * in_boxes(px, boxes_px)).amax(0) * seen
    return (sampled(joint_maps, px, stride) * weight).unflatten(1, volume.options.cells)
