"""A training of a few steps on a small lifter: data from the generator alone, Muon and AdamW both at work."""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from metricpose.losses.lifting import LiftingLossOptions, lifting_loss
from metricpose.models.ray_lifter import RayLifterNet
from metricpose.training.distributed import Team
from metricpose.training.loop import RunOptions, RunResult, trained
from metricpose.training.setup import OptimiserOptions, TrainingSetup
from metricpose.virtual.lifting_batch import LiftingBatch
from tests.models.people_seen import SMALL, seen_people

ALONE = Team(rank=0, size=1, device=torch.device("cpu"))


def tiny_batch(generator: torch.Generator, images: int = 4, people: int = 3) -> LiftingBatch:
    """People whose joints lie on their rays, a metre deep."""
    rays, scores, camera = seen_people(images, people, seed=int(torch.randint(2**31, (), generator=generator)))
    depth = 4.0 + torch.rand(images, people, 17, generator=generator)
    present = torch.rand(images, people, generator=generator) > 0.2
    present[:, 0] = True
    return LiftingBatch(rays, scores, camera, present, present, rays * depth[..., None], ~present)


def tiny_setup(
    steps: int = 6, seed: int = 0, finish: Callable[[nn.Module, Path], None] | None = None, **options
) -> TrainingSetup:
    """The same on every call."""
    torch.manual_seed(seed)

    def loss(model: nn.Module, data: LiftingBatch) -> dict[str, torch.Tensor]:
        lifted = model(data.rays, data.scores, data.camera, data.present)
        return lifting_loss(lifted, data.joints_cam, data.real, LiftingLossOptions())

    return TrainingSetup(
        name="tiny",
        model=RayLifterNet(SMALL),
        batch=tiny_batch,
        loss=loss,
        validate=lambda model: {"score": float(next(iter(model.parameters())).detach().abs().sum())},
        finish=finish or (lambda model, folder: None),
        optimiser=OptimiserOptions(
            **{"steps": steps, "rate": 1e-2, "warm_up": 2, "muon_prefixes": ("blocks.", "attention."), **options}
        ),
        seed=seed,
    )


def run(folder: Path, setup: TrainingSetup, team: Team = ALONE, **options) -> RunResult:
    """Trains silently."""
    limits = RunOptions(folder=folder, **{"save_every": 3, "report_every": 2, "validate_every": 4, **options})
    return trained(setup, limits, team, lambda step, figures: None)
