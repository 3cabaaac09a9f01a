import numpy as np
import pytest
from hypothesis import given, settings

from metricpose.geometry import boxes
from metricpose.geometry.rays import ground_depth
from metricpose.geometry.rigid import inverted, rigid, rigidity_fault, rotation_between, transformed
from tests.strategies import random_rotations, seeds

few = settings(max_examples=30, deadline=None)


@few
@given(seeds)
def test_inverse_and_chains(seed):
    generator = np.random.default_rng(seed)
    a, b = (rigid(random_rotations(generator, 4), generator.normal(size=(4, 3))) for _ in range(2))
    points = generator.normal(size=(4, 6, 3))
    np.testing.assert_allclose(inverted(a), np.linalg.inv(a), atol=1e-12)
    np.testing.assert_allclose(transformed(transformed(points, a), b), transformed(points, b @ a), atol=1e-12)
    slow = [[b[i, :3, :3] @ p + b[i, :3, 3] for p in points[i]] for i in range(4)]
    np.testing.assert_allclose(transformed(points, b), slow, atol=1e-12)
    assert all(rigidity_fault(matrix) is None for matrix in a)


@few
@given(seeds)
def test_rotation_between_is_the_shortest(seed):
    generator = np.random.default_rng(seed)
    a, b = (v / np.linalg.norm(v, axis=-1, keepdims=True) for v in generator.normal(size=(2, 5, 3)))
    rotation = rotation_between(a, b)
    np.testing.assert_allclose((rotation @ a[..., None])[..., 0], b, atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(rotation), 1.0)
    axis = np.cross(a, b)  # the shortest turns about it, and leaves it alone
    np.testing.assert_allclose((rotation @ axis[..., None])[..., 0], axis, atol=1e-12)


@pytest.mark.parametrize("a", np.concatenate([np.eye(3), [[0.6, 0, 0.8]]]))
def test_rotation_between_equal_and_opposite_vectors(a):
    np.testing.assert_allclose(rotation_between(a, a), np.eye(3), atol=1e-12)
    half_turn = rotation_between(a, -a)
    np.testing.assert_allclose(half_turn @ a, -a, atol=1e-12)
    np.testing.assert_allclose(half_turn.T @ half_turn, np.eye(3), atol=1e-12)
    assert np.linalg.det(half_turn) == pytest.approx(1.0)


def test_rays_meet_the_ground_below_the_camera():
    rays = np.array([[0, 1.0, 1], [3, 0.5, 1], [0, 0, 1], [0, -1, 1]])  # level camera, 1.5 m up
    depth, meets = ground_depth(rays, np.array([0, -1.0, 0]), np.asarray(1.5))
    np.testing.assert_allclose(depth, [1.5, 3.0, 0, 0])
    np.testing.assert_array_equal(meets, [True, True, False, False])


@few
@given(seeds)
def test_iou_matrix_is_the_slow_one(seed):
    generator = np.random.default_rng(seed)
    a, b = (np.sort(generator.uniform(0, 9, size=(n, 2, 2)), axis=1).reshape(n, 4) for n in (4, 3))
    fast = boxes.iou_matrix(a, b)
    for i, (ax0, ay0, ax1, ay1) in enumerate(a):
        for j, (bx0, by0, bx1, by1) in enumerate(b):
            common = max(0, min(ax1, bx1) - max(ax0, bx0)) * max(0, min(ay1, by1) - max(ay0, by0))
            both = (ax1 - ax0) * (ay1 - ay0) + (bx1 - bx0) * (by1 - by0) - common
            assert fast[i, j] == pytest.approx(common / both)


def test_iou_of_nobody_of_no_area_and_of_oneself():
    box = np.array([[1.0, 2, 5, 7]])
    assert boxes.iou_matrix(np.zeros((0, 4)), box).shape == (0, 1)
    assert boxes.iou_matrix(box, box) == 1.0
    assert boxes.iou_matrix(np.zeros((1, 4)), np.zeros((1, 4))) == 0.0


def test_clipped_ends_at_the_outer_edges_of_the_border_pixels():
    clipped = boxes.clipped([[-5.0, -5, 100, 100], [20, 20, 30, 30]], (10, 8))
    np.testing.assert_array_equal(clipped[0], [-0.5, -0.5, 9.5, 7.5])
    assert boxes.areas(clipped[0]) == 80
    assert boxes.areas(clipped[1]) == 0


def test_around_joints_counts_only_the_seen():
    joints = np.array([[[1.0, 2], [5, 4], [99, 99]], [[3, 3], [np.nan, 0], [9, 9]], [[1, 1], [2, 2], [3, 3]]])
    scores = np.array([[1.0, 0.5, 0], [1, 1, 0], [0, 0, 0]])
    box, found = boxes.around_joints(joints, scores)
    np.testing.assert_array_equal(box, [[1, 2, 5, 4], [2.5, 2.5, 3.5, 3.5], [-0.5, -0.5, 0.5, 0.5]])
    np.testing.assert_array_equal(found, [True, True, False])
    wider, _ = boxes.around_joints(joints[:1], scores[:1], factor=2.0)
    np.testing.assert_array_equal(wider, boxes.expanded(box[:1], 2.0))
    assert boxes.around_joints(np.zeros((0, 17, 2)), np.zeros((0, 17)))[0].shape == (0, 4)
