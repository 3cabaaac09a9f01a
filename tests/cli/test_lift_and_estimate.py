"""The verbs lift, estimate and evaluate on small inputs, good and bad."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from metricpose.cli.bench_lift import standing_people
from metricpose.cli.main import main
from metricpose.geometry import Camera
from metricpose.io import ImagePeople2D, read_people3d, write_camera, write_people2d

pytestmark = pytest.mark.usefixtures("flat_lifter")
CAMERA = Camera.from_focal((320, 240), 300.0)


@pytest.fixture
def people_file(tmp_path: Path) -> Path:
    """Two pictures, the first with a camera and two people, the second with neither."""
    people = standing_people(2, CAMERA, seed=0)
    path = tmp_path / "people2d.json"
    records = [ImagePeople2D(image="a.png", people=people, camera=CAMERA, extra={"take": 7})]
    records += [ImagePeople2D(image="b.png", people=people[:0])]
    write_people2d(path, records)
    return path


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        Image.fromarray(np.full((240, 320, 3), 90, np.uint8)).save(folder / name)
    return folder


def _said(capsys: pytest.CaptureFixture[str]) -> dict:
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("name", ["out.json", "new/folder/out.npz"])
def test_lift_writes_every_person_of_every_picture(
    people_file: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lift", str(people_file), "-o", str(tmp_path / name), "--json"]) == 0
    said = _said(capsys)
    assert (said["images"], len(said["people"]), said["failed"]) == (2, 2, 0)
    first, second = read_people3d(tmp_path / name)
    assert [first.image, second.image] == ["a.png", "b.png"]
    assert (len(first.people), len(second.people)) == (2, 0)
    assert (first.people.camera_source, second.people.camera_source) == ("given", "default")
    assert first.extra == {"take": 7}


def test_the_camera_of_the_call_wins(people_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_camera(tmp_path / "cam.json", Camera.from_focal((320, 240), 900.0))
    call = ["lift", str(people_file), "-o", str(tmp_path / "o.json"), "--camera", str(tmp_path / "cam.json")]
    assert main(call) == 0
    assert "warning: --camera replaces the cameras that the input states" in capsys.readouterr().err
    assert read_people3d(tmp_path / "o.json")[0].people.camera.focal_px[0] == pytest.approx(900.0)


def test_a_bad_file_of_a_folder_does_not_lose_the_others(
    people_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    people_file.rename(folder / "good.json")
    (folder / "bad.json").write_text("{")
    assert main(["lift", str(folder), "-o", str(tmp_path / "o.json")]) == 1
    assert "bad.json: expected JSON" in capsys.readouterr().err
    assert len(read_people3d(tmp_path / "o.json")) == 2


def test_a_folder_of_bad_files_is_an_error_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for index in range(30):
        (folder / f"{index}.json").write_text("{")
    assert main(["lift", str(folder), "-o", str(tmp_path / "o.json")]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 11
    assert lines[-1] == "metricpose: 30 inputs could not be used"
    assert not (tmp_path / "o.json").exists()


@pytest.mark.parametrize("output", ["o.txt", "o"])
def test_an_output_of_another_kind_is_refused_before_the_work(
    people_file: Path, tmp_path: Path, output: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lift", str(people_file), "-o", str(tmp_path / output)]) == 2
    assert "expected a name that ends in .json or .npz" in capsys.readouterr().err


def test_tilt_alone_is_believed_when_asked(people_file: Path, tmp_path: Path) -> None:
    pose = np.array([[1.0, 0, 0, 0], [0, 0, -1, 1.5], [0, 1, 0, 0], [0, 0, 0, 1]])
    camera = Camera(intrinsics_px=CAMERA.intrinsics_px, image_size=(320, 240), cam_from_world=pose)
    write_camera(tmp_path / "cam.json", camera)
    call = ["lift", str(people_file), "-o", str(tmp_path / "o.json"), "--camera", str(tmp_path / "cam.json")]
    for extrinsics, height, up in (("full", 1.5, True), ("tilt", None, True), ("none", None, False)):
        assert main([*call, "--extrinsics", extrinsics]) == 0
        written = read_people3d(tmp_path / "o.json")[0].people.camera
        assert written.height_m == (None if height is None else pytest.approx(height))
        assert (written.up is not None) == up


def test_people_come_in_the_skeleton_that_is_asked_for(
    people_file: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lift", str(people_file), "-o", str(tmp_path / "o.json"), "--to", "h36m17"]) == 0
    call = ["estimate", str(pictures), "-o", str(tmp_path / "out"), "--detections", str(people_file), "--to", "h36m17"]
    assert main([*call, "--no-overlay"]) == 0
    for path in (tmp_path / "o.json", tmp_path / "out" / "people.json"):
        assert {record.people.skeleton.name for record in read_people3d(path)} == {"h36m17"}
    assert main(["lift", str(people_file), "-o", str(tmp_path / "p.json"), "--to", "coco71"]) == 2
    assert "unknown skeleton 'coco71': expected one of coco17, body25, " in capsys.readouterr().err


def test_joints_that_are_not_named_count_as_unseen(people_file: Path, tmp_path: Path) -> None:
    call = ["lift", str(people_file), "-o", str(tmp_path / "o.json"), "--joints", "left_hip, right_hip,nose"]
    assert main(call) == 0
    people = read_people3d(tmp_path / "o.json")[0].people
    assert sorted(np.flatnonzero(people.joint_scores[0])) == [0, 11, 12]


def test_joints_that_cannot_be_are_one_line(
    people_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["lift", str(people_file), "-o", str(tmp_path / "o.json"), "--joints"]
    assert main([*call, "left_hip,tail"]) == 2
    assert capsys.readouterr().err.startswith(
        "metricpose: error: joints: expected joints of coco17, got 'tail'; it has nose, left_eye, "
    )
    assert main([*call, "nose,left_hip,nose"]) == 2
    text = "metricpose: error: joints: expected each joint once, got nose more than once; leave one out\n"
    assert capsys.readouterr().err == text
    assert not (tmp_path / "o.json").exists()


def test_estimate_writes_people_and_overlays_and_survives_a_bad_picture(
    people_file: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (pictures / "c.png").write_text("no picture")
    out = tmp_path / "out"
    call = ["estimate", str(pictures), "-o", str(out), "--detections", str(people_file), "--fov", "60", "--json"]
    assert main(call) == 1
    captured = capsys.readouterr()
    assert "c.png: expected a picture" in captured.err
    assert json.loads(captured.out)["failed"] == 1
    records = read_people3d(out / "people.json")
    assert [record.image for record in records] == ["a.png", "b.png"]
    assert [record.people.camera_source for record in records] == ["given", "fov"]  # the file's own camera wins
    assert np.allclose(records[0].people.camera.intrinsics_px, CAMERA.intrinsics_px)
    assert sorted(path.name for path in (out / "overlay").iterdir()) == ["a.png.jpg", "b.png.jpg"]


def test_estimate_without_any_readable_picture_writes_nothing(
    people_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["estimate", str(tmp_path / "nobody.jpg"), "-o", str(tmp_path / "out"), "--detections", str(people_file)]
    assert main(call) == 2
    assert "nobody.jpg" in capsys.readouterr().err
    assert not (tmp_path / "out" / "people.json").exists()


def test_the_output_folder_may_not_be_a_file(
    people_file: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["estimate", str(pictures), "-o", str(people_file), "--detections", str(people_file)]) == 2
    assert "people2d.json: expected a folder, got a file of this name; choose" in capsys.readouterr().err


def test_evaluate_judges_by_the_truths_tags(
    people_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = str(tmp_path / "o.json")
    assert main(["lift", str(people_file), "-o", output]) == 0
    document = json.loads(Path(output).read_text())
    document["images"][0] |= {"tags": [["child"], ["adult"]], "family": "tele"}
    (tmp_path / "truth.json").write_text(json.dumps(document))
    capsys.readouterr()
    assert main(["evaluate", output, str(tmp_path / "truth.json"), "--json"]) == 0
    groups = {group["group"]: group for group in _said(capsys)["groups"]}
    assert {"all", "child", "adult"} <= set(groups)
    assert (groups["all"]["people"], groups["all"]["misses"], groups["all"]["ghosts"]) == (2, 0, 0)
    assert groups["all"]["figures"][0]["value"] == pytest.approx(0.0, abs=1e-6)
