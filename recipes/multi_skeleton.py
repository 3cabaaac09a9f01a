"""One multi-skeleton network: `metricpose train multi_skeleton --set way=separate` (people: multi_skeleton_people).

`recipes.multi_skeleton_study` trains and compares all of them.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch

from metricpose._errors import InputError
from metricpose.losses.multi_skeleton import MultiSkeletonLossOptions
from metricpose.models.multi_skeleton import WAYS, Way
from metricpose.skeletons import skeleton_named
from metricpose.skeletons.acae import AffineAutoencoder
from metricpose.skeletons.joint_sets import JointSet
from metricpose.training.aimed_people import WindowOptions, read_aimed_people, together
from metricpose.training.multi_skeleton_setup import MultiSkeletonTraining, multi_skeleton_setup
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
    sets: int = len(SETS)
    way: str = "separate"
    acae: str | None = None
    steps: int = 450
    batch: int = 32
    size: int = 96
    kept: int = 8
    seed: int = 0
    rate: float = 1e-3
    fall: float = 0.7
    tie: float = 0.3
    bf16: bool = True
    body: str | None = "src/metricpose/weights/crop_base.safetensors"
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
    people = together([read_aimed_people(folder / f"{name}.npz", joints) for name, _ in SETS[: recipe.sets]])
    optimiser = OptimiserOptions(  # without Muon, whose updates cost half of the time at 16 windows a step
        steps=recipe.steps, rate=recipe.rate, fall=recipe.fall, warm_up=min(100, recipe.steps // 5 + 1), clip=5.0,
        weight_decay=0.05, average=0.99, bf16=recipe.bf16,
    )  # fmt: skip
    training = MultiSkeletonTraining(
        way=cast(Way, recipe.way), joints=joints, batch=recipe.batch, kept=recipe.kept, seed=recipe.seed,
        acae=None if recipe.acae is None else AffineAutoencoder.load(recipe.acae),
        windows=WindowOptions(size=recipe.size), loss=MultiSkeletonLossOptions(tie=recipe.tie),
        optimiser=optimiser,
        body=None if recipe.begin or recipe.body is None else Path(recipe.body),
        begin=None if recipe.begin is None else Path(recipe.begin),
    )  # fmt: skip
    return multi_skeleton_setup(training, people, read_aimed_people(folder / "val.npz", joints), device)
