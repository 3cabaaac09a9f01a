"""Root-relative metric poses put onto the people's pixels, as People3D."""

import numpy as np

from baselines.box_size import BoxSize
from baselines.pnp import placed_before_camera
from baselines.protocol import posed_people3d
from baselines.rays import joint_rays
from metricpose._errors import InputError
from metricpose.geometry.camera import Camera
from metricpose.people.people2d import People2D
from metricpose.people.people3d import People3D, root_of


def put_onto_pixels(people: People2D, camera: Camera, joints_m: np.ndarray, *, turning: bool) -> People3D:
    """Poses (P, J, 3) m, in the order and skeleton of the people, placed as `baselines.pnp` says.

    The joints' scores are the weights of their squares. Whoever has too few seen joints, or would have the root behind
    the camera, is put with the root where BoxSize has it. Raises InputError for poses that do not fit the people.
    """
    expected = (*people.joint_scores.shape, 3)
    if np.shape(joints_m) != expected or not np.isfinite(joints_m).all():
        raise InputError(f"poses: expected finite joints {expected} in metres, got shape {np.shape(joints_m)}")
    if not len(people):
        return People3D.empty(people.skeleton, camera)
    rays, usable = joint_rays(people, camera)
    weights = np.where(usable, people.joint_scores, 0.0)
    placement = placed_before_camera(joints_m, rays, weights, turning=turning)
    joints_cam = placement.applied(np.asarray(joints_m, dtype=np.float64))
    root_cam = np.asarray(root_of(joints_cam, people.skeleton))
    lost = ~placement.solved | (root_cam[:, 2] <= 0)
    instead = np.where(lost[:, None], BoxSize().roots(people, camera).root_cam - root_cam, 0.0)
    return posed_people3d(people, camera, joints_cam + instead[:, None], root_cam + instead)
