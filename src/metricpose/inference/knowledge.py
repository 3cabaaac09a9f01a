"""What is known of a camera's pose, in the row that the lifter's network reads."""

from dataclasses import dataclass

import numpy as np

from metricpose._errors import InputError
from metricpose.geometry.camera import Camera

CAMERA_SIZE = 8
_LEAST_HEIGHT_M = 0.15
"""A camera at or below the ground says nothing about distances over it."""


@dataclass(frozen=True, kw_only=True)
class ExtrinsicsDoubt:
    """How wrong stated extrinsics may be, as standard deviations; 0 means exact.

    `tilt_deg`: of the up direction; `height`: of the camera's height over the ground, relative to it.
    """

    tilt_deg: float = 0.0
    height: float = 0.0

    def __post_init__(self) -> None:
        if not (0 <= self.tilt_deg <= 90 and 0 <= self.height <= 1):
            raise InputError(
                "extrinsics doubt: expected tilt_deg in 0..90 and height in 0..1, "
                f"got {self.tilt_deg} and {self.height}"
            )


EXACT = ExtrinsicsDoubt()


def camera_row(camera: Camera, doubt: ExtrinsicsDoubt = EXACT) -> np.ndarray:
    """(8,) float32: up (3,) in the camera frame, tilt known, its sigma rad, height m, height known, its sigma."""
    row = np.zeros(CAMERA_SIZE, np.float32)
    up, height = camera.up, camera.height_m
    if up is not None:
        row[:3], row[3], row[4] = up, 1.0, np.deg2rad(doubt.tilt_deg)
    if up is not None and height is not None and height > _LEAST_HEIGHT_M:
        row[5:] = height, 1.0, doubt.height
    return row
