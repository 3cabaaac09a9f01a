"""The level frame: upright, turned with the camera, on the floor where that is known."""

import numpy as np
import pytest

from metricpose.geometry import Camera
from metricpose.geometry.rigid import transformed
from metricpose.models.level_frame import cam_from_level
from tests.strategies import random_rotations

pytest.importorskip("torch", reason="torch comes with metricpose[train]")

from tests.models.voxel_made import without_tilt, without_world, world_camera


@pytest.mark.parametrize("seed", range(20))
def test_it_is_a_rotation_with_up_up(seed):
    up = random_rotations(np.random.default_rng(seed))[0]
    frame = cam_from_level(Camera.from_focal((64, 48), 50.0).replaced(up_cam=up))
    np.testing.assert_allclose(frame[:3, :3].T @ frame[:3, :3], np.eye(3), atol=1e-12)
    assert np.linalg.det(frame[:3, :3]) == pytest.approx(1.0)
    np.testing.assert_allclose(frame[:3, 2], up / np.linalg.norm(up), atol=1e-12)
    assert frame[2, 1] > -1e-9 or abs(up[2]) > 0.97  # ahead is where the camera looks, if that is anywhere


def test_the_world_does_not_matter_but_for_its_floor():
    """Turned and moved along the floor, the world gives the same frame; known tilt gives it at the camera's centre."""
    camera, moved = world_camera(roll_deg=10), world_camera(roll_deg=10, yaw_deg=77, at_m=(3.0, -8.0))
    np.testing.assert_allclose(cam_from_level(moved), cam_from_level(camera), atol=1e-12)
    level = cam_from_level(without_world(camera))
    np.testing.assert_allclose(level[:3, :3], cam_from_level(camera)[:3, :3], atol=1e-12)
    np.testing.assert_array_equal(level[:3, 3], 0)
    origin_world = camera.cam_from_world[:3, :3].T @ (cam_from_level(camera)[:3, 3] - camera.cam_from_world[:3, 3])
    np.testing.assert_allclose(
        origin_world, [0, 0, 0], atol=1e-12
    )  # the floor under the camera, which stands at x = y = 0


def test_where_nothing_is_known_the_picture_is_level():
    points = transformed(np.eye(3), cam_from_level(without_tilt(world_camera())))
    np.testing.assert_allclose(points, [[1, 0, 0], [0, 0, 1], [0, -1, 0]], atol=1e-12)


@pytest.mark.parametrize(("pitch_deg", "ahead_cam"), [(90.0, [0, -1, 0]), (-90.0, [0, 1, 0])])
def test_straight_down_and_up(pitch_deg, ahead_cam):
    camera = world_camera(pitch_deg=pitch_deg)
    np.testing.assert_allclose(cam_from_level(camera)[:3, 1], ahead_cam, atol=1e-9)
