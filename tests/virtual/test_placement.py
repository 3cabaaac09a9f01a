"""Where people stand: feet on their floor, apart from each other, in the picture."""

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch", reason="virtual data needs the train extra")

from metricpose.bodies.bank import BodyBank  # noqa: E402
from metricpose.virtual.cameras import CameraOptions, sample_cameras  # noqa: E402
from metricpose.virtual.kinematics import posed  # noqa: E402
from metricpose.virtual.placement import (  # noqa: E402
    SOLES,
    PlacementOptions,
    filled_slots,
    floor_heights,
    lowest_z,
    place,
)
from metricpose.virtual.pose_pool import GROUPS, PosePool  # noqa: E402
from metricpose.virtual.rig import LANDMARKS, NODES  # noqa: E402
from metricpose.virtual.scenes import Bodies, SceneBatch, SceneOptions, generate_scenes  # noqa: E402

FLAT = PlacementOptions(stage_share=0.0, stairs_share=0.0, seat_raised_share=0.0, jump_share=0.0)
ROUND = ("pelvis", "spine", "chest", "head", "left_shin", "right_shin", "left_forearm", "right_forearm")


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _lowest_slowly(nodes, landmarks, radii, sole) -> float:
    """Of one body, point by point: soles under heels and toes, fingertips, and the parts that are round."""
    names = [name for name, _ in LANDMARKS]
    feet = [f"{side}_{point}" for point in ("heel", "big_toe", "small_toe") for side in ("left", "right")]
    assert [names[index] for index in SOLES] == feet
    heights = [float(landmarks[names.index(name)][2]) - float(drop) for name, drop in zip(feet, sole, strict=True)]
    heights += [float(landmarks[names.index(f"{side}_hand_tip")][2]) - 0.01 for side in ("left", "right")]
    heights += [float(nodes[NODES.index(name)][2]) - 0.8 * float(radii[NODES.index(name)]) for name in ROUND]
    return min(heights)


def test_the_lowest_point_of_a_body() -> None:
    generator = _generator()
    shapes = ((30, 21, 3), (30, 27, 3), (30, 21), (30, 6))
    bodies = [torch.rand(shape, generator=generator) for shape in shapes]
    expected = [_lowest_slowly(*body) for body in zip(*bodies, strict=True)]
    assert lowest_z(*bodies).tolist() == pytest.approx(expected, abs=1e-6)


@pytest.fixture(scope="module")
def one_body() -> Bodies:
    bodies = Bodies.of(BodyBank.load(), "test")
    return replace(bodies, adults=bodies.adults[:1], children=bodies.adults[:1])


@pytest.fixture(scope="module")
def six_poses(small_world) -> PosePool:
    rotations = torch.cat([torch.eye(3).expand(1, 21, 3, 3), small_world.poses.rotations[:5]])
    return PosePool(rotations=rotations, group=torch.zeros(6, dtype=torch.long), weight=torch.ones(6))


def _floors(pool: PosePool, bodies: Bodies, placement: PlacementOptions) -> tuple[SceneBatch, torch.Tensor]:
    """Scenes of known people, and how high above the ground (B, P) m the lowest point of each is (NaN: nobody)."""
    options = SceneOptions(placement=placement, augmentation=None, size_jitter=0.0)
    scenes = generate_scenes(120, pool, bodies, options, _generator())
    body = [value[bodies.adults].expand(len(pool), -1, -1) for value in (bodies.node_offsets, bodies.landmark_offsets)]
    nodes, landmarks = posed(*body, pool.rotations)
    radii, sole = bodies.radii[bodies.adults][0], bodies.sole[bodies.adults][0]
    lowest = torch.tensor([_lowest_slowly(n, marks, radii, sole) for n, marks in zip(nodes, landmarks, strict=True)])
    joints_z = _world(scenes)[..., 2]
    shape = joints_z - joints_z[..., :1]
    known = landmarks[:, :17, 2] - landmarks[:, :1, 2]
    difference = (shape[..., None, :] - known).abs().amax(-1)
    which = difference.argmin(-1)
    assert difference.amin(-1)[scenes.real].max() < 1e-3
    nose_over_floor = (landmarks[:, 0, 2] - lowest)[which]
    return scenes, torch.where(scenes.real, joints_z[..., 0] - nose_over_floor, torch.nan)


def _world(scenes: SceneBatch) -> torch.Tensor:
    """The joints (B, P, 17, 3) m in the world: x = R^T x_cam + centre."""
    rotation = scenes.cameras.rotation[:, None, None]
    world = (rotation.transpose(-1, -2) @ scenes.joints_cam[..., None])[..., 0]
    world[..., 2] += scenes.cameras.height_m[:, None, None]
    return world


def test_on_flat_ground_everybody_touches_it(six_poses: PosePool, one_body: Bodies) -> None:
    scenes, floor = _floors(six_poses, one_body, FLAT)
    assert floor[scenes.real].abs().max() < 2e-3
    assert not scenes.raised[scenes.real].any()


def test_standing_straight_the_ankles_are_a_sole_above_the_ground(six_poses: PosePool, one_body: Bodies) -> None:
    rest = PosePool(rotations=six_poses.rotations[:1], group=six_poses.group[:1], weight=six_poses.weight[:1])
    scenes, _ = _floors(rest, one_body, FLAT)
    ankles = _world(scenes)[..., (15, 16), 2].mean(-1)[scenes.real]
    sole = float(BodyBank.load().sole_m[int(one_body.adults)])
    assert ankles.numpy() == pytest.approx(sole, abs=5e-3)


def test_a_stage_carries_everybody_of_its_scene(six_poses: PosePool, one_body: Bodies) -> None:
    scenes, floor = _floors(six_poses, one_body, replace(FLAT, stage_share=1.0))
    low, high = FLAT.stage_m
    heights = floor[:, 0]
    assert low - 2e-3 <= heights.min() < 0
    assert 1.0 < heights.max() <= high + 2e-3
    away = torch.where(scenes.real, floor - heights[:, None], 0.0)
    assert away.abs().max() < 2e-3
    clear = scenes.real & ((floor.abs() - 0.07).abs() > 3e-3)
    assert torch.equal(scenes.raised[clear], floor[clear].abs() > 0.07)


def test_on_stairs_each_stands_on_a_step(six_poses: PosePool, one_body: Bodies) -> None:
    scenes, floor = _floors(six_poses, one_body, replace(FLAT, stairs_share=1.0, step_m=(0.15, 0.15)))
    steps = floor[scenes.real] / 0.15
    assert (steps - steps.round()).abs().max() < 0.02
    assert set(steps.round().int().tolist()) == set(range(9))
    assert (scenes.real.sum(1) > 1).any()


def _share_off_the_ground(group: str, options: PlacementOptions) -> tuple[float, torch.Tensor]:
    groups = torch.full((1500, 2), GROUPS.index(group))
    floor, raised = floor_heights(groups, options, _generator())
    assert torch.equal(raised, floor.abs() > 0.07)
    return float((floor != 0).float().mean()), floor


def test_raised_floors_occur_in_the_stated_shares() -> None:
    share, floor = _share_off_the_ground("standing", replace(FLAT, stage_share=0.2))
    assert share == pytest.approx(0.2, abs=0.03)
    assert torch.equal(floor[:, 0], floor[:, 1])
    share, floor = _share_off_the_ground("standing", replace(FLAT, stairs_share=0.3))
    assert share == pytest.approx(0.3 * (1 - (1 / 9) ** (2 / 3)), abs=0.03)  # the lowest step is the ground
    assert not torch.equal(floor[:, 0], floor[:, 1])
    assert floor.max() <= 8 * FLAT.step_m[1]


@pytest.mark.parametrize(
    ("group", "share", "most"), [("standing", 0.05, 0.4), ("sitting", 0.4, 0.4), ("climbing", 0.7, 2.0)]
)
def test_jumps_seats_and_climbs_occur_in_the_stated_shares(group: str, share: float, most: float) -> None:
    options = replace(FLAT, seat_raised_share=0.4, jump_share=0.05)
    off, floor = _share_off_the_ground(group, options)
    assert off == pytest.approx(share, abs=0.03)
    assert (floor >= 0).all()
    assert 0.8 * most < floor.max() <= most


@pytest.mark.parametrize("group", ["crouching", "lying"])
def test_others_stay_on_the_floor(group: str) -> None:
    assert _share_off_the_ground(group, replace(FLAT, seat_raised_share=1.0, jump_share=1.0))[0] == 0


def test_people_keep_their_distance(many_scenes: SceneBatch) -> None:
    _assert_apart(many_scenes, PlacementOptions().personal_space_m)


def test_more_space_keeps_people_farther_apart(small_world) -> None:
    options = SceneOptions(placement=PlacementOptions(personal_space_m=2.0))
    _assert_apart(generate_scenes(100, small_world.poses, small_world.bodies, options, _generator()), 2.0)


def _assert_apart(scenes: SceneBatch, least: float) -> None:
    roots = _world(scenes)[..., (11, 12), :].mean(-2)
    pairs = 0
    for place_in_scene, real in zip(roots, scenes.real, strict=True):
        people = place_in_scene[real][:, :2].tolist()
        for number, (x, y) in enumerate(people):
            for other_x, other_y in people[:number]:
                pairs += 1
                # limbs have lengths of their own, so the middle of the hips is a little off the pelvis
                assert (x - other_x) ** 2 + (y - other_y) ** 2 > (least - 0.02) ** 2
    assert pairs > 100


def test_roots_are_in_the_picture_and_in_range(many_scenes: SceneBatch) -> None:
    roots = many_scenes.joints_cam[..., (11, 12), :].mean(-2)
    px = many_scenes.cameras.to_px(roots)
    slack = 0.01 * many_scenes.stature_m * many_scenes.cameras.focal_px[:, None] / roots[..., 2]
    outside = torch.maximum(-px, px - many_scenes.cameras.size_px[:, None]).amax(-1)
    assert (outside < slack)[many_scenes.real].all()
    near, far = PlacementOptions().distance_m
    assert (roots[..., 2] > near - 0.02)[many_scenes.real].all()
    assert (roots.norm(dim=-1) < far + 0.02)[many_scenes.real].all()


def test_numbers_of_people_follow_their_probabilities() -> None:
    options = PlacementOptions(people=(0.5, 0.2, 0.0, 0.3))
    slots = filled_slots(4000, options, _generator())
    assert slots.shape == (4000, 4)
    assert (slots[:, :-1] >= slots[:, 1:]).all()
    shares = [float((slots.sum(1) == people).float().mean()) for people in range(5)]
    assert shares == pytest.approx([0, 0.5, 0.2, 0, 0.3], abs=0.03)


def test_only_slots_are_filled() -> None:
    cameras = sample_cameras(100, CameraOptions(), _generator())
    height, stature = torch.full((100, 3), 0.9), torch.full((100, 3), 1.7)
    slots = torch.tensor([True, False, True]).expand(100, 3)
    position, placed = place(cameras, height, stature, slots, PlacementOptions(), _generator())
    assert not placed[:, 1].any()
    assert placed[:, 0].float().mean() > 0.5
    assert placed[:, 2].any()
    assert (position[placed][:, 2] == 0.9).all()
    nobody = place(cameras, height, stature, torch.zeros_like(slots), PlacementOptions(), _generator())
    assert not nobody[1].any()
