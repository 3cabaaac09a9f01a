"""The crop network: the joints of one person in a window about them; `base`, or with photos `base-research`.

metricpose generate people --count 6000 --seed 11 -o runs/people_train ...    (the card has the whole command)
metricpose train crop_net
metricpose train crop_net --set photos=../shared/data/lspet --set initial=runs/crop_net/crop_base.safetensors ...
"""

from dataclasses import dataclass
from pathlib import Path

import torch

from metricpose.datasets.lsp import read_lspet
from metricpose.models.crop_net import CropNetOptions
from metricpose.training.agr_samples import photo_samples, virtual_samples
from metricpose.training.backdrops import cut_backdrops
from metricpose.training.crop_patches import CropWindowOptions, cut_patches, patch_px
from metricpose.training.crop_setup import MUON_PREFIXES, CropTraining, crop_setup
from metricpose.training.detector_optimiser import detector_optimiser
from metricpose.training.setup import TrainingSetup


@dataclass(frozen=True, kw_only=True)
class CropNetRecipe:
    """The knobs of this recipe; `photos` is LSPET's folder, whose training fold then is mixed in (research only)."""

    pictures: str = "runs/people_train"
    validation: str = "runs/people_val"
    photos: str | None = None
    photo_share: float = 0.6
    steps: int = 5_000
    batch: int = 48
    size: int = 160  # of the second look's crops: a network soon forgets other sizes
    seed: int = 0
    rate: float = 9e-4
    fall: float = 0.85
    any_turn: float = 0.15
    turned_deg: float = 20.0
    scale: float = 0.11  # how far windows are from the person's box, as a first look's boxes are
    shift: float = 0.035
    backdrops: str | None = None  # a folder of panoramas
    backdrop: float = 0.35
    mix_style: float = 0.0
    filtered: float = 0.0
    initial: str | None = None


def crop_net(recipe: CropNetRecipe, device: torch.device) -> TrainingSetup:
    """The complete set-up."""
    facts = {"licence": "Apache-2.0", "data": "virtual people: MakeHuman CC0 assets, Anny, CMU motion capture"}
    sources = [(cut_patches(virtual_samples(Path(recipe.pictures)), patch_px(recipe.size)), 1.0)]
    validation = {"virtual": virtual_samples(Path(recipe.validation))}
    if recipe.photos is not None:
        facts = {"licence": "research only", "data": f"{facts['data']}; Leeds Sports Pose Extended (research use)"}
        photos = cut_patches(photo_samples(read_lspet(recipe.photos, split="train")), patch_px(recipe.size))
        sources = [(sources[0][0], 1 - recipe.photo_share), (photos, recipe.photo_share)]
        validation = {"photos": photo_samples(read_lspet(recipe.photos, split="val")), **validation}
    training = CropTraining(
        name="crop_base" if recipe.photos is None else "crop_base_research",
        batch=recipe.batch,
        seed=recipe.seed,
        net=CropNetOptions(mix_style=recipe.mix_style),
        windows=CropWindowOptions(
            size=recipe.size, any_turn=recipe.any_turn, turned_deg=recipe.turned_deg, filtered=recipe.filtered,
            scale=recipe.scale, shift=recipe.shift, backdrop=recipe.backdrop,
        ),
        backdrops=cut_backdrops(Path(recipe.backdrops)) if recipe.backdrops else None,
        optimiser=detector_optimiser(
            steps=recipe.steps, rate=recipe.rate, fall=recipe.fall, muon_prefixes=MUON_PREFIXES
        ),
        initial=Path(recipe.initial) if recipe.initial else None,
        facts=facts,
        int8=recipe.photos is None,  # it moved the joints of `base-research` by more than a pixel
    )  # fmt: skip
    return crop_setup(training, sources, validation, device)
