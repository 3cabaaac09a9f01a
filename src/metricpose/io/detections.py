"""What any file of 2D people says about one person, and what is assumed where it says nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from metricpose._errors import InputError
from metricpose.geometry.boxes import around_joints
from metricpose.io.fields import LARGEST, shown
from metricpose.people import People2D
from metricpose.skeletons import Skeleton


@dataclass(frozen=True, kw_only=True, eq=False)
class Detection:
    """One person as found in a file: joints (J, 2) px with scores (J,), and the rest where it is stated."""

    joints_px: np.ndarray
    joint_scores: np.ndarray
    box_px: np.ndarray | None = None
    score: float | None = None
    id: int | None = None

    def __post_init__(self) -> None:
        seen = self.joint_scores > 0
        faulty = seen & ~(np.abs(self.joints_px) <= LARGEST).all(axis=-1)
        if faulty.any():
            joint = int(np.flatnonzero(faulty)[0])
            raise InputError(
                f"joint {joint}: expected finite coordinates, got {shown(self.joints_px[joint].tolist())} with score "
                f"{self.joint_scores[joint]:g}; give an unseen joint the score 0"
            )
        box = self.box_px
        if box is not None and not (box[2] > box[0] and box[3] > box[1]):
            raise InputError(f"box: expected x1 > x0 and y1 > y0, got {shown(box.tolist())} (no area); leave it out")


def people_of(detections: Sequence[Detection], skeleton: Skeleton, image_size: tuple[int, int]) -> People2D:
    """The people of one picture, in order.

    Assumed where nothing is stated: the box is the tightest round the seen joints (the whole picture where none is
    seen), the score is the mean of the seen joints' scores (0 where none is), the id is the next unused number.
    """
    if not detections:
        return People2D.empty(skeleton, image_size)
    return People2D(
        boxes_px=np.stack([_box(person, image_size) for person in detections]),
        joints_px=np.stack([person.joints_px for person in detections]),
        joint_scores=np.stack([person.joint_scores for person in detections]),
        scores=np.array([_score(person) for person in detections]),
        skeleton=skeleton,
        image_size=image_size,
        ids=_ids(detections),
    )


def _box(person: Detection, image_size: tuple[int, int]) -> np.ndarray:
    if person.box_px is not None:
        return person.box_px
    box_px, found = around_joints(person.joints_px, person.joint_scores)
    width, height = image_size
    return box_px if found else np.array([-0.5, -0.5, width - 0.5, height - 0.5])


def _score(person: Detection) -> float:
    if person.score is not None:
        return person.score
    seen = person.joint_scores[person.joint_scores > 0]
    return float(seen.mean()) if len(seen) else 0.0


def _ids(detections: Sequence[Detection]) -> tuple[int, ...]:
    stated = [person.id for person in detections if person.id is not None]
    doubled = sorted({i for i in stated if stated.count(i) > 1}) if len(set(stated)) < len(stated) else []
    if doubled:
        raise InputError(f"id: expected each id once in a picture, got {shown(doubled)} more than once; renumber them")
    taken, ids, unused = set(stated), [], 0
    for person in detections:
        while unused in taken and person.id is None:
            unused += 1
        ids.append(unused if person.id is None else person.id)
        unused += person.id is None
    return tuple(ids)
