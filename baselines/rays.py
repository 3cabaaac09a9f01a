"""What every baseline needs of rays: P people, J joints. All rays have z = 1 and are free of lens distortion."""

import numpy as np

from metricpose.agr.encode import roots_px
from metricpose.geometry.camera import Camera
from metricpose.people.people2d import People2D


def joint_rays(people: People2D, camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Rays (P, J, 3) and which of them can be used (P, J): seen, and inside the lens model's valid region."""
    rays, valid = camera.rays_marked(people.joints_px.astype(np.float64))
    return rays, (people.joint_scores > 0) & valid


def root_rays(people: People2D, camera: Camera) -> np.ndarray:
    """Rays through the roots in the picture (P, 3)."""
    return camera.rays(roots_px(people).astype(np.float64))


def point_on_ray(people: People2D, camera: Camera, depth: np.ndarray) -> np.ndarray:
    """The points (P, 3) at depth z (P,) on the roots' rays."""
    return root_rays(people, camera) * depth[:, None]


def units(vectors: np.ndarray) -> np.ndarray:
    """Of length 1, over the last axis."""
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def angles(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Angles (rad) between vectors (..., 3), exact for small ones too, where arccos is not."""
    first, second = units(first), units(second)
    return 2 * np.arctan2(np.linalg.norm(first - second, axis=-1), np.linalg.norm(first + second, axis=-1))
