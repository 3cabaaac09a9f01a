from dataclasses import dataclass

import numpy as np
import pytest

from metricpose._errors import FileError, InputError
from metricpose.datasets.amass import amass_frames, clip_joints, read_amass
from metricpose.geometry import Camera
from metricpose.skeletons import CATALOGUE, Skeleton


@dataclass(frozen=True)
class Stick:
    """Joints on a vertical line, whose length the first beta says; men stand 1 m to the side."""

    skeleton: Skeleton = CATALOGUE["smpl24"]

    def __call__(self, poses, betas, trans, gender):
        line = np.zeros((24, 3))
        line[:, 2] = np.linspace(0, betas[0], 24)
        line[:, 0] = gender == "male"
        return trans[:, None] + line


def _file(tmp_path, **changes):
    arrays = {
        "poses": np.zeros((3, 156)),
        "trans": np.arange(9.0).reshape(3, 3) / 10,
        "betas": np.full(16, 1.7),
        "gender": np.array("male"),
        "mocap_framerate": np.array(120.0),
        "dmpls": np.zeros((3, 8)),
    }
    arrays = {key: value for key, value in {**arrays, **changes}.items() if value is not None}
    np.savez(tmp_path / "clip_poses.npz", **arrays)
    return tmp_path / "clip_poses.npz"


@pytest.mark.parametrize(
    "changes",
    [
        {"poses": np.zeros((3, 72)), "betas": np.full(10, 1.7)},
        {"poses": np.zeros((3, 165)), "mocap_framerate": None, "mocap_frame_rate": np.array(120)},
        {"gender": np.array(b"male")},
        {"gender": np.array(["male"])},
    ],
)
def test_the_releases_of_amass(tmp_path, changes):
    clip = read_amass(_file(tmp_path, **changes))
    assert (clip.name, clip.gender, clip.fps, len(clip)) == ("clip_poses", "male", 120.0, 3)
    assert clip.trans_m[2].tolist() == [0.6, 0.7, 0.8]
    assert clip.betas[0] == 1.7


def test_a_users_body_poses_the_clip(tmp_path):
    tracks = clip_joints(read_amass(_file(tmp_path)), Stick())
    assert tracks.names == CATALOGUE["smpl24"].joints
    np.testing.assert_allclose(tracks.positions_m[1, -1], [0.3 + 1, 0.4, 0.5 + 1.7])
    np.testing.assert_allclose(tracks.times_s, [0, 1 / 120, 2 / 120])


def test_frames_before_a_camera(tmp_path):
    # Stands 5 m behind the world's origin, 1 m up, and looks along y: x right, y down (-z), z forward (y).
    extrinsics = np.array([[1.0, 0, 0, 0], [0, 0, -1, 1], [0, 1, 0, 5], [0, 0, 0, 1]])
    camera = Camera.from_fov((640, 480), 60.0).replaced(cam_from_world=extrinsics)
    frames = list(amass_frames(read_amass(_file(tmp_path)), Stick(), camera, every=2))
    assert [frame.name for frame in frames] == ["clip_poses/000000", "clip_poses/000002"]
    np.testing.assert_allclose(frames[1].joints_cam[0, 0], [1.6, 1 - 0.8, 5.7])
    assert len(frames[0]) == 1 and frames[0].camera is camera
    with pytest.raises(InputError, match="camera: expected one with cam_from_world"):
        next(amass_frames(read_amass(_file(tmp_path)), Stick(), Camera.from_fov((640, 480), 60.0)))


@pytest.mark.parametrize("joints", [np.zeros((3, 23, 3)), np.full((3, 24, 3), np.nan)])
def test_a_body_that_gives_something_else_is_refused(tmp_path, joints):
    body = Stick()
    with pytest.raises(InputError, match=r"body: expected finite joints of shape \(3, 24, 3\), got"):
        clip_joints(
            read_amass(_file(tmp_path)), type("Bad", (), {"skeleton": body.skeleton, "__call__": lambda *_: joints})()
        )


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"poses": None}, r"expected the array 'poses', got \['betas'"),
        ({"poses": np.zeros((3, 100))}, r"poses: expected \(T, 3 x joints\) axis-angles, got \(3, 100\)"),
        ({"poses": np.full((3, 72), np.nan)}, "poses: expected finite numbers"),
        ({"trans": np.zeros((2, 3))}, r"trans: expected \(3, 3\) metres, as many as poses, got \(2, 3\)"),
        ({"betas": np.zeros((3, 10))}, r"betas: expected one row"),
        ({"gender": np.array("x")}, "gender: expected male, female or neutral, got 'x'"),
        ({"mocap_framerate": np.array(0.0)}, "mocap_framerate: expected one positive rate"),
        ({"mocap_framerate": None}, "expected the array 'mocap_framerate'"),
        ({"gender": np.array({"a": 1})}, "got pickled objects, which are never loaded"),
    ],
)
def test_damaged_clips_are_refused_in_one_line(tmp_path, changes, text):
    path = _file(tmp_path, **changes)
    with pytest.raises(InputError, match=text) as caught:
        read_amass(path)
    assert str(caught.value).startswith(f"{path}: ") and "\n" not in str(caught.value)


def test_other_files_are_refused(tmp_path):
    with pytest.raises(FileError, match=r"cannot read this NPZ file .*; AMASS is had from https://amass"):
        read_amass(tmp_path / "none.npz")
    (tmp_path / "text.npz").write_text("hello")
    with pytest.raises(InputError, match="expected an NPZ of plain arrays"):
        read_amass(tmp_path / "text.npz")
    np.save(tmp_path / "one.npy", np.zeros(3))
    with pytest.raises(InputError, match="got a single array"):
        read_amass(tmp_path / "one.npy")
