"""A second stage as calls to be timed: plain and fast, on the same people. Used by `metricpose bench voxel`, which is
free of torch itself."""

from collections.abc import Callable
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from metricpose.geometry.camera import Camera
from metricpose.models.fuse3d import fused_
from metricpose.models.voxel_answer import SeenPeople, answered
from metricpose.models.voxel_plain import plain
from metricpose.models.voxel_pose import VoxelPose
from metricpose.models.voxel_weights import loaded_voxel_pose
from metricpose.people.people2d import People2D

Call = Callable[[], SeenPeople]


class StageUnderTest:
    """The stage of a file, or one of the paper's size with random weights."""

    def __init__(self, weights: Path | None = None) -> None:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            stage = VoxelPose().eval() if weights is None else loaded_voxel_pose(weights).stage
        self._plain = plain(stage)
        self._fast = fused_(stage)

    def calls(self, people: People2D, camera: Camera) -> tuple[Call, Call]:
        """The plain call and the fast one: heatmaps, ready, to joints."""
        seen = self._fast.options.picture.encoded([people], [camera])

        def call(stage: VoxelPose) -> Call:
            def timed() -> SeenPeople:
                with torch.inference_mode():
                    return answered(stage, seen)

            return timed

        return call(self._plain), call(self._fast)


def gflop(call: Call) -> float:
    """Of one call."""
    with FlopCounterMode(display=False) as counter:
        call()
    return counter.get_total_flops() / 1e9
