"""MPII's own MAT in a tiny copy: structures within structures, text flags, missing fields."""

import numpy as np
import pytest

from metricpose import FileError, InputError
from metricpose.datasets.mpii import read_mpii
from tests.datasets.formats_made import cells, save_mat, structures

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
