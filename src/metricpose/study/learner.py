"""What the study asks of a method: a training, and answers about the roots of people in scenes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from metricpose.study.situation import RootAnswers
from metricpose.training.setup import OptimiserOptions, TrainingSetup


@dataclass(frozen=True, kw_only=True)
class Effort:
    """Steps of a training, scenes in each, and scenes of a test."""

    steps: int
    scenes: int
    test_scenes: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Pupil:
    """One training: of what, from which situation (`Situation`, or one of pictures), how long; begin: weights of DE,
    for methods that start from them."""

    name: str
    situation: Any
    effort: Effort
    seed: int
    device: torch.device
    begin: Path | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Learner:
    """A method. `setup` has no finish of its own; `answer` takes the trained model, and the scenes of a test.

    answers: names under which it answers, one per row of a table; begins: whether it starts from DE's weights.
    """

    name: str
    setup: Callable[[Pupil], TrainingSetup]
    answer: Callable[[nn.Module, Any, torch.device], Mapping[str, RootAnswers]]
    answers: tuple[str, ...]
    begins: bool = False


def optimiser(effort: Effort, rate: float, hidden: tuple[str, ...] = ()) -> OptimiserOptions:
    """The study's: float32, a short warm-up, half of the steps with a falling rate; Muon for the layers named `hidden`,
    with which DE came in 300 steps as far as with AdamW in 600."""
    warm_up, average = min(50, effort.steps // 10 + 1), 0.98 if effort.steps < 1000 else 0.99
    return OptimiserOptions(
        steps=effort.steps, rate=rate, warm_up=warm_up, fall=0.5, clip=5.0, average=average, bf16=False,
        muon_prefixes=hidden,
    )  # fmt: skip


def unjudged(model: nn.Module) -> Mapping[str, float]:
    """No validation: nothing in the study is chosen by figures."""
    return {"score": 0.0}


def unwritten(model: nn.Module, folder: Path) -> None:
    """Cells write their figures themselves."""
