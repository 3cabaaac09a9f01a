import numpy as np
import pytest

from metricpose._errors import FileError, InputError
from metricpose.datasets.mocap import clip_points, read_points
from metricpose.io.mocap_clip import MocapClip

BVH = """HIERARCHY
ROOT Hips
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Yrotation Xrotation
  End Site
  {
    OFFSET 0 2 0
  }
}
MOTION
Frames: 2
Frame Time: 0.04
1 2 3 0 0 0
1 2 3 90 0 0
"""
ASF = """:version 1.10
:units
  mass 1.0
  length 0.45
  angle deg
:root
  order TX TY TZ RX RY RZ
  axis XYZ
  position 0 0 0
  orientation 0 0 0
:bonedata
  begin
    id 1
    name hip
    direction 0 -1 0
    length 2
    axis 0 0 0 XYZ
  end
:hierarchy
  begin
    root hip
  end
"""
AMC = ":FULLY-SPECIFIED\n:DEGREES\n1\nroot 1 2 3 0 0 0\n"
TRC = (
    "PathFileType\t4\t(X/Y/Z)\tclip.trc\nDataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\n"
    "50\t50\t1\t1\tmm\nFrame#\tTime\tA\n\t\tX1\tY1\tZ1\n1\t0\t1000\t2000\t3000\n"
)


def _write(folder, **files):
    for name, text in files.items():
        stem, _, suffix = name.rpartition("_")
        (folder / f"{stem}.{suffix}").write_text(text)


def test_a_clip_as_points():
    turned = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    clip = MocapClip(
        name="two",
        joint_names=("root", "tip"),
        parents=(-1, 0),
        offsets_m=np.array([[0.0, 0, 0], [0, 1, 0]]),
        rotations=np.stack([np.stack([np.eye(3)] * 2), np.stack([turned] * 2)]),
        root_translation_m=np.array([[0.0, 0, 1], [0, 0, 2]]),
        fps=10.0,
    )
    tracks = clip_points(clip)
    assert tracks.names == ("root", "tip")
    np.testing.assert_allclose(tracks.positions_m, [[[0, 0, 1], [0, 1, 1]], [[0, 0, 2], [-1, 0, 2]]])
    assert tracks.frames.tolist() == [1, 2]
    np.testing.assert_allclose(tracks.times_s, [0, 0.1])


def test_each_suffix_has_its_reader(tmp_path):
    _write(tmp_path, clip_bvh=BVH, clip_trc=TRC, **{"01_asf": ASF, "01_02_amc": AMC})
    bvh = read_points(tmp_path / "clip.bvh", metres_per_unit=0.01)
    assert (bvh.names, bvh.fps) == (("Hips", "End_Hips"), 25.0)
    np.testing.assert_allclose(bvh.positions_m[:, 1], [[0.01, 0.04, 0.03], [-0.01, 0.02, 0.03]], atol=1e-12)
    amc = read_points(tmp_path / "01_02.amc", amc_fps=60.0)
    assert (amc.names, amc.fps) == (("root", "hip", "End_hip"), 60.0)
    unit = 0.0254 / 0.45
    np.testing.assert_allclose(amc.positions_m[0, 2], np.array([1, 0, 3]) * unit, atol=1e-12)
    trc = read_points(tmp_path / "clip.trc")
    assert trc.positions_m.tolist() == [[[1.0, 2.0, 3.0]]]


def test_the_asf_is_found_beside_the_amc(tmp_path):
    _write(tmp_path, **{"01_02_amc": AMC})
    with pytest.raises(FileError, match=r"01_02\.amc: expected an \.asf skeleton beside it, got none"):
        read_points(tmp_path / "01_02.amc")
    _write(tmp_path, other_asf=ASF)
    assert len(read_points(tmp_path / "01_02.amc").names) == 3  # the only one
    _write(tmp_path, third_asf=ASF)
    with pytest.raises(InputError, match=r"expected one \.asf skeleton beside it, got other\.asf, third\.asf"):
        read_points(tmp_path / "01_02.amc")
    _write(tmp_path, **{"01_asf": ASF})
    assert len(read_points(tmp_path / "01_02.amc").names) == 3  # the one it is named after
    assert len(read_points(tmp_path / "01_02.amc", asf_path=tmp_path / "third.asf").names) == 3


def test_other_suffixes_and_missing_files_are_refused(tmp_path):
    with pytest.raises(
        InputError, match=r"clip\.fbx: expected a name that ends in \.bvh, \.amc, \.trc, \.c3d, got \.fbx"
    ):
        read_points(tmp_path / "clip.fbx")
    with pytest.raises(FileError, match="none"):
        read_points(tmp_path / "none.bvh")


def test_real_clips_are_of_the_size_of_people(METRICPOSE_SHARED):
    folder = METRICPOSE_SHARED / "data" / "mocap"
    if not folder.is_dir():
        pytest.skip(f"no motion capture at {folder}")
    walk = read_points(folder / "cmu_bvh" / "07_01.bvh")
    climb = read_points(folder / "cmu_asfamc" / "01" / "01_02.amc")
    for tracks in (walk, climb):
        assert np.isfinite(tracks.positions_m).all()
        extent = np.linalg.norm(np.ptp(tracks.positions_m, axis=1), axis=-1)
        assert 1.0 < np.median(extent) < 2.6
