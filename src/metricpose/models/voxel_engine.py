"""The second stage as something that turns 2D people and cameras into arrays. Used by `inference.voxel`, which is free
of torch itself."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from metricpose._errors import WeightsError
from metricpose.geometry.camera import Camera
from metricpose.models.fuse3d import fused_
from metricpose.models.ray_lifter_engine import device_named
from metricpose.models.voxel_answer import answered
from metricpose.models.voxel_calibration import VoxelCalibration
from metricpose.models.voxel_pose import VoxelPose
from metricpose.models.voxel_weights import loaded_voxel_pose
from metricpose.people.people2d import People2D

_PICTURES = 8  # at once; heatmaps and volumes of more would only fill the memory


class VoxelArrays(NamedTuple):
    """Of a picture's P people: joints_cam (P, J, 3) m, root_cam (P, 3) m, covered (P, J) bool, found (P,) bool, scores
    (P,) of REN, 0 where it found nobody; unclaimed: how many candidates are no 2D person's."""

    joints_cam: np.ndarray
    root_cam: np.ndarray
    covered: np.ndarray
    found: np.ndarray
    scores: np.ndarray
    unclaimed: int


class VoxelEngine:
    """Runs a second stage on one device, float32."""

    def __init__(
        self, stage: VoxelPose, calibration: VoxelCalibration, device: torch.device,
        facts: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self._stage = fused_(stage.eval()).to(device)
        self._device = device
        self.calibration = calibration
        self.facts = facts or {}
        self.volume_m = stage.options.pose.volume.size_m

    @classmethod
    def load(cls, path: Path, device: str | None = None) -> "VoxelEngine":
        """Weights from safetensors on `device`, or on a GPU where there is one.

        Raises WeightsError for the file, or one without a calibration; InputError for a device that is not there.
        """
        weights = loaded_voxel_pose(path)
        if weights.calibration is None:
            raise WeightsError(
                f"{path}: expected weights with a calibration, got none; use those that `metricpose train voxel_pose` "
                "writes at its end"
            )
        return cls(weights.stage, weights.calibration, device_named(device), weights.facts)

    @torch.inference_mode()
    def run(self, pictures: Sequence[tuple[People2D, Camera]]) -> list[VoxelArrays]:
        """Answers of pictures whose people have the network's joints."""
        parts = []
        for first in range(0, len(pictures), _PICTURES):
            people, cameras = zip(*pictures[first : first + _PICTURES], strict=True)
            parts += self._run(people, cameras)
        return parts

    def _run(self, people: Sequence[People2D], cameras: Sequence[Camera]) -> list[VoxelArrays]:
        options = self._stage.options
        got = answered(self._stage, options.picture.encoded(people, cameras, self._device))
        covered = got.outermost < options.covered_below
        columns = (got.joints_cam, got.root_cam, covered, got.found, got.scores)
        arrays = [column.cpu().numpy() for column in columns]
        return [
            VoxelArrays(*(array[row, : len(some)] for array in arrays), unclaimed=int(got.unclaimed[row]))
            for row, some in enumerate(people)
        ]
