import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from metricpose._errors import FileError, InputError
from metricpose.io.asf_amc import read_asf_amc

ASF = """# a small one
:version 1.10
:name TEST
:units
  mass 1.0
  length 0.45
  angle deg
:documentation
  made by a test
:root
  order TX TY TZ RX RY RZ
  axis XYZ
  position 0 0 0
  orientation 0 0 0
:bonedata
  begin
    id 1
    name hip
    direction 0.6 -0.8 0
    length 2
    axis 0 0 0 XYZ
  end
  begin
    id 2
    name thigh
    direction 0.28 -0.96 0
    length 7
    axis 10 20 30 XYZ
    dof rx ry rz
  end
  begin
    id 3
    name shin
    direction 0 -1 0
    length 6
    axis -40 5 -20 XYZ
    dof rx rz
  end
:hierarchy
  begin
    root hip
    hip thigh
    thigh shin
  end
"""
AMC = """#!OML:ASF somewhere
:FULLY-SPECIFIED
:DEGREES
1
root 1 2 3 10 20 30
thigh 40 -50 60
shin 70 -15
2
root 4 5 6 -10 120 -30
shin -7 8
thigh -4 5 160
"""


def _files(tmp_path, asf=ASF, amc=AMC):
    (tmp_path / "01.asf").write_text(asf)
    (tmp_path / "01_01.amc").write_text(amc)
    return tmp_path / "01.asf", tmp_path / "01_01.amc"


def _turn(*degrees):
    return Rotation.from_euler("xyz", degrees, degrees=True).as_matrix()


def test_bones_lie_where_a_slow_reading_of_the_format_puts_them(tmp_path):
    clip = read_asf_amc(*_files(tmp_path), fps=30)
    assert clip.name == "01_01"
    assert clip.joint_names == ("root", "hip", "thigh", "shin", "End_shin")
    frames = [
        ((1, 2, 3), (10, 20, 30), (40, -50, 60), (70, 0, -15)),
        ((4, 5, 6), (-10, 120, -30), (-4, 5, 160), (-7, 0, 8)),
    ]
    unit = 0.0254 / 0.45
    for (at, root, thigh, shin), got in zip(frames, clip.positions_m(), strict=True):
        c_thigh, c_shin = _turn(10, 20, 30), _turn(-40, 5, -20)
        g_root = _turn(*root)
        g_thigh = g_root @ c_thigh @ _turn(*thigh) @ np.linalg.inv(c_thigh)
        g_shin = g_thigh @ c_shin @ _turn(*shin) @ np.linalg.inv(c_shin)
        start = np.array(at, dtype=float)
        knee_root = start + g_root @ [1.2, -1.6, 0]
        knee = knee_root + g_thigh @ [1.96, -6.72, 0]
        expected = [start, start, knee_root, knee, knee + g_shin @ [0, -6, 0]]
        np.testing.assert_allclose(got, unit * np.array(expected), atol=1e-9)


def test_the_laboratorys_rate_is_the_default(tmp_path):
    assert read_asf_amc(*_files(tmp_path)).fps == 120


@pytest.mark.parametrize(
    ("asf", "amc", "text"),
    [
        (ASF.replace(":bonedata", ":bones"), AMC, "expected an ASF file with a :bonedata section, got none"),
        (ASF.replace("length 7", "length seven"), AMC, "the ASF skeleton is broken"),
        (ASF.replace("thigh shin\n", "thigh foot\n"), AMC, "got unknown bones foot"),
        (ASF.replace("dof rx rz", "dof rx tz"), AMC, "ASF bone shin: expected dof among rx ry rz, got rx tz"),
        (ASF.replace("TX TY TZ RX RY RZ", "RZ RY RX TX TY TZ"), AMC, "got root order RZ RY RX TX TY TZ"),
        (ASF, AMC.replace("shin 70 -15", "shin 70"), r"line 7: shin: expected 2 values, got 1; does the AMC belong"),
        (
            ASF,
            AMC.replace("shin 70 -15", "foot 70"),
            "line 7: expected a frame number or a bone of the ASF, got 'foot'",
        ),
        (ASF, AMC.replace("shin 70 -15", ""), "frame 0: expected values of 'shin', got none"),
        (ASF, AMC.replace("70", "nan"), "frame 0: shin: expected finite numbers"),
        (ASF, AMC.replace("70", "lots"), "shin: expected numbers, got something else"),
        (ASF, "root 1 2 3 4 5 6\n", "line 1: expected a frame number"),
    ],
)
def test_broken_files_say_what_is_wrong(tmp_path, asf, amc, text):
    with pytest.raises(InputError, match=text):
        read_asf_amc(*_files(tmp_path, asf, amc))


def test_a_missing_file_is_a_file_error(tmp_path):
    asf, _ = _files(tmp_path)
    with pytest.raises(FileError, match=r"none\.amc: cannot read this AMC file"):
        read_asf_amc(asf, tmp_path / "none.amc")
    with pytest.raises(FileError, match=r"none\.asf: cannot read this ASF file"):
        read_asf_amc(tmp_path / "none.asf", asf)
