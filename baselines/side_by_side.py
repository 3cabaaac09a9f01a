"""All methods on the same pictures, judged alike: one row of figures for each, or the reason why it was not run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from baselines import formulas
from baselines.mediapipe_pnp import MediapipePnp
from baselines.oracle import StatureBlindOracle
from baselines.protocol import Baseline
from metricpose.evaluation import Report, evaluate
from metricpose.evaluation.report import Figure
from metricpose.evaluation.strict import clustered_mean
from metricpose.geometry.camera import Camera
from metricpose.inference import RayLifter
from metricpose.people.people2d import People2D
from metricpose.people.people3d import People3D

FIGURES = ("mrpe", "mrpe_z_percent", "mpjpe", "pa_mpjpe", "pck_abs_all")
OF_POSES = frozenset(("mpjpe", "pa_mpjpe", "pck_abs_all"))
"""What means nothing of a method that gives the root alone."""
MLP, MEDIAPIPE, ORACLE = "SimpleBaseline MLP", "MediaPipe world landmarks, PnP", "stature-blind oracle"


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """One picture: its camera with extrinsics, what a detector saw, what is true.

    cluster: what is independent of the others: the picture itself, or a view of one clip. statures: (P,) m of the true
    people where known; world_m: (P, 33, 3) m of the seen people where MediaPipe saw them.
    """

    name: str
    cluster: str
    camera: Camera
    seen: People2D
    truth: People3D
    statures: np.ndarray | None = None
    world_m: np.ndarray | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Entry:
    """A method's people for each case, or why there are none."""

    method: str
    people: Sequence[People3D] | None = None
    poses: bool = True
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of the table; figures by key of evaluation.METRICS, None for those that mean nothing of the method."""

    method: str
    reason: str = ""
    people: int = 0
    missed: int = 0
    ghosts: int = 0
    figures: Mapping[str, Figure | None]

    def to_json(self) -> dict[str, Any]:
        """Plain values; of a method that was not run only the reason."""
        if self.reason:
            return {"method": self.method, "not_run": self.reason}
        figures = {key: None if f is None else vars(f) for key, f in self.figures.items()}
        counts = {"people": self.people, "missed": self.missed, "ghosts": self.ghosts}
        return {"method": self.method, **counts, "figures": figures}


def answered(cases: Sequence[Case], lifter: RayLifter, mlp: Baseline | str, mediapipe: str = "") -> list[Entry]:
    """The lifter without and with extrinsics, then the baselines.

    mlp: the baseline, or why it is not run. mediapipe: why it is not run; "" where the cases have landmarks.
    """
    blind = [(case.seen, case.camera.replaced(cam_from_world=None)) for case in cases]
    known = [(case.seen, case.camera) for case in cases]
    return [
        Entry(method="metricpose, without extrinsics", people=lifter.many(blind)),
        Entry(method="metricpose, with extrinsics", people=lifter.many(known)),
        Entry(method=MLP, reason=mlp) if isinstance(mlp, str) else _entry(MLP, [mlp] * len(cases), cases),
        Entry(method=MEDIAPIPE, reason=mediapipe) if mediapipe else _mediapipe(cases),
        *(_entry(name, [method] * len(cases), cases) for name, method in formulas().items()),
        _oracle(cases),
    ]


def _entry(name: str, methods: Sequence[Baseline], cases: Sequence[Case]) -> Entry:
    people = [method(case.seen, case.camera) for method, case in zip(methods, cases, strict=True)]
    return Entry(method=name, people=people, poses=all(method.poses for method in methods))


def _mediapipe(cases: Sequence[Case]) -> Entry:
    landmarks = [case.world_m for case in cases if case.world_m is not None]
    if len(landmarks) < len(cases):
        return Entry(method=MEDIAPIPE, reason="some pictures have no landmarks")
    return _entry(MEDIAPIPE, [MediapipePnp(world_m=world_m) for world_m in landmarks], cases)


def _oracle(cases: Sequence[Case]) -> Entry:
    statures = [case.statures for case in cases if case.statures is not None]
    if len(statures) < len(cases):
        return Entry(method=ORACLE, reason="the true stature is not known")
    mean = float(np.concatenate(statures).mean())
    methods = [
        StatureBlindOracle(truth=case.truth, statures=own, mean_stature=mean)
        for case, own in zip(cases, statures, strict=True)
    ]
    return _entry(ORACLE, methods, cases)


def judged(cases: Sequence[Case], entries: Sequence[Entry]) -> list[Row]:
    """Each entry by the strict protocol; standard errors take the clusters for independent, and nothing else."""
    return [_row(cases, entry) for entry in entries]


def _row(cases: Sequence[Case], entry: Entry) -> Row:
    if entry.people is None:
        return Row(method=entry.method, reason=entry.reason, figures={})
    report = evaluate(
        [(case.name, people) for case, people in zip(cases, entry.people, strict=True)],
        [(case.name, case.truth) for case in cases],
        families={case.name: case.cluster for case in cases},
    )
    by_cluster = any(case.cluster != case.name for case in cases)
    overall = report.overall
    return Row(
        method=entry.method,
        people=overall.people,
        missed=overall.misses,
        ghosts=overall.ghosts or 0,
        figures={
            key: None if key in OF_POSES and not entry.poses else _figure(report, key, by_cluster) for key in FIGURES
        },
    )


def _figure(report: Report, key: str, by_cluster: bool) -> Figure:
    """Over everyone, its error by picture or by cluster: a mean over n people counts as n times the mean."""
    figure = report.overall[key]
    if not by_cluster:
        return figure
    parts = [row[key] for row in report.rows if row.group.startswith("family ")]
    means = [np.full(part.n, part.value) for part in parts if part.value is not None]
    return replace(figure, standard_error=clustered_mean(means)[1])


def markdown(rows: Sequence[Row]) -> str:
    """The rows as a table; +- is one standard error."""
    heads = ("method", "people", "missed", "ghosts", "MRPE mm", "MRPE_z %", "MPJPE mm", "PA-MPJPE mm", "PCK_abs %")
    cells = [heads, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(heads))]
    lines = ["| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in cells]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def _cells(row: Row) -> tuple[str, ...]:
    if row.reason:
        return (f"{row.method}: not run ({row.reason})", *("",) * 8)
    return (row.method, str(row.people), str(row.missed), str(row.ghosts), *map(_shown, row.figures.values()))


def _shown(figure: Figure | None) -> str:
    if figure is None or figure.value is None:
        return "-"
    digits = 0 if figure.unit == "mm" else 1
    error = "" if figure.standard_error is None else f" ± {figure.standard_error:.{digits}f}"
    return f"{figure.value:.{digits}f}{error}"
