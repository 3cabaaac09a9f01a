"""MuPoTS-3D and MuCo-3DHP in RootNet's JSON."""

import copy

import numpy as np
import pytest

from metricpose import FileError, InputError
from metricpose.datasets.mupots_json import MUCO21, read_muco_json, read_mupots_json
from metricpose.skeletons import skeleton_named
from tests.datasets.formats_made import CAMERA_PX, people_mm, save_json, seen_px


def document(joints, lens):
    people = people_mm(3, joints)
    names = ("TS1/img_000000.jpg", "TS1/img_000001.jpg", "TS2/img_000007.jpg")
    images = [{"id": 10 + i, "file_name": n, "width": 1920, "height": 1080, **lens} for i, n in enumerate(names)]
    annotations = [
        {
            "id": i,
            "image_id": image_id,
            "bbox": [1.0, 2.0, 30.0, 40.0],
            "keypoints_cam": people[i].tolist(),
            "keypoints_img": seen_px(people[i]).tolist(),
            "keypoints_vis": [True] * (joints - 1) + [False],
        }
        for i, image_id in enumerate((12, 10, 12))
    ]
    return {"images": images, "annotations": annotations}, people


MUPOTS, PEOPLE17 = document(17, {"intrinsic": list(CAMERA_PX)})
MUCO, PEOPLE21 = document(21, {"f": list(CAMERA_PX[:2]), "c": list(CAMERA_PX[2:])})
for index, entry in enumerate(MUPOTS["annotations"]):
    entry["is_valid"] = (1, 0, True)[index]


def test_mupots(tmp_path):
    save_json(tmp_path / "MuPoTS-3D.json", MUPOTS)
    first, empty, last = read_mupots_json(tmp_path)
    assert [f.name for f in (first, empty, last)] == [image["file_name"] for image in MUPOTS["images"]]
    assert (len(first), len(empty), len(last)) == (1, 0, 2)
    assert np.allclose(last.joints_cam, PEOPLE17[[0, 2]] / 1000)
    assert np.allclose(last.camera.project(last.joints_cam)[0], last.joints_px)
    assert last.judged.tolist() == [True, True] and first.judged.tolist() == [False]
    assert last.ids == (0, 2) and last.boxes_px[0].tolist() == [1, 2, 31, 42]
    assert last.joint_scores[0, [0, 16]].tolist() == [1.0, 0.5]
    assert (last.sequence, last.frame, last.skeleton.name) == ("TS2", 7, "mupots17")
    assert last.image_path == tmp_path / "MultiPersonTestSet/TS2/img_000007.jpg"


def test_muco_has_hands_and_toes(tmp_path):
    save_json(tmp_path / "MuCo-3DHP.json", MUCO)
    *_, last = read_muco_json(tmp_path)
    assert last.skeleton is MUCO21 and np.allclose(last.joints_cam, PEOPLE21[[0, 2]] / 1000)
    assert np.allclose(last.camera.project(last.joints_cam)[0], last.joints_px)
    assert last.judged.all() and last.image_path == tmp_path / "TS2/img_000007.jpg"


def test_mucos_joints_are_points_of_the_training_set():
    assert MUCO21.joints[:17] == skeleton_named("mupots17").joints
    assert MUCO21.joints[17:] == ("right_hand", "left_hand", "right_toe", "left_toe")
    assert set(MUCO21.canonical) <= set(skeleton_named("mpi_inf_3dhp28").canonical)
    for joint in range(17, 21):
        side, point = MUCO21.joints[joint].split("_")
        parent = MUCO21.joints[MUCO21.parents[joint]]
        assert parent == f"{side}_{ {'hand': 'wrist', 'toe': 'ankle'}[point] }"
        assert MUCO21.joints[MUCO21.mirror[joint]] == f"{'left' if side == 'right' else 'right'}_{point}"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda d: d["images"][1].update(id=10), "images: id: expected each once, got 10 again"),
        (lambda d: d["images"][1].update(file_name="TS1/img_000000.jpg"), "images: file_name: expected each once"),
        (lambda d: d["annotations"][2].update(id=0), r"TS2/img_000007\.jpg: expected one id per person"),
        (
            lambda d: d["annotations"][1].update(image_id=99),
            r"annotations\[1\]: image_id: expected the id of",
        ),
        (
            lambda d: d["annotations"][1].update(keypoints_cam=[[1, 2, 3]]),
            r"annotations\[1\]: keypoints_cam: expected",
        ),
        (lambda d: d["annotations"][1].update(is_valid="yes"), r"annotations\[1\]: is_valid: expected"),
        (lambda d: d["images"][0].pop("intrinsic"), r"TS1/img_000000\.jpg: f: expected a list, got nothing"),
        (
            lambda d: [e.update(keypoints_cam=(PEOPLE17[0] / 1000).tolist()) for e in d["annotations"]],
            "keypoints_cam: expected people of about 1 to 2 m, got 0.00",
        ),
    ],
)
def test_bad_entries_are_named(change, text, tmp_path):
    changed = copy.deepcopy(MUPOTS)
    change(changed)
    save_json(tmp_path / "MuPoTS-3D.json", changed)
    with pytest.raises(InputError, match=text):
        read_mupots_json(tmp_path)


def test_missing_files(tmp_path):
    with pytest.raises(FileError, match=r"MuPoTS-3D\.json: missing; get it from"):
        read_mupots_json(tmp_path)
    with pytest.raises(FileError, match=r"MuCo-3DHP\.json: missing; get it from"):
        read_muco_json(tmp_path)
