"""The tables of a study as one page of markdown, its plot, and the same as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from metricpose.study import paper
from metricpose.study.cameras import FIXED, RANDOM
from metricpose.study.cell import Cell
from metricpose.study.grids import TITLES, Grid, grids, markdown_grid
from metricpose.study.picture_sets import flags_of, told_of
from metricpose.study.plot import plotted
from metricpose.study.run import StudyOptions
from metricpose.study.studies import HOME
from metricpose.study.verdicts import (
    Verdict,
    camera_verdicts,
    module_verdicts,
    own_verdicts,
    plain_verdict,
    variety_verdicts,
)

_MODULE_COLUMNS = ((HOME, HOME), (RANDOM, RANDOM))


@dataclass(frozen=True, kw_only=True)
class StudyReport:
    """text: markdown; document: for JSON; plot: a PNG."""

    text: str
    document: Mapping[str, Any]
    plot: bytes


def study_report(options: StudyOptions, cells: Sequence[Cell]) -> StudyReport:
    """Of all cells of a study."""
    millimetres, percent = grids(cells), grids(cells, "mrpe_z_percent")
    judged = _verdicts(options.study, millimetres)
    title, intro = _HEADINGS[options.study]
    lines = [f"# {title}", "", intro, "", *_facts(options, cells), "", f"![{title}](study_{options.study}.png)", ""]
    lines += ["## What of the paper holds here", "", *(verdict.line for verdict in judged), ""]
    if options.study == "modules":
        lines += ["## Table 4", "", _module_table(millimetres, grids(cells, "mrpe_mm")), "", *_found(cells), ""]
    lines += ["## MRPE_z in mm, mean and standard deviation over the seeds (mean in % of depth)", ""]
    own = {name: name for name in next(iter(millimetres.values())).tests}
    for name, grid in millimetres.items():
        lines += [f"### {TITLES[name]}", "", markdown_grid(grid, percent[name], own), ""]
    lines += ["## The paper's own figures", "", _paper_table(options.study), ""]
    return StudyReport(
        text="\n".join(lines),
        document=_document(options, millimetres, percent, judged),
        plot=plotted(list(millimetres.values()), f"{title}: MRPE_z, trained on (down) and tested on (across)"),
    )


_HEADINGS: Mapping[str, tuple[str, str]] = {
    "cameras": (
        "Cameras of training and test",
        "The design of figure 3a and table 5 of VirtualPose (ECCV 2022) on virtual people with real motion: methods "
        "learn from scenes of one camera, or of random ones, and are tested on all. Bodies and clips of the tests "
        "are in no training. All methods see what a noisy virtual detector says: heatmaps, or joints for the ray "
        "lifter. As in the paper's section 3, TBS and TIF get true boxes, BDR true 2D roots; the others get the "
        "detector's.",
    ),
    "modules": (
        "The modules of VirtualPose",
        "The design of table 4 (ECCV 2022) on virtual people: DE's depth at the detector's 2D root, REN on top of the "
        "same DE, PEN on top of both; and REN and PEN with heatmaps in all cells that people's boxes "
        "hold, without the depth gate of eq. (5). "
        "Whom REN does not find has DE's root.",
    ),
    "poses": (
        "Poses of training and test",
        "The design of figure 3b of VirtualPose (ECCV 2022), and of the pose-specific training of its 5.3: few kinds "
        "of poses in training, all kinds, or the test's own; random cameras throughout. Walking and climbing are kinds "
        "of motion-captured clips, `low` are people made from rules who sit, crouch or lie; `all` is half of all "
        "clips, half of `low`. Clips and bodies of the tests are in no training.",
    ),
    "backgrounds": (
        "Backgrounds of training and test",
        "The design of table 1 of VirtualPose (ECCV 2022) with rendered people: methods see the picture, cut out "
        "before a plain green background, or with the room behind; `augmented` is both. As in the paper, TBS and TIF "
        "get true boxes, TIF true joints for its masks, BDR true 2D roots.",
    ),
}  # fmt: skip


def _facts(options: StudyOptions, cells: Sequence[Cell]) -> list[str]:
    first = next(iter(cells[0].figures.values()))
    people = ", ".join(f"{test} {values['people']:.0f}" for test, values in first.items())
    efforts = {cell.key.method: cell.key.effort for cell in cells}
    steps = "; ".join(f"{name} {e.steps} steps of {e.scenes} pictures" for name, e in efforts.items())
    seeds = sorted({cell.key.seed for cell in cells})
    minutes = sum(cell.seconds for cell in cells) / 60
    given = flags_of(options.pictures / "train") if options.pictures else ""
    given += " --mocap-cache FILE" if options.mocap_cache else ""
    given += f" --methods {','.join(options.chosen)}" if options.methods else ""
    return [
        f"Command: `metricpose study {options.study}{given}`, seeds {', '.join(map(str, seeds))}; poses: "
        f"{cells[0].key.poses}.",
        f"Trainings: {steps}. {len(cells)} of them, {minutes:.0f} minutes in all, beside other work.",
        f"People in the tests: {people}.",
        *_pictures(options),
    ]


def _pictures(options: StudyOptions) -> list[str]:
    if options.pictures is None:
        return []
    told = {split: told_of(options.pictures / split) for split in ("train", "test")}
    return [f"To learn from: {told['train']}. For the tests: {told['test']}."]


def _verdicts(study: str, made: Mapping[str, Grid]) -> list[Verdict]:
    if study == "cameras":
        return camera_verdicts(made, tuple(FIXED), RANDOM)
    if study == "modules":
        return module_verdicts(made, _MODULE_COLUMNS)
    if study == "poses":
        wider = variety_verdicts(
            made, "walking", "all", ("climbing", "low"), "trained on few kinds of poses it fails on others."
        )
        return wider + own_verdicts(made, "all", ("walking", "climbing", "low"))
    fails = variety_verdicts(
        made, "green", "augmented", ("augmented",), "trained before a plain background it fails before others."
    )
    return fails + [plain_verdict(made[name], "green", "augmented") for name in made if name == "bdr"]


def _module_table(depth: Mapping[str, Grid], whole: Mapping[str, Grid]) -> str:
    heads = [f"trained and tested on {test}, {name}" for _, test in _MODULE_COLUMNS for name in ("MRPE", "MRPE_z")]
    lines = [f"| method | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    for name in depth:
        values = [grid[name].of(*column) for column in _MODULE_COLUMNS for grid in (whole, depth)]
        spreads = [value.std(ddof=1) if len(value) > 1 else 0.0 for value in values]
        texts = [f"{value.mean():.0f} ± {spread:.0f}" for value, spread in zip(values, spreads, strict=True)]
        lines.append(f"| {TITLES[name]} | {' | '.join(texts)} |")
    return "\n".join(lines)


def _found(cells: Sequence[Cell]) -> list[str]:
    shares = grids(cells, "found_percent")
    return [
        f"- {TITLES[name]}: REN finds "
        + ", ".join(f"{grid.of(*column).mean():.0f} % of the people of {column[1]}" for column in _MODULE_COLUMNS)
        for name, grid in shares.items()
        if name.startswith("ren")
    ]


def _paper_table(study: str) -> str:
    if study == "cameras":
        head = "| trained on | camera 14 | camera 16 | camera 19 |\n|---|---|---|---|"
        rows = [
            f"| {name} | " + " | ".join("-" if value is None else f"{value:.1f}" for value in values) + " |"
            for name, values in paper.TABLE_5.items()
        ]
        note = (
            "\n\nTable 5, MRPE_z in mm on CMU Panoptic; trained for camera 19 and tested on it: 62.3. Figure 3a has no "
            "numbers in its text."
        )
        return "\n".join([head, *rows]) + note
    if study == "modules":
        head = "| method | Panoptic MRPE | Panoptic MRPE_z | MuPoTS MRPE | MuPoTS MRPE_z |\n|---|---|---|---|---|"
        rows = [
            f"| {TITLES[name]} | " + " | ".join(f"{value:.1f}" for value in values) + " |"
            for name, values in paper.TABLE_4.items()
        ]
        note = (
            f"\n\nTable 4; without the gate, on MuPoTS, MRPE {paper.UNGATED[0]} and MRPE_z {paper.UNGATED[1]} mm (5.3)."
        )
        return "\n".join([head, *rows]) + note
    if study == "backgrounds":
        head = "| method | trained on | tested on green | tested on augmented |\n|---|---|---|---|"
        rows = [
            f"| {TITLES[name]} | {trained} | {green} | {augmented} |"
            for (name, trained), (green, augmented) in paper.TABLE_1.items()
        ]
        return "\n".join([head, *rows]) + "\n\nTable 1, MRPE_z in mm on MuCo-3DHP."
    return (
        "Figure 3b has no numbers: trained on Panoptic's poses alone, the error on MuPoTS-3D is larger than trained on "
        "those and MuCo's. 5.3: trained on the test's own poses, PCK_abs rises from 44.0 to 50.4 %."
    )


def _document(
    options: StudyOptions, millimetres: Mapping[str, Grid], percent: Mapping[str, Grid], judged: Sequence[Verdict]
) -> dict[str, Any]:
    rows = [
        {
            "method": name, "trained_on": trained, "tested_on": test,
            "mrpe_z_mm": round(float(grid.of(trained, test).mean()), 1),
            "spread_mm": round(float(grid.spread[i, j]), 1),
            "mrpe_z_percent": round(float(percent[name].mean[i, j]), 2),
            "seeds": grid.values.shape[-1],
        }
        for name, grid in millimetres.items()
        for i, trained in enumerate(grid.trained)
        for j, test in enumerate(grid.tests)
    ]  # fmt: skip
    return {"study": options.study, "rows": rows, "verdicts": [asdict(verdict) for verdict in judged]}
