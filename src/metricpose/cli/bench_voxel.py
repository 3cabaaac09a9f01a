"""`metricpose bench voxel`: VirtualPose's second stage, from heatmaps to joints, plain and fast in turns.

With random weights of the paper's size, or a file's. Plain: the same maths as the paper writes it, see
`models.voxel_plain`.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from metricpose.cli.bench_lift import standing_people
from metricpose.cli.extras import needs_extra
from metricpose.cli.kept_memory import keep_memory
from metricpose.cli.timing import peak_mb
from metricpose.geometry.camera import Camera

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
    """Two rows for each number of people. Fast ones are called first, so that their peak of memory is their own."""
    with needs_extra("bench voxel", "train"):
        from metricpose.models.voxel_bench import StageUnderTest, gflop
    keep_memory()
    stage, camera = StageUnderTest(None if weights is None else Path(weights)), Camera.from_fov((1920, 1080), 60.0)
    calls = {count: stage.calls(standing_people(count, camera, seed=count), camera) for count in people}
    peaks = {count: (fast(), peak_mb())[1] for count, (_, fast) in calls.items()}
    for count, (plain, fast) in calls.items():
        seconds = _in_turns({"plain": plain, "fast": fast}, min(repeats, _MOST_REPEATS))
        plain_ms = 1e3 * float(np.median(seconds["plain"]))
        for name, call in (("plain", plain), ("fast", fast)):
            p10, median, p90 = np.percentile(np.array(seconds[name]) * 1e3, [10, 50, 90]).round(1).tolist()
            yield VoxelRow(
                name=f"voxel {name}", people=count, median_ms=median, p10_ms=p10, p90_ms=p90,
                times_faster=round(plain_ms / median, 2), gflop=round(gflop(call), 3),
                peak_mb=round(peaks[count] if name == "fast" else peak_mb(), 1),
            )  # fmt: skip


def _in_turns(calls: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(repeats + 1):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            if turn:  # the first is to warm up
                seconds[name].append(time.perf_counter() - start)
    return seconds
