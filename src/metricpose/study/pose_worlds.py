"""The people of the study: adults of one split, in poses of some kinds of clips, or made from rules."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import torch

from metricpose._errors import InputError
from metricpose.bodies.bank import BodyBank
from metricpose.virtual.mocap.cache import MocapCache, quaternions_to_rotmat, read_cache
from metricpose.virtual.pose_pool import GROUPS, PosePool, group_of, pooled
from metricpose.virtual.pose_prior import PosePrior
from metricpose.virtual.pose_source import facing_forward
from metricpose.virtual.procedural import DEFAULT_WEIGHTS, ProceduralPoses
from metricpose.virtual.scenes import Bodies
from metricpose.virtual.world import World

LOW_GROUPS = ("sitting", "crouching", "lying")
_PRIOR_POSES = 20_000
_SEEDS = {"train": 1, "val": 2, "test": 3}


def mocap_world(path: Path, split: str, kinds: Sequence[str] | None = None) -> World:
    """Poses of the split's clips, of all kinds or some; every frame is as likely as any other.

    Raises InputError for kinds that the split does not hold.
    """
    clips = _cache(path)
    chosen = clips.mask(split)
    if kinds is not None:
        there = set(clips.kinds[clips.splits == split].tolist())
        missing = sorted(set(kinds) - there)
        if missing:
            raise InputError(
                f"{path}: expected clips of {', '.join(missing)} in the split {split!r}, got only "
                f"{', '.join(sorted(there)) or 'none'}; build the cache of the whole mocap folder"
            )
        chosen = chosen & torch.isin(torch.as_tensor(clips.clip), _clips_of(clips, kinds)).numpy()
    rotations = facing_forward(torch.from_numpy(quaternions_to_rotmat(clips.quaternions[chosen])))
    return _world([(rotations, torch.zeros(len(rotations), dtype=torch.long), 1.0)], split)


def prior_world(split: str) -> World:
    """Poses of the shipped prior, for whoever has no mocap; those of different splits are of different draws only."""
    rotations = PosePrior.load().draw(_PRIOR_POSES, torch.Generator().manual_seed(_SEEDS[split]))
    return _world([(rotations, torch.zeros(len(rotations), dtype=torch.long), 1.0)], split)


def rule_world(split: str, count: int, groups: Sequence[str] = LOW_GROUPS) -> World:
    """`count` poses made from rules, of some groups: people who sit, crouch or lie."""
    source = ProceduralPoses({kind: weight for kind, weight in DEFAULT_WEIGHTS.items() if group_of(kind) in groups})
    rotations, kinds = source.draw_labelled(count, torch.Generator().manual_seed(_SEEDS[split]))
    group_of_kind = torch.tensor([GROUPS.index(group_of(kind)) for kind in source.kinds])
    return _world([(rotations, group_of_kind[kinds], 1.0)], split)


def mixed(first: World, second: World) -> World:
    """Half of the people in poses of one world, half of the other; bodies of the first."""
    a, b = first.poses, second.poses
    poses = PosePool(
        rotations=torch.cat([a.rotations, b.rotations]),
        group=torch.cat([a.group, b.group]),
        weight=torch.cat([a.weight / a.weight.sum(), b.weight / b.weight.sum()]),
    )
    return World(poses=poses, bodies=first.bodies)


@cache
def _cache(path: Path) -> MocapCache:
    return read_cache(path)


def _clips_of(clips: MocapCache, kinds: Sequence[str]) -> torch.Tensor:
    return torch.tensor([number for number, kind in enumerate(clips.kinds.tolist()) if kind in kinds])


def _world(parts: list[tuple[torch.Tensor, torch.Tensor, float]], split: str) -> World:
    return World(poses=pooled(parts), bodies=Bodies.of(BodyBank.load(), split))
