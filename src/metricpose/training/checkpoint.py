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
    try:
        for name, value in tensors.items():
            kind, _, rest = name.partition("/")
            parts[kind][rest] = value
        model.load_state_dict(parts["model"], strict=True)
        for name, value in average.items():
            value.copy_(parts["average"][name])
        for optimiser, state in zip(optimisers, _optimiser_states(parts["optimiser"], len(optimisers)), strict=True):
            _load_optimiser(optimiser, state)
        return Progress(**json.loads(metadata["progress"]))
    except (RuntimeError, KeyError, ValueError, TypeError) as error:
        first = str(error).splitlines()[-1].strip()
        raise InputError(
            f"{path}: the checkpoint is of another model or optimiser ({first}); choose another --output folder"
        ) from error


def checkpoint_step(path: Path) -> int:
    """How many steps the run of a checkpoint has done; 0 where there is none. Raises FileError for a damaged one."""
    if not path.exists():
        return 0
    try:
        with safe_open(path, framework="pt") as file:
            return int(json.loads((file.metadata() or {})["progress"])["step"])
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise FileError(f"{path}: not a readable checkpoint ({error}); delete it to start afresh") from error


def load_average(path: Path, model: nn.Module) -> None:
    """Puts a checkpoint's averaged weights into its model. Raises FileError for an unreadable file."""
    try:
        with safe_open(path, framework="pt") as file:
            names = [name for name in file.keys() if name.startswith("average/")]
            model.load_state_dict({name.removeprefix("average/"): file.get_tensor(name) for name in names})
    except (OSError, SafetensorError, RuntimeError) as error:
        raise FileError(f"{path}: not a readable checkpoint of this model; delete it to start afresh") from error


def _optimiser_states(tensors: dict[str, Tensor], count: int) -> list[dict[int, dict[str, Tensor]]]:
    """For each optimiser the state of each parameter, from tensors named `optimiser.parameter/field`."""
    states: list[dict[int, dict[str, Tensor]]] = [{} for _ in range(count)]
    for name, value in tensors.items():
        place, _, field = name.partition("/")
        owner, _, index = place.partition(".")
        if int(owner) >= count:
            raise ValueError(f"it has an optimiser more than the {count} of this recipe")
        states[int(owner)].setdefault(int(index), {})[field] = value
    return states


def _load_optimiser(optimiser: torch.optim.Optimizer, state: dict[int, dict[str, Tensor]]) -> None:
    shapes = [tuple(p.shape) for group in optimiser.param_groups for p in group["params"]]
    for index, fields in state.items():
        got = {tuple(value.shape) for value in fields.values() if value.ndim}
        if index >= len(shapes) or not got <= {shapes[index]}:
            raise ValueError(f"the optimiser's parameter {index} is another")
    whole = optimiser.state_dict()
    whole["state"] = state
    optimiser.load_state_dict(whole)
