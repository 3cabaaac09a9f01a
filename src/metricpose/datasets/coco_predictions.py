"""Lists of people with the number of their picture, as COCO's key-point results and RootNet's 3D ones.

    [{"image_id", "category_id", "keypoints": [x, y, score, ...], "score", "bbox"}]    COCO results, pixels
    [{"image_id", "root_cam": [x, y, z], "bbox", "score"}]                             RootNet, mm
    [{"image_id", "joint_cam": [[x, y, z], ...], "root_cam": [x, y, z], "bbox"}]       PoseNet on Human3.6M, mm
    [{"image_id", "keypoints_cam": [[x, y, z], ...], "score", "bbox"}]                 poses in the camera frame, mm

RootNet and PoseNet: Moon et al., ICCV 2019; the layouts are those that their released code writes. PoseNet's joint_cam
is relative to the root, and its root_cam is the *true* root there, so that its places are no prediction. MuPoTS-3D.json
calls poses in the camera frame "keypoints_cam". "bbox" is x, y, w, h. A picture may be given by "file_name" instead of
its number. Scores stay as they are: only their order counts.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from metricpose._errors import InputError
from metricpose.datasets.prediction_units import Unit, metres_per
from metricpose.io.coco_results import corners, read_coco_pictures
from metricpose.io.fields import flat_keypoints, located, member, number, numbers, shown, whole_number
from metricpose.io.json_text import read_json
from metricpose.people import PeopleFrame
from metricpose.skeletons import CATALOGUE, Skeleton

_COCO_COUNTS = {17: 17, 133: 17}  # whole bodies begin with COCO-17
_POSE_KEYS = ("keypoints", "keypoints_cam", "joint_cam", "root_cam")

# PoseNet leaves pelvis, torso, nose and thorax out of the 18 joints of its Human3.6M: places of its 14 in h36m17.
_POSENET14 = (1, 2, 3, 4, 5, 6, 8, 10, 11, 12, 13, 14, 15, 16)


def is_coco_predictions(document: Any) -> bool:
    """Whether a parsed document looks like such a list; an empty one does (nobody in any picture)."""
    if not isinstance(document, list):
        return False
    first = document[0] if document else {"image_id": 0, "keypoints": []}
    return isinstance(first, dict) and bool({"image_id", "file_name"} & first.keys() and set(_POSE_KEYS) & first.keys())


def read_coco_predictions(
    path: str | Path,
    *,
    unit: Unit = "mm",
    skeleton: Skeleton | None = None,
    images: str | Path | None = None,
) -> list[PeopleFrame]:
    """The people of each picture that the list names, in the order in which they first appear.

    Args:
        path: the JSON.
        unit: of what is in the camera frame.
        skeleton: of the joints; if not given, 17 or 133 flat `keypoints` are COCO's, and anything else is refused.
            A file with roots alone gets joints that are all unknown.
        images: a COCO data set whose "images" give the numbers their names; else a picture is called by its number.

    Raises FileError (missing, unreadable) and InputError (bad content; the text names the entry and its picture).
    """
    document = read_json(path)
    names = {} if images is None else {key: name for key, (name, _) in read_coco_pictures(images).items()}
    with located(path):
        if not is_coco_predictions(document):
            raise InputError(
                f"expected a list of people with image_id and one of {', '.join(_POSE_KEYS)}; check the file"
            )
        return _frames(document, metres_per(unit), skeleton, names)


def _frames(
    entries: Sequence[Any], metres: float, skeleton: Skeleton | None, names: Mapping[int | str, str]
) -> list[PeopleFrame]:
    pictures: dict[str, list[dict[str, Any]]] = {}
    kinds: set[str] = set()
    for index, entry in enumerate(entries):
        picture = entry.get("image_id", entry.get("file_name")) if isinstance(entry, dict) else None
        with located(f"entry {index} (picture {shown(picture)})"):
            name = _picture(entry, names)
            person, skeleton = _person(entry, metres, skeleton)
            kinds.add(person["kind"])
            if len(kinds) > 1:
                raise InputError(f"expected entries of one kind, got {' and '.join(sorted(kinds))}; split the file")
        pictures.setdefault(name, []).append(person)
    return [_frame(name, people, skeleton or CATALOGUE["coco17"]) for name, people in pictures.items()]


def _picture(entry: Any, names: Mapping[int | str, str]) -> str:
    if isinstance(entry, dict) and "image_id" not in entry:
        return member(entry, "file_name", str)
    key = member(entry, "image_id", (int, str))
    if names and key not in names:
        raise InputError(f"image_id: expected a number of the data set's images, got {shown(key)}; give their data set")
    return names.get(key, str(key))


def _person(entry: Any, metres: float, skeleton: Skeleton | None) -> tuple[dict[str, Any], Skeleton | None]:
    score = member(entry, "score", (int, float), None)
    person: dict[str, Any] = {
        "kind": next((key for key in _POSE_KEYS if key in entry), "nothing"),
        "scores": None if score is None else number(score, "score"),
        "boxes_px": corners(entry, "bbox"),
        "ids": None if entry.get("id") is None else whole_number(entry["id"], "id"),
        "root_cam": None if "root_cam" not in entry else metres * numbers(_row(entry["root_cam"]), (3,), "root_cam"),
    }
    if person["kind"] == "keypoints":
        joints_px, joint_scores = flat_keypoints(member(entry, "keypoints", list), "keypoints")
        skeleton, taken = _skeleton_of_flat(len(joints_px), skeleton)
        # COCO's judge looks at the coordinates whatever their score, so that they stay as they are.
        return {**person, "joints_px": joints_px[:taken], "joint_scores": joint_scores[:taken]}, skeleton
    if person["kind"] == "keypoints_cam":
        joints, skeleton = _joints(entry, "keypoints_cam", skeleton)
        return {**person, "joints_cam": metres * joints}, skeleton
    if person["kind"] == "joint_cam":
        joints, skeleton = _joints(entry, "joint_cam", skeleton)
        if person["root_cam"] is None:
            raise InputError("root_cam: expected the place of the root beside joint_cam, got nothing; add it")
        return {**person, "joints_cam": metres * joints + person["root_cam"]}, skeleton
    if person["kind"] == "root_cam":
        return person, skeleton
    raise InputError(f"expected one of {', '.join(_POSE_KEYS)}, got {shown(sorted(entry))}; check the format")


def _row(value: Any) -> Any:
    """RootNet's roots are [x, y, z]; some writers nest them once."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _skeleton_of_flat(count: int, skeleton: Skeleton | None) -> tuple[Skeleton, int]:
    if skeleton is not None and len(skeleton) == count:
        return skeleton, count
    if count in _COCO_COUNTS and skeleton in (None, CATALOGUE["coco17"]):
        return CATALOGUE["coco17"], _COCO_COUNTS[count]
    wanted = "17 or 133 joints (COCO)" if skeleton is None else f"the {len(skeleton)} joints of {skeleton.name}"
    raise InputError(f"keypoints: expected {wanted}, got {count}; name the skeleton")


def _joints(entry: Any, key: str, skeleton: Skeleton | None) -> tuple[np.ndarray, Skeleton]:
    rows = member(entry, key, list)
    if skeleton is None:
        raise InputError(f"{key}: the file does not say what its {len(rows)} joints are; name the skeleton")
    if len(rows) == len(_POSENET14) and skeleton is CATALOGUE["h36m17"]:
        joints = np.full((len(skeleton), 3), np.nan)
        joints[list(_POSENET14)] = numbers(rows, (len(rows), 3), key)
        return joints, skeleton
    return numbers(rows, (len(skeleton), 3), key), skeleton


def _frame(name: str, people: Sequence[Mapping[str, Any]], skeleton: Skeleton) -> PeopleFrame:
    columns: dict[str, Any] = {}
    for key in ("joints_px", "joint_scores", "joints_cam", "root_cam", "boxes_px", "scores", "ids"):
        column = [person.get(key) for person in people]
        stated = [value is not None for value in column]
        if any(stated) and not all(stated) and key != "ids":
            person = stated.index(False)
            raise InputError(f"picture {shown(name)}: person {person}: expected {key} as the others have, got none")
        if all(stated):
            columns[key] = tuple(column) if key == "ids" else np.array(column)
    if "joints_px" not in columns and "joints_cam" not in columns:
        columns["joints_cam"] = np.full((len(people), len(skeleton), 3), np.nan)
    return PeopleFrame(name=name, skeleton=skeleton, **columns)
