"""Timing for `metricpose bench`: rows of one schema, and what machine they were taken on."""

import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_LEAST_SECONDS = 0.3


@dataclass(frozen=True, kw_only=True)
class Row:
    """One measurement: `people` per call, percentiles of the time per call, people per second at the median."""

    name: str
    people: int
    median_ms: float
    p10_ms: float
    p90_ms: float
    per_second: float
    peak_mb: float


def measured(name: str, people: int, call: Callable[[], object], *, repeats: int) -> Row:
    """Time `call` at least `repeats` times and for at least 0.3 s, after a tenth of that to warm up."""
    for _ in range(max(2, repeats // 10)):
        call()
    seconds: list[float] = []
    while len(seconds) < repeats or sum(seconds) < _LEAST_SECONDS:
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    p10, median, p90 = np.percentile(np.array(seconds) * 1e3, [10, 50, 90])
    return Row(
        name=name,
        people=people,
        median_ms=round(float(median), 4),
        p10_ms=round(float(p10), 4),
        p90_ms=round(float(p90), 4),
        per_second=round(people / (float(median) / 1e3), 1),
        peak_mb=round(peak_mb(), 1),
    )


def peak_mb() -> float:
    """The most memory this process has held so far, in MB; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if platform.system() == "Darwin" else peak * 1024 / 1e6


def machine() -> dict[str, object]:
    """What the figures depend on."""
    from importlib.metadata import version

    return {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("metricpose", "numpy", "onnxruntime")},
    }


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
