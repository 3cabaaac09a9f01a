"""MPI-INF-3DHP in mmpose's conversion: chosen pictures, their poses, and files of cameras.

    <root>/annotations/mpi_inf_3dhp_test_valid.npz      imgname (N,), center (N, 2), scale (N,), part (N, 17, 3) pixels
                                                        with 1 where in the picture, S (N, 17, 4) metres, camera frame
    <root>/annotations/cameras_test.pkl                 {"TS1": {"c", "f", "w", "h"}}
    <root>/annotations/cameras_train.pkl                {"S1_Seq1_Cam0": {"R", "T", "c", "f", "w", "h"}}: metres,
                                                        x_cam = R x + T, world y up
    <root>/images/TS1_002001.jpg                        (pictures, not needed)

The released cameras_train.pkl gives its pictures of 2048 x 2048 the height 204, which is put right. Hips and spine lie
1 to 2 px from the projections of their 3D places, as in the data set itself; all other joints agree to 0.2 px.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from metricpose._errors import InputError
from metricpose.datasets.calibrated import Y_UP_FROM_Z_UP, centred_boxes, check_metres, check_once, pinhole
from metricpose.datasets.files import required
from metricpose.datasets.mpi_inf_3dhp import LICENCE
from metricpose.datasets.safe_pickle import read_object_npz, read_pickle
from metricpose.geometry import Camera
from metricpose.io.calibration import motion_of
from metricpose.io.fields import located, member, numbers, shown
from metricpose.people import PeopleFrame
from metricpose.skeletons import CATALOGUE

SOURCE = "https://vcai.mpi-inf.mpg.de/3dhp-dataset, converted by mmpose's preprocess_mpi_inf_3dhp.py"

_SKELETON = CATALOGUE["mpi_inf_3dhp17"]
_FILES = {
    "test": ("mpi_inf_3dhp_test_valid.npz", "mpi_inf_3dhp_test_all.npz", "test_3dhp_test.npz"),
    "train": ("mpi_inf_3dhp_train.npz", "test_3dhp_train.npz"),
}
_FOLDERS = ("annotations/", "")


def read_mpi_inf_3dhp_mmpose(
    root: str | Path, *, split: Literal["test", "train"] = "test", annotations: str | Path | None = None
) -> list[PeopleFrame]:
    """The pictures of the file, one person in each: 17 joints, metres in the camera frame, with their cameras.

    `name` is the picture's ("TS1_002001.jpg"); `sequence` ("TS1", "S1/Seq1/video_0") and `frame` (from 0) are read from
    it. `joint_scores` are 0 for joints outside the picture, whose 3D places are stated all the same.

    Args:
        root: see above.
        split: "test" or "train".
        annotations: the NPZ, if it is called otherwise; its cameras lie beside it.

    Raises FileError (a missing file, and where to get it) and InputError (bad content; the text names the picture).
    """
    if split not in _FILES:
        raise InputError(f"split: expected test or train, got {split!r}")
    places = tuple(folder + name for name in _FILES[split] for folder in _FOLDERS)
    path = Path(annotations) if annotations is not None else required(root, places, SOURCE)
    lenses_path = required(path.parent, f"cameras_{split}.pkl", SOURCE)
    lenses = read_pickle(lenses_path)
    arrays = read_object_npz(path)
    with located(path):
        names = [str(name) for name in np.ravel(_member(arrays, "imgname"))]
        check_once(names, "imgname")
        rows_px = numbers(_member(arrays, "part"), (len(names), len(_SKELETON), 3), "part", finite=False)
        rows_cam = numbers(_member(arrays, "S"), (len(names), len(_SKELETON), 4), "S", finite=False)
        centres = numbers(_member(arrays, "center"), (len(names), 2), "center")
        boxes = centred_boxes(centres, numbers(_member(arrays, "scale"), (len(names),), "scale"))
        check_metres(rows_cam[..., :3], "S")
    frames = []
    for name, px, cam, box in zip(names, rows_px, rows_cam, boxes, strict=True):
        clip, _, digits = Path(name).stem.rpartition("_")
        if not digits.isdigit():
            raise InputError(f"{path}: {name}: expected a name such as TS1_002001.jpg; rename the picture")
        labelled = px[:, 2] > 0
        frames.append(
            PeopleFrame(
                name=name,
                sequence=clip.replace("_Cam", "/video_").replace("_Seq", "/Seq"),
                frame=int(digits) - 1,
                skeleton=_SKELETON,
                joints_cam=cam[None, :, :3],
                joints_px=np.where(labelled[:, None], px[:, :2], np.nan)[None],
                joint_scores=labelled.astype(np.float64)[None],
                boxes_px=box[None],
                ids=(0,),
                camera=_camera(lenses, clip, lenses_path),
                image_path=Path(root) / "images" / name,
                licence=LICENCE,
            )
        )
    return frames


def _member(arrays: dict[str, Any], key: str) -> np.ndarray:
    value = arrays.get(key)
    if not isinstance(value, np.ndarray):
        raise InputError(f"expected the array {key!r}, got {shown(sorted(arrays))}; is it mmpose's file of 3D poses?")
    return value


def _camera(lenses: Any, name: str, path: Path) -> Camera:
    if not isinstance(lenses, Mapping) or name not in lenses:
        got = shown(sorted(map(str, lenses))) if isinstance(lenses, Mapping) else shown(lenses)
        raise InputError(f"{path}: expected the camera {name}, got {got}; is it the file of this split?")
    with located(f"{path}: {name}"):
        held = lenses[name]
        width, height = (int(member(held, key, (int, float))) for key in ("w", "h"))
        return pinhole(
            numbers(np.ravel(member(held, "f", np.ndarray)), (2,), "f"),
            numbers(np.ravel(member(held, "c", np.ndarray)), (2,), "c"),
            (width, 2048 if (width, height) == (2048, 204) else height),
            cam_from_world=_motion(held) if "R" in held else None,
        )


def _motion(held: Mapping[str, Any]) -> np.ndarray:
    rotation = numbers(member(held, "R", np.ndarray), (3, 3), "R")
    translation = numbers(np.ravel(member(held, "T", np.ndarray)), (3,), "T")
    return motion_of(rotation @ Y_UP_FROM_Z_UP, translation)
