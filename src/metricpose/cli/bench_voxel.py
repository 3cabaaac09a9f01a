"""`metricpose bench voxel`: VirtualPose's second stage, from heatmaps to joints, plain and fast in turns.

With random weights of the paper's size, or a file's. Plain: the same maths as the paper writes it, see
`models.voxel_plain`.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from metricpose._errors import MissingExtraError
from metricpose.cli.bench_lift import standing_people
from metricpose.cli.kept_memory import keep_memory
from metricpose.cli.timing import peak_mb
from metricpose.geometry.camera import Camera

if TYPE_CHECKING:
    from metricpose.models.voxel_pose import VoxelPose

_MOST_REPEATS = 5  # calls take seconds


@dataclass(frozen=True, kw_only=True)
class VoxelRow:
    """As `timing.Row`; times_faster: median of the plain stage over this one's; gflop of a call."""

    name: str
    people: int
    median_ms: float
    p10_ms: float
    p90_ms: float
    times_faster: float
    gflop: float
    peak_mb: float


def rows(people: tuple[int, ...], repeats: int, weights: str | None = None) -> Iterator[VoxelRow]:
    """Two rows for each number of people. Fast ones come first, so that their peak of memory is their own."""
    try:
        import torch

        from metricpose.models.fuse3d import fused_
        from metricpose.models.voxel_plain import plain
    except ImportError as error:
        raise MissingExtraError("bench voxel", "train") from error
    keep_memory()
    torch.manual_seed(0)
    stage = _stage(weights)
    slow, fast = plain(stage), fused_(stage.eval())
    peaks = {count: (_call(fast, count)(), peak_mb())[1] for count in people}
    for count in people:
        calls = {"plain": _call(slow, count), "fast": _call(fast, count)}
        seconds = _in_turns(calls, min(repeats, _MOST_REPEATS))
        plain_median = float(np.median(seconds["plain"]))
        for name, call in calls.items():
            p10, median, p90 = np.percentile(np.array(seconds[name]) * 1e3, [10, 50, 90]).round(1).tolist()
            yield VoxelRow(
                name=f"voxel {name}", people=count, median_ms=median, p10_ms=p10, p90_ms=p90,
                times_faster=round(1e3 * plain_median / median, 2), gflop=_gflop(call),
                peak_mb=round(peaks[count] if name == "fast" else peak_mb(), 1),
            )  # fmt: skip


def _stage(weights: str | None) -> "VoxelPose":
    from metricpose.models.voxel_pose import VoxelPose
    from metricpose.models.voxel_weights import loaded_voxel_pose

    return VoxelPose().eval() if weights is None else loaded_voxel_pose(Path(weights)).stage


def _call(stage: "VoxelPose", count: int) -> Callable[[], object]:
    import torch

    from metricpose.models.voxel_answer import answered

    camera = Camera.from_fov((1920, 1080), 60.0)
    seen = stage.options.picture.encoded([standing_people(count, camera, seed=count)], [camera])

    def call() -> object:
        with torch.inference_mode():
            return answered(stage, seen)

    return call


def _in_turns(calls: dict[str, Callable[[], object]], repeats: int) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(repeats + 1):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            if turn:  # the first is to warm up
                seconds[name].append(time.perf_counter() - start)
    return seconds


def _gflop(call: Callable[[], object]) -> float:
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        call()
    return round(counter.get_total_flops() / 1e9, 3)
