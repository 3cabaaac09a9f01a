"""What people do with their arms, as ranges of joint angles, and arms kept out of the trunk."""

from dataclasses import dataclass

import torch
from torch import Tensor

from metricpose.virtual.draws import Draws, Range
from metricpose.virtual.joints import Angles, about, node, pair
from metricpose.virtual.rig import NODES


@dataclass(frozen=True)
class ArmStyle:
    """Ranges in degrees; `paired` is how often both arms do it, `world` means measured from the vertical."""

    elevation: Range
    plane: Range
    twist: Range
    elbow: Range
    pronation: Range = (-20, 40)
    paired: float = 0.5
    world: bool = False


STYLES: dict[str, ArmStyle] = {
    "hang": ArmStyle((3, 16), (-20, 70), (-15, 40), (5, 30), paired=0.8, world=True),
    "folded": ArmStyle((22, 38), (60, 85), (55, 75), (95, 118), (0, 50), paired=1),
    "on_hips": ArmStyle((35, 55), (-30, 5), (50, 75), (80, 110), (0, 60), paired=0.6),
    "clasped_front": ArmStyle((12, 28), (55, 80), (35, 60), (35, 75), (0, 50), paired=1),
    "behind_back": ArmStyle((26, 42), (-85, -55), (40, 70), (40, 80), (-20, 40), paired=0.9),
    "phone": ArmStyle((15, 40), (60, 90), (15, 45), (95, 130), (-60, 0), paired=0.4),
    "phone_ear": ArmStyle((35, 80), (40, 70), (-5, 30), (138, 150), (-30, 20), paired=0),
    "gesture": ArmStyle((15, 65), (30, 100), (-30, 45), (40, 110), (-60, 40), paired=0.4),
    "carry_box": ArmStyle((10, 40), (65, 95), (0, 25), (60, 100), (-30, 20), paired=1),
    "wave": ArmStyle((70, 115), (10, 50), (-85, -55), (50, 115), (-40, 60), paired=0.1),
    "behind_head": ArmStyle((95, 125), (5, 45), (-88, -60), (125, 148), paired=0.8),
    "point": ArmStyle((65, 110), (20, 110), (-30, 20), (0, 25), (-20, 80), paired=0.1),
    "push": ArmStyle((60, 95), (75, 100), (-10, 25), (10, 60), (20, 80), paired=0.9),
    "spread": ArmStyle((60, 110), (-20, 35), (-45, 30), (0, 40), paired=0.9),
    "overhead": ArmStyle((135, 170), (10, 80), (-40, 20), (0, 50), paired=0.7),
    "reach_up": ArmStyle((125, 170), (50, 95), (-40, 10), (0, 40), paired=0.35),
    "reach_front": ArmStyle((60, 105), (65, 105), (-20, 30), (0, 40), (-10, 80), paired=0.4),
    "reach_down": ArmStyle((0, 40), (60, 100), (-10, 30), (0, 30), paired=0.6, world=True),
    "grip_rungs": ArmStyle((75, 150), (65, 95), (-40, 5), (25, 110), (10, 70), paired=0.0),
    "swing": ArmStyle((5, 35), (75, 95), (0, 30), (10, 50), paired=0.0),
    "on_thighs": ArmStyle((18, 42), (70, 95), (5, 30), (35, 75), (10, 70), paired=0.8),
    "desk": ArmStyle((15, 45), (60, 90), (5, 35), (65, 100), (20, 75), paired=0.9),
    "armrest": ArmStyle((18, 35), (10, 55), (-5, 20), (70, 100), (0, 60), paired=0.8),
    "prop_back": ArmStyle((20, 45), (-95, -60), (-20, 30), (0, 20), paired=0.8, world=True),
    "on_floor": ArmStyle((0, 25), (60, 100), (-10, 25), (5, 35), paired=0.9, world=True),
    "around_knees": ArmStyle((45, 70), (75, 95), (25, 50), (35, 80), paired=1),
    "elbows_on_knees": ArmStyle((40, 70), (75, 95), (10, 45), (50, 110), paired=0.8),
    "lie_side": ArmStyle((8, 40), (-15, 15), (-40, 30), (0, 25), paired=0.7),
    "prone_side": ArmStyle((8, 40), (-25, 5), (-40, 60), (0, 12), paired=0.7),
    "lie_belly": ArmStyle((15, 32), (35, 65), (35, 62), (65, 105), paired=0.6),
    "lie_up": ArmStyle((112, 165), (-15, 12), (-88, -62), (0, 80), paired=0.5),
    "lie_out": ArmStyle((55, 105), (-12, 8), (-88, -62), (0, 95), paired=0.6),
    "lie_phone": ArmStyle((60, 95), (75, 95), (0, 35), (40, 100), paired=0.6),
    "lie_front": ArmStyle((30, 95), (92, 125), (-15, 15), (10, 120), paired=0.4),
    "prop_elbows": ArmStyle((65, 90), (70, 95), (-10, 25), (75, 105), paired=1),
    "any": ArmStyle((0, 160), (-60, 120), (-80, 80), (0, 140), (-80, 75), paired=0.1),
}
_NAMES = tuple(STYLES)
_FIELDS = ("elevation", "plane", "twist", "elbow", "pronation")
_TABLE = torch.deg2rad(torch.tensor([[getattr(style, field) for field in _FIELDS] for style in STYLES.values()]))
_PAIRED = torch.tensor([style.paired for style in STYLES.values()])
_WORLD = torch.tensor([style.world for style in STYLES.values()])


def drawn_arms(draws: Draws, weights: dict[str, float]) -> tuple[Angles, Tensor]:
    """Arm angles (n, 2) by name, and whether each arm (n, 2) is measured from the vertical."""
    style = draws.choice({_NAMES.index(name): weight for name, weight in weights.items()}, 2)
    paired = draws.uniform((0, 1)) < _PAIRED[style[:, 0]]
    one_sided = _PAIRED[style[:, 1]] >= 1  # nobody folds one arm: the other then does what the first does
    first = torch.where(paired | one_sided, style[:, 0], style[:, 1])
    both = (_PAIRED[style[:, 0]] >= 1)[:, None]
    style = torch.where(both, style[:, :1], torch.stack((style[:, 0], first), 1))
    alike = torch.where(style[:, :1] == style[:, 1:], 0.7, 0.0)[..., None]
    mix = alike * draws.uniform((0, 1), 1, len(_FIELDS)) + (1 - alike) * draws.uniform((0, 1), 2, len(_FIELDS))
    low, high = _TABLE[style].unbind(-1)
    values = (low + (high - low) * mix).unbind(-1)
    names = ("arm_elevation", "arm_plane", "arm_twist", "elbow_flexion", "forearm_pronation")
    swap = draws.chance(0.5)[:, None]
    angles = {name: torch.where(swap, a.flip(1), a) for name, a in zip(names, values, strict=True)}
    wrists = {"wrist_flexion": draws.angle((-35, 30), 2), "wrist_ulnar": draws.angle((-12, 22), 2)}
    return angles | wrists | shoulders(draws, angles), torch.where(swap, _WORLD[style].flip(1), _WORLD[style])


def shoulders(draws: Draws, arms: Angles) -> Angles:
    """The clavicles of raised arms: about a quarter of the elevation above 30 degrees (Ludewig et al. 2009)."""
    raised = (arms["arm_elevation"] - 0.5).clamp(min=0)
    forward = arms["arm_elevation"].sin() * arms["arm_plane"].sin()
    shrug = draws.normal(0.05, 1)
    return {"clavicle_elevation": 0.24 * raised + shrug, "clavicle_protraction": 0.3 * forward + draws.normal(0.06, 1)}


def from_vertical(rotations: Tensor, world: Tensor) -> Tensor:
    """The pose with those arms for which `world` (n, 2) holds raised from the vertical instead of from the chest."""
    chest = rotations[:, node("chest")]
    upright = about("z", torch.atan2(chest[:, 1, 1], chest[:, 0, 1]) - torch.pi / 2)
    correction = (upright @ chest.mT)[:, None].expand(-1, 2, 3, 3)
    arms = torch.where(world[:, None, :, None, None], correction[:, None], torch.eye(3)) @ rotations[:, _ARM_PAIRS]
    return _with_arms(rotations, arms)


_ARM_PAIRS = [pair("upper_arm"), pair("forearm"), pair("hand")]


def _with_arms(rotations: Tensor, arms: Tensor) -> Tensor:
    """The pose with these upper arms, forearms and hands: (n, 3, 2, 3, 3)."""
    replaced = rotations.clone()
    replaced[:, _ARM_PAIRS] = arms
    return replaced


HALF_DEPTH, HALF_WIDTH, FORWARD = 0.066, 0.088, 0.018
"""The trunk as an elliptic tube around the spine joints, in statures: half axes, and its middle ahead of the joints."""


def cleared(rotations: Tensor, node_offsets: Tensor, stature: float) -> Tensor:
    """The pose with arms turned about the shoulders until wrists and mid-forearms are outside the trunk.

    `node_offsets` (21, 3) of the reference body, metres. Three rounds; what is left inside is small.
    """
    chest = rotations[:, node("chest")][:, None]
    shoulder = _step(chest, node_offsets, "clavicle")
    shoulder = shoulder + _step(rotations[:, pair("clavicle")], node_offsets, "upper_arm")
    arms = rotations[:, _ARM_PAIRS]
    for share in (1.0, 0.5, 1.0):
        elbow = _step(arms[:, 0], node_offsets, "forearm")
        reach = elbow + share * _step(arms[:, 1], node_offsets, "hand")
        target = _outside(shoulder + reach, rotations, node_offsets, stature)
        arms = arc(reach, target - shoulder)[:, None] @ arms
    return _with_arms(rotations, arms)


def _step(parent: Tensor, offsets: Tensor, name: str) -> Tensor:
    """From parents of rotations (n, 2, 3, 3), or (n, 1, 3, 3), to the nodes `name` of both sides (n, 2, 3)."""
    return (parent @ offsets[pair(name)][None, :, :, None])[..., 0]


def _outside(points: Tensor, rotations: Tensor, offsets: Tensor, stature: float) -> Tensor:
    """`points` (n, 2, 3), relative to the chest node, moved out of the trunk's elliptic tube where they are inside."""
    upper = _axis(rotations, "chest", offsets[node("neck")])
    lower = -(_axis(rotations, "spine", offsets[node("chest")]) + _axis(rotations, "pelvis", offsets[node("spine")]))
    above = (points * upper).sum(-1, keepdim=True) > 0
    axis = torch.where(above, upper, lower)
    along = ((points * axis).sum(-1, keepdim=True) / (axis * axis).sum(-1, keepdim=True)).clamp(0, 1)
    frame = rotations[:, [node("chest"), node("spine")]]
    frame = torch.where(above[..., None], frame[:, :1], frame[:, 1:])
    local = ((points - along * axis)[..., None, :] @ frame)[..., 0, :]
    local = local - local.new_tensor([FORWARD * stature, 0, 0])
    level = local / local.new_tensor([HALF_DEPTH * stature, HALF_WIDTH * stature, 0.1 * stature])
    inside = level.norm(dim=-1, keepdim=True).clamp(min=0.15)
    moved = local * (1 / inside - 1).clamp(min=0)
    return points + (frame @ moved[..., None])[..., 0]


def _axis(rotations: Tensor, name: str, offset: Tensor) -> Tensor:
    return (rotations[:, NODES.index(name)] @ offset)[:, None]


def arc(source: Tensor, target: Tensor) -> Tensor:
    """Rotations (..., 3, 3) that turn directions `source` into `target` the short way."""
    a, b = (torch.nn.functional.normalize(v, dim=-1) for v in (source, target))
    x, y, z = torch.linalg.cross(a, b).unbind(-1)
    zero = torch.zeros_like(x)
    skew = torch.stack([torch.stack(row, -1) for row in ((zero, -z, y), (z, zero, -x), (-y, x, zero))], -2)
    cosine = (a * b).sum(-1).clamp(min=-0.9)
    return torch.eye(3) + skew + skew @ skew / (1 + cosine)[..., None, None]
