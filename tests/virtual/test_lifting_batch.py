"""What the lifter is shown: rays of the core's cameras, and nothing more people than there are."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="virtual data needs the train extra")

from metricpose.virtual.camera_knowledge import EXACT, KnowledgeOptions, camera_rows  # noqa: E402
from metricpose.virtual.lifting_batch import lifting_batch, unit_rays  # noqa: E402
from metricpose.virtual.placement import PlacementOptions  # noqa: E402
from metricpose.virtual.scene_people import camera_of  # noqa: E402
from metricpose.virtual.scenes import SceneBatch, SceneOptions  # noqa: E402
from metricpose.virtual.seeded import seeded_scenes  # noqa: E402
from metricpose.virtual.world import World  # noqa: E402


def _generator() -> torch.Generator:
    return torch.Generator().manual_seed(1)


def test_rays_are_those_of_the_core_camera_at_length_one(many_scenes: SceneBatch) -> None:
    rays = unit_rays(many_scenes)
    torch.testing.assert_close(rays.norm(dim=-1), torch.ones(rays.shape[:-1]))
    for index in range(40):
        expected = camera_of(many_scenes.cameras, index, with_extrinsics=False).rays(
            many_scenes.detections.joints_px[index].double().numpy()
        )
        expected = expected / np.linalg.norm(expected, axis=-1, keepdims=True)
        seen = many_scenes.detections.scores[index] > 0
        np.testing.assert_allclose(rays[index][seen], expected[seen.numpy()], atol=1e-5)


def test_unseen_joints_tell_nothing(many_scenes: SceneBatch) -> None:
    unseen = unit_rays(many_scenes)[many_scenes.detections.scores == 0]
    assert torch.equal(unseen, torch.tensor([0.0, 0.0, 1.0]).expand_as(unseen))
    assert len(unseen)


def test_a_batch_holds_the_truth_and_what_is_known_of_cameras(many_scenes: SceneBatch) -> None:
    batch = lifting_batch(many_scenes, EXACT, _generator())
    assert torch.equal(batch.joints_cam, many_scenes.joints_cam)
    assert torch.equal(batch.scores, many_scenes.detections.scores)
    assert torch.equal(batch.present, many_scenes.present)
    assert torch.equal(batch.real, many_scenes.real)
    assert torch.equal(batch.rays, unit_rays(many_scenes))
    noisy = lifting_batch(many_scenes, KnowledgeOptions(), _generator()).camera
    assert torch.equal(noisy, camera_rows(many_scenes.cameras, KnowledgeOptions(), _generator()))


def test_people_are_misled_on_raised_floors_under_cameras_of_known_height(many_scenes: SceneBatch) -> None:
    batch = lifting_batch(many_scenes, EXACT, _generator())
    assert torch.equal(batch.misled, many_scenes.raised)
    assert batch.misled.any()
    mixed = lifting_batch(many_scenes, KnowledgeOptions(), _generator())
    for scene, row in enumerate(mixed.camera):
        expected = many_scenes.raised[scene] if row[6] == 1 else torch.zeros_like(many_scenes.raised[scene])
        assert torch.equal(mixed.misled[scene], expected)


def test_empty_slots_at_the_end_are_cut(small_world: World) -> None:
    placement = PlacementOptions(people=(0.3, 0.3, 0.4, 0.0, 0.0, 0.0))
    options = SceneOptions(placement=placement, ghost_share=0.0, duplicate_share=0.0)
    scenes = seeded_scenes(20, small_world, options, 2)
    most = int(scenes.present.sum(1).max())
    assert 1 < most <= 3 < scenes.present.shape[1]
    batch = lifting_batch(scenes, EXACT, _generator())
    assert {value.shape[1] for name, value in batch._asdict().items() if name != "camera"} == {most}
    assert batch.present.sum() == scenes.present.sum()


def test_a_ghost_in_the_last_slot_is_kept(small_world: World) -> None:
    scenes = seeded_scenes(3, small_world, SceneOptions(ghost_share=1.0), 2)
    batch = lifting_batch(scenes, EXACT, _generator())
    assert batch.present.sum() == scenes.present.sum()
    assert batch.present[:, -1].all()
