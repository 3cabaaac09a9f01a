"""Poses of known metric shape put before a camera, so that their joints fall on the pixels: 3 or 6 degrees of freedom.

P people, J joints. For each person the weighted squares of the distances between projected and seen joints are made
least (Levenberg 1944, Marquardt 1963: damped Gauss-Newton), on the plane z = 1 of a camera turned towards the person:
there, distances are nearly angles, so that people at the edge of a wide picture are no harder, and weak perspective
(all joints at one depth) is a good start.
"""

from dataclasses import dataclass

import numpy as np

from baselines.rays import units
from metricpose.geometry.rigid import rotation_between

NEAREST_M, FARTHEST_M = 0.1, 1000.0
"""Depths that a person may be given; no seen joint may come nearer to the camera, or behind it."""

FEWEST_TO_MOVE = 2  # 4 equations for 3 numbers
FEWEST_TO_TURN = 6  # three would do for finitely many answers; wrong ones among them are shed by more
ROUNDS = 50
SMALLEST_STEP = 1e-9


@dataclass(frozen=True, kw_only=True, eq=False)
class Placement:
    """Where poses were put: joints_cam = joints_m @ rotation^T + translation.

    rotation (P, 3, 3), translation (P, 3) m, solved (P,) bool: with too few joints the rotation is the identity and
    the translation lies on the middle ray, at an arbitrary depth of 1 m. error (P,): root mean square distance on the
    turned plane z = 1, by weight.
    """

    rotation: np.ndarray
    translation: np.ndarray
    solved: np.ndarray
    error: np.ndarray

    def applied(self, joints_m: np.ndarray) -> np.ndarray:
        """The joints (P, J, 3) m in the camera frame."""
        return joints_m @ self.rotation.swapaxes(-1, -2) + self.translation[:, None]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Problem:
    """joints (P, J, 3) m and points (P, J, 2) on the plane z = 1, both in axes turned to the person; weights (P, J)."""

    joints: np.ndarray
    points: np.ndarray
    weights: np.ndarray

    def moved(self, rotation: np.ndarray, translation: np.ndarray) -> np.ndarray:
        return self.joints @ rotation.swapaxes(-1, -2) + translation[:, None]

    def cost(self, rotation: np.ndarray, translation: np.ndarray) -> np.ndarray:
        """Half the weighted squares (P,); infinite for depths that are not allowed."""
        placed = self.moved(rotation, translation)
        depth = np.where(self.weights > 0, placed[..., 2], 1.0)
        allowed = (depth > NEAREST_M / 2).all(axis=1) & (np.abs(translation[:, 2]) <= FARTHEST_M)
        error = placed[..., :2] / np.where(depth > NEAREST_M / 2, depth, 1.0)[..., None] - self.points
        return np.where(allowed, 0.5 * (self.weights[..., None] * error**2).sum(axis=(1, 2)), np.inf)


def placed_before_camera(
    joints_m: np.ndarray, rays: np.ndarray, weights: np.ndarray, *, turning: bool = False
) -> Placement:
    """Put poses (P, J, 3), in metres and roughly in camera axes, onto rays (P, J, 3) with z = 1.

    weights (P, J) >= 0, 0 for joints that are not seen. turning: the rotation is free as well, for whoever has at least
    FEWEST_TO_TURN seen joints. Poses are taken to be in the axes of the camera turned to the person where turning, and
    in those of the camera itself where not.
    """
    weights = np.asarray(weights, dtype=np.float64)
    seen = (weights > 0).sum(axis=1)
    cam_from_turned = _towards(rays, weights)
    points = _on_plane(rays @ cam_from_turned)
    joints = np.asarray(joints_m, dtype=np.float64)
    problem = _Problem(joints=joints if turning else joints @ cam_from_turned, points=points, weights=weights)
    solved = seen >= FEWEST_TO_MOVE
    free = solved & (seen >= FEWEST_TO_TURN) & turning
    rotation, translation = _refined(problem, _start(problem), solved, free)
    error = np.sqrt(2 * problem.cost(rotation, translation) / np.maximum(weights.sum(axis=1), 1e-12))
    rotation = cam_from_turned @ rotation if turning else np.broadcast_to(np.eye(3), rotation.shape)
    translation = (cam_from_turned @ translation[..., None])[..., 0]
    return Placement(rotation=rotation, translation=translation, solved=solved, error=error)


def _towards(rays: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Rotations (P, 3, 3) from axes whose z passes the middle of the seen joints to those of the camera."""
    middle = (units(rays) * (weights > 0)[..., None]).sum(axis=1)
    somebody = np.asarray((weights > 0).any(axis=1))
    middle = np.where(somebody[:, None], middle, (0.0, 0.0, 1.0))
    return np.asarray(rotation_between(np.broadcast_to((0.0, 0.0, 1.0), middle.shape), units(middle)))


def _on_plane(rays: np.ndarray) -> np.ndarray:
    """(..., 2) on the plane z = 1; rays at a right angle to the middle, or more, are pulled to 84 degrees."""
    return rays[..., :2] / np.maximum(rays[..., 2:], 0.1 * np.linalg.norm(rays, axis=-1, keepdims=True))


def _start(problem: _Problem) -> np.ndarray:
    """Translations (P, 3) by weak perspective: depth from the spread of the joints over that of the points."""
    total = np.maximum(problem.weights.sum(axis=1), 1e-12)[:, None]
    share = problem.weights / total
    joints_middle = (share[..., None] * problem.joints).sum(axis=1)
    points_middle = (share[..., None] * problem.points).sum(axis=1)
    spreads = [
        np.sqrt((share[..., None] * (values - middle[:, None]) ** 2).sum(axis=(1, 2)))
        for values, middle in ((problem.joints[..., :2], joints_middle[:, :2]), (problem.points, points_middle))
    ]
    # Every seen joint must start well before the camera.
    reach = np.where(problem.weights > 0, joints_middle[:, None, 2] - problem.joints[..., 2], -np.inf).max(axis=1)
    nearest = np.maximum(reach, 0.0) + 2 * NEAREST_M
    depth = np.clip(spreads[0] / np.maximum(spreads[1], 1e-9), nearest, FARTHEST_M / 2)
    depth = np.where(problem.weights.any(axis=1), depth, 1.0)
    centre = np.concatenate([points_middle * depth[:, None], depth[:, None]], axis=1)
    return centre - joints_middle


def _refined(
    problem: _Problem, translation: np.ndarray, solved: np.ndarray, free: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Rotations (P, 3, 3) and translations (P, 3) of least cost, from no rotation and the given translation."""
    rotation = np.broadcast_to(np.eye(3), (len(translation), 3, 3)).copy()
    cost, damping = problem.cost(rotation, translation), np.full(len(translation), 1e-3)
    active = solved.copy()
    for _ in range(ROUNDS):
        if not active.any():
            break
        step = _step(problem, rotation, translation, damping, free)
        turned = turns(step[:, :3]) @ rotation
        moved = translation + step[:, 3:]
        tried = problem.cost(turned, moved)
        better = active & (tried < cost)
        small = np.abs(step).max(axis=1) < SMALLEST_STEP * np.maximum(1.0, np.abs(translation[:, 2]))
        rotation[better], translation[better], cost[better] = turned[better], moved[better], tried[better]
        damping = np.clip(np.where(better, damping / 10, damping * 10), 1e-12, 1e12)
        active &= ~small & (damping < 1e10)
    return rotation, translation


def _step(
    problem: _Problem, rotation: np.ndarray, translation: np.ndarray, damping: np.ndarray, free: np.ndarray
) -> np.ndarray:
    """(P, 6): a small turn about the pose's own origin, then a translation; no turn for those not `free`."""
    turned = problem.joints @ rotation.swapaxes(-1, -2)
    placed = turned + translation[:, None]
    depth = np.maximum(placed[..., 2], NEAREST_M / 2)
    point = placed[..., :2] / depth[..., None]
    error = point - problem.points
    by_place = np.zeros((*depth.shape, 2, 3))
    by_place[..., 0, 0] = by_place[..., 1, 1] = 1 / depth
    by_place[..., 2] = -point / depth[..., None]
    # d (turn x joint) / d turn = -[joint]_x
    by_turn = -by_place @ cross_matrices(turned) * free[:, None, None, None]
    jacobian = np.concatenate([by_turn, by_place], axis=-1)
    weighted = jacobian * problem.weights[..., None, None]
    normal = np.einsum("pjai,pjak->pik", weighted, jacobian)
    slope = np.einsum("pjai,pja->pi", weighted, error)
    diagonal = np.einsum("pii->pi", normal)
    largest = np.maximum(diagonal.max(axis=1, keepdims=True), 1e-12)
    normal = normal + (damping[:, None] * diagonal + 1e-12 * largest)[..., None] * np.eye(6)
    return -np.linalg.solve(normal, slope[..., None])[..., 0]


def cross_matrices(vectors: np.ndarray) -> np.ndarray:
    """(..., 3, 3) with which v x w is the matrix times w."""
    x, y, z = np.moveaxis(np.asarray(vectors, dtype=np.float64), -1, 0)
    zero = np.zeros_like(x)
    return np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=-1).reshape(*x.shape, 3, 3)


def turns(vectors: np.ndarray) -> np.ndarray:
    """Rotations (..., 3, 3) about vectors (..., 3) by their lengths in radians (Rodrigues)."""
    vectors = np.asarray(vectors, dtype=np.float64)
    angle = np.linalg.norm(vectors, axis=-1)[..., None, None]
    small = angle < 1e-8
    safe = np.where(small, 1.0, angle)
    cross = cross_matrices(vectors)
    first = np.where(small, 1.0, np.sin(safe) / safe)
    second = np.where(small, 0.5, (1 - np.cos(safe)) / safe**2)
    return np.eye(3) + first * cross + second * (cross @ cross)
