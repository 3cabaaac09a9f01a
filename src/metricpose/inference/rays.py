"""2D people in COCO-17 as the rays and scores that the lifter's network reads."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from metricpose.geometry.camera import Camera
from metricpose.geometry.rays import norm_from_px, rays_through
from metricpose.people import People2D

# Where a standing person's joints lie in their box (x, y from the top left), for people of whom only the box is known.
_IN_BOX = np.array(
    [
        [0.5, 0.08], [0.54, 0.06], [0.46, 0.06], [0.6, 0.08], [0.4, 0.08], [0.72, 0.2], [0.28, 0.2], [0.82, 0.36],
        [0.18, 0.36], [0.86, 0.5], [0.14, 0.5], [0.63, 0.52], [0.37, 0.52], [0.63, 0.74], [0.37, 0.74], [0.63, 0.95],
        [0.37, 0.95],
    ]
)  # fmt: skip
_GUESS_SCORE = 0.05
_FEWEST_JOINTS = 2


class PeopleRays(NamedTuple):
    """rays (P, 17, 3) unit, camera frame; scores (P, 17); guessed (P,): too few joints were seen."""

    rays: np.ndarray
    scores: np.ndarray
    guessed: np.ndarray


def people_rays(pictures: Sequence[tuple[People2D, Camera]]) -> PeopleRays:
    """Rays through the joints of the people of one picture or more, in order; people in COCO-17.

    A joint outside the lens model's reach counts as unseen.
    """
    joints_px = np.concatenate([people.joints_px for people, _ in pictures]).astype(np.float64)
    scores = np.concatenate([people.joint_scores for people, _ in pictures])
    guessed = np.count_nonzero(scores, axis=1) < _FEWEST_JOINTS
    if guessed.any():
        boxes = np.concatenate([people.boxes_px for people, _ in pictures])[guessed].astype(np.float64)
        joints_px[guessed] = boxes[:, None, :2] + (boxes[:, None, 2:] - boxes[:, None, :2]) * _IN_BOX
        scores[guessed] = _GUESS_SCORE
    if all(camera.distortion is None for _, camera in pictures):
        rays = _pinhole_rays(joints_px, pictures)
    else:
        rays, valid = _marked_rays(joints_px, pictures)
        scores[~valid] = 0.0
        beyond = np.count_nonzero(scores, axis=1) < _FEWEST_JOINTS  # of the lens model: the rays at its edge stand in
        scores[beyond] = _GUESS_SCORE
        guessed = guessed | beyond
    rays = rays / np.sqrt(np.square(rays).sum(-1, keepdims=True))
    return PeopleRays(rays.astype(np.float32), scores, guessed)


def _pinhole_rays(joints_px: np.ndarray, pictures: Sequence[tuple[People2D, Camera]]) -> np.ndarray:
    """Rays (N, 17, 3) with z = 1 of all pictures at once, each person's by the matrix of their own camera."""
    counts = [len(people) for people, _ in pictures]
    intrinsics_px = np.repeat(np.stack([camera.intrinsics_px for _, camera in pictures]), counts, axis=0)
    return rays_through(norm_from_px(joints_px, intrinsics_px.transpose(1, 2, 0)[..., None]))


def _marked_rays(joints_px: np.ndarray, pictures: Sequence[tuple[People2D, Camera]]) -> tuple[np.ndarray, np.ndarray]:
    """Rays (N, 17, 3) with z = 1, and whether each camera's lens model reaches there (N, 17)."""
    ends = np.cumsum([len(people) for people, _ in pictures])[:-1]
    parts = np.split(joints_px, ends)
    marked = [camera.rays_marked(part) for part, (_, camera) in zip(parts, pictures, strict=True)]
    return np.concatenate([rays for rays, _ in marked]), np.concatenate([valid for _, valid in marked])
