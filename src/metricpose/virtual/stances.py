"""How legs carry people: on planted feet, on a seat, on their knees, on the floor, or in the middle of a stride."""

import math

import torch
from torch import Tensor

from metricpose.virtual.draws import Draws
from metricpose.virtual.joints import Angles, about, turns
from metricpose.virtual.legs import Reference, two_bone, with_legs
from metricpose.virtual.pose_kinds import Bent, Gait, Kneeling, Planted, Seated

KNEE_RADIUS = 0.03  # statures
LEGS_FOLLOW = 0.79  # balanced feet lie this share of the way to the upper body's centre: legs weigh a third of it all
_LEG_NAMES = (
    "hip_flexion", "hip_abduction", "hip_turn_out", "knee_flexion",
    "ankle_dorsiflexion", "ankle_inversion", "ankle_turn_out", "toes_extension",
)  # fmt: skip


def leg_angles(
    legs: Planted | Seated | Bent | Kneeling, draws: Draws, pelvis: Tensor, body: Reference
) -> tuple[Angles, Tensor]:
    """Leg angles by name (n, 2), and which legs (n, 2) are to be solved from the ground by `stood` instead."""
    pitch = turns(pelvis)[0][:, None]
    if isinstance(legs, Bent):
        return _bent(legs, draws, pitch if legs.from_level else torch.zeros_like(pitch), body), draws.chance(0.0, 2)
    if isinstance(legs, Kneeling):
        stands = draws.chance(0.5, 1) if legs.one else draws.chance(0.0, 1)
        on_ground = torch.cat((stands, ~stands), 1) if legs.one else stands.expand(-1, 2)
        return _kneeling(legs, draws, pitch), on_ground
    if isinstance(legs, Seated):
        return _crossed(legs, draws, pitch)
    return _straight(draws), draws.chance(1.0, 2)


def _straight(draws: Draws) -> Angles:
    return {name: torch.zeros(draws.n, 2) for name in _LEG_NAMES}


def _bent(legs: Bent, draws: Draws, pitch: Tensor, body: Reference) -> Angles:
    rise = torch.where(draws.chance(legs.rising, 2), draws.both(legs.rise, legs.alike), torch.zeros(draws.n, 2))
    drop = torch.asin((rise.sin() * body.thigh / body.shin).clamp(-1, 1))
    return _straight(draws) | {
        "hip_flexion": draws.both(legs.flexion, legs.alike) + rise + pitch,
        "hip_abduction": draws.both(legs.abduction, legs.alike),
        "hip_turn_out": draws.both(legs.turn_out, legs.alike),
        "knee_flexion": draws.both(legs.knee, legs.alike) + rise + drop,
        "ankle_dorsiflexion": draws.both(legs.dorsiflexion, 0.5),
    }


def _kneeling(legs: Kneeling, draws: Draws, pitch: Tensor) -> Angles:
    lean = draws.both(legs.lean, 0.9)
    tucked = draws.chance(0.35, 1)
    foot = torch.where(tucked, draws.angle((0, 20), 2), draws.angle((-50, -35), 2))
    return _straight(draws) | {
        "hip_flexion": lean + pitch,
        "hip_abduction": draws.both(legs.abduction, 0.8),
        "knee_flexion": lean + math.pi / 2,
        "ankle_dorsiflexion": foot,
        "toes_extension": torch.where(tucked, math.radians(55), 0.0).expand(-1, 2),
    }


def _crossed(legs: Seated, draws: Draws, pitch: Tensor) -> tuple[Angles, Tensor]:
    """One leg over the other: the knee over the knee, or the ankle on it."""
    ankle_on = draws.chance(0.35, 1)

    def either(on: tuple[float, float], over: tuple[float, float]) -> Tensor:
        return torch.where(ankle_on, draws.angle(on, 2), draws.angle(over, 2))

    angles = _straight(draws) | {
        "hip_flexion": either((82, 95), (97, 107)) + pitch,
        "hip_abduction": either((28, 42), (-20, -10)),
        "hip_turn_out": either((42, 58), (-5, 10)),
        "knee_flexion": either((80, 105), (65, 95)),
        "ankle_dorsiflexion": draws.angle((-35, 5), 2),
    }
    crossed, side = draws.chance(legs.crossed, 1), draws.chance(0.5, 1)
    return angles, ~(crossed & torch.cat((side, ~side), 1))


def stood(
    legs: Planted | Seated | Bent | Kneeling, draws: Draws, rotations: Tensor, on_ground: Tensor, body: Reference
) -> Tensor:
    """The pose (n, 21, 3, 3) with the legs `on_ground` (n, 2) solved so that their feet stand."""
    if isinstance(legs, Planted):
        ankles, heading, heel = _planted(legs, draws, rotations, body)
    elif isinstance(legs, Seated):
        ankles, heading, heel = _seated(legs, draws, body)
    elif isinstance(legs, Kneeling) and legs.one:
        ankles, heading, heel = _half_kneeling(draws, rotations, on_ground, body)
    else:
        return rotations
    pole = torch.stack((heading.cos(), heading.sin(), torch.full_like(heading, 0.6)), -1)
    thigh, shin = two_bone(body.hips(rotations), ankles, pole, body.thigh, body.shin)
    foot = about("z", heading) @ about("y", heel)
    return with_legs(rotations, (thigh, shin, foot), on_ground)


def _sided(left_sense: Tensor) -> Tensor:
    """(n, 2) turns or distances to the outside as true ones: to the left for the left side."""
    return left_sense * left_sense.new_tensor([1.0, -1.0])


def _planted(legs: Planted, draws: Draws, rotations: Tensor, body: Reference) -> tuple[Tensor, Tensor, Tensor]:
    heading = _sided(draws.both(legs.turn_out, 0.5))
    heel = draws.angle(legs.heel, 1).expand(-1, 2)
    ahead = draws.uniform(legs.stagger, 1) * draws.sign()[:, None]
    lift = draws.uniform(legs.lift, 1) * (ahead.sign() * ahead.new_tensor([1.0, -1.0]) > 0)  # the foot ahead is up
    across = _sided(draws.uniform(legs.half_width, 1).expand(-1, 2))
    feet = body.stature * torch.stack((ahead * ahead.new_tensor([1.0, -1.0]), across), -1)
    low = (lift == 0).float()
    weight = draws.uniform((0.35, 0.65), 1)
    weight = torch.cat((weight, 1 - weight), 1) * (0.25 + 0.75 * low)
    centre = (feet * (weight / weight.sum(1, keepdim=True))[..., None]).sum(1, keepdim=True)
    feet = feet - centre + _balanced(legs, draws, rotations, body)[:, None]
    ankle = _ankle_over_sole(heel, heading, body) + torch.stack((*feet.unbind(-1), lift * body.stature), -1)
    return _lowered(ankle, rotations, draws.uniform(legs.crouch, 1), body), heading, heel


def _balanced(legs: Planted, draws: Draws, rotations: Tensor, body: Reference) -> Tensor:
    """Where the feet's middle (n, 2) belongs under the upper body, relative to the hips."""
    centre = body.upper_centre(rotations)[:, :2] * LEGS_FOLLOW * legs.balanced
    onward = torch.stack((draws.uniform(legs.forward), draws.normal(0.004)), -1) * body.stature
    # the ankles carry the weight behind the middle of the soles
    return centre + onward - torch.tensor([0.015 * body.stature, 0.0]) * legs.balanced


def _ankle_over_sole(heel: Tensor, heading: Tensor, body: Reference) -> Tensor:
    """Where the ankles (n, 2, 3) come over a foot's place when its heel is raised about the ball."""
    onward = body.ball * (1 - heel.cos()) + body.sole * heel.sin()
    up = body.ball * heel.sin() + body.sole * heel.cos()
    return torch.stack((onward * heading.cos(), onward * heading.sin(), up), -1)


def _lowered(ankle: Tensor, rotations: Tensor, crouch: Tensor, body: Reference) -> Tensor:
    """Ankles (n, 2, 3) relative to the hips, the hips as high as the more stretched leg allows, less `crouch`."""
    reach = (body.thigh + body.shin) * 0.995
    hips = body.hips(rotations)
    level = (ankle - hips)[..., :2].square().sum(-1)
    height = ((reach**2 - level).clamp(min=(0.3 * reach) ** 2).sqrt() + ankle[..., 2] - hips[..., 2]).amin(
        1, keepdim=True
    )
    height = body.sole + (height - body.sole) * (1 - crouch)
    return torch.stack((ankle[..., 0], ankle[..., 1], ankle[..., 2] - height), -1)


def _seated(legs: Seated, draws: Draws, body: Reference) -> tuple[Tensor, Tensor, Tensor]:
    height = draws.uniform(legs.height, 1)
    ahead = draws.uniform(legs.ahead, 1) + draws.normal(0.02, 2)
    across = _sided(draws.uniform(legs.half_width, 1) + draws.normal(0.012, 2))
    hanging = torch.where(draws.chance(legs.dangling, 1), draws.uniform((0.03, 0.2), 1), torch.zeros(draws.n, 1))
    place = torch.stack((ahead, across, (hanging - height).expand(-1, 2)), -1) * body.stature
    heading = torch.atan2(place[..., 1] * 0.4, place[..., 0].clamp(min=0.2)) + _sided(draws.angle((-5, 15), 2))
    heel = torch.where(hanging > 0, draws.angle((0, 40), 1), draws.angle((-20, 20), 1).clamp(min=0)).expand(-1, 2)
    return place + _ankle_over_sole(heel, heading, body), heading, heel


def _half_kneeling(
    draws: Draws, rotations: Tensor, on_ground: Tensor, body: Reference
) -> tuple[Tensor, Tensor, Tensor]:
    """The standing foot in front of a person whose other knee is on the floor."""
    thighs = rotations[:, [13, 17], 2, 2]  # cosine of each thigh's lean
    height = torch.where(on_ground, thighs.flip(1), thighs) * body.thigh + KNEE_RADIUS * body.stature
    ahead, across = draws.uniform((0.17, 0.3), 1).expand(-1, 2), _sided(draws.uniform((0.03, 0.1), 2))
    place = torch.stack((ahead * body.stature, across * body.stature, body.sole - height), -1)
    return place, _sided(draws.angle((0, 20), 2)), torch.zeros(draws.n, 2)


class Stride:
    """One moment of walking or running: hip, knee and ankle over the stride (Winter 1991; Novacheck 1998)."""

    def __init__(self, gait: Gait, draws: Draws) -> None:
        self.draws = draws
        phase = draws.uniform((0, 1), 1)
        self.phase = torch.cat((phase, phase + 0.5), 1)
        self.speed = draws.uniform(gait.speed, 1)
        self.runs = (self.speed - 1.2).clamp(0, 1)

    def _bump(self, at: float, width: float) -> Tensor:
        """A smooth bump over the stride: 1 at the phase `at`, about 0.6 a `width` away."""
        away = (self.phase - at + 0.5) % 1 - 0.5
        return torch.exp(-0.5 * (away / width) ** 2)

    def legs(self) -> Angles:
        draws, speed, runs = self.draws, self.speed.clamp(max=1.3), self.runs
        hip = 9 + 8 * runs + (20 + 16 * runs) * speed * torch.cos(2 * math.pi * (self.phase + 0.03))
        knee = 5 + 10 * runs + (13 + 20 * runs) * self._bump(0.13, 0.07) + (55 + 40 * runs) * self._bump(0.72, 0.11)
        ankle = 9 * self._bump(0.42, 0.13) - (17 + 12 * runs) * self._bump(0.63, 0.07) - 4 * self._bump(0.07, 0.04)
        toes = (25 + 10 * runs) * self._bump(0.58, 0.06)
        return _straight(draws) | {
            "hip_flexion": torch.deg2rad(hip) + draws.normal(0.05, 2),
            "hip_abduction": draws.normal(0.04, 2) - 0.02,
            "hip_turn_out": draws.normal(0.08, 2) + 0.05,
            "knee_flexion": (torch.deg2rad(knee) + draws.normal(0.05, 2)).clamp(min=0.02),
            "ankle_dorsiflexion": torch.deg2rad(ankle) + draws.normal(0.04, 2),
            "toes_extension": torch.deg2rad(toes),
        }

    def arms(self) -> Angles:
        """Arms that swing with the other side's leg."""
        draws, runs = self.draws, self.runs
        swing = -(0.06 + (0.28 + 0.35 * runs) * self.speed.clamp(max=1.3) * torch.cos(2 * math.pi * self.phase))
        swing = swing + draws.normal(0.1, 2) + 0.1
        aside = 0.12 + draws.normal(0.05, 2).abs() + 0.1 * runs
        elbow = torch.deg2rad(12 + 75 * runs) + 0.35 * swing.clamp(min=0) + draws.normal(0.15, 2).abs()
        return {
            "arm_elevation": (swing**2 + aside**2).sqrt(), "arm_plane": torch.atan2(swing, aside),
            "arm_twist": 0.2 + 0.35 * runs + draws.normal(0.12, 2), "elbow_flexion": elbow,
        }  # fmt: skip
