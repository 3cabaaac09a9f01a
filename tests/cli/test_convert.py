import json
import re

import numpy as np
import pytest

from metricpose.cli.main import main
from metricpose.geometry import Camera
from metricpose.io import read_people2d, read_people3d, write_camera, write_people2d, write_people3d
from metricpose.io.records import ImagePeople2D
from metricpose.io.skeleton_tracks import SkeletonTracks, people_of_tracks
from metricpose.io.trc_write import write_trc
from metricpose.people import People2D
from metricpose.skeletons import CATALOGUE, learnt_converter
from tests.skeletons.standing import standing

COCO, H36M, HALPE = (CATALOGUE[name] for name in ("coco17", "h36m17", "halpe26"))


def _camera():
    cam_from_world = np.eye(4)
    cam_from_world[:3, :3] = [[0, -1, 0], [0, 0, -1], [1, 0, 0]]
    cam_from_world[:3, 3] = [0.0, 1.0, 4.0]
    return Camera.from_fov((640, 480), 60.0).replaced(cam_from_world=cam_from_world)


def _tracks(skeleton=COCO, frames=3):
    steps = np.arange(frames)[:, None, None] * (0.1, 0.0, 0.0)
    return SkeletonTracks(skeleton=skeleton, joints_world=standing(skeleton) + steps, fps=30.0)


def _people(path, tracks=None):
    write_people3d(path, people_of_tracks(tracks or _tracks(), _camera(), "a"))
    return str(path)


def _error(capsys):
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    return lines[0]


def test_people_are_converted_beside_their_file_and_each_joint_is_told(tmp_path, capsys):
    file = _people(tmp_path / "people.json")
    assert main(["convert", file, "--to", "h36m17", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["from"], told["to"]) == ("coco17", "h36m17")
    how = {row["joint"]: row["how"] for row in told["joints"]}
    assert how["left_knee"] == "same point"
    assert how["root"] == "by definition"
    assert how["spine"].startswith("mix of")
    records = read_people3d(tmp_path / "people.h36m17.json")
    joints = records[1].people.joints_cam[0]
    expected = learnt_converter(COCO, H36M)(read_people3d(file)[1].people.joints_cam[0])
    np.testing.assert_allclose(joints, expected, atol=1e-5)
    assert records[0].people.joint_sigma[0, H36M.index("spine")] > 0


@pytest.mark.parametrize("suffix", [".npz", ".trc", ".bvh", ".c3d"])
def test_every_format_goes_out_and_comes_in(tmp_path, capsys, suffix):
    if suffix == ".c3d":
        pytest.importorskip("ezc3d")
    file, there, back = _people(tmp_path / "p.json"), tmp_path / f"q{suffix}", tmp_path / "r.json"
    assert main(["convert", file, "--to", "h36m17", "-o", str(there)]) == 0
    write_camera(tmp_path / "camera.json", _camera())
    camera = [] if suffix == ".npz" else ["--camera", str(tmp_path / "camera.json"), "--from", "h36m17"]
    assert main(["convert", str(there), "--to", "coco17", "-o", str(back), *camera]) == 0
    knee = COCO.index("left_knee")
    for record, original in zip(read_people3d(back), read_people3d(file), strict=True):
        np.testing.assert_allclose(record.people.joints_cam[0, knee], original.people.joints_cam[0, knee], atol=2e-3)


def test_what_is_not_determined_is_refused_or_guessed(tmp_path, capsys):
    file = _people(tmp_path / "p.json")
    out = str(tmp_path / "q.json")
    assert main(["convert", file, "--to", "body25", "-o", out]) == 0
    text = capsys.readouterr()
    assert re.search("left_big_toe +not determined", text.out)
    assert "coco17 to body25, 4 joints not determined" in text.err
    toe = CATALOGUE["body25"].index("left_big_toe")
    assert np.isnan(read_people3d(out)[0].people.joints_cam[0, toe]).all()
    assert main(["convert", file, "--to", "body25", "-o", out, "--allow-guess"]) == 0
    assert "guessed from" in capsys.readouterr().out
    guessed = read_people3d(out)[0].people
    assert np.isfinite(guessed.joints_cam[0, toe]).all()
    assert guessed.joint_sigma[0, toe] > 0.03


def test_by_names_keeps_the_fields_rules(tmp_path, capsys):
    file, out = _people(tmp_path / "p.json"), str(tmp_path / "q.json")
    assert main(["convert", file, "--to", "h36m17", "-o", out, "--by-names"]) == 0
    people = read_people3d(out)[0].people
    assert np.isnan(people.joints_cam[0, H36M.index("head")]).all()


def test_people_in_pictures_are_converted_by_name(tmp_path, capsys):
    joints_px = standing(HALPE)[None, :, :2] * 100 + 200
    people = People2D(
        boxes_px=[[0, 0, 400, 400]], joints_px=joints_px, joint_scores=np.ones((1, 26)), scores=[1.0],
        skeleton=HALPE, image_size=(640, 480),
    )  # fmt: skip
    write_people2d(tmp_path / "p.json", [ImagePeople2D(image="a", people=people)])
    assert main(["convert", str(tmp_path / "p.json"), "--to", "coco17"]) == 0
    assert "2D people are converted by name and simple rules alone" in capsys.readouterr().err
    flat = read_people2d(tmp_path / "p.coco17.json")[0].people
    np.testing.assert_allclose(flat.joints_px, joints_px[:, :17], atol=1e-4)


def test_nobody_is_converted_to_nobody(tmp_path, capsys):
    write_people3d(tmp_path / "p.json", [])
    assert main(["convert", str(tmp_path / "p.json"), "--to", "h36m17"]) == 0
    assert read_people3d(tmp_path / "p.h36m17.json") == []


def test_swapped_sides_are_named_and_may_be_kept(tmp_path, capsys):
    tracks = _tracks()
    swapped = SkeletonTracks(skeleton=COCO, joints_world=tracks.joints_world[:, list(COCO.mirror)], fps=30.0)
    file = _people(tmp_path / "p.json", swapped)
    assert main(["convert", file, "--to", "h36m17"]) == 2
    assert "got left and right swapped (or a mirrored scene) in most; correct the file, or" in _error(capsys)
    assert main(["convert", file, "--to", "h36m17", "--keep-sides"]) == 0


def test_a_wrong_unit_is_named_and_can_be_said(tmp_path, capsys):
    tracks = _tracks(HALPE)
    wrong = SkeletonTracks(skeleton=HALPE, joints_world=1000 * tracks.joints_world, fps=30.0)
    write_trc(tmp_path / "a.trc", wrong.points(y_up=True))
    call = ["convert", str(tmp_path / "a.trc"), "--to", "coco17", "-o", str(tmp_path / "b.trc")]
    assert main(call) == 2
    assert "expected trunks of 0.1 to 1.2 m from hips to shoulders, got 539" in (line := _error(capsys))
    assert line.endswith("these look like mm: name the unit (--unit mm)")
    assert main([*call, "--unit", "mm"]) == 0


@pytest.mark.parametrize("call, text", [
    (["p.json", "--to", "h37m"], "unknown skeleton 'h37m': expected one of coco17, body25, "),
    (["p.json", "--to", "h36m17", "-o", "q.fbx"], "q.fbx: expected a name that ends in .json, .npz, .trc, .bvh, .c3d"),
    (["p.json", "--to", "h36m17", "--unit", "mm"], "expected no --unit, as people in metres say theirs"),
    (["none.json", "--to", "h36m17"], "none.json: cannot read"),
    (["a.trc", "--to", "coco17", "-o", "q.json"], "a.trc: expected a camera before which tracks become people"),
    (["head.trc", "--to", "lsp14"], "head.trc: expected joints from which lsp14 can be had, got "),
    (["odd.trc", "--to", "coco17"], "odd.trc: expected the joints of a known skeleton, got "),
    (["twice.trc", "--to", "coco17"], "expected the name of each point once in line 4"),
])  # fmt: skip
def test_bad_input_is_one_line(tmp_path, monkeypatch, capsys, call, text):
    monkeypatch.chdir(tmp_path)
    _people(tmp_path / "p.json")
    points = _tracks(HALPE).points(y_up=True)
    write_trc("a.trc", points)
    wrist = COCO.index("left_wrist")
    for name, names in (("head", ("nose",)), ("odd", ("p1", "p2")), ("twice", ("nose", "nose"))):
        some = type(points)(
            names=names, positions_m=points.positions_m[:, wrist : wrist + len(names)], frames=points.frames,
            times_s=points.times_s, fps=30.0,
        )  # fmt: skip
        write_trc(f"{name}.trc", some)
    extra = ["--from", "coco17"] if call[0] == "head.trc" else []
    assert main(["convert", *call, *extra]) == 2
    assert text in _error(capsys)
