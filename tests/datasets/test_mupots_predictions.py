import sys

import numpy as np
import pytest

from metricpose._errors import FileError, InputError, MissingExtraError
from metricpose.datasets.mupots_predictions import has_mupots_predictions, read_mupots_predictions
from metricpose.skeletons import CATALOGUE

scipy_io = pytest.importorskip("scipy.io", reason="needs the extra datasets")


def _people(count, dimensions, joints=17, seed=0):
    return np.random.default_rng(seed).uniform(100, 3000, size=(count, joints, dimensions))


def _released(folder, joints=17, **changes):
    """As 3DMPPE's code writes: lists of (17, D) arrays, one list for each picture with people."""
    for dimensions in (2, 3):
        pictures = {
            "TS1_img_000000": list(_people(2, dimensions, joints)),
            "TS1_img_000007": list(_people(1, dimensions, joints, seed=1)),
            "TS20_img_000000": list(_people(3, dimensions, joints, seed=2)),
        }
        scipy_io.savemat(
            folder / f"preds_{dimensions}d_kpt_mupots.mat", {**pictures, **changes.get(f"d{dimensions}", {})}
        )
    return folder


def test_the_files_of_released_code(tmp_path):
    frames = read_mupots_predictions(_released(tmp_path))
    assert [(frame.name, len(frame)) for frame in frames] == [
        ("TS1/img_000000", 2),
        ("TS1/img_000007", 1),
        ("TS20/img_000000", 3),
    ]
    np.testing.assert_allclose(frames[2].joints_cam, _people(3, 3, seed=2) / 1000)
    np.testing.assert_allclose(frames[2].joints_px, _people(3, 2, seed=2))
    assert frames[0].skeleton is CATALOGUE["mupots17"] and frames[0].scores is None


def test_the_joints_of_muco_begin_with_those_of_mupots(tmp_path):
    frame = read_mupots_predictions(_released(tmp_path, joints=21))[0]
    np.testing.assert_allclose(frame.joints_cam, _people(2, 3, 21)[:, :17] / 1000)


def test_a_file_of_3d_joints_and_another_unit(tmp_path):
    folder = _released(tmp_path)
    frame = read_mupots_predictions(folder / "preds_3d_kpt_mupots.mat", unit="cm")[1]
    np.testing.assert_allclose(frame.joints_cam, _people(1, 3, seed=1) / 100)
    assert frame.joints_px is not None
    (folder / "preds_2d_kpt_mupots.mat").rename(folder / "other.mat")
    assert read_mupots_predictions(folder / "preds_3d_kpt_mupots.mat")[1].joints_px is None


def _cells(rows):
    cells = np.empty((len(rows), len(rows[0])), dtype=object)
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            cells[i, j] = value
    return cells


@pytest.mark.parametrize("transposed", [False, True])
def test_cells_for_each_frame_and_person(tmp_path, transposed):
    empty = np.zeros((0, 0))
    for dimensions in (2, 3):
        people = [p.T if transposed else p for p in _people(3, dimensions)]
        rows = [[people[0], people[1]], [empty, empty], [empty, people[2]]]
        scipy_io.savemat(tmp_path / f"pose_{dimensions}d.mat", {"TS4": _cells(rows)})
    frames = read_mupots_predictions(tmp_path / "pose_3d.mat")
    assert [(f.name, len(f)) for f in frames] == [("TS4/img_000000", 2), ("TS4/img_000001", 0), ("TS4/img_000002", 1)]
    np.testing.assert_allclose(frames[2].joints_cam, _people(3, 3)[2:] / 1000)
    np.testing.assert_allclose(frames[0].joints_px, _people(3, 2)[:2])


@pytest.mark.parametrize("lying", [False, True])
def test_cells_for_each_frame(tmp_path, lying):
    cells = _cells([[_people(2, 3)], [np.zeros((0, 17, 3))], [_people(1, 3, seed=1)]])
    scipy_io.savemat(tmp_path / "pose_3d.mat", {"TS4": cells.T if lying else cells})
    frames = read_mupots_predictions(tmp_path / "pose_3d.mat")
    assert [len(frame) for frame in frames] == [2, 0, 1]
    assert frames[0].joints_px is None
    np.testing.assert_allclose(frames[2].joints_cam, _people(1, 3, seed=1) / 1000)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"d3": {"TS1_img_000000": np.zeros((2, 15, 3))}},
            r"TS1_img_000000: expected \(people, 17, 3\) .* got \(2, 15, 3\)",
        ),
        (
            {"d2": {"TS1_img_000000": np.zeros((1, 17, 2))}},
            "TS1/img_000000: expected the 2 people of the 3D file, got 1",
        ),
        ({"d3": {"TS9_img_000000": np.ones((1, 17, 3))}}, "TS9/img_000000: expected the 1 people .* got nobody"),
        ({"d3": {"TS1_img_000000": np.full((2, 17, 3), np.inf)}}, "TS1_img_000000: expected finite numbers"),
        ({"d3": {"TS1_img_000000": "text"}}, "TS1_img_000000: expected numbers"),
        ({"d3": {"TS2": np.zeros((2, 3))}}, "TS2: expected a cell for each frame"),
    ],
)
def test_bad_files_are_refused_in_one_line(tmp_path, changes, text):
    with pytest.raises(InputError, match=text) as caught:
        read_mupots_predictions(_released(tmp_path, **changes))
    assert "\n" not in str(caught.value)


def test_other_files_are_refused(tmp_path):
    with pytest.raises(
        FileError, match=r"expected one \.mat with 3d in its name \(preds_3d_kpt_mupots\.mat\), got none"
    ):
        read_mupots_predictions(tmp_path)
    with pytest.raises(FileError, match=r"none_3d\.mat: cannot read this \.mat file"):
        read_mupots_predictions(tmp_path / "none_3d.mat")
    scipy_io.savemat(tmp_path / "a_3d.mat", {"x": 1})
    with pytest.raises(InputError, match=r"expected variables like TS1_img_000000 or TS1, got \['x'\]"):
        read_mupots_predictions(tmp_path / "a_3d.mat")
    (tmp_path / "b_3d.mat").write_text("hello")
    with pytest.raises(InputError, match=r"b_3d\.mat: expected a \.mat file before version 7\.3"):
        read_mupots_predictions(tmp_path / "b_3d.mat")
    _released(tmp_path)
    whole = (tmp_path / "preds_3d_kpt_mupots.mat").read_bytes()
    for length in (0, 100, 200, len(whole) // 2, len(whole) - 10):
        (tmp_path / "b_3d.mat").write_bytes(whole[:length])
        with pytest.raises(InputError, match=r"b_3d\.mat: "):
            read_mupots_predictions(tmp_path / "b_3d.mat")
    with pytest.raises(InputError, match="got the 2D one by its name; name the other"):
        read_mupots_predictions(tmp_path / "preds_2d_kpt_mupots.mat")


def test_what_looks_like_it(tmp_path):
    assert not has_mupots_predictions(tmp_path)
    assert has_mupots_predictions(_released(tmp_path)) and has_mupots_predictions(tmp_path / "x.mat")
    assert not has_mupots_predictions(tmp_path / "x.json")


def test_without_the_library_the_extra_is_named(tmp_path, monkeypatch):
    _released(tmp_path)
    monkeypatch.setitem(sys.modules, "scipy.io", None)
    with pytest.raises(MissingExtraError, match=r"reading \.mat needs .* metricpose\[datasets\]"):
        read_mupots_predictions(tmp_path)
