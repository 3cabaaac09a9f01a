"""The one interface of the baselines, and their answers as People3D, so that one evaluator judges all."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from baselines.rays import point_on_ray
from metricpose.geometry.camera import Camera
from metricpose.people.people2d import People2D
from metricpose.people.people3d import People3D


@dataclass(frozen=True, kw_only=True, eq=False)
class Roots:
    """Depth z of the roots (P,) m, and the roots in the camera frame (P, 3) m."""

    root_depth: np.ndarray
    root_cam: np.ndarray


class Baseline(Protocol):
    """2D people and their camera in, the places of their roots out. Every person gets a finite answer."""

    def __call__(self, people: People2D, camera: Camera) -> Roots: ...


def placed(people: People2D, camera: Camera, root_depth: np.ndarray) -> Roots:
    """Roots at these depths on the rays through where the picture shows them."""
    depth = np.asarray(root_depth, dtype=np.float64)
    return Roots(root_depth=depth, root_cam=point_on_ray(people, camera, depth))


def as_people3d(people: People2D, camera: Camera, roots: Roots) -> People3D:
    """The answer as People3D with every joint at the root: a baseline says where people are, not how they stand.

    Its intervals have no width, and only the metrics of the root mean something.
    """
    count, joints = people.joint_scores.shape
    root_cam = roots.root_cam.astype(np.float32)
    return People3D(
        joints_cam=np.repeat(root_cam[:, None], joints, axis=1),
        joint_sigma=np.full((count, joints), 1e-3, dtype=np.float32),
        root_cam=root_cam,
        root_depth_interval=np.repeat(root_cam[:, 2:], 2, axis=1),
        joints_px=people.joints_px,
        joint_scores=people.joint_scores,
        boxes_px=people.boxes_px,
        scores=people.scores,
        skeleton=people.skeleton,
        camera=camera,
        camera_source="given",
        ids=people.ids,
        track_ids=(None,) * count,
    )
