"""The voxel lifter as users hold it: everybody is answered, in order, with what is not known about them."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch comes with metricpose[train]")

from metricpose._errors import FileError, InputError, WeightsError  # noqa: E402
from metricpose.geometry import Camera  # noqa: E402
from metricpose.inference.voxel import VoxelLifter  # noqa: E402
from metricpose.models.voxel_calibration import VoxelCalibration  # noqa: E402
from metricpose.models.voxel_pose import VoxelPose  # noqa: E402
from metricpose.models.voxel_weights import saved_voxel_pose  # noqa: E402
from metricpose.people import People2D  # noqa: E402
from metricpose.skeletons.catalogue import COCO17  # noqa: E402
from tests.training.voxel_made import TINY  # noqa: E402

CALIBRATION = VoxelCalibration(
    log_depth_found=(-0.1, 0.2), log_depth_by_de=(-0.4, 0.5), sigma_m_seen=(0.03,) * 17, sigma_m_unseen=(0.1,) * 17
)
CAMERA = Camera.from_fov((640, 480), 60.0)


NOBODY = replace(TINY.roots, least_score=1e9)
EVERYWHERE = replace(TINY.roots, least_score=-1e9, nms_cells=1, most_people=12 * 12 * 4)  # each cell is a candidate


def written(folder, roots=NOBODY, calibration: VoxelCalibration | None = CALIBRATION, **options):
    """A file of a network that has learnt nothing: it finds nobody, or somebody everywhere."""
    torch.manual_seed(0)
    stage = VoxelPose(replace(TINY, roots=roots, **options))
    path = folder / f"voxel_{roots.nms_cells}.safetensors"
    saved_voxel_pose(stage, path, calibration)
    return path


def standing(*roots_cam):
    """People of one shape, 1.7 m tall, with their roots there."""
    shape = np.random.default_rng(0).uniform([-0.3, -0.8, -0.1], [0.3, 0.8, 0.1], (17, 3))
    shape -= shape[11:13].mean(0)
    px = CAMERA.project(np.reshape(roots_cam, (-1, 1, 3)) + shape)[0]
    return People2D(
        boxes_px=np.concatenate([px.min(1), px.max(1)], -1), joints_px=px, joint_scores=np.full(px.shape[:2], 0.9),
        scores=np.linspace(0.9, 0.5, len(px)), skeleton=COCO17, image_size=CAMERA.image_size,
        ids=tuple(range(7, 7 + len(px))),
    )  # fmt: skip


PEOPLE = standing([-0.8, 0.0, 4.0], [0.9, 0.1, 5.0])


def test_everybody_is_answered_in_order(tmp_path):
    lifter = VoxelLifter.load(written(tmp_path), device="cpu")
    got = lifter(PEOPLE, CAMERA, camera_source="fov")
    assert len(got) == 2 and got.ids == (7, 8) and got.skeleton == COCO17 and got.camera_source == "fov"
    np.testing.assert_array_equal(got.joints_px, PEOPLE.joints_px)
    assert got.camera is CAMERA and np.isfinite(got.joints_cam).all()
    # With a network that has learnt nothing a person is a point at the root's ray, where DE says.
    px = CAMERA.project(got.root_cam)[0]
    np.testing.assert_allclose(px, PEOPLE.joints_px[:, 11:13].mean(1), atol=15)


def test_who_is_not_found_has_the_wider_interval(tmp_path):
    not_found, found = (
        VoxelLifter.load(written(tmp_path, roots), device="cpu").many([(PEOPLE, CAMERA)])[0]
        for roots in (NOBODY, EVERYWHERE)
    )
    assert not not_found.found.any() and not not_found.scores.any() and not_found.unclaimed == 0
    assert found.found.all() and found.unclaimed == 12 * 12 * 4 - 2
    for lifted in (not_found, found):
        depth = lifted.people.root_cam[:, 2:]
        logs = np.where(lifted.found[:, None], CALIBRATION.log_depth_found, CALIBRATION.log_depth_by_de)
        np.testing.assert_allclose(lifted.people.root_depth_interval, depth * np.exp(logs), rtol=1e-5)


def test_sigmas_are_those_of_seen_and_unseen_joints(tmp_path):
    scores = np.array(PEOPLE.joint_scores)
    scores[0, 9] = 0
    lifter = VoxelLifter.load(written(tmp_path, covered_below=1.1), device="cpu")
    got = lifter(PEOPLE.replaced(joint_scores=scores), CAMERA)
    expected = np.where(scores > 0, 0.03, 0.1)
    np.testing.assert_allclose(got.joint_sigma, expected, rtol=1e-5)
    doubtful = lifter(PEOPLE.replaced(joint_scores=scores), CAMERA, focal_sigma=0.2)
    assert (doubtful.joint_sigma >= got.joint_sigma).all()
    assert (np.diff(doubtful.root_depth_interval) > np.diff(got.root_depth_interval)).all()
    np.testing.assert_array_equal(doubtful.joints_cam, got.joints_cam)


def test_a_joint_that_seems_to_lie_outside_the_volume_says_so(tmp_path):
    lifter = VoxelLifter.load(written(tmp_path, covered_below=1e-6), device="cpu")
    np.testing.assert_allclose(lifter(PEOPLE, CAMERA).joint_sigma, 0.25 * 2.4, rtol=1e-5)


def test_of_a_box_alone_there_is_a_root_and_no_joints(tmp_path):
    lifter = VoxelLifter.load(written(tmp_path), device="cpu")
    scores = np.array(PEOPLE.joint_scores)
    scores[1] = 0
    got = lifter(PEOPLE.replaced(joint_scores=scores), CAMERA)
    assert got.joint_known.all(axis=1).tolist() == [True, False]
    low, high = got.root_depth_interval[1] / got.root_cam[1, 2]
    assert low < np.exp(-1.0) and high > np.exp(1.0)


def test_nobody_is_an_ordinary_answer(tmp_path):
    lifter = VoxelLifter.load(written(tmp_path, EVERYWHERE), device="cpu")
    nobody = People2D.empty(COCO17, CAMERA.image_size)
    assert len(lifter(nobody, CAMERA)) == 0
    assert lifter.many([]) == []


def test_pictures_together_are_as_pictures_alone(tmp_path):
    lifter = VoxelLifter.load(written(tmp_path), device="cpu")
    pictures = [(standing([0.0, 0.0, 3.0 + k]), CAMERA) for k in range(9)] + [(PEOPLE, CAMERA)]
    together = lifter.many(pictures)
    for number in (0, 8, 9):
        alone = lifter(*pictures[number])
        np.testing.assert_allclose(together[number].people.joints_cam, alone.joints_cam, atol=1e-4)


def test_the_size_of_the_picture_is_nothing_but_resolution(tmp_path):
    """The same rays in a picture of twice the size get the same answer."""
    lifter = VoxelLifter.load(written(tmp_path), device="cpu")
    size = (1280, 960)
    larger = PEOPLE.replaced(
        boxes_px=(PEOPLE.boxes_px + 0.5) * 2 - 0.5, joints_px=(PEOPLE.joints_px + 0.5) * 2 - 0.5, image_size=size
    )
    one, two = lifter(PEOPLE, CAMERA), lifter(larger, CAMERA.resized(size))
    np.testing.assert_allclose(one.joints_cam, two.joints_cam, atol=2e-3)


def test_error_texts(tmp_path):
    with pytest.raises(FileError, match="no such weights file; expected one that `metricpose train voxel_pose` wrote"):
        VoxelLifter.load(tmp_path / "lacking.safetensors")
    with pytest.raises(WeightsError, match="expected weights with a calibration, got none"):
        VoxelLifter.load(written(tmp_path, calibration=None))
    lifter = VoxelLifter.load(written(tmp_path), device="cpu")
    with pytest.raises(InputError, match=r"one picture size, got \(640, 480\) and \(320, 240\)"):
        lifter(PEOPLE, CAMERA.resized((320, 240)))
    with pytest.raises(InputError, match=r"in 0\.\.2, got 3"):
        lifter(PEOPLE, CAMERA, focal_sigma=3)


def test_importing_it_does_not_import_torch():
    code = "import sys, metricpose.inference.voxel; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
