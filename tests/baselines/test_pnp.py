"""Poses put before a camera: they are found again, the cost is least, and odd cases have an answer."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baselines.pnp import FEWEST_TO_TURN, Placement, cross_matrices, placed_before_camera, turns

SEEDS = st.integers(0, 10_000)


def poses(seed: int, count: int = 2, joints: int = 12) -> np.ndarray:
    """Joints of people about as large as people are, the origin among them."""
    return np.random.default_rng(seed).normal(size=(count, joints, 3)) * (0.3, 0.5, 0.25)


def rays_of(joints_cam: np.ndarray) -> np.ndarray:
    return joints_cam / joints_cam[..., 2:]


def before(seed: int, count: int = 2) -> np.ndarray:
    """Places up to 45 degrees off the axis, 3 to 12 m away."""
    generator = np.random.default_rng(seed + 1)
    depth = generator.uniform(3, 12, (count, 1))
    return np.concatenate([generator.uniform(-1, 1, (count, 2)) * depth, depth], axis=1)


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(2, 12))
def test_a_moved_pose_is_found_again_from_two_joints_on(seed: int, seen: int):
    joints, place = poses(seed), before(seed)
    weights = np.zeros(joints.shape[:2])
    weights[:, :seen] = np.random.default_rng(seed).uniform(0.2, 1, (2, seen))
    found = placed_before_camera(joints, rays_of(joints + place[:, None]), weights)
    assert found.solved.all()
    if seen >= 3:  # two joints that lie along the view leave their depth nearly open
        np.testing.assert_allclose(found.translation, place, rtol=1e-5, atol=1e-5)
    assert (found.error < 1e-6).all()
    assert (found.rotation == np.eye(3)).all()


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.floats(0.0, 0.6))
def test_a_turned_and_moved_pose_is_found_again(seed: int, angle: float):
    joints, place = poses(seed), before(seed)
    axis = np.random.default_rng(seed + 2).normal(size=(2, 3))
    rotation = turns(angle * axis / np.linalg.norm(axis, axis=1, keepdims=True))
    true = joints @ rotation.swapaxes(1, 2) + place[:, None]
    # The poses are stated in axes turned to the person: from the camera's, undo that turn and nothing else.
    stated = joints @ np.linalg.inv(_turned_to(rays_of(true))).swapaxes(1, 2)
    found = placed_before_camera(stated, rays_of(true), np.ones(joints.shape[:2]), turning=True)
    np.testing.assert_allclose(found.applied(stated), true, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(found.rotation @ found.rotation.swapaxes(1, 2), np.tile(np.eye(3), (2, 1, 1)), atol=1e-9)


def _turned_to(rays: np.ndarray) -> np.ndarray:
    """cam_from_turned, by Rodrigues about the normal of z and the mean direction."""
    middle = (rays / np.linalg.norm(rays, axis=-1, keepdims=True)).sum(axis=1)
    middle /= np.linalg.norm(middle, axis=-1, keepdims=True)
    axis = np.cross((0.0, 0.0, 1.0), middle)
    sine = np.linalg.norm(axis, axis=-1, keepdims=True)
    return turns(axis / sine * np.arctan2(sine, middle[:, 2:]))


@pytest.mark.parametrize("turning", [False, True])
def test_with_noise_no_general_solver_finds_a_better_place(turning: bool):
    optimise = pytest.importorskip("scipy.optimize")
    generator = np.random.default_rng(3)
    joints = poses(3, count=1)
    place = np.array([[0.0, 0.0, 5.0]])
    weights = generator.uniform(0.1, 1, (1, 12))
    rays = rays_of(joints + place[:, None])
    rays[..., :2] += generator.normal(size=rays[..., :2].shape) * 0.004
    # With the middle of the rays straight ahead, the turned plane is the camera's.
    rays = rays @ _turned_to(rays)[0]
    rays /= rays[..., 2:]

    def errors(numbers: np.ndarray) -> np.ndarray:
        put = joints[0] @ turns(numbers[3:]).T + numbers[:3] if turning else joints[0] + numbers
        return (np.sqrt(weights[0])[:, None] * (put[:, :2] / put[:, 2:] - rays[0, :, :2])).ravel()

    best = optimise.least_squares(errors, [0, 0, 5.0, 0, 0, 0][: 6 if turning else 3], xtol=1e-15, ftol=1e-15)
    found = placed_before_camera(joints, rays, weights, turning=turning)
    np.testing.assert_allclose(found.translation[0], best.x[:3], rtol=1e-4, atol=1e-5)
    assert found.error[0] == pytest.approx(np.sqrt(2 * best.cost / weights.sum()), rel=1e-6)


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_turning_the_camera_turns_the_answer(seed: int):
    joints, place = poses(seed), before(seed) * (0.3, 0.3, 1)
    noisy = rays_of(joints + place[:, None]) + np.random.default_rng(seed).normal(size=(2, 12, 3)) * (0.01, 0.01, 0)
    rotation = turns(np.array([0.1, -0.25, 0.15]))
    weights = np.ones((2, 12))
    straight = placed_before_camera(joints, noisy, weights).applied(joints)
    other = joints @ rotation.T
    turned = placed_before_camera(other, rays_of(noisy @ rotation.T), weights).applied(other)
    np.testing.assert_allclose(turned, straight @ rotation.T, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("turning", [False, True])
@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_each_person_is_alone(turning: bool, count: int):
    joints, place = poses(5, count), before(5, count)
    rays, weights = rays_of(joints + place[:, None]), np.ones((count, 12))
    together = placed_before_camera(joints, rays, weights, turning=turning)
    assert together.translation.shape == (count, 3)
    for i in range(count):
        alone = placed_before_camera(joints[[i]], rays[[i]], weights[[i]], turning=turning)
        np.testing.assert_allclose(together.applied(joints)[i], alone.applied(joints[[i]])[0], rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("seen", [0, 1])
def test_too_few_joints_are_said_to_be_unsolved(seen: int):
    joints, place = poses(6), before(6)
    weights = np.zeros((2, 12))
    weights[0, :seen], weights[1] = 1, 1
    found = placed_before_camera(joints, rays_of(joints + place[:, None]), weights)
    assert found.solved.tolist() == [False, True]
    assert np.isfinite(found.translation).all()
    np.testing.assert_allclose(found.translation[1], place[1], rtol=1e-5)


def test_few_joints_move_a_pose_but_do_not_turn_it():
    joints, place = poses(7), np.array([[0.0, 0, 4], [0.0, 0, 6]])
    weights = np.zeros((2, 12))
    weights[:, : FEWEST_TO_TURN - 1] = 1
    true = joints @ turns(np.array([0.0, 0.3, 0.0])).T + place[:, None]
    few = placed_before_camera(joints, rays_of(true), weights, turning=True)
    assert (few.error > 1e-3).all()
    weights[:, FEWEST_TO_TURN - 1] = 1
    enough = placed_before_camera(joints, rays_of(true), weights, turning=True)
    assert (enough.error < few.error).all()


def test_no_seen_joint_is_put_behind_the_camera():
    generator = np.random.default_rng(0)
    joints = generator.normal(size=(200, 4, 3)) * (0.3, 0.3, 0.6)
    rays = np.concatenate([1.5 * generator.normal(size=(200, 4, 2)), np.ones((200, 4, 1))], axis=-1)
    ahead = (rays / np.linalg.norm(rays, axis=-1, keepdims=True)).sum(axis=1)
    found = placed_before_camera(joints, rays, np.ones((200, 4)))  # nonsense: many would be best behind the camera
    assert ((found.applied(joints) * ahead[:, None]).sum(axis=-1) > 0).all()


def test_an_unseen_joint_may_be_behind_the_camera():
    joints, place = poses(9, 1), np.array([[0.0, 0, 1.5]])
    joints[0, 0] = (0, 0, -3)
    weights = np.ones((1, 12))
    weights[0, 0] = 0
    rays = np.where(weights[..., None] > 0, rays_of(joints + place[:, None]), (0, 0, 1))
    np.testing.assert_allclose(placed_before_camera(joints, rays, weights).translation, place, rtol=1e-5, atol=1e-5)


def test_points_at_one_place_are_far_away_and_finite():
    joints = poses(8, 1)
    found = placed_before_camera(joints, np.tile([0.1, 0.2, 1.0], (1, 12, 1)), np.ones((1, 12)), turning=True)
    assert np.isfinite(found.applied(joints)).all()
    assert 100 < found.translation[0, 2] <= 1000


def test_rodrigues_at_a_quarter_and_at_nothing():
    np.testing.assert_allclose(turns(np.array([0, 0, np.pi / 2])) @ [1, 0, 0], [0, 1, 0], atol=1e-12)
    np.testing.assert_allclose(turns(np.zeros(3)), np.eye(3))
    np.testing.assert_allclose(turns(np.array([1e-9, 0, 0])) @ [0, 1, 0], [0, 1, 1e-9], atol=1e-15)
    first, second = np.array([1.0, 2, 3]), np.array([-2.0, 0.5, 1])
    np.testing.assert_allclose(cross_matrices(first) @ second, np.cross(first, second))


def test_a_placement_turns_before_it_moves():
    put = Placement(
        rotation=turns(np.array([[0, 0, np.pi / 2]])),
        translation=np.array([[0.0, 0, 5]]),
        solved=np.ones(1, dtype=bool),
        error=np.zeros(1),
    )
    np.testing.assert_allclose(put.applied(np.array([[[1.0, 0, 0]]])), [[[0, 1, 5]]], atol=1e-12)
