"""Checkpoints as one safetensors file, written atomically: model, average, optimiser and step; no pickles."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from metricpose._errors import FileError, InputError

Optimisers = Sequence[torch.optim.Optimizer]


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a training run stands."""

    step: int
    name: str
    seed: int
    best_score: float


def save_checkpoint(
    path: Path, model: nn.Module, average: dict[str, Tensor], optimisers: Optimisers, progress: Progress
) -> None:
    """Writes beside `path` first and renames, so that a kill at any moment leaves the last whole file."""
    tensors = {f"model/{name}": value for name, value in model.state_dict().items()}
    tensors |= {f"average/{name}": value for name, value in average.items()}
    for number, part in enumerate(optimisers):
        for index, state in part.state_dict()["state"].items():
            tensors |= {f"optimiser/{number}.{index}/{name}": torch.as_tensor(value) for name, value in state.items()}
    tensors = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    temporary = path.with_name(path.name + ".tmp")
    save_file(tensors, temporary, metadata={"progress": json.dumps(vars(progress))})
    with open(temporary, "rb") as file:
        os.fsync(file.fileno())
    os.replace(temporary, path)


def load_checkpoint(path: Path, model: nn.Module, average: dict[str, Tensor], optimisers: Optimisers) -> Progress:
    """Puts everything back, strictly. Raises FileError for an unreadable file, InputError for another model's."""
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}
            metadata = file.metadata() or {}
    except (OSError, SafetensorError) as error:
        raise FileError(f"{path}: not a readable checkpoint ({error}); delete it to start afresh") from error
    if "progress" not in metadata:
        raise InputError(f"{path}: expected a training checkpoint, got plain weights; choose another --output folder")
    parts: dict[str, dict[str, Tensor]] = {"model": {}, "average": {}, "optimiser": {}}
    for name, value in tensors.items():
        kind, _, rest = name.partition("/")
        parts[kind][rest] = value
    try:
        model.load_state_dict(parts["model"], strict=True)
    except RuntimeError as error:
        first = str(error).splitlines()[-1].strip()
        raise InputError(
            f"{path}: the checkpoint is of another model ({first}); choose another --output folder"
        ) from error
    for name, value in parts["average"].items():
        average[name].copy_(value)
    for number, part in enumerate(optimisers):
        _load_optimiser(part, number, parts["optimiser"])
    return Progress(**json.loads(metadata["progress"]))


def _load_optimiser(optimiser: torch.optim.Optimizer, number: int, tensors: dict[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        place, _, field = name.partition("/")
        owner, _, index = place.partition(".")
        if int(owner) == number:
            state.setdefault(int(index), {})[field] = value
    whole = optimiser.state_dict()
    whole["state"] = state
    optimiser.load_state_dict(whole)
