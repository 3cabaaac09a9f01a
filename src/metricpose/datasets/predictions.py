"""The people that a method predicts, whatever file it writes, matched with the pictures of the truth by name.

| what | known by | |
|---|---|---|
| our people3d | .npz; JSON with "schema" | metres |
| COCO results, RootNet, PoseNet | JSON list with "image_id" | `coco_predictions` |
| OpenPose 3D | JSON or folder of JSON with "people" | `openpose3d`; the unit must be said |
| MuPoTS-3D | .mat, or folder with .mat | `mupots_predictions` |
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from metricpose._errors import FileError, InputError
from metricpose.datasets.coco_predictions import is_coco_predictions, read_coco_predictions
from metricpose.datasets.mupots_predictions import has_mupots_predictions, read_mupots_predictions
from metricpose.datasets.openpose3d import is_openpose3d, read_openpose3d
from metricpose.datasets.prediction_names import TruthNames
from metricpose.datasets.prediction_units import Unit, check_sizes
from metricpose.io import read_people3d
from metricpose.io.fields import located, shown
from metricpose.io.json_text import read_json
from metricpose.io.people2d_json import PEOPLE2D_SCHEMA, read_people2d_json
from metricpose.people import PeopleFrame
from metricpose.skeletons import Skeleton

Refused = Literal["refuse", "ignore"]


def read_predictions(
    path: str | Path,
    truth: Sequence[PeopleFrame],
    *,
    unit: Unit | None = None,
    skeleton: Skeleton | None = None,
    images: str | Path | None = None,
    unknown: Refused = "refuse",
    missing: Refused = "refuse",
) -> list[PeopleFrame]:
    """What the file says of the pictures of the truth: a frame for each, in the truth's order, named as there.

    Names, sequences, groups and numbers are the truth's; skeletons, joints and scores are the file's. A picture of
    which a list of people, or a MuPoTS file, says nothing has nobody in it; formats that list their pictures must list
    all.

    Args:
        path: the file or folder.
        truth: the pictures to be judged.
        unit: of files that are not ours; if not given, mm where the format has it so.
        skeleton: of formats that do not name theirs; if not given, the format's own or else, for poses in the camera
            frame, the truth's.
        images: COCO data set with the names of the pictures, for lists that number them.
        unknown: pictures that the truth does not have are refused, or left out.
        missing: pictures of the truth that the file should list are refused, or left out (protocols may allow it).

    Raises FileError (missing, unreadable) and InputError: bad content, a picture that is not known, not there or there
    twice, people who are not of the size of people. The text names the file and the record.
    """
    path = Path(path)
    names = TruthNames(truth)
    frames, lists_pictures = _read(path, unit, skeleton, images, truth)
    with located(path):
        check_sizes(frames)
        found = _by_truth(frames, names, unknown)
        absent = [frame.name for index, frame in enumerate(truth) if index not in found]
        if absent and lists_pictures and missing == "refuse":
            raise InputError(
                f"expected all {len(truth)} pictures of the truth, got {len(found)}; {shown(absent[0])} is missing"
                f"{f', and {len(absent) - 1} others' if len(absent) > 1 else ''}; predict them, judge fewer, or allow "
                "missing ones to count as misses"
            )
    pattern = frames[0] if frames else None
    return [
        _as_in_truth(found[index] if index in found else _nobody(pattern, frame), frame)
        for index, frame in enumerate(truth)
        if index in found or not lists_pictures
    ]


def _read(
    path: Path,
    unit: Unit | None,
    skeleton: Skeleton | None,
    images: str | Path | None,
    truth: Sequence[PeopleFrame],
) -> tuple[list[PeopleFrame], bool]:
    """The file's frames under its own names, and whether the format lists pictures with nobody in them too."""
    if not path.exists():
        raise FileError(f"{path}: expected a file or folder of predictions, got nothing there; check the path")
    if has_mupots_predictions(path):
        return read_mupots_predictions(path, unit=unit or "mm"), False
    if path.suffix.lower() == ".npz":
        return _ours(path, unit), True
    documents = sorted(file for file in path.glob("*.json")) if path.is_dir() else [path]
    if not documents:
        raise InputError(
            f"{path}: expected a folder with .json files (OpenPose 3D) or .mat files (MuPoTS), got neither"
        )
    document = read_json(documents[0])
    if isinstance(document, dict) and "schema" in document and not path.is_dir():
        return (_ours_2d(path) if document["schema"] == PEOPLE2D_SCHEMA else _ours(path, unit)), True
    if is_openpose3d(document):
        if unit is None:
            raise InputError(
                f"{path}: unit: expected m, cm or mm for OpenPose 3D, which states none; name it (unit, --unit)"
            )
        return read_openpose3d(path, unit=unit, skeleton=skeleton), True
    if is_coco_predictions(document) and not path.is_dir():
        chosen = skeleton or _skeleton_of_list(document, truth)
        return read_coco_predictions(path, unit=unit or "mm", skeleton=chosen, images=images), False
    raise InputError(
        f"{documents[0]}: expected predictions: our people3d, a list with image_id (COCO, RootNet), or OpenPose's "
        f"people with pose_keypoints_3d, got {shown(sorted(document) if isinstance(document, dict) else document)}"
    )


def _ours(path: Path, unit: Unit | None) -> list[PeopleFrame]:
    if unit not in (None, "m"):
        raise InputError(f"{path}: unit: expected none, as people3d is in metres, got {shown(unit)}; leave it out")
    return [PeopleFrame.of_people3d(record.image, record.people) for record in read_people3d(path)]


def _ours_2d(path: Path) -> list[PeopleFrame]:
    return [
        PeopleFrame(
            name=record.image,
            skeleton=record.people.skeleton,
            joints_px=record.people.joints_px,
            joint_scores=record.people.joint_scores,
            scores=record.people.scores,
            boxes_px=record.people.boxes_px,
            ids=record.people.ids,
        )
        for record in read_people2d_json(path)
    ]


def _skeleton_of_list(document: Any, truth: Sequence[PeopleFrame]) -> Skeleton | None:
    """That of the truth, for poses in the camera frame, whose joints no format names."""
    flat = bool(document) and "keypoints" in document[0]
    return None if flat or not truth else truth[0].skeleton


def _by_truth(frames: Sequence[PeopleFrame], names: TruthNames, unknown: Refused) -> dict[int, PeopleFrame]:
    found: dict[int, PeopleFrame] = {}
    for frame in frames:
        index = names.index(frame.name)
        if index is None:
            if unknown == "refuse":
                raise names.unknown(frame.name)
            continue
        if index in found:
            raise InputError(
                f"picture {shown(frame.name)}: expected each picture once, got it again"
                f"{'' if found[index].name == frame.name else f' (as {found[index].name})'}; remove one"
            )
        found[index] = frame
    return found


def _as_in_truth(frame: PeopleFrame, truth: PeopleFrame) -> PeopleFrame:
    return frame.replaced(name=truth.name, sequence=truth.sequence, group=truth.group, frame=truth.frame)


def _nobody(pattern: PeopleFrame | None, truth: PeopleFrame) -> PeopleFrame:
    """A frame without people, with the columns of the file's others."""
    if pattern is not None:
        return pattern[np.zeros(len(pattern), dtype=bool)]
    skeleton = truth.skeleton
    return PeopleFrame(
        name=truth.name,
        skeleton=skeleton,
        joints_cam=np.zeros((0, len(skeleton), 3)),
        joints_px=np.zeros((0, len(skeleton), 2)),
        scores=np.zeros(0),
    )
