"""Depth from the size of the box: k of RootNet (Moon, Chang, Lee, ICCV 2019, eq. 1 and 2).

k = sqrt(fx fy A_real / A_box), with A_real = 2 m x 2 m and A_box the area of the person's box after it was made square
(the longer side wins) and grown by 1.25 about its centre, as their data preparation does. RootNet itself multiplies k
by a factor it reads from the picture; without a network that factor is 1.
"""

from dataclasses import dataclass

import numpy as np

from baselines.protocol import RootBaseline, Roots, placed
from metricpose.geometry.camera import Camera
from metricpose.people.people2d import People2D


@dataclass(frozen=True, kw_only=True)
class BoxSize(RootBaseline):
    """real_side: side of the square in metres that every person is taken to fill; margin: growth of the box."""

    real_side: float = 2.0
    margin: float = 1.25

    def roots(self, people: People2D, camera: Camera) -> Roots:
        """Roots at depth k."""
        side = self.margin * _sides_norm(people.boxes_px.astype(np.float64), camera).max(axis=1)
        return placed(people, camera, self.real_side / side)


def _sides_norm(boxes_px: np.ndarray, camera: Camera) -> np.ndarray:
    """Width and height (P, 2) on the plane z = 1.

    Measured between the rays through the middles of opposite edges, so the lens' distortion is taken out; without
    distortion that is width / fx and height / fy. A box beyond the reach of the lens model is taken for undistorted.
    """
    x0, y0, x1, y1 = boxes_px.T
    edges = np.array([[x0, (y0 + y1) / 2], [x1, (y0 + y1) / 2], [(x0 + x1) / 2, y0], [(x0 + x1) / 2, y1]])
    (left, right, top, bottom), valid = camera.rays_marked(np.moveaxis(edges, 1, -1))
    sides = np.stack([np.linalg.norm(right - left, axis=-1), np.linalg.norm(bottom - top, axis=-1)], axis=-1)
    plain = (boxes_px[:, 2:] - boxes_px[:, :2]) / np.asarray(camera.focal_px)
    return np.where(valid.all(axis=0)[:, None], sides, plain)
