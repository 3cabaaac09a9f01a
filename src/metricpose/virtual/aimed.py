"""A picture of one person, as a camera would have taken it that looks straight at them (MeTRAbs, Sarandi et al. 2021).

A crop of a wide picture's corner shows people slanted and stretched; turned about its centre, the camera sees them as
it would in the middle, so that a network that sees the crop alone can know how they stand. Lens distortion goes, too.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates

from metricpose._errors import InputError
from metricpose.geometry.camera import Camera
from metricpose.geometry.rigid import rotation_between

GREY = 0.45
"""What is beyond the picture's edge, of values in [0, 1]."""


@dataclass(frozen=True, kw_only=True, eq=False)
class AimedView:
    """A camera at the same place: rotation (3, 3) view_from_cam; `px` wide, the principal point in the middle."""

    rotation: np.ndarray
    focal_px: float
    px: int


def aimed_view(camera: Camera, box_px: np.ndarray, px: int, factor: float) -> AimedView:
    """The view in which a box (x0, y0, x1, y1) is in the middle, and `px` is `factor` times its longer side.

    Raises InputError for a box that is empty or not finite.
    """
    x0, y0, x1, y1 = (float(value) for value in box_px)
    if not (x0 < x1 < np.inf and -np.inf < x0 and y0 < y1 < np.inf and -np.inf < y0):
        raise InputError(f"aimed view: expected a finite box with x0 < x1 and y0 < y1, got {box_px}")
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    rays = np.asarray(camera.rays(np.array([[x, y], [x0, y], [x1, y], [x, y0], [x, y1]])))
    rotation = np.asarray(rotation_between(rays[0] / np.linalg.norm(rays[0]), np.array([0.0, 0.0, 1.0])))
    sides = rays[1:] @ rotation.T
    half = float(np.abs(sides[:, :2] / sides[:, 2:]).max())
    return AimedView(rotation=rotation, focal_px=px / (2 * factor * half), px=px)


def seen_through(rgb: np.ndarray, camera: Camera, view: AimedView) -> np.ndarray:
    """(px, px, 3) uint8 of a picture (H, W, 3) uint8; smoothed first where it is made smaller, grey beyond its edge."""
    middle = (view.px - 1) / 2
    steps = (np.arange(view.px) - middle) / view.focal_px
    across, down = np.meshgrid(steps, steps)
    rays = np.stack([across, down, np.ones_like(across)], -1) @ view.rotation  # rows times view_from_cam turn back
    source, front = camera.project(rays)
    smaller = float(np.mean(camera.focal_px)) / view.focal_px
    values = rgb.astype(np.float32) / 255 - GREY
    if smaller > 1:
        values = gaussian_filter(values, (0.4 * smaller, 0.4 * smaller, 0))
    places = np.where(np.asarray(front, bool), np.moveaxis(np.asarray(source), -1, 0)[::-1], -9.0)
    planes = [map_coordinates(values[..., channel], places, order=1, cval=0.0) for channel in range(3)]
    return np.clip((np.stack(planes, -1) + GREY) * 255 + 0.5, 0, 255).astype(np.uint8)
