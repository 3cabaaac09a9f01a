"""Depth from the lengths of limbs: everyone is an adult of mean proportions, and some limb lies square to the view.

A limb of length L seen under the angle a, square to the ray, is L / a away. Limbs that point towards the camera look
shorter and so seem farther, hence a low percentile over a person's limbs and not their mean.
"""

from dataclasses import dataclass

import numpy as np

from baselines.box_size import BoxSize
from baselines.protocol import RootBaseline, Roots, placed
from baselines.rays import angles, joint_rays, root_rays
from metricpose.geometry.camera import Camera
from metricpose.people.people2d import People2D
from metricpose.skeletons.skeleton import Skeleton

ADULT_LIMBS_M = {
    ("shoulder", "elbow"): 0.29,
    ("elbow", "wrist"): 0.25,
    ("hip", "knee"): 0.42,
    ("knee", "ankle"): 0.41,
    ("shoulder", "hip"): 0.50,
}
"""Mean lengths between joint centres of adults (women and men, stature about 1.70 m), rounded from the segment
fractions of Drillis and Contini (1966): thigh 0.245, shank 0.246, forearm 0.146 of the stature; the upper arm and the
trunk's side are measured from the shoulder's centre instead of the acromion."""

SMALLEST_ANGLE = 1e-6


@dataclass(frozen=True, kw_only=True)
class LimbLength(RootBaseline):
    """percentile over a person's limbs of length / angle. People without a seen limb get the answer of BoxSize."""

    percentile: float = 25.0

    def roots(self, people: People2D, camera: Camera) -> Roots:
        """Roots at that distance along their rays."""
        depth = BoxSize().roots(people, camera).root_depth.copy()
        distances = _limb_distances(people, camera)
        seen = np.isfinite(distances).any(axis=1)
        if seen.any():
            distance = np.nanpercentile(distances[seen], self.percentile, axis=1)
            depth[seen] = distance / np.linalg.norm(root_rays(people, camera)[seen], axis=-1)
        return placed(people, camera, depth)


def _limb_distances(people: People2D, camera: Camera) -> np.ndarray:
    """Length over angle (P, L), NaN for limbs that are not seen."""
    limbs = _limbs(people.skeleton)
    rays, usable = joint_rays(people, camera)
    ends = np.array([[a, b] for a, b, _ in limbs], dtype=int).reshape(-1, 2).T
    lengths = np.array([length for _, _, length in limbs])
    angle = angles(rays[:, ends[0]], rays[:, ends[1]])
    seen = usable[:, ends[0]] & usable[:, ends[1]] & (angle > SMALLEST_ANGLE)
    return np.where(seen, lengths / np.where(seen, angle, 1.0), np.nan)


def _limbs(skeleton: Skeleton) -> list[tuple[int, int, float]]:
    """Joint, joint, length (m) of the limbs that the skeleton has, both sides."""
    names = set(skeleton.canonical)
    return [
        (skeleton.index(f"{side}_{upper}"), skeleton.index(f"{side}_{lower}"), length)
        for (upper, lower), length in ADULT_LIMBS_M.items()
        for side in ("left", "right")
        if {f"{side}_{upper}", f"{side}_{lower}"} <= names
    ]
