"""`metricpose adapt --lifter voxel`: from a calibration to weights of the second stage that lift takes."""

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch comes with metricpose[train]")

from metricpose.cli.bench_lift import standing_people
from metricpose.cli.main import main
from metricpose.geometry import Camera
from metricpose.inference.adapted import camera_adapted_to
from metricpose.io import ImagePeople2D, read_camera, read_people3d, write_camera, write_people2d
from metricpose.models.voxel_weights import loaded_voxel_pose
from metricpose.virtual.one_camera import up_of, with_pose
from tests.inference.test_voxel_lifter import written

LENS = Camera.from_fov((640, 480), 60.0)
CAMERA = with_pose(LENS, up_of(10.0), 2.2)


@pytest.fixture
def call(tmp_path: Path) -> list[str]:
    write_camera(tmp_path / "calib.json", LENS)
    words = ["adapt", "--camera", str(tmp_path / "calib.json"), "--tilt", "10", "--height", "2.2", "--lifter", "voxel"]
    words += ["--lifter-weights", str(written(tmp_path)), "-o", str(tmp_path / "mine"), "--quick", "--device", "cpu"]
    return [*words, "--json"]


def test_from_a_calibration_to_weights_that_lift_takes(
    call: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(call) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["schema"] == "metricpose.voxel_adaptation/1" and said["training"]["steps"] == 3
    own = said["sets"][0]
    assert own["set"] == "this camera, held out"
    low, high = own["mrpe_change_mm_95"]
    assert low <= own["after"]["mrpe_mm"] - own["before"]["mrpe_mm"] <= high
    folder = tmp_path / "mine"
    weights = loaded_voxel_pose(folder / "voxel_pose.safetensors")
    made_for = camera_adapted_to(weights.facts)
    assert weights.calibration is not None and made_for is not None
    assert made_for.height_m == pytest.approx(2.2) and read_camera(folder / "camera.json").height_m == pytest.approx(
        2.2
    )
    begun = loaded_voxel_pose(Path(call[call.index("--lifter-weights") + 1]))
    moved = [
        not bool((value == begun.stage.state_dict()[name]).all()) for name, value in weights.stage.state_dict().items()
    ]
    assert any(moved)
    text = (folder / "report.txt").read_text()
    assert "Voxel lifter adapted to: 640 x 480 px" in text and text.rstrip().endswith(".")

    people = standing_people(2, CAMERA, seed=1)
    write_people2d(tmp_path / "p.json", [ImagePeople2D(image="a.png", people=people)])
    lift = ["lift", str(tmp_path / "p.json"), "-o", str(tmp_path / "o.json"), "--lifter", "voxel"]
    assert main([*lift, "--lifter-weights", str(folder), "--camera", str(folder / "camera.json")]) == 0
    assert "warning" not in capsys.readouterr().err
    assert np.isfinite(read_people3d(tmp_path / "o.json")[0].people.root_cam).all()
    assert main([*lift, "--lifter-weights", str(folder), "--fov", "90"]) == 0
    assert "adapted to another camera" in capsys.readouterr().err


def test_called_again_it_goes_on_and_another_camera_is_refused(
    call: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(call) == 0
    capsys.readouterr()
    assert main([*call, "--steps", "5"]) == 0
    captured = capsys.readouterr()
    assert "going on after step 3" in captured.err and json.loads(captured.out)["training"]["steps"] == 5
    call[call.index("--height") + 1] = "3.1"
    assert main(call) == 2
    assert "holds an adaptation to another camera" in capsys.readouterr().err


def test_without_weights_that_can_be_trained_it_is_refused(
    call: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call[call.index("--lifter-weights") + 1] = str(tmp_path / "no.safetensors")
    assert main(call) == 2
    assert "no.safetensors: expected a lifter's weights as .safetensors to start from" in capsys.readouterr().err


def test_too_few_minutes_are_told(call: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*call, "--minutes", "0.001"]) == 2
    assert "expected time to learn in, got 0.001 minutes, of which judging takes" in capsys.readouterr().err
