"""2D people of OpenPose: one JSON for each picture, {"version", "people": [{"pose_keypoints_2d": [x, y, score, ...]}]}.

BODY_25, BODY_25B (both have 25 joints, in another order), the 18 joints of its COCO model and COCO-17 are told apart
by their count, and the two of 25 by the people: in the wrong order the limbs go to and fro across the body. Scores
above 1 (peaks of heat maps) count as 1. An entry without body joints is nobody, as trackers write for who is missing.
The files do not state the size of the picture.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np

from metricpose._errors import InputError
from metricpose.io.detections import Detection, people_of
from metricpose.io.fields import LARGEST, flat_keypoints, located, member, whole_number
from metricpose.io.options import ReadOptions
from metricpose.io.records import ImagePeople2D
from metricpose.skeletons import CATALOGUE, Skeleton

_BY_COUNT = {17: ("coco17", 17), 18: ("coco17", 17)}

# OpenPose's COCO model: nose, neck, right arm, left arm, right leg, left leg, eyes and ears (right first).
_COCO18_TO_COCO17 = [0, 15, 14, 17, 16, 5, 2, 6, 3, 7, 4, 11, 8, 12, 9, 13, 10]

_JUDGES = 200  # people asked for the order of their 25 joints


def is_openpose(document: Any) -> bool:
    """Whether a parsed document looks like OpenPose's."""
    return isinstance(document, dict) and isinstance(document.get("people"), list) and "schema" not in document


def openpose_records(document: Any, stem: str, options: ReadOptions) -> list[ImagePeople2D]:
    """The one picture of a document; `stem` is the file's name without .json.

    Where `options` do not say what 25 joints are, the document's own people tell.
    """
    order = options.order_of_25 or order_of_25([document])
    options, skeleton = replace(options, order_of_25=order), options.skeleton
    detections = []
    for index, person in enumerate(member(document, "people", list)):
        if person == {} or (isinstance(person, dict) and person.get("pose_keypoints_2d") == []):
            continue
        with located(f"people[{index}]"):
            detection, skeleton = _detection(person, options, skeleton)
            detections.append(detection)
    if skeleton is None:
        skeleton = CATALOGUE[order]
    people = people_of(detections, skeleton, options.size())
    return [ImagePeople2D(image=stem.removesuffix("_keypoints"), people=people, camera=options.camera)]


def order_of_25(documents: Iterable[Any]) -> str:
    """body25 or body25b, whichever gives the people of the documents the shorter limbs; body25 where none can tell."""
    candidates = (CATALOGUE["body25"], CATALOGUE["body25b"])
    judges = list(islice((joints for document in documents for joints in _sound_joints(document)), _JUDGES))
    lengths = [sum(_relative_length(*joints, skeleton) for joints in judges) for skeleton in candidates]
    return candidates[int(np.argmin(lengths))].name


def _sound_joints(document: Any) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Joints and scores of the people with 25 joints; faulty people are passed over, as reading reports them."""
    for person in member(document, "people", list):
        try:
            joints_px, scores = flat_keypoints(member(person, "pose_keypoints_2d", list), "pose_keypoints_2d")
        except InputError:
            continue
        if len(joints_px) == 25 and (np.abs(joints_px) <= LARGEST).all():
            yield joints_px, scores


def _relative_length(joints_px: np.ndarray, scores: np.ndarray, skeleton: Skeleton) -> float:
    """Mean length of the seen limbs, in units of the person's extent; 0 for a person without extent."""
    seen = scores > 0
    limbs = np.array([limb for limb in skeleton.limbs if seen[list(limb)].all()], dtype=int).reshape(-1, 2)
    if not len(limbs):
        return 0.0
    extent = float(np.ptp(joints_px[seen], axis=0).max())
    lengths = np.linalg.norm(joints_px[limbs[:, 0]] - joints_px[limbs[:, 1]], axis=-1)
    return float(lengths.mean()) / extent if extent > 0 else 0.0


def _detection(person: Any, options: ReadOptions, chosen: Skeleton | None) -> tuple[Detection, Skeleton]:
    joints_px, scores = flat_keypoints(member(person, "pose_keypoints_2d", list), "pose_keypoints_2d")
    settled = options if chosen is None else ReadOptions(skeleton=chosen)
    skeleton, _ = settled.skeleton_for(len(joints_px), {**_BY_COUNT, 25: (options.order_of_25 or "body25", 25)})
    if len(joints_px) == 18 and skeleton.name == "coco17":
        joints_px, scores = joints_px[_COCO18_TO_COCO17], scores[_COCO18_TO_COCO17]
    return Detection(joints_px=joints_px, joint_scores=scores, id=_id(person)), skeleton


def _id(person: Any) -> int | None:
    """The id of OpenPose's tracker; it writes [-1] where it did not track."""
    stated = person.get("person_id")
    stated = stated[0] if isinstance(stated, list) and stated else stated
    return None if stated in (None, [], -1) else whole_number(stated, "person_id")
