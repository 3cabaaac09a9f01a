"""The second stage as a whole: what goes in, what comes out, and what it must not depend on."""

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch comes with metricpose[train]")

from metricpose._errors import InputError  # noqa: E402
from metricpose.models.voxel_input import VoxelInput  # noqa: E402
from metricpose.models.voxel_pose import VoxelPoseOptions  # noqa: E402
from tests.models.voxel_made import (  # noqa: E402
    LENS,
    SIZE,
    STRIDE,
    people_seen,
    small_stage,
    voxel_input,
    without_tilt,
    world_camera,
)

ROOTS = [[0.2, 0.1, 4.0], [-0.8, 0.0, 5.0]]


def answered(stage, *scenes):
    with torch.no_grad():
        return stage(voxel_input(*scenes))


def same(one, two):
    for name in ("root_cam", "joints_cam", "scores", "outermost", "candidates_cam"):
        torch.testing.assert_close(getattr(one, name), getattr(two, name), atol=1e-4, rtol=1e-4)


def test_shapes_and_frames():
    got = answered(small_stage(), (world_camera(), ROOTS), (without_tilt(world_camera()), [[0.0, 0.0, 3.0]]))
    people = len(got.picture)
    assert people == 6 and got.picture.tolist() == [0, 0, 0, 1, 1, 1]
    assert got.root_cam.shape == (people, 3) and got.joints_cam.shape == (people, 4, 3)
    assert got.scores.shape == (people,) and got.covered.shape == got.outermost.shape == (people, 4)
    assert got.covered.dtype == torch.bool and torch.equal(got.covered, got.outermost < 0.5)
    assert got.canonical_depth.shape == (2, 2) and got.root_heat.shape == (2, 8, 8, 4) and len(got.volumes) == 2
    torch.testing.assert_close(got.root_cam, got.joints_cam[:, 0])  # PEN's root, not REN's
    assert (got.joints_cam - got.candidates_cam[:, None]).norm(dim=-1).max() < 3**0.5


def test_the_root_may_be_the_middle_of_the_hips():
    stage = small_stage(dataclasses.replace(small_stage().options, root_joints=(1, 2)))
    got = answered(stage, (world_camera(), ROOTS))
    torch.testing.assert_close(got.root_cam, got.joints_cam[:, 1:3].mean(1))


def test_pictures_do_not_know_of_each_other():
    stage = small_stage()
    scenes = [
        (world_camera(lens=LENS), ROOTS),
        (without_tilt(world_camera()), []),
        (world_camera(5.0), [[0.0, 0.0, 3.0]]),
    ]
    together = answered(stage, *scenes)
    for number, scene in enumerate(scenes):
        mine = together.picture == number
        alone = answered(stage, scene)
        torch.testing.assert_close(together.joints_cam[mine], alone.joints_cam, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(together.scores[mine], alone.scores, atol=1e-4, rtol=1e-4)


def test_moving_world_and_camera_together_changes_nothing():
    stage = small_stage()
    same(
        answered(stage, (world_camera(roll_deg=7), ROOTS)),
        answered(stage, (world_camera(roll_deg=7, yaw_deg=-130, at_m=(40.0, 3.0)), ROOTS)),
    )


def test_the_order_of_people_changes_nothing():
    stage = small_stage()
    same(answered(stage, (world_camera(), ROOTS)), answered(stage, (world_camera(), ROOTS[::-1])))


def test_depths_are_metres_before_this_camera():
    """Twice the focal length, the same heatmaps: twice as far; the volume about the one person tells."""
    stage, near = small_stage(), without_tilt(world_camera(focal_px=100.0))
    seen = voxel_input((near, [[0.0, 0.0, 4.0]]))
    far = dataclasses.replace(seen, cameras=(without_tilt(world_camera(focal_px=200.0)),))
    with torch.no_grad():
        one, two = stage(seen), stage(far)
    torch.testing.assert_close(one.canonical_depth, two.canonical_depth)
    for got, focal in ((one, 0.1), (two, 0.2)):
        assert got.volumes[0].centre_cam[2].item() == pytest.approx(got.canonical_depth.item() * focal, rel=1e-5)


def test_nobody_is_an_ordinary_answer():
    for scenes in ([(world_camera(), [])], [(world_camera(), []), (world_camera(lens=LENS), [])]):
        got = answered(small_stage(), *scenes)
        assert got.joints_cam.shape == (0, 4, 3) and got.root_cam.shape == (0, 3) and got.covered.shape == (0, 4)
        assert got.canonical_depth.shape == (len(scenes), 0)


def test_truth_is_no_input():
    fields = {field.name for field in dataclasses.fields(VoxelInput)}
    assert fields == {"joint_maps", "stride", "boxes_px", "roots_px", "present", "cameras"}


def test_a_training_step_reaches_every_weight():
    stage = small_stage().train()
    got = stage(voxel_input((world_camera(), ROOTS)))
    (got.joints_cam.square().sum() + got.root_heat.square().sum() + got.canonical_depth.sum()).backward()
    assert all(parameter.grad is not None for parameter in stage.parameters())


def test_roots_out_of_the_picture_are_read_at_its_border():
    camera = without_tilt(world_camera())
    people = people_seen(camera, np.array([[-2.7, 0.0, 4.0]]))
    assert people.joints_px[0, 0, 0] < 0
    seen = VoxelInput.of_people(torch.zeros(1, 4, 32, 48), STRIDE, [people], [camera])
    assert seen.roots_px[0, 0, 0] == 0 and seen.roots_px[0, 0, 1] == pytest.approx(people.joints_px[0, 0, 1])


def test_inputs_that_do_not_fit_are_refused():
    seen = voxel_input((world_camera(), ROOTS))
    with pytest.raises(InputError, match="expected heatmaps of 4 joints, got 3; convert"):
        small_stage()(dataclasses.replace(seen, joint_maps=seen.joint_maps[:, :3]))
    with pytest.raises(InputError, match=r"expected joint_maps \(B, J, h, w\), got \(4, 32, 48\)"):
        dataclasses.replace(seen, joint_maps=seen.joint_maps[0])
    with pytest.raises(InputError, match=r"expected present of shape \(1, 2\) to fit joint_maps, got \(1, 1\)"):
        dataclasses.replace(seen, present=seen.present[:, :1])
    with pytest.raises(InputError, match=r"expected boxes_px of shape \(1, 'P', 4\) to fit joint_maps, got \(2, 4\)"):
        dataclasses.replace(seen, boxes_px=seen.boxes_px[0])
    with pytest.raises(InputError, match="expected a camera for each of 1 pictures, got 2"):
        dataclasses.replace(seen, cameras=seen.cameras * 2)
    large = world_camera().resized((2 * SIZE[0], 2 * SIZE[1]))
    with pytest.raises(
        InputError, match=r"cameras of pictures up to 192 x 128, as the maps cover, got 384 x 256; pass camera.resized"
    ):
        dataclasses.replace(seen, cameras=(large,))
    with pytest.raises(InputError, match="expected people of 1 pictures, got 0"):
        VoxelInput.of_people(seen.joint_maps, STRIDE, [], seen.cameras)


@pytest.mark.parametrize("joints", [(), (17,), (-1,)])
def test_roots_that_are_no_joints_are_refused(joints):
    with pytest.raises(InputError, match="expected root_joints among 17 joints, got"):
        VoxelPoseOptions(root_joints=joints)
