"""Outputs that cannot be written and calls that contradict themselves: one line, exit code 2, the old output whole."""

import json
import os
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
    """Two pictures of one size and one of another, all with a person and without a camera."""
    people = standing_people(1, CAMERA, seed=0)
    wide = standing_people(1, Camera.from_focal((640, 240), 300.0), seed=0)
    path = tmp_path / "people2d.json"
    names = {"a.png": people, "b.png": wide, "c.png": people}
    write_people2d(path, [ImagePeople2D(image=name, people=found) for name, found in names.items()])
    return path


def error_of(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line of a call that must end with exit code 2."""
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert line.startswith("metricpose: error: ")
    return line


def test_a_picture_that_does_not_fit_the_camera_does_not_lose_the_others(
    people_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_camera(tmp_path / "cam.json", CAMERA)
    output = tmp_path / "o.json"
    assert main(["lift", str(people_file), "-o", str(output), "--camera", str(tmp_path / "cam.json")]) == 1
    error, news = capsys.readouterr().err.splitlines()
    assert error.startswith("metricpose: error: b.png: the camera is for 320 x 240 px, the picture has 640 x 240 px")
    assert news == f"2 people in 2 pictures, written to {output}"
    assert [record.image for record in read_people3d(output)] == ["a.png", "c.png"]


def test_where_no_picture_fits_the_old_output_stays(
    people_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_camera(tmp_path / "cam.json", Camera.from_focal((100, 900), 300.0))
    output = tmp_path / "o.json"
    output.write_text("old")
    assert main(["lift", str(people_file), "-o", str(output), "--camera", str(tmp_path / "cam.json")]) == 2
    assert capsys.readouterr().err.splitlines()[-1] == "metricpose: 3 inputs could not be used"
    assert output.read_text() == "old"


def test_the_output_may_not_be_a_folder(people_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "out.json").mkdir()
    line = error_of(["lift", str(people_file), "-o", str(tmp_path / "out.json")], capsys)
    assert line.endswith("out.json: expected the name of a file to write, got a folder; name a file in it with -o")


def test_the_output_may_not_lie_in_a_file(people_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = error_of(["lift", str(people_file), "-o", str(people_file / "o.json")], capsys)
    assert line.endswith("people2d.json: expected a folder, got a file of this name; choose another with -o")


def test_a_closed_folder_is_told_of_before_the_work(
    people_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "access", lambda *args: False)  # root may write anywhere
    line = error_of(["lift", str(people_file), "-o", str(tmp_path / "o.json")], capsys)
    assert line.endswith("cannot write into this folder (Permission denied); choose another with -o")


def test_a_full_disk_leaves_the_old_output_whole(
    people_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "o.json").write_text("old")
    monkeypatch.setattr(os, "fsync", full)
    assert main(["lift", str(people_file), "-o", str(tmp_path / "o.json"), "--fov", "60"]) == 2
    assert "o.json: cannot write this file (No space left on device)" in capsys.readouterr().err
    assert (tmp_path / "o.json").read_text() == "old"
    assert not list(tmp_path.glob(".*"))


def test_an_overlay_that_cannot_be_written_is_no_fault_of_each_picture(
    people_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures, out = tmp_path / "pictures", tmp_path / "out"
    pictures.mkdir()
    out.mkdir()
    (out / "overlay").write_text("in the way")
    for name in ("a.png", "c.png"):
        Image.fromarray(np.zeros((240, 320, 3), np.uint8)).save(pictures / name)
    call = ["estimate", str(pictures), "-o", str(out), "--detections", str(people_file)]
    assert error_of(call, capsys).endswith(
        "overlay: expected a folder, got a file of this name; choose another with -o"
    )
    assert main([*call, "--no-overlay"]) == 0


@pytest.mark.parametrize(
    ("extra", "text"),
    [
        (["--camera-name", "cam_01"], "--camera-name cam_01: expected --camera with a file of cameras, got none"),
        (["--skeleton", "h36m17"], "skeleton: expected h36m17, got a file that states coco17; leave --skeleton out"),
        (["--image-size", "64", "48"], "picture 'a.png': expected (64, 48) px, got a file that states (320, 240)"),
    ],
)
def test_calls_that_contradict_the_input(
    people_file: Path, tmp_path: Path, extra: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert text in error_of(["lift", str(people_file), "-o", str(tmp_path / "o.json"), *extra], capsys)


def test_one_person_in_one_picture_reads_so(
    people_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = json.loads(people_file.read_text())
    people_file.write_text(json.dumps(document | {"images": document["images"][:1]}))
    assert main(["lift", str(people_file), "-o", str(tmp_path / "o.json"), "--fov", "60"]) == 0
    assert capsys.readouterr().err == f"1 person in 1 picture, written to {tmp_path / 'o.json'}\n"


@pytest.mark.parametrize("share", ["3", "-0.1", "nan", "few"])
def test_a_share_is_from_0_to_1(share: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = error_of(["generate", "-o", str(tmp_path / "made"), "--child-share", share], capsys)
    assert f"--child-share: expected a number from 0 to 1, got '{share}'" in line


def test_a_recipe_that_is_no_python_is_the_users_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.py").write_text("x = 1\ndef (")
    line = error_of(["train", str(tmp_path / "mine.py"), "-o", str(tmp_path / "run")], capsys)
    assert line.endswith("mine.py: expected Python, got invalid syntax at line 2; correct it")


@pytest.mark.parametrize("verb", ["lift", "estimate"])
def test_an_empty_path_is_not_the_current_folder(verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "expected a path, got an empty text" in error_of([verb, "", "-o", str(tmp_path / "o.json")], capsys)
