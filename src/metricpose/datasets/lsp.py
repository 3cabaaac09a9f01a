"""Leeds Sports Pose and its extended training set (Johnson and Everingham, BMVC 2010 and CVPR 2011), as they unpack.

    <root>/joints.mat     LSP: `joints` (3, 14, 2000): x, y, 1 where the joint is *hidden*
                          LSPET: `joints` (14, 3, 10000): x, y, 1 where the joint is *labelled*
    <root>/images/im0001.jpg (LSP), im00001.jpg (LSPET)          (pictures, not needed)

The README of LSP calls its third row visibility, but its joints with 0 are the visible ones, as those who train on it
know; hidden joints have a place there all the same. LSPET gives unlabelled joints no sensible place. Both count pixels
from 1, as MATLAB does. In LSP the first 1,000 pictures are for training and the last 1,000 for tests.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from metricpose._errors import InputError
from metricpose.datasets.calibrated import check_once, flags
from metricpose.datasets.files import optional, required
from metricpose.datasets.matlab import read_mat
from metricpose.io.fields import located, member, numbers, shown
from metricpose.io.json_text import read_json
from metricpose.people import PeopleFrame
from metricpose.skeletons import CATALOGUE

SOURCE_LSP = "https://sam.johnson.io/research/lsp.html (lsp_dataset.zip)"
SOURCE_LSPET = "https://sam.johnson.io/research/lspet.html (lspet_dataset.zip)"
LICENCE = "Leeds Sports Pose: research; cite Johnson and Everingham 2010, 2011"

LspetSplit = Literal["train", "val", "test"]

_FOLDS = 14
_OF_REST: Mapping[int, LspetSplit] = {0: "test", 7: "val"}
_SKELETON = CATALOGUE["lsp14"]
_RESIZED_NAMES = tuple(j.replace("right_", "r_").replace("left_", "l_") for j in _SKELETON.joints)


def read_lsp(root: str | Path, *, split: Literal["train", "test", "all"] = "test") -> list[PeopleFrame]:
    """LSP: one person in each picture, every joint placed; `joint_scores` 1 visible, 0.5 hidden.

    Raises FileError (no joints.mat, and where to get it), InputError (another shape, which may be LSPET's) and
    MissingExtraError (no scipy).
    """
    joints = _joints(root, SOURCE_LSP, (3, len(_SKELETON), None), "LSP", "LSPET").transpose(2, 1, 0)
    half = len(joints) // 2
    chosen = {"train": range(half), "test": range(half, len(joints)), "all": range(len(joints))}.get(split)
    if chosen is None:
        raise InputError(f"split: expected train, test or all, got {split!r}")
    scores = np.where(joints[..., 2] > 0, 0.5, 1.0)
    return [
        _frame(Path(root), f"im{i + 1:04d}.jpg", i, joints[i, :, :2] - 1.0, scores[i], sequence="LSP") for i in chosen
    ]


def lspet_split(name: str) -> LspetSplit:
    """Our split of LSPET, which has none: by the number in a picture's file name modulo 14, 0 is test and 7 val.

    Who is in two photos is not known, so people are not split.
    """
    number = int("".join(letter for letter in Path(name).stem if letter.isdigit()) or "0")
    return _OF_REST.get(number % _FOLDS, "train")


def read_lspet(root: str | Path, *, split: LspetSplit | Literal["all"] = "all") -> list[PeopleFrame]:
    """LSPET: one person in each picture; joints that are not labelled are NaN with the score 0.

    split: of `lspet_split`. A folder without joints.mat but with annotations.json is read as `read_lspet_resized` does.

    Raises as `read_lsp`.
    """
    if optional(root, "joints.mat") is None and optional(root, "annotations.json") is not None:
        return _of_split(read_lspet_resized(root), split)
    joints = _joints(root, SOURCE_LSPET, (len(_SKELETON), 3, None), "LSPET", "LSP").transpose(2, 0, 1)
    frames = [
        _labelled(Path(root), f"im{i + 1:05d}.jpg", i, rows[:, :2] - 1.0, rows[:, 2]) for i, rows in enumerate(joints)
    ]
    return _of_split(frames, split)


def _of_split(frames: list[PeopleFrame], split: str) -> list[PeopleFrame]:
    if split not in (*_OF_REST.values(), "train", "all"):
        raise InputError(f"split: expected train, val, test or all, got {split!r}")
    return [frame for frame in frames if split in ("all", lspet_split(frame.name))]


def read_lspet_resized(root: str | Path) -> list[PeopleFrame]:
    """A copy of LSPET with small pictures, images/ and annotations.json.

    {"joint_names": 14, "images": [{"file", "width", "height", "joints_px": [[x, y], ...], "visible": [0 or 1, ...]}]},
    pixels from 0, visible as in LSPET (labelled).

    Raises FileError and InputError (the text names the entry).
    """
    path = required(root, "annotations.json", SOURCE_LSPET)
    document = read_json(path)
    with located(path):
        names = tuple(member(document, "joint_names", list))
        if names != _RESIZED_NAMES:
            raise InputError(f"joint_names: expected {shown(list(_RESIZED_NAMES))}, got {shown(list(names))}")
        frames = [_resized(Path(root), i, entry) for i, entry in enumerate(member(document, "images", list))]
        check_once([frame.name for frame in frames], "images: file")
    return frames


def _resized(root: Path, index: int, entry: Any) -> PeopleFrame:
    with located(f"images[{index}]"):
        joints_px = numbers(member(entry, "joints_px", list), (len(_SKELETON), 2), "joints_px")
        labelled = flags(member(entry, "visible", list), len(_SKELETON), "visible")
        return _labelled(root, member(entry, "file", str), index, joints_px, labelled)


def _joints(root: str | Path, source: str, shape: tuple[int | None, ...], name: str, other: str) -> np.ndarray:
    path = required(root, "joints.mat", source)
    joints = np.asarray(read_mat(path, ("joints",))["joints"])
    wanted = "(" + ", ".join("pictures" if n is None else str(n) for n in shape) + ")"
    fits = joints.ndim == 3 and all(n in (None, got) for n, got in zip(shape, joints.shape, strict=True))
    if not fits or joints.dtype.kind not in "iuf":
        raise InputError(f"{path}: joints: expected {wanted} of {name}, got {joints.shape}; is it {other}?")
    if not np.isfinite(joints).all() or not np.isin(joints.take(2, axis=shape.index(3)), (0, 1)).all():
        raise InputError(f"{path}: joints: expected finite x, y and flags of 0 or 1, got others; check the file")
    return joints.astype(np.float64)


def _labelled(root: Path, name: str, index: int, joints_px: np.ndarray, labelled: np.ndarray) -> PeopleFrame:
    known = labelled > 0
    return _frame(
        root, name, index, np.where(known[:, None], joints_px, np.nan), known.astype(np.float64), sequence="LSPET"
    )


def _frame(
    root: Path, name: str, index: int, joints_px: np.ndarray, scores: np.ndarray, *, sequence: str
) -> PeopleFrame:
    return PeopleFrame(
        name=name,
        sequence=sequence,
        frame=index,
        skeleton=_SKELETON,
        joints_px=joints_px[None],
        joint_scores=scores[None],
        ids=(0,),
        image_path=root / "images" / name,
        licence=LICENCE,
    )
