"""Where every catalogue skeleton's joints lie on one body: the definitions behind the truth in all skeletons at once.

A point is an affine mix of bone heads (`bone:NAME`), Anny's annotator-like keypoints (`keypoint:NAME`) and others;
with `skin_m` it is the vertex of the skin nearest to that mix plus an offset (metres on the reference body, x forward,
y left, z up). Points named left_ are mirrored to right_. `sure_mm` says how far the real data set's point may lie from
this one on an adult: 5-10 the same by definition, 15-25 known from its documentation or bone lengths, 30-50 a reading
of its name and its place in the tree.
"""

from collections.abc import Mapping

from metricpose.bodies.hand_table import HAND_POINTS
from metricpose.bodies.marker_table import MARKER_POINTS
from metricpose.bodies.point import BodyPoint, point

_COCO = "COCO's annotators, as Anny's keypoint regressor has learnt them"
_H36M = "optical motion capture; bone lengths of the data set's published skeleton, scaled to the stature"
_SMPL = "a model's joint; place in the tree and figures of Loper et al. 2015, no SMPL data"
_MPI = "markerless motion capture (Mehta et al. 2017); place in the published tree"


def _keypoint(name: str, how: str = _COCO, sure_mm: int = 10) -> BodyPoint:
    return point(name, {f"keypoint:{name}": 1.0}, how, sure_mm)


_ANNOTATED = (
    _keypoint("nose", f"tip of the nose; {_COCO}"),
    _keypoint("left_eye"),
    _keypoint("left_ear"),
    _keypoint("left_shoulder", f"centre of the joint; {_COCO}", 15),
    _keypoint("left_elbow"),
    _keypoint("left_wrist"),
    _keypoint("left_hip", f"centre of the joint; {_COCO}, who differ by centimetres here", 25),
    _keypoint("left_knee"),
    _keypoint("left_ankle", f"{_COCO}: 2 cm above the joint's centre"),
    _keypoint("left_big_toe", "tip of the toe; feet of BODY_25 (Cao et al. 2019)"),
    _keypoint("left_small_toe", "tip of the toe; feet of BODY_25"),
    _keypoint("left_heel", "feet of BODY_25"),
    point("mid_hip", {"left_hip": 0.5, "right_hip": 0.5}, "the middle of the hips, by definition (OpenPose)", 5),
    point("mid_shoulder", {"left_shoulder": 0.5, "right_shoulder": 0.5}, "middle of the shoulders (OpenPose)", 5),
    point("head_top", {"bone:head": 1.0}, "vertex of the skull (MPII, LSP, 3DHP)", 15, skin_m=(0.015, 0.0, 0.2)),
    point("upper_neck", {"bone:neck02": 0.7, "bone:neck03": 0.3}, "MPII: axis of the neck at the chin's height", 25),
    point("mpii_pelvis", {"mid_hip": 0.5, "bone:root": 0.5}, "MPII: centre of the pelvis, over the hips' line", 25),
    point("mpii_thorax", {"mid_shoulder": 0.6, "bone:neck01": 0.4}, "MPII: between the clavicles' ends", 25),
    point("halpe_neck", {"mid_shoulder": 0.5, "bone:neck01": 0.5}, "Halpe: base of the neck", 25),
    point("halpe_head", {"head_top": 1.0}, "Halpe: annotated at the head's top", 20),
    point("lsp_neck", {"mid_shoulder": 0.2, "bone:neck01": 0.8}, "LSP: base of the neck", 25),
)

_FACE_AND_FEET = (
    point("left_eye_inner", {"left_eye": 1.0}, "MediaPipe: the corner at the nose", 10, skin_m=(0.003, -0.015, 0.0)),
    point("left_eye_outer", {"left_eye": 1.0}, "MediaPipe: the outer corner", 10, skin_m=(-0.005, 0.016, 0.0)),
    point("mouth_left", {"nose": 1.0}, "MediaPipe: the corner of the mouth", 10, skin_m=(-0.012, 0.026, -0.043)),
    point("left_pinky", {"bone:finger5-1.L": 1.0}, "MediaPipe: first knuckle of the little finger", 15),
    point("left_index", {"bone:finger2-1.L": 1.0}, "MediaPipe: first knuckle of the index finger", 15),
    point("left_thumb", {"bone:finger1-2.L": 1.0}, "MediaPipe: second knuckle of the thumb", 15),
    point("left_foot_index", {"left_big_toe": 1.0}, "MediaPipe: tip of the foot", 20, skin_m=(0.03, 0.01, 0.0)),
)

_H36M_POINTS = (
    point("h36m_left_hip", {"left_hip": 1.15, "right_hip": -0.15}, f"{_H36M}: 133 mm from the middle, COCO's 100", 15),
    point("h36m_spine", {"bone:spine03": 0.65, "bone:spine02": 0.35}, f"{_H36M}: 233 mm over the root", 25),
    point("h36m_thorax", {"bone:spine01": 0.4, "bone:neck01": 0.6}, f"{_H36M}: 257 mm over the spine", 30),
    point("h36m_neck_base", {"bone:neck02": 0.55, "bone:neck03": 0.33, "nose": 0.12}, f"{_H36M}: 121 mm on", 30),
    point("h36m_head", {"left_ear": 0.4, "right_ear": 0.4, "head_top": 0.2}, f"{_H36M}: 115 mm on, no head top", 30),
)

_MPI_POINTS = (
    point("mpi_pelvis", {"mid_hip": 0.3, "bone:root": 0.7}, f"{_MPI}, over the hips", 30),
    point("mpi_spine", {"bone:spine04": 0.5, "bone:spine03": 0.5}, _MPI, 40),
    point("mpi_spine2", {"bone:spine03": 0.6, "bone:spine02": 0.4}, _MPI, 50),
    point("mpi_spine3", {"bone:spine02": 0.6, "bone:spine01": 0.4}, _MPI, 50),
    point("mpi_spine4", {"bone:spine01": 0.6, "bone:neck01": 0.4}, _MPI, 50),
    point("mpi_neck", {"mid_shoulder": 0.3, "bone:neck01": 0.7}, _MPI, 30),
    point("mpi_head", {"bone:neck03": 0.5, "bone:head": 0.5}, f"{_MPI}, base of the skull", 40),
    point("left_clavicle", {"bone:clavicle.L": 1.0}, f"{_MPI}: inner end of the collar bone", 30),
    point("mpi_left_hand", {"bone:finger3-1.L": 1.0}, f"{_MPI}: knuckle of the middle finger", 40),
    point("mpi_left_foot", {f"bone:toe{i}-1.L": 0.2 for i in range(1, 6)}, f"{_MPI}: ball of the foot", 50),
    point("mpi_left_toe", {"left_big_toe": 0.7, "left_small_toe": 0.3}, f"{_MPI}: tip of the foot", 40),
)

_SMPL_POINTS = (
    point("smpl_pelvis", {"bone:root": 0.4, "bone:spine04": 0.6}, f"{_SMPL}: well over the hips", 20),
    point("smpl_left_hip", {"left_hip": 0.85, "right_hip": 0.15}, f"{_SMPL}: nearer to the middle than COCO's", 20),
    point("smpl_spine1", {"bone:spine03": 1.0}, _SMPL, 30),
    point("smpl_spine2", {"bone:spine02": 0.67, "bone:spine01": 0.33}, _SMPL, 30),
    point("smpl_spine3", {"bone:spine02": 0.29, "bone:spine01": 0.71}, _SMPL, 30),
    point("smpl_neck", {"bone:spine01": 0.1, "bone:neck01": 0.9}, _SMPL, 20),
    point("smpl_head", {"bone:neck02": 0.5, "bone:neck03": 0.5}, f"{_SMPL}: where the head turns, not its middle", 25),
    point("left_collar", {"bone:clavicle.L": 0.35, "bone:shoulder01.L": 0.65}, _SMPL, 30),
    point("smpl_left_foot", {f"bone:toe{i}-1.L": 0.2 for i in range(1, 6)}, f"{_SMPL}: where the toes turn", 20),
    point("smpl_left_hand", {f"bone:finger{i}-1.L": 0.25 for i in range(2, 6)}, f"{_SMPL}: middle of the knuckles", 20),
)

_VIRTUALPOSE_POINTS = (
    point("virtualpose_spine", {"bone:spine03": 0.5, "bone:spine02": 0.5}, "middle of the trunk; by its name", 40),
    point("virtualpose_head", {"left_ear": 0.5, "right_ear": 0.5}, "middle of the head; by its name", 40),
)

POINTS: Mapping[str, BodyPoint] = {
    found.name: found
    for half in (
        *(_ANNOTATED, _FACE_AND_FEET, _H36M_POINTS, _MPI_POINTS, _SMPL_POINTS, _VIRTUALPOSE_POINTS),
        *(HAND_POINTS, MARKER_POINTS),
    )
    for one in half
    for found in one.both_sides()
}
"""Every point by name, right sides too, in the order of the stored regressors."""


def doubled_definitions() -> Mapping[str, str]:
    """Point -> the earlier point that it is another name of: counted once where distinct points are counted."""
    seen: dict[object, str] = {}
    doubled: dict[str, str] = {}
    for name in POINTS:
        first = seen.setdefault(_definition(name), name)
        if first != name:
            doubled[name] = first
    return doubled


def _definition(name: str) -> object:
    """What the point is, by names that are nothing but another name followed to their end."""
    found = POINTS[name]
    if found.skin_m is None and len(found.parts) == 1:
        (other,) = found.parts
        return _definition(other) if other in POINTS else other
    return frozenset(found.parts.items()), found.skin_m
