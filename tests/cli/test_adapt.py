"""`metricpose adapt`: every bad input in one line, and a quick run from a calibration to weights that lift takes."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra")

from safetensors.torch import save_file  # noqa: E402

from metricpose.cli.bench_lift import standing_people  # noqa: E402
from metricpose.cli.main import main  # noqa: E402
from metricpose.geometry import BrownConrady, Camera  # noqa: E402
from metricpose.io import ImagePeople2D, read_camera, read_people3d, write_camera, write_people2d  # noqa: E402
from metricpose.training import adaptation  # noqa: E402
from metricpose.virtual.one_camera import up_of, with_pose  # noqa: E402
from tests.models.people_seen import small_net  # noqa: E402

LENS = Camera(
    intrinsics_px=np.array([[1150.0, 0, 640], [0, 1160, 350], [0, 0, 1]]),
    image_size=(1280, 720),
    distortion=BrownConrady((-0.2, 0.05, 0.001, 0.0, 0.0)),
)
STANDING = with_pose(LENS, up_of(16.0), 2.4)


@pytest.fixture
def calib(tmp_path: Path) -> Path:
    write_camera(tmp_path / "calib.json", STANDING)
    return tmp_path / "calib.json"


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A small network to start from."""
    net = small_net(gain=1.0)
    path = tmp_path / "small.safetensors"
    save_file(net.state_dict(), path, metadata={"options": json.dumps(vars(net.options)), "licence": "MIT"})
    return path


def _call(camera: Path, folder: Path, *more: object) -> list[str]:
    return ["adapt", "--camera", str(camera), "-o", str(folder), "--device", "cpu", *map(str, more)]


def _error(call: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line of a call that must end with exit code 2."""
    assert main(call) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = [line for line in captured.err.splitlines() if "replaces what" not in line]
    assert line.startswith("metricpose: error: ")
    return line.removeprefix("metricpose: error: ")


def _written(tmp_path: Path, camera: Camera) -> Path:
    path = tmp_path / "other.json"
    write_camera(path, camera)
    return path


def test_a_file_without_intrinsics_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bare.json"
    path.write_text('{"schema": "metricpose.camera/1", "image_size": [1280, 720]}')
    line = _error(_call(path, tmp_path / "o"), capsys)
    assert line == f"{path}: intrinsics_px: expected a list, got nothing; add it"
    path.write_text('{"image_width": 1280, "image_height": 720}')
    line = _error(_call(path, tmp_path / "o"), capsys)
    assert line.startswith(f"{path}: expected a calibration (our JSON")
    assert line.endswith("check the path")
    assert not (tmp_path / "o").exists()


def test_one_of_several_cameras_must_be_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    matrix = "[[900.0, 0.0, 640.0], [0.0, 900.0, 360.0], [0.0, 0.0, 1.0]]"
    block = f'[{{0}}]\nname = "{{0}}"\nsize = [1280.0, 720.0]\nmatrix = {matrix}\nfisheye = false\n'
    block += "distortions = [0.0, 0.0, 0.0, 0.0]\nrotation = [0.0, 0.0, 0.0]\ntranslation = [0.0, 0.0, 0.0]\n"
    path = tmp_path / "calib.toml"
    path.write_text(block.format("left") + block.format("right"))
    line = _error(_call(path, tmp_path / "o"), capsys)
    assert line == f"{path}: expected the name of one of 2 cameras, got none; choose left, right (--camera-name)"
    line = _error(_call(path, tmp_path / "o", "--camera-name", "middle"), capsys)
    assert line == f"{path}: expected a camera of the file, got 'middle'; choose left, right (--camera-name)"


def test_a_picture_of_another_shape_is_refused(calib: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = _error(_call(calib, tmp_path / "o", "--image-size", 640, 640), capsys)
    assert line == (
        "the camera is for 1280 x 720 px, the picture has 640 x 640 px: expected the same size or the same "
        "proportions; give the camera of this picture"
    )


def test_a_matrix_of_another_size_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = _written(tmp_path, LENS.replaced(image_size=(640, 360)))
    assert _error(_call(path, tmp_path / "o"), capsys) == (
        f"{path}: expected a principal point in the picture of 640 x 360 px, got (640, 350); the matrix is of another "
        "picture size: correct the size in the file, or the matrix"
    )


@pytest.mark.parametrize("height", [0.0, -1.5])
def test_a_camera_under_the_ground_is_refused(
    calib: Path, tmp_path: Path, height: float, capsys: pytest.CaptureFixture[str]
) -> None:
    line = _error(_call(calib, tmp_path / "o", "--height", height), capsys)
    assert line == f"--height {height:g}: expected the camera's height over the ground, more than 0 m"
    path = _written(tmp_path, with_pose(LENS, up_of(16.0), height))
    assert _error(_call(path, tmp_path / "o"), capsys) == (
        f"camera height: expected more than 0 m over the ground, got {height:.2f} m; the file's world must be z up "
        "with the ground at z = 0: correct it, give --height, or leave it out with --extrinsics tilt"
    )


def test_a_camera_that_sees_no_ground_is_refused(
    calib: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = _error(_call(calib, tmp_path / "o", "--tilt", -30), capsys)
    assert line == (
        "camera: expected one that sees the ground within 30 m, got one at a height of 2.40 m tilted 30 degrees up, in "
        "whose picture nobody's feet can be; correct its pose, or leave it out with --extrinsics none"
    )
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("tilt", [-91, 120])
def test_an_impossible_tilt_is_refused(
    calib: Path, tmp_path: Path, tilt: float, capsys: pytest.CaptureFixture[str]
) -> None:
    line = _error(_call(calib, tmp_path / "o", "--tilt", tilt), capsys)
    assert line == f"--tilt {tilt}: expected degrees from -90 (straight up) to 90 (straight down)"


@pytest.mark.parametrize("stature", ["0.4", "1.6-2.6", "175", "1.8-1.6", "tall", "1.6-", "nan", "1.5-1.6-1.7"])
def test_statures_of_nobody_are_refused(
    calib: Path, tmp_path: Path, stature: str, capsys: pytest.CaptureFixture[str]
) -> None:
    line = _error(_call(calib, tmp_path / "o", "--stature", stature), capsys)
    assert line == (
        f"--stature {stature}: expected metres from 0.5 to 2.5, as one number or lowest-highest (1.75, 1.62-1.85)"
    )


def test_poses_that_cannot_be_read_are_refused(calib: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "walk.bvh").write_text("HIERARCHY")
    line = _error(_call(calib, tmp_path / "o", "--poses", tmp_path / "walk.bvh"), capsys)
    assert line == f"{tmp_path / 'walk.bvh'}: expected a MOTION section after HIERARCHY, got none; is the file cut off?"
    line = _error(_call(calib, tmp_path / "o", "--poses", tmp_path / "gone.bvh"), capsys)
    assert "gone.bvh" in line
    assert not (tmp_path / "o").exists()


def test_without_torch_the_extra_is_named(
    calib: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "metricpose.models.ray_lifter_engine")
    monkeypatch.setitem(sys.modules, "torch", None)
    assert _error(_call(calib, tmp_path / "o"), capsys) == (
        "adapting to a camera needs an optional part that is not installed: pip install metricpose[train]"
    )


def test_a_device_that_is_not_there_is_refused(
    calib: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*args: object, device: torch.device) -> None:
        raise AssertionError(f"no {device}")

    monkeypatch.setattr(torch, "empty", broken)
    line = _error([*_call(calib, tmp_path / "o"), "--device", "cuda"], capsys)
    assert line == "device: expected one that torch has here, such as 'cpu', got 'cuda' (no cuda)"


@pytest.fixture
def plain_export(monkeypatch: pytest.MonkeyPatch) -> None:
    """Safetensors alone: ONNX takes longer than all else."""

    def exported(model, folder: Path, facts: dict[str, str]) -> None:
        metadata = {"options": json.dumps(vars(model.options)), **facts}
        save_file(model.state_dict(), folder / "ray_lifter.safetensors", metadata=metadata)

    monkeypatch.setattr(adaptation, "exported", exported)


@pytest.mark.usefixtures("plain_export")
def test_another_cameras_folder_is_refused(
    calib: Path, small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    quick = ("--quick", "--lifter-weights", small, "--steps", 1)
    assert main(_call(calib, folder, *quick)) == 0
    capsys.readouterr()
    other = _written(tmp_path, with_pose(LENS, up_of(16.0), 3.2))
    assert _error(_call(other, folder, *quick), capsys) == (
        f"{folder}: holds an adaptation to another camera (this one has a height of 3.20 m and not 2.40); choose "
        "another folder with -o"
    )


@pytest.mark.usefixtures("plain_export")
def test_what_the_arguments_say_is_what_is_known(
    calib: Path, small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quick = ("--quick", "--lifter-weights", small, "--steps", 1, "--json")
    known = {}
    for name, more in {
        "file": (),
        "given": ("--height", 1.5, "--tilt", 30),
        "tilt": ("--extrinsics", "tilt"),
        "none": ("--extrinsics", "none"),
        "height": ("--extrinsics", "none", "--height", 1.5),
        "doubt": ("--doubt", 1, 0.05),
        "half": ("--image-size", 640, 360),
    }.items():
        assert main(_call(calib, tmp_path / name, *quick, *more)) == 0
        captured = capsys.readouterr()
        known[name] = json.loads(captured.out)["camera_in_words"].partition("; ")[2]
        assert ("--height replaces what" in captured.err) == (name == "given")
        assert ("can be shown in training, but not be told" in captured.err) == (name == "height")
        told = read_camera(tmp_path / name / "camera.json")
        assert (told.height_m is None) == (name in ("tilt", "none", "height"))
        assert (told.up is None) == (name in ("none", "height"))
    assert known == {
        "file": "tilted 16.0 degrees down, 2.40 m over the ground",
        "given": "tilted 30.0 degrees down, 1.50 m over the ground",
        "tilt": "tilted 16.0 degrees down, height not known",
        "none": "nothing known of its tilt and height",
        "height": "nothing known of its tilt and height (scenes have it 1.50 m over the ground)",
        "doubt": "tilted 16.0 degrees down (+- 1), 2.40 m over the ground (+- 5 %)",
        "half": "tilted 16.0 degrees down, 2.40 m over the ground",
    }
    assert read_camera(tmp_path / "half" / "camera.json").image_size == (640, 360)


@pytest.mark.usefixtures("plain_export")
def test_a_run_reports_on_stdout_and_talks_on_stderr_and_goes_on(
    calib: Path, small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    call = _call(calib, folder, "--quick", "--lifter-weights", small, "--stature", "1.62-1.85")
    assert main([*call, "--steps", "2"]) == 0
    captured = capsys.readouterr()
    assert captured.out == (folder / "report.txt").read_text()
    assert captured.err.splitlines()[0] == "making the virtual people"
    assert captured.err.splitlines()[-1] == (
        f"written to {folder}: metricpose lift ... --camera {folder / 'camera.json'} --lifter-weights {folder}"
    )
    assert main([*call, "--json", "--steps", "3"]) == 0
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert document == json.loads((folder / "report.json").read_text())
    assert document["training"]["steps"] == 3
    assert "going on after step 2" in captured.err
    assert [json.loads(line)["step"] for line in (folder / "log.jsonl").read_text().splitlines()] == [2, 3]
    for entry in document["sets"]:
        assert set(entry["before"]) == set(entry["after"]) == {
            "mrpe_mm", "mrpe_z_mm", "mrpe_z_percent", "mpjpe_mm", "pa_mpjpe_mm", "coverage_percent",
        }  # fmt: skip
        assert entry["people"] > 20


@pytest.mark.usefixtures("plain_export")
def test_weights_that_are_not_better_are_written_and_said_to_be(
    calib: Path, small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adaptation, "load_average", lambda path, model: torch.nn.init.ones_(model.head_depth.bias))
    assert main(_call(calib, tmp_path / "run", "--quick", "--lifter-weights", small, "--steps", 1)) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("Not better: MRPE ")
    assert last.endswith("; keep the weights that it was adapted from, or give it more minutes.")
    assert (tmp_path / "run" / "ray_lifter.safetensors").exists()


@pytest.mark.usefixtures("plain_export")
def test_a_faulty_file_of_poses_is_told_of_and_left_out(
    calib: Path, small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.training.test_own_poses import bvh_text

    poses = tmp_path / "poses"
    poses.mkdir()
    (poses / "wave.bvh").write_text(bvh_text(34))
    (poses / "broken.bvh").write_text("HIERARCHY")
    call = _call(
        calib, tmp_path / "run", "--quick", "--lifter-weights", small, "--steps", 1, "--poses", poses, "--json"
    )
    assert main(call) == 1
    captured = capsys.readouterr()
    assert "broken.bvh: expected a MOTION section" in captured.err
    assert (
        "50 % in 34 poses of 1 clips of your own (the last 15 % of each clip held out)"
        in (json.loads(captured.out)["people_in_words"])
    )


@pytest.mark.slow
def test_from_a_calibration_to_weights_that_lift_takes(
    calib: Path, small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    assert main(_call(calib, folder, "--quick", "--lifter-weights", small)) == 0
    assert {"ray_lifter.onnx", "ray_lifter.safetensors", "report.json", "report.txt"} <= {
        file.name for file in folder.iterdir()
    }
    assert "W" not in [line[:1] for line in capsys.readouterr().err.splitlines()]  # the exporter's own talk
    people = tmp_path / "people2d.json"
    write_people2d(people, [ImagePeople2D(image="a.png", people=standing_people(2, STANDING, seed=0))])
    roots = []
    for weights in (folder, folder / "ray_lifter.safetensors"):
        call = ["lift", str(people), "-o", str(tmp_path / "o.json"), "--camera", str(folder / "camera.json")]
        assert main([*call, "--lifter-weights", str(weights)]) == 0
        assert "warning" not in capsys.readouterr().err
        roots.append(read_people3d(tmp_path / "o.json")[0].people.root_cam)
    np.testing.assert_allclose(roots[0], roots[1], rtol=1e-3)
