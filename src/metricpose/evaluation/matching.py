"""Strict matching: each prediction stands for at most one true person, each true person is found at most once.

Two people may be a pair if their 2D poses are: the mean distance of the joints that both have seen (without any, of
the boxes' centres), over the true person's size (square root of the box's area), is at most GATE. Among allowed pairs
the assignment with the least sum of 2D distance + relative distance of the roots wins. Depth orders pairs and never
forbids one: a person placed twice as far is a large error, not a miss and a ghost. The truth serves for the pairing
only and alters no prediction.
"""

from dataclasses import dataclass

import numpy as np

from metricpose.people.matching import match
from metricpose.people.people3d import People3D

GATE = 0.5
ROOT_CAP = 1.0  # relative root distances count up to this: beyond, they would outvote the picture


@dataclass(frozen=True, kw_only=True, eq=False)
class Pairs:
    """M pairs: rows of the predictions (M,) and of the truth (M,); ghosts (G,) and misses (K,) are the rows left."""

    predicted: np.ndarray
    true: np.ndarray
    ghosts: np.ndarray
    misses: np.ndarray


def paired(predicted: People3D, true: People3D) -> Pairs:
    """The pairs of one picture. Both must have the same skeleton; any number of people, none included."""
    distance = picture_distance(predicted, true)
    allowed = distance <= GATE
    rows, columns = match(np.where(allowed, distance + root_distance(predicted, true), np.inf))
    return Pairs(
        predicted=rows,
        true=columns,
        ghosts=np.setdiff1d(np.arange(len(predicted)), rows),
        misses=np.setdiff1d(np.arange(len(true)), columns),
    )


def picture_distance(predicted: People3D, true: People3D) -> np.ndarray:
    """2D distance of every pair in units of the true person's size: (P, Q)."""
    both = (predicted.joint_scores[:, None] > 0) & (true.joint_scores[None] > 0)
    apart = np.linalg.norm(predicted.joints_px[:, None] - true.joints_px[None], axis=-1)
    seen = both.sum(axis=-1)
    of_joints = np.where(both, apart, 0.0).sum(axis=-1) / np.maximum(seen, 1)
    centres = (_centres(x.boxes_px) for x in (predicted, true))
    of_boxes = np.linalg.norm(next(centres)[:, None] - next(centres)[None], axis=-1)
    sides = true.boxes_px[:, 2:] - true.boxes_px[:, :2]
    return np.where(seen > 0, of_joints, of_boxes) / np.sqrt(np.prod(sides, axis=-1))


def root_distance(predicted: People3D, true: People3D) -> np.ndarray:
    """Distance of the roots of every pair over the true distance from the camera, at most ROOT_CAP: (P, Q)."""
    apart = np.linalg.norm(predicted.root_cam[:, None] - true.root_cam[None], axis=-1)
    return np.minimum(apart / np.linalg.norm(true.root_cam, axis=-1), ROOT_CAP)


def _centres(boxes_px: np.ndarray) -> np.ndarray:
    return (boxes_px[:, :2] + boxes_px[:, 2:]) / 2
