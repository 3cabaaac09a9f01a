"""What the recipe of the crop network is made of: windows on patches, the loss, validation, what is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from metricpose._errors import InputError, WeightsError
from metricpose.losses.crop import CropLossOptions, CropTargets, crop_loss
from metricpose.models.agr_weights import tensors_and_facts
from metricpose.models.crop_net import CropNet, CropNetOptions
from metricpose.training.agr_export import exported
from metricpose.training.agr_int8 import CROP_HEADROOM, written_int8
from metricpose.training.agr_judging import crop_figures, people_crops, single_answers
from metricpose.training.agr_samples import PAIRS, Sample
from metricpose.training.crop_patches import CropWindowOptions, Patches, crop_windows, drawn_patches
from metricpose.training.setup import OptimiserOptions, TrainingSetup

_CALIBRATION = 142  # crops, on which the ranges of 8-bit activations are found
MUON_PREFIXES = ("stem.1.", "stages.", "attention.", "lateral", "merge", "narrow", "refine.")
"""Layers between the first and the last."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CropTraining:
    """What the recipe chooses."""

    name: str
    batch: int = 64
    seed: int = 0
    windows: CropWindowOptions = field(default_factory=CropWindowOptions)
    net: CropNetOptions = field(default_factory=CropNetOptions)
    loss: CropLossOptions = field(default_factory=CropLossOptions)
    optimiser: OptimiserOptions = field(default_factory=OptimiserOptions)
    backdrops: Tensor | None = None  # (K, 3, p, p) uint8, what people are pasted on
    initial: Path | None = None  # safetensors of a crop or an AGR network; what fits is taken
    facts: Mapping[str, str] = field(default_factory=dict)  # written into the files: licence, data
    int8: bool = False  # write the twin with 8-bit activations, which is taken where it is there


def crop_setup(
    training: CropTraining,
    sources: Sequence[tuple[Patches, float]],
    validation: Mapping[str, Sequence[Sample]],
    device: torch.device,
) -> TrainingSetup:
    """The complete set-up: patches and their shares; the first of `validation` decides which weights are best.

    Raises InputError where there is nothing to learn from or to validate on.
    """
    torch.manual_seed(training.seed)
    if not sources or not validation or any(not len(patches) for patches, _ in sources):
        raise InputError(f"{training.name}: expected people to learn from and to validate on, got none; see the recipe")
    net = CropNet(training.net)
    if training.initial is not None:
        take_what_fits(net, training.initial)
    net = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    there = [(patches.to(device), share) for patches, share in sources]
    backdrops = None if training.backdrops is None else training.backdrops.to(device)

    def batch(generator: torch.Generator) -> tuple[Tensor, CropTargets]:
        return crop_windows(drawn_patches(there, training.batch, generator), training.windows, generator, backdrops)

    def loss(model: nn.Module, data: tuple[Tensor, CropTargets]) -> Mapping[str, Tensor]:
        pictures = data[0].to(memory_format=torch.channels_last)
        return crop_loss(model(pictures), data[1], PAIRS, training.loss)

    def validate(model: nn.Module) -> Mapping[str, float]:
        figures: dict[str, float] = {}
        for name, samples in validation.items():
            found = crop_figures(single_answers(model, samples, training.windows.size, device=device))
            figures |= {f"{name}_{key}": value for key, value in found.items()}
        return {**figures, "score": -figures[f"{next(iter(validation))}_pck"]}

    def finish(model: nn.Module, folder: Path) -> None:
        assert isinstance(model, CropNet)
        exported(model, folder, training.name, training.facts)
        if training.int8:
            crops = people_crops(next(iter(validation.values())), training.windows.size)
            written_int8(folder / f"{training.name}.onnx", crops[:_CALIBRATION], CROP_HEADROOM)

    return TrainingSetup(
        name=training.name, model=net, batch=batch, loss=loss, validate=validate, finish=finish,
        optimiser=training.optimiser, seed=training.seed,
    )  # fmt: skip


def take_what_fits(net: CropNet, path: Path) -> None:
    """Weights of the same name and shape, from a file of a crop network or of an AGR network.

    Raises WeightsError for a file that is missing, damaged, or of a network of which nothing fits.
    """
    tensors, _ = tensors_and_facts(path, "a crop or an AGR network")
    own = net.state_dict()
    fitting = {name: value for name, value in tensors.items() if name in own and own[name].shape == value.shape}
    if not fitting:
        raise WeightsError(f"{path}: expected weights of a crop or an AGR network, got none that fits")
    net.load_state_dict(fitting, strict=False)
