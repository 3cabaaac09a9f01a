"""2D people of any skeleton as the rays and scores that the lifter's network reads."""

from typing import NamedTuple

import numpy as np

from metricpose.geometry.camera import Camera
from metricpose.people import People2D
from metricpose.skeletons.catalogue import COCO17

# Where a standing person's joints lie in their box (x, y from the top left), for people of whom only the box is known.
_IN_BOX = np.array(
    [
        [0.5, 0.08], [0.54, 0.06], [0.46, 0.06], [0.6, 0.08], [0.4, 0.08], [0.72, 0.2], [0.28, 0.2], [0.82, 0.36], [0.18, 0.36],
        [0.86, 0.5], [0.14, 0.5], [0.63, 0.52], [0.37, 0.52], [0.63, 0.74], [0.37, 0.74], [0.63, 0.95], [0.37, 0.95],
    ]
)  # fmt: skip
_GUESS_SCORE = 0.05
_FEWEST_JOINTS = 2


class PeopleRays(NamedTuple):
    """rays (P, 17, 3) unit, camera frame; scores (P, 17); guessed (P,): too few joints were seen, the box stands in."""

    rays: np.ndarray
    scores: np.ndarray
    guessed: np.ndarray


def people_rays(people: People2D, camera: Camera) -> PeopleRays:
    """Rays through the COCO-17 joints; a joint outside the lens model's reach counts as unseen."""
    coco = people if people.skeleton == COCO17 else people.to(COCO17)
    joints_px, scores = coco.joints_px.astype(np.float64), np.array(coco.joint_scores, np.float32)
    guessed = (scores > 0).sum(1) < _FEWEST_JOINTS
    if guessed.any():
        boxes = people.boxes_px[guessed].astype(np.float64)
        joints_px = joints_px.copy()
        joints_px[guessed] = boxes[:, None, :2] + (boxes[:, None, 2:] - boxes[:, None, :2]) * _IN_BOX
        scores[guessed] = _GUESS_SCORE
    if camera.distortion is None:
        rays = camera.rays(joints_px)
    else:
        rays, valid = camera.rays_marked(joints_px)
        scores[~valid] = 0.0
        scores[(scores > 0).sum(1) < _FEWEST_JOINTS] = _GUESS_SCORE  # wholly beyond the lens model: the rays at its edge
    rays = rays / np.linalg.norm(rays, axis=-1, keepdims=True)
    return PeopleRays(rays.astype(np.float32), scores, guessed)
