"""Reading of cameras in any of the formats we know: which one it is, is found out from the content."""

import difflib
from pathlib import Path
from typing import Any

from metricpose._errors import InputError
from metricpose.geometry import Camera
from metricpose.io._text import read_text
from metricpose.io.camera_json import CAMERA_SCHEMA, camera_from_document
from metricpose.io.fields import located, shown
from metricpose.io.json_text import parsed_json
from metricpose.io.opencv_yaml import is_opencv, opencv_camera, read_opencv_camera
from metricpose.io.panoptic_json import is_panoptic, panoptic_cameras
from metricpose.io.pose2sim_toml import read_pose2sim_cameras

_KNOWN = f"our JSON ({CAMERA_SCHEMA}), OpenCV YAML or JSON, Pose2Sim TOML or CMU Panoptic JSON"
_MOST_NAMES = 12


def read_cameras(path: str | Path, image_size: tuple[int, int] | None = None) -> dict[str, Camera]:
    """The cameras of a calibration file, by name, in its order; a camera without a name has the file's.

    `image_size` is for OpenCV files that do not hold it.

    Raises:
        FileError: missing or unreadable.
        InputError: the content is not what it must be; the text says which file and camera.
    """
    path = Path(path)
    text = read_text(path, "calibration")
    suffix = path.suffix.lower()
    if text.lstrip().startswith("{"):
        with located(path):
            return _from_json(parsed_json(text, "document"), path.stem, image_size)
    if text.startswith("%YAML") or suffix in (".yaml", ".yml"):
        return {path.stem: read_opencv_camera(path, image_size)}
    if suffix == ".toml":
        return read_pose2sim_cameras(path)
    got = "an empty file" if not text.strip() else f"{shown(text.strip()[:40])}"
    raise InputError(f"{path}: expected a calibration ({_KNOWN}), got {got}; check the path")


def read_camera(path: str | Path, name: str | None = None, image_size: tuple[int, int] | None = None) -> Camera:
    """The camera of a calibration file: the one called `name`, or the only one. Errors as `read_cameras`."""
    cameras = read_cameras(path, image_size)
    if name is None and len(cameras) == 1:
        return next(iter(cameras.values()))
    if name is None:
        raise InputError(f"{path}: expected the name of one of {len(cameras)} cameras, got none; {_names(cameras)}")
    if name not in cameras:
        raise InputError(f"{path}: expected a camera of the file, got {shown(name)}; {_names(cameras, name)}")
    return cameras[name]


def _from_json(document: Any, stem: str, image_size: tuple[int, int] | None) -> dict[str, Camera]:
    if "schema" in document:
        return {stem: camera_from_document(document)}
    if is_panoptic(document):
        return panoptic_cameras(document)
    if is_opencv(document):
        return {stem: opencv_camera(document, image_size)}
    raise InputError(f"expected a calibration ({_KNOWN}), got an object with {shown(sorted(document))}; check the path")


def _names(cameras: dict[str, Camera], wanted: str | None = None) -> str:
    names = list(cameras) if wanted is None else difflib.get_close_matches(wanted, cameras, 4) or list(cameras)
    more = f" and {len(cameras) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"choose {', '.join(names[:_MOST_NAMES])}{more} (--camera-name)"
