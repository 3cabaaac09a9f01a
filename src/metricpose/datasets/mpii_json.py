"""MPII Human Pose in the JSON that simple baselines made common (Xiao et al., ECCV 2018).

    <root>/annot/valid.json           [{"image", "joints": 16 x [x, y], "joints_vis": 16 x 0 or 1, "center", "scale"}]
    <root>/annot/gt_valid.mat         optional, in the same order: jnt_missing (16, N), pos_gt_src (16, 2, N),
                                      headboxes_src (2, 2, N): what PCKh is computed from
    <root>/images/015601864.jpg       (pictures, not needed)

One entry for each person; pixels count from 1, and a joint without a place is [-1, -1] with joints_vis 0.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from metricpose._errors import InputError
from metricpose.datasets.calibrated import centred_boxes, flags
from metricpose.datasets.files import optional, required
from metricpose.datasets.matlab import read_mat
from metricpose.datasets.mpii import HEAD_FACTOR, LICENCE
from metricpose.io.fields import located, member, number, numbers, shown
from metricpose.io.json_text import read_json
from metricpose.people import PeopleFrame
from metricpose.skeletons import CATALOGUE

SOURCE = "https://github.com/microsoft/human-pose-estimation.pytorch (README: MPII annotations)"

_SKELETON = CATALOGUE["mpii16"]
_JOINTS = len(_SKELETON)


def read_mpii_json(root: str | Path, *, split: str = "valid") -> list[PeopleFrame]:
    """The pictures of a split ("train", "valid", "trainval") as they first appear, each with all its people.

    `joint_scores` are 1 where labelled. With gt_<split>.mat the places, the labels and `head_px` are its own, else
    labels are joints_vis and there is no `head_px`. `boxes_px` are squares of 200 px times the scale; ids are places in
    the file.

    Raises FileError (no file, and where to get it), InputError (bad content; the text names the entry, and the picture)
    and MissingExtraError (gt_<split>.mat without scipy).
    """
    path = required(root, (f"annot/{split}.json", f"{split}.json"), SOURCE)
    entries = read_json(path)
    with located(path):
        if not isinstance(entries, list):
            raise InputError(f"expected a list of people, got {shown(entries)}; check the file")
        people = [_person(entry, index) for index, entry in enumerate(entries)]
    judged_by = optional(path.parent, f"gt_{split}.mat")
    if judged_by is not None:
        _take_truth(people, judged_by)
    pictures: dict[str, list[dict[str, Any]]] = {}
    for person in people:
        pictures.setdefault(person["image"], []).append(person)
    return [_frame(Path(root), name, found) for name, found in pictures.items()]


def _person(entry: Any, index: int) -> dict[str, Any]:
    with located(f"entry {index}"):
        image = member(entry, "image", str)
        with located(image):
            joints_px = numbers(member(entry, "joints", list), (_JOINTS, 2), "joints") - 1.0
            labelled = flags(member(entry, "joints_vis", list), _JOINTS, "joints_vis")
            centre = numbers(member(entry, "center", list), (2,), "center") - 1.0
            scale = number(member(entry, "scale", (int, float)), "scale")
    box = centred_boxes(centre, np.array(scale))
    return {"id": index, "image": image, "joints": joints_px, "labelled": labelled, "box": box, "head": None}


def _take_truth(people: list[dict[str, Any]], path: Path) -> None:
    truth = read_mat(path, ("jnt_missing", "pos_gt_src", "headboxes_src"))
    expected = {"jnt_missing": (_JOINTS,), "pos_gt_src": (_JOINTS, 2), "headboxes_src": (2, 2)}
    for name, shape in expected.items():
        if truth[name].shape != (*shape, len(people)):
            got = truth[name].shape
            raise InputError(
                f"{path}: {name}: expected {(*shape, len(people))}, as many as the JSON has people, got {got}"
            )
    corners = np.asarray(truth["headboxes_src"], dtype=np.float64)
    heads = HEAD_FACTOR * np.linalg.norm(corners[1] - corners[0], axis=0)
    for index, person in enumerate(people):
        person["joints"] = np.asarray(truth["pos_gt_src"][..., index], dtype=np.float64) - 1.0
        person["labelled"] = np.asarray(truth["jnt_missing"][:, index]) == 0
        person["head"] = float(heads[index])


def _frame(root: Path, name: str, people: list[Mapping[str, Any]] | list[dict[str, Any]]) -> PeopleFrame:
    labelled = np.array([person["labelled"] for person in people])
    joints_px = np.array([person["joints"] for person in people])
    heads = [person["head"] for person in people]
    return PeopleFrame(
        name=name,
        skeleton=_SKELETON,
        joints_px=np.where(labelled[..., None], joints_px, np.nan),
        joint_scores=labelled.astype(np.float64),
        boxes_px=np.array([person["box"] for person in people]),
        head_px=None if None in heads else np.array(heads),
        ids=tuple(person["id"] for person in people),
        image_path=root / "images" / name,
        licence=LICENCE,
    )
