"""How the ray lifter reads a person of any skeleton: 17 slots of COCO's joints, and slots of the points beside them.

A joint that is COCO's goes to its slot, any other one to a slot of its own. Hips that a skeleton places apart fill
COCO's as well, since size and distance hang on the trunk: mixed of both in the plane z = 1, or as they are where one is
unseen. Fingers beyond the knuckles say nothing that hands do not.
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
        first: (17,) the joint that fills each slot of COCO, -1 for none.
        second: (17,) the joint that it is mixed with where that is seen, -1 for none.
        share: (17,) float32 weight of the first in the mix.
        joint_of: (E,) the joint in each slot of OTHER_POINTS, -1 for none.
    """

    first: np.ndarray
    second: np.ndarray
    share: np.ndarray
    joint_of: np.ndarray


@lru_cache(maxsize=256)
def lifter_view(skeleton: Skeleton) -> LifterView:
    """The view of a skeleton, of the catalogue or of one's own with canonical names."""
    aliases = dict(AffineAutoencoder.load().aliases)
    places = {aliases.get(point, point): joint for joint, point in enumerate(body_points(skeleton))}
    first = np.array([places.get(joint, -1) for joint in COCO17.joints])
    second, share = np.full(17, -1), np.ones(17, np.float32)
    for left, right in _HIPS_APART:
        if {left, right} <= places.keys():
            first[_HIPS], second[_HIPS] = (places[left], places[right]), (places[right], places[left])
            share[_HIPS] = _own_share(left, right)
    joint_of = np.array([places.get(point, -1) for point in OTHER_POINTS])
    for array in (first, second, share, joint_of):
        array.setflags(write=False)
    return LifterView(first=first, second=second, share=share, joint_of=joint_of)


_HIPS = [COCO17.index("left_hip"), COCO17.index("right_hip")]
_HIPS_APART = (("h36m_left_hip", "h36m_right_hip"), ("smpl_left_hip", "smpl_right_hip"))


def _own_share(left: str, right: str) -> float:
    """Weight of the left one of two hips that lie apart, in the best mix for COCO's left hip."""
    known = packaged_distances()
    sources, target = [known.index[left], known.index[right]], known.index["left_hip"]
    return float(affine_weights(known.learnt_m2, sources, target)[0])
