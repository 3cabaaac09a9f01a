"""Square crops in quarter turns: a network that knows upright people best sees one who is upside down upright, too."""

from dataclasses import replace

import numpy as np

from metricpose.agr.single import CropPerson


def turned_pixels(pixels: np.ndarray, quarters: int) -> np.ndarray:
    """A square window (S, S, 3) turned counter-clockwise by `quarters` of a full turn."""
    return np.ascontiguousarray(np.rot90(pixels, quarters))


def turned_points(points: np.ndarray, quarters: int, size: int) -> np.ndarray:
    """Points (..., 2) px of a window of `size`, where `turned_pixels` moves them."""
    for _ in range(quarters % 4):
        points = np.stack([points[..., 1], size - 1 - points[..., 0]], axis=-1)
    return points


def turned_back(found: CropPerson, quarters: int, size: int) -> CropPerson:
    """The person of a window that was turned by `quarters`, in the window as it was."""
    corners = turned_points(found.box_px.reshape(2, 2), -quarters % 4, size)
    return replace(
        found,
        joints_px=turned_points(found.joints_px, -quarters % 4, size),
        box_px=np.concatenate([corners.min(axis=0), corners.max(axis=0)]),
    )
