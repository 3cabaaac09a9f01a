"""Which camera took a picture: given, by a stated field of view, by EXIF, or assumed; and how sure that is.

The reasons behind each number are in docs/explanation/intrinsics.md.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from metricpose.geometry import Camera
from metricpose.inference.sensors import sensor_long_side_mm
from metricpose.people import CameraSource

# A phone's main camera sees 60 to 68 degrees across its long side, a 50 mm lens 40, an action camera 90.
DEFAULT_FOV_DEG = 60.0

# Standard deviations of log(focal length).
GIVEN_SIGMA = 0.0
EXIF_SIGMA = 0.03
EXIF_SENSOR_SIGMA = 0.05
EXIF_CROPPED_SIGMA = 0.15
FOV_SIGMA = 0.02
DEFAULT_SIGMA = 0.25

_DIAGONAL_35MM = math.hypot(36.0, 24.0)
_UNIT_MM = {2: 25.4, 3: 10.0, 4: 1.0, 5: 1e-3}  # EXIF FocalPlaneResolutionUnit
_SAME_ASPECT = 0.02
# Focal lengths beyond these multiples of the diagonal (165 and 2 degrees across it) are damaged tags.
_PLAUSIBLE = (0.06, 30.0)


class Intrinsics(NamedTuple):
    """A camera, where it came from, and the standard deviation of the log of its focal length."""

    camera: Camera
    source: CameraSource
    focal_sigma: float


def intrinsics(
    image_size: tuple[int, int],
    *,
    given: Camera | None = None,
    exif: Mapping[str, Any] | None = None,
    fov_deg: float | None = None,
) -> Intrinsics:
    """The camera of a picture, from the best source at hand.

    Args:
        image_size: width and height in pixels, after EXIF orientation has been applied.
        given: a calibration; it is returned as it is.
        exif: tags by name, as `metricpose.inference.exif.read_exif` gives them.
        fov_deg: horizontal field of view, across the width, in degrees.

    Returns:
        In this order, whichever is there first: `given`; `fov_deg` ("fov"), as what somebody says of this picture
        outweighs its tags; the focal length of `exif` ("exif"); 60 degrees across the longer side ("default"). The
        last three are pinholes that look through the centre.

    Raises:
        InputError: a field of view outside (0, 180) degrees, or a size that is none.
    """
    if given is not None:
        return Intrinsics(given, "given", GIVEN_SIGMA)
    if fov_deg is not None:
        return Intrinsics(Camera.from_fov(image_size, fov_deg), "fov", FOV_SIGMA)
    focal = _exif_focal(image_size, exif or {})
    if focal is not None:
        return Intrinsics(Camera.from_focal(image_size, focal[0]), "exif", focal[1])
    return Intrinsics(default_camera(image_size), "default", DEFAULT_SIGMA)


def default_camera(image_size: tuple[int, int]) -> Camera:
    """The camera assumed where nothing is known: 60 degrees across the longer side."""
    return Camera.from_fov(image_size, DEFAULT_FOV_DEG, axis="x" if image_size[0] >= image_size[1] else "y")


def _exif_focal(image_size: tuple[int, int], exif: Mapping[str, Any]) -> tuple[float, float] | None:
    """Focal length in pixels of this picture and its sigma, or None where EXIF does not tell."""
    taken, scale, cropped = _as_taken(image_size, exif)
    found = _from_35mm(taken, exif) or _from_sensor(taken, exif)
    if found is None:
        return None
    focal_px, sigma = found
    if not _PLAUSIBLE[0] < focal_px / math.hypot(*taken) < _PLAUSIBLE[1]:
        return None
    return focal_px * scale, EXIF_CROPPED_SIGMA if cropped else sigma


def _as_taken(image_size: tuple[int, int], exif: Mapping[str, Any]) -> tuple[tuple[float, float], float, bool]:
    """Long and short side of the picture that the camera wrote, pixels of this one per pixel of it, and if it was cut.

    EXIF keeps the size that the camera wrote. Other proportions now mean that the picture was cut since; it is then
    taken to reach across the original on one side, as it does after the usual cut to another format.
    """
    long, short = float(max(image_size)), float(min(image_size))
    sides = _number(exif, "ExifImageWidth"), _number(exif, "ExifImageHeight")
    if sides[0] is None or sides[1] is None:
        return (long, short), 1.0, False
    taken = max(sides[0], sides[1]), min(sides[0], sides[1])
    scales = long / taken[0], short / taken[1]
    cropped = abs(math.log(scales[0] / scales[1])) > _SAME_ASPECT
    return taken, max(scales), cropped


def _from_35mm(taken: tuple[float, float], exif: Mapping[str, Any]) -> tuple[float, float] | None:
    """By the 35 mm equivalent, which is defined on the diagonal of 36 x 24 mm (CIPA DCG-001)."""
    equivalent_mm = _number(exif, "FocalLengthIn35mmFilm")
    return None if equivalent_mm is None else (equivalent_mm / _DIAGONAL_35MM * math.hypot(*taken), EXIF_SIGMA)


def _from_sensor(taken: tuple[float, float], exif: Mapping[str, Any]) -> tuple[float, float] | None:
    """By the focal length in mm, and the sensor's density of pixels or else its size by the camera's name."""
    focal_mm = _number(exif, "FocalLength")
    make, model = str(exif.get("Make", "")), str(exif.get("Model", ""))
    side_mm = _density_side_mm(taken, exif) or sensor_long_side_mm(make, model)
    if focal_mm is None or side_mm is None:
        return None
    zoom = max(1.0, _number(exif, "DigitalZoomRatio") or 1.0)
    return focal_mm * zoom / side_mm * taken[0], EXIF_SENSOR_SIGMA


def _density_side_mm(taken: tuple[float, float], exif: Mapping[str, Any]) -> float | None:
    """Long side of the sensor by FocalPlaneXResolution, where that gives the size of a sensor that exists."""
    density, unit = _number(exif, "FocalPlaneXResolution"), _number(exif, "FocalPlaneResolutionUnit") or 2.0
    if density is None or int(unit) not in _UNIT_MM:
        return None
    side_mm = taken[0] / density * _UNIT_MM[int(unit)]
    return side_mm if 2.5 < side_mm < 60.0 else None


def _number(exif: Mapping[str, Any], tag: str) -> float | None:
    """A tag as a positive finite number; zero stands for unknown in EXIF."""
    try:
        value = float(exif[tag])
    except (KeyError, TypeError, ValueError):
        return None
    return value if math.isfinite(value) and value > 0.0 else None
