"""2D people of MMPose's inferencer and demos.

A picture is a list of instances {"keypoints": [[x, y], ...], "keypoint_scores": [...], "bbox": [[x0, y0, x1, y1]],
"bbox_score"}; a video is a list of {"frame_id", "instances": [...]}; either may stand under "instance_info", beside
"meta_info". 17 joints are COCO-17 and 26 are Halpe-26; of 133 (COCO whole body) the first 17 are taken. Scores above
1 count as 1. Pictures are called by the file's name, frames NAME#000012. The file does not state their size.
"""

from typing import Any

import numpy as np

from metricpose._errors import InputError
from metricpose.io.detections import Detection, people_of
from metricpose.io.fields import clipped_scores, located, member, number, numbers, shown, whole_number
from metricpose.io.options import ReadOptions
from metricpose.io.records import ImagePeople2D
from metricpose.skeletons import CATALOGUE, Skeleton

_BY_COUNT = {17: ("coco17", 17), 26: ("halpe26", 26), 133: ("coco17", 17)}


def is_mmpose(document: Any) -> bool:
    """Whether a parsed document looks like MMPose's."""
    if isinstance(document, dict):
        return "instance_info" in document
    first = document[0] if isinstance(document, list) and document else None
    return isinstance(first, dict) and ("instances" in first or {"keypoints", "keypoint_scores"} <= first.keys())


def mmpose_records(document: Any, stem: str, options: ReadOptions) -> list[ImagePeople2D]:
    """The picture, or the frames, of a document; `stem` is the file's name without .json."""
    entries = member(document, "instance_info", list) if isinstance(document, dict) else document
    if not any(isinstance(entry, dict) and "instances" in entry for entry in entries):
        return [_record(stem, entries, options)]
    records = []
    for index, frame in enumerate(entries):
        with located(f"frame {index}"):
            number_in_video = whole_number(member(frame, "frame_id", (int, float), index), "frame_id")
            records.append(_record(f"{stem}#{number_in_video:06d}", member(frame, "instances", list), options))
    return records


def _record(image: str, instances: list[Any], options: ReadOptions) -> ImagePeople2D:
    detections, skeleton = [], options.skeleton
    for index, instance in enumerate(instances):
        with located(f"instances[{index}]"):
            settled = options if skeleton is None else ReadOptions(skeleton=skeleton)
            detection, skeleton = _detection(instance, settled)
            detections.append(detection)
    people = people_of(detections, skeleton or CATALOGUE["coco17"], options.size())
    return ImagePeople2D(image=image, people=people, camera=options.camera)


def _detection(instance: Any, options: ReadOptions) -> tuple[Detection, Skeleton]:
    rows = member(instance, "keypoints", list)
    scores = member(instance, "keypoint_scores", list)
    skeleton, taken = options.skeleton_for(len(rows), _BY_COUNT)
    joint_scores = clipped_scores(numbers(scores, (len(rows),), "keypoint_scores", finite=False), "keypoint_scores")
    bbox_score = member(instance, "bbox_score", (int, float, list), None)
    detection = Detection(
        joints_px=numbers(rows, (len(rows), 2), "keypoints", finite=False)[:taken],
        joint_scores=joint_scores[:taken],
        box_px=_box(member(instance, "bbox", list, None)),
        score=None if bbox_score is None else _score(bbox_score),
    )
    return detection, skeleton


def _box(value: list[Any] | None) -> np.ndarray | None:
    """x0, y0, x1, y1; MMPose wraps it in a list of one."""
    if not value:
        return None
    return numbers(value[0] if isinstance(value[0], list) else value, (4,), "bbox")


def _score(value: Any) -> float:
    if isinstance(value, list):
        if len(value) != 1:
            raise InputError(f"bbox_score: expected one number, got {shown(value)}")
        value = value[0]
    return min(max(number(value, "bbox_score"), 0.0), 1.0)
