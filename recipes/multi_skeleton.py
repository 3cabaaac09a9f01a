"""One multi-skeleton network: `metricpose train multi_skeleton --set way=separate` (people: multi_skeleton_people).

`recipes.multi_skeleton_study` trains and compares all of them.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch

from metricpose._errors import InputError
from metricpose.losses.multi_skeleton import MultiSkeletonLossOptions
from metricpose.models.multi_skeleton import WAYS, MultiSkeletonNet, Way
from metricpose.skeletons import skeleton_named
from metricpose.skeletons.acae import AffineAutoencoder
from metricpose.skeletons.joint_sets import JointSet
from metricpose.training.aimed_people import WindowOptions, read_aimed_people
from metricpose.training.multi_skeleton_lessons import Lessons, made_lessons, read_lessons, together, write_lessons
from metricpose.training.multi_skeleton_setup import (
    MUON_PREFIXES,
    MultiSkeletonTraining,
    multi_skeleton_setup,
    take_body,
)
from metricpose.training.setup import OptimiserOptions, TrainingSetup

SETS = (
    ("studio", "h36m17"), ("outdoor", "smpl24"), ("crowd", "coco17"), ("green_room", "mpi_inf_3dhp28"),
    ("dome", "panoptic19"), ("sports", "halpe26"),
)  # fmt: skip
"""Data sets, in the order in which they are added, and the skeleton that each labels."""


@dataclass(frozen=True, kw_only=True)
class MultiSkeletonRecipe:
    """The knobs of this recipe; sets: how many of SETS are learnt from."""

    people: str = "runs/multi_skeleton_people"
    lessons: str = "runs/multi_skeleton_lessons"  # windows as the body sees them, written when first asked for
    sets: int = len(SETS)
    way: str = "separate"
    acae: str | None = None
    steps: int = 700
    batch: int = 32
    size: int = 128
    kept: int = 6
    seed: int = 0
    rate: float = 3e-3
    fall: float = 0.7
    tie: float = 0.3
    bf16: bool = True
    body: str = "src/metricpose/weights/crop_base.safetensors"
    begin: str | None = None


def joints_of(sets: int) -> JointSet:
    """The skeletons of the first `sets` data sets."""
    return JointSet(skeletons=tuple(skeleton_named(skeleton) for _, skeleton in SETS[:sets]))


def multi_skeleton(recipe: MultiSkeletonRecipe, device: torch.device) -> TrainingSetup:
    """The complete set-up."""
    if recipe.way not in WAYS or not 1 <= recipe.sets <= len(SETS):
        raise InputError(
            f"multi_skeleton: expected way of {', '.join(WAYS)} and sets of 1 to {len(SETS)}, got {recipe.way!r} and "
            f"{recipe.sets}"
        )
    joints, folder = joints_of(recipe.sets), Path(recipe.people)
    lessons = [lessons_of(recipe, name, len(joints)) for name, _ in SETS[: recipe.sets]]
    optimiser = OptimiserOptions(
        steps=recipe.steps, rate=recipe.rate, fall=recipe.fall, warm_up=min(100, recipe.steps // 5 + 1), clip=5.0,
        weight_decay=0.05, average=0.99, bf16=recipe.bf16, muon_prefixes=MUON_PREFIXES,
    )  # fmt: skip
    training = MultiSkeletonTraining(
        way=cast(Way, recipe.way), joints=joints, batch=recipe.batch, seed=recipe.seed, size=recipe.size,
        acae=None if recipe.acae is None else AffineAutoencoder.load(recipe.acae),
        loss=MultiSkeletonLossOptions(tie=recipe.tie), optimiser=optimiser, body=Path(recipe.body),
        begin=None if recipe.begin is None else Path(recipe.begin),
    )  # fmt: skip
    validation = read_aimed_people(folder / "val.npz", joints)
    return multi_skeleton_setup(training, together(lessons), validation, device)


def lessons_of(recipe: MultiSkeletonRecipe, name: str, count: int) -> Lessons:
    """The windows of one data set, with `count` joints; written for all skeletons when first asked for."""
    path, every = Path(recipe.lessons) / f"{name}.safetensors", joints_of(len(SETS))
    if not path.is_file():
        people = read_aimed_people(Path(recipe.people) / f"{name}.npz", every)
        net = MultiSkeletonNet("separate", every, None)
        take_body(net, Path(recipe.body))
        net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        options = WindowOptions(size=recipe.size)
        write_lessons(path, together([*made_lessons(net.net, people, every, recipe.kept, options, seed=0)]))
    return read_lessons(path, count)
