"""Human3.6M as an NPZ in the world with three kinds of camera files: all say where the same people are."""

import pickle

import numpy as np
import pytest

from metricpose import FileError, InputError
from metricpose.datasets.human36m import JOINTS17_OF_32, activity_of, read_human36m
from metricpose.datasets.human36m_cameras import read_human36m_cameras
from metricpose.skeletons import skeleton_named
from tests.datasets.formats_made import save_json
from tests.datasets.human36m_made import (
    IDS,
    LENS,
    PLACES_M,
    TURNS,
    save_cameras_h5,
    save_cameras_json,
    save_cameras_pickle,
)

pytest.importorskip("h5py")

WORLD = np.random.default_rng(1).uniform((-0.5, -0.5, 0.0), (0.5, 0.5, 1.7), (5, 32, 3))
SAVERS = {"h5": save_cameras_h5, "pkl": save_cameras_pickle, "json": save_cameras_json}
FILES = {"h5": "cameras.h5", "pkl": "cameras.pkl", "json": "camera-parameters.json"}


def save_poses(root, positions):
    np.savez_compressed(root / "data_3d_h36m.npz", positions_3d=np.array(positions, dtype=object))


ARM = ("shoulder", "elbow", "wrist")


@pytest.fixture
def root(tmp_path):
    save_poses(tmp_path, {"S9": {"Directions 1": WORLD, "WalkDog": WORLD[:2, JOINTS17_OF_32]}, "S1": {}})
    save_cameras_h5(tmp_path / "cameras.h5")
    return tmp_path


@pytest.mark.parametrize("kind", SAVERS)
def test_world_to_camera_by_hand(kind, tmp_path):
    cameras = read_human36m_cameras(SAVERS[kind](tmp_path / FILES[kind]))
    assert list(cameras) == [("S9", name) for name in IDS]
    for name in IDS:
        camera = cameras["S9", name]
        by_hand = np.array([TURNS[name] @ (point - PLACES_M[name]) for point in WORLD[0]])
        homogeneous = np.concatenate([WORLD[0], np.ones((32, 1))], axis=1)
        assert np.allclose((camera.cam_from_world @ homogeneous.T).T[:, :3], by_hand)
        assert np.allclose(camera.centre_world, PLACES_M[name])
        assert camera.image_size == ((1000, 1002) if name == "54138969" else (1000, 1000))
        x, y = 0.1, -0.2
        r2 = x * x + y * y
        radial = 1 - 0.2 * r2 + 0.25 * r2**2 - 0.003 * r2**3
        expected = np.array(
            [
                x * radial + 2 * -0.0014 * x * y + -0.001 * (r2 + 2 * x * x),
                y * radial + -0.0014 * (r2 + 2 * y * y) + 2 * -0.001 * x * y,
            ]
        )
        px, _ = camera.project(np.array([[x, y, 1.0]]))
        assert np.allclose(px[0], expected * LENS["f"] + LENS["c"])


def test_each_clip_before_each_camera(root):
    frames = list(read_human36m(root, subjects=("S9",), camera_ids=IDS))
    assert [f.name for f in frames][4:7] == [
        "S9/Directions 1/54138969/000004",
        "S9/Directions 1/55011271/000000",
        "S9/Directions 1/55011271/000001",
    ]
    assert len(frames) == 2 * (5 + 2)
    frame = frames[6]
    expected = (WORLD[1][list(JOINTS17_OF_32)] - PLACES_M[IDS[1]]) @ TURNS[IDS[1]].T
    assert np.allclose(frame.joints_cam[0], expected)
    assert (frame.sequence, frame.group, frame.frame) == ("S9/Directions 1/55011271", "Directions", 1)
    assert frame.skeleton.name == "h36m17" and len(frame) == 1
    seen = np.isfinite(frame.joints_px[0]).all(axis=1)
    assert np.allclose(frame.joints_px[0][seen], frame.camera.project(expected)[0][seen])


def test_17_of_the_32_joints_by_name():
    """Names as Martinez et al. (2017) give the places of the motion files; the unnamed are doubles, toes and hands."""
    names = dict(enumerate(("root", "right_hip", "right_knee", "right_foot")))
    names |= {6: "left_hip", 7: "left_knee", 8: "left_foot", 12: "spine", 13: "thorax", 14: "neck_base", 15: "head"}
    names |= {17 + i: f"left_{joint}" for i, joint in enumerate(ARM)} | {
        25 + i: f"right_{joint}" for i, joint in enumerate(ARM)
    }
    assert [names[place] for place in JOINTS17_OF_32] == list(skeleton_named("h36m17").joints)


def test_some_of_them(root):
    chosen = read_human36m(root, subjects=("S9",), actions=("WalkDog",), camera_ids=IDS[:1], every=2)
    assert [f.name for f in chosen] == ["S9/WalkDog/54138969/000000"]


def test_activities():
    names = ["Directions 1", "Directions", "SittingDown_2", "TakingPhoto", "WalkingDog 1", "Photo 1"]
    assert [activity_of(n) for n in names] == ["Directions", "Directions", "SittingDown", "Photo", "WalkDog", "Photo"]


def read_all(root, **options):
    return list(read_human36m(root, subjects=("S9",), camera_ids=IDS, **options))


def test_files_that_are_wrong(root, tmp_path):
    (root / "cameras.h5").unlink()
    with pytest.raises(FileError, match=r"cameras\.h5: missing .*3d-pose-baseline"):
        read_all(root)
    save_cameras_h5(root / "cameras.h5", metres=True)
    with pytest.raises(InputError, match=r"subject9/camera1: expected a camera some metres from .*check the units"):
        read_all(root)
    save_cameras_h5(root / "cameras.h5")
    with pytest.raises(InputError, match="expected the camera 58860488 of S9 among the cameras"):
        list(read_human36m(root, subjects=("S9",)))
    with pytest.raises(InputError, match="expected the subject S11, got"):
        list(read_human36m(root))
    with pytest.raises(InputError, match="S9: expected 'Eating', got"):
        read_all(root, actions=("Eating",))
    with pytest.raises(InputError, match="every: expected 1 or more, got 0"):
        read_all(root, every=0)
    save_poses(root, {"S9": {"Directions": 1000 * WORLD}})
    with pytest.raises(InputError, match=r"data_3d_h36m\.npz: S9/Directions: expected people of about 1 to 2 m"):
        read_all(root)
    save_poses(root, {"S9": {"Directions": WORLD[:, :16]}})
    with pytest.raises(InputError, match=r"S9/Directions: expected joints \(pictures, 32 or 17, 3\), got \(5, 16, 3\)"):
        read_all(root)
    save_poses(root, {"S9": {"Directions": np.full((1, 17, 3), np.nan)}})
    with pytest.raises(InputError, match="S9/Directions: expected finite joints"):
        read_all(root)
    np.savez(root / "data_3d_h36m.npz", other=np.eye(2))
    with pytest.raises(InputError, match="expected positions_3d"):
        read_all(root)
    (root / "data_3d_h36m.npz").unlink()
    with pytest.raises(FileError, match=r"data_3d_h36m\.npz: missing; get it from"):
        read_all(root)


def test_camera_files_that_are_wrong(tmp_path):
    (tmp_path / "cameras.h5").write_bytes(b"no")
    with pytest.raises(InputError, match=r"cameras\.h5: expected the HDF5 file"):
        read_human36m_cameras(tmp_path / "cameras.h5")
    with pytest.raises(FileError, match=r"none\.h5: cannot read"):
        read_human36m_cameras(tmp_path / "none.h5")
    with pytest.raises(InputError, match=r"cameras\.txt: expected cameras\.h5, cameras\.pkl or"):
        read_human36m_cameras(tmp_path / "cameras.txt")
    (tmp_path / "cameras.pkl").write_bytes(pickle.dumps({"S9": 1}))
    with pytest.raises(InputError, match="expected a dictionary by subject and camera"):
        read_human36m_cameras(tmp_path / "cameras.pkl")
    save_json(tmp_path / "c.json", {"intrinsics": {}, "extrinsics": {"S9": {"54138969": {}}}})
    with pytest.raises(InputError, match=r"c\.json: S9 54138969: 54138969: expected an object, got nothing"):
        read_human36m_cameras(tmp_path / "c.json")
