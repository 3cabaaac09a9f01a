"""The AGR network `base-research`: `base`, gone on with real sports photos (LSPET) mixed in. For research only.

metricpose train agr_research --set initial=runs/agr_base/agr_base.safetensors
"""

from dataclasses import dataclass
from pathlib import Path

import torch

from metricpose.datasets.lsp import read_lspet
from metricpose.training.agr_samples import photo_samples, virtual_samples
from metricpose.training.agr_setup import MUON_PREFIXES, AgrTraining, Source, agr_setup
from metricpose.training.agr_windows import WindowOptions
from metricpose.training.detector_optimiser import detector_optimiser
from metricpose.training.setup import TrainingSetup


@dataclass(frozen=True, kw_only=True)
class AgrResearchRecipe:
    """The knobs of this recipe."""

    initial: str = "runs/agr_base/agr_base.safetensors"
    pictures: str = "runs/people_train"
    validation: str = "runs/people_val"
    photos: str = "../shared/data/lspet"
    photo_share: float = 0.75
    steps: int = 1_250
    batch: int = 44
    size: int = 160
    seed: int = 0
    rate: float = 1e-3
    fall: float = 0.6
    any_turn: float = 0.15
    turned_deg: float = 25.0


def agr_research(recipe: AgrResearchRecipe, device: torch.device) -> TrainingSetup:
    """The complete set-up."""
    learnt = photo_samples(read_lspet(recipe.photos, split="train"))
    watched = photo_samples(read_lspet(recipe.photos, split="val"))
    windows = WindowOptions(size=recipe.size, any_turn=recipe.any_turn, turned_deg=recipe.turned_deg)
    photo_windows = WindowOptions(
        size=recipe.size, any_turn=recipe.any_turn, turned_deg=recipe.turned_deg, large_share=0.85, empty_share=0.0
    )
    training = AgrTraining(
        name="agr_base_research",
        batch=recipe.batch,
        size=recipe.size,
        seed=recipe.seed,
        optimiser=detector_optimiser(
            steps=recipe.steps, rate=recipe.rate, fall=recipe.fall, muon_prefixes=MUON_PREFIXES
        ),
        initial=Path(recipe.initial),
        facts={"licence": "research only", "data": "as agr_base, and Leeds Sports Pose Extended (research use)"},
    )  # fmt: skip
    sources = [
        Source(name="photos", samples=learnt, share=recipe.photo_share, windows=photo_windows),
        Source(
            name="virtual",
            samples=virtual_samples(Path(recipe.pictures)),
            share=1 - recipe.photo_share,
            windows=windows,
        ),
    ]
    validation = {"photos": watched, "virtual": virtual_samples(Path(recipe.validation))}
    return agr_setup(training, sources, validation, device)
