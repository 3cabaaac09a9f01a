"""The kinds of pose that the procedural source draws, as data: ranges for trunk, look and legs, weights of arm styles.

Angles in degrees, lengths in statures. Ranges were set by eye on stick figures within the limits of
`metricpose.virtual.joints`; sitting heights follow chairs of 0.33-0.55 m.
"""

from dataclasses import dataclass, field
from typing import Literal

from metricpose.virtual.draws import Range

Support = Literal["feet", "seat", "floor", "lying", "free"]
"""What carries the person: their feet; a seat under the hips; the floor under hips or knees; the floor under the whole
body; or nothing in particular."""


@dataclass(frozen=True, kw_only=True)
class Planted:
    """Feet on the ground under the body. Right and left are drawn at random where the sides differ."""

    crouch: Range = (0.0, 0.02)
    """share by which the more stretched leg is shortened"""
    half_width: Range = (0.035, 0.085)
    stagger: Range = (-0.05, 0.05)
    """one ankle ahead of the middle, the other behind, by this much each"""
    lift: Range = (0.0, 0.0)
    """height of one foot over the other"""
    forward: Range = (-0.015, 0.015)
    """both feet ahead of the balanced place"""
    turn_out: Range = (-3, 25)
    heel: Range = (0, 0)
    """heels raised, degrees"""
    balanced: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Seated:
    """Hips at a height, feet somewhere in front of them."""

    height: Range = (0.2, 0.33)
    ahead: Range = (0.1, 0.34)
    half_width: Range = (0.03, 0.13)
    crossed: float = 0.25
    """how often one leg lies over the other"""
    dangling: float = 0.1


@dataclass(frozen=True, kw_only=True)
class Bent:
    """Legs by joint angles. `rise` lifts the knee of a leg whose heel stays at the level of the hips."""

    flexion: Range = (0, 0)
    abduction: Range = (-5, 20)
    turn_out: Range = (-10, 40)
    knee: Range = (0, 10)
    dorsiflexion: Range = (-40, 10)
    rise: Range = (0, 0)
    rising: float = 0.0
    """how often a leg rises"""
    alike: float = 0.7
    from_level: bool = False
    """flexion counts from the vertical instead of from the pelvis"""


@dataclass(frozen=True, kw_only=True)
class Kneeling:
    """Shins on the floor; with `one`, the other foot stands in front."""

    lean: Range = (-5, 20)
    """thighs forward of the vertical"""
    abduction: Range = (0, 18)
    one: bool = False


@dataclass(frozen=True, kw_only=True)
class Gait:
    """One moment of a stride; `speed` 1 is a walk, 2 a run."""

    speed: Range = (0.5, 1.25)


@dataclass(frozen=True, kw_only=True)
class Kind:
    support: Support = "feet"
    base: Literal["upright", "supine", "prone", "side"] = "upright"
    pitch: Range = (-7, 8)
    """pelvis forwards"""
    roll: Range = (-5, 5)
    yaw: Range = (-12, 12)
    flexion: Range = (-10, 15)
    """lumbar and thoracic spine together"""
    side: Range = (-8, 8)
    twist: Range = (-15, 15)
    look: Range = (-15, 35)
    """pitch of the head, downwards: against the horizon when upright, against the chest when lying"""
    look_side: Range = (-50, 50)
    arms: dict[str, float] = field(default_factory=lambda: {"hang": 1.0})
    legs: Planted | Seated | Bent | Kneeling | Gait = Planted()


_IDLE = {
    "hang": 5.0, "folded": 0.9, "on_hips": 1, "clasped_front": 0.7, "behind_back": 0.5, "phone": 1, "phone_ear": 0.5,
    "gesture": 2.5, "carry_box": 0.8, "wave": 0.4, "point": 0.4, "behind_head": 0.2,
}  # fmt: skip
_SIT = {
    "on_thighs": 4.0,
    "desk": 2,
    "armrest": 1,
    "folded": 0.6,
    "phone": 1,
    "gesture": 1,
    "hang": 0.4,
    "reach_front": 0.5,
}
_FLOOR = {"on_thighs": 3.0, "prop_back": 1.0, "gesture": 1, "phone": 1, "desk": 1, "hang": 0.4, "reach_front": 0.5}
_WORK = {
    "desk": 2.0,
    "reach_down": 2,
    "on_thighs": 1.5,
    "reach_front": 1,
    "gesture": 1,
    "elbows_on_knees": 1,
    "hang": 0.5,
}

KIND_TABLE: dict[str, Kind] = {
    "standing": Kind(arms=_IDLE),
    "leaning": Kind(
        pitch=(-12, 14),
        roll=(-10, 10),
        yaw=(-20, 20),
        flexion=(-15, 30),
        side=(-18, 18),
        twist=(-35, 35),
        arms=_IDLE,
        legs=Planted(crouch=(0, 0.06), half_width=(0.02, 0.13), stagger=(-0.09, 0.09)),
    ),
    "walking": Kind(
        flexion=(-4, 14),
        yaw=(-4, 4),
        twist=(-5, 5),
        look=(-8, 25),
        arms={"swing": 6.0, "carry_box": 0.7, "phone": 0.7, "gesture": 0.5},
        legs=Gait(),
    ),
    "running": Kind(
        pitch=(4, 16),
        flexion=(0, 18),
        yaw=(-4, 4),
        twist=(-5, 5),
        look=(-8, 15),
        arms={"swing": 1.0},
        legs=Gait(speed=(1.6, 2.4)),
    ),
    "sitting": Kind(support="seat", pitch=(-28, 8), flexion=(0, 45), yaw=(-3, 3), arms=_SIT, legs=Seated()),
    "sitting_bent": Kind(
        support="seat",
        pitch=(5, 30),
        flexion=(10, 50),
        yaw=(-3, 3),
        look=(0, 50),
        arms={"elbows_on_knees": 3.0, "reach_down": 1, "desk": 2, "reach_front": 1},
        legs=Seated(crossed=0.05),
    ),
    "cross_legged": Kind(
        support="floor",
        pitch=(-25, 6),
        flexion=(5, 45),
        yaw=(-2, 2),
        roll=(-3, 3),
        arms=_FLOOR,
        legs=Bent(flexion=(96, 112), abduction=(28, 45), turn_out=(60, 75), knee=(128, 145), from_level=True),
    ),
    "legs_stretched": Kind(
        support="floor",
        pitch=(-32, 8),
        flexion=(5, 45),
        yaw=(-2, 2),
        roll=(-3, 3),
        arms=_FLOOR | {"prop_back": 3.0},
        legs=Bent(
            flexion=(88, 92),
            abduction=(-3, 25),
            turn_out=(-5, 25),
            knee=(0, 6),
            rise=(5, 62),
            rising=0.4,
            alike=0.4,
            from_level=True,
        ),
    ),
    "hugging_knees": Kind(
        support="floor",
        pitch=(-25, 5),
        flexion=(20, 55),
        yaw=(-2, 2),
        roll=(-3, 3),
        look=(-5, 45),
        arms={"around_knees": 4.0, "prop_back": 0.5, "gesture": 0.5},
        legs=Bent(flexion=(89, 91), abduction=(-3, 12), turn_out=(-5, 10), rise=(38, 58), rising=1.0, from_level=True),
    ),
    "squatting": Kind(
        pitch=(-8, 28),
        flexion=(10, 45),
        look=(-10, 40),
        arms=_WORK,
        legs=Planted(
            crouch=(0.5, 0.85), half_width=(0.06, 0.14), stagger=(-0.06, 0.06), turn_out=(5, 35), heel=(0, 25)
        ),
    ),
    "crouching": Kind(
        pitch=(5, 40),
        flexion=(0, 40),
        look=(-15, 35),
        arms=_WORK | {"carry_box": 1.0, "swing": 0.5},
        legs=Planted(crouch=(0.08, 0.4), half_width=(0.04, 0.14), stagger=(-0.12, 0.12), turn_out=(0, 30)),
    ),
    "kneeling": Kind(support="floor", pitch=(-8, 20), flexion=(-5, 35), look=(-10, 45), arms=_WORK, legs=Kneeling()),
    "kneeling_heels": Kind(
        support="floor",
        pitch=(-8, 18),
        flexion=(0, 35),
        look=(-10, 45),
        arms=_SIT,
        legs=Kneeling(lean=(46, 58), abduction=(0, 25)),
    ),
    "kneeling_one": Kind(
        support="floor",
        pitch=(-8, 20),
        flexion=(-5, 35),
        look=(-10, 45),
        arms=_WORK,
        legs=Kneeling(lean=(-12, 20), abduction=(-2, 12), one=True),
    ),
    "all_fours": Kind(
        support="floor",
        pitch=(62, 72),
        roll=(-4, 4),
        flexion=(-5, 10),
        look=(20, 80),
        arms={"on_floor": 1.0},
        legs=Kneeling(lean=(-3, 10), abduction=(0, 12)),
    ),
    "lying_supine": Kind(
        support="lying",
        base="supine",
        pitch=(-3, 3),
        roll=(-2, 2),
        yaw=(-3, 3),
        twist=(-6, 6),
        flexion=(-4, 8),
        look=(-10, 25),
        look_side=(-60, 60),
        arms={"lie_side": 3.0, "lie_belly": 2, "lie_up": 1, "lie_out": 1.5, "lie_phone": 0.7, "behind_head": 0.7},
        legs=Bent(flexion=(-3, 4), knee=(0, 8), rise=(8, 58), rising=0.4, alike=0.5),
    ),
    "lying_prone": Kind(
        support="lying",
        base="prone",
        pitch=(-3, 3),
        roll=(-2, 2),
        yaw=(-3, 3),
        twist=(-5, 5),
        flexion=(-12, 2),
        look=(-15, 5),
        look_side=(-75, 75),
        arms={"prone_side": 2.0, "lie_out": 2, "lie_up": 2},
        legs=Bent(flexion=(-5, 3), abduction=(0, 28), turn_out=(-15, 40), knee=(0, 20), dorsiflexion=(-50, -25)),
    ),
    "lying_propped": Kind(
        support="lying",
        base="prone",
        pitch=(-6, 2),
        roll=(-2, 2),
        twist=(-8, 8),
        flexion=(-42, -28),
        look=(-5, 25),
        arms={"prop_elbows": 1.0},
        legs=Bent(
            flexion=(-8, 0), abduction=(0, 20), turn_out=(-15, 30), knee=(0, 90), dorsiflexion=(-45, -10), alike=0.3
        ),
    ),
    "lying_side": Kind(
        support="lying",
        base="side",
        pitch=(-12, 12),
        roll=(-6, 6),
        yaw=(-6, 6),
        flexion=(-5, 45),
        look=(-5, 30),
        look_side=(-20, 20),
        twist=(-20, 20),
        arms={"lie_front": 1.0},
        legs=Bent(flexion=(-5, 90), abduction=(-8, 0), turn_out=(-10, 10), knee=(5, 115), alike=0.6),
    ),
    "reaching_up": Kind(
        pitch=(-8, 6),
        flexion=(-18, 5),
        side=(-15, 15),
        twist=(-20, 20),
        look=(-50, 0),
        look_side=(-30, 30),
        arms={"reach_up": 4.0, "overhead": 1, "hang": 0.3},
        legs=Planted(heel=(0, 35), stagger=(-0.07, 0.07)),
    ),
    "reaching_front": Kind(
        pitch=(-5, 25),
        flexion=(-5, 25),
        twist=(-30, 30),
        look=(-15, 35),
        look_side=(-35, 35),
        arms={"reach_front": 4.0, "push": 1.5, "hang": 0.7},
        legs=Planted(stagger=(-0.14, 0.14), crouch=(0, 0.08)),
    ),
    "bending": Kind(
        pitch=(15, 75),
        flexion=(15, 75),
        side=(-10, 10),
        twist=(-25, 25),
        look=(20, 90),
        look_side=(-30, 30),
        arms={"reach_down": 5.0, "on_thighs": 0.6, "carry_box": 0.6, "hang": 1},
        legs=Planted(crouch=(0, 0.14), half_width=(0.04, 0.13), stagger=(-0.09, 0.09)),
    ),
    "climbing": Kind(
        pitch=(-8, 18),
        roll=(-8, 8),
        flexion=(-10, 20),
        look=(-45, 25),
        arms={"grip_rungs": 5.0, "reach_up": 0.7},
        legs=Planted(
            crouch=(0, 0.14),
            half_width=(0.03, 0.1),
            lift=(0.06, 0.26),
            forward=(0.05, 0.16),
            stagger=(-0.02, 0.02),
            balanced=0,
        ),
    ),
    "stairs": Kind(
        pitch=(0, 14),
        flexion=(0, 18),
        look=(0, 40),
        arms={"swing": 3.0, "hang": 1, "carry_box": 0.7, "grip_rungs": 0.3},
        legs=Planted(crouch=(0, 0.05), lift=(0.08, 0.2), stagger=(0.05, 0.12), half_width=(0.025, 0.06), heel=(0, 10)),
    ),
    "lunging": Kind(
        pitch=(-5, 25),
        flexion=(-8, 20),
        twist=(-25, 25),
        arms=_IDLE | {"spread": 1.0, "push": 1},
        legs=Planted(crouch=(0.02, 0.32), half_width=(0.02, 0.1), stagger=(0.12, 0.26)),
    ),
    "wide_stance": Kind(
        arms=_IDLE | {"spread": 1.0, "overhead": 1},
        legs=Planted(crouch=(0, 0.2), half_width=(0.12, 0.25), turn_out=(0, 35)),
    ),
    "one_leg": Kind(
        pitch=(-8, 15),
        roll=(-6, 6),
        arms={"spread": 2.0, "hang": 2, "gesture": 1, "swing": 1, "reach_down": 0.5},
        legs=Planted(lift=(0.05, 0.32), stagger=(-0.05, 0.16), half_width=(0.01, 0.08), crouch=(0, 0.05)),
    ),
    "arms_overhead": Kind(
        flexion=(-18, 10),
        look=(-40, 20),
        arms={"overhead": 4.0, "behind_head": 1, "wave": 1},
        legs=Planted(half_width=(0.03, 0.14)),
    ),
    "any": Kind(
        support="free",
        pitch=(-30, 45),
        roll=(-25, 25),
        yaw=(-25, 25),
        flexion=(-30, 70),
        side=(-30, 30),
        twist=(-45, 45),
        look=(-40, 60),
        look_side=(-70, 70),
        arms={"any": 1.0},
        legs=Bent(
            flexion=(-15, 110),
            abduction=(-15, 40),
            turn_out=(-30, 40),
            knee=(0, 135),
            dorsiflexion=(-35, 25),
            alike=0.1,
        ),
    ),
    # What gymnasts, divers and dancers do; scenes turn these people head over heels (`render.standing`).
    "straight": Kind(
        support="free",
        flexion=(-15, 10),
        look=(-35, 20),
        arms={"overhead": 4.0, "spread": 1, "hang": 0.7, "folded": 0.3},
        legs=Bent(flexion=(-12, 15), abduction=(-4, 25), knee=(0, 15), dorsiflexion=(-45, 0), alike=0.6),
    ),
    "tuck": Kind(
        support="free",
        flexion=(20, 65),
        look=(-10, 45),
        arms={"around_knees": 3.0, "reach_front": 1, "spread": 1, "any": 1},
        legs=Bent(flexion=(85, 125), abduction=(-4, 25), knee=(95, 140), dorsiflexion=(-45, 10), alike=0.8),
    ),
    "pike": Kind(
        support="free",
        flexion=(10, 60),
        look=(-20, 40),
        arms={"reach_front": 2.0, "reach_down": 2, "spread": 1, "overhead": 1},
        legs=Bent(flexion=(60, 120), abduction=(-4, 12), knee=(0, 12), dorsiflexion=(-45, 0), alike=0.9),
    ),
    "straddle": Kind(
        support="free",
        flexion=(-10, 45),
        look=(-30, 30),
        arms={"spread": 2.0, "overhead": 1.5, "reach_down": 1, "reach_front": 1},
        legs=Bent(
            flexion=(0, 95), abduction=(30, 65), turn_out=(0, 50), knee=(0, 12), dorsiflexion=(-45, 0), alike=0.8
        ),
    ),
    "split_leap": Kind(
        support="free",
        yaw=(-20, 20),
        flexion=(-25, 20),
        twist=(-30, 30),
        look=(-30, 20),
        arms={"spread": 2.5, "overhead": 1.5, "swing": 1, "any": 1},
        legs=Bent(
            flexion=(-35, 100), abduction=(-5, 30), turn_out=(-10, 50), knee=(0, 70), dorsiflexion=(-45, 5), alike=0
        ),
    ),
    "arch": Kind(
        support="free",
        flexion=(-60, -20),
        look=(-60, -10),
        arms={"overhead": 4.0, "reach_up": 1, "spread": 1},
        legs=Bent(flexion=(-25, 15), abduction=(-4, 25), knee=(0, 90), dorsiflexion=(-45, 10), alike=0.7),
    ),
}
