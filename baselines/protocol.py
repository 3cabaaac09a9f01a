"""The one interface of the baselines, and their answers as People3D, so that one evaluator judges all."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from baselines.rays import point_on_ray
from metricpose.geometry.camera import Camera
from metricpose.people.people2d import People2D
from metricpose.people.people3d import People3D

NO_SIGMA_M = 1e-3  # baselines do not say how sure they are of a joint; truth alone may say 0


class Baseline(Protocol):
    """2D people and their camera in, people in metres out. Every person gets a finite answer, in the same order.

    A method that needs more (truth, landmarks of another network) is made with it, for one picture.
    """

    @property
    def poses(self) -> bool:
        """Whether the joints mean something, or the root alone."""
        ...

    def __call__(self, people: People2D, camera: Camera) -> People3D: ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Roots:
    """Depth z of the roots (P,) m, and the roots in the camera frame (P, 3) m."""

    root_depth: np.ndarray
    root_cam: np.ndarray


class RootBaseline(ABC):
    """A baseline that says where people are, not how they stand."""

    poses = False

    @abstractmethod
    def roots(self, people: People2D, camera: Camera) -> Roots:
        """The places of the roots, one for each of the people."""

    def __call__(self, people: People2D, camera: Camera) -> People3D:
        """People with all joints at their roots, as `as_people3d` says."""
        return as_people3d(people, camera, self.roots(people, camera))


def placed(people: People2D, camera: Camera, root_depth: np.ndarray) -> Roots:
    """Roots at these depths on the rays through where the picture shows them."""
    depth = np.asarray(root_depth, dtype=np.float64)
    return Roots(root_depth=depth, root_cam=point_on_ray(people, camera, depth))


def as_people3d(people: People2D, camera: Camera, roots: Roots) -> People3D:
    """The answer as People3D with every joint at the root: a baseline says where people are, not how they stand.

    Its intervals have no width, and only the metrics of the root mean something.
    """
    root_cam = roots.root_cam.astype(np.float32)
    joints_cam = np.repeat(root_cam[:, None], people.joint_scores.shape[1], axis=1)
    return posed_people3d(people, camera, joints_cam, root_cam)


def posed_people3d(people: People2D, camera: Camera, joints_cam: np.ndarray, root_cam: np.ndarray) -> People3D:
    """The people with joints (P, J, 3) and roots (P, 3) m in the camera frame, without a width of interval."""
    return People3D(
        joints_cam=joints_cam,
        joint_sigma=np.full(people.joint_scores.shape, NO_SIGMA_M, dtype=np.float32),
        root_cam=root_cam,
        root_depth_interval=np.repeat(np.asarray(root_cam)[:, 2:], 2, axis=1),
        joints_px=people.joints_px,
        joint_scores=people.joint_scores,
        boxes_px=people.boxes_px,
        scores=people.scores,
        skeleton=people.skeleton,
        camera=camera,
        camera_source="given",
        ids=people.ids,
        track_ids=(None,) * len(people),
    )
