"""The best affine mix of some points for another one, sparse, the same for mirrored people.

Least squares under the mean squared distances of `distances`: minimise w'(C + L)w with sum w = 1, L = 3 s^2 I the
variance that errors of the source joints (s metres on each axis) add. Its minimum is 1 / (1'B1) with B the inverse, at
w = B1 / (1'B1); this is ordinary kriging with a measured variogram. Joints are then dropped one by one, cheapest first,
as long as the error grows by no more than `SLACK`: fewer joints must be there, and fewer faults spread.
"""

import numpy as np

from metricpose.skeletons.distances import errors_about

SOURCE_ERROR_M = 0.01
"""Error of a source joint, per axis, against which weights are made: large weights pay for what they amplify."""

SLACK = 1.1
"""How much the mean squared error (that of the sources included) may grow in all for the sake of sparsity."""


def affine_weights(
    distances_m2: np.ndarray, sources: list[int], target: int, partners: list[int] | None = None
) -> np.ndarray:
    """Weights (n,) of the sources (indices of points) for the target; they sum to 1.

    `partners` (n,), for a target in the middle of the body: which source is each one's mirror image, itself for one in
    the middle. Partners then have the same weight, or are dropped together.
    """
    cost = errors_about(distances_m2, sources, target) + 3 * SOURCE_ERROR_M**2 * np.eye(len(sources))
    groups = _groups(len(sources), partners)
    spread = np.zeros((len(sources), len(groups)))  # one weight for each group
    for column, members in enumerate(groups):
        spread[members, column] = 1.0 / len(members)
    kept = _eliminated(spread.T @ cost @ spread)
    weights = spread @ kept
    return weights / weights.sum()


def _groups(count: int, partners: list[int] | None) -> list[list[int]]:
    if partners is None:
        return [[i] for i in range(count)]
    return [sorted({i, partners[i]}) for i in range(count) if i <= partners[i]]


def _eliminated(cost: np.ndarray) -> np.ndarray:
    """Weights (g,) that sum to 1 and minimise w' cost w, after the needless ones are dropped."""
    inverse = np.linalg.inv(cost)
    kept = np.arange(len(cost))
    most = SLACK / inverse.sum()
    while len(kept) > 1:
        pull = inverse.sum(axis=1)
        left = pull.sum() - pull**2 / np.diagonal(inverse)  # 1'B1 without each one
        drop = int(left.argmax())
        if 1.0 / left[drop] > most:
            break
        inverse = inverse - np.outer(inverse[:, drop], inverse[drop]) / inverse[drop, drop]
        inverse = np.delete(np.delete(inverse, drop, 0), drop, 1)
        kept = np.delete(kept, drop)
    weights = np.zeros(len(cost))
    weights[kept] = inverse.sum(axis=1) / inverse.sum()
    return weights
