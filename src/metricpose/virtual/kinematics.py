"""Forward kinematics of the canonical rig, batched: global rotations and rest offsets give joint centres and landmarks.

Shapes: B people, 21 nodes, 27 landmarks (`metricpose.virtual.rig`). Frame: the person's own, metres, x forward, y left,
z up, origin at the pelvis node.
"""

import torch
from torch import Tensor

from metricpose._errors import InputError
from metricpose.virtual.rig import LANDMARKS, NODES, PARENTS

_LANDMARK_NODES = tuple(NODES.index(node) for _, node in LANDMARKS)


def _levels() -> tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]:
    """(children, parents) of each depth of the tree below the pelvis: seven steps instead of twenty."""
    depth = [0] * len(PARENTS)
    for node, parent in enumerate(PARENTS):
        depth[node] = 0 if parent < 0 else depth[parent] + 1
    by_depth = [[n for n, d in enumerate(depth) if d == level] for level in range(1, max(depth) + 1)]
    return tuple((tuple(nodes), tuple(PARENTS[n] for n in nodes)) for nodes in by_depth)


_LEVELS = _levels()


def posed(node_offsets: Tensor, landmark_offsets: Tensor, rotations: Tensor) -> tuple[Tensor, Tensor]:
    """Nodes (B, 21, 3) and landmarks (B, 27, 3) in metres, relative to the pelvis node.

    `node_offsets` (B, 21, 3): rest offset of each node from its parent (row 0, the pelvis, is ignored);
    `landmark_offsets` (B, 27, 3): rest offset of each landmark from its node; `rotations` (B, 21, 3, 3): global.
    A node lies at its parent's position + the parent's rotation @ offset; a landmark at its node + the node's rotation
    @ offset. Differentiable. Raises InputError when the shapes do not fit.
    """
    _check(node_offsets, landmark_offsets, rotations)
    parents = torch.tensor(PARENTS[1:], device=rotations.device)
    steps = _rotated(rotations[:, parents], node_offsets[:, 1:])
    nodes = rotations.new_zeros(rotations.shape[:-1])
    for children, above in _LEVELS:
        index = torch.tensor(children, device=rotations.device)
        nodes = nodes.index_copy(1, index, nodes[:, list(above)] + steps[:, index - 1])
    own = list(_LANDMARK_NODES)
    return nodes, nodes[:, own] + _rotated(rotations[:, own], landmark_offsets)


def _rotated(rotations: Tensor, vectors: Tensor) -> Tensor:
    return (rotations @ vectors[..., None])[..., 0]


def _check(node_offsets: Tensor, landmark_offsets: Tensor, rotations: Tensor) -> None:
    people = rotations.shape[0]
    expected = ((people, len(NODES), 3), (people, len(LANDMARKS), 3), (people, len(NODES), 3, 3))
    got = tuple(tuple(t.shape) for t in (node_offsets, landmark_offsets, rotations))
    if got != expected:
        raise InputError(
            f"posed: expected node_offsets, landmark_offsets, rotations of shapes {expected}, got {got}; "
            "gather one body per pose first (bank.node_offsets[index])"
        )
