from dataclasses import replace

import numpy as np
import pytest

from metricpose.geometry import Camera
from metricpose.io.trc import PointTracks
from metricpose.people import People2D
from metricpose.skeletons.catalogue import COCO17
from recipes.real_clip import (
    FEET,
    TRC_NAMES,
    View,
    camera_as_known,
    in_camera,
    triangulated,
    triangulated_with_shifts,
    true_joints_world,
    true_people,
)

RIG = [(4.0, 0.0), (0.0, 4.0), (-4.0, 0.5), (0.3, -4.0)]


def looking_at_the_middle(x, y, height=1.8):
    """A camera at (x, y, height) that looks at (0, 0, 1)."""
    centre = np.array([x, y, height])
    forward = np.array([0.0, 0.0, 1.0]) - centre
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, (0.0, 0.0, 1.0))
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(forward, right), forward])
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = rotation, -rotation @ centre
    return Camera.from_focal((1088, 1920), 1680.0).replaced(cam_from_world=pose)


def found(joints_px, boxes_px=None):
    people = len(joints_px)
    boxes = np.tile([0.0, 0.0, 100.0, 200.0], (people, 1)) if boxes_px is None else boxes_px
    return People2D(
        boxes_px=boxes,
        joints_px=joints_px,
        joint_scores=np.ones((people, 17)),
        scores=np.ones(people),
        skeleton=COCO17,
        image_size=(1088, 1920),
    )


def test_the_largest_box_is_chosen():
    boxes = np.array([[0, 0, 30, 300], [0, 0, 100, 200], [50, 50, 60, 900]])
    view = View(
        name="a", detector="b", camera=looking_at_the_middle(4, 0), people={7: found(np.zeros((3, 17, 2)), boxes)}
    )
    assert view.largest(7) == 1


def test_the_deck_lowers_the_camera_over_it_and_turns_nothing():
    camera = looking_at_the_middle(4, 0)
    moved = camera_as_known(camera, "deck", 0.25)
    assert moved.height_m == pytest.approx(1.55)
    np.testing.assert_allclose(moved.up, camera.up)
    assert camera_as_known(camera, "none", 0.25).up is None
    assert camera_as_known(camera, "tilt", 0.25).height_m is None
    np.testing.assert_allclose(camera_as_known(camera, "tilt", 0.25).up, camera.up)


def test_points_seen_by_three_views_are_found_again():
    cameras = [looking_at_the_middle(*place) for place in RIG]
    points = np.random.default_rng(0).uniform((-0.5, -0.5, 0), (0.5, 0.5, 1.8), (5, 17, 3))
    px = np.stack([camera.project(in_camera(points, camera))[0] for camera in cameras])
    px[0, 1, 3] = np.nan
    px[:2, 2, 4] = np.nan
    got = triangulated(cameras, px)
    assert np.isnan(got[2, 4]).all()
    np.testing.assert_allclose(got[1, 3], points[1, 3], atol=1e-6)
    assert np.isnan(got).sum() == 3


def test_constant_shifts_of_the_views_are_taken_out():
    cameras = [looking_at_the_middle(*place) for place in RIG]
    points = np.random.default_rng(1).uniform((-0.5, -0.5, 0), (0.5, 0.5, 1.8), (6, 17, 3))
    shifts = np.array([[20, -5], [-12, 8], [0, 15], [6, 0]])
    px = np.stack([camera.project(in_camera(points, camera))[0] for camera in cameras]) + shifts[:, None, None]
    views = [View(name="a", detector="b", camera=camera, people={}) for camera in cameras]
    before = triangulated(cameras, px)
    after, fitted = triangulated_with_shifts(views, px)

    def residual(found, shift):
        seen = np.stack([camera.project(in_camera(found, camera))[0] for camera in cameras])
        return np.abs(seen + shift[:, None, None] - px).mean()

    assert residual(before, np.zeros((4, 2))) > 3
    assert residual(after, fitted) < 0.5


def test_truth_keeps_sides_and_leaves_what_it_lacks_unknown():
    names = ("Nose", *(f"{side}{joint}" for side in "LR" for joint in TRC_NAMES), *FEET)
    places = np.arange(len(names) * 3, dtype=float).reshape(1, -1, 3) * 0.01 + 2.0
    tracks = PointTracks(
        names=names, positions_m=places, frames=np.array([1]), times_s=np.array([0.0]), fps=60.0
    )  # fmt: skip
    joints = true_joints_world(tracks)
    for joint, name in (("left_knee", "LKnee"), ("right_knee", "RKnee"), ("nose", "Nose")):
        np.testing.assert_allclose(joints[0, COCO17.joints.index(joint)], places[0, names.index(name)][[2, 0, 1]])
    people = true_people(joints[0], replace(looking_at_the_middle(4, 0), cam_from_world=None))
    assert people.joint_known[0].sum() == 13
    hips = people.joints_cam[0, [11, 12]].mean(0)
    np.testing.assert_allclose(people.root_cam[0], hips, atol=1e-6)
    np.testing.assert_allclose(people.root_depth_interval[0], hips[2], atol=1e-6)
