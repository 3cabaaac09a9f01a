"""Cameras of CMU Panoptic: {"cameras": [{"name", "resolution", "K", "distCoef", "R", "t"}]}, centimetres, y down.

x_cam = R x + t there. Our world is z up and in metres, with the same ground (its y = 0) and the axes x' = x, y' = z,
z' = -y: x = M x' with M = [[1, 0, 0], [0, 0, -1], [0, 1, 0]], so the rotation is multiplied by M from the right.
"""

from pathlib import Path
from typing import Any

import numpy as np

from metricpose._errors import InputError
from metricpose.geometry import Camera
from metricpose.io.calibration import lens_of, motion_of
from metricpose.io.fields import located, member, numbers, shown, whole_number
from metricpose.io.json_text import read_json

METRES_PER_CM = 0.01

# Panoptic's world from ours.
PANOPTIC_FROM_WORLD = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
PANOPTIC_FROM_WORLD.setflags(write=False)


def read_panoptic_cameras(path: str | Path) -> dict[str, Camera]:
    """The cameras of the file, by name, in its order. InputError and FileError say what is wrong with it."""
    document = read_json(path)
    with located(path):
        return panoptic_cameras(document)


def is_panoptic(document: Any) -> bool:
    """Whether a parsed document looks like a Panoptic calibration."""
    cameras = document.get("cameras") if isinstance(document, dict) else None
    return isinstance(cameras, list) and bool(cameras) and isinstance(cameras[0], dict) and "K" in cameras[0]


def panoptic_cameras(document: Any) -> dict[str, Camera]:
    """The cameras of a parsed document, by name."""
    cameras: dict[str, Camera] = {}
    for index, entry in enumerate(member(document, "cameras", list)):
        with located(f"cameras[{index}]"):
            name = member(entry, "name", str)
            if name in cameras:
                raise InputError(f"name: expected each name once, got {shown(name)} again; rename one camera")
            cameras[name] = _camera(entry)
    if not cameras:
        raise InputError("cameras: expected at least one, got none; check the file")
    return cameras


def _camera(entry: dict[str, Any]) -> Camera:
    size = member(entry, "resolution", list)
    if len(size) != 2:
        raise InputError(f"resolution: expected [width, height], got {shown(size)}")
    coefficients = member(entry, "distCoef", list, [])
    rotation = numbers(member(entry, "R", list), (3, 3), "R")
    translation = numbers(member(entry, "t", list), (3, 1), "t").reshape(3)
    return Camera(
        intrinsics_px=numbers(member(entry, "K", list), (3, 3), "K"),
        image_size=(whole_number(size[0], "resolution: width"), whole_number(size[1], "resolution: height")),
        distortion=lens_of(numbers(coefficients, (len(coefficients),), "distCoef"), fisheye=False),
        cam_from_world=motion_of(rotation @ PANOPTIC_FROM_WORLD, METRES_PER_CM * translation),
    )
