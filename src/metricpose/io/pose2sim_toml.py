"""Cameras of a Pose2Sim calibration (TOML): one table for each camera, by name.

    [cam_01]
    name = "cam_01"
    size = [1088.0, 1920.0]                width, height
    matrix = [[fx, 0, cx], [0, fy, cy], [0, 0, 1]]
    distortions = [k1, k2, p1, p2]         OpenCV's order; four fisheye coefficients where fisheye = true
    rotation = [rx, ry, rz]                Rodrigues vector, camera from world
    translation = [tx, ty, tz]             metres
    fisheye = false

The world is z up, as Pose2Sim's calibrations are. Its results (TRC) are y up: there x, y, z are our y, z, x.
"""

import tomllib
from pathlib import Path
from typing import Any

from metricpose._errors import InputError
from metricpose.geometry import Camera
from metricpose.io._text import read_text
from metricpose.io.calibration import lens_of, motion_of, rotation_of
from metricpose.io.fields import located, member, numbers, shown, whole_number


def read_pose2sim_cameras(path: str | Path) -> dict[str, Camera]:
    """The cameras of the file, by name, in its order. InputError and FileError say what is wrong with it."""
    text = read_text(path, "TOML")
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise InputError(f"{path}: expected TOML, got a fault ({fault}); check the file") from None
    with located(path):
        return _cameras(document)


def _cameras(document: dict[str, Any]) -> dict[str, Camera]:
    tables = {key: table for key, table in document.items() if isinstance(table, dict) and "matrix" in table}
    if not tables:
        got = shown(sorted(document)) if document else "an empty file"
        raise InputError(
            f"expected a table with `matrix` for each camera (Pose2Sim calibration), got {got}; check the path"
        )
    cameras: dict[str, Camera] = {}
    for key, table in tables.items():
        with located(f"camera {key!r}"):
            name = member(table, "name", str, key)
            if name in cameras:
                raise InputError(f"name: expected each name once, got {shown(name)} again; rename one camera")
            cameras[name] = _camera(table)
    return cameras


def _camera(table: dict[str, Any]) -> Camera:
    size = numbers(member(table, "size", list), (2,), "size").tolist()
    coefficients = member(table, "distortions", list, [])
    return Camera(
        intrinsics_px=numbers(member(table, "matrix", list), (3, 3), "matrix"),
        image_size=(whole_number(size[0], "size: width"), whole_number(size[1], "size: height")),
        distortion=lens_of(
            numbers(coefficients, (len(coefficients),), "distortions"), fisheye=bool(table.get("fisheye"))
        ),
        cam_from_world=_extrinsics(table),
    )


def _extrinsics(table: dict[str, Any]) -> Any:
    if "rotation" not in table or "translation" not in table:
        return None  # intrinsic calibration only
    rotvec = numbers(member(table, "rotation", list), (3,), "rotation")
    return motion_of(rotation_of(rotvec), numbers(member(table, "translation", list), (3,), "translation"))
