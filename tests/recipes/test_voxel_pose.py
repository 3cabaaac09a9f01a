"""The recipe of the second stage, tiny: it learns, is judged through its own candidates, calibrated and written."""

import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra")

from metricpose._errors import InputError, WeightsError  # noqa: E402
from metricpose.cli.main import main  # noqa: E402
from metricpose.geometry import Camera  # noqa: E402
from metricpose.inference.voxel import VoxelLifter  # noqa: E402
from metricpose.io.camera_json import write_camera  # noqa: E402
from metricpose.models.voxel_weights import loaded_voxel_pose  # noqa: E402
from metricpose.people import People2D  # noqa: E402
from metricpose.skeletons.catalogue import COCO17  # noqa: E402
from metricpose.training.setup import OptimiserOptions  # noqa: E402
from metricpose.training.voxel_lessons import LessonOptions  # noqa: E402
from metricpose.training.voxel_setup import VoxelTraining, voxel_setup  # noqa: E402
from tests.training.voxel_made import FAULTLESS, TINY, small_world  # noqa: E402

RECIPE = Path(__file__).resolve().parents[2] / "recipes" / "voxel_pose.py"
QUICK = {
    "steps": 2, "scenes": 2, "most_poses": 2, "width": 2, "picture": 120, "cells": 8, "validation_scenes": 8,
    "mocap_cache": "none", "mocap_share": 0.0, "prior_share": 0.0, "procedural_share": 1.0, "procedural_count": 100,
}  # fmt: skip


def recipe_module():
    spec = importlib.util.spec_from_file_location("voxel_pose_recipe", RECIPE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tiny_setup(**changes):
    training = VoxelTraining(
        name="tiny", stage=TINY, scene=FAULTLESS, scenes=3, validation_scenes=12, least_cells=6.0,
        lessons=LessonOptions(most_poses=4), optimiser=OptimiserOptions(steps=1, bf16=False), **changes,
    )  # fmt: skip
    return voxel_setup(training, small_world(), small_world("val"), torch.device("cpu"))


def test_a_quick_run_ends_with_weights_that_lift(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = [part for name, value in QUICK.items() for part in ("--set", f"{name}={value}")]
    call = ["train", str(RECIPE), *settings, "-o", str(tmp_path), "--device", "cpu", "--json"]
    assert main([*call, "--report-every", "1", "--validate-every", "2"]) == 0
    assert json.loads(capsys.readouterr().out)["done"] is True
    logged = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert all(np.isfinite(value) for entry in logged for value in entry.values())
    figures = {"all_mrpe_mm", "all_mrpe_z_mm", "all_mrpe_z_percent", "all_mpjpe_mm", "found_percent"}
    assert figures | {"ghosts_per_picture", "score"} <= set(logged[-1])
    weights = loaded_voxel_pose(tmp_path / "voxel_pose.safetensors")
    assert weights.calibration is not None and weights.stage.options.picture.size_px == (120, 64)
    camera = Camera.from_fov((640, 480), 60.0)
    lifter = VoxelLifter.load(tmp_path / "voxel_pose.safetensors", device="cpu")
    assert len(lifter(People2D.empty(COCO17, (640, 480)), camera)) == 0


def test_it_learns():
    """All three losses fall on scenes that stay the same."""
    setup = tiny_setup()
    model = setup.model.train()
    batch = setup.batch(torch.Generator().manual_seed(0))
    optimiser = torch.optim.AdamW(model.parameters(), lr=4e-3)
    history = []
    for _ in range(30):
        losses = setup.loss(model, batch)
        optimiser.zero_grad()
        losses["total"].backward()
        optimiser.step()
        history.append({name: float(value.detach()) for name, value in losses.items()})
    for name, share in (("depth", 0.7), ("roots", 0.9), ("joints", 0.7)):
        assert history[-1][name] < share * history[0][name], (name, history[0][name], history[-1][name])


def test_depth_alone_learns_what_it_learns_beside_the_others():
    whole, alone = tiny_setup(), tiny_setup(parts="depth")
    batch = whole.batch(torch.Generator().manual_seed(0))
    losses = alone.loss(alone.model.train(), batch)
    assert float(losses["total"].detach()) == pytest.approx(0.1 * float(losses["depth"].detach()))
    beside = whole.loss(whole.model.train(), batch)["depth"]
    torch.testing.assert_close(losses["depth"], beside)
    losses["total"].backward()
    learns = {name.split(".")[0] for name, value in alone.model.named_parameters() if value.grad is not None}
    assert learns == {"depth_estimator"}
    judged = alone.validate(alone.model.eval())
    assert judged["score"] == judged["de_mrpe_z_percent"] and judged["de_mrpe_z_mm"] > 0
    assert whole.validate(whole.model.eval())["de_mrpe_z_percent"] == pytest.approx(judged["score"])


def test_the_rest_goes_on_from_there(tmp_path: Path):
    alone = tiny_setup(parts="depth")
    with torch.no_grad():
        next(alone.model.parameters()).fill_(0.125)
    alone.finish(alone.model.eval(), tmp_path)
    file = tmp_path / "tiny.safetensors"
    assert loaded_voxel_pose(file).calibration is None
    began = tiny_setup(begin=file).model
    assert (next(began.parameters()) == 0.125).all()
    assert all(value.requires_grad for value in began.parameters())
    with pytest.raises(WeightsError, match="expected weights of the network that is trained, got those of another"):
        wider = replace(TINY, roots=replace(TINY.roots, sigma_m=0.7))
        training = VoxelTraining(name="wider", stage=wider, begin=file)
        voxel_setup(training, small_world(), small_world("val"), torch.device("cpu"))


def test_a_step_depends_on_the_generator_alone():
    setup = tiny_setup()
    one, two, other = (setup.batch(torch.Generator().manual_seed(seed)) for seed in (5, 5, 6))
    assert torch.equal(one[0].joint_maps, two[0].joint_maps) and torch.equal(one[1].roots_cam, two[1].roots_cam)
    assert one[0].joint_maps.shape != other[0].joint_maps.shape or not torch.equal(
        one[0].joint_maps, other[0].joint_maps
    )


def test_validation_is_the_same_each_time_and_leaves_the_model_as_it_was():
    setup = tiny_setup()
    before = {name: value.clone() for name, value in setup.model.state_dict().items()}
    assert setup.validate(setup.model.eval()) == setup.validate(setup.model.eval())
    assert all(torch.equal(value, before[name]) for name, value in setup.model.state_dict().items())


def test_the_presets_are_the_papers_and_a_slim_one():
    module = recipe_module()
    paper, slim = module.SIZES["paper"].stage, module.SIZES["slim"].stage
    assert paper.roots.volume.cells == (80, 80, 24) and paper.roots.volume.size_m == (8.0, 8.0, 2.4)
    assert paper.pose.volume.cells == (64, 64, 64) and paper.pose.volume.size_m == (2.0, 2.0, 2.0)
    assert paper.roots.net.width == paper.pose.net.width == 32 and paper.roots.sigma_m == 0.2
    assert paper.picture.map_size == (240, 128) and paper.depth.widths == (64, 128, 256, 512)
    assert slim.roots.volume.cells == (40, 40, 12) and slim.pose.volume.cells == (24, 24, 24)
    changed = module.sized(slim, module.VoxelPoseRecipe(width=16, sigma_m=0.5, cells=16, picture=240))
    assert changed.roots.net.width == changed.pose.net.width == 16 and changed.roots.sigma_m == 0.5
    assert changed.pose.volume.cells == (16, 16, 16) and changed.picture.size_px == (240, 128)


def test_cameras_are_drawn_made_or_the_users(tmp_path: Path):
    module = recipe_module()
    lens = Camera.from_fov((640, 480), 70.0)
    write_camera(tmp_path / "mine.json", lens)
    for name, height, knows in (("one", 2.4, 0.0), (str(tmp_path / "mine.json"), None, 1.0)):
        source, knowledge = module.camera_source(module.VoxelPoseRecipe(camera=name))
        drawn = source.draw(3, torch.Generator().manual_seed(0))
        assert source.height_m == pytest.approx(height) and knowledge.none == knows
        assert len({drawn.lens(k).focal_px for k in range(3)}) == 1
    source, _ = module.camera_source(module.VoxelPoseRecipe())
    assert source.excluded and replace(source, excluded={}) == type(source)()


def test_error_texts():
    module = recipe_module()
    with pytest.raises(InputError, match="size: expected one of slim, paper, got 'huge'"):
        module.voxel_pose(module.VoxelPoseRecipe(size="huge"), torch.device("cpu"))
    with pytest.raises(InputError, match="parts: expected one of all, depth, got 'roots'"):
        tiny_setup(parts="roots")
