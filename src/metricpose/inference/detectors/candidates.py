"""People that several looks at one picture found, and which of them are the same."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from metricpose.geometry.boxes import areas, clipped, iou_matrix

_FIT_PX = (18.0, 36.0, 105.0, 185.0, 370.0)
_FIT = (0.3, 0.85, 1.0, 1.0, 0.3)
"""How far a person is to be believed who is so large in the network's eyes; it learnt 36 to 185 px."""
_CUT = 0.5
"""Times that for a person at an edge of a tile, behind which there is more of the picture."""
_SPREAD = 0.07
"""Of a person's longer side: how far two sights of one joint lie apart, about."""
_SAME_JOINTS, _SAME_BOX = 0.35, 0.6


@dataclass(frozen=True, kw_only=True, eq=False)
class Candidates:
    """P people: boxes_px (P, 4), joints_px (P, J, 2), joint_scores (P, J), scores (P,), trust (P,) in their look in
    [0, 1], and the number of that look (P,)."""

    boxes_px: np.ndarray
    joints_px: np.ndarray
    joint_scores: np.ndarray
    scores: np.ndarray
    trust: np.ndarray
    look: np.ndarray

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, rows: np.ndarray) -> "Candidates":
        return Candidates(**{name: value[rows] for name, value in vars(self).items()})


def joined(parts: Sequence[Candidates]) -> Candidates:
    """All people of the parts."""
    return Candidates(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])})


def trust(sizes_px: np.ndarray, cut: np.ndarray) -> np.ndarray:
    """How far people (P,) are to be believed by their longer sides in the look, and whether a tile's edge cuts them."""
    fit = np.interp(np.log(np.maximum(sizes_px, 1e-3)), np.log(_FIT_PX), _FIT)
    return fit * np.where(cut, _CUT, 1.0)


def similarity(a: Candidates, b: Candidates) -> np.ndarray:
    """(P, Q) in [0, 1]: 1 where all joints of two people agree; joints count by their scores.

    The measure of COCO (object keypoint similarity) in form, with one width for all joints.
    """
    size = np.maximum(_longer(a)[:, None], _longer(b)[None])
    apart = np.linalg.norm(a.joints_px[:, None] - b.joints_px[None], axis=-1) / (_SPREAD * size[..., None])
    weight = a.joint_scores[:, None] * b.joint_scores[None]
    total = weight.sum(axis=-1)
    return (weight * np.exp(-0.5 * apart**2)).sum(axis=-1) / np.where(total > 0, total, 1.0)


def distinct(people: Candidates, most: int) -> np.ndarray:
    """Indices of the people that are left, the surest first, when each takes away those that are the same as it.

    Of one person's sights the one to keep is that with the highest score times trust. At most `most` people.
    """
    order = np.argsort(-people.scores * people.trust, kind="stable")
    kept: list[int] = []
    same = (similarity(people, people) > _SAME_JOINTS) | (iou_matrix(people.boxes_px, people.boxes_px) > _SAME_BOX)
    for index in order:
        if not same[index, kept].any():
            kept.append(int(index))
    rows = np.array(kept, np.intp)
    return rows[np.argsort(-people.scores[rows], kind="stable")][:most]


def in_picture(people: Candidates, image_size: tuple[int, int]) -> Candidates:
    """Those of whom something is in the picture, with their boxes cut at its edges."""
    boxes_px = np.asarray(clipped(people.boxes_px, image_size))
    seen = seen_joints(people, image_size)
    cut = replace(people, boxes_px=boxes_px, joint_scores=np.where(seen, people.joint_scores, 0.0))
    return cut[np.flatnonzero((areas(boxes_px) >= 1.0) & seen.any(axis=1))]


def seen_joints(people: Candidates, image_size: tuple[int, int]) -> np.ndarray:
    """(P, J): the joint has a score and lies in the picture."""
    inside = (people.joints_px >= -0.5) & (people.joints_px <= np.asarray(image_size) - 0.5)
    return np.asarray(inside.all(axis=-1) & (people.joint_scores > 0))


def longer_sides(boxes_px: np.ndarray) -> np.ndarray:
    """(P,): of boxes (P, 4)."""
    return np.asarray((boxes_px[:, 2:] - boxes_px[:, :2]).max(axis=-1, initial=0.0))


def _longer(people: Candidates) -> np.ndarray:
    return np.maximum(longer_sides(people.boxes_px), 1.0)
