"""Points of motion-capture files as the joints of a skeleton, by their names."""

from collections.abc import Mapping, Sequence

import numpy as np

from metricpose._errors import InputError
from metricpose.io.fields import shown
from metricpose.skeletons import CATALOGUE, Skeleton
from metricpose.skeletons.markers import PLUGINGAIT38

_LEAST_JOINTS, _LEAST_SHARE = 4, 0.6  # of a skeleton's joints that a file must have to be told by its names

_OTHER_WORDS: Mapping[str, tuple[str, ...]] = {
    "mid_hip": ("c_hip", "hip", "midhip"),
    "hip": ("c_hip", "mid_hip", "midhip"),
    "head_top": ("head", "top_head"),
    "upper_neck": ("neck",),
}
"""joint -> what other programs call it (Pose2Sim, OpenPose), where its own name is not there."""

_BVH_WORDS: Mapping[str, str] = {
    "hips": "smpl_pelvis", "spine": "smpl_spine1", "spine1": "smpl_spine2", "spine2": "smpl_spine3",
    "neck": "smpl_neck", "head": "smpl_head", "SIDE_shoulder": "SIDE_collar", "SIDE_arm": "SIDE_shoulder",
    "SIDE_fore_arm": "SIDE_elbow", "SIDE_hand": "SIDE_wrist", "SIDE_up_leg": "SIDE_hip", "SIDE_leg": "SIDE_knee",
    "SIDE_foot": "SIDE_ankle", "SIDE_toe_base": "smpl_SIDE_foot",
}  # fmt: skip
"""Bones of BVH files (CMU, Mixamo, MotionBuilder) -> the point at which each turns."""


def skeleton_named_by(names: Sequence[str], where: str) -> Skeleton:
    """The skeleton, of the catalogue or of markers, that has most of these points; InputError where none has enough."""
    check_no_doubles(names, where)
    best, most = None, (0, 0)
    for skeleton in (*CATALOGUE.values(), PLUGINGAIT38):
        found = len(_places(names, skeleton))
        if (found, -len(skeleton)) > most and found >= max(_LEAST_JOINTS, _LEAST_SHARE * len(skeleton)):
            best, most = skeleton, (found, -len(skeleton))
    best = best or _bvh_skeleton(names)
    if best is None:
        raise InputError(
            f"{where}: expected the joints of a known skeleton, got {shown(list(names))}; name it with --from, one of "
            f"{', '.join(CATALOGUE)}, {PLUGINGAIT38.name}"
        )
    return best


def check_no_doubles(names: Sequence[str], where: str) -> None:
    """InputError for a name that stands twice."""
    doubled = sorted({name for name in names if list(names).count(name) > 1})
    if doubled:
        raise InputError(f"{where}: expected each joint once, got {shown(doubled[0])} again; rename it in the file")


def joints_by_name(
    names: Sequence[str], positions: np.ndarray, skeleton: Skeleton, where: str
) -> tuple[np.ndarray, list[str]]:
    """(joints (T, J, 3), names that are none of them): NaN for joints that `positions` (T, M, 3) do not have."""
    check_no_doubles(names, where)
    places = _places(names, skeleton)
    if not places:
        raise InputError(
            f"{where}: expected joints of {skeleton.name} ({', '.join(skeleton.joints[:3])}, ...), got "
            f"{shown(list(names))}; name their skeleton with --from"
        )
    joints = np.full((len(positions), len(skeleton), 3), np.nan)
    joints[:, list(places)] = positions[:, list(places.values())]
    used = set(places.values())
    return joints, [name for place, name in enumerate(names) if place not in used]


def _places(names: Sequence[str], skeleton: Skeleton) -> dict[int, int]:
    """Joint -> the point that it is."""
    words = {_word(name): place for place, name in reversed(list(enumerate(names)))}
    plain = {name.rpartition(":")[2]: place for place, name in enumerate(names)}
    places: dict[int, int] = {}
    for joint, name in enumerate(skeleton.joints):
        if name in plain:
            places[joint] = plain[name]
        elif name.lower() in words:
            places[joint] = words[name.lower()]
    taken = set(places.values())
    for joint, name in enumerate(skeleton.joints):
        other = next((words[word] for word in _OTHER_WORDS.get(name, ()) if word in words), None)
        if joint not in places and other is not None and other not in taken:
            places[joint] = other
    return places


def _word(name: str) -> str:
    """right_big_toe of RBigToe, r_big_toe, subject:RBigToe and RightBigToe."""
    bare = name.rpartition(":")[2]
    split = "".join(f"_{c.lower()}" if c.isupper() else c for c in bare).strip("_").replace("__", "_")
    side, _, rest = split.partition("_")
    return f"{ {'r': 'right', 'l': 'left'}.get(side, side) }_{rest}".rstrip("_") if rest else split


def _bvh_skeleton(names: Sequence[str]) -> Skeleton | None:
    """A skeleton of the bones that are known by the usual names of BVH files."""
    joints, canonical = [], []
    for name in names:
        word = _word(name)
        side = next((side for side in ("left", "right") if word.startswith(f"{side}_")), "none")
        known = _BVH_WORDS.get(word.replace(f"{side}_", "SIDE_", 1))
        if known is not None and known.replace("SIDE", side) not in canonical:
            joints.append(name)
            canonical.append(known.replace("SIDE", side))
    if len(joints) < _LEAST_JOINTS or "left_hip" not in canonical or "right_hip" not in canonical:
        return None
    swap = [point.replace("left", "\0").replace("right", "left").replace("\0", "right") for point in canonical]
    top = canonical.index("smpl_pelvis") if "smpl_pelvis" in canonical else 0
    return Skeleton(
        name="bvh",
        joints=tuple(joints),
        parents=tuple(-1 if joint == top else top for joint in range(len(joints))),
        mirror=tuple(canonical.index(other) if other in canonical else i for i, other in enumerate(swap)),
        canonical=tuple(canonical),
    )
