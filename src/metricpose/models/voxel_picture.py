"""The picture that the second stage sees: people and cameras of any picture, fitted into one size, and encoded."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from metricpose._errors import InputError
from metricpose.agr.encode import encode
from metricpose.geometry.camera import Camera
from metricpose.models.voxel_input import VoxelInput
from metricpose.people.people2d import People2D


@dataclass(frozen=True, kw_only=True)
class PictureOptions:
    """size_px (w, h) of the picture that others are fitted into, and px per heatmap cell.

    The paper's are the defaults. The depth estimator knows people by their size in cells, so this belongs to a network.
    """

    size_px: tuple[int, int] = (960, 512)
    stride: int = 4

    def __post_init__(self) -> None:
        sides = (*self.size_px, self.stride)
        if len(self.size_px) != 2 or self.stride < 1 or any(side < 1 or side % self.stride for side in sides):
            raise InputError(
                f"picture: expected sides that are multiples of the stride, got {self.size_px} px and {self.stride} px;"
                " the paper's are (960, 512) and 4"
            )

    @property
    def map_size(self) -> tuple[int, int]:
        """(w, h) in cells."""
        return self.size_px[0] // self.stride, self.size_px[1] // self.stride

    def fitted(self, people: People2D, camera: Camera) -> tuple[People2D, Camera]:
        """The people and the camera of the picture resampled, as large as fits, to lie in the upper left of this one.

        Raises InputError where people and camera are of pictures of different sizes.
        """
        if tuple(people.image_size) != tuple(camera.image_size):
            raise InputError(
                f"picture: expected people and camera of one picture size, got {people.image_size} and "
                f"{camera.image_size}; use camera.resized or camera.cropped"
            )
        own = np.asarray(camera.image_size, dtype=np.float64)
        width, height = np.maximum(np.rint(own * np.min(np.asarray(self.size_px) / own)), 1).astype(int).tolist()
        scale = np.array([width, height]) / own

        def resampled(px: np.ndarray) -> np.ndarray:
            return (px + 0.5) * scale - 0.5

        moved = people.replaced(
            boxes_px=resampled(people.boxes_px.reshape(len(people), 2, 2)).reshape(len(people), 4),
            joints_px=resampled(people.joints_px),
            image_size=(width, height),
            masks=None,
        )
        return moved, camera.resized((width, height))

    def encoded(
        self,
        people: Sequence[People2D],
        cameras: Sequence[Camera],
        device: torch.device | str = "cpu",
    ) -> VoxelInput:
        """What the second stage sees of one or more pictures, their people (all of one skeleton) and their cameras."""
        fitted = [self.fitted(some, camera) for some, camera in zip(people, cameras, strict=True)]
        moved = [some for some, _ in fitted]
        maps = encode(moved, map_size=self.map_size, stride=self.stride).joint_maps
        joint_maps = torch.as_tensor(maps, device=device)
        return VoxelInput.of_people(joint_maps, self.stride, moved, [camera for _, camera in fitted])
