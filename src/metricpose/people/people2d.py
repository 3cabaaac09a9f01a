"""People in one picture: boxes, joints and scores."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from metricpose._errors import InputError
from metricpose.geometry.camera import checked_image_size
from metricpose.people.checks import (
    checked_boxes,
    checked_ids,
    checked_joints_px,
    checked_scores,
    people_count,
    selected,
)
from metricpose.skeletons import Skeleton, converter, skeleton_named


@dataclass(frozen=True, kw_only=True, eq=False)
class People2D:
    """P people with J joints each, float32 and read-only; P = 0 is ordinary.

    Attributes:
        boxes_px: (P, 4) x0, y0, x1, y1, each with an area.
        joints_px: (P, J, 2). Where the score is 0 the joint is unseen and its place is ignored: NaN becomes 0 there.
        joint_scores: (P, J) in [0, 1]; 0 means unseen.
        scores: (P,) in [0, 1].
        skeleton: what the J joints are.
        image_size: width, height in pixels.
        ids: P whole numbers, or None.
        masks: (P, H, W) bool, or None.

    Raises:
        InputError: a shape, a number, a score or a box that is none.
    """

    boxes_px: np.ndarray
    joints_px: np.ndarray
    joint_scores: np.ndarray
    scores: np.ndarray
    skeleton: Skeleton
    image_size: tuple[int, int]
    ids: tuple[int, ...] | None = None
    masks: np.ndarray | None = None

    def __post_init__(self) -> None:
        people = people_count(self.joints_px)
        size = checked_image_size(self.image_size)
        joint_scores = checked_scores(self.joint_scores, (people, len(self.skeleton)), "joint_scores")
        fields = {
            "image_size": size,
            "joint_scores": joint_scores,
            "joints_px": checked_joints_px(self.joints_px, joint_scores),
            "boxes_px": checked_boxes(self.boxes_px, people),
            "scores": checked_scores(self.scores, (people,), "scores"),
            "ids": None if self.ids is None else checked_ids(self.ids, people, "ids"),
            "masks": None if self.masks is None else _checked_masks(self.masks, (people, size[1], size[0])),
        }
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    @classmethod
    def empty(cls, skeleton: Skeleton, image_size: tuple[int, int]) -> Self:
        """Nobody in a picture."""
        none = np.zeros((0, len(skeleton)))
        return cls(
            boxes_px=np.zeros((0, 4)),
            joints_px=none[..., None].repeat(2, -1),
            joint_scores=none,
            scores=np.zeros(0),
            skeleton=skeleton,
            image_size=image_size,
        )

    def __len__(self) -> int:
        return len(self.joints_px)

    def __getitem__(self, key: Any) -> Self:
        """Some of the people, by mask, slice, index or list of indices."""
        chosen = selected(key, len(self))
        return self.replaced(
            boxes_px=self.boxes_px[chosen],
            joints_px=self.joints_px[chosen],
            joint_scores=self.joint_scores[chosen],
            scores=self.scores[chosen],
            ids=None if self.ids is None else tuple(self.ids[i] for i in chosen),
            masks=None if self.masks is None else self.masks[chosen],
        )

    def __iter__(self) -> Iterator[Self]:
        """Each person as a People2D of one."""
        return (self[i] for i in range(len(self)))

    def replaced(self, **changes: Any) -> Self:
        """The people with some fields changed, and checked again."""
        return replace(self, **changes)

    def to(self, skeleton: Skeleton | str) -> Self:
        """The people in another skeleton; joints that it does not share become unseen (score 0)."""
        skeleton = skeleton_named(skeleton) if isinstance(skeleton, str) else skeleton
        joints_px, joint_scores = converter(self.skeleton, skeleton)(self.joints_px, self.joint_scores)
        return self.replaced(joints_px=joints_px, joint_scores=joint_scores, skeleton=skeleton)


def _checked_masks(masks: Any, shape: tuple[int, ...]) -> np.ndarray:
    array = np.array(masks)
    if array.shape != shape or array.dtype != np.bool_:
        raise InputError(f"masks: expected bool of shape {shape}, got {array.dtype} of shape {array.shape}")
    array.setflags(write=False)
    return array
