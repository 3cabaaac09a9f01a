"""Joint angles of the canonical rig: global rotations to anatomical angles and back, and their limits.

An angle set is a dict of radians: axial angles (n,), paired angles (n, 2) (left, right; both in the sense of the left
side, so a mirrored pose swaps its columns), and `pelvis` (n, 3, 3), the free global rotation of the root.

Three-axis joints are R_y(a) R_x(b) R_z(c) in their parent: flexion, then sideways, then about the part's long axis
(the order of Grood and Suntay 1983 for hip and knee). The upper arm is measured from the chest (humerothoracic, Wu et
al. 2005): elevation from hanging, plane of elevation (0 sideways, 90 forwards) and twist, where raising an arm adds no
twist. Knees, elbows and toes are hinges; elbows carry the turn of the forearm.
"""

import math

import torch
from torch import Tensor

from metricpose.virtual.rig import NODES

Angles = dict[str, Tensor]

LIMITS_DEG: dict[str, tuple[float, float]] = {
    # lumbar and thoracic spine: White and Panjabi 1990, sums of segment ranges; flexion +, to the right +, turn left +
    "spine_flexion": (-25, 55), "spine_side": (-25, 25), "spine_twist": (-15, 15),
    "chest_flexion": (-20, 40), "chest_side": (-25, 25), "chest_twist": (-35, 35),
    # neck 60 flexion, 70 extension, 45 sideways, 80 turn (AAOS 1965; Youdas et al. 1992), shared by two joints
    "neck_flexion": (-35, 35), "neck_side": (-25, 25), "neck_twist": (-40, 40),
    "head_flexion": (-30, 25), "head_side": (-20, 20), "head_twist": (-40, 40),
    # sternoclavicular: Ludewig et al. 2009
    "clavicle_elevation": (-10, 40), "clavicle_protraction": (-25, 30),
    # shoulder: AAOS 1965, Namdari et al. 2012; behind the body at most 60 (see `limited`)
    "arm_elevation": (0, 172), "arm_plane": (-100, 135), "arm_twist": (-90, 90),
    # elbow and forearm: AAOS 1965, Morrey et al. 1981
    "elbow_flexion": (0, 150), "forearm_pronation": (-85, 80),
    "wrist_flexion": (-70, 75), "wrist_ulnar": (-20, 35),
    # hip: Roaas and Andersson 1982; turned out to 60 in cross-legged sitting (Hemmerich et al. 2006), and 15 more for
    # the turn of the shin on the bent knee, which a hinge lacks
    "hip_flexion": (-20, 125), "hip_abduction": (-25, 45), "hip_turn_out": (-40, 75),
    "knee_flexion": (0, 150),  # Roaas and Andersson 1982; kneeling on the heels: Hemmerich et al. 2006
    # ankle under load: Rabin and Kozol 2012; others Roaas and Andersson 1982
    "ankle_dorsiflexion": (-50, 38), "ankle_inversion": (-20, 30), "ankle_turn_out": (-20, 20),
    "toes_extension": (-30, 65),
}  # fmt: skip
BEHIND_PLANE_DEG, BEHIND_ELEVATION_DEG = -30.0, 60.0
"""An arm raised in a plane further back than this rises no higher than this: shoulder extension, AAOS 1965."""

AXIAL = ("spine", "chest", "neck", "head")
_MIRROR_SIGNS = torch.tensor([[1.0, -1, 1], [-1, 1, -1], [1, -1, 1]])  # M R M of M = diag(1, -1, 1)


def node(name: str) -> int:
    return NODES.index(name)


def pair(name: str) -> list[int]:
    return [NODES.index(f"left_{name}"), NODES.index(f"right_{name}")]


def turned(about_y: Tensor, about_x: Tensor, about_z: Tensor) -> Tensor:
    """R_y(a) R_x(b) R_z(c), (..., 3, 3)."""
    sa, ca, sb, cb, sc, cc = (f(t) for t in (about_y, about_x, about_z) for f in (torch.sin, torch.cos))
    rows = (
        ca * cc + sa * sb * sc, sa * sb * cc - ca * sc, sa * cb,
        cb * sc, cb * cc, -sb,
        ca * sb * sc - sa * cc, sa * sc + ca * sb * cc, ca * cb,
    )  # fmt: skip
    return torch.stack(rows, -1).unflatten(-1, (3, 3))


def turns(rotation: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The angles (a, b, c) of R_y(a) R_x(b) R_z(c); b within 90 degrees."""
    about_x = torch.asin((-rotation[..., 1, 2]).clamp(-1, 1))
    about_y = torch.atan2(rotation[..., 0, 2], rotation[..., 2, 2])
    return about_y, about_x, torch.atan2(rotation[..., 1, 0], rotation[..., 1, 1])


def about(axis: str, angle: Tensor) -> Tensor:
    """Rotation about one axis, "x", "y" or "z"."""
    sine, cosine, one, zero = angle.sin(), angle.cos(), torch.ones_like(angle), torch.zeros_like(angle)
    rows = {
        "x": (one, zero, zero, zero, cosine, -sine, zero, sine, cosine),
        "y": (cosine, zero, sine, zero, one, zero, -sine, zero, cosine),
        "z": (cosine, -sine, zero, sine, cosine, zero, zero, zero, one),
    }[axis]
    return torch.stack(rows, -1).unflatten(-1, (3, 3))


def rotations_of(angles: Angles) -> Tensor:
    """Global rotations (n, 21, 3, 3) of an angle set."""
    parts: list[Tensor] = [angles["pelvis"]] * len(NODES)
    for name, parent in zip(AXIAL, ("pelvis", *AXIAL), strict=False):
        bend = turned(*(angles[f"{name}_{kind}"] for kind in ("flexion", "side", "twist")))
        parts[node(name)] = parts[node(parent)] @ bend
    for name, parent, local in _paired_locals(angles):
        for side in (0, 1):
            above = parts[pair(parent)[side] if parent not in NODES else node(parent)]
            parts[pair(name)[side]] = above @ local[:, side]
    return torch.stack(parts, 1)


def _paired_locals(angles: Angles) -> list[tuple[str, str, Tensor]]:
    """(part, what it is measured from, rotations (n, 2, 3, 3)) of both sides, parents first."""
    get = angles.__getitem__
    zero = torch.zeros_like(get("knee_flexion"))
    shoulder = swung(get("arm_elevation"), get("arm_plane")) @ about("y", get("arm_twist"))
    locals_ = [
        ("clavicle", "chest", turned(zero, get("clavicle_elevation"), -get("clavicle_protraction"))),
        ("upper_arm", "chest", shoulder),
        ("forearm", "upper_arm", about("z", -get("elbow_flexion")) @ about("y", get("forearm_pronation"))),
        ("hand", "forearm", turned(zero, -get("wrist_flexion"), get("wrist_ulnar"))),
        ("thigh", "pelvis", turned(-get("hip_flexion"), get("hip_abduction"), get("hip_turn_out"))),
        ("shin", "thigh", about("y", get("knee_flexion"))),
        ("foot", "shin", turned(-get("ankle_dorsiflexion"), -get("ankle_inversion"), get("ankle_turn_out"))),
        ("toes", "foot", about("y", -get("toes_extension"))),
    ]
    return [(name, parent, _sided(local)) for name, parent, local in locals_]


def _sided(local: Tensor) -> Tensor:
    """Left-sense rotations (n, 2, 3, 3) of both sides to true ones, and back: the right side is mirrored."""
    return torch.stack((local[:, 0], local[:, 1] * _MIRROR_SIGNS.to(local)), 1)


def swung(elevation: Tensor, plane: Tensor) -> Tensor:
    """The left arm raised from hanging by `elevation` in the plane `plane`, without twist, in the chest's axes."""
    hang = about("x", torch.full_like(elevation, -math.pi / 2))
    return about("z", -plane) @ about("x", elevation) @ about("z", plane) @ hang


def angles_of(rotations: Tensor) -> Angles:
    """The angle set of global rotations (n, 21, 3, 3). What a hinge cannot do is left out."""
    angles = {"pelvis": rotations[:, 0]}
    for name, parent in zip(AXIAL, ("pelvis", *AXIAL), strict=False):
        local = rotations[:, node(parent)].mT @ rotations[:, node(name)]
        angles |= dict(zip((f"{name}_flexion", f"{name}_side", f"{name}_twist"), turns(local), strict=True))
    return angles | _arm_angles(rotations) | _leg_angles(rotations)


def _between(rotations: Tensor, parent: str, name: str) -> Tensor:
    above = rotations[:, node(parent)][:, None] if parent in NODES else rotations[:, pair(parent)]
    return _sided(above.mT @ rotations[:, pair(name)])


def _arm_angles(rotations: Tensor) -> Angles:
    _, lift, back = turns(_between(rotations, "chest", "clavicle"))
    upper = _between(rotations, "chest", "upper_arm")
    x, y, z = upper[..., 1].unbind(-1)
    elevation, plane = torch.acos((-z).clamp(-1, 1)), torch.atan2(x, y)
    twist = swung(elevation, plane).mT @ upper
    elbow = _between(rotations, "upper_arm", "forearm")
    hand = _between(rotations, "forearm", "hand")
    return {
        "clavicle_elevation": lift, "clavicle_protraction": -back,
        "arm_elevation": elevation, "arm_plane": plane, "arm_twist": torch.atan2(twist[..., 0, 2], twist[..., 0, 0]),
        "elbow_flexion": torch.atan2(elbow[..., 0, 1], elbow[..., 1, 1]),
        "forearm_pronation": torch.atan2(-elbow[..., 2, 0], elbow[..., 2, 2]),
        "wrist_flexion": -torch.atan2(hand[..., 2, 1], hand[..., 1, 1]),
        "wrist_ulnar": torch.asin((-hand[..., 0, 1]).clamp(-1, 1)),
    }  # fmt: skip


def _leg_angles(rotations: Tensor) -> Angles:
    extension, abduction, turn_out = turns(_between(rotations, "pelvis", "thigh"))
    plantar, eversion, foot_out = turns(_between(rotations, "shin", "foot"))
    return {
        "hip_flexion": -extension, "hip_abduction": abduction, "hip_turn_out": turn_out,
        "knee_flexion": turns(_between(rotations, "thigh", "shin"))[0],
        "ankle_dorsiflexion": -plantar, "ankle_inversion": -eversion, "ankle_turn_out": foot_out,
        "toes_extension": -turns(_between(rotations, "foot", "toes"))[0],
    }  # fmt: skip


def limited(angles: Angles) -> Angles:
    """The angle set brought within `LIMITS_DEG`, each angle on its own."""
    bounds = {name: tuple(math.radians(x) for x in limits) for name, limits in LIMITS_DEG.items()}
    kept = {name: a if name == "pelvis" else a.clamp(*bounds[name]) for name, a in angles.items()}
    behind = kept["arm_plane"] < math.radians(BEHIND_PLANE_DEG)
    low = kept["arm_elevation"].clamp(max=math.radians(BEHIND_ELEVATION_DEG))
    return kept | {"arm_elevation": torch.where(behind, low, kept["arm_elevation"])}
