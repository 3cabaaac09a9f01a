"""A pool of poses of every source, drawn from in batches, with parts recombined so that no two draws are alike."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from metricpose._errors import InputError
from metricpose.virtual.pose_source import mirrored
from metricpose.virtual.rig import NODES

ARMS = tuple(i for i, node in enumerate(NODES) if "clavicle" in node or "arm" in node or "hand" in node)
_CHEST, _NECK, _HEAD = NODES.index("chest"), NODES.index("neck"), NODES.index("head")

GROUPS = ("standing", "sitting", "crouching", "lying", "climbing", "acrobatic")
"""What scenes and reports tell apart; every pose belongs to one."""

GROUP_OF_KIND: Mapping[str, str] = MappingProxyType({
    "sitting": "sitting", "sitting_bent": "sitting", "cross_legged": "sitting", "legs_stretched": "sitting",
    "hugging_knees": "sitting",
    "squatting": "crouching", "crouching": "crouching", "all_fours": "crouching",
    "kneeling": "crouching", "kneeling_heels": "crouching", "kneeling_one": "crouching",
    "lying_supine": "lying", "lying_prone": "lying", "lying_propped": "lying", "lying_side": "lying",
    "climbing": "climbing",
    "straight": "acrobatic", "tuck": "acrobatic", "pike": "acrobatic", "straddle": "acrobatic",
    "split_leap": "acrobatic", "arch": "acrobatic",
})  # fmt: skip
"""The group of each procedural kind; those not named stand."""


def group_of(kind: str) -> str:
    """The group of a procedural kind of pose."""
    return GROUP_OF_KIND.get(kind, "standing")


@dataclass(frozen=True, kw_only=True)
class PoseAugmentation:
    """How drawn poses are varied. Shares are probabilities per person; angles are standard deviations."""

    mirrored: float = 0.5
    arms_swapped: float = 0.15
    head_turned: float = 0.3
    head_turn_deg: float = 22.0
    jittered: float = 0.3
    jitter_deg: float = 5.0


VARIED = PoseAugmentation(arms_swapped=0.35, head_turned=0.5, head_turn_deg=26.0, jittered=0.6, jitter_deg=12.0)
"""More than nature's variety: for networks that must see joints, not guess them from likely poses."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PosePool:
    """rotations (N, 21, 3, 3) facing +x; group (N,) index into GROUPS; weight (N,) of being drawn."""

    rotations: Tensor
    group: Tensor
    weight: Tensor

    def __len__(self) -> int:
        return len(self.rotations)

    def draw(self, n: int, generator: torch.Generator, augmentation: PoseAugmentation | None) -> tuple[Tensor, Tensor]:
        """n poses (n, 21, 3, 3) and their groups (n,)."""
        index = torch.searchsorted(
            self.weight.cumsum(0) / self.weight.sum(),
            torch.rand(n, generator=generator, device=generator.device, dtype=self.weight.dtype),
        ).clamp_max(len(self) - 1)
        rotations, group = self.rotations[index], self.group[index]
        if augmentation is None:
            return rotations, group
        return augmented(rotations, group, augmentation, generator), group


def pooled(parts: Sequence[tuple[Tensor, Tensor, float]]) -> PosePool:
    """A pool of (rotations (N, 21, 3, 3), group (N,), share) parts; share is the part's total weight."""
    if not parts or any(len(rotations) == 0 for rotations, _, _ in parts):
        raise InputError("pose pool: expected at least one pose in every part, got none; check the pose sources")
    weights = [torch.full((len(r),), share / len(r), dtype=torch.float64, device=r.device) for r, _, share in parts]
    return PosePool(
        rotations=torch.cat([r.float() for r, _, _ in parts]),
        group=torch.cat([g for _, g, _ in parts]),
        weight=torch.cat(weights),
    )


def rotvec_to_rotmat(rotvec: Tensor) -> Tensor:
    """Rodrigues' formula, (..., 3) rad -> (..., 3, 3)."""
    angle = rotvec.norm(dim=-1, keepdim=True).clamp_min(1e-8)
    x, y, z = (rotvec / angle).unbind(-1)
    zero = torch.zeros_like(x)
    skew = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(*rotvec.shape[:-1], 3, 3)
    angle = angle[..., None]
    return torch.eye(3, device=rotvec.device) + angle.sin() * skew + (1 - angle.cos()) * (skew @ skew)


def augmented(rotations: Tensor, group: Tensor, options: PoseAugmentation, generator: torch.Generator) -> Tensor:
    """Mirrors, arms taken over from another person of the batch, turned heads, jittered joints."""
    n, device = len(rotations), generator.device

    def chosen(share: float) -> Tensor:
        """Indices of the people to whom something happens; nothing is computed for the others."""
        return (torch.rand(n, generator=generator, device=device) < share).nonzero()[:, 0]

    def turns(people: Tensor, count: int, deg: float) -> Tensor:
        noise = torch.randn(len(people), count, 3, generator=generator, device=device)
        return rotvec_to_rotmat(noise * (math.radians(deg) / 3**0.5))

    result = rotations.clone()
    who = chosen(options.mirrored)
    result[who] = mirrored(result[who])
    who = chosen(options.arms_swapped)
    donor = torch.randint(n, (len(who),), generator=generator, device=device)
    lying = GROUPS.index("lying")
    fitting = (group[who] != lying) & (group[donor] != lying)
    who, donor = who[fitting], donor[fitting]
    chest = result[who, _CHEST] @ result[donor, _CHEST].transpose(-1, -2)
    arms = torch.tensor(ARMS, device=device)
    result[who[:, None], arms] = chest[:, None] @ result[donor[:, None], arms]
    who = chosen(options.head_turned)
    neck = torch.tensor((_NECK, _HEAD), device=device)
    result[who[:, None], neck] = turns(who, 1, options.head_turn_deg) @ result[who[:, None], neck]
    who = chosen(options.jittered)
    result[who] = turns(who, rotations.shape[1], options.jitter_deg) @ result[who]
    return result
