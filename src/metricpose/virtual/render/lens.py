"""Lenses that bend: a larger picture of a pinhole, and where each pixel of the bent picture lies on it."""

from dataclasses import dataclass

import numpy as np

from metricpose._errors import InputError
from metricpose.geometry import Camera

_STEP = 8  # pixels between exact rays; between them the map is interpolated, within 0.02 px for ordinary lenses
_MARGIN = 2.0
_MOST_TIMES = 3.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Unbent:
    """`pinhole`: the camera to draw with; `warp_px` (H, W, 2) float32: its pixel for each pixel of the bent picture."""

    pinhole: Camera
    warp_px: np.ndarray

    def nearest(self, layer: np.ndarray) -> np.ndarray:
        """A layer (..., h, w) of the pinhole's picture as the lens shows it (..., H, W), without blending."""
        x, y = np.rint(self.warp_px[..., 0]).astype(np.intp), np.rint(self.warp_px[..., 1]).astype(np.intp)
        height, width = layer.shape[-2:]
        return layer[..., np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)]


def unbent(camera: Camera) -> Unbent:
    """The pinhole that sees all a lens sees, at the lens's own focal length.

    Raises:
        InputError: it would be over three times as wide or high, as of a fisheye.
    """
    width, height = camera.image_size
    grid = [np.append(np.arange(0, side - 1, _STEP), side - 1).astype(np.float64) for side in (width, height)]
    rays, valid = camera.rays_marked(np.stack(np.meshgrid(*grid), -1))
    seen = rays[..., :2] @ camera.intrinsics_px[:2, :2].T + camera.intrinsics_px[:2, 2]
    least, most = np.floor(seen.min((0, 1)) - _MARGIN), np.ceil(seen.max((0, 1)) + _MARGIN)
    size = (most - least + 1).astype(int)
    if not valid.all() or (size > _MOST_TIMES * np.array([width, height])).any():
        raise InputError(
            f"rendering: expected a lens whose view fits a pinhole of three times the size, got {size.tolist()} px "
            f"for a picture of {width} x {height}; use a weaker distortion"
        )
    pinhole = camera.undistorted().cropped((*least, *(least + size)))
    across, down = (_between(points, side) for points, side in zip(grid, (width, height), strict=True))
    warp = np.stack([down @ (seen[..., axis] - least[axis]) @ across.T for axis in (0, 1)], -1)
    return Unbent(pinhole=pinhole, warp_px=warp.astype(np.float32))


def _between(points: np.ndarray, side: int) -> np.ndarray:
    """Weights (side, len(points)) of linear interpolation at 0, 1, ..., side - 1."""
    columns = np.eye(len(points))
    return np.stack([np.interp(np.arange(side), points, column) for column in columns], -1)
