import numpy as np
import pytest

from metricpose._errors import InputError
from metricpose.geometry import Camera
from metricpose.io.bvh import read_bvh
from metricpose.io.bvh_write import write_bvh
from metricpose.io.named_joints import joints_by_name, skeleton_named_by
from metricpose.io.skeleton_tracks import (
    SkeletonTracks,
    people_of_tracks,
    tracks_of_clip,
    tracks_of_people,
    tracks_of_points,
)
from metricpose.io.trc import read_trc
from metricpose.io.trc_write import write_trc
from metricpose.skeletons import CATALOGUE
from metricpose.skeletons.markers import PLUGINGAIT38
from tests.skeletons.standing import standing
from tests.strategies import random_rotations

COCO, HALPE = CATALOGUE["coco17"], CATALOGUE["halpe26"]


def _moving(skeleton=HALPE, frames=5):
    """A person who turns as one piece, so that bones keep their lengths."""
    turns = random_rotations(np.random.default_rng(0), frames)
    joints = np.swapaxes(turns @ standing(skeleton).T, 1, 2) + np.arange(frames)[:, None, None] * (0.1, 0.0, 0.02)
    return SkeletonTracks(skeleton=skeleton, joints_world=joints, fps=50.0, first_frame=3)


def test_trc_comes_back(tmp_path):
    tracks = _moving()
    hole = tracks.joints_world.copy()
    hole[1, 4] = np.nan
    tracks = SkeletonTracks(skeleton=HALPE, joints_world=hole, fps=50.0, first_frame=3)
    write_trc(tmp_path / "a.trc", tracks.points(y_up=True))
    points = read_trc(tmp_path / "a.trc")
    assert (points.fps, points.frames.tolist(), points.names) == (50.0, [3, 4, 5, 6, 7], HALPE.joints)
    back = tracks_of_points(points, "a.trc", y_up=True)
    assert back.skeleton == HALPE
    assert back.first_frame == 3
    np.testing.assert_allclose(back.joints_world, hole, atol=1e-6)


def test_y_up_files_are_upright(tmp_path):
    upright = SkeletonTracks(skeleton=COCO, joints_world=standing(COCO)[None], fps=30.0)
    positions = upright.points(y_up=True).positions_m[0]
    assert positions[:, 1].argmax() in (1, 2)  # the eyes are highest, along y
    assert np.ptp(positions[:, 1]) > 1.5


def test_c3d_comes_back(tmp_path):
    pytest.importorskip("ezc3d")
    from metricpose.datasets.c3d import read_c3d
    from metricpose.datasets.c3d_write import write_c3d

    joints = _moving().joints_world.copy()
    joints[2, 7] = np.nan
    tracks = SkeletonTracks(skeleton=HALPE, joints_world=joints, fps=50.0)
    write_c3d(tmp_path / "a.c3d", tracks.points(y_up=False))
    points = read_c3d(tmp_path / "a.c3d")
    assert (points.fps, points.names) == (50.0, HALPE.joints)
    back = tracks_of_points(points, "a.c3d", y_up=False)
    np.testing.assert_allclose(back.joints_world, joints, atol=1e-5)


def test_a_missing_ezc3d_names_the_extra(tmp_path, monkeypatch):
    import sys

    from metricpose._errors import MissingExtraError
    from metricpose.datasets.c3d_write import write_c3d

    monkeypatch.setitem(sys.modules, "ezc3d", None)
    with pytest.raises(MissingExtraError, match=r"writing C3D needs .*pip install metricpose\[datasets\]"):
        write_c3d(tmp_path / "a.c3d", _moving().points(y_up=False))


@pytest.mark.parametrize("skeleton", [HALPE, COCO, CATALOGUE["body25"]], ids=lambda s: s.name)
def test_bvh_of_a_stiff_person_comes_back(tmp_path, skeleton):
    tracks = _moving(skeleton)
    y_up = tracks.joints_world[..., [1, 2, 0]]
    assert write_bvh(tmp_path / "a.bvh", y_up, skeleton, 50.0) < 1e-6
    clip = read_bvh(tmp_path / "a.bvh", metres_per_unit=0.01)
    assert clip.fps == pytest.approx(50.0)
    back = tracks_of_clip(clip, "a.bvh")
    assert back.skeleton == skeleton
    np.testing.assert_allclose(back.joints_world, tracks.joints_world, atol=1e-4)


def test_bvh_tells_what_constant_bones_cost_and_leaves_unknown_joints_out(tmp_path):
    joints = np.tile(standing(HALPE), (3, 1, 1))
    joints[:, HALPE.index("neck")] = np.nan
    joints[1, HALPE.index("left_wrist"), 2] += 0.1
    cost = write_bvh(tmp_path / "a.bvh", joints, HALPE, 30.0)
    assert 1e-4 < cost < 0.01
    names = read_bvh(tmp_path / "a.bvh", metres_per_unit=0.01).joint_names
    assert {n for n in names if not n.startswith("End_")} == set(HALPE.joints) - {"neck"}
    joints[0, HALPE.index("nose")] = np.nan
    with pytest.raises(
        InputError, match=r"expected each joint in every frame, .*got gaps in nose; fill them, or write"
    ):
        write_bvh(tmp_path / "b.bvh", joints, HALPE, 30.0)
    with pytest.raises(InputError, match="expected at least one frame with a known joint for BVH, got 0 frames"):
        write_bvh(tmp_path / "b.bvh", joints[:0], HALPE, 30.0)


@pytest.mark.parametrize("skeleton", [*CATALOGUE.values(), PLUGINGAIT38], ids=lambda s: s.name)
def test_skeletons_are_told_by_their_own_names(skeleton):
    told = skeleton_named_by(skeleton.joints, "a.trc")
    assert set(told.joints) == set(skeleton.joints)  # several families share all their names


def test_skeletons_are_told_by_other_programs_names():
    pose2sim = ["Hip", "RHip", "RKnee", "RAnkle", "RBigToe", "RSmallToe", "RHeel", "LHip", "LKnee", "LAnkle",
                "LBigToe", "LSmallToe", "LHeel", "Neck", "Head", "Nose", "RShoulder", "RElbow", "RWrist", "LShoulder",
                "LElbow", "LWrist"]  # fmt: skip
    assert skeleton_named_by(pose2sim, "a") == HALPE
    joints, left_out = joints_by_name(pose2sim, np.zeros((1, 22, 3)), HALPE, "a")
    assert left_out == []
    assert np.isnan(joints[0]).any(axis=-1).sum() == 4  # eyes and ears
    chip = ["CHip" if name == "Hip" else name for name in pose2sim]
    assert skeleton_named_by(chip, "a") == HALPE
    hipless = [name for name in pose2sim if name != "Hip"]  # BODY_25B calls neck and head top by the same words
    assert skeleton_named_by(hipless, "a") == CATALOGUE["body25b"]
    assert skeleton_named_by([f"subject:{name}" for name in PLUGINGAIT38.joints], "a") == PLUGINGAIT38


def test_one_point_is_not_two_joints():
    """ "head" is VirtualPose's head, and its head top is then missing; for BODY_25B the same word is the head top."""
    names = ["neck", "mid_hip", "left_shoulder", "right_shoulder", "head", "spine"]
    for skeleton, missing in ((CATALOGUE["virtualpose17"], "head_top"), (CATALOGUE["body25b"], "nose")):
        joints, _ = joints_by_name(names, np.zeros((1, 6, 3)), skeleton, "a")
        assert np.isnan(joints[0, skeleton.index(missing)]).all()
    assert np.isfinite(joints[0, skeleton.index("head_top")]).all()


def test_bones_of_bvh_files_are_the_points_that_they_turn_about():
    names = ["Hips", "LeftUpLeg", "LeftLeg", "LeftFoot", "LeftToeBase", "RightUpLeg", "RightLeg", "RightFoot",
             "Spine", "Neck", "Head", "LeftShoulder", "LeftArm", "LeftForeArm", "LeftHand", "LThumb"]  # fmt: skip
    found = skeleton_named_by(names, "a")
    assert found.canonical[:5] == ("smpl_pelvis", "left_hip", "left_knee", "left_ankle", "smpl_left_foot")
    assert found.canonical[found.index("LeftShoulder")] == "left_collar"
    assert "LThumb" not in found.joints


def test_bad_names_are_one_line():
    with pytest.raises(
        InputError, match=r"a\.trc: expected each joint once, got .*RHip.* again; rename it in the file"
    ):
        skeleton_named_by(["RHip", "LHip", "RHip"], "a.trc")
    with pytest.raises(
        InputError, match=r"a\.trc: expected the joints of a known skeleton, got .*; name it with --from"
    ):
        skeleton_named_by(["p1", "p2", "p3", "p4", "p5"], "a.trc")
    with pytest.raises(
        InputError, match=r"a\.trc: expected joints of coco17 \(nose, .*name their skeleton with --from"
    ):
        joints_by_name(["p1"], np.zeros((1, 1, 3)), COCO, "a.trc")


def _camera():
    cam_from_world = np.eye(4)
    cam_from_world[:3, :3] = [[0, -1, 0], [0, 0, -1], [1, 0, 0]]  # looks along the world's x
    cam_from_world[:3, 3] = [0.0, 1.0, 4.0]
    return Camera.from_fov((640, 480), 60.0).replaced(cam_from_world=cam_from_world)


def test_tracks_become_people_before_a_camera_and_come_back():
    tracks = _moving()
    joints = tracks.joints_world.copy()
    joints[:, 3] = np.nan
    joints[2] = np.nan
    tracks = SkeletonTracks(skeleton=HALPE, joints_world=joints, fps=50.0, first_frame=3)
    records = people_of_tracks(tracks, _camera(), "a.trc")
    assert [record.image for record in records][:2] == ["frame_000003", "frame_000004"]
    assert [len(record.people) for record in records] == [1, 1, 0, 1, 1]
    hip = HALPE.index("hip")
    np.testing.assert_array_equal(records[0].people.root_cam[0], records[0].people.joints_cam[0, hip])
    back = tracks_of_people(records, "a", fps=50.0)
    np.testing.assert_allclose(back.joints_world, joints, atol=1e-5)
    with pytest.raises(InputError, match=r"a\.trc: expected a camera with its place \(cam_from_world\), got none"):
        people_of_tracks(tracks, Camera.from_fov((640, 480), 60.0), "a.trc")


def test_people_of_a_camera_without_a_place_stand_upright_before_it():
    joints_cam = standing(COCO)[:, [1, 2, 0]] * (-1, -1, 1) + (0, 0, 5.0)
    record = people_of_tracks(
        SkeletonTracks(skeleton=COCO, joints_world=standing(COCO)[None], fps=1.0), _camera(), "a"
    )[0]
    people = record.people.replaced(
        joints_cam=joints_cam[None], root_cam=None, camera=Camera.from_fov((640, 480), 60.0)
    )
    tracks = tracks_of_people([type(record)(image="a", people=people)], "a")
    np.testing.assert_allclose(tracks.joints_world[0], standing(COCO) + (5.0, 0, 0), atol=1e-5)


def test_one_person_is_asked_for():
    record = people_of_tracks(_moving(), _camera(), "a")[0]
    twice = type(record.people)(
        **{
            name: np.concatenate([getattr(record.people, name)] * 2)
            for name in ("joints_cam", "joint_sigma", "root_depth_interval", "joints_px", "joint_scores", "boxes_px",
                         "scores", "root_cam")
        },
        skeleton=HALPE, camera=record.people.camera, camera_source="given", ids=(0, 7),
    )  # fmt: skip
    records = [type(record)(image="a.jpg", people=twice)]
    with pytest.raises(
        InputError, match=r"expected one person a picture, got several in a\.jpg; choose one of \[0, 7\]"
    ):
        tracks_of_people(records, "p.json")
    with pytest.raises(InputError, match=r"got none called 5; choose one of \[0, 7\] with --person"):
        tracks_of_people(records, "p.json", person=5)
    assert len(tracks_of_people(records, "p.json", person=7).joints_world) == 1
    with pytest.raises(InputError, match=r"p\.json: expected pictures with people, got none"):
        tracks_of_people([], "p.json")
