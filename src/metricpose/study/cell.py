"""A cell of the study: one method trained in one situation with one seed, tested in all. A small JSON when done."""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn

from metricpose._errors import InputError
from metricpose.io.atomic import write_text
from metricpose.io.json_text import read_json
from metricpose.study.learner import Effort, Learner, Pupil
from metricpose.study.situation import AnySituation, figures
from metricpose.training.distributed import Team
from metricpose.training.loop import RunOptions, trained

SCHEMA = "metricpose.study_cell/1"
Figures = Mapping[str, Mapping[str, Mapping[str, float]]]
"""Answer -> test -> figures of `situation.figures`."""


@dataclass(frozen=True, kw_only=True)
class CellKey:
    """Which cell. `poses` says where poses come from; `world`, method, trained_on and seed name its file."""

    world: str
    method: str
    trained_on: str
    seed: int
    effort: Effort
    poses: str

    def path(self, folder: Path) -> Path:
        """Of its JSON."""
        return folder / "cells" / f"{self.world}-{self.method}-{self.trained_on}-{self.seed}.json"

    def weights(self, folder: Path) -> Path:
        """Of what others begin from."""
        return folder / "weights" / f"{self.world}-{self.method}-{self.trained_on}-{self.seed}.safetensors"


@dataclass(frozen=True, kw_only=True, eq=False)
class Cell:
    """A finished one."""

    key: CellKey
    figures: Figures
    seconds: float


def read_cell(key: CellKey, folder: Path) -> Cell | None:
    """The cell, or None where it is not there yet. Raises InputError for one of other settings."""
    path = key.path(folder)
    if not path.exists():
        return None
    document: Any = read_json(path)
    expected = {"schema": SCHEMA, **asdict(key)}
    got = {name: document.get(name) for name in expected} if isinstance(document, dict) else {}
    if got != expected:
        odd = next(name for name in expected if got.get(name) != expected[name])
        raise InputError(
            f"{path}: expected a cell with {odd} {expected[odd]}, got {got.get(odd)}; choose another folder with -o"
        )
    return Cell(key=key, figures=document["figures"], seconds=document["seconds"])


def finished_cell(
    key: CellKey,
    learner: Learner,
    situation: AnySituation,
    tests: Mapping[str, AnySituation],
    folder: Path,
    device: torch.device,
    begin: Path | None = None,
) -> Cell:
    """The cell, trained and tested if it is not there yet; a training that was killed goes on where it was."""
    there = read_cell(key, folder)
    if there is not None:
        return there
    began = time.monotonic()
    pupil = Pupil(
        name=f"{key.world}-{key.method}-{key.trained_on}", situation=situation, effort=key.effort, seed=key.seed,
        device=device, begin=begin,
    )  # fmt: skip
    model = learnt(learner, pupil, folder / "training" / key.path(folder).stem)
    for path in (key.path(folder), key.weights(folder)):
        path.parent.mkdir(parents=True, exist_ok=True)
    if key.method == "de":
        save_file(model.state_dict(), key.weights(folder))
    model = model.to(device)
    answers = {
        test: learner.answer(model, told.test_scenes(key.effort.test_scenes, device), device)
        for test, told in tests.items()
    }
    by_answer = {
        name: {test: _rounded(figures(given[name])) for test, given in answers.items()} for name in learner.answers
    }
    cell = Cell(key=key, figures=by_answer, seconds=round(time.monotonic() - began, 1))
    document = {"schema": SCHEMA, **asdict(key), "seconds": cell.seconds, "figures": by_answer}
    write_text(key.path(folder), json.dumps(document, indent=1) + "\n")
    return cell


def learnt(learner: Learner, pupil: Pupil, folder: Path) -> nn.Module:
    """The trained model in eval mode; its checkpoint is gone when it is done."""
    team = Team(rank=0, size=1, device=pupil.device)
    setup = learner.setup(pupil)
    never = 10**9
    trained(setup, RunOptions(folder=folder, validate_every=never), team, lambda step, figures: None)
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    return setup.model.eval()


def _rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 3) for name, value in values.items()}
