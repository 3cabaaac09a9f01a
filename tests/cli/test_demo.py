"""The demo: from 2D people, from a picture, and without what it needs for that; who is compared with whom."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from metricpose.cli import demo
from metricpose.cli.main import main
from metricpose.geometry import Camera
from metricpose.inference.detectors import network_files
from metricpose.io import ImagePeople3D, read_people3d
from metricpose.io.people3d_json import write_people3d_json
from metricpose.people import People3D
from metricpose.skeletons.catalogue import COCO17
from tests.inference.dotted import dotted, places

WRITTEN = {"people.json", "overlay.png", "scene.html"}
HIPS, WRISTS = [11, 12], [9, 10]


def people(
    *where: tuple[float, float, float], depths: tuple[float, ...], size: tuple[int, int] = (720, 400)
) -> People3D:
    """Dotted people at these depths: hips at the anchor and both wrists, the rest unseen."""
    camera = Camera.from_focal(size, 600.0)
    joints_px, scores = np.zeros((len(where), 17, 2)), np.zeros((len(where), 17))
    for index, person in enumerate(where):
        dots = places(*person)
        joints_px[index] = dots[0]
        joints_px[index, HIPS], joints_px[index, WRISTS] = dots[0], dots[1:]
        scores[index, HIPS + WRISTS] = 1
    seen = joints_px[:, HIPS + WRISTS]
    depth = np.array(depths)
    return People3D(
        joints_cam=camera.unproject(joints_px, np.broadcast_to(depth[:, None], (len(where), 17))),
        joint_sigma=np.zeros((len(where), 17)),
        root_depth_interval=np.stack([depth - 0.5, depth + 0.5], axis=1),
        joints_px=joints_px,
        joint_scores=scores,
        boxes_px=np.concatenate([seen.min(1) - 4, seen.max(1) + 4], axis=1),
        scores=np.ones(len(where)),
        skeleton=COCO17,
        camera=camera,
        camera_source="given",
        ids=tuple(range(len(where))),
    )


NEAR, FAR, OTHER = (150.3, 120.7, 90.0), (420.0, 230.5, 120.0), (600.2, 90.1, 60.0)


def test_people_are_compared_with_those_they_are() -> None:
    truth = people(NEAR, FAR, depths=(4.0, 6.0))
    found = people(FAR, OTHER, NEAR, depths=(6.2, 3.0, 5.0))
    answer, rows, ghosts = demo.compared(found, truth, [["adult"], ["child"]])
    assert answer.ids == (1, 2, 0)
    assert ghosts == 1
    assert [(row["id"], row["depth_m"], row["within"]) for row in rows] == [(0, 5.0, False), (1, 6.2, True)]
    assert rows[1]["root_error_mm"] == pytest.approx(203, abs=10)


def test_who_is_not_found_has_a_row() -> None:
    answer, (row,), ghosts = demo.compared(people(depths=()), people(NEAR, depths=(4.0,)), [["adult"]])
    assert (len(answer), ghosts, row["depth_m"], row["within"]) == (0, 0, None, False)
    assert "not found" in demo._text([row], 2, Path("demo"), "next")
    assert "Found besides: 2 people who are not there." in demo._text([row], 2, Path("demo"), "next")


@pytest.fixture
def packaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with a picture of dotted people, and weights."""
    folder = tmp_path / "package"
    folder.mkdir()
    Image.fromarray(dotted((720, 400), NEAR, FAR)).save(folder / demo.PICTURE, quality=95)
    truth = ImagePeople3D(
        image=demo.PICTURE, people=people(NEAR, FAR, depths=(5.0, 9.0)), extra={"tags": [["adult"], ["child"]]}
    )
    write_people3d_json(folder / demo.PICTURE_TRUTH, [truth])
    monkeypatch.setattr(demo, "_scene", lambda: folder)
    for file in ("agr_base.onnx", "crop_base.onnx"):
        (folder / file).write_bytes(b"")
    monkeypatch.setattr(network_files, "in_package", lambda file: folder / file)
    return folder


@pytest.mark.usefixtures("flat_lifter", "dotted_network", "packaged")
def test_from_the_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "-o", str(tmp_path / "demo"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert [person["within"] for person in said["people"]] == [True, False]  # the flat lifter says 5 m
    assert (said["ghosts"], said["detector"], said["weights"], said["licence"]) == (0, "agr", "base", "Apache-2.0")
    assert {path.name for path in (tmp_path / "demo").iterdir()} == WRITTEN
    assert read_people3d(tmp_path / "demo" / "people.json")[0].extra["weights"] == "base"
    assert "data:image/jpeg;base64," in (tmp_path / "demo" / "scene.html").read_text()
    assert main(["demo", "-o", str(tmp_path / "demo")]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("Your own photo: metricpose estimate")


@pytest.mark.usefixtures("flat_lifter", "dotted_network")
@pytest.mark.parametrize("lacking", [demo.PICTURE, "agr_base.onnx", "crop_base.onnx"])
def test_without_picture_or_weights_it_starts_from_2d(
    packaged: Path, tmp_path: Path, lacking: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (packaged / lacking).unlink()
    for name in ("people2d.json", "truth.json"):
        (packaged / name).write_bytes((Path(demo.__file__).parent / "demo_scene" / name).read_bytes())
    assert main(["demo", "-o", str(tmp_path / "demo")]) == 0
    assert "the demo starts from its 2D people instead" in capsys.readouterr().err


@pytest.mark.usefixtures("flat_lifter")
def test_from_2d_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--from-2d", "-o", str(tmp_path / "demo"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["people"]
    assert len(found) >= 4
    assert all(person["within"] == (4.0 <= person["true_depth_m"] <= 6.0) for person in found)
    assert {path.name for path in (tmp_path / "demo").iterdir()} == WRITTEN


def test_the_packaged_picture_fits_its_truth() -> None:
    folder = Path(demo.__file__).parent / "demo_scene"
    assert (folder / demo.PICTURE).stat().st_size < 200_000
    picture, truth = demo.packaged_picture()
    assert picture.shape == (540, 960, 3)
    assert truth.people.camera.image_size == (960, 540)
    assert len(truth.people) == len(truth.extra["tags"]) == 3
    assert truth.people.camera.height_m is not None
    projected, _ = truth.people.camera.project(truth.people.joints_cam)
    assert np.abs(projected - truth.people.joints_px).max() < 0.5


@pytest.mark.weights
def test_the_shipped_weights_find_everybody_of_the_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if network_files.lacking_weights("base"):
        pytest.skip("agr_base.onnx is not in the package")
    assert main(["demo", "-o", str(tmp_path / "demo"), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["ghosts"] == 0
    for person in said["people"]:
        assert person["depth_m"] == pytest.approx(person["true_depth_m"], rel=0.25)
