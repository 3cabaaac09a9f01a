import json

import numpy as np
import pytest

from metricpose._errors import FileError, InputError
from metricpose.datasets.openpose3d import is_openpose3d, read_openpose3d
from metricpose.skeletons import CATALOGUE


def _person(count=25, missing=(), shift=0.0, **more):
    rows = np.column_stack([np.arange(count), np.arange(count) + 10.0, np.full(count, 3000 + shift), np.ones(count)])
    rows[list(missing)] = 0.0
    return {"person_id": [-1], "pose_keypoints_3d": rows.ravel().tolist(), **more}


def _write(folder, **pictures):
    for name, people in pictures.items():
        (folder / f"{name}.json").write_text(json.dumps({"version": 1.3, "people": people}))
    return folder


def test_a_folder_has_one_picture_in_each_file(tmp_path):
    _write(tmp_path, b_keypoints=[_person(missing=[4]), _person(shift=500)], a=[], c=[_person(), {}])
    a, b, c = read_openpose3d(tmp_path, unit="mm")
    assert [frame.name for frame in (a, b, c)] == ["a", "b", "c"]
    assert [len(frame) for frame in (a, b, c)] == [0, 2, 1]
    assert b.skeleton is CATALOGUE["body25"] and a.skeleton is b.skeleton
    np.testing.assert_allclose(b.joints_cam[1, 3], [0.003, 0.013, 3.5])
    assert np.flatnonzero(~b.known[0]).tolist() == [4]
    assert b.joint_scores[0, 4] == 0 and b.joint_scores[0, 5] == 1
    assert b.ids is None and b.joints_px is None and b.scores is None
    (alone,) = read_openpose3d(tmp_path / "b_keypoints.json", unit="m")
    np.testing.assert_allclose(alone.joints_cam[1, 3], [3, 13, 3500])


def test_pixels_beside_the_points(tmp_path):
    flat = np.column_stack([np.arange(25), np.arange(25), np.ones(25)])
    flat[7] = 0
    _write(tmp_path, a=[_person(pose_keypoints_2d=flat.ravel().tolist(), person_id=[5])])
    (frame,) = read_openpose3d(tmp_path, unit="mm")
    assert frame.joints_px[0, 6].tolist() == [6, 6]
    assert np.isnan(frame.joints_px[0, 7]).all()
    assert frame.ids == (5,)


def test_the_coco_model_and_other_joints(tmp_path):
    _write(tmp_path, a=[_person(18)])
    (frame,) = read_openpose3d(tmp_path, unit="m")
    coco = frame.skeleton
    assert coco is CATALOGUE["coco17"]
    for joint, place in (("nose", 0), ("right_shoulder", 2), ("left_ankle", 13), ("right_eye", 14), ("left_ear", 17)):
        assert frame.joints_cam[0, coco.index(joint), 0] == place
    _write(tmp_path, a=[_person(15)])
    with pytest.raises(
        InputError, match=r"a\.json: people\[0\]: expected 25, 18, 17 joints, got 15; name the skeleton"
    ):
        read_openpose3d(tmp_path, unit="m")
    (frame,) = read_openpose3d(tmp_path, unit="m", skeleton=CATALOGUE["panoptic15_nose"])
    assert frame.joints_cam.shape == (1, 15, 3)
    _write(tmp_path, a=[_person(25)])
    assert read_openpose3d(tmp_path, unit="m", skeleton=CATALOGUE["body25b"])[0].skeleton is CATALOGUE["body25b"]


@pytest.mark.parametrize(
    ("people", "text"),
    [
        ([{"pose_keypoints_3d": [1.0] * 99}], r"people\[0\]: pose_keypoints_3d: expected x, y, z, c .* got 99 numbers"),
        ([{"pose_keypoints_2d": [1.0] * 75}], r"people\[0\]: pose_keypoints_3d: expected a list, got nothing"),
        ([_person(person_id=[3]), _person(person_id=[3])], "picture 'a': expected each person_id once, got 3 again"),
        ([_person(25), _person(18)], "expected one set of joints, got body25 and coco17"),
        ([{"pose_keypoints_3d": [float("nan")] * 100}], "pose_keypoints_3d: expected finite numbers"),
    ],
)
def test_bad_files_are_refused_in_one_line(tmp_path, people, text):
    _write(tmp_path, a=people)
    with pytest.raises(InputError, match=text) as caught:
        read_openpose3d(tmp_path, unit="m")
    assert "\n" not in str(caught.value)


def test_missing_files_are_told_of(tmp_path):
    with pytest.raises(FileError, match=r"expected \.json files of OpenPose 3D in this folder, got none"):
        read_openpose3d(tmp_path, unit="m")
    with pytest.raises(FileError, match="none"):
        read_openpose3d(tmp_path / "none.json", unit="m")
    with pytest.raises(InputError, match="unit: expected one of m, cm, mm"):
        read_openpose3d(tmp_path, unit="px")


def test_what_looks_like_it():
    assert is_openpose3d({"people": []}) and is_openpose3d({"people": [_person()]})
    assert not is_openpose3d({"people": [{"pose_keypoints_2d": []}]})
    assert not is_openpose3d({"schema": "x", "people": []}) and not is_openpose3d([])
