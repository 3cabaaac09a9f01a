import pickle

import numpy as np
import pytest

from metricpose._errors import FileError, InputError
from metricpose.datasets.threedpw import read_threedpw, read_threedpw_detections
from metricpose.skeletons import CATALOGUE
from tests.strategies import random_rotations

T = 3
K = np.array([[1961.9, 0.0, 540.0], [0.0, 1969.2, 960.0], [0.0, 0.0, 1.0]])


def _clip(people=2, seed=0):
    """The fields of a real file that tell of joints and cameras, in their shapes."""
    generator = np.random.default_rng(seed)
    cam_poses = np.tile(np.eye(4), (T, 1, 1))
    cam_poses[:, :3, :3] = random_rotations(generator, T)
    cam_poses[:, :3, 3] = [0.1, 0.2, 6.0]
    return {
        "sequence": "downtown_arguing_00",
        "poses": [generator.normal(size=(T, 72)) for _ in range(people)],
        "betas": [generator.normal(size=300) for _ in range(people)],
        "genders": ["m", "f", "m"][:people],
        "jointPositions": [generator.normal(scale=0.4, size=(T, 72)) for _ in range(people)],
        "cam_poses": cam_poses,
        "cam_intrinsics": K,
        "campose_valid": [np.array([1, 1, 0]), np.array([1, 0, 0]), np.array([1, 1, 1])][:people],
        "poses2d": [generator.uniform(1, 500, size=(T, 3, 18)) / [[1], [1], [500]] for _ in range(people)],
        "img_frame_ids": np.arange(T) * 2,
    }


def _write(root, clip, split="test", protocol=2):
    path = root / "sequenceFiles" / split / "downtown_arguing_00.pkl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(clip, protocol=protocol))
    return path


@pytest.mark.parametrize("people", [1, 2, 3])
def test_joints_come_into_the_camera_frame(tmp_path, people):
    clip = _clip(people)
    _write(tmp_path, clip)
    frames = list(read_threedpw(tmp_path))
    assert [frame.name for frame in frames] == [f"downtown_arguing_00/image_{i:05d}.jpg" for i in range(T)]
    for t, frame in enumerate(frames):
        assert (len(frame), frame.sequence, frame.frame, frame.ids) == (
            people,
            "downtown_arguing_00",
            t,
            (0, 1, 2)[:people],
        )
        assert frame.skeleton is CATALOGUE["smpl24"]
        for person in range(people):
            for joint, world in enumerate(clip["jointPositions"][person][t].reshape(24, 3)):
                x, y, z = clip["cam_poses"][t, :3, :3] @ world + clip["cam_poses"][t, :3, 3]
                np.testing.assert_allclose(frame.joints_cam[person, joint], [x, y, z], atol=1e-12)
                pixel = [K[0, 0] * x / z + 540, K[1, 1] * y / z + 960]
                np.testing.assert_allclose(frame.joints_px[person, joint], pixel, atol=1e-6)
        assert frame.judged.tolist() == [bool(valid[t]) for valid in clip["campose_valid"]]


def test_the_picture_is_twice_the_principal_point_and_its_world_has_no_up(tmp_path):
    _write(tmp_path, _clip())
    camera = next(read_threedpw(tmp_path)).camera
    assert camera.image_size == (1080, 1920)
    assert camera.cam_from_world is None and camera.up is None


def test_the_shipped_2d_joints_come_as_coco17(tmp_path):
    clip = _clip(2)
    clip["poses2d"][1][0] = 0.0  # not detected in the first picture
    clip["poses2d"][0][0, :, 4] = 0.0  # the right wrist neither
    _write(tmp_path, clip)
    frames = list(read_threedpw_detections(tmp_path))
    assert [frame.ids for frame in frames] == [(0,), (0, 1), (0, 1)]
    assert frames[0].joints_cam is None
    skeleton, rows = frames[0].skeleton, clip["poses2d"][0][0]
    for joint, column in (("nose", 0), ("left_shoulder", 5), ("right_ankle", 10), ("left_ear", 17), ("left_eye", 15)):
        np.testing.assert_allclose(frames[0].joints_px[0, skeleton.index(joint)], rows[:2, column])
        assert frames[0].joint_scores[0, skeleton.index(joint)] == pytest.approx(rows[2, column])
    assert np.isnan(frames[0].joints_px[0, skeleton.index("right_wrist")]).all()


def test_splits_sequences_and_steps(tmp_path):
    _write(tmp_path, _clip(), split="validation")
    assert len(list(read_threedpw(tmp_path, split="validation", sequences=["downtown_arguing_00"]))) == T
    assert [frame.frame for frame in read_threedpw(tmp_path, split="validation", every=2)] == [0, 2]
    with pytest.raises(InputError, match="split: expected train, validation or test, got 'val'"):
        list(read_threedpw(tmp_path, split="val"))


def test_missing_files_are_named_with_their_place(tmp_path):
    with pytest.raises(FileError, match="sequenceFiles/test: missing; get it from https://virtualhumans"):
        list(read_threedpw(tmp_path))
    _write(tmp_path, _clip())
    with pytest.raises(FileError, match=r"other\.pkl: missing; get it from https://virtualhumans"):
        list(read_threedpw(tmp_path, sequences=["other"]))


class Planted:
    def __reduce__(self):
        return print, ("this must not run",)


def test_what_a_pickle_would_run_is_refused(tmp_path, capsys):
    _write(tmp_path, {**_clip(), "poses": Planted()})
    with pytest.raises(InputError, match="print"):
        list(read_threedpw(tmp_path))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"cam_poses": None}, r"cam_poses: expected"),
        ({"jointPositions": [np.zeros((T, 71))]}, r"jointPositions\[0\]: expected 3 x 72 numbers, got \(3, 71\)"),
        ({"jointPositions": [np.full((T, 72), np.nan)] * 2}, r"jointPositions\[0\]: expected finite numbers"),
        ({"campose_valid": [np.ones(T)]}, "campose_valid: expected 2 people, got 1"),
        ({"cam_poses": np.zeros((T, 4, 4))}, r"cam_poses\[0\]: expected a rigid motion"),
        ({"cam_intrinsics": np.eye(4)}, r"cam_intrinsics: expected 3 x 3 numbers, got \(4, 4\)"),
    ],
)
def test_damaged_files_are_refused_in_one_line(tmp_path, changes, text):
    path = _write(tmp_path, {**_clip(), **changes})
    with pytest.raises(InputError, match=text) as caught:
        list(read_threedpw(tmp_path))
    assert str(caught.value).startswith(f"{path}: ") and str(caught.value).count(str(path)) == 1
    assert "\n" not in str(caught.value)


def test_another_pickle_is_refused(tmp_path):
    _write(tmp_path, {"S1": 1})
    with pytest.raises(InputError, match=r"expected the field 'cam_poses', got \['S1'\]; is it 3DPW\?"):
        list(read_threedpw(tmp_path))
    _write(tmp_path, [1])
    with pytest.raises(InputError, match="expected a dictionary of 3DPW, got 'list'"):
        list(read_threedpw(tmp_path))
