"""The cameras of the study: three that stand still, as of one room, and random ones.

VirtualPose (ECCV 2022), figure 3a and table 5, has cameras 14, 16 and 19 of the CMU Panoptic studio. Ours differ in
lens, height and tilt; random ones are drawn from ranges that hold all three.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from metricpose._errors import InputError
from metricpose.geometry.camera import Camera
from metricpose.virtual.cameras import CameraOptions, CameraSource
from metricpose.virtual.one_camera import OneCamera, up_of, with_pose

IMAGE_SIZE = (1920, 1080)
RANDOM = "random"


@dataclass(frozen=True, kw_only=True)
class FixedCamera:
    """Width of view in degrees, height over the floor, and tilt downwards."""

    view_deg: float
    height_m: float
    pitch_deg: float

    def source(self) -> OneCamera:
        """As a source of scenes' cameras. Raises InputError where it stands in the floor or sees none of it."""
        lens = Camera.from_fov(IMAGE_SIZE, self.view_deg)
        return OneCamera(camera=with_pose(lens, up_of(self.pitch_deg), self.height_m))


FIXED: Mapping[str, FixedCamera] = MappingProxyType(
    {
        "low": FixedCamera(view_deg=70.0, height_m=0.9, pitch_deg=-3.0),
        "hall": FixedCamera(view_deg=60.0, height_m=2.4, pitch_deg=12.0),
        "ceiling": FixedCamera(view_deg=65.0, height_m=4.0, pitch_deg=38.0),
    }
)

RANDOM_CAMERAS = CameraOptions(
    focal_over_width=(0.55, 1.3), height_m=(0.5, 5.0), pitch_deg=(-15.0, 60.0), roll_max_deg=8.0, level_share=0.8,
    centre_shift=0.02, sizes=(IMAGE_SIZE,),
)  # fmt: skip

CAMERAS = (*FIXED, RANDOM)


def camera_source(name: str) -> CameraSource:
    """The camera, or random ones, of that name."""
    if name == RANDOM:
        return RANDOM_CAMERAS
    if name not in FIXED:
        raise InputError(f"study cameras: expected one of {', '.join(CAMERAS)}, got {name!r}")
    return FIXED[name].source()
