"""Poses drawn from recorded clips."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from metricpose._errors import InputError
from metricpose.virtual.mocap.cache import read_cache
from metricpose.virtual.pose_source import facing_forward

CMU_LICENCE = (
    "CMU Graphics Lab Motion Capture Database (mocap.cs.cmu.edu): free for all uses, not to be resold as raw data; "
    "created with funding from NSF EIA-0196217"
)


@dataclass(frozen=True, init=False, eq=False)
class MocapPoses:
    """Every clean frame of one split of a mocap cache; a PoseSource.

    `rotations` (N, 21, 3, 3): global, z up, facing +x. Raises FileError, InputError (see `read_cache`).
    """

    rotations: Tensor
    licence: str

    def __init__(self, cache_path: str | Path, split: str) -> None:
        rotations = torch.from_numpy(read_cache(cache_path).rotations(split))
        if not len(rotations):
            raise InputError(f"{cache_path}: expected poses in the split {split!r}, got none; draw from another split")
        object.__setattr__(self, "rotations", facing_forward(rotations))
        object.__setattr__(self, "licence", CMU_LICENCE)

    def __len__(self) -> int:
        return len(self.rotations)

    def draw(self, n: int, generator: torch.Generator) -> Tensor:
        """`n` frames (n, 21, 3, 3), each as likely as any other."""
        return self.rotations[torch.randint(len(self), (n,), generator=generator)]
