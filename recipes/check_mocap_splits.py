"""Looks for near-duplicate clips on two sides of the division: prints the closest pairs, by poses free of yaw.

    python recipes/check_mocap_splits.py [CACHE.npz]

A frame counts as a copy when its joints (mean adult body) lie within 8 mm, root mean square, of one of the other clip.
"""

import sys

import numpy as np
import torch

from metricpose.bodies.bank import BodyBank
from metricpose.virtual.kinematics import posed
from metricpose.virtual.mocap.cache import MocapCache, read_cache
from metricpose.virtual.pose_source import facing_forward

COPY_M = 0.008


def joints(rotations: np.ndarray) -> torch.Tensor:
    """(N, 63) node positions of yaw-free poses."""
    adults = BodyBank.load()
    adults = adults[adults.age_years >= 18]
    n = len(rotations)
    nodes = torch.from_numpy(adults.node_offsets.mean(0)).expand(n, -1, -1)
    landmarks = torch.from_numpy(adults.landmark_offsets.mean(0)).expand(n, -1, -1)
    return posed(nodes, landmarks, facing_forward(torch.from_numpy(rotations)))[0].flatten(1)


def copied_shares(cache: MocapCache, held_out: str) -> list[tuple[float, str, str]]:
    """(share of the held-out clip's frames that are copies, held-out clip, train clip), the largest first."""
    mine, train = cache.mask(held_out), cache.mask("train")
    queries, bank = joints(cache.rotations(held_out)), joints(cache.rotations("train"))
    owner, source = cache.clip[mine], torch.from_numpy(cache.clip[train].astype(np.int64))
    rows = []
    for clip in np.unique(owner):
        near = torch.cdist(queries[torch.from_numpy(owner == clip)], bank) / 21**0.5 < COPY_M
        counts = torch.zeros(len(cache.names))
        for other in source.unique().tolist():
            counts[other] = near[:, source == other].any(1).float().mean()
        rows.append((float(counts.max()), str(cache.names[clip]), str(cache.names[int(counts.argmax())])))
    return sorted(rows, reverse=True)


def main(arguments: list[str]) -> None:
    cache = read_cache(arguments[0] if arguments else "runs/mocap_cache.npz")
    for held_out in ("val", "test"):
        print(f"{held_out}: share of frames within {1000 * COPY_M:.0f} mm of a frame of one train clip")
        for share, clip, other in copied_shares(cache, held_out)[:8]:
            print(f"  {100 * share:5.1f} %  {clip}  ~  {other}")


if __name__ == "__main__":
    main(sys.argv[1:])
