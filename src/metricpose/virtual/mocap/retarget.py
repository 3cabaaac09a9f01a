"""Global rotations of a CMU mocap tree, carried over to the canonical rig.

Each node of the rig is driven by one mocap joint: canonical = C @ mocap @ A. C turns the mocap's world (y up, z
forward, x left) into ours (x forward, y left, z up). A turns the rig's rest part into the mocap's rest part, so that
rest poses that differ (splayed legs, hanging arms) cost nothing: limb directions come out exactly. Two directions fix
A, so twist is carried over too: the bone and, for the legs, the rest pose's forward direction, for the arms the thumb.
"""

from typing import NamedTuple

import numpy as np

from metricpose.io.mocap_clip import MocapClip
from metricpose.virtual.rig import NODES

_WORLD_FROM_MOCAP = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])

ASF_NAMES = {
    "root": "Hips", "lhipjoint": "LHipJoint", "lfemur": "LeftHip", "ltibia": "LeftKnee", "lfoot": "LeftAnkle",
    "ltoes": "LeftToe", "rhipjoint": "RHipJoint", "rfemur": "RightHip", "rtibia": "RightKnee", "rfoot": "RightAnkle",
    "rtoes": "RightToe", "lowerback": "lowerback", "upperback": "Chest", "thorax": "Chest2", "lowerneck": "lowerneck",
    "upperneck": "Neck", "head": "Head", "lclavicle": "LeftCollar", "lhumerus": "LeftShoulder", "lradius": "LeftElbow",
    "lwrist": "LeftWrist", "lhand": "lhand", "lfingers": "LFingers", "lthumb": "LThumb", "rclavicle": "RightCollar",
    "rhumerus": "RightShoulder", "rradius": "RightElbow", "rwrist": "RightWrist", "rhand": "rhand",
    "rfingers": "RFingers", "rthumb": "RThumb",
}  # fmt: skip
"""CMU's own bone names -> the names of its BVH conversion; the two trees are the same."""


class _Limb(NamedTuple):
    """A part known by two directions of the mocap's rest pose: along (joint -> child), and across."""

    joint: str
    child: str
    across: str
    """`forward`, or the joint whose rest offset from its parent leans to the thumb's side."""
    along_rest: tuple[float, float, float]
    """The same direction as `along` on the rig at rest; across is always +x there."""


_DOWN, _LEFT, _RIGHT = (0.0, 0.0, -1.0), (0.0, 1.0, 0.0), (0.0, -1.0, 0.0)

_UPRIGHT = {
    "pelvis": "Hips", "spine": "Chest", "chest": "Chest2", "neck": "Neck", "head": "Head",
    "left_clavicle": "LeftCollar", "right_clavicle": "RightCollar",
}  # fmt: skip
"""Parts whose rest orientation is the world's own: their rotations carry over whole."""


def _limbs() -> dict[str, _Limb]:
    limbs = {}
    for side, long, along in (("l", "Left", _LEFT), ("r", "Right", _RIGHT)):
        name, thumb = long.lower(), f"End_{side.upper()}Thumb"
        limbs[f"{name}_upper_arm"] = _Limb(f"{long}Shoulder", f"{long}Elbow", thumb, along)
        limbs[f"{name}_forearm"] = _Limb(f"{long}Elbow", f"{long}Wrist", thumb, along)
        limbs[f"{name}_hand"] = _Limb(f"{side}hand", f"{side.upper()}Fingers", thumb, along)
        limbs[f"{name}_thigh"] = _Limb(f"{long}Hip", f"{long}Knee", "forward", _DOWN)
        limbs[f"{name}_shin"] = _Limb(f"{long}Knee", f"{long}Ankle", "forward", _DOWN)
        # The rest foot stands square to the shin, splay included, so it takes the shin's directions.
        limbs[f"{name}_foot"] = _Limb(f"{long}Ankle", f"{long}Ankle", "forward", _DOWN)
        limbs[f"{name}_toes"] = _Limb(f"{long}Toe", f"{long}Ankle", "forward", _DOWN)
    return limbs


_LIMBS = _limbs()


def retargeted(clip: MocapClip) -> np.ndarray:
    """Global rotations (T, 21, 3, 3) float32 of the canonical rig in a world with z up.

    `clip`: CMU joints, by the names of CMU's ASF files or of their BVH conversion, in a world with y up.
    Raises InputError naming the joint where the clip lacks one.
    """
    named = _renamed(clip)
    parts = []
    for node in NODES:
        joint, rest = _driver(named, node)
        parts.append(_WORLD_FROM_MOCAP @ named.rotations[:, named.index(joint)] @ rest)
    return np.stack(parts, 1).astype(np.float32)


def _renamed(clip: MocapClip) -> MocapClip:
    if clip.joint_names[0] != "root":
        return clip
    names = {**ASF_NAMES, **{f"End_{asf}": f"End_{bvh}" for asf, bvh in ASF_NAMES.items()}}
    return MocapClip(
        name=clip.name,
        joint_names=tuple(names.get(name, name) for name in clip.joint_names),
        parents=clip.parents,
        offsets_m=clip.offsets_m,
        rotations=clip.rotations,
        root_translation_m=clip.root_translation_m,
        fps=clip.fps,
    )


def _driver(clip: MocapClip, node: str) -> tuple[str, np.ndarray]:
    """The joint that drives a node, and A: the rig's rest part -> the mocap's rest part."""
    if node in _UPRIGHT:
        return _UPRIGHT[node], _WORLD_FROM_MOCAP.T
    limb = _LIMBS[node]
    along = clip.offsets_m[clip.index(limb.child)]
    forward = np.array([0.0, 0.0, 1.0])
    across = forward if limb.across == "forward" else clip.offsets_m[clip.index(limb.across)]
    return limb.joint, _frame(along, across) @ _frame(np.array(limb.along_rest), np.array([1.0, 0.0, 0.0])).T


def _frame(along: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Columns: `along`, the part of `across` square to it, and their cross product."""
    first = along / np.linalg.norm(along)
    second = across - (across @ first) * first
    second /= np.linalg.norm(second)
    return np.stack([first, second, np.cross(first, second)], -1)
