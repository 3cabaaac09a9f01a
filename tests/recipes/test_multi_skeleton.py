"""The multi-skeleton study from made-up people to its tables, and what its recipe refuses."""

import json

import numpy as np
import pytest
import torch

from metricpose._errors import FileError, InputError
from metricpose.skeletons.acae import AffineAutoencoder
from metricpose.skeletons.points import other_side
from recipes import multi_skeleton_page
from recipes.multi_skeleton import SETS, MultiSkeletonRecipe, joints_of, multi_skeleton
from recipes.multi_skeleton_study import StudyOptions, run_cell

JOINTS = joints_of(len(SETS))


@pytest.fixture(scope="module")
def options(tmp_path_factory) -> StudyOptions:
    folder = tmp_path_factory.mktemp("study")
    rng, points = np.random.default_rng(0), list(dict.fromkeys(JOINTS.points))
    for name, skeleton in (*SETS, ("val", "all"), ("test", "all")):
        np.savez(
            folder / f"{name}.npz", names=np.array(points), skeleton=np.array(skeleton),
            patch=rng.integers(0, 255, (2, 192, 192, 3), dtype=np.uint8), focal_px=np.full(2, 200, np.float32),
            points_cam=(0.3 * rng.standard_normal((2, len(points), 3)) + [0, 0, 4]).astype(np.float32),
            inside=np.ones((2, len(points)), bool),
        )  # fmt: skip
    names = tuple(dict.fromkeys(JOINTS.distinct))
    images = tuple(names.index(other_side(name)) for name in names)
    aliases = tuple((name, first) for name, first in AffineAutoencoder.load().aliases if first in names)
    eye = np.eye(len(names))
    acae = AffineAutoencoder(
        points=names, point_mirror=images, latent_mirror=images, encoder=eye, decoder=eye, aliases=aliases
    )
    acae.save(folder / "acae.npz")
    return StudyOptions(folder=folder, people=folder, acae=folder / "acae.npz", first=1, then=1, kept=1)


def test_a_cell_has_all_figures_and_is_not_made_twice(options, capsys, monkeypatch):
    path = run_cell(options, "consistent", 6, 0)
    cell = json.loads(path.read_text())
    assert set(cell["one"]["skeletons"]) == {skeleton for _, skeleton in SETS}
    assert {"one", "five", "whole", "upper_half", "people", "steps", "seed"} <= set(cell)
    assert cell["one"]["disagreement"]["depth_mm"] > 0
    capsys.readouterr()
    assert run_cell(options, "consistent", 6, 0) == path
    assert capsys.readouterr().out == ""
    monkeypatch.setattr("sys.argv", ["page", "--cells", str(path.parent)])
    multi_skeleton_page.main()
    printed = capsys.readouterr().out
    assert "| consistency |" in printed and "| direct latents | 83.0 / 58.9 / 71.4 / 71.2 |" in printed


def test_networks_of_fewer_data_sets_answer_their_skeletons(options):
    cell = json.loads(run_cell(options, "separate", 1, 0).read_text())
    assert set(cell["one"]["skeletons"]) == {"h36m17"} and cell["one"]["disagreement"] == {}


@pytest.mark.parametrize("change", [{"way": "best"}, {"sets": 0}, {"sets": 7}])
def test_unknown_ways_and_sets_are_refused(change):
    with pytest.raises(InputError, match="expected way of merged, separate, .* and sets of 1 to 6"):
        multi_skeleton(MultiSkeletonRecipe(**change), torch.device("cpu"))


def test_missing_people_are_named(tmp_path):
    with pytest.raises(FileError, match=r"studio\.npz: expected people of recipes/multi_skeleton_people"):
        multi_skeleton(MultiSkeletonRecipe(people=str(tmp_path)), torch.device("cpu"))


def test_spread_is_over_seeds():
    cells = [{"way": "latent", "sets": 6, "seed": s, "x": x} for s, x in ((1, 3.0), (0, 1.0))]
    assert [c["seed"] for c in multi_skeleton_page.chosen(cells, "latent", 6)] == [0, 1]
    assert multi_skeleton_page.spread(cells, lambda cell: cell["x"]) == "2.0 ± 1.4"
