"""MPII's own MAT and the common JSON, in tiny copies: the same people come out of both."""

import numpy as np
import pytest

from metricpose import FileError, InputError
from metricpose.datasets.mpii import read_mpii
from metricpose.datasets.mpii_json import read_mpii_json
from tests.datasets.formats_made import cells, save_json, save_mat, structures

pytest.importorskip("scipy")

EMPTY = np.zeros((0, 0))


def point(number, x, y, visible=EMPTY):
    return {"id": float(number), "x": x, "y": y, "is_visible": visible}


def person(points, scale=2.0, head=(11.0, 21.0, 41.0, 61.0)):
    x1, y1, x2, y2 = head
    made = {"x1": x1, "y1": y1, "x2": x2, "y2": y2, "scale": scale, "objpos": {"x": 301.0, "y": 401.0}}
    return made | ({"annopoints": {"point": structures(points)}} if points else {})


WHOLE = [point(j, 10.0 * j + 1, 5.0 * j + 1, *([float(j % 2)] if j not in (8, 9) else [])) for j in range(16)]
SOME = [point(0, 1.0, 1.0, "1"), point(9, 100.5, 50.5), point(10, 7.0, 9.0, "0")]


def save_release(folder, pictures, training, single):
    annolist = [{"image": {"name": name}, "annorect": structures(rects)} for name, rects in pictures]
    release = {"annolist": structures(annolist), "img_train": np.array([training]), "single_person": cells(single)}
    return save_mat(folder / "mpii_human_pose_v1_u12_1.mat", RELEASE=release)


@pytest.fixture
def root(tmp_path):
    pictures = [
        ("a.jpg", [person(WHOLE)]),
        ("test.jpg", [person([])]),
        ("b.jpg", [person(SOME), person([]), person(WHOLE, scale=1.0)]),
    ]
    save_release(tmp_path, pictures, [1.0, 0.0, 1.0], [[1.0], [EMPTY], [np.array([[1.0, 2.0]])]])
    return tmp_path


def test_training_pictures_with_all_their_people(root):
    a, b = read_mpii(root)
    assert (a.name, b.name, len(a), len(b)) == ("a.jpg", "b.jpg", 1, 3)
    assert np.allclose(a.joints_px[0], [[10.0 * j, 5.0 * j] for j in range(16)])
    hidden = [j for j in range(16) if j % 2 == 0 and j not in (8, 9)]
    assert np.array_equal(a.joint_scores[0], [0.5 if j in hidden else 1.0 for j in range(16)])
    assert b.joints_px[0, 9].tolist() == [99.5, 49.5] and np.isnan(b.joints_px[0, 1]).all()
    assert b.joint_scores[0, [0, 1, 9, 10]].tolist() == [1.0, 0.0, 1.0, 0.5]
    assert a.skeleton.name == "mpii16" and a.image_path == root / "images/a.jpg"


def test_head_size_box_and_who_is_judged(root):
    _, b = read_mpii(root)
    assert np.allclose(b.head_px, 0.6 * 50.0)  # sides 30 and 40
    assert b.boxes_px[0].tolist() == [100.0, 200.0, 500.0, 600.0]
    assert b.judged.tolist() == [True, False, False]  # the second has no joints, the third stands among others
    assert b.ids == (0, 1, 2)


def test_mpii_files_that_are_wrong(root, tmp_path):
    with pytest.raises(FileError, match=r"u12_1\.mat: missing.*human-pose\.mpi-inf\.mpg\.de"):
        list(read_mpii(tmp_path.parent))
    save_release(root, [("a.jpg", [person([point(16, 1.0, 1.0)])])], [1.0], [[1.0]])
    with pytest.raises(InputError, match=r"a\.jpg: annopoints: expected ids 0 to 15 with x and y, got id 16"):
        list(read_mpii(root))
    save_release(root, [("a.jpg", [person([*SOME, SOME[0]])])], [1.0], [[1.0]])
    with pytest.raises(InputError, match=r"a\.jpg: annopoints: id: expected each once"):
        list(read_mpii(root))
    save_release(root, [("a.jpg", [person(SOME)])] * 2, [1.0, 1.0], [[1.0], [1.0]])
    with pytest.raises(InputError, match=r"image\.name: expected each once, got 'a\.jpg' again"):
        list(read_mpii(root))
    save_release(root, [("a.jpg", [person(SOME)])] * 2, [1.0], [[1.0], [1.0]])
    with pytest.raises(InputError, match="of one length, got 2, 1 and 2"):
        list(read_mpii(root))
    save_mat(root / "mpii_human_pose_v1_u12_1.mat", RELEASE={"version": 1.0})
    with pytest.raises(InputError, match="expected a structure with the field 'annolist'"):
        list(read_mpii(root))


def entry(image, shift=0.0, missing=()):
    joints = [[-1.0, -1.0] if j in missing else [10.0 * j + 1 + shift, 5.0 * j + 1] for j in range(16)]
    labelled = [0 if j in missing else 1 for j in range(16)]
    return {"image": image, "joints": joints, "joints_vis": labelled, "center": [301.0, 401.0], "scale": 2.0}


def test_the_json_groups_people_by_picture(tmp_path):
    save_json(tmp_path / "annot/valid.json", [entry("a.jpg"), entry("b.jpg"), entry("a.jpg", 100.0, (0, 9))])
    a, b = read_mpii_json(tmp_path)
    assert (a.name, a.ids, b.name, b.ids) == ("a.jpg", (0, 2), "b.jpg", (1,))
    assert np.allclose(a.joints_px[0], [[10.0 * j, 5.0 * j] for j in range(16)])
    assert np.isnan(a.joints_px[1, [0, 9]]).all() and a.joint_scores[1].sum() == 14
    assert a.boxes_px[0].tolist() == [100.0, 200.0, 500.0, 600.0]
    assert a.head_px is None


def test_the_json_with_the_truth_of_pckh(tmp_path):
    save_json(tmp_path / "annot/valid.json", [entry("a.jpg"), entry("a.jpg", 100.0)])
    missing = np.zeros((16, 2))
    missing[3, 1] = 1
    truth = np.arange(64.0).reshape(16, 2, 2)
    heads = np.stack([[[11.0, 5.0], [21.0, 5.0]], [[41.0, 8.0], [61.0, 9.0]]])  # corner, x and y, person
    gt = {"jnt_missing": missing, "pos_gt_src": truth, "headboxes_src": heads}
    save_mat(tmp_path / "annot/gt_valid.mat", **gt)
    (frame,) = read_mpii_json(tmp_path)
    assert np.allclose(frame.head_px, [0.6 * 50, 0.6 * 5])
    assert frame.joint_scores[1, 3] == 0 and frame.joint_scores.sum() == 31
    assert frame.joints_px[1, 5].tolist() == (truth[5, :, 1] - 1).tolist()
    save_mat(tmp_path / "annot/gt_valid.mat", **{**gt, "jnt_missing": missing[:, :1]})
    with pytest.raises(InputError, match=r"jnt_missing: expected \(16, 2\), as many as the JSON has people"):
        read_mpii_json(tmp_path)


def test_json_files_that_are_wrong(tmp_path):
    with pytest.raises(FileError, match=r"annot/valid\.json: missing"):
        read_mpii_json(tmp_path)
    save_json(tmp_path / "annot/valid.json", [entry("a.jpg"), {**entry("b.jpg"), "joints": [[1, 2]]}])
    with pytest.raises(InputError, match=r"valid\.json: entry 1: b\.jpg: joints: expected 16 x 2 numbers"):
        read_mpii_json(tmp_path)
    save_json(tmp_path / "annot/valid.json", {"images": []})
    with pytest.raises(InputError, match="expected a list of people"):
        read_mpii_json(tmp_path)
