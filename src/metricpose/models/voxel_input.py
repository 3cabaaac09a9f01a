"""What the second stage sees of B pictures: heatmaps, who is where in 2D, and the cameras. No truth."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor

from metricpose._errors import InputError
from metricpose.agr.encode import roots_px
from metricpose.geometry.camera import Camera
from metricpose.people.people2d import People2D


@dataclass(frozen=True, kw_only=True, eq=False)
class VoxelInput:
    """Pictures padded to P people each; P = 0, and pictures without anybody, are ordinary.

    joint_maps (B, J, h, w) in [0, 1], cells of `stride` px; boxes_px (B, P, 4) xyxy; roots_px (B, P, 2), where DE's map
    is read, in the picture or not; present (B, P) bool; cameras: B of them, in the pixels that the maps were made from.

    Raises InputError where the shapes do not agree, or a camera's picture is larger than the maps.
    """

    joint_maps: Tensor
    stride: float
    boxes_px: Tensor
    roots_px: Tensor
    present: Tensor
    cameras: tuple[Camera, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "cameras", tuple(self.cameras))
        if self.joint_maps.ndim != 4:
            raise InputError(f"voxel input: expected joint_maps (B, J, h, w), got {tuple(self.joint_maps.shape)}")
        pictures, people = len(self.joint_maps), self.boxes_px.shape[1] if self.boxes_px.ndim == 3 else "P"
        expected = {"boxes_px": (pictures, people, 4), "roots_px": (pictures, people, 2), "present": (pictures, people)}
        for name, shape in expected.items():
            got = tuple(getattr(self, name).shape)
            if got != shape:
                raise InputError(f"voxel input: expected {name} of shape {shape} to fit joint_maps, got {got}; pad it")
        if len(self.cameras) != pictures:
            raise InputError(f"voxel input: expected a camera for each of {pictures} pictures, got {len(self.cameras)}")
        for camera in self.cameras:
            self._check_covered(camera.image_size)

    def _check_covered(self, image_size: tuple[int, int]) -> None:
        height, width = self.joint_maps.shape[2:]
        covered = int(width * self.stride), int(height * self.stride)
        # A picture may end within the last cell, and be padded; it may not be another size's.
        if any(size >= most + self.stride for size, most in zip(image_size, covered, strict=True)):
            raise InputError(
                f"voxel input: expected cameras of pictures up to {covered[0]} x {covered[1]}, as the maps cover, got "
                f"{image_size[0]} x {image_size[1]}; pass camera.resized(...) of the picture that the network saw"
            )

    @classmethod
    def of_people(
        cls, joint_maps: Tensor, stride: float, people: Sequence[People2D], cameras: Sequence[Camera]
    ) -> Self:
        """Heatmaps, and the 2D people of each picture in the same pixels; a root that is out of the picture is read at
        the nearest place in the visible part of the box, as in `AGR.anchor_map`.

        Raises InputError for another number of people's pictures than maps, and as the class does.
        """
        if len(people) != len(joint_maps):
            raise InputError(f"voxel input: expected people of {len(joint_maps)} pictures, got {len(people)}")
        most = max((len(some) for some in people), default=0)
        boxes, roots = np.zeros((len(people), most, 4), np.float32), np.zeros((len(people), most, 2), np.float32)
        present = np.zeros((len(people), most), bool)
        for row, some in enumerate(people):
            boxes[row, : len(some)], roots[row, : len(some)] = some.boxes_px, _roots_in_view(some)
            present[row, : len(some)] = True
        tensors = (torch.as_tensor(value, device=joint_maps.device) for value in (boxes, roots, present))
        boxes_px, at_px, there = tensors
        return cls(
            joint_maps=joint_maps, stride=stride, boxes_px=boxes_px, roots_px=at_px, present=there,
            cameras=tuple(cameras),
        )  # fmt: skip


def _roots_in_view(people: People2D) -> np.ndarray:
    roots, last = roots_px(people), np.asarray(people.image_size, np.float32) - 1
    low, high = (np.clip(people.boxes_px[:, ends], 0, last) for ends in (slice(0, 2), slice(2, 4)))
    outside = ((roots < 0) | (roots > last)).any(axis=1, keepdims=True)
    return np.where(outside, np.clip(roots, low, high), roots)
