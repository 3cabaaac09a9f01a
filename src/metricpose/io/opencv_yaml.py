"""One camera from OpenCV's FileStorage (YAML or JSON) or a ROS camera_info file.

| read | under any of these keys |
|---|---|
| camera matrix, 3 x 3 | camera_matrix, cameraMatrix, K, mtx, M |
| distortion, OpenCV's order | distortion_coefficients, dist_coeffs, distCoeffs, D, dist |
| picture size | image_width and image_height, or image_size, imageSize, resolution |
| pose of the world in the camera, optional | R (matrix or Rodrigues vector), else rvec; with T, t or tvec |

A matrix is {rows, cols, data}, nested lists, or a flat list. `fisheye_model: 1` or a `distortion_model` of fisheye or
equidistant makes it a fisheye. R and T go from the world to the camera; they are taken as metres, in a world that is
z up. A calibration whose world is a chart or a board lying otherwise must leave them out.
"""

from pathlib import Path
from typing import Any

import numpy as np

from metricpose._errors import InputError
from metricpose.geometry import Camera
from metricpose.io._text import read_text
from metricpose.io.calibration import first_of, lens_of, motion_of, rotation_of
from metricpose.io.fields import located, member, numbers, shown, whole_number
from metricpose.io.plain_yaml import parsed_yaml

_MATRIX = ("camera_matrix", "cameraMatrix", "K", "mtx", "M")
_DISTORTION = ("distortion_coefficients", "dist_coeffs", "distCoeffs", "D", "dist")
_SIZE = ("image_size", "imageSize", "resolution")
_FISHEYE = ("fisheye", "equidistant", "kannala_brandt")


def read_opencv_camera(path: str | Path, image_size: tuple[int, int] | None = None) -> Camera:
    """The camera of a YAML file; `image_size` for files that do not hold it. InputError and FileError tell the rest."""
    text = read_text(path, "YAML")
    with located(path):
        return opencv_camera(parsed_yaml(text), image_size)


def is_opencv(document: Any) -> bool:
    """Whether a parsed document has a camera matrix under one of the known keys."""
    return isinstance(document, dict) and first_of(document, _MATRIX) is not None


def opencv_camera(document: Any, image_size: tuple[int, int] | None = None) -> Camera:
    """The camera of a parsed document."""
    if not is_opencv(document):
        got = shown(sorted(map(str, document))) if isinstance(document, dict) else shown(document)
        raise InputError(f"expected a camera matrix under one of {', '.join(_MATRIX)}, got {got}; check the file")
    coefficients = first_of(document, _DISTORTION)
    return Camera(
        intrinsics_px=_matrix(first_of(document, _MATRIX), "camera matrix", (3, 3)),
        image_size=_size(document) or image_size or _no_size(),
        distortion=None if coefficients is None else _lens(document, coefficients),
        cam_from_world=_extrinsics(document),
    )


def _lens(document: dict[str, Any], coefficients: Any) -> Any:
    values = _flat(coefficients, "distortion")
    model = str(first_of(document, ("distortion_model", "camera_model")) or "").lower()
    flagged = first_of(document, ("fisheye_model", "fisheye"))
    return lens_of(values, fisheye=model in _FISHEYE or flagged in (1, True))


def _size(document: dict[str, Any]) -> tuple[int, int] | None:
    size = first_of(document, _SIZE)
    if size is None:
        size = [first_of(document, (f"image_{side}", f"image{side}", side)) for side in ("width", "height")]
    if size in ([None, None], []):
        return None
    if not isinstance(size, list) or len(size) != 2:
        raise InputError(f"image size: expected width and height, got {shown(size)}")
    return whole_number(size[0], "image width"), whole_number(size[1], "image height")


def _no_size() -> tuple[int, int]:
    raise InputError("image size: expected image_width and image_height, got neither; add them to the file")


def _extrinsics(document: dict[str, Any]) -> np.ndarray | None:
    rotation, translation = first_of(document, ("R", "rvec")), first_of(document, ("T", "t", "tvec"))
    if rotation is None or translation is None:
        return None  # one alone is the rectification of ROS, or part of something else
    turned = _flat(rotation, "R")
    if turned.size not in (3, 9):
        raise InputError(f"R: expected a 3 x 3 matrix or a Rodrigues vector of 3, got {turned.size} numbers")
    matrix = rotation_of(turned) if turned.size == 3 else turned.reshape(3, 3)
    return motion_of(matrix, _matrix(translation, "T", (3,)))


def _matrix(value: Any, what: str, shape: tuple[int, ...]) -> np.ndarray:
    return numbers(_flat(value, what).tolist(), (int(np.prod(shape)),), what).reshape(shape)


def _flat(value: Any, what: str) -> np.ndarray:
    """All numbers of a matrix, row by row, from {rows, cols, data} or lists."""
    if isinstance(value, dict):
        value = member(value, "data", list)
    if not isinstance(value, list):
        raise InputError(f"{what}: expected numbers, got {shown(value)}")
    rows = [row if isinstance(row, list) else [row] for row in value]
    flat = [entry for row in rows for entry in row]
    return numbers(flat, (len(flat),), what)
