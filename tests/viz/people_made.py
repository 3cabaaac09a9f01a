"""People for pictures."""

import numpy as np

from metricpose.geometry import Camera
from metricpose.people import People3D
from metricpose.skeletons import skeleton_named

COCO = skeleton_named("coco17")
CAMERA = Camera.from_focal((800, 600), 700.0)


def standing(count: int = 1, camera: Camera = CAMERA, depth: float = 4.0, **changes: object) -> People3D:
    """Upright people side by side, facing the camera."""
    up = [0.6, 0.62, 0.62, 0.6, 0.6, 0.4, 0.4, 0.15, 0.15, -0.1, -0.1, 0.0, 0.0, -0.45, -0.45, -0.9, -0.9]
    side = [0, 0.03, -0.03, 0.07, -0.07, 0.18, -0.18, 0.3, -0.3, 0.4, -0.4, 0.1, -0.1, 0.1, -0.1, 0.1, -0.1]
    joints = np.stack([side, np.negative(up), np.full(17, depth)], axis=-1)[None].repeat(count, 0)
    joints[:, :, 0] += 0.9 * (np.arange(count) - (count - 1) / 2)[:, None]
    px, _ = camera.project(joints)
    values = {
        "joints_cam": joints,
        "joint_sigma": np.full(joints.shape[:2], 0.03),
        "root_depth_interval": np.full((count, 2), depth) + [-0.3, 0.4],
        "joints_px": px,
        "joint_scores": np.ones(joints.shape[:2]),
        "boxes_px": np.concatenate([px.min(1) - 5, px.max(1) + 5], axis=-1),
        "scores": np.ones(count),
        "skeleton": COCO,
        "camera": camera,
        "camera_source": "given",
    }
    return People3D(**(values | changes))
