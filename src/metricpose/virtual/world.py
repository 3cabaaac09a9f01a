"""The virtual world of one split: its poses and bodies, from mocap where it is at hand, else from the shipped prior."""

from dataclasses import dataclass
from pathlib import Path

import torch

from metricpose._errors import InputError
from metricpose.bodies.bank import SPLITS, BodyBank
from metricpose.virtual.mocap.clips import MocapPoses
from metricpose.virtual.point_bank import PointBank
from metricpose.virtual.pose_pool import GROUPS, PosePool, group_of, pooled
from metricpose.virtual.procedural import ACROBATIC_WEIGHTS, ProceduralPoses
from metricpose.virtual.scenes import Bodies


@dataclass(frozen=True, kw_only=True)
class WorldOptions:
    """Which poses a world holds. Shares are of the people drawn; the mocap's goes to the prior where there is none."""

    split: str = "train"  # of clips and bodies: train, val or test
    mocap_cache: Path | None = None
    mocap_share: float = 0.45
    prior_share: float = 0.1
    procedural_share: float = 0.45
    procedural_count: int = 150_000
    prior_count: int = 50_000
    seed: int = 0
    acrobatic_share: float = 0.0  # gymnasts, of `procedural.ACROBATIC_WEIGHTS`, all of the group "acrobatic"
    point_bank: Path | None = None  # of recipes/build_point_bank.py, for people with the points of all skeletons

    def __post_init__(self) -> None:
        if self.split not in SPLITS:
            raise InputError(f"WorldOptions.split: expected one of {', '.join(SPLITS)}, got {self.split!r}")


@dataclass(frozen=True, kw_only=True, eq=False)
class World:
    """Poses and bodies on one device, ready to be drawn."""

    poses: PosePool
    bodies: Bodies


def built_world(options: WorldOptions, device: torch.device | str = "cpu") -> World:
    """The same world for the same options; made on the CPU, then moved, so that devices agree."""
    generator = torch.Generator().manual_seed(1_000 * options.seed + {"train": 1, "val": 2, "test": 3}[options.split])
    parts: list[tuple[torch.Tensor, torch.Tensor, float]] = []
    prior_share = options.prior_share
    if options.mocap_cache is None:
        prior_share += options.mocap_share
    elif options.mocap_share > 0:
        rotations = MocapPoses(options.mocap_cache, options.split).rotations
        parts.append((rotations, torch.zeros(len(rotations), dtype=torch.long), options.mocap_share))
    if prior_share > 0:
        from metricpose.virtual.pose_prior import PosePrior

        rotations = PosePrior.load().draw(options.prior_count, generator)
        parts.append((rotations, torch.zeros(len(rotations), dtype=torch.long), prior_share))
    if options.procedural_share > 0:
        source = ProceduralPoses()
        rotations, kinds = source.draw_labelled(options.procedural_count, generator)
        group_of_kind = torch.tensor([GROUPS.index(group_of(kind)) for kind in source.kinds])
        parts.append((rotations, group_of_kind[kinds], options.procedural_share))
    if options.acrobatic_share > 0:
        rotations = ProceduralPoses(ACROBATIC_WEIGHTS).draw(options.procedural_count, generator)
        group = torch.full((len(rotations),), GROUPS.index("acrobatic"))
        parts.append((rotations, group, options.acrobatic_share))
    moved = [(rotations.to(device), groups.to(device), share) for rotations, groups, share in parts]
    points = None if options.point_bank is None else PointBank.load(options.point_bank, device)
    return World(poses=pooled(moved), bodies=Bodies.of(BodyBank.load(), options.split, device, points))
