"""Scenes as users' values: the truth projects to where the scene says, and detections keep their people."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="virtual data needs the train extra")

from metricpose.bodies.bank import BodyBank  # noqa: E402
from metricpose.virtual.pose_pool import PosePool  # noqa: E402
from metricpose.virtual.scene_people import camera_of, detected_people, family_of, tags_of, true_people  # noqa: E402
from metricpose.virtual.scenes import Bodies, SceneBatch, SceneOptions, generate_scenes  # noqa: E402


@pytest.fixture(scope="module")
def scenes() -> SceneBatch:
    pose = torch.eye(3).expand(1, 21, 3, 3)
    pool = PosePool(rotations=pose, group=torch.zeros(1, dtype=torch.long), weight=torch.ones(1))
    bodies = Bodies.of(BodyBank.load(), "test", "cpu")
    options = SceneOptions(child_share=0.5, ghost_share=0.5)
    return generate_scenes(40, pool, bodies, options, torch.Generator().manual_seed(3))


def test_the_truth_projects_to_the_exact_pixels(scenes: SceneBatch) -> None:
    for index in range(len(scenes.present)):
        people = true_people(scenes, index, camera_of(scenes.cameras, index, with_extrinsics=True))
        joints_px, in_front = people.camera.project(people.joints_cam)
        assert in_front.all()
        np.testing.assert_allclose(joints_px, people.joints_px, rtol=1e-3, atol=0.05)


def test_the_camera_stands_where_the_scene_says(scenes: SceneBatch) -> None:
    for index in range(len(scenes.present)):
        camera = camera_of(scenes.cameras, index, with_extrinsics=True)
        assert camera.height_m == pytest.approx(float(scenes.cameras.height_m[index]), abs=1e-4)
        np.testing.assert_allclose(camera.up, scenes.cameras.rotation[index, :, 2], atol=1e-5)
        assert camera_of(scenes.cameras, index, with_extrinsics=False).up is None


def test_true_people_are_among_the_detections_by_id(scenes: SceneBatch) -> None:
    ghosts = 0
    for index in range(len(scenes.present)):
        camera = camera_of(scenes.cameras, index, with_extrinsics=True)
        seen, truth = detected_people(scenes, index, camera), true_people(scenes, index, camera)
        assert seen.ids is not None
        assert truth.ids is not None
        assert set(truth.ids) <= set(seen.ids)
        ghosts += len(seen) - len(truth)
    assert ghosts > 0


def test_tags_describe_each_true_person(scenes: SceneBatch) -> None:
    words = [tags for index in range(len(scenes.present)) for tags in tags_of(scenes, index)]
    assert len(words) == int(scenes.real.sum())
    assert all("standing" in tags and ("child" in tags) != ("adult" in tags) for tags in words)
    assert {"child", "adult", "truncated", "occluded"} <= {word for tags in words for word in tags}


def test_families_follow_lens_and_tilt(scenes: SceneBatch) -> None:
    cameras = scenes.cameras[:2]
    told = {
        **vars(cameras),
        "focal_px": torch.tensor([500.0, 2000.0]),
        "size_px": torch.tensor([[1000.0, 800.0], [1000.0, 800.0]]),
        "pitch_deg": torch.tensor([-10.0, 60.0]),
    }
    assert [family_of(type(cameras)(**told), index) for index in (0, 1)] == ["wide up", "tele steep"]
