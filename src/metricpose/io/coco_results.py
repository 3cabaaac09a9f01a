"""2D people of COCO key points: a list of results, or a data set with its annotations.

Results: [{"image_id", "category_id", "keypoints": [x, y, score, ...], "score", "bbox": [x, y, w, h] (optional)}].
Data set: {"images": [{"id", "file_name", "width", "height"}], "annotations": [...]}; there the third number of a joint
is its visibility 0, 1 or 2, and 1 and 2 both become the score 1. A data set may also go beside a list of results, to
give it names and sizes. Crowd regions and annotations without joints are left out.
"""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from metricpose._errors import InputError
from metricpose.io.detections import Detection
from metricpose.io.fields import flat_keypoints, located, member, number, numbers, shown
from metricpose.io.grouped import grouped_records
from metricpose.io.json_text import read_json
from metricpose.io.options import ReadOptions
from metricpose.io.people2d_json import image_size_of
from metricpose.io.records import ImagePeople2D
from metricpose.skeletons import Skeleton

_BY_COUNT = {17: ("coco17", 17), 26: ("halpe26", 26), 133: ("coco17", 17), 136: ("halpe26", 26)}

# Picture id -> name, and width and height.
Pictures = Mapping[int | str, tuple[str, tuple[int, int]]]


def is_coco(document: Any) -> bool:
    """Whether a parsed document looks like COCO results or a COCO data set."""
    if isinstance(document, dict):
        return "annotations" in document and "images" in document
    first = document[0] if isinstance(document, list) and document else None
    return isinstance(first, dict) and {"image_id", "keypoints"} <= first.keys()


def read_coco_pictures(path: str | Path) -> Pictures:
    """The pictures of a COCO data set, whose annotations are not looked at."""
    document = read_json(path)
    with located(path):
        return _pictures(document)


def coco_records(document: Any, options: ReadOptions, pictures: Pictures | None = None) -> list[ImagePeople2D]:
    """The pictures: in the order of the data set (`pictures`, or the document), else as they first appear."""
    entries = document
    if isinstance(document, dict):
        pictures = _pictures(document)
        entries = [entry for entry in member(document, "annotations", list) if _has_joints(entry)]
    pictures = pictures or {}
    names = {key: name for key, (name, _) in pictures.items()}
    return grouped_records(entries, partial(_read, names=names), options, dict(pictures.values()))


def _read(entry: Any, options: ReadOptions, names: Mapping[int | str, str]) -> tuple[str, Detection, Skeleton]:
    """Picture, detection and skeleton of one result; a picture that is not in `names` is called by its id."""
    image_id = member(entry, "image_id", (int, str))
    joints_px, scores = flat_keypoints(member(entry, "keypoints", list), "keypoints")
    skeleton, taken = options.skeleton_for(len(joints_px), _BY_COUNT)
    score = member(entry, "score", (int, float), None)
    detection = Detection(
        joints_px=joints_px[:taken],
        joint_scores=scores[:taken],
        box_px=corners(entry, "bbox"),
        score=None if score is None else min(max(number(score, "score"), 0.0), 1.0),
    )
    return names.get(image_id, str(image_id)), detection, skeleton


def corners(entry: Any, key: str) -> np.ndarray | None:
    """The box x, y, w, h under `key` as x0, y0, x1, y1; None where there is none."""
    box = member(entry, key, list, None)
    if box is None:
        return None
    x, y, w, h = numbers(box, (4,), key)
    return np.array([x, y, x + w, y + h])


def _pictures(document: Any) -> Pictures:
    listed: dict[int | str, tuple[str, tuple[int, int]]] = {}
    for index, image in enumerate(member(document, "images", list)):
        with located(f"images[{index}]"):
            key = member(image, "id", (int, str))
            if key in listed:
                raise InputError(f"id: expected each picture once, got {shown(key)} again; renumber the pictures")
            listed[key] = (str(member(image, "file_name", str, str(key))), image_size_of(image))
    return listed


def _has_joints(entry: Any) -> bool:
    if not isinstance(entry, dict):
        return True  # reading reports it
    keypoints = entry.get("keypoints")
    return not entry.get("iscrowd") and isinstance(keypoints, list) and any(keypoints[2::3])
