"""2D people of any skeleton as the rays and scores that the lifter's network reads."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from metricpose.geometry.camera import Camera
from metricpose.geometry.rays import norm_from_px, rays_through
from metricpose.people import People2D
from metricpose.skeletons.catalogue import COCO17
from metricpose.skeletons.lifter_points import OTHER_POINTS, LifterView, lifter_view

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
    """What the network reads of P people; rays are unit, in the camera frame, scores 0 where unseen.

    rays (P, 17, 3), scores (P, 17): COCO's joints; guessed (P,): too few of them were seen; other_rays (P, 65, 3),
    other_scores (P, 65): the points of `OTHER_POINTS`.
    """

    rays: np.ndarray
    scores: np.ndarray
    guessed: np.ndarray
    other_rays: np.ndarray
    other_scores: np.ndarray


def people_rays(pictures: Sequence[tuple[People2D, Camera]]) -> PeopleRays:
    """Rays through the joints of the people of one picture or more, in order; all in the skeleton of the first.

    A joint outside the lens model's reach counts as unseen.
    """
    skeleton = pictures[0][0].skeleton
    joints_px = np.concatenate([people.joints_px for people, _ in pictures]).astype(np.float64)
    joint_scores = np.concatenate([people.joint_scores for people, _ in pictures])
    if skeleton == COCO17:
        seen = _guessed_from_boxes(joints_px, joint_scores, pictures)
        return PeopleRays(*seen, *_nothing_else(len(joint_scores)))
    places, valid = _on_plane(joints_px, pictures)
    joint_scores = np.where(valid, joint_scores, np.float32(0))
    view = lifter_view(skeleton)
    rays, scores = _slots(places, joint_scores, view)
    guessed = np.count_nonzero(scores, axis=1) < _FEWEST_JOINTS
    other_rays, other_scores = _others(places, joint_scores, view)
    if guessed.any():
        empty = np.zeros_like(scores)
        boxes = _guessed_from_boxes(np.zeros((*scores.shape, 2)), empty, pictures)
        rays[guessed], scores[guessed], other_scores[guessed] = boxes.rays[guessed], boxes.scores[guessed], 0.0
    return PeopleRays(_unit(rays), scores, guessed, _unit(other_rays), other_scores)


class _Coco(NamedTuple):
    rays: np.ndarray
    scores: np.ndarray
    guessed: np.ndarray


def _guessed_from_boxes(
    joints_px: np.ndarray, scores: np.ndarray, pictures: Sequence[tuple[People2D, Camera]]
) -> _Coco:
    """COCO's joints, and a standing person's in the boxes of those of whom fewer than two are seen."""
    guessed = np.count_nonzero(scores, axis=1) < _FEWEST_JOINTS
    if guessed.any():
        boxes = np.concatenate([people.boxes_px for people, _ in pictures])[guessed].astype(np.float64)
        joints_px[guessed] = boxes[:, None, :2] + (boxes[:, None, 2:] - boxes[:, None, :2]) * _IN_BOX
        scores[guessed] = _GUESS_SCORE
    rays, valid = _on_plane(joints_px, pictures)
    if not valid.all():
        scores[~valid] = 0.0
        beyond = np.count_nonzero(scores, axis=1) < _FEWEST_JOINTS  # of the lens model: the rays at its edge stand in
        scores[beyond] = _GUESS_SCORE
        guessed = guessed | beyond
    return _Coco(_unit(rays), scores, guessed)


def _unit(rays: np.ndarray) -> np.ndarray:
    return (rays / np.sqrt(np.square(rays).sum(-1, keepdims=True))).astype(np.float32)


def _nothing_else(people: int) -> tuple[np.ndarray, np.ndarray]:
    return np.zeros((people, len(OTHER_POINTS), 3), np.float32), np.zeros((people, len(OTHER_POINTS)), np.float32)


def _slots(places: np.ndarray, scores: np.ndarray, view: LifterView) -> tuple[np.ndarray, np.ndarray]:
    """COCO's slots from rays places (P, J, 3) with z = 1: mixes of two where both are seen, with the lesser score."""
    filled, first, second = view.first >= 0, np.maximum(view.first, 0), np.maximum(view.second, 0)
    told, other = np.where(filled, scores[:, first], np.float32(0)), scores[:, second]
    both = (view.second >= 0) & (told > 0) & (other > 0)
    share = np.where(both, view.share, np.float32(1)).astype(np.float64)[..., None]
    rays = share * places[:, first] + (1 - share) * places[:, second]
    return np.where(filled[:, None], rays, [0.0, 0.0, 1.0]), np.where(both, np.minimum(told, other), told)


def _others(places: np.ndarray, scores: np.ndarray, view: LifterView) -> tuple[np.ndarray, np.ndarray]:
    """The slots of other points: rays (P, 65, 3) with z = 1, straight ahead where there is none, and scores."""
    there, joint = view.joint_of >= 0, np.maximum(view.joint_of, 0)
    rays = np.where(there[:, None], places[:, joint], [0.0, 0.0, 1.0])
    return rays, np.where(there, scores[:, joint], np.float32(0))


def _on_plane(joints_px: np.ndarray, pictures: Sequence[tuple[People2D, Camera]]) -> tuple[np.ndarray, np.ndarray]:
    """Rays (N, J, 3) with z = 1, and whether each camera's lens model reaches there (N, J)."""
    if all(camera.distortion is None for _, camera in pictures):
        return _pinhole_rays(joints_px, pictures), np.ones(joints_px.shape[:2], dtype=bool)
    return _marked_rays(joints_px, pictures)


def _pinhole_rays(joints_px: np.ndarray, pictures: Sequence[tuple[People2D, Camera]]) -> np.ndarray:
    """Rays (N, J, 3) with z = 1 of all pictures at once, each person's by the matrix of their own camera."""
    counts = [len(people) for people, _ in pictures]
    intrinsics_px = np.repeat(np.stack([camera.intrinsics_px for _, camera in pictures]), counts, axis=0)
    return rays_through(norm_from_px(joints_px, intrinsics_px.transpose(1, 2, 0)[..., None]))


def _marked_rays(joints_px: np.ndarray, pictures: Sequence[tuple[People2D, Camera]]) -> tuple[np.ndarray, np.ndarray]:
    """Rays (N, J, 3) with z = 1, and whether each camera's lens model reaches there (N, J)."""
    ends = np.cumsum([len(people) for people, _ in pictures])[:-1]
    parts = np.split(joints_px, ends)
    marked = [camera.rays_marked(part) for part, (_, camera) in zip(parts, pictures, strict=True)]
    return np.concatenate([rays for rays, _ in marked]), np.concatenate([valid for _, valid in marked])
