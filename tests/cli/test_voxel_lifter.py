"""`--lifter voxel` of lift and estimate: VirtualPose's second stage answers in place of the ray lifter."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch", reason="torch comes with metricpose[train]")

from metricpose.cli.bench_lift import standing_people
from metricpose.cli.main import main
from metricpose.geometry import Camera
from metricpose.inference.voxel import VoxelLifter
from metricpose.io import ImagePeople2D, read_people3d, write_camera, write_people2d
from tests.inference.test_voxel_lifter import written

CAMERA = Camera.from_focal((320, 240), 300.0)


@pytest.fixture
def call(tmp_path: Path) -> list[str]:
    """`metricpose lift` without its last words."""
    people = [
        ImagePeople2D(image="a.png", people=standing_people(2, CAMERA, seed=0)),
        ImagePeople2D(image="b.png", people=standing_people(0, CAMERA, seed=0)),
    ]
    write_people2d(tmp_path / "people2d.json", people)
    write_camera(tmp_path / "cam.json", CAMERA)
    files = [str(tmp_path / name) for name in ("people2d.json", "out.json", "cam.json")]
    return ["lift", files[0], "-o", files[1], "--camera", files[2], "--lifter", "voxel"]


def test_lift_answers_by_the_voxel_lifter(call: list[str], tmp_path: Path) -> None:
    weights = written(tmp_path)
    assert main([*call, "--lifter-weights", str(weights)]) == 0
    got = read_people3d(tmp_path / "out.json")
    assert [len(one.people) for one in got] == [2, 0]
    own = VoxelLifter.load(weights, device="cpu")(standing_people(2, CAMERA, seed=0), CAMERA)
    np.testing.assert_allclose(got[0].people.joints_cam, own.joints_cam, atol=1e-4)
    np.testing.assert_allclose(got[0].people.root_depth_interval, own.root_depth_interval, atol=1e-4)


def test_estimate_answers_by_it_too(call: list[str], tmp_path: Path) -> None:
    Image.fromarray(np.zeros((240, 320, 3), np.uint8)).save(tmp_path / "a.png")
    weights = written(tmp_path)
    people, camera = call[1], call[5]
    words = ["estimate", str(tmp_path / "a.png"), "--detections", people, "--no-overlay", "--camera", camera]
    words += ["-o", str(tmp_path / "out"), "--lifter", "voxel", "--lifter-weights", str(weights)]
    assert main(words) == 0
    own = VoxelLifter.load(weights, device="cpu")(standing_people(2, CAMERA, seed=0), CAMERA)
    got = read_people3d(tmp_path / "out" / "people.json")[0].people
    np.testing.assert_allclose(got.joints_cam, own.joints_cam, atol=1e-4)


def test_what_it_cannot_do_is_refused(call: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*call, "--doubt", "2", "0.1"]) == 2
    assert "--doubt: expected none with --lifter voxel, which takes a camera's pose as exact" in capsys.readouterr().err
    assert main([*call, "--lifter-weights", str(tmp_path / "none.safetensors")]) == 2
    assert "none.safetensors: no such weights file" in capsys.readouterr().err


def test_the_shipped_weights_are_not_far_from_the_ray_lifter(call: list[str], tmp_path: Path) -> None:
    roots = {}
    for lifter in ("voxel", "ray"):
        assert main([*call[:-1], lifter]) == 0
        roots[lifter] = read_people3d(tmp_path / "out.json")[0].people.root_cam[:, 2]
    assert (np.abs(np.log(roots["voxel"] / roots["ray"])) < 0.5).all()
