"""Matrices of the renderer: the picture's camera, the main light's view and the view from straight above."""

from dataclasses import dataclass

import numpy as np

from metricpose._errors import InputError
from metricpose.geometry import Camera

_MOST_METRES = 16.0  # side of a shadow map's area; who stands farther off throws none
_RIM = 0.6  # metres around the things that throw shadows


@dataclass(frozen=True, kw_only=True, eq=False)
class MapView:
    """An orthographic view: `clip_from_world` (4, 4) and the metres (3,) its width, height and depth span."""

    clip_from_world: np.ndarray
    metres: np.ndarray
    least: np.ndarray  # (3,) lower corner in the view's axes


def clip_from_cam(camera: Camera, near_m: float, far_m: float) -> np.ndarray:
    """OpenGL's clip space (4, 4) from a pinhole's frame, any principal point and skew.

    Rows are not turned over: the lowest row of OpenGL's buffer is the picture's top, so that what is read back is
    upright. Pixel (0, 0) has its centre half a pixel inside the buffer: x = 2 (u + 0.5) / W - 1.
    """
    width, height = camera.image_size
    matrix = np.zeros((4, 4))
    for row, side in ((0, width), (1, height)):
        matrix[row, :3] = 2.0 / side * camera.intrinsics_px[row]
        matrix[row, 2] += 1.0 / side - 1.0
    matrix[2, 2:] = (far_m + near_m) / (far_m - near_m), -2.0 * far_m * near_m / (far_m - near_m)
    matrix[3, 2] = 1.0
    return matrix


def extrinsics(camera: Camera) -> np.ndarray:
    """`cam_from_world` (4, 4), or InputError where the camera has none."""
    if camera.cam_from_world is None:
        raise InputError("rendering: expected a camera with cam_from_world, got one without; say where it stands")
    return camera.cam_from_world


def map_view(points_world: np.ndarray, towards_world: np.ndarray) -> MapView:
    """The orthographic view of points (N, 3) from the direction (3,), depth growing away from there."""
    axes = _axes(towards_world)
    if len(points_world) == 0:
        points_world = np.zeros((1, 3))
    seen = points_world @ axes.T
    least, most = seen.min(0) - _RIM, seen.max(0) + _RIM
    middle = np.median(seen, axis=0)
    least[:2] = np.maximum(least[:2], middle[:2] - _MOST_METRES / 2)
    most[:2] = np.minimum(most[:2], middle[:2] + _MOST_METRES / 2)
    metres = most - least
    matrix = np.eye(4)
    matrix[:3, :3] = 2.0 / metres[:, None] * axes
    matrix[:3, 3] = -2.0 * least / metres - 1.0
    return MapView(clip_from_world=matrix, metres=metres, least=least)


def _axes(towards_world: np.ndarray) -> np.ndarray:
    """Rows: right, up and away from `towards_world`, for which x and y stay the world's when it is straight up."""
    away = -np.asarray(towards_world, np.float64)
    if away[2] < -0.999999:
        return np.diag([1.0, 1.0, -1.0])
    right = np.cross(away, (0.0, 0.0, 1.0))
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(right, away), away])
