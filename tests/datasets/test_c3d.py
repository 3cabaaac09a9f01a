import sys

import numpy as np
import pytest

from metricpose._errors import FileError, InputError, MissingExtraError
from metricpose.datasets.c3d import read_c3d

ezc3d = pytest.importorskip("ezc3d", reason="needs the extra datasets")


def _file(tmp_path, unit="mm", labels=("LASI", "RASI"), missing=(), rate=100.0, first=0):
    """3 frames of 2 points, x = 1, 2, 3 units and so on, written by ezc3d."""
    document = ezc3d.c3d()
    document["parameters"]["POINT"]["UNITS"]["value"] = [unit]
    document["parameters"]["POINT"]["RATE"]["value"] = [rate]
    document["parameters"]["POINT"]["LABELS"]["value"] = list(labels)
    points = np.ones((4, 2, 3))
    points[:3] = np.arange(18).reshape(3, 2, 3)
    residuals = np.full((1, 2, 3), 3.0)
    for point, frame in missing:
        residuals[0, point, frame] = -1
    document["data"]["points"] = points
    document["data"]["meta_points"]["residuals"] = residuals
    document["header"]["points"]["first_frame"] = first
    path = tmp_path / "trial.c3d"
    document.write(str(path))
    return path


@pytest.mark.parametrize(("unit", "metres"), [("mm", 0.001), ("cm", 0.01), ("m", 1.0), ("MM", 0.001)])
def test_points_come_in_metres(tmp_path, unit, metres):
    tracks = read_c3d(_file(tmp_path, unit=unit))
    assert tracks.names == ("LASI", "RASI")
    assert tracks.fps == 100
    assert tracks.frames.tolist() == [1, 2, 3]
    np.testing.assert_allclose(tracks.times_s, [0, 0.01, 0.02])
    assert tracks.positions_m.shape == (3, 2, 3)
    # Frame 1, point 1: x, y, z of the array that the file was made from.
    np.testing.assert_allclose(tracks.positions_m[1, 1], np.array([4, 10, 16]) * metres, rtol=1e-6)
    np.testing.assert_allclose(tracks.positions_m[2, 0], np.array([2, 8, 14]) * metres, rtol=1e-6)


def test_a_negative_residual_is_a_point_not_measured(tmp_path):
    tracks = read_c3d(_file(tmp_path, missing=[(0, 1), (1, 2)]))
    lost = np.isnan(tracks.positions_m).all(axis=-1)
    assert lost.tolist() == [[False, False], [True, False], [False, True]]


def test_points_without_a_label_get_one(tmp_path):
    assert read_c3d(_file(tmp_path, labels=("LASI", " "))).names == ("LASI", "point_2")


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"unit": "inch"}, r"expected POINT:UNITS m, dm, cm, mm, got 'inch'; correct the parameter"),
        ({"labels": ("LASI", "LASI")}, "expected each label once, got 'LASI' again"),
    ],
)
def test_files_that_leave_questions_are_refused(tmp_path, changes, text):
    path = _file(tmp_path, **changes)
    with pytest.raises(InputError, match=text) as caught:
        read_c3d(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_other_and_damaged_files_are_refused_in_one_line(tmp_path):
    (tmp_path / "text.c3d").write_text("hello")
    with pytest.raises(InputError, match=r"expected a C3D file \(second byte 0x50\), got b'he'"):
        read_c3d(tmp_path / "text.c3d")
    with pytest.raises(FileError, match=r"none\.c3d: cannot read this C3D file"):
        read_c3d(tmp_path / "none.c3d")


@pytest.mark.parametrize("bytes_left", [2, 300, 512, 600, 1024, 1600])
def test_files_that_are_cut_off_are_refused(tmp_path, bytes_left):
    path = _file(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:1632])  # header and parameters, then 3 frames of 2 points of 4 floats; the rest is padding
    assert len(read_c3d(path).frames) == 3
    path.write_bytes(whole[:bytes_left])
    with pytest.raises(InputError, match=r"trial\.c3d: expected .*is it cut off\?") as caught:
        read_c3d(path)
    assert "\n" not in str(caught.value)


def test_without_the_library_the_extra_is_named(tmp_path, monkeypatch):
    path = _file(tmp_path)
    monkeypatch.setitem(sys.modules, "ezc3d", None)
    with pytest.raises(MissingExtraError, match=r"reading C3D needs .* metricpose\[datasets\]"):
        read_c3d(path)
