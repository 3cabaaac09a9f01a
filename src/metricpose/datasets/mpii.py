"""MPII Human Pose (human-pose.mpi-inf.mpg.de), as its annotation archive unpacks; mpii_json.py has the common JSON.

    <root>/mpii_human_pose_v1_u12_1.mat        also in mpii_human_pose_v1_u12_2/, as the archive names its folder
    <root>/images/015601864.jpg                (pictures, not needed)

RELEASE holds annolist (image.name, and annorect for each person: the head's box x1, y1, x2, y2; scale and objpos; for
training pictures annopoints.point with x, y, id 0..15, is_visible), img_train, and single_person: the numbers, from 1,
of the people who stand apart. Pixels count from 1, as in MATLAB. Head joints carry no is_visible.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from metricpose._errors import InputError
from metricpose.datasets.calibrated import centred_boxes, check_once
from metricpose.datasets.files import required
from metricpose.datasets.matlab import read_mat
from metricpose.io.fields import located, shown
from metricpose.people import PeopleFrame
from metricpose.skeletons import CATALOGUE

SOURCE = "http://human-pose.mpi-inf.mpg.de/#download (mpii_human_pose_v1_u12_2.zip)"
LICENCE = "MPII Human Pose: Simplified BSD for the annotations; pictures from YouTube"
HEAD_FACTOR = 0.6
"""PCKh's head size is this much of the head box's diagonal (the official evaluation's SC_BIAS)."""

_SKELETON = CATALOGUE["mpii16"]
_FILE = "mpii_human_pose_v1_u12_1.mat"


def read_mpii(root: str | Path) -> Iterator[PeopleFrame]:
    """The training pictures (only their joints are public), each with all its people.

    `joint_scores`: 1 visible (or not said), 0.5 hidden, 0 not labelled. `head_px` is the head size of PCKh, NaN where
    there is no head box. `boxes_px` are squares of 200 px times the person's scale about objpos. `judged` are the
    people of single_person with joints and a head; ids are places in annorect, from 0.

    Raises FileError (no file, and where to get it), InputError (bad content; the text names the picture) and
    MissingExtraError (no scipy).
    """
    path = required(root, (_FILE, f"mpii_human_pose_v1_u12_2/{_FILE}"), SOURCE)
    release = read_mat(path, ("RELEASE",), simplified=True)["RELEASE"]
    with located(path):
        pictures = listed(_field(release, "annolist"))
        training = np.ravel(np.asarray(_field(release, "img_train"))) > 0
        apart = listed(release.get("single_person", [])) or [None] * len(pictures)
        if not len(pictures) == len(training) == len(apart):
            got = f"{len(pictures)}, {len(training)} and {len(apart)}"
            raise InputError(f"RELEASE: expected annolist, img_train and single_person of one length, got {got}")
        names = [_picture(entry, index) for index, entry in enumerate(pictures)]
        check_once([name for name, use in zip(names, training, strict=True) if use], "annolist: image.name")
    for name, entry, single, use in zip(names, pictures, apart, training, strict=True):
        if use:
            with located(f"{path}: {name}"):
                yield _frame(Path(root), name, entry, single)


def listed(value: Any) -> list[Any]:
    """What MATLAB's arrays of structures and cells become once simplified, as a list again."""
    if isinstance(value, np.ndarray):
        return list(value.reshape(-1)) if value.ndim else [value.item()]
    return list(value) if isinstance(value, list | tuple) else [value]


def _field(record: Any, key: str) -> Any:
    if not isinstance(record, Mapping) or key not in record:
        got = shown(sorted(record)) if isinstance(record, Mapping) else shown(record)
        raise InputError(f"expected a structure with the field {key!r}, got {got}; is it MPII's file?")
    return record[key]


def _picture(entry: Any, index: int) -> str:
    with located(f"annolist({index + 1})"):
        name = _field(_field(entry, "image"), "name")
        if not isinstance(name, str) or not name:
            raise InputError(f"image.name: expected the name of a picture, got {shown(name)}")
        return name


def _frame(root: Path, name: str, entry: Any, single: Any) -> PeopleFrame:
    rects = [rect for rect in listed(entry.get("annorect", [])) if isinstance(rect, Mapping)]
    rows = np.array([_joints(rect) for rect in rects]).reshape(-1, len(_SKELETON), 3)
    heads = np.array([_head_px(rect) for rect in rects], dtype=np.float64)
    alone = {int(number) - 1 for number in np.ravel(single)} if single is not None else set(range(len(rects)))
    chosen = np.array([i in alone for i in range(len(rects))], dtype=bool)
    return PeopleFrame(
        name=name,
        skeleton=_SKELETON,
        joints_px=rows[..., :2],
        joint_scores=rows[..., 2],
        boxes_px=_boxes(rects),
        head_px=heads,
        judged=chosen & np.isfinite(heads) & (rows[..., 2] > 0).any(axis=1),
        ids=tuple(range(len(rects))),
        image_path=root / "images" / name,
        licence=LICENCE,
    )


def _joints(rect: Mapping[str, Any]) -> np.ndarray:
    """(16, 3): x, y from 0 or NaN, and the score."""
    rows = np.full((len(_SKELETON), 3), np.nan)
    rows[:, 2] = 0.0
    points = rect.get("annopoints")
    points = points.get("point", []) if isinstance(points, Mapping) else []
    found = [point for point in listed(points) if isinstance(point, Mapping)]
    numbers = [_scalar(_field(point, "id")) for point in found]
    check_once(numbers, "annopoints: id")
    for number, point in zip(numbers, found, strict=True):
        x, y = _scalar(_field(point, "x")), _scalar(_field(point, "y"))
        if number not in range(len(_SKELETON)) or not np.isfinite((x, y)).all():
            raise InputError(f"annopoints: expected ids 0 to 15 with x and y, got id {number:g} at {x:g}, {y:g}")
        rows[int(number)] = x - 1.0, y - 1.0, 0.5 if _scalar(point.get("is_visible")) == 0 else 1.0
    return rows


def _head_px(rect: Mapping[str, Any]) -> float:
    x1, y1, x2, y2 = (_scalar(rect.get(key)) for key in ("x1", "y1", "x2", "y2"))
    return HEAD_FACTOR * float(np.hypot(x2 - x1, y2 - y1))


def _boxes(rects: list[Mapping[str, Any]]) -> np.ndarray:
    places = [rect["objpos"] if isinstance(rect.get("objpos"), Mapping) else {} for rect in rects]
    centres = np.array([[_scalar(place.get("x")), _scalar(place.get("y"))] for place in places]).reshape(-1, 2)
    return centred_boxes(centres - 1.0, np.array([_scalar(rect.get("scale")) for rect in rects], dtype=np.float64))


def _scalar(value: Any) -> float:
    """A number, which the file may hold as a text; NaN where it holds nothing."""
    try:
        array = np.asarray(value, dtype=np.float64).reshape(-1)
    except (TypeError, ValueError):
        return float("nan")
    return float(array[0]) if array.size == 1 else float("nan")
