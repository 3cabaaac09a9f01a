"""Forward kinematics of the rig against a slow numpy loop, and its laws."""

import numpy as np
import pytest
import torch

from metricpose._errors import InputError
from metricpose.virtual.kinematics import posed
from metricpose.virtual.rig import LANDMARKS, NODES, PARENTS


def _random_rotations(shape, rng):
    q, r = np.linalg.qr(rng.normal(size=(*shape, 3, 3)))
    q = q * np.sign(np.diagonal(r, axis1=-2, axis2=-1))[..., None, :]
    return q * np.where(np.linalg.det(q) < 0, -1.0, 1.0)[..., None, None]


def _inputs(people, seed=0):
    rng = np.random.default_rng(seed)
    nodes = rng.normal(size=(people, len(NODES), 3))
    nodes[:, 0] = 0
    return nodes, rng.normal(size=(people, len(LANDMARKS), 3)), _random_rotations((people, len(NODES)), rng)


def _slow(node_offsets, landmark_offsets, rotations):
    nodes = np.zeros(node_offsets.shape)
    landmarks = np.zeros(landmark_offsets.shape)
    for b in range(len(nodes)):
        for n, parent in enumerate(PARENTS):
            if parent >= 0:
                nodes[b, n] = nodes[b, parent] + rotations[b, parent] @ node_offsets[b, n]
        for i, (_, name) in enumerate(LANDMARKS):
            n = NODES.index(name)
            landmarks[b, i] = nodes[b, n] + rotations[b, n] @ landmark_offsets[b, i]
    return nodes, landmarks


@pytest.mark.parametrize("people", [0, 1, 2, 7])
def test_equals_the_loop(people):
    inputs = _inputs(people)
    nodes, landmarks = posed(*(torch.from_numpy(x) for x in inputs))
    slow_nodes, slow_landmarks = _slow(*inputs)
    np.testing.assert_allclose(nodes.numpy(), slow_nodes, atol=1e-12)
    np.testing.assert_allclose(landmarks.numpy(), slow_landmarks, atol=1e-12)


def test_bone_lengths_survive_any_pose():
    offsets, landmarks, rotations = _inputs(5, seed=1)
    nodes, _ = posed(*(torch.from_numpy(x) for x in (offsets, landmarks, rotations)))
    bones = (nodes[:, 1:] - nodes[:, list(PARENTS[1:])]).norm(dim=-1)
    np.testing.assert_allclose(bones.numpy(), np.linalg.norm(offsets[:, 1:], axis=-1), atol=1e-12)


def test_turning_all_parts_turns_the_person():
    offsets, landmarks, rotations = (torch.from_numpy(x) for x in _inputs(4, seed=2))
    turn = torch.from_numpy(_random_rotations((), np.random.default_rng(3)))
    for straight, turned in zip(
        posed(offsets, landmarks, rotations), posed(offsets, landmarks, turn @ rotations), strict=True
    ):
        torch.testing.assert_close(turned, straight @ turn.T)


def test_gradients_reach_rotations_and_offsets():
    inputs = [torch.from_numpy(x).requires_grad_() for x in _inputs(2)]
    nodes, landmarks = posed(*inputs)
    (nodes.square().sum() + landmarks.square().sum()).backward()
    assert all(x.grad is not None and bool(x.grad.abs().sum() > 0) for x in inputs)


def test_one_body_for_many_poses_is_refused_with_advice():
    offsets, landmarks, rotations = (torch.from_numpy(x) for x in _inputs(2))
    with pytest.raises(InputError, match=r"posed: expected .*got .*gather one body per pose"):
        posed(offsets[:1], landmarks, rotations)
