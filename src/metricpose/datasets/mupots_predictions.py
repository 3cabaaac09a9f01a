"""Predictions for MuPoTS-3D as .mat, in the two layouts that are handed round.

By picture, as the released code of 3DMPPE (Moon et al., ICCV 2019) and its many descendants write them:

    preds_2d_kpt_mupots.mat     TS1_img_000000 (P, 17, 2) pixels, TS1_img_000001 ...
    preds_3d_kpt_mupots.mat     TS1_img_000000 (P, 17, 3) mm, camera frame; a picture without people has no entry

By sequence, in the form of the data set's own annot.mat (from memory: not seen in released code):

    *_2d*.mat, *_3d*.mat        TS1: a cell for each frame, with (P, J, 2 or 3); or a cell for each frame and person,
                                with (J, 2 or 3) or its transpose, empty for nobody

J is 17 in the order of MuPoTS, or 21 of MuCo, of which the first 17 are taken. There are no scores.
"""

import io
import re
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from metricpose._errors import FileError, InputError, MissingExtraError
from metricpose.datasets.prediction_units import Unit, metres_per
from metricpose.io.fields import located, shown
from metricpose.people import PeopleFrame
from metricpose.skeletons import CATALOGUE

_FAULTS = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, EOFError, zlib.error)
_DAMAGE = (*_FAULTS, NotImplementedError)  # the last: version 7.3
_MUPOTS17 = CATALOGUE["mupots17"]
_PICTURE = re.compile(r"TS\d+_img_\d+")
_SEQUENCE = re.compile(r"TS\d+")
_2D, _3D = re.compile(r"2d", re.IGNORECASE), re.compile(r"3d", re.IGNORECASE)


def read_mupots_predictions(path: str | Path, *, unit: Unit = "mm") -> list[PeopleFrame]:
    """The pictures of the file, named as the data set's ("TS1/img_000000"), with MuPoTS's 17 joints.

    Args:
        path: the folder with the two files, or the file with 3D joints. The one with 2D joints is the file of the same
            name with 2d for 3d; without it, `joints_px` are not stated (the official matching goes by them).
        unit: of the 3D joints.

    Raises FileError (missing), InputError (no such layout, files that do not agree) and MissingExtraError (no scipy).
    """
    metres = metres_per(unit)
    path_3d, path_2d = _pair(Path(path))
    joints = dict(_pictures(path_3d, 3))
    pixels = None if path_2d is None else dict(_pictures(path_2d, 2))
    return [_frame(name, metres * values, pixels, path_2d) for name, values in joints.items()]


def has_mupots_predictions(path: str | Path) -> bool:
    """Whether it is a .mat, or a folder with .mat files."""
    path = Path(path)
    return any(path.glob("*.mat")) if path.is_dir() else path.suffix.lower() == ".mat"


def _pair(path: Path) -> tuple[Path, Path | None]:
    if path.is_dir():
        found = sorted(file for file in path.glob("*.mat") if _3D.search(file.name))
        if len(found) != 1:
            got = ", ".join(file.name for file in found) or "none"
            raise FileError(f"{path}: expected one .mat with 3d in its name (preds_3d_kpt_mupots.mat), got {got}")
        path = found[0]
    elif _2D.search(path.name) and not _3D.search(path.name):
        raise InputError(f"{path}: expected the file with 3D joints, got the 2D one by its name; name the other")
    beside = path.with_name(_3D.sub("2d", path.name))
    return path, beside if beside != path and beside.is_file() else None


def _pictures(path: Path, dimensions: int) -> Iterator[tuple[str, np.ndarray]]:
    """Names and joints (P, 17, D)."""
    variables = _loaded(path)
    found = False
    for key, value in variables.items():
        with located(f"{path}: {key}"):
            if _PICTURE.fullmatch(key):
                found = True
                yield key.replace("_", "/", 1), _people(value, dimensions)
            elif _SEQUENCE.fullmatch(key):
                found = True
                for frame, people in enumerate(_frames(value, dimensions)):
                    yield f"{key}/img_{frame:06d}", people
    if not found:
        raise InputError(
            f"{path}: expected variables like TS1_img_000000 or TS1, got {shown(sorted(variables))}; check the file"
        )


def _people(value: Any, dimensions: int) -> np.ndarray:
    """(P, 17, D) of an array (P, J, D), or of one person's (J, D) or (D, J)."""
    array = np.asarray(value)
    if array.size == 0:
        return np.zeros((0, len(_MUPOTS17), dimensions))
    if array.dtype.kind not in "iuf":
        raise InputError(f"expected numbers, got {array.dtype}; check the file")
    array = array.astype(np.float64)
    if array.ndim == 2:
        array = array[None] if array.shape[1] == dimensions else array.T[None]
    if array.ndim != 3 or array.shape[1] not in (17, 21) or array.shape[2] != dimensions:
        raise InputError(f"expected (people, 17, {dimensions}) joints of MuPoTS, got {np.shape(value)}; check the file")
    if np.isinf(array).any():
        raise InputError("expected finite numbers, or NaN for what is not known, got infinity")
    return array[:, : len(_MUPOTS17)]


def _frames(cells: Any, dimensions: int) -> Iterator[np.ndarray]:
    if not isinstance(cells, np.ndarray) or cells.dtype != object or cells.ndim != 2:
        raise InputError(f"expected a cell for each frame, got {shown(type(cells).__name__)} {np.shape(cells)}")
    rows = cells.T if cells.shape[0] == 1 and cells.shape[1] > 1 else cells  # a lying list of frames
    for frame, row in enumerate(rows):
        with located(f"frame {frame}"):
            yield np.concatenate([_people(cell, dimensions) for cell in row])


def _frame(
    name: str, joints_cam: np.ndarray, pixels: Mapping[str, np.ndarray] | None, path_2d: Path | None
) -> PeopleFrame:
    joints_px = None if pixels is None else pixels.get(name)
    if pixels is not None and (joints_px is None or len(joints_px) != len(joints_cam)):
        got = "nobody" if joints_px is None else f"{len(joints_px)}"
        raise InputError(f"{path_2d}: {name}: expected the {len(joints_cam)} people of the 3D file, got {got}")
    return PeopleFrame(name=name, skeleton=_MUPOTS17, joints_cam=joints_cam, joints_px=joints_px)


def _loaded(path: Path) -> dict[str, Any]:
    try:
        from scipy.io import loadmat
        from scipy.io.matlab import MatReadError
    except ImportError as error:
        raise MissingExtraError("reading .mat", "datasets") from error
    try:
        data = io.BytesIO(path.read_bytes())
    except OSError as error:
        raise FileError(f"{path}: cannot read this .mat file ({error.strerror or error}); check the path") from error
    try:
        return {key: value for key, value in loadmat(data).items() if not key.startswith("__")}
    except (MatReadError, OSError, *_DAMAGE) as fault:
        text = " ".join(str(fault).split())
        raise InputError(f"{path}: expected a .mat file before version 7.3, got something else ({text:.80})") from None
