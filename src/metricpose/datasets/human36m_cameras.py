"""Cameras of Human3.6M, from the three files in which they go about.

    cameras.h5               Martinez et al. 2017: subject<n>/camera<m>/{R, T, c, f, k, p, Name}, mm; its R, as h5py
                             gives it, is world from camera
    cameras.pkl              mmpose: {("S1", "54138969"): {"R", "T", "c", "f", "k", "p", "w", "h"}}, metres, the same R
    camera-parameters.json   {"intrinsics": {"54138969": {"calibration_matrix", "distortion"}},
                              "extrinsics": {"S1": {"54138969": {"R", "t"}}}}, mm, x_cam = R x + t

In the first two, x_cam = R^T (x - T), and T is the place of the camera. The world is z up.

The pixels of the data set come from a lens x' = x (radial + p1 y + p2 x) + p2 r^2 (four records of mmpose's agree with
it to 0.0001 px), where Brown's model has 2 p1 y + 2 p2 x. Our `BrownConrady` takes the same coefficients and is up to
0.2 px beside it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from metricpose._errors import FileError, InputError, MissingExtraError
from metricpose.datasets.calibrated import METRES_PER_MM, pinhole
from metricpose.datasets.safe_pickle import read_pickle
from metricpose.geometry import BrownConrady, Camera
from metricpose.io.calibration import motion_of
from metricpose.io.fields import located, member, numbers, shown, whole_number
from metricpose.io.json_text import read_json

CAMERA_IDS = ("54138969", "55011271", "58860488", "60457274")
"""In the order of camera1 to camera4."""

CAMERA_FILES = ("cameras.h5", "h36m/cameras.h5", "camera-parameters.json", "camera_parameters.json", "cameras.pkl")

_SIZES = {"54138969": (1000, 1002), "55011271": (1000, 1000), "58860488": (1000, 1000), "60457274": (1000, 1002)}
_FAR_M = 30.0

Cameras = Mapping[tuple[str, str], Camera]


def read_human36m_cameras(path: str | Path) -> dict[tuple[str, str], Camera]:
    """The cameras by subject and camera, ("S1", "54138969"), with `cam_from_world` in metres, z up.

    Raises FileError (missing, unreadable), InputError (bad content; the text names the camera) and MissingExtraError
    (cameras.h5 without h5py).
    """
    readers = {".h5": (_groups_of_h5, _of_groups), ".json": (read_json, _of_json), ".pkl": (read_pickle, _of_pickle)}
    suffix = Path(path).suffix.lower()
    if suffix not in readers:
        expected = "cameras.h5, cameras.pkl or camera-parameters.json"
        raise InputError(f"{path}: expected {expected}, got {suffix or 'no suffix'}; name another file")
    read, cameras_of = readers[suffix]
    document = read(path)
    with located(path):
        return cameras_of(document)


def camera_of(cameras: Cameras, subject: str, camera_id: str, where: str) -> Camera:
    """One of them; InputError names what is there."""
    found = cameras.get((subject, camera_id))
    if found is None:
        known = ", ".join(sorted({f"{s} {c}" for s, c in cameras}))
        raise InputError(f"{where}: expected the camera {camera_id} of {subject} among the cameras, got {known:.100}")
    return found


def _groups_of_h5(path: str | Path) -> dict[tuple[str, str], dict[str, np.ndarray]]:
    try:
        import h5py
    except ImportError as error:
        raise MissingExtraError("reading cameras.h5", "datasets") from error
    try:
        with Path(path).open("rb"):
            pass
    except OSError as error:
        raise FileError(f"{path}: cannot read this file of cameras ({error.strerror}); check the path") from error
    try:
        with h5py.File(path, "r") as file:
            return {
                (subject, camera): {key: np.asarray(entry[()]) for key, entry in held.items()}
                for subject, of_subject in file.items()
                if subject.startswith("subject")
                for camera, held in of_subject.items()
            }
    except (OSError, RuntimeError, KeyError, AttributeError, TypeError, ValueError) as fault:
        raise InputError(
            f"{path}: expected the HDF5 file cameras.h5, got another ({' '.join(str(fault).split()):.80})"
        ) from None


def _of_groups(groups: Mapping[tuple[str, str], dict[str, np.ndarray]]) -> dict[tuple[str, str], Camera]:
    cameras = {}
    for (subject, camera), held in groups.items():
        with located(f"{subject}/{camera}"):
            name = "".join(chr(int(code)) for code in np.ravel(member(held, "Name", np.ndarray)))
            cameras[f"S{subject.removeprefix('subject')}", name] = _camera(held, name, METRES_PER_MM)
    return cameras


def _of_pickle(document: Any) -> dict[tuple[str, str], Camera]:
    if not isinstance(document, Mapping) or not all(isinstance(k, tuple) and len(k) == 2 for k in document):
        raise InputError("expected a dictionary by subject and camera, got another; is it mmpose's cameras.pkl?")
    cameras = {}
    for (subject, name), held in document.items():
        with located(f"{subject} {name}"):
            cameras[str(subject), str(name)] = _camera(held, str(name), 1.0)
    return cameras


def _camera(held: Any, name: str, metres_per_unit: float) -> Camera:
    world_from_cam = numbers(member(held, "R", np.ndarray), (3, 3), "R")
    place_m = metres_per_unit * _flat(held, "T", 3)
    k1, k2, k3 = _flat(held, "k", 3)
    p1, p2 = _flat(held, "p", 2)
    return _checked(
        pinhole(
            _flat(held, "f", 2),
            _flat(held, "c", 2),
            (whole_number(held["w"], "w"), whole_number(held["h"], "h")) if {"w", "h"} <= held.keys() else _size(name),
            distortion=BrownConrady((k1, k2, p1, p2, k3)),
            cam_from_world=motion_of(world_from_cam.T, -world_from_cam.T @ place_m),
        )
    )


def _flat(held: Any, key: str, count: int) -> np.ndarray:
    return numbers(np.ravel(member(held, key, np.ndarray)), (count,), key)


def _of_json(document: Any) -> dict[tuple[str, str], Camera]:
    intrinsics = member(document, "intrinsics", dict)
    cameras = {}
    for subject, held in member(document, "extrinsics", dict).items():
        for name in held:
            with located(f"{subject} {name}"):
                cameras[subject, name] = _json_camera(member(intrinsics, name, dict), member(held, name, dict), name)
    return cameras


def _json_camera(intrinsic: dict[str, Any], extrinsic: dict[str, Any], name: str) -> Camera:
    lens = member(intrinsic, "distortion", list)
    rotation = numbers(member(extrinsic, "R", list), (3, 3), "R")
    translation = METRES_PER_MM * numbers(np.ravel(member(extrinsic, "t", list)), (3,), "t")
    return _checked(
        Camera(
            intrinsics_px=numbers(member(intrinsic, "calibration_matrix", list), (3, 3), "calibration_matrix"),
            image_size=_size(name),
            distortion=BrownConrady(tuple(numbers(np.ravel(lens), (5,), "distortion"))),
            cam_from_world=motion_of(rotation, translation),
        )
    )


def _size(name: str) -> tuple[int, int]:
    if name not in _SIZES:
        raise InputError(f"expected one of the cameras {', '.join(CAMERA_IDS)}, got {shown(name)}; check the file")
    return _SIZES[name]


def _checked(camera: Camera) -> Camera:
    """The room is some metres wide: a camera kilometres or millimetres off is in another unit."""
    place = camera.centre_world
    distance = float(np.linalg.norm(place)) if place is not None else 0.0
    if not 0.1 <= distance <= _FAR_M:
        raise InputError(f"expected a camera some metres from the origin, got {distance:.4g} m; check the units")
    return camera
