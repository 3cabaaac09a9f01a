import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from metricpose._errors import FileError, InputError
from metricpose.io.bvh import CMU_METRES_PER_UNIT, read_bvh

HIERARCHY = """HIERARCHY
ROOT Hips
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Yrotation Xrotation
  JOINT Knee
  {
    OFFSET 1 -7 0
    CHANNELS 3 Zrotation Xrotation Yrotation
    End Site
    {
      OFFSET 0 -8 0.5
    }
  }
  JOINT Chest
  {
    OFFSET 0 2 0
    CHANNELS 3 Yrotation Xrotation Zrotation
  }
}
"""
FRAMES = ["1 2 3 10 20 30 40 50 60 7 8 9", "4 5 6 -10 170 -30 -40 5 -160 70 80 90"]
NAMES = ("Hips", "Knee", "End_Knee", "Chest")


def _file(tmp_path, hierarchy=HIERARCHY, frames=FRAMES, count=None, rate="Frame Time: 0.04"):
    path = tmp_path / "07_01.bvh"
    lines = ["MOTION", f"Frames: {len(frames) if count is None else count}", rate, *frames]
    path.write_text(hierarchy + "\n".join(lines) + "\n")
    return path


def test_joints_lie_where_a_slow_reading_of_the_format_puts_them(tmp_path):
    clip = read_bvh(_file(tmp_path), metres_per_unit=0.1)
    assert clip.name == "07_01"
    assert clip.joint_names == NAMES
    assert clip.parents == (-1, 0, 1, 0)
    assert clip.fps == pytest.approx(25)
    for frame, got in zip(FRAMES, clip.positions_m(), strict=True):
        v = [float(word) for word in frame.split()]
        hips = Rotation.from_euler("ZYX", v[3:6], degrees=True)
        knee = hips * Rotation.from_euler("ZXY", v[6:9], degrees=True)
        root = np.array(v[:3])
        knee_at = root + hips.apply([1, -7, 0])
        expected = [root, knee_at, knee_at + knee.apply([0, -8, 0.5]), root + hips.apply([0, 2, 0])]
        np.testing.assert_allclose(got, 0.1 * np.array(expected), atol=1e-9)


def test_lengths_are_the_laboratorys_unit_unless_told(tmp_path):
    clip = read_bvh(_file(tmp_path))
    np.testing.assert_allclose(clip.offsets_m[3], [0, 2 * CMU_METRES_PER_UNIT, 0])


def test_no_frames_are_an_ordinary_clip(tmp_path):
    assert len(read_bvh(_file(tmp_path, frames=[]))) == 0


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"hierarchy": "nothing\n"}, "expected a BVH file with a HIERARCHY section, got none"),
        ({"hierarchy": HIERARCHY[:-2]}, "expected one ROOT with balanced braces"),
        ({"hierarchy": HIERARCHY.replace("OFFSET 0 2 0", "OFFSET 0 two 0")}, "HIERARCHY is broken near word"),
        (
            {"hierarchy": HIERARCHY.replace("OFFSET 0 2 0", "")},
            "expected OFFSET x y z for every joint, got none for Chest",
        ),
        ({"hierarchy": HIERARCHY.replace("Xposition", "Xscale")}, "expected channels like .* got Xscale"),
        (
            {"hierarchy": HIERARCHY.replace("JOINT Chest", "BONE Chest")},
            "expected a BVH keyword in HIERARCHY, got 'BONE'",
        ),
        ({"frames": [FRAMES[0], "1 2 3"]}, r"frame 1: expected 12 values \(one per channel\), got 3"),
        ({"frames": [FRAMES[0].replace("10", "nan", 1)]}, "frame 0: expected finite numbers, got NaN or infinity"),
        ({"frames": [FRAMES[0].replace("10", "ten", 1)]}, "expected numbers in MOTION"),
        ({"count": 3}, "expected 3 frames of motion, got 2; is the file cut off"),
        ({"rate": "Frame Rate: 25"}, "expected 'Frames: N' and 'Frame Time: seconds' after MOTION"),
        ({"rate": "Frame Time: 0"}, "expected a positive 'Frame Time', got 0"),
    ],
)
def test_broken_files_say_what_is_wrong(tmp_path, changes, text):
    with pytest.raises(InputError, match=text):
        read_bvh(_file(tmp_path, **changes))


def test_a_file_without_motion_is_refused(tmp_path):
    path = tmp_path / "still.bvh"
    path.write_text(HIERARCHY)
    with pytest.raises(InputError, match="expected a MOTION section after HIERARCHY, got none"):
        read_bvh(path)


def test_unreadable_files_are_file_errors(tmp_path):
    with pytest.raises(FileError, match=r"none\.bvh: cannot read this BVH file \(No such file or directory\)"):
        read_bvh(tmp_path / "none.bvh")
    (tmp_path / "binary.bvh").write_bytes(bytes(range(256)))
    with pytest.raises(FileError, match="expected a BVH text file, got binary data"):
        read_bvh(tmp_path / "binary.bvh")
