import json

import numpy as np
import pytest

from metricpose._errors import FileError, InputError
from metricpose.datasets.predictions import read_predictions
from metricpose.io import ImagePeople3D, write_people3d
from metricpose.io.people2d_json import write_people2d
from metricpose.io.records import ImagePeople2D
from metricpose.people import People2D, PeopleFrame
from metricpose.skeletons import CATALOGUE
from tests.strategies import made_people3d

MUPOTS = CATALOGUE["mupots17"]
NAMES = ("TS1/img_000000.jpg", "TS1/img_000001.jpg", "TS2/img_000000.jpg")


def _truth(names=NAMES, skeleton=MUPOTS):
    return [
        PeopleFrame(
            name=name,
            skeleton=skeleton,
            sequence=name.split("/")[0],
            group="outdoors",
            frame=index,
            joints_cam=np.ones((1, len(skeleton), 3)),
        )
        for index, name in enumerate(names)
    ]


def _pose(count=17):
    """A person 1.7 m tall and 4 m away, in metres."""
    return np.column_stack([np.zeros(count), np.linspace(-0.8, 0.9, count), np.full(count, 4.0)])


def _ours(path, counts, names=NAMES):
    generator, coco = np.random.default_rng(0), CATALOGUE["coco17"]
    records = [
        ImagePeople3D(image=name, people=made_people3d(generator, count, coco, joints_cam=_some(count)))
        for name, count in zip(names, counts, strict=True)
    ]
    write_people3d(path, records)
    return path


def _some(count):
    return np.repeat(_pose()[None], count, axis=0) + np.arange(count)[:, None, None]


def test_our_own_2d_people(tmp_path):
    """What `estimate` found in pictures, with every joint of the detector's skeleton."""
    halpe = CATALOGUE["halpe26"]
    joints = np.arange(52.0).reshape(1, 26, 2)
    people = People2D(
        boxes_px=[[0, 0, 50, 60]], joints_px=joints, joint_scores=np.full((1, 26), 0.5), scores=[0.7],
        skeleton=halpe, image_size=(64, 64),
    )  # fmt: skip
    write_people2d(tmp_path / "people2d.json", [ImagePeople2D(image=name, people=people) for name in NAMES])
    frames = read_predictions(tmp_path / "people2d.json", _truth())
    assert [frame.name for frame in frames] == list(NAMES) and frames[0].skeleton.name == "halpe26"
    assert np.allclose(frames[0].joints_px, joints) and frames[0].scores.tolist() == pytest.approx([0.7])


@pytest.mark.parametrize("suffix", ["json", "npz"])
def test_our_own_files(tmp_path, suffix):
    path = _ours(tmp_path / f"people.{suffix}", (2, 0, 1), NAMES[::-1])
    frames = read_predictions(path, _truth())
    assert [frame.name for frame in frames] == list(NAMES)
    assert [len(frame) for frame in frames] == [1, 0, 2]
    assert [(frame.sequence, frame.group, frame.frame) for frame in frames][1:] == [
        ("TS1", "outdoors", 1),
        ("TS2", "outdoors", 2),
    ]
    assert frames[0].skeleton is CATALOGUE["coco17"]
    np.testing.assert_allclose(frames[2].joints_cam, _some(2), atol=1e-6)
    with pytest.raises(InputError, match="unit: expected none, as people3d is in metres, got 'mm'"):
        read_predictions(path, _truth(), unit="mm")


def test_coco_results_leave_empty_pictures_out(tmp_path):
    flat = np.column_stack([np.arange(17), np.arange(17), np.ones(17)]).ravel().tolist()
    path = tmp_path / "results.json"
    path.write_text(json.dumps([{"image_id": 139, "category_id": 1, "keypoints": flat, "score": 3.0}]))
    truth = _truth(("000000000007.jpg", "000000000139.jpg"), CATALOGUE["coco17"])
    frames = read_predictions(path, truth)
    assert [len(frame) for frame in frames] == [0, 1]
    assert frames[1].name == "000000000139.jpg" and frames[1].scores.tolist() == [3.0]
    assert frames[0].scores.shape == (0,) and frames[0].joints_px.shape == (0, 17, 2)
    path.write_text("[]")
    assert [len(frame) for frame in read_predictions(path, truth)] == [0, 0]


def test_rootnets_list_with_the_names_of_the_data_set(tmp_path):
    path = tmp_path / "bbox_root_mupots_output.json"
    path.write_text(json.dumps([{"image_id": 31, "root_cam": [0, 0, 4000], "bbox": [0, 0, 1, 1], "score": 0.5}]))
    images = [{"id": 31, "file_name": "TS2/img_000000.jpg", "width": 2048, "height": 2048}]
    (tmp_path / "MuPoTS-3D.json").write_text(json.dumps({"images": images}))
    frames = read_predictions(path, _truth(), images=tmp_path / "MuPoTS-3D.json")
    assert [len(frame) for frame in frames] == [0, 0, 1]
    assert frames[2].root_cam.tolist() == [[0, 0, 4]]
    assert frames[2].skeleton is MUPOTS


def test_mupots_files(tmp_path):
    scipy_io = pytest.importorskip("scipy.io", reason="needs the extra datasets")
    mm = 1000 * _pose()
    scipy_io.savemat(tmp_path / "preds_3d_kpt_mupots.mat", {"TS1_img_000001": [mm, mm]})
    scipy_io.savemat(tmp_path / "preds_2d_kpt_mupots.mat", {"TS1_img_000001": [mm[:, :2], mm[:, :2]]})
    frames = read_predictions(tmp_path, _truth())
    assert [len(frame) for frame in frames] == [0, 2, 0]
    np.testing.assert_allclose(frames[1].joints_cam, [_pose(), _pose()])
    with pytest.raises(InputError, match=r"picture 'TS1/img_000001': person 0: .* got one of 1700 m; are the units"):
        read_predictions(tmp_path, _truth(), unit="m")


def _openpose(folder, *stems):
    folder.mkdir(exist_ok=True)
    flat = np.column_stack([1000 * _pose(25), np.ones(25)]).ravel().tolist()
    for stem in stems:
        (folder / f"{stem}_keypoints.json").write_text(json.dumps({"people": [{"pose_keypoints_3d": flat}]}))
    return folder


def test_openpose_3d_states_no_unit(tmp_path):
    folder = _openpose(tmp_path / "json", *(name[:-4].replace("/", "_") for name in NAMES))
    frames = read_predictions(folder, _truth(), unit="mm")
    assert [len(frame) for frame in frames] == [1, 1, 1]
    np.testing.assert_allclose(frames[0].joints_cam[0], _pose(25))
    with pytest.raises(InputError, match=r"unit: expected m, cm or mm for OpenPose 3D, .*; name it \(unit, --unit\)"):
        read_predictions(folder, _truth())
    with pytest.raises(InputError, match="got one of 17 m"):
        read_predictions(folder, _truth(), unit="cm")


def test_missing_pictures_are_refused_or_left_out(tmp_path):
    path = _ours(tmp_path / "people.json", (1, 1), NAMES[:2])
    with pytest.raises(
        InputError, match=r"expected all 3 pictures of the truth, got 2; 'TS2/img_000000\.jpg' is missing"
    ):
        read_predictions(path, _truth())
    frames = read_predictions(path, _truth(), missing="ignore")
    assert [frame.name for frame in frames] == list(NAMES[:2])


def test_pictures_that_the_truth_does_not_have_are_refused_or_left_out(tmp_path):
    path = _ours(tmp_path / "people.json", (1, 1, 1))
    truth = _truth(NAMES[:2])
    with pytest.raises(
        InputError, match=r"people\.json: picture 'TS2/img_000000\.jpg': expected a picture of the truth"
    ):
        read_predictions(path, truth)
    assert [len(frame) for frame in read_predictions(path, truth, unknown="ignore")] == [1, 1]


def test_pictures_that_stand_twice_are_refused(tmp_path):
    folder = _openpose(tmp_path / "json", "TS1_img_000000")
    (folder / "img_000001.json").write_text((folder / "TS1_img_000000_keypoints.json").read_text())
    (folder / "TS1_img_000001.json").write_text((folder / "TS1_img_000000_keypoints.json").read_text())
    with pytest.raises(InputError, match=r"expected each picture once, got it again \(as TS1_img_000001\); remove one"):
        read_predictions(folder, _truth(), unit="mm")


def test_one_person_in_millimetres_is_found(tmp_path):
    generator, coco = np.random.default_rng(0), CATALOGUE["coco17"]
    joints = np.stack([_pose(), 1000 * _pose()])
    people = made_people3d(generator, 2, coco, joints_cam=joints)
    write_people3d(tmp_path / "people.json", [ImagePeople3D(image=NAMES[0], people=people)])
    with pytest.raises(
        InputError, match=r"people\.json: picture 'TS1/img_000000\.jpg': person 1: .* got one of 1700 m"
    ):
        read_predictions(tmp_path / "people.json", _truth(NAMES[:1]))


def test_other_files_are_refused(tmp_path):
    with pytest.raises(FileError, match="expected a file or folder of predictions, got nothing there"):
        read_predictions(tmp_path / "none.json", _truth())
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"expected a folder with \.json files \(OpenPose 3D\) or \.mat files"):
        read_predictions(tmp_path / "empty", _truth())
    (tmp_path / "other.json").write_text('{"a": 1}')
    with pytest.raises(InputError, match=r"other\.json: expected predictions: .* got \['a'\]"):
        read_predictions(tmp_path / "other.json", _truth())
    (tmp_path / "other.json").write_text("5")
    with pytest.raises(InputError, match=r"other\.json: expected predictions: .* got 5"):
        read_predictions(tmp_path / "other.json", _truth())


def test_no_truth_and_no_predictions(tmp_path):
    (tmp_path / "results.json").write_text("[]")
    assert read_predictions(tmp_path / "results.json", []) == []
