"""How the ray lifter reads a person of any skeleton: 17 slots of COCO's joints, and slots of the points beside them.

A joint that is COCO's goes to its slot, any other one to a slot of its own. Hips that a skeleton places apart fill
COCO's as well, since size and distance hang on the trunk: mixed of both, in the plane z = 1. Fingers beyond the
knuckles say nothing that hands do not.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from metricpose.skeletons.acae import AffineAutoencoder
from metricpose.skeletons.affine import affine_weights
from metricpose.skeletons.catalogue import COCO17
from metricpose.skeletons.distances import packaged_distances
from metricpose.skeletons.points import body_points, other_side
from metricpose.skeletons.skeleton import Skeleton


def _both(*names: str) -> tuple[str, ...]:
    return tuple(side for name in names for side in (name, other_side(name)))


OTHER_POINTS = (
    *("mid_hip", "mid_shoulder", "head_top", "upper_neck", "mpii_pelvis", "mpii_thorax", "halpe_neck", "lsp_neck"),
    *("h36m_spine", "h36m_thorax", "h36m_neck_base", "h36m_head"),
    *("mpi_pelvis", "mpi_spine", "mpi_spine2", "mpi_spine3", "mpi_spine4", "mpi_neck", "mpi_head"),
    *("smpl_pelvis", "smpl_spine1", "smpl_spine2", "smpl_spine3", "smpl_neck", "smpl_head"),
    *("virtualpose_spine", "virtualpose_head"),
    *_both("left_big_toe", "left_small_toe", "left_heel", "left_foot_index", "mpi_left_foot", "mpi_left_toe"),
    *_both("left_eye_inner", "left_eye_outer", "mouth_left", "left_clavicle", "left_collar"),
    *_both("h36m_left_hip", "smpl_left_hip"),
    *_both("left_pinky", "left_index", "left_thumb", "left_hand_wrist", "mpi_left_hand", "smpl_left_hand"),
)
"""The points beside COCO's joints that the lifter reads, in the order of its weights."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LifterView:
    """A skeleton of J joints as the lifter reads it.

    Attributes:
        weights: (17, J) float32, what each slot of COCO is mixed from; a row of zeros for one that stays empty.
        joint_of: (E,) which joint fills each slot of OTHER_POINTS, -1 for none.
    """

    weights: np.ndarray
    joint_of: np.ndarray


@lru_cache(maxsize=256)
def lifter_view(skeleton: Skeleton) -> LifterView:
    """The view of a skeleton, of the catalogue or of one's own with canonical names."""
    aliases = dict(AffineAutoencoder.load().aliases)
    points = [aliases.get(point, point) for point in body_points(skeleton)]
    places = {point: joint for joint, point in enumerate(points)}
    weights = np.zeros((17, len(skeleton)), np.float32)
    for slot, joint in enumerate(COCO17.joints):
        if joint in places:
            weights[slot, places[joint]] = 1.0
    for left, right in _HIPS_APART:
        if {left, right} <= places.keys():
            apart = [places[left], places[right]]
            for slot, joint in ((11, "left_hip"), (12, "right_hip")):
                weights[slot, apart] = _mixed_hip(left, right, joint)
    joint_of = np.array([places.get(point, -1) for point in OTHER_POINTS])
    for array in (weights, joint_of):
        array.setflags(write=False)
    return LifterView(weights=weights, joint_of=joint_of)


_HIPS_APART = (("h36m_left_hip", "h36m_right_hip"), ("smpl_left_hip", "smpl_right_hip"))


def _mixed_hip(left: str, right: str, joint: str) -> np.ndarray:
    """(2,) weights of two hips that lie apart for one of COCO's."""
    known = packaged_distances()
    return affine_weights(known.learnt_m2, [known.index[left], known.index[right]], known.index[joint])
