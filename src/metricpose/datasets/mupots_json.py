"""MuPoTS-3D and MuCo-3DHP in the COCO-like JSON of Moon et al. (ICCV 2019, RootNet).

    <root>/MuPoTS-3D.json       {"images": [{"id", "file_name", "width", "height", "intrinsic": [fx, fy, cx, cy]}],
                                 "annotations": [{"id", "image_id", "bbox", "is_valid", "keypoints_img": 17 x [x, y],
                                                  "keypoints_cam": 17 x [x, y, z], "keypoints_vis": 17}]}
    <root>/MuCo-3DHP.json       as above with "f": [fx, fy] and "c": [cx, cy], 21 joints, no "is_valid"
    <root>/MultiPersonTestSet/TS1/img_000000.jpg, <root>/augmented_set/..., <root>/unaugmented_set/...     (not needed)

keypoints_cam are mm in the camera frame. MuCo's 21 joints are those of MuPoTS with hands and toes behind them (muco21).
Which names the fields have is read from RootNet's loaders; universal poses are not in this form.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from metricpose._errors import InputError
from metricpose.datasets.calibrated import METRES_PER_MM, check_metres, check_once, corner_boxes, flags, pinhole
from metricpose.datasets.files import required
from metricpose.datasets.mupots import LICENCE
from metricpose.geometry import Camera
from metricpose.io.fields import located, member, numbers, shown, whole_number
from metricpose.io.json_text import read_json
from metricpose.people import PeopleFrame
from metricpose.skeletons import CATALOGUE, Skeleton

SOURCE = "github.com/mks0601/3DMPPE_ROOTNET_RELEASE (README: MuCo and MuPoTS parsed data)"
MUCO_LICENCE = "MuCo-3DHP: non-commercial research"

_MUPOTS = CATALOGUE["mupots17"]
MUCO21 = CATALOGUE["muco21"]


def read_mupots_json(root: str | Path, *, annotations: str | Path | None = None) -> list[PeopleFrame]:
    """MuPoTS-3D: every picture with all its people, metres in the camera frame; names "TS1/img_000000.jpg".

    `judged` is is_valid, `joint_scores` are 1 where keypoints_vis and else 0.5; ids are the annotations'.

    Args:
        root: see above.
        annotations: the JSON, if it lies elsewhere.

    Raises FileError (no file, and where to get it) and InputError (bad content; the text names the entry).
    """
    path = Path(annotations) if annotations is not None else required(root, "MuPoTS-3D.json", SOURCE)
    return _frames(path, _MUPOTS, Path(root) / "MultiPersonTestSet", LICENCE)


def read_muco_json(root: str | Path, *, annotations: str | Path | None = None) -> list[PeopleFrame]:
    """MuCo-3DHP: every composed picture with all its people, 21 joints (`MUCO21`), as `read_mupots_json`."""
    path = Path(annotations) if annotations is not None else required(root, "MuCo-3DHP.json", SOURCE)
    return _frames(path, MUCO21, Path(root), MUCO_LICENCE)


def _frames(path: Path, skeleton: Skeleton, pictures: Path, licence: str) -> list[PeopleFrame]:
    document = read_json(path)
    with located(path):
        images = member(document, "images", list)
        check_once([member(image, "id", int) for image in images], "images: id")
        check_once([member(image, "file_name", str) for image in images], "images: file_name")
        found: dict[int, list[dict[str, Any]]] = {image["id"]: [] for image in images}
        for index, entry in enumerate(member(document, "annotations", list)):
            with located(f"annotations[{index}]"):
                key = member(entry, "image_id", int)
                if key not in found:
                    raise InputError(f"image_id: expected the id of a picture in images, got {shown(key)}")
                found[key].append(_person(entry, skeleton))
        people = [person["cam"] for held in found.values() for person in held]
        check_metres(np.array(people).reshape(-1, len(skeleton), 3), "keypoints_cam")
        return [_frame(image, found[image["id"]], skeleton, pictures, licence) for image in images]


def _person(entry: Any, skeleton: Skeleton) -> dict[str, Any]:
    count = len(skeleton)
    return {
        "id": whole_number(member(entry, "id", int), "id"),
        "px": numbers(member(entry, "keypoints_img", list), (count, 2), "keypoints_img", finite=False),
        "cam": METRES_PER_MM * numbers(member(entry, "keypoints_cam", list), (count, 3), "keypoints_cam", finite=False),
        "visible": flags(member(entry, "keypoints_vis", list), count, "keypoints_vis"),
        "box": numbers(member(entry, "bbox", list), (4,), "bbox"),
        "valid": bool(flags([entry.get("is_valid", 1)], 1, "is_valid")[0]),
    }


def _frame(
    image: Mapping[str, Any], people: Sequence[Mapping[str, Any]], skeleton: Skeleton, pictures: Path, licence: str
) -> PeopleFrame:
    name, count = image["file_name"], len(skeleton)
    with located(name):
        folder, _, last = name.rpartition("/")
        digits = Path(last).stem.rpartition("_")[2]
        return PeopleFrame(
            name=name,
            sequence=folder,
            frame=int(digits) if digits.isdigit() else None,
            skeleton=skeleton,
            joints_cam=np.array([p["cam"] for p in people]).reshape(-1, count, 3),
            joints_px=np.array([p["px"] for p in people]).reshape(-1, count, 2),
            joint_scores=np.where(np.array([p["visible"] for p in people]).reshape(-1, count), 1.0, 0.5),
            boxes_px=corner_boxes(np.array([p["box"] for p in people])),
            judged=np.array([p["valid"] for p in people], dtype=bool),
            ids=tuple(p["id"] for p in people),
            camera=_camera(image),
            image_path=pictures / name,
            licence=licence,
        )


def _camera(image: Mapping[str, Any]) -> Camera:
    if "intrinsic" in image:
        fx, fy, cx, cy = numbers(member(image, "intrinsic", list), (4,), "intrinsic")
    else:
        fx, fy = numbers(member(image, "f", list), (2,), "f")
        cx, cy = numbers(member(image, "c", list), (2,), "c")
    size = (whole_number(image.get("width"), "width"), whole_number(image.get("height"), "height"))
    return pinhole(np.array([fx, fy]), np.array([cx, cy]), size)
