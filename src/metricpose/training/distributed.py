"""One process or several: what torchrun's environment says, and nothing else."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist


@dataclass(frozen=True, kw_only=True)
class Team:
    """This process among `size`; rank 0 speaks and writes."""

    rank: int
    size: int
    device: torch.device

    @property
    def leads(self) -> bool:
        return self.rank == 0


@contextmanager
def joined_team(device: str | None = None) -> Iterator[Team]:
    """Joins torchrun's group if there is one (gloo on CPU, NCCL on GPUs), and leaves it at the end."""
    rank, size = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    local = int(os.environ.get("LOCAL_RANK", "0"))
    kind = device or ("cuda" if torch.cuda.is_available() else "cpu")
    chosen = torch.device(kind, local) if kind == "cuda" else torch.device(kind)
    if kind == "cuda":
        torch.cuda.set_device(chosen)
    if size > 1:
        dist.init_process_group("nccl" if kind == "cuda" else "gloo")
    try:
        yield Team(rank=rank, size=size, device=chosen)
    finally:
        if size > 1:
            dist.destroy_process_group()


def agreed(team: Team, stop: bool) -> bool:
    """True on all processes as soon as it is true on the leader, so that all stop at the same step."""
    if team.size == 1:
        return stop
    flag = torch.tensor([float(stop)], device=team.device)
    dist.broadcast(flag, src=0)
    return bool(flag.item())
