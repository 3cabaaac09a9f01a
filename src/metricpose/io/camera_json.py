"""Cameras in our own JSON: the `camera` object inside files of people, and the file of one camera.

    {"schema": "metricpose.camera/1", "image_size": [1920, 1080],
     "intrinsics_px": [[fx, s, cx], [0, fy, cy], [0, 0, 1]],
     "distortion": null, or a list (Brown-Conrady in OpenCV's order k1, k2, p1, p2[, k3[, k4, k5, k6]]),
                   or {"model": "brown_conrady" or "fisheye", "coefficients": [...]},
     "cam_from_world": 4 x 4 in metres (the world is z up), or null,
     "up_cam": [x, y, z], the world's up in the camera frame, where only the tilt is known; optional}

Inside a file of people the schema is absent and the picture's `width` and `height` stand for `image_size`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from metricpose._errors import InputError
from metricpose.geometry import BrownConrady, Camera, Distortion, Fisheye
from metricpose.io.atomic import write_text
from metricpose.io.fields import located, member, numbers, shown, whole_number
from metricpose.io.json_text import json_text, read_json

CAMERA_SCHEMA = "metricpose.camera/1"

_MODELS: Mapping[str, type[BrownConrady] | type[Fisheye]] = {"brown_conrady": BrownConrady, "fisheye": Fisheye}


def read_camera_json(path: str | Path) -> Camera:
    """The camera of one file in our own JSON. InputError and FileError say what is wrong with it."""
    document = read_json(path)
    with located(path):
        return camera_from_document(document)


def camera_from_document(document: Any) -> Camera:
    """The camera of a document in our own schema."""
    schema = member(document, "schema", str)
    if schema != CAMERA_SCHEMA:
        raise InputError(f"schema: expected {CAMERA_SCHEMA!r}, got {shown(schema)}; give a camera file")
    return camera_from_json(document, image_size_from_json(document))


def image_size_from_json(document: Any) -> tuple[int, int]:
    """`image_size` as width and height."""
    size = member(document, "image_size", list)
    if len(size) != 2:
        raise InputError(f"image_size: expected [width, height], got {shown(size)}")
    return whole_number(size[0], "image_size: width"), whole_number(size[1], "image_size: height")


def camera_from_json(value: Any, image_size: tuple[int, int]) -> Camera:
    """The camera of a `camera` object, for pictures of `image_size`."""
    intrinsics_px = numbers(member(value, "intrinsics_px", list), (3, 3), "intrinsics_px")
    extrinsics = member(value, "cam_from_world", list, None)
    up_cam = member(value, "up_cam", list, None)
    return Camera(
        intrinsics_px=intrinsics_px,
        image_size=image_size,
        distortion=_distortion_from_json(value.get("distortion")),
        cam_from_world=None if extrinsics is None else numbers(extrinsics, (4, 4), "cam_from_world"),
        up_cam=None if up_cam is None else numbers(up_cam, (3,), "up_cam"),
    )


def camera_to_json(camera: Camera) -> dict[str, Any]:
    """The `camera` object; it lacks the image size, which stands beside it."""
    entry = {
        "intrinsics_px": camera.intrinsics_px.tolist(),
        "distortion": _distortion_to_json(camera.distortion),
        "cam_from_world": None if camera.cam_from_world is None else camera.cam_from_world.tolist(),
    }
    return entry if camera.up_cam is None else {**entry, "up_cam": camera.up_cam.tolist()}


def camera_document(camera: Camera) -> dict[str, Any]:
    """The document that `camera_from_document` reads."""
    return {"schema": CAMERA_SCHEMA, "image_size": list(camera.image_size), **camera_to_json(camera)}


def write_camera(path: str | Path, camera: Camera) -> None:
    """Write one camera as our own JSON, atomically."""
    write_text(path, json_text(camera_document(camera)) + "\n")


def _distortion_from_json(value: Any) -> Distortion | None:
    if value is None:
        return None
    model = "brown_conrady"
    if isinstance(value, Mapping):
        model, value = member(value, "model", str), member(value, "coefficients", list)
    if not isinstance(value, list) or model not in _MODELS:
        expected = "null, a list in OpenCV's order, or {'model': 'brown_conrady' or 'fisheye', 'coefficients': [...]}"
        raise InputError(f"distortion: expected {expected}, got {shown(value if model in _MODELS else model)}")
    if not value:
        return None
    return _MODELS[model](tuple(numbers(value, (len(value),), "distortion")))


def _distortion_to_json(distortion: Distortion | None) -> Any:
    if isinstance(distortion, Fisheye):
        return {"model": "fisheye", "coefficients": list(distortion.coefficients)}
    return None if distortion is None else list(np.asarray(distortion.coefficients).tolist())
