"""COCO key points on a file of three pictures: people, a crowd, somebody unlabelled, nobody."""

import copy

import numpy as np
import pytest

from metricpose import FileError, InputError
from metricpose.datasets.coco import read_coco
from tests.datasets.formats_made import save_json

PERSON = [v for j in range(17) for v in (100.0 + j, 50.5 + 2 * j, (2, 1, 0)[j % 3])]
DOCUMENT = {
    "images": [
        {"id": 139, "file_name": "000000000139.jpg", "width": 640, "height": 426},
        {"id": 7, "file_name": "000000000007.jpg", "width": 640, "height": 480},
        {"id": 8, "file_name": "000000000008.jpg", "width": 640, "height": 480},
    ],
    "annotations": [
        {"id": 1, "image_id": 8, "category_id": 1, "iscrowd": 0, "area": 900.5, "bbox": [1.0, 2.0, 30.0, 40.0],
         "num_keypoints": 12, "keypoints": PERSON},
        {"id": 900, "image_id": 139, "category_id": 1, "iscrowd": 1, "area": 5000.0, "bbox": [0, 0, 100, 100],
         "num_keypoints": 0, "keypoints": [0] * 51},
        {"id": 2, "image_id": 139, "category_id": 1, "iscrowd": 0, "area": 10.0, "bbox": [5, 5, 2, 5],
         "num_keypoints": 0, "keypoints": [0] * 51},
        {"id": 3, "image_id": 139, "category_id": 1, "iscrowd": 0, "area": 77.0, "bbox": [3, 4, 5, 6],
         "num_keypoints": 17, "keypoints": [1, 2, 2] * 17},
    ],
    "categories": [{"id": 1, "name": "person"}],
}  # fmt: skip


@pytest.fixture
def root(tmp_path):
    save_json(tmp_path / "annotations/person_keypoints_val2017.json", DOCUMENT)
    return tmp_path


def changed(root, change):
    document = copy.deepcopy(DOCUMENT)
    change(document)
    save_json(root / "annotations/person_keypoints_val2017.json", document)
    return root


def test_every_picture_with_its_people(root):
    first, empty, last = read_coco(root)
    assert [f.name for f in (first, empty, last)] == ["000000000139.jpg", "000000000007.jpg", "000000000008.jpg"]
    assert (len(first), len(empty), len(last)) == (3, 0, 1)
    assert first.ids == (900, 2, 3)
    assert first.crowd.tolist() == [True, False, False] and first.judged.tolist() == [False, False, True]
    assert first.areas_px.tolist() == [5000.0, 10.0, 77.0]
    assert last.boxes_px.tolist() == [[1.0, 2.0, 31.0, 42.0]]
    assert last.joint_scores[0, :3].tolist() == [1.0, 0.5, 0.0]
    assert last.joints_px[0, 1].tolist() == [101.0, 52.5] and np.isnan(last.joints_px[0, 2]).all()
    assert last.image_path == root / "val2017/000000000008.jpg"
    assert last.skeleton.name == "coco17"


def test_other_categories_are_no_people(root):
    def another(document):
        document["annotations"][0]["category_id"] = 18
        del document["annotations"][0]["keypoints"]

    assert len(read_coco(changed(root, another))[2]) == 0


def test_the_missing_file_is_named(tmp_path):
    with pytest.raises(FileError, match=r"person_keypoints_val2017\.json: missing.*https://cocodataset\.org"):
        read_coco(tmp_path)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda d: d["images"].append(d["images"][0]), "images: id: expected each once, got 139 again"),
        (lambda d: d["annotations"].append(d["annotations"][0]), "annotations: id: expected each once, got 1 again"),
        (lambda d: d["annotations"][1].update(image_id=5), r"annotations\[1\]: image_id: expected the id of a picture"),
        (lambda d: d["annotations"][2].update(keypoints=[1, 2]), r"annotations\[2\]: keypoints: expected 51 numbers"),
        (lambda d: d["annotations"][0]["keypoints"].__setitem__(2, 0.7), "visibilities 0, 1 or 2"),
        (lambda d: d["annotations"][0].update(bbox=[1, 2, 3]), r"annotations\[0\]: bbox: expected 4 numbers"),
        (lambda d: d["annotations"][0].update(iscrowd="no"), r"annotations\[0\]: iscrowd: expected"),
        (lambda d: d.pop("images"), "images: expected a list, got nothing"),
    ],
)
def test_bad_entries_are_named(change, text, root):
    with pytest.raises(InputError, match=text) as caught:
        read_coco(changed(root, change))
    assert str(caught.value).startswith(str(root / "annotations/person_keypoints_val2017.json"))
