"""`--lifter-weights` of lift and estimate: whose file it is, a folder, and a word where the camera is another."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import metricpose
from metricpose.cli.bench_lift import standing_people
from metricpose.cli.main import main
from metricpose.geometry import Camera
from metricpose.inference.adapted import facts_of_adaptation
from metricpose.io import ImagePeople2D, read_people3d, write_camera, write_people2d

onnx = pytest.importorskip("onnx", reason="onnx comes with metricpose[train]")

CAMERA = Camera.from_focal((320, 240), 300.0)
SHIPPED = Path(metricpose.__file__).parent / "weights" / "ray_lifter.onnx"


@pytest.fixture
def people_file(tmp_path: Path) -> Path:
    path = tmp_path / "people2d.json"
    names = ("a.png", "b.png")
    write_people2d(path, [ImagePeople2D(image=name, people=standing_people(2, CAMERA, seed=0)) for name in names])
    return path


@pytest.fixture
def adapted(tmp_path: Path) -> Path:
    """A folder with the shipped network, who says 10 % more of every depth and is adapted to CAMERA."""
    folder = tmp_path / "adapted"
    folder.mkdir()
    model = onnx.load(str(SHIPPED))
    facts = facts_of_adaptation(CAMERA, people="all", adapted_from="the shipped weights", licence="Apache-2.0")
    onnx.helper.set_model_props(model, facts)
    graph = model.graph
    for output in graph.output:
        inner = f"{output.name}_inner"
        for node in graph.node:
            node.output[:] = [inner if name == output.name else name for name in node.output]
            node.input[:] = [inner if name == output.name else name for name in node.input]
        graph.node.append(onnx.helper.make_node("Mul", [inner, "grown"], [output.name]))
    graph.initializer.append(onnx.numpy_helper.from_array(np.array(1.1, np.float32), "grown"))
    onnx.save(model, str(folder / "ray_lifter.onnx"))
    return folder


def _lifted(people_file: Path, tmp_path: Path, *arguments: str) -> np.ndarray:
    write_camera(tmp_path / "cam.json", CAMERA)
    out = tmp_path / "people.json"
    call = ["lift", str(people_file), "-o", str(out), "--camera", str(tmp_path / "cam.json"), *arguments]
    assert main(call) == 0
    return read_people3d(out)[0].people.root_cam


@pytest.mark.parametrize("name", ["", "ray_lifter.onnx"])
def test_lift_takes_the_given_weights(
    people_file: Path, adapted: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shipped = _lifted(people_file, tmp_path)
    given = _lifted(people_file, tmp_path, "--lifter-weights", str(adapted / name))
    np.testing.assert_allclose(given, 1.1 * shipped, rtol=1e-5)
    assert "warning" not in capsys.readouterr().err


def test_estimate_takes_them_too(people_file: Path, adapted: Path, tmp_path: Path) -> None:
    Image.fromarray(np.zeros((240, 320, 3), np.uint8)).save(tmp_path / "a.png")
    write_camera(tmp_path / "cam.json", CAMERA)
    call = ["estimate", str(tmp_path / "a.png"), "--detections", str(people_file), "--no-overlay"]
    call += ["--camera", str(tmp_path / "cam.json"), "-o", str(tmp_path / "out")]
    roots = []
    for more in ([], ["--lifter-weights", str(adapted)]):
        assert main([*call, *more]) == 0
        roots.append(read_people3d(tmp_path / "out" / "people.json")[0].people.root_cam)
    np.testing.assert_allclose(roots[1], 1.1 * roots[0], rtol=1e-5)


def test_safetensors_run_in_torch(people_file: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="torch comes with metricpose[train]")
    shutil.copy(SHIPPED.with_suffix(".safetensors"), tmp_path / "other.safetensors")
    given = _lifted(people_file, tmp_path, "--lifter-weights", str(tmp_path / "other.safetensors"))
    np.testing.assert_allclose(given, _lifted(people_file, tmp_path), rtol=1e-3)


def test_another_camera_is_warned_of_once(
    people_file: Path, adapted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["lift", str(people_file), "-o", str(tmp_path / "o.json"), "--fov", "90", "--json"]
    assert main([*call, "--lifter-weights", str(adapted)]) == 0
    captured = capsys.readouterr()
    assert len(json.loads(captured.out)["people"]) == 4
    (line,) = [line for line in captured.err.splitlines() if "warning" in line]
    assert line.startswith(
        "metricpose: warning: --lifter-weights was adapted to another camera; this one has rays that differ by up to "
    )
    assert line.endswith(" degrees: use the shipped weights, or adapt to this one")


def test_weights_that_are_none_are_refused(
    people_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    call = ["lift", str(people_file), "-o", str(tmp_path / "o.json"), "--lifter-weights"]
    assert main([*call, str(tmp_path / "empty")]) == 2
    assert "empty/ray_lifter.onnx: no such weights file" in capsys.readouterr().err
    (tmp_path / "w.onnx").write_bytes(b"x")
    assert main([*call, str(tmp_path / "w.onnx")]) == 2
    assert "w.onnx: expected an ONNX ray lifter, got a file that does not load" in capsys.readouterr().err
