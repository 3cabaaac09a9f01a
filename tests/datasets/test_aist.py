import json
import pickle

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from metricpose._errors import FileError, InputError
from metricpose.datasets.aist import read_aist, read_aist_detections
from metricpose.skeletons import CATALOGUE

SEQUENCE = "gBR_sBM_cAll_d04_mBR0_ch01"
T = 4


def _camera(number):
    """Before the dancer, 5 m away, y up in the world; another roll for each."""
    rotation = Rotation.from_euler("xz", [np.pi, 0.1 * number])
    return {
        "name": f"c{number:02d}",
        "size": [1920, 1080],
        "matrix": [[1600.0, 0, 960.0], [0, 1600.0, 540.0], [0, 0, 1]],
        "rotation": rotation.as_rotvec().tolist(),
        "translation": [0.0, 90.0, 500.0],
        "distortions": [0.01, -0.02, 0.0, 0.0, 0.0],
    }


def _root(tmp_path, sequence=SEQUENCE, **arrays):
    generator = np.random.default_rng(3)
    points = generator.normal([0, 90, 0], 40, size=(T, 17, 3))
    raw = points.copy()
    raw[1, 4], raw[2] = np.nan, np.nan
    found = np.concatenate([generator.uniform(0, 1000, (9, T, 17, 2)), generator.uniform(0.2, 1, (9, T, 17, 1))], -1)
    found[0, 1, 3, 2], found[0, 2] = 0.0, np.nan
    for folder, content in {
        "keypoints3d": {"keypoints3d": raw, "keypoints3d_optim": points, **arrays},
        "keypoints2d": {"keypoints2d": found, "det_scores": np.ones((9, T)), "timestamps": np.arange(T), **arrays},
    }.items():
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / f"{sequence}.pkl").write_bytes(pickle.dumps(content))
    (tmp_path / "cameras").mkdir(exist_ok=True)
    (tmp_path / "cameras" / "mapping.txt").write_text(f"other setting2\n{sequence} setting1\n")
    (tmp_path / "cameras" / "setting1.json").write_text(json.dumps([_camera(n) for n in range(1, 10)]))
    return points, raw, found


def test_the_dancer_comes_in_metres_before_each_camera(tmp_path):
    points, *_ = _root(tmp_path)
    frames = list(read_aist(tmp_path, cameras=("c01", "c05")))
    assert len(frames) == 2 * T
    assert frames[0].name == "gBR_sBM_c01_d04_mBR0_ch01/000000"
    assert (frames[-1].sequence, frames[-1].frame, frames[-1].group) == ("gBR_sBM_c05_d04_mBR0_ch01", 3, "BR")
    for number, part in ((1, frames[:T]), (5, frames[T:])):
        camera = _camera(number)
        expected = Rotation.from_rotvec(camera["rotation"]).apply(points[0]) + camera["translation"]
        np.testing.assert_allclose(part[0].joints_cam[0], expected / 100, atol=1e-9)
        x, y = (expected[:, :2] / expected[:, 2:]).T
        radial = 1 + 0.01 * (x * x + y * y) - 0.02 * (x * x + y * y) ** 2
        pixels = np.stack([1600 * x * radial + 960, 1600 * y * radial + 540], -1)
        np.testing.assert_allclose(part[0].joints_px[0], pixels, atol=1e-6)
    assert frames[0].skeleton is CATALOGUE["coco17"] and frames[0].camera.cam_from_world is None


def test_triangulated_joints_that_were_not_found_are_not_known(tmp_path):
    _root(tmp_path)
    frames = list(read_aist(tmp_path, joints="keypoints3d"))
    assert [len(frame) for frame in frames] == [1, 1, 0, 1]
    assert np.flatnonzero(~frames[1].known[0]).tolist() == [4]
    assert np.isnan(frames[1].joints_px[0, 4]).all() and frames[1].joint_scores[0, 4] == 0
    assert [frame.ids for frame in frames] == [(0,), (0,), (), (0,)]


def test_the_shipped_detections(tmp_path):
    *_, found = _root(tmp_path)
    frames = list(read_aist_detections(tmp_path, every=1))
    assert [len(frame) for frame in frames] == [1, 1, 0, 1]
    np.testing.assert_allclose(frames[0].joints_px[0], found[0, 0, :, :2])
    np.testing.assert_allclose(frames[0].joint_scores[0], found[0, 0, :, 2])
    assert np.isnan(frames[1].joints_px[0, 3]).all()
    assert [f.name for f in read_aist(tmp_path)] == [f.name for f in frames]
    last = list(read_aist_detections(tmp_path, cameras=["c09"], every=3))
    assert [frame.frame for frame in last] == [0, 3]
    np.testing.assert_allclose(last[1].joints_px[0], found[8, 3, :, :2])


def test_sequences_on_the_ignore_list_are_left_out_unless_named(tmp_path):
    _root(tmp_path)
    (tmp_path / "ignore_list.txt").write_text(f"{SEQUENCE}\n")
    assert list(read_aist(tmp_path)) == []
    assert len(list(read_aist(tmp_path, sequences=[SEQUENCE]))) == T


def test_missing_files_are_named_with_their_place(tmp_path):
    with pytest.raises(FileError, match="keypoints3d: missing; get it from https://google"):
        list(read_aist(tmp_path))
    _root(tmp_path)
    with pytest.raises(FileError, match=r"keypoints3d/x\.pkl: missing"):
        list(read_aist(tmp_path, sequences=["x"]))
    (tmp_path / "cameras" / "setting1.json").unlink()
    with pytest.raises(FileError, match=r"cameras/setting1\.json: missing"):
        list(read_aist(tmp_path))
    (tmp_path / "cameras" / "mapping.txt").write_text("other setting1\n")
    with pytest.raises(InputError, match=f"expected a line '{SEQUENCE} <setting>', got none"):
        list(read_aist(tmp_path))


@pytest.mark.parametrize(
    ("arrays", "text"),
    [
        ({"keypoints3d_optim": np.zeros((T, 17, 2))}, r"keypoints3d_optim: expected any x 17 x 3 numbers, got float64"),
        ({"keypoints3d_optim": np.full((T, 17, 3), np.inf)}, "keypoints3d_optim: expected any x 17 x 3"),
        ({"keypoints3d_optim": "text"}, "keypoints3d_optim: expected any x 17 x 3"),
    ],
)
def test_damaged_files_are_refused(tmp_path, arrays, text):
    _root(tmp_path, **arrays)
    with pytest.raises(InputError, match=text):
        list(read_aist(tmp_path))


def test_unknown_cameras_are_refused(tmp_path):
    _root(tmp_path)
    with pytest.raises(InputError, match="expected the camera 'c10'"):
        list(read_aist(tmp_path, cameras=["c10"]))
