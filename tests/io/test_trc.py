import numpy as np
import pytest

from metricpose._errors import FileError, InputError
from metricpose.io.trc import read_trc

KEYS = "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames"


def _file(tmp_path, *rows, units="mm", rate="50", frames=None, names="A\t\t\tB\t\t"):
    head = [
        "PathFileType\t4\t(X/Y/Z)\tclip.trc",
        KEYS,
        f"{rate}\t{rate}\t{len(rows) if frames is None else frames}\t2\t{units}\t{rate}\t0\t9",
        f"Frame#\tTime\t{names}",
        "\t\tX1\tY1\tZ1\tX2\tY2\tZ2",
    ]
    (tmp_path / "clip.trc").write_text("\n".join([*head, "", *rows]) + "\n")
    return tmp_path / "clip.trc"


ROWS = ("3\t0.04\t1000\t2000\t3000\t-10\t0\t1e1", "4\t0.06\t1\t2\t3\t4\t5\t6")


def test_points_come_in_metres_and_in_the_files_order(tmp_path):
    tracks = read_trc(_file(tmp_path, *ROWS))
    assert tracks.names == ("A", "B")
    assert tracks.fps == 50
    assert tracks.frames.tolist() == [3, 4]
    np.testing.assert_allclose(tracks.times_s, [0.04, 0.06])
    np.testing.assert_allclose(tracks.positions_m[0], [[1, 2, 3], [-0.01, 0, 0.01]])


def test_the_world_of_pose2sim_is_z_up_and_keeps_its_handedness(tmp_path):
    tracks = read_trc(_file(tmp_path, *ROWS, units="m"))
    np.testing.assert_allclose(tracks.positions_world[0, 0], [3000, 1000, 2000])
    turned = np.eye(3)[:, [2, 0, 1]]  # what becomes of the file's three axes
    assert np.linalg.det(turned) == pytest.approx(1)
    assert turned[1].tolist() == [0, 0, 1]


@pytest.mark.parametrize("cell", ["", "nan", "NaN"])
def test_a_point_with_a_missing_coordinate_is_missing(tmp_path, cell):
    tracks = read_trc(_file(tmp_path, f"1\t0\t1\t2\t{cell}\t4\t5\t6"))
    assert np.isnan(tracks.positions_m[0, 0]).all()
    np.testing.assert_allclose(tracks.positions_m[0, 1], [0.004, 0.005, 0.006])


def test_tabs_and_carriage_returns_at_the_end_of_rows_mean_nothing(tmp_path):
    path = _file(tmp_path, *ROWS)
    plain = read_trc(path).positions_m
    path.write_text("".join(f"{line}\t\r\n" for line in path.read_text().splitlines()))
    np.testing.assert_array_equal(read_trc(path).positions_m, plain)


def test_no_frames_are_an_ordinary_clip(tmp_path):
    assert read_trc(_file(tmp_path)).positions_m.shape == (0, 2, 3)


@pytest.mark.parametrize(
    ("rows", "changes", "text"),
    [
        (ROWS, {"units": "furlong"}, "expected Units m, cm, mm, got 'furlong'"),
        (ROWS, {"rate": "0"}, "expected a positive DataRate, got '0'"),
        (ROWS, {"rate": "fast"}, "expected a positive DataRate, got 'fast'"),
        (ROWS, {"frames": 3}, r"expected 3 frames \(NumFrames\), got 2"),
        (ROWS, {"names": "A\t\t\tA\t\t"}, "expected the name of each point once"),
        (("1\t0\t1\t2\t3\t4\t5",), {}, "row 0: expected 8 cells, got 7"),
        (("1\t0\t1\t2\t3\t4\t5\t6\t7",), {}, "row 0: expected 8 cells, got 9"),
        (("1\t0\t1\t2\tx\t4\t5\t6",), {}, "row 0, column 4: expected a number of at most 1e\\+12, got 'x'"),
        (("1\t0\t1\t2\tinf\t4\t5\t6",), {}, "row 0, column 4: expected a number"),
        (("1\t\t1\t2\t3\t4\t5\t6",), {}, "expected a frame number and a time in every row"),
    ],
)
def test_broken_files_are_refused_in_one_line(tmp_path, rows, changes, text):
    with pytest.raises(InputError, match=text) as caught:
        read_trc(_file(tmp_path, *rows, **changes))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "expected a TRC file, which starts with PathFileType, got an empty file"),
        ("HIERARCHY\n", "expected a TRC file, which starts with PathFileType, got 'HIERARCHY'"),
        ("PathFileType\t4\n", "expected 5 header lines, got 1"),
    ],
)
def test_other_files_are_refused(tmp_path, text, expected):
    (tmp_path / "other.trc").write_text(text)
    with pytest.raises(InputError, match=expected):
        read_trc(tmp_path / "other.trc")


def test_a_missing_file_is_told_of(tmp_path):
    with pytest.raises(FileError, match="cannot read this TRC file"):
        read_trc(tmp_path / "none.trc")
