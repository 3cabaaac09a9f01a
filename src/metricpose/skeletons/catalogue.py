"""The joint sets of the field, in file order, with their trees (`child<parent`) and the points they stand for.

Names are those that each project uses, in one spelling. Where one word means different points (spine, thorax, neck,
head, foot, pelvis), the canonical name carries the family, so that a conversion never merges them silently.
"""

from collections.abc import Mapping
from itertools import pairwise
from types import MappingProxyType

from metricpose._errors import InputError
from metricpose.skeletons.skeleton import Skeleton


def _other_side(joint: str) -> str:
    return joint.replace("left", "\0").replace("right", "left").replace("\0", "right")


def _skeleton(name: str, tree: str, canonical: Mapping[str, str] | None = None) -> Skeleton:
    """A skeleton from `joint<parent` words (no `<`: the top); partners are found by left and right in the names."""
    pairs = [(*word.split("<"), "")[:2] for word in tree.split()]
    joints = tuple(joint for joint, _ in pairs)
    return Skeleton(
        name=name,
        joints=joints,
        parents=tuple(joints.index(parent) if parent else -1 for _, parent in pairs),
        mirror=tuple(joints.index(_other_side(joint)) for joint in joints),
        canonical=tuple((canonical or {}).get(joint, joint) for joint in joints),
    )


def _family(prefix: str, *joints: str) -> dict[str, str]:
    return {joint: f"{prefix}_{joint}" for joint in joints}


# Without a joint on the middle line the trunk hangs from the shoulders, and these from the nose.
COCO17 = _skeleton(
    "coco17",
    """
    nose left_eye<nose right_eye<nose left_ear<left_eye right_ear<right_eye left_shoulder<nose right_shoulder<nose
    left_elbow<left_shoulder right_elbow<right_shoulder left_wrist<left_elbow right_wrist<right_elbow
    left_hip<left_shoulder right_hip<right_shoulder left_knee<left_hip right_knee<right_hip
    left_ankle<left_knee right_ankle<right_knee
    """,
)

_BODY25 = """
nose<neck neck<mid_hip right_shoulder<neck right_elbow<right_shoulder right_wrist<right_elbow
left_shoulder<neck left_elbow<left_shoulder left_wrist<left_elbow mid_hip
right_hip<mid_hip right_knee<right_hip right_ankle<right_knee left_hip<mid_hip left_knee<left_hip
left_ankle<left_knee right_eye<nose left_eye<nose right_ear<right_eye left_ear<left_eye
left_big_toe<left_ankle left_small_toe<left_ankle left_heel<left_ankle
right_big_toe<right_ankle right_small_toe<right_ankle right_heel<right_ankle
"""

BODY25 = _skeleton("body25", _BODY25, {"neck": "mid_shoulder"})  # OpenPose: the middle of the shoulders


def _fingers(hand: str, side: str, fingers: str, joints: tuple[str, ...]) -> str:
    """Words of a hand's tree: each finger a chain of `joints` from `hand`."""
    chains = [[hand, *(f"{side}_{finger}{joint}" for joint in joints)] for finger in fingers.split()]
    return " ".join(f"{child}<{parent}" for chain in chains for parent, child in pairwise(chain))


# OpenPose's body and its two hands, each with a wrist of its own, in the order of its JSON.
OPENPOSE67 = _skeleton(
    "openpose67",
    " ".join(
        [
            _BODY25,
            *(
                f"{side}_hand_wrist<{side}_wrist "
                + _fingers(f"{side}_hand_wrist", side, "thumb index middle ring pinky", ("1", "2", "3", "_tip"))
                for side in ("left", "right")
            ),
        ]
    ),
    {"neck": "mid_shoulder"},
)

# The neck and the head's top are those of MPII, from which this model learnt them.
BODY25B = _skeleton(
    "body25b",
    """
    nose<upper_neck left_eye<nose right_eye<nose left_ear<left_eye right_ear<right_eye
    left_shoulder<upper_neck right_shoulder<upper_neck left_elbow<left_shoulder right_elbow<right_shoulder
    left_wrist<left_elbow right_wrist<right_elbow left_hip<left_shoulder right_hip<right_shoulder
    left_knee<left_hip right_knee<right_hip left_ankle<left_knee right_ankle<right_knee upper_neck head_top<upper_neck
    left_big_toe<left_ankle left_small_toe<left_ankle left_heel<left_ankle
    right_big_toe<right_ankle right_small_toe<right_ankle right_heel<right_ankle
    """,
)

# "foot" is the ankle here, and "head" lies below the top of the head.
H36M17 = _skeleton(
    "h36m17",
    """
    root right_hip<root right_knee<right_hip right_foot<right_knee left_hip<root left_knee<left_hip
    left_foot<left_knee spine<root thorax<spine neck_base<thorax head<neck_base
    left_shoulder<thorax left_elbow<left_shoulder left_wrist<left_elbow
    right_shoulder<thorax right_elbow<right_shoulder right_wrist<right_elbow
    """,
    {
        "root": "mid_hip",
        "left_foot": "left_ankle",
        "right_foot": "right_ankle",
        **_family("h36m", "spine", "thorax", "neck_base", "head"),
    },
)

MPII16 = _skeleton(
    "mpii16",
    """
    right_ankle<right_knee right_knee<right_hip right_hip<pelvis left_hip<pelvis left_knee<left_hip
    left_ankle<left_knee pelvis thorax<pelvis upper_neck<thorax head_top<upper_neck
    right_wrist<right_elbow right_elbow<right_shoulder right_shoulder<thorax
    left_shoulder<thorax left_elbow<left_shoulder left_wrist<left_elbow
    """,
    _family("mpii", "pelvis", "thorax"),
)

_MPI17 = """
head_top<head neck<spine right_shoulder<neck right_elbow<right_shoulder right_wrist<right_elbow
left_shoulder<neck left_elbow<left_shoulder left_wrist<left_elbow
right_hip<pelvis right_knee<right_hip right_ankle<right_knee left_hip<pelvis left_knee<left_hip left_ankle<left_knee
pelvis spine<pelvis head<neck
"""
_MPI = _family(
    "mpi",
    *("pelvis", "spine", "spine2", "spine3", "spine4", "neck", "head"),
    *("left_hand", "right_hand", "left_foot", "right_foot", "left_toe", "right_toe"),
)

MPI_INF_3DHP17 = _skeleton("mpi_inf_3dhp17", _MPI17, _MPI)

MUPOTS17 = _skeleton("mupots17", _MPI17, _MPI)

MUCO21 = _skeleton(
    "muco21",
    f"{_MPI17} right_hand<right_wrist left_hand<left_wrist right_toe<right_ankle left_toe<left_ankle",
    _MPI,
)

MPI_INF_3DHP28 = _skeleton(
    "mpi_inf_3dhp28",
    """
    spine3<spine2 spine4<spine3 spine2<spine spine<pelvis pelvis neck<spine4 head<neck head_top<head
    left_clavicle<spine4 left_shoulder<left_clavicle left_elbow<left_shoulder left_wrist<left_elbow
    left_hand<left_wrist right_clavicle<spine4 right_shoulder<right_clavicle right_elbow<right_shoulder
    right_wrist<right_elbow right_hand<right_wrist
    left_hip<pelvis left_knee<left_hip left_ankle<left_knee left_foot<left_ankle left_toe<left_foot
    right_hip<pelvis right_knee<right_hip right_ankle<right_knee right_foot<right_ankle right_toe<right_foot
    """,
    _MPI,
)

_PANOPTIC_LIMBS = """
left_shoulder<neck left_elbow<left_shoulder left_wrist<left_elbow
left_hip<mid_hip left_knee<left_hip left_ankle<left_knee
right_shoulder<neck right_elbow<right_shoulder right_wrist<right_elbow
right_hip<mid_hip right_knee<right_hip right_ankle<right_knee
"""
_PANOPTIC = {"neck": "mid_shoulder"}

PANOPTIC19 = _skeleton(
    "panoptic19",
    f"""
    neck<mid_hip nose<neck mid_hip {_PANOPTIC_LIMBS}
    left_eye<nose left_ear<left_eye right_eye<nose right_ear<right_eye
    """,
    _PANOPTIC,
)

# Index 1 is the nose in VoxelPose's 15 joints, and the top of the head in those of VirtualPose and SMAP.
PANOPTIC15_NOSE = _skeleton("panoptic15_nose", f"neck<mid_hip nose<neck mid_hip {_PANOPTIC_LIMBS}", _PANOPTIC)

PANOPTIC15_HEADTOP = _skeleton("panoptic15_headtop", f"neck<mid_hip head_top<neck mid_hip {_PANOPTIC_LIMBS}", _PANOPTIC)

VIRTUALPOSE17 = _skeleton(
    "virtualpose17",
    f"neck<spine head_top<head mid_hip {_PANOPTIC_LIMBS} spine<mid_hip head<neck",
    {**_PANOPTIC, **_family("virtualpose", "spine", "head")},
)

_SMPL22 = """
pelvis left_hip<pelvis right_hip<pelvis spine1<pelvis left_knee<left_hip right_knee<right_hip spine2<spine1
left_ankle<left_knee right_ankle<right_knee spine3<spine2 left_foot<left_ankle right_foot<right_ankle
neck<spine3 left_collar<spine3 right_collar<spine3 head<neck left_shoulder<left_collar right_shoulder<right_collar
left_elbow<left_shoulder right_elbow<right_shoulder left_wrist<left_elbow right_wrist<right_elbow
"""
_SMPL = _family(
    "smpl",
    *("pelvis", "spine1", "spine2", "spine3", "neck", "head"),
    *("left_foot", "right_foot", "left_hand", "right_hand"),
)

SMPL24 = _skeleton("smpl24", f"{_SMPL22} left_hand<left_wrist right_hand<right_wrist", _SMPL)

# SMPL-H's order of fingers; the joints are where the bones turn.
SMPLH52 = _skeleton(
    "smplh52",
    " ".join(
        [
            _SMPL22,
            *(
                _fingers(f"{side}_wrist", side, "index middle pinky ring thumb", ("1", "2", "3"))
                for side in ("left", "right")
            ),
        ]
    ),
    _SMPL,
)

HALPE26 = _skeleton(
    "halpe26",
    """
    nose<neck left_eye<nose right_eye<nose left_ear<left_eye right_ear<right_eye left_shoulder<neck right_shoulder<neck
    left_elbow<left_shoulder right_elbow<right_shoulder left_wrist<left_elbow right_wrist<right_elbow
    left_hip<hip right_hip<hip left_knee<left_hip right_knee<right_hip left_ankle<left_knee right_ankle<right_knee
    head<neck neck<hip hip left_big_toe<left_ankle right_big_toe<right_ankle
    left_small_toe<left_ankle right_small_toe<right_ankle left_heel<left_ankle right_heel<right_ankle
    """,
    {"hip": "mid_hip", **_family("halpe", "head", "neck")},
)

LSP14 = _skeleton(
    "lsp14",
    """
    right_ankle<right_knee right_knee<right_hip right_hip<neck left_hip<neck left_knee<left_hip left_ankle<left_knee
    right_wrist<right_elbow right_elbow<right_shoulder right_shoulder<neck
    left_shoulder<neck left_elbow<left_shoulder left_wrist<left_elbow neck head_top<neck
    """,
    _family("lsp", "neck"),
)

MEDIAPIPE33 = _skeleton(
    "mediapipe33",
    """
    nose left_eye_inner<nose left_eye<left_eye_inner left_eye_outer<left_eye
    right_eye_inner<nose right_eye<right_eye_inner right_eye_outer<right_eye
    left_ear<left_eye_outer right_ear<right_eye_outer mouth_left<nose mouth_right<nose
    left_shoulder<nose right_shoulder<nose left_elbow<left_shoulder right_elbow<right_shoulder
    left_wrist<left_elbow right_wrist<right_elbow left_pinky<left_wrist right_pinky<right_wrist
    left_index<left_wrist right_index<right_wrist left_thumb<left_wrist right_thumb<right_wrist
    left_hip<left_shoulder right_hip<right_shoulder left_knee<left_hip right_knee<right_hip
    left_ankle<left_knee right_ankle<right_knee left_heel<left_ankle right_heel<right_ankle
    left_foot_index<left_heel right_foot_index<right_heel
    """,
)

CATALOGUE: Mapping[str, Skeleton] = MappingProxyType(
    {
        skeleton.name: skeleton
        for skeleton in (
            *(COCO17, BODY25, BODY25B, H36M17, MPII16, MPI_INF_3DHP17, MPI_INF_3DHP28, MUPOTS17, MUCO21),
            *(PANOPTIC19, PANOPTIC15_NOSE, PANOPTIC15_HEADTOP, VIRTUALPOSE17, SMPL24, HALPE26, LSP14, MEDIAPIPE33),
            *(SMPLH52, OPENPOSE67),
        )
    }
)


def skeleton_named(name: str) -> Skeleton:
    """The skeleton of the catalogue with this name; InputError lists the names."""
    if name not in CATALOGUE:
        raise InputError(f"unknown skeleton {name!r}: expected one of {', '.join(CATALOGUE)}")
    return CATALOGUE[name]
