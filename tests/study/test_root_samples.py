"""The batched samples are those of the second stage's own path, picture by picture; true 2D is the truth's."""

import pytest
import torch

from metricpose.study.cameras import RANDOM_CAMERAS
from metricpose.study.root_learners import placed
from metricpose.study.root_samples import RootSampleOptions, people_judged, root_samples
from metricpose.study.situation import adults_in_a_room, figures
from metricpose.training.voxel_samples import VoxelSampleOptions, told_samples
from metricpose.virtual.camera_knowledge import EXACT, camera_rows
from metricpose.virtual.scenes import SceneBatch, generate_scenes
from tests.training.voxel_made import PICTURE, small_world

OPTIONS = RootSampleOptions(picture=PICTURE)


def _scenes(count: int = 12, seed: int = 0) -> SceneBatch:
    world = small_world()
    options = adults_in_a_room(RANDOM_CAMERAS)
    return generate_scenes(count, world.poses, world.bodies, options, torch.Generator().manual_seed(seed))


def test_equals_the_path_of_the_second_stage():
    scenes = _scenes()
    rows = camera_rows(scenes.cameras, EXACT, torch.Generator().manual_seed(0))
    slow = told_samples(scenes, rows, VoxelSampleOptions(picture=PICTURE, knowledge=EXACT))
    fast = root_samples(scenes, OPTIONS)
    torch.testing.assert_close(fast.seen.planes, slow.seen.joint_maps, rtol=1e-3, atol=1e-3)
    for number in range(12):
        mine, theirs = fast.seen.present[number], slow.seen.present[number]
        assert int(mine.sum()) == int(theirs.sum())
        for name in ("boxes_px", "roots_px"):
            ours, others = getattr(fast.seen, name)[number, mine], getattr(slow.seen, name)[number, theirs]
            torch.testing.assert_close(ours, others, rtol=1e-4, atol=1e-2)
        real, also = fast.truth.real[number, mine], slow.truth.real[number, theirs]
        assert torch.equal(real, also)
        depths = fast.truth.canonical_depth[number, mine][real], slow.truth.canonical_depth[number, theirs][also]
        torch.testing.assert_close(*depths, rtol=1e-4, atol=1e-4)


def test_true_roots_and_depths_are_the_true_places():
    data = root_samples(_scenes(), RootSampleOptions(picture=PICTURE, true_2d=True))
    answers = placed(data.truth.canonical_depth, data)
    values = figures(answers)
    assert values["people"] == int(data.truth.real.sum()) > 5
    assert values["mrpe_z_mm"] < 0.01
    inside = data.seen.roots_px[data.truth.real]
    assert (values["mrpe_mm"] < 1.0) == bool((inside > 0).all())


def test_detected_and_true_samples_judge_the_same_people_and_show_the_same_maps():
    scenes = _scenes(seed=3)
    detected, true = (
        root_samples(scenes, OPTIONS),
        root_samples(scenes, RootSampleOptions(picture=PICTURE, true_2d=True)),
    )
    assert torch.equal(detected.truth.real, true.truth.real) and torch.equal(
        detected.truth.real, people_judged(scenes, OPTIONS)
    )
    assert torch.equal(detected.seen.planes, true.seen.planes)
    assert not torch.allclose(detected.seen.boxes_px[true.truth.real], true.seen.boxes_px[true.truth.real])


def test_true_boxes_hold_the_joints_that_the_picture_shows():
    data = root_samples(_scenes(seed=1), RootSampleOptions(picture=PICTURE, true_2d=True))
    boxes, joints = data.seen.boxes_px[..., None, :], data.truth.joints_px
    held = ((joints > boxes[..., :2] - 0.1) & (joints < boxes[..., 2:] + 0.1)).all(-1)
    assert held[data.truth.visible].all() and data.truth.visible.any()


def test_errors_are_means_over_people():
    data = root_samples(_scenes(), OPTIONS)
    values = figures(placed(data.truth.canonical_depth * 1.1, data))
    assert values["mrpe_z_percent"] == pytest.approx(10.0, rel=1e-3)
