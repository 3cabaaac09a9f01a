"""Which way of learning many skeletons at once is best: `python -m recipes.multi_skeleton_study` (extra [train]).

Sarandi, Hermans and Leibe (WACV 2023), table 1, in small and on virtual people. First a `separate` and a `merged`
network learn; then the five ways go on from them for as long as one another, since consistency is a way of fine-tuning.
Each training leaves a small JSON; what is there is not done again. `recipes.multi_skeleton_page` makes the tables.
"""

import argparse
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn

from metricpose.models.multi_skeleton import MultiSkeletonNet
from metricpose.skeletons.acae import AffineAutoencoder
from metricpose.training.aimed_people import AimedPeople, read_aimed_people
from metricpose.training.distributed import Team
from metricpose.training.loop import Report, RunOptions, trained
from metricpose.training.multi_skeleton_judging import (
    FIVE,
    PLAIN,
    UPPER_HALF,
    View,
    answered,
    disagreement_mm,
    skeleton_figures,
)
from metricpose.training.multi_skeleton_setup import WEIGHTS
from recipes.multi_skeleton import MultiSkeletonRecipe, joints_of, multi_skeleton

CELLS = (
    ("merged", 6), ("separate", 6), ("consistent", 6), ("latent", 6), ("hybrid", 6), ("separate", 1), ("separate", 3),
)  # fmt: skip
"""(way, data sets) of the networks that are compared."""


@dataclass(frozen=True, kw_only=True)
class StudyOptions:
    """folder: of all that is left; first, then: steps of the two trainings of each network."""

    folder: Path
    people: Path
    acae: Path
    first: int = 700
    then: int = 350
    kept: int = 6
    bf16: bool = False


QUICK = {"first": 4, "then": 2, "kept": 1}
"""To see that it works."""


def run_cell(options: StudyOptions, way: str, sets: int, seed: int) -> Path:
    """The JSON of one network's figures, made if it is not there."""
    path = options.folder / "cells" / f"{way}-{sets}-{seed}.json"
    if path.is_file():
        return path
    began = time.time()
    start = "merged" if way == "merged" else "separate"
    first = _trained(options, MultiSkeletonRecipe(way=start, sets=sets, seed=seed, steps=options.first), "first")
    begin = {"begin": str(first / WEIGHTS), "rate": 1.5e-3, "steps": options.then, "way": way}
    recipe = MultiSkeletonRecipe(sets=sets, seed=seed, acae=str(options.acae), **begin)  # type: ignore[arg-type]
    folder = _trained(options, recipe, "then")
    net = MultiSkeletonNet(recipe.way, joints_of(sets), AffineAutoencoder.load(options.acae) if sets == 6 else None)  # type: ignore[arg-type]
    net.load_state_dict(load_file(folder / WEIGHTS))
    figures = judged(net.to(memory_format=torch.channels_last), options, recipe.size)  # type: ignore[call-overload]
    cell = {"way": way, "sets": sets, "seed": seed, "steps": [options.first, options.then], **figures}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**cell, "seconds": round(time.time() - began)}, indent=1) + "\n")
    return path


def _trained(options: StudyOptions, recipe: MultiSkeletonRecipe, stage: str) -> Path:
    """The folder of a training's weights; made if they are not there."""
    folder = options.folder / "training" / f"{recipe.way}-{recipe.sets}-{recipe.seed}-{stage}"
    if not (folder / WEIGHTS).is_file():
        acae = recipe.acae if recipe.sets == 6 else None
        own = replace(
            recipe, people=str(options.people), lessons=str(options.folder / "lessons"), kept=options.kept,
            bf16=options.bf16, acae=acae,
        )  # fmt: skip
        setup = multi_skeleton(own, torch.device("cpu"))
        run = RunOptions(folder=folder, report_every=50, validate_every=10**6)
        trained(setup, run, Team(rank=0, size=1, device=torch.device("cpu")), _say(folder.name))
    return folder


def _say(name: str) -> Report:
    def report(step: int, figures: Mapping[str, float]) -> None:
        shown = ("total", "tie", "mpjpe_mm", "minutes")
        print(name, step, " ".join(f"{k} {figures[k]:.3f}" for k in shown if k in figures), flush=True)

    return report


def judged(model: nn.Module, options: StudyOptions, size: int) -> dict[str, object]:
    """On the test people: all skeletons in one view and in five, and with the lower half cut off."""
    assert isinstance(model, MultiSkeletonNet)
    people = read_aimed_people(options.people / "test.npz", model.joint_set)
    whole = people[people.whole.nonzero()[:, 0]]
    return {
        "people": len(people),
        "one": _figures(model, people, size, PLAIN),
        "five": _figures(model, people, size, FIVE),
        "whole": _figures(model, whole, size, PLAIN),
        "upper_half": _figures(model, whole, size, UPPER_HALF),
    }


def _figures(model: MultiSkeletonNet, people: AimedPeople, size: int, views: tuple[View, ...]) -> dict[str, object]:
    found, true = answered(model, people, size, views).double().numpy(), people.joints_cam.double().numpy()
    by_skeleton = skeleton_figures(found, true, model.joint_set)
    rounded = {name: {key: round(value, 2) for key, value in row.items()} for name, row in by_skeleton.items()}
    apart = {
        key: round(value, 2) for key, value in disagreement_mm(found, model.joint_set).items() if np.isfinite(value)
    }
    return {"skeletons": rounded, "disagreement": apart}


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare the ways of learning many skeletons at once")
    parser.add_argument("-o", type=Path, default=Path("runs/multi_skeleton_study"))
    parser.add_argument("--people", type=Path, default=Path("runs/multi_skeleton_people"))
    parser.add_argument("--acae", type=Path, default=Path("runs/multi_skeleton_acae.npz"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--ways", nargs="*", help="such as separate-6")
    parser.add_argument("--quick", action="store_true", help="a few steps, to see that all works")
    parser.add_argument("--bf16", action="store_true")
    options = parser.parse_args()
    study = StudyOptions(folder=options.o, people=options.people, acae=options.acae, bf16=options.bf16)
    study = replace(study, **QUICK) if options.quick else study  # type: ignore[arg-type]
    torch.set_num_threads(1)
    for seed in options.seeds:
        for way, sets in CELLS:
            if not options.ways or f"{way}-{sets}" in options.ways:
                print(run_cell(study, way, sets, seed), flush=True)


if __name__ == "__main__":
    main()
