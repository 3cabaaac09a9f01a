"""What every recipe of the AGR network shares: windows from samples, the loss, validation, and what is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from metricpose._errors import InputError
from metricpose.losses.agr import AgrLossOptions, agr_loss
from metricpose.models.agr_net import AgrNet, AgrNetOptions
from metricpose.models.agr_resnet import AgrResNet, AgrResNetOptions
from metricpose.models.agr_weights import begun_agr_net
from metricpose.models.mix_style import MixStyle
from metricpose.training.agr_export import exported
from metricpose.training.agr_int8 import written_int8
from metricpose.training.agr_judging import crop_answers, crop_figures, in_multiples, people_figures
from metricpose.training.agr_samples import PAIRS, Sample
from metricpose.training.agr_targets import agr_targets
from metricpose.training.agr_windows import WindowOptions, Windows, disturbed_windows, drawn_windows
from metricpose.training.setup import OptimiserOptions, TrainingSetup

_CALIBRATION = 24  # pictures, on which the ranges of 8-bit activations are found
MUON_PREFIXES = ("stages.", "attention.", "lateral", "merge", "narrow", "person.")
"""Layers between the stem and the last ones."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Samples of one kind, and the share of each step's windows that they give."""

    name: str
    samples: Sequence[Sample]
    share: float
    windows: WindowOptions = field(default_factory=WindowOptions)


@dataclass(frozen=True, kw_only=True, eq=False)
class AgrTraining:
    """What a recipe chooses."""

    name: str
    batch: int = 48
    size: int = 192  # of the crops of the validation, px: that of the windows
    seed: int = 0
    net: AgrNetOptions | AgrResNetOptions = field(default_factory=AgrNetOptions)
    backbone: Path | None = None  # initial weights of a ResNet's backbone, torchvision's names in safetensors
    loss: AgrLossOptions = field(default_factory=lambda: AgrLossOptions(pairs=PAIRS))
    optimiser: OptimiserOptions = field(default_factory=OptimiserOptions)
    backdrops: Tensor | None = None  # (K, 3, p, p) uint8, places that people are pasted on
    initial: Path | None = None  # safetensors of an AGR network, or of a crop network, whose features are taken
    judged_by: str = "pck"  # the figure of the validation that decides which weights are best, "pck" or "box_ap50"
    facts: Mapping[str, str] = field(default_factory=dict)  # written into the files: licence, data


class Drawn(NamedTuple):
    """Windows of one of the sources, and the seed of what disturbs them."""

    windows: Windows
    source: int
    seed: int


def _new_net(training: AgrTraining) -> AgrNet | AgrResNet:
    if isinstance(training.net, AgrNetOptions):
        return AgrNet(training.net)
    net = AgrResNet(training.net)
    if training.backbone is not None:
        net.load_backbone(training.backbone)
    return net


def agr_setup(
    training: AgrTraining, sources: Sequence[Source], validation: Mapping[str, Sequence[Sample]], device: torch.device
) -> TrainingSetup:
    """The complete set-up; `validation` are samples by name, the first of which decides which weights are best."""
    torch.manual_seed(training.seed)
    if not sources or not validation or any(not source.samples for source in sources):
        raise InputError(
            f"{training.name}: expected samples to learn from and to validate on, got none; see the recipe"
        )
    net = begun_agr_net(training.initial) if training.initial else _new_net(training)
    if isinstance(net, AgrNet) and isinstance(training.net, AgrNetOptions):
        net.mix_style = MixStyle(training.net.mix_style)
    net = net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    shares = np.array([source.share for source in sources]) / sum(source.share for source in sources)

    backdrops = None if training.backdrops is None else training.backdrops.to(device)

    def batch(generator: torch.Generator) -> list[Drawn]:
        seed = int(torch.randint(2**62, (1,), generator=generator, device=generator.device))
        rng = np.random.default_rng(seed)
        counts = rng.multinomial(training.batch, shares)
        return [
            Drawn(drawn_windows(s.samples, rng.integers(len(s.samples), size=n), s.windows, seed + k), k, seed + k)
            for k, (s, n) in enumerate(zip(sources, counts, strict=True))
            if n
        ]

    def disturbed(drawn: Drawn) -> Windows:
        there = Windows(*(values.to(device, non_blocking=True) for values in drawn.windows))
        own = torch.Generator(device).manual_seed(drawn.seed)
        return disturbed_windows(there, sources[drawn.source].windows, own, backdrops)

    def loss(model: nn.Module, data: list[Drawn]) -> Mapping[str, Tensor]:
        with torch.no_grad(), torch.autocast(device.type, enabled=False):
            windows = Windows(*(torch.cat(values) for values in zip(*map(disturbed, data), strict=True)))
            targets = agr_targets(windows)
        return agr_loss(model(windows.pictures.contiguous(memory_format=torch.channels_last)), targets, training.loss)

    def validate(model: nn.Module) -> Mapping[str, float]:
        figures: dict[str, float] = {}
        for name, samples in validation.items():
            found = crop_figures(crop_answers(model, samples, training.size))
            if all(sample.whole for sample in samples):  # else nobody knows who else is in the pictures
                found |= people_figures(model, samples)
            figures |= {f"{name}_{key}": value for key, value in found.items()}
        return {**figures, "score": -figures[f"{next(iter(validation))}_{training.judged_by}"]}

    def finish(model: nn.Module, folder: Path) -> None:
        assert isinstance(model, AgrNet | AgrResNet)
        exported(model, folder, training.name, training.facts)
        if isinstance(model, AgrNet):
            pictures = [sample.rgb() for sample in next(iter(validation.values()))[:_CALIBRATION]]
            written_int8(folder / f"{training.name}.onnx", [in_multiples(rgb) for rgb in pictures])

    return TrainingSetup(
        name=training.name, model=net, batch=batch, loss=loss, validate=validate, finish=finish,
        optimiser=training.optimiser, seed=training.seed, batch_on_cpu=True,
    )  # fmt: skip
