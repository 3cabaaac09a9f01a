import json

import numpy as np
import pytest

from metricpose._errors import FileError, InputError
from metricpose.datasets.coco_predictions import is_coco_predictions, read_coco_predictions
from metricpose.skeletons import CATALOGUE

H36M, MUPOTS = CATALOGUE["h36m17"], CATALOGUE["mupots17"]


def _write(tmp_path, entries):
    path = tmp_path / "results.json"
    path.write_text(json.dumps(entries))
    return path


def _flat(count=17, score=0.5):
    return np.column_stack([np.arange(count), np.arange(count) + 100.0, np.full(count, score)]).ravel().tolist()


def test_coco_results(tmp_path):
    entries = [
        {"image_id": 139, "category_id": 1, "keypoints": _flat(), "score": 2.5, "bbox": [1, 2, 10, 20]},
        {"image_id": 7, "category_id": 1, "keypoints": _flat(score=0.0), "score": -1.0, "bbox": [0, 0, 1, 1]},
        {"image_id": 139, "category_id": 1, "keypoints": _flat(), "score": 0.1, "bbox": [3, 4, 1, 1]},
    ]
    first, second = read_coco_predictions(_write(tmp_path, entries))
    assert (first.name, second.name, len(first), len(second)) == ("139", "7", 2, 1)
    assert first.skeleton is CATALOGUE["coco17"]
    assert first.scores.tolist() == [2.5, 0.1] and second.scores.tolist() == [-1.0]
    assert first.boxes_px.tolist() == [[1, 2, 11, 22], [3, 4, 4, 5]]
    assert first.joints_px[0, 3].tolist() == [3, 103]
    assert first.joint_scores[0, 3] == 0.5
    assert second.joints_px[0, 3].tolist() == [3, 103]  # what COCO's judge looks at, whatever the score
    assert first.joints_cam is None and first.ids is None


def test_whole_bodies_begin_with_coco(tmp_path):
    (frame,) = read_coco_predictions(_write(tmp_path, [{"image_id": 1, "keypoints": _flat(133), "score": 1}]))
    assert frame.joints_px.shape == (1, 17, 2)


def test_other_flat_joints_need_their_skeleton(tmp_path):
    path = _write(tmp_path, [{"image_id": 1, "keypoints": _flat(16), "score": 1}])
    with pytest.raises(
        InputError, match=r"entry 0 \(picture 1\): keypoints: expected 17 or 133 joints \(COCO\), got 16"
    ):
        read_coco_predictions(path)
    assert read_coco_predictions(path, skeleton=CATALOGUE["mpii16"])[0].skeleton is CATALOGUE["mpii16"]
    with pytest.raises(InputError, match="expected the 14 joints of lsp14, got 16"):
        read_coco_predictions(path, skeleton=CATALOGUE["lsp14"])


@pytest.mark.parametrize(("unit", "metres"), [("mm", 1e-3), ("cm", 1e-2), ("m", 1.0)])
def test_rootnets_roots(tmp_path, unit, metres):
    entries = [{"image_id": 3, "root_cam": [100, -200, 4000], "bbox": [1, 2, 3, 4], "score": 0.9}]
    (frame,) = read_coco_predictions(_write(tmp_path, entries), unit=unit, skeleton=MUPOTS)
    np.testing.assert_allclose(frame.root_cam, [[100 * metres, -200 * metres, 4000 * metres]])
    assert not frame.known.any() and frame.joints_cam.shape == (1, 17, 3)
    assert frame.scores.tolist() == [0.9]


def test_posenets_joints_are_relative_to_the_root(tmp_path):
    joints = (np.arange(51.0).reshape(17, 3) * 10).tolist()
    entry = {"image_id": 3, "joint_cam": joints, "root_cam": [0, 0, 4000], "bbox": [1, 2, 3, 4]}
    (frame,) = read_coco_predictions(_write(tmp_path, [entry]), skeleton=H36M)
    np.testing.assert_allclose(frame.joints_cam[0, 1], [0.03, 0.04, 4.05])
    np.testing.assert_allclose(frame.root_cam, [[0, 0, 4]])
    with pytest.raises(InputError, match="does not say what its 17 joints are; name the skeleton"):
        read_coco_predictions(_write(tmp_path, [entry]))
    (frame,) = read_coco_predictions(_write(tmp_path, [{**entry, "joint_cam": joints[:14]}]), skeleton=H36M)
    assert np.flatnonzero(~frame.known[0]).tolist() == [0, 7, 9]
    np.testing.assert_allclose(frame.joints_cam[0, H36M.index("right_wrist")], [0.39, 0.40, 4.41])
    with pytest.raises(InputError, match="root_cam: expected the place of the root beside joint_cam"):
        read_coco_predictions(_write(tmp_path, [{"image_id": 3, "joint_cam": joints}]), skeleton=H36M)


def test_poses_in_the_camera_frame(tmp_path):
    joints = np.full((17, 3), 2000.0).tolist()
    (frame,) = read_coco_predictions(_write(tmp_path, [{"image_id": 3, "keypoints_cam": joints}]), skeleton=MUPOTS)
    np.testing.assert_allclose(frame.joints_cam, 2.0)
    assert frame.scores is None


def test_pictures_by_name(tmp_path):
    (tmp_path / "images.json").write_text(
        json.dumps({"images": [{"id": 3, "file_name": "TS1/img_000003.jpg", "width": 10, "height": 10}]})
    )
    path = _write(tmp_path, [{"image_id": 3, "keypoints": _flat(), "score": 1}])
    assert read_coco_predictions(path, images=tmp_path / "images.json")[0].name == "TS1/img_000003.jpg"
    path = _write(tmp_path, [{"image_id": 4, "keypoints": _flat(), "score": 1}])
    with pytest.raises(InputError, match="image_id: expected a number of the data set's images, got 4"):
        read_coco_predictions(path, images=tmp_path / "images.json")
    path = _write(tmp_path, [{"file_name": "a.jpg", "keypoints": _flat(), "score": 1}])
    assert read_coco_predictions(path)[0].name == "a.jpg"


def test_nobody_at_all(tmp_path):
    assert read_coco_predictions(_write(tmp_path, [])) == []


@pytest.mark.parametrize(
    ("entries", "text"),
    [
        ({"images": []}, "expected a list of people with image_id"),
        ([{"image_id": 1, "bbox": [1, 2, 3, 4]}], "expected a list of people with image_id"),
        ([{"image_id": 1, "keypoints": [1.0, 2.0]}], r"entry 0 \(picture 1\): keypoints: expected a flat list"),
        ([{"image_id": 1, "root_cam": [1, 2]}], r"entry 0 \(picture 1\): root_cam: expected 3 numbers, got 2"),
        (
            [{"image_id": 1, "root_cam": [1, 2, 3]}, {"image_id": 2, "keypoints": _flat()}],
            r"entry 1 \(picture 2\): expected entries of one kind, got keypoints and root_cam",
        ),
        (
            [{"image_id": 1, "root_cam": [1, 2, 3]}, {"image_id": 2}],
            r"entry 1 \(picture 2\): expected one of keypoints",
        ),
        ([{"image_id": 1, "root_cam": [1, 2, 3]}, 5], r"entry 1 \(picture None\): expected an object"),
        (
            [{"image_id": 1, "root_cam": [1, 2, 3], "score": 1}, {"image_id": 1, "root_cam": [1, 2, 3]}],
            "picture '1': person 1: expected scores as the others have, got none",
        ),
        (
            [{"image_id": 1, "root_cam": [1, 2, 3], "id": 4}, {"image_id": 1, "root_cam": [1, 2, 3], "id": 4}],
            r"1: expected one id per person, each once, got \(4, 4\)",
        ),
        ([{"image_id": 1, "root_cam": [1, 2, float("nan")]}], "root_cam: expected finite numbers"),
        ([{"image_id": 1, "root_cam": [1, 2, 3], "score": "x"}], "score: expected"),
    ],
)
def test_bad_entries_are_refused_in_one_line(tmp_path, entries, text):
    path = _write(tmp_path, entries)
    with pytest.raises(InputError, match=text) as caught:
        read_coco_predictions(path)
    assert str(caught.value).startswith(f"{path}: ") and "\n" not in str(caught.value)


def test_a_missing_file_is_told_of(tmp_path):
    with pytest.raises(FileError, match="none"):
        read_coco_predictions(tmp_path / "none.json")


def test_what_looks_like_it():
    assert is_coco_predictions([]) and is_coco_predictions([{"image_id": 1, "keypoints": []}])
    assert not is_coco_predictions({}) and not is_coco_predictions([{"keypoints": []}]) and not is_coco_predictions([1])
