"""Poses made from rules: what the motion capture at hand lacks (sitting, squatting, kneeling, lying, climbing, ...).

Every pose is a set of joint angles within human limits (`joints`), so any body can take it. Feet that stand are solved
from the ground up (`legs`), arms follow styles and keep out of the trunk (`arms`), and what each kind of pose looks
like is a table (`pose_kinds`).
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from metricpose._errors import InputError
from metricpose.virtual.arms import cleared, drawn_arms, from_vertical
from metricpose.virtual.draws import Draws
from metricpose.virtual.joints import Angles, about, angles_of, limited, rotations_of, turned
from metricpose.virtual.legs import Reference, toes_flat
from metricpose.virtual.pose_kinds import KIND_TABLE, Gait, Kind, Support
from metricpose.virtual.pose_source import facing_forward
from metricpose.virtual.rig import NODES
from metricpose.virtual.stances import Stride, leg_angles, stood

DEFAULT_WEIGHTS: dict[str, float] = {
    "standing": 14, "leaning": 5, "walking": 9, "running": 3, "sitting": 10, "sitting_bent": 3, "cross_legged": 3,
    "legs_stretched": 3, "hugging_knees": 2, "squatting": 5, "crouching": 5, "kneeling": 3, "kneeling_heels": 2,
    "kneeling_one": 3, "all_fours": 2, "lying_supine": 3, "lying_prone": 2, "lying_propped": 1, "lying_side": 3,
    "reaching_up": 3, "reaching_front": 3, "bending": 6, "climbing": 3, "stairs": 4, "lunging": 3, "wide_stance": 2,
    "one_leg": 3, "arms_overhead": 3, "any": 4,
}  # fmt: skip

ACROBATIC_WEIGHTS: dict[str, float] = {
    "straight": 5, "split_leap": 4, "any": 4, "arch": 3, "straddle": 3, "tuck": 3, "pike": 2, "running": 1.5,
    "lunging": 1, "one_leg": 1, "arms_overhead": 1, "wide_stance": 1,
}  # fmt: skip
"""Of gymnasts, divers and dancers, whom pictures show any way up (`render.standing`)."""

_CHUNK = 2048  # poses finished at a time: what stays in the cache is twice as fast


class ProceduralPoses:
    """A pose source: global rotations (n, 21, 3, 3) of the canonical rig, people facing +x, z up."""

    licence = "Apache-2.0, made"
    kinds: tuple[str, ...] = tuple(KIND_TABLE)

    def __init__(self, weights: Mapping[str, float] | None = None) -> None:
        self.weights = dict(DEFAULT_WEIGHTS if weights is None else weights)
        unknown = sorted(set(self.weights) - set(KIND_TABLE))
        if unknown or not self.weights:
            raise InputError(f"ProceduralPoses: expected weights of {', '.join(KIND_TABLE)}; got {unknown or 'none'}")
        self._reference = Reference()

    def draw(self, n: int, generator: torch.Generator) -> Tensor:
        """`n` poses of kinds drawn by weight: (n, 21, 3, 3)."""
        return self.draw_labelled(n, generator)[0]

    def draw_labelled(self, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """(rotations (n, 21, 3, 3), index of each pose's kind in `kinds` (n,))."""
        chances = {self.kinds.index(name): weight for name, weight in self.weights.items()}
        kind = Draws(n, generator).choice(chances)
        rotations = torch.empty(n, len(NODES), 3, 3)
        for index in kind.unique().tolist():
            of_kind = kind == index
            draws = Draws(int(of_kind.sum()), generator)
            rotations[of_kind] = _drafted(KIND_TABLE[self.kinds[index]], draws, self._reference)
        standing = torch.tensor([self.support(name) == "feet" for name in self.kinds])[kind]
        return _finished(rotations, standing, self._reference), kind

    def draw_kind(self, kind: str, n: int, generator: torch.Generator) -> Tensor:
        """`n` poses of one kind: (n, 21, 3, 3)."""
        if kind not in KIND_TABLE:
            raise InputError(f"ProceduralPoses: expected a kind of {', '.join(KIND_TABLE)}; got {kind!r}")
        drafted = _drafted(KIND_TABLE[kind], Draws(n, generator), self._reference)
        standing = torch.full((n,), self.support(kind) == "feet")
        return _finished(drafted, standing, self._reference)

    def support(self, kind: str | int) -> Support:
        """What carries people in poses of this kind: "feet", "seat", "floor", "lying" or "free"."""
        return KIND_TABLE[kind if isinstance(kind, str) else self.kinds[kind]].support


def _drafted(kind: Kind, draws: Draws, body: Reference) -> Tensor:
    """Poses as the tables say, not yet held to limits."""
    arms, world = drawn_arms(draws, kind.arms)
    angles = _trunk(kind, draws)
    if isinstance(kind.legs, Gait):
        stride = Stride(kind.legs, draws)
        swings = draws.chance(kind.arms["swing"] / sum(kind.arms.values()), 1)
        arms = {name: torch.where(swings, swung, arms[name]) for name, swung in (arms | stride.arms()).items()}
        world, legs, on_ground = world & ~swings, stride.legs(), None
    else:
        legs, on_ground = leg_angles(kind.legs, draws, angles["pelvis"], body)
    rotations = rotations_of(angles | arms | legs)
    if kind.base == "upright":
        rotations = from_vertical(rotations, world)
    if isinstance(kind.legs, Gait) or on_ground is None:
        return rotations
    return stood(kind.legs, draws, rotations, on_ground, body)


def _finished(rotations: Tensor, standing: Tensor, body: Reference) -> Tensor:
    """Arms out of the trunk, every joint within its limits, toes of standing people flat, faces to +x."""
    done = []
    for part, stands in zip(rotations.split(_CHUNK), standing.split(_CHUNK), strict=True):
        outside = cleared(part, body.offsets, body.stature)
        held = toes_flat(rotations_of(limited(angles_of(outside))), stands)
        done.append(facing_forward(held))
    return torch.cat(done)


def _trunk(kind: Kind, draws: Draws) -> Angles:
    """Pelvis, spine, neck and head."""
    pitch, roll, yaw = (draws.angle(bounds) for bounds in (kind.pitch, kind.roll, kind.yaw))
    angles: Angles = {"pelvis": _based(kind, draws, turned(pitch, roll, yaw))}
    flexion = draws.angle(kind.flexion)
    shares = {"flexion": 0.55, "side": 0.5, "twist": 0.25}
    totals = {"flexion": flexion, "side": draws.angle(kind.side) - 0.6 * roll, "twist": draws.angle(kind.twist) - yaw}
    for name, total in totals.items():
        angles[f"spine_{name}"], angles[f"chest_{name}"] = shares[name] * total, (1 - shares[name]) * total
    leaning = pitch + flexion if kind.base == "upright" else torch.zeros_like(pitch)
    nod = draws.angle(kind.look) - leaning
    turn, tilt = draws.angle(kind.look_side) * draws.uniform((0, 1)), draws.normal(0.08)
    for name, share in (("neck", 0.55), ("head", 0.45)):
        angles |= {f"{name}_flexion": share * nod, f"{name}_side": share * tilt, f"{name}_twist": share * turn}
    return angles


def _based(kind: Kind, draws: Draws, tilt: Tensor) -> Tensor:
    """The pelvis's rotation: `tilt` of an upright person, or of one who lies down, head towards -x or +x."""
    quarter = torch.full((draws.n,), math.pi / 2)
    if kind.base == "supine":
        return about("y", -quarter) @ tilt
    if kind.base == "prone":
        return about("y", quarter) @ tilt
    if kind.base == "side":
        return about("y", -quarter) @ about("z", quarter * draws.sign()) @ tilt
    return tilt
