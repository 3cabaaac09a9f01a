"""All points of all skeletons on the bank's bodies, fast enough for training: each point hangs on a few rig nodes.

Skinning is linear, so a point of a body is p = sum over nodes n of R_n m_n + c_n X_n: X_n is where the node lies in the
pose, R_n its global rotation, c_n the share of the point's skin that follows it, and m_n what that share adds, in the
node's axes. Bones between two nodes are shared by them instead of turned by a part of the angle, as `body_points` does
exactly (docs/results/lifter_skeletons.md has the difference). recipes/build_point_bank.py makes the file.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch
from torch import Tensor

from metricpose._errors import FileError, InputError
from metricpose.virtual.rig import NODES

_STEP_M = 1e-4  # lengths are stored as multiples of 0.1 mm


@dataclass(frozen=True, kw_only=True, eq=False)
class PointBank:
    """K pairs of a point and a node, in the order of the nodes, for N bodies (those of the packaged bank).

    Attributes:
        names: the P points.
        point, node: (K,) indices of each pair.
        share: (K,) c_n; of each point they sum to 1.
        moments: (N, K, 3) m_n, metres.
    """

    names: tuple[str, ...]
    point: Tensor
    node: Tensor
    share: Tensor
    moments: Tensor

    def __post_init__(self) -> None:
        sums = torch.zeros(len(self.names)).index_add_(0, self.point.cpu(), self.share.cpu().float())
        if (sums - 1).abs().max() > 1e-3 or self.moments.shape[1:] != (len(self.point), 3):
            raise InputError("point bank: expected shares of each point that sum to 1; build the file anew")

    @classmethod
    def load(cls, path: Path, device: torch.device | str = "cpu") -> Self:
        """What recipes/build_point_bank.py wrote. FileError when it cannot be read."""
        try:
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
                return cls(
                    names=tuple(str(name) for name in stored["names"]),
                    point=torch.as_tensor(stored["point"].astype(np.int64)).to(device),
                    node=torch.as_tensor(stored["node"].astype(np.int64)).to(device),
                    share=torch.as_tensor(stored["share"]).to(device),
                    moments=torch.as_tensor(stored["moments"].astype(np.float32) * _STEP_M).to(device),
                )
        except (OSError, KeyError, ValueError) as error:
            raise FileError(
                f"point bank: expected a file of recipes/build_point_bank.py, got {path}: {error}"
            ) from error

    def save(self, path: Path) -> None:
        """Writes it, lengths rounded to 0.1 mm."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as stream:
            np.savez_compressed(
                stream,
                names=np.array(self.names),
                point=self.point.numpy().astype(np.uint8),
                node=self.node.numpy().astype(np.uint8),
                share=self.share.numpy().astype(np.float32),
                moments=np.rint(self.moments.numpy() / _STEP_M).astype(np.int16),
            )

    def posed(self, body: Tensor, nodes: Tensor, rotations: Tensor) -> Tensor:
        """Points (n, P, 3) of the bodies `body` (n,) of the bank, with nodes (n, 21, 3) and rotations (n, 21, 3, 3) as
        `kinematics.posed` has them: metres, from the pelvis node."""
        moments = self.moments[body]
        points = nodes.new_zeros(len(body), len(self.names), 3)
        counts = torch.bincount(self.node, minlength=len(NODES)).tolist()
        start = 0
        for node, count in enumerate(counts):  # pairs lie in the order of the nodes
            pairs = slice(start, start := start + count)
            held = moments[:, pairs] @ rotations[:, node].mT + self.share[pairs, None] * nodes[:, node, None]
            points.index_add_(1, self.point[pairs], held)
        return points
