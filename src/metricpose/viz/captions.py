"""What pictures and pages say in words, alike in both."""

from typing import Final

from metricpose.geometry import Camera
from metricpose.people import People3D

_CAMERAS: Final = {
    "given": "camera: given",
    "exif": "camera: focal length from EXIF",
    "fov": "camera: stated field of view",
    "estimated": "camera: estimated from the picture",
    "default": "camera: ASSUMED (no calibration, no EXIF); distances scale with it",
}


def distance(people: People3D, person: int) -> str:
    """Depth of the root and its 90 % interval in metres, e.g. ``3.42 m (3.1-3.8)``; without one where it is a point."""
    depth = float(people.root_cam[person, 2])
    near, far = (float(z) for z in people.root_depth_interval[person])
    if far <= near:
        return f"{depth:.2f} m"
    places = 2 if far - near < 0.2 else 1
    return f"{depth:.2f} m ({near:.{places}f}-{far:.{places}f})"


def count(people: int) -> str:
    """How many people, in words."""
    return {0: "no people", 1: "1 person"}.get(people, f"{people} people")


def camera_note(camera: Camera, source: str) -> str:
    """Where the camera comes from, and its focal length and field of view."""
    (fx, _), (across, down) = camera.focal_px, camera.fov_deg
    return f"{_CAMERAS[source]}; f = {fx:.0f} px, {across:.0f} x {down:.0f} deg"
