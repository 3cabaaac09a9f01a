"""OpenPose 3D: one JSON for each picture, {"people": [{"pose_keypoints_3d": [x, y, z, c, ...]}]} (doc/02_output.md).

c is 0 where a joint was not found, else 1 or a score. BODY_25 has 25 joints, the COCO model 18. OpenPose states no
unit: it is that of the calibration. Its own reconstruction lies in the calibration's world, so the files of a method
that is to be judged must hold the camera's frame (x right, y down, z forward). An entry without joints is nobody.
"""

from pathlib import Path
from typing import Any

import numpy as np

from metricpose._errors import FileError, InputError
from metricpose.datasets.prediction_units import Unit, metres_per
from metricpose.io.fields import flat_keypoints, located, member, numbers, shown, whole_number
from metricpose.io.json_text import read_json
from metricpose.people import PeopleFrame
from metricpose.skeletons import CATALOGUE, Skeleton

_KEY = "pose_keypoints_3d"
_BY_COUNT = {25: "body25", 18: "coco17", 17: "coco17"}

# OpenPose's COCO model: nose, neck, right arm, left arm, right leg, left leg, eyes and ears (right first).
_COCO17_OF_COCO18 = [0, 15, 14, 17, 16, 5, 2, 6, 3, 7, 4, 11, 8, 12, 9, 13, 10]


def is_openpose3d(document: Any) -> bool:
    """Whether a parsed document looks like OpenPose's with 3D joints, or with nobody in it."""
    people = document.get("people") if isinstance(document, dict) and "schema" not in document else None
    return isinstance(people, list) and all(
        isinstance(person, dict) and (not person or _KEY in person) for person in people
    )


def read_openpose3d(path: str | Path, *, unit: Unit, skeleton: Skeleton | None = None) -> list[PeopleFrame]:
    """The picture of a file, or those of all .json files of a folder in order of name; named by the files' stems.

    Args:
        path: file or folder; `_keypoints` at the end of a name does not count.
        unit: of the files.
        skeleton: of the joints; if not given, 25 are BODY_25, and 18 (OpenPose's COCO model) and 17 become COCO-17.

    Raises FileError (missing, unreadable, no .json files) and InputError (bad content; the text names the file).
    """
    metres = metres_per(unit)
    path = Path(path)
    files = [path]
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix.lower() == ".json")
        if not files:
            raise FileError(f"{path}: expected .json files of OpenPose 3D in this folder, got none; check the path")
    read = []
    for file in files:
        document = read_json(file)
        with located(file):
            people = [_person(*entry, metres, skeleton) for entry in _entries(document)]
            read.append((file.name[: -len(file.suffix)].removesuffix("_keypoints"), people))
    found = {person["skeleton"].name for _, people in read for person in people}
    if len(found) > 1:
        raise InputError(f"{path}: expected one set of joints, got {' and '.join(sorted(found))}; name the skeleton")
    settled = CATALOGUE[found.pop()] if skeleton is None and found else skeleton or CATALOGUE["body25"]
    return [_frame(name, people, settled) for name, people in read]


def _entries(document: Any) -> list[tuple[int, Any]]:
    people = enumerate(member(document, "people", list))
    return [
        (i, person)
        for i, person in people
        if person != {} and not (isinstance(person, dict) and person.get(_KEY) == [])
    ]


def _person(index: int, person: Any, metres: float, skeleton: Skeleton | None) -> dict[str, Any]:
    with located(f"people[{index}]"):
        flat = member(person, _KEY, list)
        if not flat or len(flat) % 4:
            raise InputError(f"{_KEY}: expected x, y, z, c for each joint, got {len(flat)} numbers; check the format")
        values = numbers(flat, (len(flat),), _KEY).reshape(-1, 4)
        values, skeleton = _ordered(values, skeleton)
        joints_cam = np.where(values[:, 3:] > 0, metres * values[:, :3], np.nan)
        result: dict[str, Any] = {"skeleton": skeleton, "joints_cam": joints_cam, "joint_scores": values[:, 3]}
        flat2d = person.get("pose_keypoints_2d")
        if flat2d:
            joints_px, scores = flat_keypoints(flat2d, "pose_keypoints_2d")
            pixels, _ = _ordered(np.column_stack([joints_px, scores]), skeleton)
            result["joints_px"] = np.where(pixels[:, 2:] > 0, pixels[:, :2], np.nan)
        return {**result, "id": _id(person)}


def _ordered(values: np.ndarray, skeleton: Skeleton | None) -> tuple[np.ndarray, Skeleton]:
    """Rows in the order of the skeleton."""
    count = len(values)
    if skeleton is None:
        if count not in _BY_COUNT:
            raise InputError(f"expected {', '.join(map(str, _BY_COUNT))} joints, got {count}; name the skeleton")
        skeleton = CATALOGUE[_BY_COUNT[count]]
    if count == 18 and skeleton is CATALOGUE["coco17"]:
        return values[_COCO17_OF_COCO18], skeleton
    if count != len(skeleton):
        raise InputError(f"expected the {len(skeleton)} joints of {skeleton.name}, got {count}; name another skeleton")
    return values, skeleton


def _id(person: Any) -> int | None:
    """The id of OpenPose's tracker; it writes [-1] where it did not track."""
    stated = person.get("person_id")
    stated = stated[0] if isinstance(stated, list) and stated else stated
    return None if stated in (None, [], -1) else whole_number(stated, "person_id")


def _frame(name: str, people: list[dict[str, Any]], skeleton: Skeleton) -> PeopleFrame:
    ids = [person["id"] for person in people]
    doubled = next((i for i in ids if i is not None and ids.count(i) > 1), None)
    if doubled is not None:
        raise InputError(f"picture {shown(name)}: expected each person_id once, got {doubled} again; renumber them")
    pixels = [person.get("joints_px") for person in people]
    shape = (len(people), len(skeleton))
    return PeopleFrame(
        name=name,
        skeleton=skeleton,
        joints_cam=np.array([person["joints_cam"] for person in people]).reshape(*shape, 3),
        joint_scores=np.array([person["joint_scores"] for person in people]).reshape(shape),
        joints_px=np.array(pixels).reshape(*shape, 2) if all(p is not None for p in pixels) else None,
        ids=None if None in ids else tuple(ids),
    )
