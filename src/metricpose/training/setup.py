"""What a recipe returns: everything the training loop needs, and nothing it has to know about the data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

Losses = Mapping[str, Tensor]


@dataclass(frozen=True, kw_only=True)
class OptimiserOptions:
    """AdamW: linear warm-up, a fall to zero over the last share of the steps, clipped gradients, averaged weights."""

    steps: int = 10_000
    rate: float = 1.5e-3
    warm_up: int = 300
    fall: float = 0.575
    weight_decay: float = 0.02
    clip: float = 1.0
    average: float = 0.999
    bf16: bool = True  # where the device has instructions for it
    prefetch: bool = False  # on a CPU: make the next step's batch in a thread beside the computation
    muon_prefixes: tuple[str, ...] = ()  # names of hidden layers whose matrices Muon updates; AdamW the rest
    new_prefixes: tuple[str, ...] = ()  # names of layers that start from nothing where the others go on
    new_rate: float = 1.0  # of those, as a multiple of the rate


@dataclass(frozen=True, kw_only=True)
class TrainingSetup:
    """A recipe's answer.

    `batch(generator)` makes one step's data on the generator's device, from nothing but the generator's state;
    `loss(model, batch)` gives named terms with their weighted "total"; `validate(model)` gives named figures, the one
    called "score" (smaller is better) decides which weights are best; `finish(model, folder)` writes what is shipped.
    Where `batch_on_cpu`, batches are made on the CPU whatever the device (`loss` moves them there), by the workers of
    the run if it has some.
    """

    name: str
    model: nn.Module
    batch: Callable[[torch.Generator], Any]
    loss: Callable[[nn.Module, Any], Losses]
    validate: Callable[[nn.Module], Mapping[str, float]]
    finish: Callable[[nn.Module, Path], None]
    optimiser: OptimiserOptions = field(default_factory=OptimiserOptions)
    seed: int = 0
    batch_on_cpu: bool = False
