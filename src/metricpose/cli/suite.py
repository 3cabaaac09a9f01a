"""`metricpose evaluate --suite`: lifter and baselines on the virtual suite, and the figures of the bars."""

import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from metricpose.cli.output import table
from metricpose.cli.progress import progress
from metricpose.evaluation import Report, evaluate
from metricpose.geometry.camera import Camera
from metricpose.inference import ExtrinsicsDoubt, RayLifter
from metricpose.people import People2D, People3D

if TYPE_CHECKING:
    from metricpose.virtual.scenes import SceneBatch

CHILD_AND_POSE_GROUPS = (
    "standing",
    "sitting",
    "crouching",
    "lying",
    "climbing",
    "raised",
    "child",
    "truncated",
    "occluded",
)
Method = Callable[[People2D, Camera], People3D]


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """One scene as users hold it, and what is true of it."""

    name: str
    family: str
    camera: Camera
    seen: People2D
    truth: People3D
    tags: list[list[str]]
    statures: np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class SuiteResult:
    """Reports of the lifter by what it was told, and mean |depth error| / depth in % of all methods."""

    reports: Mapping[str, Report]
    depth_percent: Mapping[str, float]
    pictures: int
    people: int

    def to_json(self) -> dict[str, Any]:
        """Plain values for json.dumps."""
        reports = {name: report.to_json() for name, report in self.reports.items()}
        return {
            "pictures": self.pictures,
            "people": self.people,
            "depth_error_percent": dict(self.depth_percent),
            "bars": bars(self),
            "reports": reports,
        }

    def to_text(self) -> str:
        """The lifter's tables, then all methods, then the bars."""
        parts = [f"lifter, {name}\n{report.to_text()}" for name, report in self.reports.items()]
        rows = [[name, f"{value:.2f}"] for name, value in self.depth_percent.items()]
        parts.append(table(("mean |root depth error| / depth", "%"), rows))
        checks = [[b["bar"], f"{b['figure']:.3f}", b["limit"], "holds" if b["holds"] else "FAILS"] for b in bars(self)]
        parts.append(table(("bar", "figure", "limit", ""), checks))
        return "\n\n".join(parts)


def suite_pictures(batches: Sequence[tuple[str, "SceneBatch"]]) -> list[Picture]:
    """Every scene of (family, scenes) pairs as a picture with truth."""
    from metricpose.virtual.scene_people import camera_of, detected_people, tags_of, true_people

    pictures = []
    for family, scenes in batches:
        for index in progress(range(len(scenes.present)), label=f"scenes, {family}"):
            camera = camera_of(scenes.cameras, index, with_extrinsics=True)
            real = scenes.real[index]
            pictures.append(
                Picture(
                    name=f"{family.replace(' ', '_')}_{index:05d}",
                    family=family,
                    camera=camera,
                    seen=detected_people(scenes, index, camera),
                    truth=true_people(scenes, index, camera),
                    tags=tags_of(scenes, index),
                    statures=scenes.stature_m[index][real].numpy(),
                )
            )
    return pictures


def judged_suite(lifter: RayLifter, pictures: Sequence[Picture]) -> SuiteResult:
    """The lifter without and with extrinsics, and, where the folder ./baselines is, the others."""
    told = {
        "without extrinsics": [(p.seen, p.camera.replaced(cam_from_world=None)) for p in pictures],
        "with extrinsics": [(p.seen, p.camera) for p in pictures],
    }
    truth = [(p.name, p.truth) for p in pictures]
    tags, families = {p.name: p.tags for p in pictures}, {p.name: p.family for p in pictures}
    reports, depth = {}, {}
    for name, inputs in told.items():
        people = lifter.many(inputs, doubt=ExtrinsicsDoubt())
        answers = [(p.name, answer) for p, answer in zip(pictures, people, strict=True)]
        reports[name] = evaluate(answers, truth, tags=tags, families=families)
        depth[f"metricpose, {name}"] = _depth_percent(pictures, people)
    depth |= {name: _depth_percent(pictures, people) for name, people in _baseline_answers(pictures).items()}
    return SuiteResult(
        reports=reports, depth_percent=depth, pictures=len(pictures), people=sum(len(p.truth) for p in pictures)
    )


def _baseline_answers(pictures: Sequence[Picture]) -> dict[str, list[People3D]]:
    """What each baseline says of the pictures; nothing where the baselines are not at hand."""
    if not Path("baselines/__init__.py").is_file():
        return {}
    sys.path.insert(0, str(Path.cwd()))
    try:
        baselines = importlib.import_module("baselines")
    finally:
        sys.path.pop(0)
    methods: Mapping[str, Method] = baselines.formulas()
    answers = {name: [method(p.seen, p.camera) for p in pictures] for name, method in methods.items()}
    mean_stature = float(np.concatenate([p.statures for p in pictures]).mean())
    answers["stature-blind oracle"] = [
        baselines.StatureBlindOracle(truth=p.truth, statures=p.statures, mean_stature=mean_stature)(p.seen, p.camera)
        for p in pictures
    ]
    return answers


def _depth_percent(pictures: Sequence[Picture], answers: Sequence[People3D]) -> float:
    """Mean |depth error| / depth in % of the true people, found by id: virtual truth knows which answer is whose."""
    errors = []
    for picture, answer in zip(pictures, answers, strict=True):
        assert answer.ids is not None and picture.truth.ids is not None
        depth = answer.root_cam[[answer.ids.index(person) for person in picture.truth.ids], 2]
        true = picture.truth.root_cam[:, 2]
        errors.append(np.abs(depth - true) / true)
    return 100 * float(np.concatenate(errors).mean())


def bars(result: SuiteResult) -> list[dict[str, Any]]:
    """Each bar with its figure, its limit and whether it holds."""
    without, known = result.reports["without extrinsics"], result.reports["with extrinsics"]
    rows: list[dict[str, Any]] = []

    def add(name: str, figure: float, limit: float, least: bool = False) -> None:
        holds = figure >= limit if least else figure <= limit
        rows.append(
            {"bar": name, "figure": figure, "limit": f"{'>=' if least else '<='} {limit}", "holds": bool(holds)}
        )

    d = result.depth_percent
    own, own_known = d["metricpose, without extrinsics"], d["metricpose, with extrinsics"]
    if "stature-blind oracle" in d:
        add("depth without extrinsics / oracle", own / d["stature-blind oracle"], 0.6)
        add("depth with extrinsics / oracle", own_known / d["stature-blind oracle"], 0.3)
        add("depth without extrinsics / box-size formula", own / d["box-size formula"], 0.25)
        add("depth without extrinsics / limb-length formula", own / d["limb-length formula"], 0.5)
        add("depth with extrinsics / lower ankle's ray", own_known / d["lower ankle's ray, with extrinsics"], 0.5)
    for name, report in result.reports.items():
        for key, what, limit in (("mpjpe", "MPJPE mm", 60.0), ("pa_mpjpe", "PA-MPJPE mm", 42.0)):
            add(f"{what}, {name}", report.overall[key].value or np.inf, limit)
        coverage = report.overall["coverage"].value or 0.0
        add(f"coverage %, {name}", coverage, 87.0, least=True)
        add(f"coverage %, {name}, from above", coverage, 93.0)
        families = {
            p.group: p["coverage"].value or 0.0 for p in report.rows if "trained" in p.group or "held-out" in p.group
        }
        add(f"coverage % of the worst camera family, {name}", min(families.values()), 80.0, least=True)
    present = {row.group for row in known.rows}
    for group in CHILD_AND_POSE_GROUPS:
        if group in present and group in {row.group for row in without.rows}:
            ratio = (known.group(group)["mrpe_z_percent"].value or np.inf) / (
                without.group(group)["mrpe_z_percent"].value or 1
            )
            add(f"depth with / without extrinsics, {group}", ratio, 1.0)
    return rows
