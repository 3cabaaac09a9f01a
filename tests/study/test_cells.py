"""Cells: what a finished one holds, that it is not done again, and what is refused."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from metricpose._errors import FileError, InputError
from metricpose.study.cameras import RANDOM_CAMERAS
from metricpose.study.cell import CellKey, finished_cell, read_cell
from metricpose.study.learner import Effort, Pupil
from metricpose.study.situation import Situation, adults_in_a_room
from metricpose.study.studies import LEARNERS
from tests.training.voxel_made import small_world

CPU = torch.device("cpu")
EFFORT = Effort(steps=2, scenes=2, test_scenes=4)
KEY = CellKey(world="cameras", method="de", trained_on="random", seed=0, effort=EFFORT, poses="made")


def _situation() -> Situation:
    return Situation(name="random", world=small_world(), scene=adults_in_a_room(RANDOM_CAMERAS))


def _finished(key: CellKey, folder: Path, begin: Path | None = None):
    there = _situation()
    return finished_cell(key, LEARNERS[key.method], there, {"random": there}, folder, CPU, begin)


def test_a_cell_is_written_once_and_read_back(tmp_path):
    first = _finished(KEY, tmp_path)
    path = KEY.path(tmp_path)
    written = path.read_text()
    values = json.loads(written)["figures"]["de"]["random"]
    assert values == first.figures["de"]["random"] and values["people"] > 3 and values["mrpe_z_mm"] > 0
    assert _finished(KEY, tmp_path).figures == first.figures and path.read_text() == written
    assert not (tmp_path / "training" / path.stem).exists()


def test_the_same_seed_gives_the_same_figures_and_another_others(tmp_path):
    first, again = _finished(KEY, tmp_path / "a"), _finished(KEY, tmp_path / "b")
    assert first.figures == again.figures
    assert first.figures != _finished(replace(KEY, seed=1), tmp_path / "a").figures


@pytest.mark.parametrize("method", ["tbs", "tif", "bdr", "ray", "ray_posed"])
def test_every_method_judges_the_same_people(tmp_path, method):
    cell, other = _finished(replace(KEY, method=method), tmp_path), _finished(KEY, tmp_path)
    assert cell.figures[method]["random"]["people"] == other.figures["de"]["random"]["people"]


def test_volumes_begin_from_de_and_keep_it(tmp_path):
    _finished(KEY, tmp_path)
    begin = KEY.weights(tmp_path)
    key = replace(KEY, method="volumes")
    cell = _finished(key, tmp_path, begin)
    assert list(cell.figures) == ["ren", "pen"]
    people = {values["random"]["people"] for values in cell.figures.values()}
    assert people == {read_cell(KEY, tmp_path).figures["de"]["random"]["people"]}
    model = LEARNERS["volumes"].setup(_pupil(begin)).model.train()
    before = {name: value.clone() for name, value in model.depth_estimator.state_dict().items()}
    batch = LEARNERS["volumes"].setup(_pupil(begin)).batch(torch.Generator().manual_seed(0))
    model(*batch)
    assert all(torch.equal(before[name], value) for name, value in model.depth_estimator.state_dict().items())
    assert not any(parameter.requires_grad for parameter in model.depth_estimator.parameters())


def _pupil(begin: Path | None) -> Pupil:
    return Pupil(name="x", situation=_situation(), effort=EFFORT, seed=0, device=CPU, begin=begin)


def test_volumes_refuse_to_begin_from_nothing_or_from_others(tmp_path):
    with pytest.raises(InputError, match="expected DE's weights to begin from, got none; train DE first"):
        LEARNERS["volumes"].setup(_pupil(None))
    with pytest.raises(FileError, match="cannot read DE's weights"):
        LEARNERS["volumes"].setup(_pupil(tmp_path / "no.safetensors"))
    torch_file = tmp_path / "other.safetensors"
    from safetensors.torch import save_file

    save_file({"depth_estimator.out.bias": torch.zeros(1)}, torch_file)
    with pytest.raises(InputError, match="these weights are of another DE; choose another folder"):
        LEARNERS["volumes"].setup(_pupil(torch_file))


def test_a_cell_of_other_settings_is_refused(tmp_path):
    _finished(KEY, tmp_path)
    longer = replace(KEY, effort=replace(EFFORT, steps=3))
    with pytest.raises(
        InputError, match=r"expected a cell with effort .*'steps': 3.*, got .*'steps': 2.*; choose anoth"
    ):
        read_cell(longer, tmp_path)
    with pytest.raises(InputError, match="expected a cell with poses mocap, got made"):
        read_cell(replace(KEY, poses="mocap"), tmp_path)
    KEY.path(tmp_path).write_text("[]")
    with pytest.raises(InputError, match="expected a cell with schema metricpose.study_cell/1, got None"):
        read_cell(KEY, tmp_path)
