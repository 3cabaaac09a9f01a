"""The figures of docs/results/skeletons.md: `python -m recipes.skeleton_results [--pairs]`.

Without `--pairs`: COCO-17 to H36M-17 joint by joint on the held-out people of `recipes.skeleton_people`, learnt beside
names and midpoints. With it: docs/results/skeleton_pairs.md, every pair of skeletons (the errors that converters carry;
needs no people).
"""

import argparse
from pathlib import Path

import numpy as np

from metricpose.skeletons import CATALOGUE, JointConverter, Skeleton, converter, learnt_converter, skeleton_named
from metricpose.skeletons.markers import PLUGINGAIT38
from metricpose.skeletons.points import body_points
from recipes.skeleton_people import FOLDER, load

ALL = (*CATALOGUE.values(), PLUGINGAIT38)


def errors_mm(convert: JointConverter, people: dict[str, np.ndarray]) -> np.ndarray:
    """(N, Jt) distances between converted and true joints; NaN where not covered."""
    names = people["names"].tolist()
    source, target = ([names.index(point) for point in body_points(s)] for s in (convert.source, convert.target))
    made = convert(people["points"][:, source].astype(np.float64))
    return 1000 * np.linalg.norm(made - people["points"][:, target], axis=-1)


def joint_table(source: str, target: str, people: dict[str, np.ndarray]) -> str:
    """Mean, root mean square and 95th percentile per joint, learnt and by names; the spread of means over bodies."""
    pair = skeleton_named(source), skeleton_named(target)
    learnt, rules = (errors_mm(make(*pair), people) for make in (learnt_converter, converter))
    lines = [
        f"| {target} from {source} | learnt: mean | RMS | 95 % | by names and midpoints: mean |",
        "|---|---|---|---|---|",
    ]
    for joint, name in enumerate(pair[1].joints):
        if np.isnan(learnt[:, joint]).all():
            lines.append(f"| {name} | not determined | | | {_cell(rules[:, joint])} |")
        elif learnt[:, joint].max() > 1e-3:
            rms = np.sqrt((learnt[:, joint] ** 2).mean())
            high = np.percentile(learnt[:, joint], 95)
            lines.append(f"| {name} | {_cell(learnt[:, joint])} | {rms:.1f} | {high:.1f} | {_cell(rules[:, joint])} |")
    covered = ~np.isnan(rules).all(axis=0) & ~np.isnan(learnt).all(axis=0)
    adult = people["age_years"] >= 18
    for label, some in (("all people", adult | True), ("adults", adult), ("children", ~adult)):
        both = f"{np.nanmean(learnt[some]):.1f} | | | {np.nanmean(rules[some][:, covered]):.1f}"
        lines.append(f"| **mean over joints, {label}** | {both} |")
    bodies = [np.nanmean(learnt[people["body"] == body]) for body in np.unique(people["body"])]
    lines.append(f"| spread of that mean over {len(bodies)} bodies | {np.std(bodies):.1f} | | | |")
    return "\n".join(lines)


def _cell(errors: np.ndarray) -> str:
    return "not covered" if np.isnan(errors).all() else f"{np.nanmean(errors):.1f}"


def pair_tables() -> str:
    """A matrix of means with the number of joints that are refused, then a line for each pair."""
    names = [skeleton.name for skeleton in ALL]
    found = {(a.name, b.name): learnt_converter(a, b) for a in ALL for b in ALL if a is not b}
    lines = ["| from \\ to | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for a in names:
        lines.append(f"| {a} | " + " | ".join("" if a == b else _summary(found[a, b]) for b in names) + " |")
    lines += [
        "",
        "## Joint by joint",
        "",
        "| from | to | joints that are mixed, and their error in mm | not determined |",
    ]
    lines.append("|---|---|---|---|")
    lines += [f"| {a} | {b} | {_mixed(convert)} | {_refused(convert)} |" for (a, b), convert in found.items()]
    return "\n".join(lines)


def _summary(convert: JointConverter) -> str:
    refused = int((~convert.covered).sum())
    if not convert.covered.any():
        return f"- ({refused})"
    mean = f"{np.nanmean(convert.error_mm):.0f}"
    return f"{mean} ({refused})" if refused else mean


def _mixed(convert: JointConverter) -> str:
    rows = [j for j in range(len(convert.target)) if convert.covered[j] and convert.error_mm[j] > 1e-3]
    cells = [f"{convert.target.joints[j]} {convert.error_mm[j]:.0f}" for j in rows if _first(convert.target, j)]
    return ", ".join(cells) or "none"


def _refused(convert: JointConverter) -> str:
    joints = [j for j in np.flatnonzero(~convert.covered).tolist() if _first(convert.target, j)]
    return ", ".join(convert.target.joints[j] for j in joints) or "none"


def _first(skeleton: Skeleton, joint: int) -> bool:
    """Of two joints that mirror each other, the left one: both have the same error."""
    return "right" not in skeleton.joints[joint] and not (skeleton is PLUGINGAIT38 and skeleton.mirror[joint] < joint)


def main() -> None:
    parser = argparse.ArgumentParser(description="Figures of the conversions between skeletons")
    parser.add_argument("--people", type=Path, default=FOLDER)
    parser.add_argument("--pairs", action="store_true")
    options = parser.parse_args()
    if options.pairs:
        print(pair_tables())
        return
    people = load(options.people, "test")
    for source, target in (("coco17", "h36m17"), ("coco17", "smpl24"), ("mpii16", "h36m17"), ("coco17", "body25")):
        print(joint_table(source, target, people), end="\n\n")


if __name__ == "__main__":
    main()
