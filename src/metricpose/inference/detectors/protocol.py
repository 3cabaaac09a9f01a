"""What a detector is, and what every detector does with its input and its findings."""

from typing import Any, Protocol

import numpy as np

from metricpose._errors import InputError
from metricpose.geometry.boxes import around_joints
from metricpose.people import People2D
from metricpose.skeletons import Skeleton

# Joints are inside the body, a box is around it; a third of what the joints leave out at head and feet.
_BOX_MARGIN = 1.1


class Detector(Protocol):
    """Finds the people of a picture.

    Attributes:
        name: short, e.g. ``"mediapipe"``; results name it.
        skeleton: what its joints are.
        licence: of its networks, as an SPDX expression, or in words where there is none.
    """

    @property
    def name(self) -> str: ...

    @property
    def skeleton(self) -> Skeleton: ...

    @property
    def licence(self) -> str: ...

    def __call__(self, image: np.ndarray, *, name: str | None = None) -> People2D:
        """People in `image`, uint8 RGB (H, W, 3), by falling score; nobody is an ordinary answer.

        `name` is the picture's; only detectors that look their answer up need it. Joints outside the picture have
        the score 0. Raises InputError where `image` is no such picture.
        """
        ...


def checked_picture(image: Any) -> np.ndarray:
    """`image` as contiguous uint8 RGB (H, W, 3) with at least one pixel, or InputError."""
    array = np.asarray(image)
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3 or array.size == 0:
        raise InputError(
            f"picture: expected uint8 RGB of shape (H, W, 3), got {array.dtype} of shape {array.shape}; "
            "read it with metricpose.io.read_image"
        )
    return np.ascontiguousarray(array)


def found_people(
    joints_px: np.ndarray,
    joint_scores: np.ndarray,
    skeleton: Skeleton,
    image_size: tuple[int, int],
    *,
    scores: np.ndarray | None = None,
) -> People2D:
    """People2D from what a network said about P people: joints (P, J, 2) px and scores (P, J).

    Scores are cut to [0, 1]; joints outside the picture, or nowhere, become unseen; people without a seen joint are
    left out; a person's score is the mean of its joints' where `scores` (P,) is not given. Sorted by falling score.
    """
    joints_px, joint_scores = np.asarray(joints_px, np.float32), np.asarray(joint_scores, np.float32)
    seen = _inside(joints_px, image_size) & (joint_scores > 0)
    joint_scores = np.where(seen, np.clip(joint_scores, 0.0, 1.0), 0.0)
    person_scores = joint_scores.mean(axis=1) if scores is None else np.clip(scores, 0.0, 1.0)
    anybody = np.flatnonzero(seen.any(axis=1))
    order = anybody[np.argsort(-person_scores[anybody], kind="stable")]
    if not len(order):
        return People2D.empty(skeleton, image_size)
    boxes_px, _ = around_joints(joints_px[order], joint_scores[order], factor=_BOX_MARGIN)
    return People2D(
        boxes_px=boxes_px,
        joints_px=joints_px[order],
        joint_scores=joint_scores[order],
        scores=person_scores[order],
        skeleton=skeleton,
        image_size=image_size,
        ids=tuple(range(len(order))),
    )


def _inside(joints_px: np.ndarray, image_size: tuple[int, int]) -> np.ndarray:
    """Whether joints (..., 2) lie on a pixel of the picture; False for NaN."""
    return np.all((joints_px >= -0.5) & (joints_px <= np.asarray(image_size) - 0.5), axis=-1)
