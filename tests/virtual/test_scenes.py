"""Whole scenes: the same for a seed, true to their cameras, with impostors and children in their shares."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="virtual data needs the train extra")

from metricpose._errors import InputError  # noqa: E402
from metricpose.bodies.bank import BodyBank  # noqa: E402
from metricpose.virtual.cameras import CameraOptions  # noqa: E402
from metricpose.virtual.placement import SOLES, PlacementOptions  # noqa: E402
from metricpose.virtual.rig import LANDMARKS, NODES, PARENTS  # noqa: E402
from metricpose.virtual.scene_people import camera_of, detected_people, true_people  # noqa: E402
from metricpose.virtual.scenes import Bodies, SceneBatch, SceneOptions  # noqa: E402
from metricpose.virtual.seeded import seeded_scenes  # noqa: E402
from metricpose.virtual.world import World  # noqa: E402


def _tensors(scenes: SceneBatch) -> dict[str, torch.Tensor]:
    values = vars(scenes) | vars(scenes.cameras) | vars(scenes.detections)
    return {name: value for name, value in values.items() if isinstance(value, torch.Tensor)}


def test_a_seed_gives_the_same_scenes_to_the_bit_and_another_seed_others(small_world: World) -> None:
    one, same, other = (_tensors(seeded_scenes(30, small_world, SceneOptions(), seed)) for seed in (5, 5, 6))
    assert len(one) > 15
    for name, value in one.items():
        assert torch.equal(value, same[name]), name
        assert not torch.equal(value, other[name]), name


def test_generation_leaves_the_global_random_state_alone(small_world: World) -> None:
    before = torch.get_rng_state()
    seeded_scenes(5, small_world, SceneOptions(), 0)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("count", [1, 2, 50])
def test_every_scene_shows_somebody(small_world: World, count: int) -> None:
    scenes = seeded_scenes(count, small_world, SceneOptions(), 1)
    assert len(scenes.cameras) == len(scenes.real) == count
    assert scenes.real[:, 0].all()


def test_real_people_come_first_and_are_present(many_scenes: SceneBatch) -> None:
    assert (many_scenes.real[:, :-1] >= many_scenes.real[:, 1:]).all()
    assert (many_scenes.present | ~many_scenes.real).all()


def test_shown_people_have_enough_joints(many_scenes: SceneBatch) -> None:
    least = SceneOptions().least_joints
    assert ((many_scenes.detections.scores > 0).sum(-1) >= least)[many_scenes.present].all()
    assert (many_scenes.visible.sum(-1) >= least)[many_scenes.real].all()
    assert (many_scenes.detections.scores == 0)[~many_scenes.present].all()


def test_the_truth_projects_to_its_pixels(many_scenes: SceneBatch) -> None:
    cameras, real = many_scenes.cameras, many_scenes.real
    cam = many_scenes.joints_cam.double()
    norm = cam[..., :2] / cam[..., 2:]
    px = norm * cameras.focal_px.double()[:, None, None, None] + cameras.centre_px.double()[:, None, None]
    difference = (px - many_scenes.joints_px).abs().amax(-1)
    limit = 1e-6 * cameras.size_px.amax(-1)[:, None, None] * norm.norm(dim=-1).clamp_min(1) + 1e-3
    assert (difference < limit)[real].all()
    assert (cam[..., 2] > 0.25)[real].all()


def test_inside_and_visible_are_what_they_say(many_scenes: SceneBatch) -> None:
    px, (width, height) = many_scenes.joints_px, many_scenes.cameras.size_px[:, :, None, None].unbind(1)
    inside = (px[..., 0] >= 0) & (px[..., 0] <= width - 1) & (px[..., 1] >= 0) & (px[..., 1] <= height - 1)
    real = many_scenes.real
    assert torch.equal(inside[real], many_scenes.inside[real])
    assert not (many_scenes.visible & ~many_scenes.inside).any()
    assert 0.05 < (many_scenes.inside & ~many_scenes.visible)[real].float().mean() < 0.4


def test_detections_lie_in_the_picture_and_near_the_truth(many_scenes: SceneBatch) -> None:
    found, real = many_scenes.detections.joints_px, many_scenes.real
    limit = many_scenes.cameras.size_px[:, None, None] - 1
    assert ((found >= 0) & (found <= limit))[many_scenes.present].all()
    error = (found - many_scenes.joints_px).norm(dim=-1) * many_scenes.joints_cam[..., 2].abs()
    relative = error / (many_scenes.cameras.focal_px[:, None] * many_scenes.stature_m)[..., None]
    assert relative[(many_scenes.visible & real[..., None])].median() < 0.03


def test_the_share_of_children_is_the_stated_one(small_world: World, many_scenes: SceneBatch) -> None:
    real = many_scenes.real
    assert many_scenes.child[real].float().mean() == pytest.approx(0.12, abs=0.03)
    half = seeded_scenes(200, small_world, SceneOptions(child_share=0.5), 2)
    assert half.child[half.real].float().mean() == pytest.approx(0.5, abs=0.08)
    assert many_scenes.stature_m[real & many_scenes.child].mean() < 1.35
    assert many_scenes.stature_m[real & ~many_scenes.child].mean() > 1.55


def test_limbs_have_the_lengths_of_one_of_the_bodies(small_world: World) -> None:
    options = SceneOptions(size_jitter=0.0, child_share=0.3)
    scenes = seeded_scenes(40, small_world, options, 3)
    bodies, limbs = small_world.bodies, ((5, 7, "left_forearm"), (7, 9, "left_hand"), (12, 14, "right_shin"))
    joints = scenes.joints_cam[scenes.real]
    lengths = torch.stack([(joints[:, a] - joints[:, b]).norm(dim=-1) for a, b, _ in limbs], -1)
    own = torch.stack([bodies.node_offsets[:, NODES.index(name)].norm(dim=-1) for *_, name in limbs], -1)
    known = torch.cat([own, bodies.stature_m[:, None]], -1)[torch.cat([bodies.adults, bodies.children])]
    seen = torch.cat([lengths, scenes.stature_m[scenes.real][:, None]], -1)
    assert torch.cdist(seen, known).amin(1).max() < 2e-3


def test_groups_of_all_kinds_occur(many_scenes: SceneBatch) -> None:
    assert set(many_scenes.group[many_scenes.real].tolist()) == {0, 1, 2, 3, 4}


def _impostors(world: World, **shares: float) -> SceneBatch:
    return seeded_scenes(200, world, SceneOptions(**{"ghost_share": 0.0, "duplicate_share": 0.0} | shares), 7)


def test_without_impostors_everybody_shown_is_real(small_world: World) -> None:
    scenes = _impostors(small_world)
    assert torch.equal(scenes.present, scenes.real)


def test_duplicates_repeat_the_first_person_less_sure(small_world: World) -> None:
    scenes = _impostors(small_world, duplicate_share=1.0)
    copied = _assert_the_last_slot_is_unreal(scenes)
    first, last = scenes.detections.joints_px[copied][:, 0], scenes.detections.joints_px[copied][:, -1]
    assert _extents_away(scenes, copied, first, last).max() < 0.2


def test_ghosts_are_elsewhere(small_world: World) -> None:
    scenes = _impostors(small_world, ghost_share=1.0)
    haunted = _assert_the_last_slot_is_unreal(scenes)
    first, last = scenes.detections.joints_px[haunted][:, 0], scenes.detections.joints_px[haunted][:, -1]
    assert _extents_away(scenes, haunted, first, last).median() > 0.3


def _assert_the_last_slot_is_unreal(scenes: SceneBatch) -> torch.Tensor:
    """Who (B,) has an impostor: all scenes with a free last slot."""
    free = ~scenes.real[:, -1]
    assert free.float().mean() > 0.8
    assert torch.equal(scenes.present[:, -1], torch.ones_like(free))
    assert torch.equal(scenes.present[:, :-1], scenes.real[:, :-1])
    first, last = scenes.detections.scores[free][:, 0], scenes.detections.scores[free][:, -1]
    assert torch.equal(first > 0, last > 0)
    ratio = (last / first)[first > 0]
    assert ((ratio > 0.29) & (ratio < 0.91)).all()
    return free


def _extents_away(scenes: SceneBatch, who: torch.Tensor, first: torch.Tensor, last: torch.Tensor) -> torch.Tensor:
    """Mean distance (N,) between seen joints, as a share of the first person's extent."""
    seen = scenes.detections.scores[who][:, 0] > 0
    low = torch.where(seen[..., None], first, torch.inf).amin(1)
    high = torch.where(seen[..., None], first, -torch.inf).amax(1)
    distance = ((first - last).norm(dim=-1) * seen).sum(1) / seen.sum(1)
    return distance / (high - low).norm(dim=-1).clamp_min(4)


def test_impostors_occur_in_the_stated_shares(small_world: World) -> None:
    placement = PlacementOptions(people=(0.5, 0.5, 0.0))
    scenes = seeded_scenes(600, small_world, SceneOptions(placement=placement, ghost_share=0.2, duplicate_share=0.1), 0)
    assert (scenes.present & ~scenes.real).any(1).float().mean() == pytest.approx(0.3, abs=0.05)


def test_a_full_scene_has_no_room_for_impostors(small_world: World) -> None:
    options = SceneOptions(placement=PlacementOptions(people=(1.0,)), ghost_share=1.0)
    scenes = seeded_scenes(20, small_world, options, 0)
    assert scenes.real.all()
    assert scenes.real.shape == (20, 1)


def test_values_for_users_agree_with_each_other(many_scenes: SceneBatch) -> None:
    for index in range(25):
        camera = camera_of(many_scenes.cameras, index, with_extrinsics=True)
        seen, truth = detected_people(many_scenes, index, camera), true_people(many_scenes, index, camera)
        px, in_front = camera.project(truth.joints_cam)
        assert in_front.all()
        np.testing.assert_allclose(px, truth.joints_px, rtol=1e-5, atol=1e-3 * max(camera.image_size) / 1000)
        assert len(seen) == int(many_scenes.present[index].sum())
        assert len(truth) == int(many_scenes.real[index].sum())
        assert (seen.boxes_px[:, 2:] > seen.boxes_px[:, :2]).all()
        np.testing.assert_allclose(truth.root_cam[:, 2], truth.root_depth_interval[:, 0], rtol=1e-6)


def test_cameras_that_see_nobody_are_refused(small_world: World) -> None:
    blind = CameraOptions(
        pitch_deg=(-20.0, -19.9), height_m=(7.9, 8.0), focal_over_width=(2.9, 3.0), sizes=((640, 480),), level_share=1.0
    )
    with pytest.raises(
        InputError, match=r"expected cameras that see somebody, got none of 10; widen the camera option"
    ):
        seeded_scenes(5, small_world, SceneOptions(cameras=blind), 0)


def test_scenes_that_show_nobody_are_replaced(small_world: World) -> None:
    upward = CameraOptions(pitch_deg=(-16.0, -14.0), height_m=(2.5, 3.0))
    scenes = seeded_scenes(40, small_world, SceneOptions(cameras=upward), 0)
    assert len(scenes.cameras) == 40
    assert scenes.real.any(1).all()
    assert len(set(scenes.cameras.height_m.tolist())) < 40  # too few saw somebody: some are shown again


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_bodies_are_of_their_split_and_parted_by_age(split: str) -> None:
    bank = BodyBank.load()
    bodies = Bodies.of(bank, split)
    for index, young in ((bodies.adults.numpy(), False), (bodies.children.numpy(), True)):
        assert len(index) > 20
        assert (bank.split[index] == split).all()
        assert ((bank.age_years[index] < 14) == young).all()
    chosen, child = bodies.draw(300, 0.4, torch.Generator().manual_seed(0))
    assert torch.equal(torch.isin(chosen, bodies.children), child)
    assert torch.equal(torch.isin(chosen, bodies.adults), ~child)


def test_soles_are_flat_under_somebody_at_rest() -> None:
    """Heels and toes hang from ankle and toe nodes; with its sole each ends at the height of the ground."""
    bank = BodyBank.load()
    bodies = Bodies.of(bank, "test")
    assert bodies.sole.shape == (len(bank), len(SOLES))
    assert (bodies.sole >= 0).all()
    for body in (int(bodies.adults[0]), int(bodies.children[0])):
        for column, landmark in enumerate(SOLES):
            node = NODES.index(LANDMARKS[landmark][1])
            height = float(bank.landmark_offsets[body, landmark, 2])
            while not NODES[node].endswith("foot"):
                height += float(bank.node_offsets[body, node, 2])
                node = PARENTS[node]
            under = height - float(bodies.sole[body, column])
            assert under == pytest.approx(min(-float(bank.sole_m[body]), height), abs=1e-4)


def test_options_are_followed_by_a_copy(small_world: World) -> None:
    options = SceneOptions()
    wide = replace(options, cameras=CameraOptions(sizes=((512, 512),)))
    assert (seeded_scenes(10, small_world, wide, 0).cameras.size_px == 512).all()
