"""REN's volume stands where its options say, and never depends on where the world's axes point."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch comes with metricpose[train]")

from metricpose._errors import InputError  # noqa: E402
from metricpose.models.level_frame import cam_from_level  # noqa: E402
from metricpose.models.root_volume import RootVolumeOptions, root_volume  # noqa: E402
from tests.models.voxel_made import LENS, without_tilt, without_world, world_camera  # noqa: E402

NOBODY = torch.zeros(0, 2), torch.zeros(0)


def at_roots(camera, *roots):
    points = torch.tensor(roots)
    return camera.project(points)[0], points[:, 2]


def in_level(camera, volume):
    frame = cam_from_level(camera)
    return frame[:3, :3].T @ (volume.centre_cam.double().numpy() - frame[:3, 3])


def test_ahead_it_begins_at_the_camera_and_stands_on_the_floor():
    camera = world_camera(pitch_deg=40)
    volume = root_volume(RootVolumeOptions(), camera, *NOBODY)
    np.testing.assert_allclose(in_level(camera, volume), [0, 4.0, 1.2], atol=1e-6)
    np.testing.assert_allclose(volume.cam_from_axes, cam_from_level(camera)[:3, :3], atol=1e-6)


@pytest.mark.parametrize("known", [without_world, without_tilt])
def test_without_a_floor_it_lies_about_the_optical_axis(known):
    volume = root_volume(RootVolumeOptions(), known(world_camera(pitch_deg=60)), *NOBODY)
    np.testing.assert_allclose(volume.centre_cam, [0, 0, 4.0], atol=1e-6)


@pytest.mark.parametrize("lens", [None, LENS])
def test_about_people_it_has_them_in_the_middle(lens):
    camera = without_world(world_camera(lens=lens))
    people = at_roots(camera, [0.0, 0.2, 11.0], [0.5, 0.1, 12.0], [-1.5, 0.3, 14.0])
    volume = root_volume(RootVolumeOptions(place="people"), camera, *people)
    level = torch.tensor([[0.0, 0.2, 11.0], [0.5, 0.1, 12.0], [-1.5, 0.3, 14.0]]) @ volume.cam_from_axes
    middle = (level.amin(0) + level.amax(0)) / 2
    torch.testing.assert_close(volume.centre_cam @ volume.cam_from_axes, middle, atol=1e-4, rtol=1e-4)
    standing = root_volume(RootVolumeOptions(place="people"), world_camera(lens=lens), *people)
    assert in_level(world_camera(lens=lens), standing)[2] == pytest.approx(1.2)


def test_where_people_are_too_far_apart_most_of_them_are_in_it():
    camera = without_tilt(world_camera())
    people = at_roots(camera, [0.0, 0.0, 3.0], [0.0, 0.0, 4.0], [0.0, 0.0, 35.0])
    volume = root_volume(RootVolumeOptions(place="people"), camera, *people)
    assert volume.centre_cam[2] == pytest.approx(7.0)  # the median person is a metre from the near face


def test_about_nobody_it_stands_ahead():
    camera = world_camera()
    about, ahead = (root_volume(RootVolumeOptions(place=place), camera, *NOBODY) for place in ("people", "ahead"))
    torch.testing.assert_close(about.centre_cam, ahead.centre_cam)


def test_in_a_room_its_axes_are_the_worlds():
    camera = world_camera(yaw_deg=30, at_m=(-3.0, 1.0))
    volume = root_volume(RootVolumeOptions(place="world", centre_m=(1.0, 2.0, 0.8)), camera, *NOBODY)
    world_from_cam = np.linalg.inv(camera.cam_from_world)
    cells = volume.cells_cam().double().numpy() @ world_from_cam[:3, :3].T + world_from_cam[:3, 3]
    np.testing.assert_allclose(cells.min(0), [-2.95, -1.95, -0.35], atol=1e-5)
    np.testing.assert_allclose(cells.max(0), [4.95, 5.95, 1.95], atol=1e-5)


@pytest.mark.parametrize("place", ["ahead", "people"])
def test_moving_world_and_camera_together_moves_nothing(place):
    people = at_roots(world_camera(), [0.0, 0.2, 5.0])
    here, there = (
        root_volume(RootVolumeOptions(place=place), camera, *people)
        for camera in (world_camera(roll_deg=5), world_camera(roll_deg=5, yaw_deg=123, at_m=(9.0, -4.0)))
    )
    torch.testing.assert_close(here.cells_cam(), there.cells_cam())


def test_moving_room_world_and_camera_together_moves_nothing():
    here, there = (
        root_volume(RootVolumeOptions(place="world", centre_m=(4.0 + x, y, 1.0)), world_camera(at_m=(x, y)), *NOBODY)
        for x, y in ((0.0, 0.0), (7.0, -2.0))
    )
    torch.testing.assert_close(here.cells_cam(), there.cells_cam(), atol=1e-5, rtol=1e-5)


def test_what_cannot_be_is_refused():
    with pytest.raises(InputError, match="expected a place of ahead, people, world, got 'truth'"):
        RootVolumeOptions(place="truth")
    with pytest.raises(InputError, match="place 'world' does not go with centre_m None; give centre_m"):
        RootVolumeOptions(place="world")
    with pytest.raises(InputError, match="place 'people' does not go with centre_m"):
        RootVolumeOptions(place="people", centre_m=(0.0, 0.0, 0.0))
    with pytest.raises(InputError, match="expected three whole numbers of cells"):
        RootVolumeOptions(cells=(80, 80, 0))
    room = RootVolumeOptions(place="world", centre_m=(0.0, 0.0, 1.0))
    with pytest.raises(InputError, match='expected a camera with cam_from_world for place "world", got one without'):
        root_volume(room, without_world(world_camera()), *NOBODY)
    behind = RootVolumeOptions(centre_m=(0.0, -6.0, 1.2))
    with pytest.raises(
        InputError, match=r"got a box of 8 x 8 x 2.4 m about \[0.0, -6.0, 1.2\] that lies wholly behind it; correct"
    ):
        root_volume(behind, world_camera(), *NOBODY)
