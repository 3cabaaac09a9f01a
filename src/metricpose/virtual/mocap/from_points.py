"""Named points of a person in space (joint centres or markers on the skin), carried over to the canonical rig.

Directions of limbs come out exactly; how a part is turned about its own length comes from what bends: elbows and knees,
hips, shoulders, ears. Where nothing bends, a part follows the one above it by the shortest way. Lengths are not kept:
the rig's bodies have their own.

Joints are called as in the skeletons (`left_hip`); `named_points` knows what other programs call them.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from metricpose._errors import InputError
from metricpose.virtual.rig import NODES

NEEDED = tuple(
    f"{side}_{joint}" for side in ("left", "right") for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
)
HELPFUL = ("nose", "left_ear", "right_ear", "head_top", "left_heel", "right_heel", "left_big_toe", "right_big_toe")

_BOTH_SIDES: Mapping[str, tuple[str, ...]] = {
    "shoulder": ("SJC", "Arm", "UpperArm", "Shoulder", "SHO"),
    "elbow": ("EJC", "ForeArm", "LowerArm", "Elbow", "ELB"),
    "wrist": ("WJC", "Wrist", "Hand", "WRA"),
    "hip": ("HJC", "UpLeg", "UpperLeg", "Thigh", "Hip"),
    "knee": ("KJC", "Knee", "LowerLeg", "Calf", "Shin", "Leg", "KNE"),
    "ankle": ("AJC", "Ankle", "Foot", "ANK"),
    "ear": ("Ear",),
    "heel": ("Heel", "HEE"),
    "big_toe": ("BigToe", "ToeBase", "Toe", "TOE"),
    "front_of_pelvis": ("ASI", "ASIS"),
    "back_of_pelvis": ("PSI", "PSIS"),
}
"""What joints are called, best first: an arm or leg starts at the joint that its program names after it (Mixamo:
LeftArm is at the shoulder, LeftShoulder is the collar bone). Three letters are markers of the Plug-in Gait model."""

_ONE: Mapping[str, tuple[str, ...]] = {
    "nose": ("Nose",),
    "head_top": ("HeadTop", "HeadTop_End", "Head_end", "End_Head"),
}


def _plain(name: str) -> str:
    """Without namespace (`mixamorig:`), case and separators."""
    plain = "".join(letter for letter in name.rpartition(":")[2].lower() if letter.isalnum())
    return plain.removeprefix("mixamorig").removeprefix("bip001").removeprefix("bip01")


def _names_of() -> dict[str, tuple[str, ...]]:
    names = {joint: tuple(map(_plain, spellings)) for joint, spellings in _ONE.items()}
    for side, letter in (("left", "l"), ("right", "r")):
        for joint, spellings in _BOTH_SIDES.items():
            patterns = (f"{side}{{}}", f"{letter}{{}}", f"{{}}{letter}", f"{{}}{side}")
            names[f"{side}_{joint}"] = tuple(_plain(p.format(spelling)) for spelling in spellings for p in patterns)
    return names


_NAMES_OF = _names_of()


def named_points(names: Sequence[str], positions_m: np.ndarray) -> dict[str, np.ndarray]:
    """Points (T, 3) of the joints of NEEDED, and of HELPFUL as far as they are there, of points (T, M, 3) by name.

    Where markers on the pelvis stand for the hips, these are computed. Raises InputError that lists what is missing.
    """
    place = {_plain(name): index for index, name in reversed(list(enumerate(names)))}
    found = {}
    for joint, spellings in _NAMES_OF.items():
        spelling = next((spelling for spelling in spellings if spelling in place), None)
        if spelling is not None:
            found[joint] = positions_m[:, place[spelling]]
    if not {"left_hip", "right_hip"} <= set(found):
        found |= _hips_of_markers(found)
    missing = [joint for joint in NEEDED if joint not in found]
    if missing:
        has = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "") or "none"
        raise InputError(f"expected points named as joints, got none for {', '.join(missing)}; it has {has}")
    return {joint: values for joint, values in found.items() if joint in NEEDED + HELPFUL}


def _hips_of_markers(found: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The hip joints' centres from four markers on the pelvis (Bell, Pedersen and Brand 1990): in widths of its front,
    0.36 to the side of the middle, 0.19 behind and 0.30 below."""
    corners = [f"{side}_{end}_of_pelvis" for end in ("front", "back") for side in ("left", "right")]
    if not set(corners) <= set(found):
        return {}
    left, right, back_left, back_right = (found[corner] for corner in corners)
    front = (left + right) / 2
    width = np.linalg.norm(left - right, axis=-1, keepdims=True)
    y = _unit(left - right)
    x = _unit(_square(front - (back_left + back_right) / 2, y))
    middle = front - width * (0.19 * x + 0.30 * np.cross(x, y))
    return {"left_hip": middle + 0.36 * width * y, "right_hip": middle - 0.36 * width * y}


def upright_axes(points: Mapping[str, np.ndarray]) -> np.ndarray:
    """Rotation (3, 3) to a world with z up, from a file's axes, by where most people's shoulders are over their ankles.

    `points`: (T, 3) by joint. Raises InputError where no axis is clearly up, as in a clip of somebody who lies.
    """
    tall = _middle(points, "shoulder") - _middle(points, "ankle")
    share = np.median(tall / np.maximum(np.linalg.norm(tall, axis=-1, keepdims=True), 1e-9), axis=0)
    axis = int(np.abs(share).argmax())
    if not abs(share[axis]) > 0.7:
        raise InputError(
            "expected people who mostly stand, so that the axis that is up can be told, got shoulders "
            f"{share.round(2).tolist()} body lengths from the ankles in x, y, z; leave the clip out"
        )
    up = np.sign(share[axis]) * np.eye(3)[axis]
    ahead = np.eye(3)[(axis + 1) % 3]
    return np.stack([ahead, np.cross(up, ahead), up])


def rotations_of_points(points: Mapping[str, np.ndarray]) -> np.ndarray:
    """Global rotations (T, 21, 3, 3) float32 of the rig, for points (T, 3) by joint in a right-handed world, z up.

    All of NEEDED must be there, finite; of HELPFUL, whatever is.
    """
    left, up = _middle_to(points, "hip"), _middle(points, "shoulder") - _middle(points, "hip")
    pelvis, chest = _frame_yz(left, up), _frame_yz(_middle_to(points, "shoulder"), up)
    head = _head(points, chest)
    parts = {"pelvis": pelvis, "chest": chest, "head": head}
    parts |= {"spine": _between(pelvis, chest), "neck": _between(chest, head)}
    for side, sign in (("left", 1.0), ("right", -1.0)):
        at = {joint: points[f"{side}_{joint}"] for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")}
        parts[f"{side}_clavicle"] = chest
        upper, lower = _limb(chest, at["shoulder"], at["elbow"], at["wrist"], np.array([0.0, sign, 0.0]), bends=1.0)
        parts |= {f"{side}_upper_arm": upper, f"{side}_forearm": lower, f"{side}_hand": lower}
        thigh, shin = _limb(pelvis, at["hip"], at["knee"], at["ankle"], np.array([0.0, 0.0, -1.0]), bends=-1.0)
        foot = _foot(points, side, shin)
        parts |= {f"{side}_thigh": thigh, f"{side}_shin": shin, f"{side}_foot": foot, f"{side}_toes": foot}
    return np.stack([parts[node] for node in NODES], 1).astype(np.float32)


def _middle(points: Mapping[str, np.ndarray], joint: str) -> np.ndarray:
    return (points[f"left_{joint}"] + points[f"right_{joint}"]) / 2


def _middle_to(points: Mapping[str, np.ndarray], joint: str) -> np.ndarray:
    return points[f"left_{joint}"] - points[f"right_{joint}"]


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


def _square(vectors: np.ndarray, axis: np.ndarray) -> np.ndarray:
    """The part of `vectors` square to the unit vectors `axis`."""
    return vectors - (vectors * axis).sum(-1, keepdims=True) * axis


def _frame_yz(left: np.ndarray, up: np.ndarray) -> np.ndarray:
    """Rotations (T, 3, 3) whose y axis is `left` and whose z axis leans towards `up`."""
    y = _unit(left)
    z = _unit(_square(up, y))
    return np.stack([np.cross(y, z), y, z], -1)


def _between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The rotation half-way, by the nearest rotation to the mean (Moakher 2002)."""
    u, _, vh = np.linalg.svd(a + b)
    flip = np.ones((*u.shape[:-2], 3))
    flip[..., 2] = np.linalg.det(u @ vh)
    return (u * flip[..., None, :]) @ vh


def _swing(parent: np.ndarray, rest: np.ndarray, along: np.ndarray) -> np.ndarray:
    """`parent` turned by the shortest way so that its `rest` direction points `along` (T, 3) unit."""
    start = parent @ rest
    axis = np.cross(start, along)
    k = 1 / np.maximum(1 + (start * along).sum(-1), 1e-3)
    zero = np.zeros(len(axis))
    x, y, z = axis.T
    skew = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(-1, 3, 3)
    turn = np.eye(3) + skew + k[:, None, None] * (skew @ skew)
    u, _, vh = np.linalg.svd(turn)  # exact but next to a full turn back, where the shortest way is any
    return u @ vh @ parent


_LEAST_BEND = 0.26
"""Sine of the angle (15 degrees) from which a bent limb tells how it is turned about its own length."""


def _limb(
    parent: np.ndarray, start: np.ndarray, middle: np.ndarray, end: np.ndarray, rest: np.ndarray, *, bends: float
) -> tuple[np.ndarray, np.ndarray]:
    """Rotations of both parts of a limb whose rest direction is `rest` and whose end bends to x * `bends`."""
    upper, lower = _unit(middle - start), _unit(end - middle)
    bent = bends * _square(lower, upper)
    straight = np.linalg.norm(bent, axis=-1) < _LEAST_BEND
    swung = _swing(parent, rest, upper)
    ahead = np.where(straight[:, None], swung[..., 0], bent)
    hinge = _unit(np.cross(upper, ahead))
    return _turned(upper, hinge, rest), _turned(_unit(lower), _unit(_square(hinge, lower)), rest)


def _turned(along: np.ndarray, hinge: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Rotations with `rest` -> `along` and rest x x -> `hinge`, the axis about which the limb bends."""
    there = np.stack([along, np.cross(hinge, along), hinge], -1)
    x = np.array([1.0, 0.0, 0.0])
    here = np.stack([rest, x, np.cross(rest, x)], -1)
    return there @ here.T


_NOSE_PITCH = np.arctan2(0.007 - 0.014, 0.064 - 0.004)
"""The nose lies a little below the ears: mean of the packaged bodies at rest."""


def _head(points: Mapping[str, np.ndarray], chest: np.ndarray) -> np.ndarray:
    if all(joint in points for joint in ("nose", "left_ear", "right_ear")):
        y = _unit(_middle_to(points, "ear"))
        ahead = _unit(_square(points["nose"] - _middle(points, "ear"), y))
        up = np.cross(ahead, y)
        cos, sin = np.cos(_NOSE_PITCH), np.sin(_NOSE_PITCH)
        x = cos * ahead - sin * up
        return np.stack([x, y, np.cross(x, y)], -1)
    if "head_top" in points:
        return _swing(chest, np.array([0.0, 0.0, 1.0]), _unit(points["head_top"] - _middle(points, "shoulder")))
    return chest


_STANDING_SHIN = 0.64
"""Cosine of the angle (50 degrees) from the vertical up to which a foot is taken to be flat on the floor."""


def _foot(points: Mapping[str, np.ndarray], side: str, shin: np.ndarray) -> np.ndarray:
    """Pointing from heel to toes where both are known; else flat under an upright shin, else square to the shin."""
    up = np.array([0.0, 0.0, 1.0])
    heel, toe = points.get(f"{side}_heel"), points.get(f"{side}_big_toe")
    if heel is not None and toe is not None:
        x = _unit(toe - heel)
        y = _unit(_square(shin[..., 1], x))
        return np.stack([x, y, np.cross(x, y)], -1)
    x = _unit(_square(shin[..., 0], up))
    flat = np.stack([x, np.cross(up, x), np.broadcast_to(up, x.shape)], -1)
    return np.where((shin[:, 2, 2] > _STANDING_SHIN)[:, None, None], flat, shin)
