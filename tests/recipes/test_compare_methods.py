"""The comparison, quick, on the suite and on the clip; and what it refuses."""

import json
from pathlib import Path

import numpy as np
import pytest

from baselines.mediapipe_pnp import Landmarks, write_landmarks
from metricpose._errors import InputError
from metricpose.people import People2D
from metricpose.skeletons.catalogue import MEDIAPIPE33
from recipes.compare_methods import Clip, main

FIGURES = {"mrpe", "mrpe_z_percent", "mpjpe", "pa_mpjpe", "pck_abs_all"}


@pytest.fixture
def clip(METRICPOSE_SHARED: Path) -> Path:
    folder = METRICPOSE_SHARED / "data" / "real" / "pose2sim_single"
    if not folder.is_dir():
        pytest.skip(f"no clip at {folder}")
    return folder


def rows_of(file: Path, part: int) -> dict[str, dict]:
    return {row["method"]: row for row in json.loads(file.read_text())["parts"][part]["rows"]}


def test_quick_on_the_suite(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    pytest.importorskip("torch", reason="the suite needs the train extra")
    assert main(["--quick", "--seeds", "3", "4", "--json", str(tmp_path / "c.json")]) == 0
    shown = capsys.readouterr().out
    assert "## Virtual suite, seed 3, procedural poses" in shown
    assert "10 pictures; standard errors over pictures." in shown
    assert "SimpleBaseline MLP: not run (no --mlp FILE)" in shown
    rows = rows_of(tmp_path / "c.json", 0)
    run = {name for name, row in rows.items() if "not_run" not in row}
    assert run == {
        "metricpose, without extrinsics", "metricpose, with extrinsics", "box-size formula", "limb-length formula",
        "lower ankle's ray, with extrinsics", "stature-blind oracle",
    }  # fmt: skip
    for name in run:
        assert set(rows[name]["figures"]) == FIGURES
        assert rows[name]["people"] > 10
        assert rows[name]["figures"]["mrpe"]["standard_error"] > 0
    assert rows["stature-blind oracle"]["figures"]["pa_mpjpe"]["value"] < 0.1
    assert rows["box-size formula"]["figures"]["mpjpe"] is None


def landmarks(clip: Clip, view: str, frames: list[int]) -> list[Landmarks]:
    """What a perfect MediaPipe would say of joints of the truth; those that the truth lacks are not seen."""
    found, cases = [], {case.name: case for case in clip.openpose(1)}
    for frame in frames:
        case = cases[f"{view} {frame}"]
        true = case.truth.to(MEDIAPIPE33)
        known = true.joint_known & (true.joint_scores > 0)
        world = np.where(true.joint_known[..., None], true.joints_cam - true.root_cam[:, None], 0)
        people = People2D(
            boxes_px=true.boxes_px, joints_px=np.where(known[..., None], true.joints_px, 0),
            joint_scores=known.astype(float), scores=np.ones(1), skeleton=MEDIAPIPE33,
            image_size=case.camera.image_size,
        )  # fmt: skip
        name = f"{view.replace('_', '')}.mp4#{frame:06d}"
        found.append(Landmarks(image=name, people=people, world_m=world))
    return found


def test_quick_on_the_clip_with_landmarks(clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    said = Clip.read(clip)
    file = tmp_path / "m.json"
    write_landmarks(file, [*landmarks(said, "cam_01", [0, 50]), *landmarks(said, "cam_03", [7])])
    call = ["--quick", "--scenes", "0", "--clip", str(clip), "--mediapipe", str(file), "--json", str(tmp_path / "c")]
    assert main(call) == 0
    shown = capsys.readouterr().out
    assert "## Real clip, OpenPose's 2D joints, 4 views" in shown
    assert "16 pictures; standard errors over the views" in shown
    assert "stature-blind oracle: not run (the true stature is not known)" in shown
    openpose, mediapipe = (rows_of(tmp_path / "c", part) for part in (0, 1))
    assert openpose["metricpose, with extrinsics"]["figures"]["mrpe_z_percent"]["value"] < 10
    assert "next table" in openpose["MediaPipe world landmarks, PnP"]["not_run"]
    assert mediapipe["metricpose, with extrinsics"]["people"] == 3
    placed = mediapipe["MediaPipe world landmarks, PnP"]["figures"]
    assert placed["mpjpe"]["value"] < 60  # the poses come in camera axes and not turned to the person
    assert placed["mrpe"]["value"] < 20


def test_frames_that_are_none_of_the_clips_are_refused(clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(InputError, match=r"cam09\.mp4#000001: expected a frame of one of the clip's videos \(cam01"):
        Clip.read(clip).mediapipe({"cam09.mp4#000001": nobody("cam09.mp4#000001")})
    write_landmarks(tmp_path / "m.json", [nobody("cam01.mp4#000001")])
    assert main(["--scenes", "0", "--quick", "--clip", str(clip), "--mediapipe", str(tmp_path / "m.json")]) == 2
    assert "expected somebody in the frames of the clip, got nobody" in capsys.readouterr().err


def nobody(name: str) -> Landmarks:
    return Landmarks(image=name, people=People2D.empty(MEDIAPIPE33, (10, 10)), world_m=np.zeros((0, 33, 3)))


def test_bad_inputs_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    for arguments, expected in (
        (["--scenes", "0"], "expected something to compare on, got --scenes 0 and no --clip"),
        (["--mlp", str(tmp_path / "no.onnx")], "no such weights file; make it with `metricpose train simple_baseline`"),
        (["--mediapipe", str(tmp_path / "no.json")], "no.json"),
        (["--clip", str(tmp_path)], "expected the single-person demo of Pose2Sim, got no pose-3d/*.trc"),
    ):
        assert main(arguments) == 2
        error = capsys.readouterr().err
        assert error.startswith("compare_methods: error: ")
        assert expected in error
        assert error.count("\n") == 1
