"""The cameras of the study: three that stand still, as of one room, and random ones.

VirtualPose (ECCV 2022), figure 3a and table 5, has cameras 14, 16 and 19 of the CMU Panoptic studio. Ours differ in
lens, height and tilt; random ones are drawn from ranges that hold all three.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch

from metricpose._errors import InputError
from metricpose.geometry.camera import Camera
from metricpose.virtual.cameras import Band, CameraBatch, CameraSource, cam_from_world_rotation
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


@dataclass(frozen=True, kw_only=True)
class UniformCameras:
    """Cameras whose focal length over width, height and tilt downwards are drawn evenly between two bounds each, "as we
    have little knowledge about the testing camera" (5.3); held level but for `roll_deg`, a standard deviation."""

    focal_over_width: Band = (0.65, 0.95)
    height_m: Band = (0.6, 4.5)
    pitch_deg: Band = (-10.0, 45.0)
    roll_deg: float = 1.5

    def draw(self, n: int, generator: torch.Generator) -> CameraBatch:
        """n cameras, the same for the same generator state."""
        device = generator.device
        share = torch.rand(3, n, generator=generator, device=device)
        ratio, height, pitch = (
            low + (high - low) * part
            for (low, high), part in zip((self.focal_over_width, self.height_m, self.pitch_deg), share, strict=True)
        )
        roll = self.roll_deg * torch.randn(n, generator=generator, device=device)
        size = torch.tensor(IMAGE_SIZE, dtype=torch.float32, device=device).expand(n, 2)
        return CameraBatch(
            focal_px=ratio * size[:, 0], centre_px=(size - 1) / 2, size_px=size, height_m=height, pitch_deg=pitch,
            roll_deg=roll, rotation=cam_from_world_rotation(pitch, roll),
        )  # fmt: skip


RANDOM_CAMERAS = UniformCameras()
"""Their ranges hold the three fixed cameras."""

CAMERAS = (*FIXED, RANDOM)


def camera_source(name: str) -> CameraSource:
    """The camera, or random ones, of that name."""
    if name == RANDOM:
        return RANDOM_CAMERAS
    if name not in FIXED:
        raise InputError(f"study cameras: expected one of {', '.join(CAMERAS)}, got {name!r}")
    return FIXED[name].source()
