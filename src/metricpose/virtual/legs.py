"""Legs that stand on something: two-bone inverse kinematics from the hips to the ankles, and feet laid flat.

Legs come from where the feet stand, so both soles are on their ground whatever the pelvis does. Solved for the body of
mean adult proportions; other bodies get the same rotations.
"""

import torch
from torch import Tensor

from metricpose.bodies.bank import BodyBank
from metricpose.virtual.joints import about, node, pair, turns
from metricpose.virtual.rig import NODES, PARENTS

FULL_REACH = 0.9985
"""A leg stretches to this share of its length: a fully straight knee has no bending direction."""


def two_bone(start: Tensor, end: Tensor, pole: Tensor, upper: float, lower: float) -> tuple[Tensor, Tensor]:
    """Global rotations (..., 3, 3) of thigh and shin from hip `start` to ankle `end`, the knee towards `pole`.

    Lengths `upper` and `lower` in the unit of the points. Out of reach, the leg points at `end` fully stretched.
    """
    reach = end - start
    distance = reach.norm(dim=-1).clamp(abs(upper - lower) * 1.05 + 1e-4, (upper + lower) * FULL_REACH)
    along = torch.nn.functional.normalize(reach, dim=-1)
    side = torch.nn.functional.normalize(torch.linalg.cross(pole, along), dim=-1)
    forward = torch.linalg.cross(along, side)
    cosine = (upper**2 + distance**2 - lower**2) / (2 * upper * distance)
    bend = torch.acos(cosine.clamp(-1, 1))[..., None]
    thigh = along * bend.cos() + forward * bend.sin()
    shin = (along * distance[..., None] - thigh * upper) / lower
    return _frame(thigh, side), _frame(shin, side)


def _frame(down: Tensor, left: Tensor) -> Tensor:
    """The rotation whose -z is `down` and whose y is `left`."""
    up = -torch.nn.functional.normalize(down, dim=-1)
    return torch.stack((torch.linalg.cross(left, up), left, up), -1)


def heading_of(rotations: Tensor) -> Tensor:
    """The turn about the vertical of where a part's x axis points."""
    return torch.atan2(rotations[..., 1, 0], rotations[..., 0, 0])


def toes_flat(rotations: Tensor, standing: Tensor) -> Tensor:
    """The poses (n, 21, 3, 3) with the toes of those `standing` (n,) level as far as toes bend."""
    foot = rotations[:, pair("foot")]
    pitch = turns(about("z", -heading_of(foot)) @ foot)[0]
    bent = foot @ about("y", -pitch.clamp(-0.5, 1.1))
    flat = rotations.clone()
    flat[:, pair("toes")] = torch.where(standing[:, None, None, None], bent, rotations[:, pair("toes")])
    return flat


def with_legs(rotations: Tensor, legs: tuple[Tensor, Tensor, Tensor], which: Tensor) -> Tensor:
    """The pose with global (thighs, shins, feet), each (n, 2, 3, 3), where `which` (n, 2); toes follow their feet."""
    replaced = rotations.clone()
    for name, part in zip(("thigh", "shin", "foot", "toes"), (*legs, legs[2]), strict=True):
        replaced[:, pair(name)] = torch.where(which[..., None, None], part, rotations[:, pair(name)])
    return replaced


# Share of body mass of the part that starts at each node above the hips: de Leva 1996.
_PART_MASS = {
    "pelvis": 0.12, "spine": 0.15, "chest": 0.17, "neck": 0.02, "head": 0.06,
    "upper_arm": 0.027, "forearm": 0.016, "hand": 0.006,
}  # fmt: skip


class Reference:
    """The mean adult of the packaged bodies, in metres: whom stances are solved for."""

    def __init__(self) -> None:
        bank = BodyBank.load()
        adults = bank[bank.age_years >= 18]
        self.stature = float(adults.stature_m.mean())
        self.offsets = torch.from_numpy(adults.node_offsets.mean(0))
        self.thigh = float(self.offsets[node("left_shin")].norm())
        self.shin = float(self.offsets[node("left_foot")].norm())
        self.half_hips = float(self.offsets[node("left_thigh"), 1])
        self.sole = float(adults.sole_m.mean())
        self.ball = float(self.offsets[node("left_toes"), 0])
        self._ahead = torch.zeros(3)  # the spine's joints lie behind the trunk's mass: at rest that is over the hips
        self._ahead[0] = -self.upper_centre(torch.eye(3).expand(1, len(NODES), 3, 3))[0, 0]

    def hips(self, rotations: Tensor) -> Tensor:
        """Hip centres (n, 2, 3) relative to their middle."""
        left = rotations[:, node("pelvis"), :, 1] * self.half_hips
        return torch.stack((left, -left), 1)

    def upper_centre(self, rotations: Tensor) -> Tensor:
        """Centre of mass (n, 3) of trunk, head and arms, relative to the middle of the hips."""
        at: list[Tensor] = [rotations.new_zeros(len(rotations), 3)]
        for i in range(1, 13):
            at.append(at[PARENTS[i]] + rotations[:, PARENTS[i]] @ self.offsets[i])
        end = list(at)
        for i in (1, 2, 3, 4, 7, 8, 11, 12):
            end[PARENTS[i]] = at[i]
        masses = [_PART_MASS.get(NODES[i].split("_", 1)[-1], 0.0) for i in range(13)]
        middles = [(a + b) / 2 * mass for a, b, mass in zip(at, end, masses, strict=True)]
        return torch.stack(middles).sum(0) / sum(masses) + rotations[:, node("chest")] @ self._ahead
