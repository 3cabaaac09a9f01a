import json

import numpy as np
import pytest

from metricpose._errors import FileError, InputError
from metricpose.datasets.pose2sim import joints_of_points, read_pose2sim, skeleton_of_points
from metricpose.io.trc import PointTracks
from metricpose.skeletons import CATALOGUE

# The camera stands 5 m behind the world's origin, 1 m up, and looks along the world's y.
TOML = """
[cam_{name}]
name = "cam_{name}"
size = [1000.0, 800.0]
matrix = [[900.0, 0.0, 500.0], [0.0, 900.0, 400.0], [0.0, 0.0, 1.0]]
distortions = [{k1}, 0.0, 0.0, 0.0]
rotation = [1.5707963267948966, 0.0, 0.0]
translation = [0.0, 1.0, {depth}]
fisheye = false
"""
NAMES = ("Hip", "RHip", "LHip", "RBigToe", "Neck", "Head", "LWrist")


def _trc(path, world, names=NAMES, first=1):
    """World points (T, M, 3), z up, as Pose2Sim writes them: x, y, z = y, z, x, empty where NaN."""
    cells = world[..., [1, 2, 0]].reshape(len(world), -1)
    rows = [
        "\t".join([str(first + i), f"{i / 60}", *("" if np.isnan(v) else repr(float(v)) for v in row)])
        for i, row in enumerate(cells)
    ]
    head = [
        "PathFileType\t4\t(X/Y/Z)\tclip.trc",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames",
        f"60\t60\t{len(world)}\t{len(names)}\tm\t60\t0\t{len(world)}",
        "Frame#\tTime\t" + "\t\t\t".join(names) + "\t\t",
        "\t\tX1\tY1\tZ1",
    ]
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join([*head, *rows]) + "\n")
    return path


def _project(tmp_path, people=1, k1=0.0):
    world = np.random.default_rng(1).normal([0, 0, 1], 0.3, size=(people, 3, len(NAMES), 3))
    world[0, 1, 6] = np.nan
    toml = TOML.format(name="01", depth=5.0, k1=k1) + TOML.format(name="02", depth=8.0, k1=k1)
    (tmp_path / "Calib_scene.toml").write_text(toml)
    return [_trc(tmp_path / "pose-3d" / f"trial_P{i}.trc", world[i]) for i in range(people)], world


def test_each_camera_sees_each_frame(tmp_path):
    _, world = _project(tmp_path)
    frames = list(read_pose2sim(tmp_path))
    assert [frame.name for frame in frames[:4]] == ["cam_01/000000", "cam_01/000001", "cam_01/000002", "cam_02/000000"]
    assert frames[0].skeleton is CATALOGUE["halpe26"]
    index = frames[0].skeleton.index
    for frame, depth in ((frames[0], 5.0), (frames[3], 8.0)):
        x, y, z = world[0, 0, 3]
        expected = np.array([x, 1 - z, y + depth])
        np.testing.assert_allclose(frame.joints_cam[0, index("right_big_toe")], expected, atol=1e-9)
        pixel = 900 * expected[:2] / expected[2] + [500, 400]
        np.testing.assert_allclose(frame.joints_px[0, index("right_big_toe")], pixel, atol=1e-6)
    assert frames[0].known.sum() == 7 and frames[1].known.sum() == 6
    assert not frames[1].known[0, index("left_wrist")]
    assert np.isnan(frames[0].joints_px[0, index("nose")]).all()
    np.testing.assert_allclose(frames[0].camera.up, [0, -1, 0], atol=1e-9)
    assert frames[0].camera.height_m == pytest.approx(1.0)


def test_the_lens_bends_the_pixels(tmp_path):
    _project(tmp_path, k1=-0.2)
    frame = next(read_pose2sim(tmp_path))
    x, y = (frame.joints_cam[0, :, :2] / frame.joints_cam[0, :, 2:]).T
    radial = 1 - 0.2 * (x * x + y * y)
    expected = np.stack([900 * x * radial + 500, 900 * y * radial + 400], -1)
    np.testing.assert_allclose(frame.joints_px[0], expected, atol=1e-6)


def test_several_people_and_one_who_comes_later(tmp_path):
    paths, world = _project(tmp_path, people=2)
    world[1, 0] = np.nan
    _trc(paths[1], world[1])
    frames = list(read_pose2sim(tmp_path, trc=paths, cameras=["cam_02"], picture_name=lambda c, p: f"{c}-{p}.jpg"))
    assert [(frame.name, frame.ids) for frame in frames] == [
        ("cam_02-0.jpg", (0,)),
        ("cam_02-1.jpg", (0, 1)),
        ("cam_02-2.jpg", (0, 1)),
    ]
    with pytest.raises(InputError, match=r"expected one \.trc file, got 2, such as trial_P0\.trc; name it"):
        next(read_pose2sim(tmp_path))
    _trc(paths[1], world[1], first=2)
    with pytest.raises(InputError, match=r"trial_P1\.trc: expected the frames of .*trial_P0\.trc, got others"):
        next(read_pose2sim(tmp_path, trc=paths))


@pytest.mark.parametrize(
    ("names", "skeleton"),
    [
        (("Hip", "Neck", "Head"), "halpe26"),
        (("RHip", "Neck", "Head"), "body25b"),
        (("CHip", "RHip", "Neck", "Nose"), "body25"),
        (("RHip", "LHip", "Nose"), "coco17"),
    ],
)
def test_the_names_tell_the_body_model(names, skeleton):
    assert skeleton_of_points(names).name == skeleton


def _tracks(*names):
    positions = np.arange(3.0 * len(names)).reshape(1, len(names), 3)
    return PointTracks(names=names, positions_m=positions, frames=np.ones(1), times_s=np.zeros(1), fps=60.0)


@pytest.mark.parametrize(
    ("skeleton", "point", "joint"),
    [
        ("body25", "CHip", "mid_hip"),
        ("body25", "Neck", "neck"),
        ("body25b", "Neck", "upper_neck"),
        ("body25b", "Head", "head_top"),
        ("halpe26", "Head", "head"),
        ("halpe26", "LSmallToe", "left_small_toe"),
        ("coco17", "REye", "right_eye"),
    ],
)
def test_points_by_name(skeleton, point, joint):
    joints = joints_of_points(_tracks(point), CATALOGUE[skeleton])
    assert np.flatnonzero(np.isfinite(joints[0]).all(-1)).tolist() == [CATALOGUE[skeleton].index(joint)]
    assert joints[0, CATALOGUE[skeleton].index(joint)].tolist() == [2, 0, 1]


def test_opensims_own_markers(tmp_path):
    tracks, coco = _tracks("C7", "LHJC", "RKJC"), CATALOGUE["coco17"]
    joints = joints_of_points(tracks, coco, {"left_hip": "LHJC", "right_knee": "RKJC"})
    np.testing.assert_allclose(joints[0, coco.index("left_hip")], tracks.positions_world[0, 1])
    assert np.isfinite(joints).all(-1).sum() == 2
    with pytest.raises(InputError, match="points: expected names such as RHip, got .*'C7'.*; say which is which"):
        joints_of_points(tracks, coco)
    with pytest.raises(InputError, match=r"markers: expected points of the file, got 'LKJC'; it has"):
        joints_of_points(tracks, coco, {"left_knee": "LKJC"})
    with pytest.raises(InputError, match="has no joint 'tail'"):
        joints_of_points(tracks, coco, {"tail": "C7"})


def test_missing_files_are_named(tmp_path):
    with pytest.raises(FileError, match=r"expected Calib\*\.toml here or in calibration/, got none"):
        next(read_pose2sim(tmp_path / "nothing" / "here"))
    _project(tmp_path)
    with pytest.raises(
        InputError, match=r"expected the camera 'cam_03' in the calibration, got \['cam_01', 'cam_02'\]"
    ):
        next(read_pose2sim(tmp_path, cameras=["cam_03"]))
    (tmp_path / "pose-3d" / "trial_P0.trc").unlink()
    with pytest.raises(FileError, match=r"pose-3d: expected a \.trc file, got none"):
        next(read_pose2sim(tmp_path))
    (tmp_path / "Calib_other.toml").write_text("")
    with pytest.raises(InputError, match=r"expected one Calib\*\.toml, got Calib_other\.toml, Calib_scene\.toml"):
        next(read_pose2sim(tmp_path))


def test_a_calibration_without_places_is_refused(tmp_path):
    _project(tmp_path)
    lines = [line for line in (tmp_path / "Calib_scene.toml").read_text().splitlines() if "translation" not in line]
    (tmp_path / "Calib_scene.toml").write_text("\n".join(lines))
    with pytest.raises(InputError, match="camera 'cam_01': expected rotation and translation"):
        next(read_pose2sim(tmp_path))


def test_the_real_clip_lands_on_its_2d_joints(METRICPOSE_SHARED):
    root = METRICPOSE_SHARED / "data" / "real" / "pose2sim_single"
    if not root.is_dir():
        pytest.skip(f"no clip of Pose2Sim at {root}")
    medians = {}
    for camera in ("cam_01", "cam_02", "cam_03", "cam_04"):
        frames = list(read_pose2sim(root, cameras=[camera]))
        assert len(frames) == 100 and frames[0].skeleton is CATALOGUE["body25b"]
        short = camera.replace("_", "")
        errors = []
        for frame in frames[::5]:
            path = root / "openpose_body25b" / f"{short}_json" / f"{short}.{frame.frame:04d}.json"
            found = [np.reshape(p["pose_keypoints_2d"], (25, 3)) for p in json.loads(path.read_text())["people"]]
            stated = np.isfinite(frame.joints_px[0]).all(-1)
            # Two more people stand in the background: the nearest of all is the one on the treadmill.
            distances = [
                np.linalg.norm(p[:, :2] - frame.joints_px[0], axis=-1)[stated & (p[:, 2] > 0.3)] for p in found
            ]
            errors.append(min(np.median(d) for d in distances if len(d) >= 8))
        medians[camera] = float(np.median(errors))
    # The clip's own triangulation error is about 20 mm, and it stands 3 to 4 m away at a focal length of 1,680 px.
    assert max(medians.values()) < 25, medians
    assert sorted(medians.values())[1] < 12, medians
