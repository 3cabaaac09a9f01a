"""Depth from the ground: the ray through the lower ankle meets the plane on which ankles of standing people lie.

Of two ankles, the lower in the world is taken to be the one whose ray points more steeply down: at equal distance it
is lower, and a raised foot would be placed too far. The root is put on its own ray where that passes the vertical
through this ankle most closely, that is at the same distance over the ground. People on stairs, platforms and seats
break the assumption; so does lying.
"""

from dataclasses import dataclass

import numpy as np

from baselines.limb_length import LimbLength
from baselines.protocol import RootBaseline, Roots, placed
from baselines.rays import joint_rays, root_rays, units
from metricpose._errors import InputError
from metricpose.geometry.camera import Camera
from metricpose.people.people2d import People2D

STEEPEST = 0.05  # least horizontal part of a root's unit ray: straight down, a vertical line gives no depth


@dataclass(frozen=True, kw_only=True)
class AnkleRay(RootBaseline):
    """ankle_height above the ground z = 0 and the farthest believable ground distance, m.

    Whose ankles are unseen or whose ray does not meet the plane within that distance gets the answer of LimbLength.
    """

    ankle_height: float = 0.08
    farthest: float = 100.0

    def roots(self, people: People2D, camera: Camera) -> Roots:
        """Roots above the ankles. Raises InputError for a camera whose place in the world is unknown."""
        if camera.cam_from_world is None:
            raise InputError("ankle ray: expected a camera with cam_from_world, got none; use the limb lengths instead")
        depth = LimbLength().roots(people, camera).root_depth.copy()
        over_ground, hit = self._ankles(people, camera)
        rays = root_rays(people, camera) @ _rotation(camera)
        level = rays[:, :2]
        along = (over_ground * level).sum(axis=1) / np.maximum((level**2).sum(axis=1), 1e-12)
        good = hit & (along > 0) & (np.linalg.norm(level, axis=1) > STEEPEST * np.linalg.norm(rays, axis=1))
        depth[good] = along[good]  # rays have z = 1 in the camera frame, so the factor is the depth
        return placed(people, camera, depth)

    def _ankles(self, people: People2D, camera: Camera) -> tuple[np.ndarray, np.ndarray]:
        """From the camera to the lower ankle over the ground (P, 2) m, and whether there is one (P,)."""
        sides = [people.skeleton.index(n) for n in ("left_ankle", "right_ankle") if n in people.skeleton.canonical]
        if not sides:
            return np.zeros((len(people), 2)), np.zeros(len(people), dtype=bool)
        rays, usable = joint_rays(people, camera)
        rays = units(rays[:, sides] @ _rotation(camera))
        steepness = np.where(usable[:, sides], rays[..., 2], np.inf)
        lower = steepness.argmin(axis=1)
        ray = rays[np.arange(len(people)), lower]
        drop = self.ankle_height - (camera.height_m or 0.0)
        # The plane may be above the camera as well: then the ray has to rise.
        meets = usable[:, sides].any(axis=1) & (ray[:, 2] * drop > 0)
        over_ground = ray[:, :2] * (drop / np.where(meets, ray[:, 2], 1.0))[:, None]
        return over_ground, meets & (np.linalg.norm(over_ground, axis=1) <= self.farthest)


def _rotation(camera: Camera) -> np.ndarray:
    """R with row vectors: ray_cam @ R is ray_world."""
    return np.asarray(camera.cam_from_world)[:3, :3]
