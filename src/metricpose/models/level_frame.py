"""The level frame of a camera: x right, y ahead, z up, in metres; the axes of all volumes.

VoxelPose's volumes stand upright in the world. One camera needs no more of the world than where up is: the frame turns
with the camera's heading, so that an answer does not depend on where the world's x axis points.
"""

import numpy as np

from metricpose.geometry.camera import Camera
from metricpose.geometry.rigid import rigid

_STEEP = 0.2  # sine of the angle to the vertical under which the optical axis no longer tells the heading


def cam_from_level(camera: Camera) -> np.ndarray:
    """(4, 4) m. The origin is on the floor beneath the camera where its height is known, else the camera's centre.

    Where up is not known, it is the picture's. Where the camera looks straight down or up, ahead is towards the top of
    the picture, or its bottom.
    """
    up = np.array([0.0, -1.0, 0.0]) if camera.up is None else camera.up
    ahead = _ahead(up)
    height_m = camera.height_m or 0.0
    return rigid(np.stack([np.cross(ahead, up), ahead, up], axis=1), -height_m * up)


def _ahead(up_cam: np.ndarray) -> np.ndarray:
    axis = np.array([0.0, 0.0, 1.0])
    level = axis - up_cam[2] * up_cam
    if np.linalg.norm(level) < _STEEP:
        axis = np.array([0.0, np.sign(up_cam[2]), 0.0])  # looking down, up_cam is -z and the picture's top is ahead
        level = axis - (axis @ up_cam) * up_cam
    return level / np.linalg.norm(level)
