"""COCO key points (cocodataset.org), as the archives unpack.

    <root>/annotations/person_keypoints_val2017.json
    <root>/val2017/000000000139.jpg                             (pictures, not needed)

{"images": [{"id", "file_name", "width", "height"}], "annotations": [{"id", "image_id", "category_id", "iscrowd",
"area", "bbox": [x, y, w, h], "num_keypoints", "keypoints": [x, y, v] * 17}], "categories"}; v is 0 not labelled,
1 hidden, 2 visible. Pixels count from 0.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from metricpose._errors import InputError
from metricpose.datasets.calibrated import check_once, corner_boxes, flags
from metricpose.datasets.files import required
from metricpose.io.fields import located, member, number, numbers, shown, whole_number
from metricpose.io.json_text import read_json
from metricpose.people import PeopleFrame
from metricpose.skeletons import CATALOGUE

SOURCE = "https://cocodataset.org/#download (annotations_trainval2017.zip)"
LICENCE = "COCO annotations: CC BY 4.0; pictures: Flickr's terms"

_SKELETON = CATALOGUE["coco17"]


def read_coco(root: str | Path, *, split: str = "val2017", annotations: str | Path | None = None) -> list[PeopleFrame]:
    """The pictures of a split in the order of the file, with nobody in them, too.

    `joint_scores` are v / 2, joints with v = 0 are NaN; `ids` are the annotations', `areas_px` the segments', `crowd`
    is iscrowd. `judged` are people with labelled joints who are no crowd: COCO's evaluation ignores the others.

    Args:
        root: the folder of `annotations` and the pictures.
        split: as in the files' names: "val2017", "train2017".
        annotations: the JSON, if it lies elsewhere.

    Raises FileError (the missing file, and where to get it) and InputError (bad content; the text names the entry).
    """
    name = f"person_keypoints_{split}.json"
    path = Path(annotations) if annotations is not None else required(root, (f"annotations/{name}", name), SOURCE)
    document = read_json(path)
    with located(path):
        return _frames(document, Path(root) / split)


def _frames(document: Any, pictures: Path) -> list[PeopleFrame]:
    names = _names(member(document, "images", list))
    category = _person_category(document)
    found: dict[int, list[dict[str, Any]]] = {key: [] for key in names}
    entries = member(document, "annotations", list)
    for index, entry in enumerate(entries):
        with located(f"annotations[{index}]"):
            if member(entry, "category_id", int, category) != category:
                continue
            key = member(entry, "image_id", int)
            if key not in found:
                raise InputError(f"image_id: expected the id of a picture in images, got {key}; the file is damaged")
            found[key].append(_person(entry))
    check_once([person["id"] for people in found.values() for person in people], "annotations: id")
    return [_frame(names[key], people, pictures) for key, people in found.items()]


def _names(images: Sequence[Any]) -> dict[int, str]:
    keys: list[tuple[int, str]] = []
    for index, image in enumerate(images):
        with located(f"images[{index}]"):
            keys.append((member(image, "id", int), member(image, "file_name", str)))
    check_once([key for key, _ in keys], "images: id")
    check_once([name for _, name in keys], "images: file_name")
    return dict(keys)


def _person_category(document: Mapping[str, Any]) -> int:
    categories = member(document, "categories", list, [])
    return next((member(c, "id", int) for c in categories if isinstance(c, dict) and c.get("name") == "person"), 1)


def _person(entry: Any) -> dict[str, Any]:
    rows = numbers(member(entry, "keypoints", list), (3 * len(_SKELETON),), "keypoints").reshape(-1, 3)
    if not np.isin(rows[:, 2], (0, 1, 2)).all():
        raise InputError(f"keypoints: expected visibilities 0, 1 or 2, got {shown(rows[:, 2].tolist())}; is it truth?")
    return {
        "id": whole_number(member(entry, "id", int), "id"),
        "joints": rows,
        "box": numbers(member(entry, "bbox", list), (4,), "bbox"),
        "area": number(member(entry, "area", (int, float)), "area"),
        "crowd": bool(flags([entry.get("iscrowd", 0)], 1, "iscrowd")[0]),
    }


def _frame(name: str, people: Sequence[Mapping[str, Any]], pictures: Path) -> PeopleFrame:
    rows = np.array([person["joints"] for person in people]).reshape(-1, len(_SKELETON), 3)
    crowd = np.array([person["crowd"] for person in people], dtype=bool)
    labelled = rows[..., 2] > 0
    return PeopleFrame(
        name=name,
        skeleton=_SKELETON,
        joints_px=np.where(labelled[..., None], rows[..., :2], np.nan),
        joint_scores=rows[..., 2] / 2,
        boxes_px=corner_boxes(np.array([person["box"] for person in people])),
        areas_px=np.array([person["area"] for person in people], dtype=np.float64),
        crowd=crowd,
        judged=~crowd & labelled.any(axis=1),
        ids=tuple(person["id"] for person in people),
        image_path=pictures / name,
        licence=LICENCE,
    )
