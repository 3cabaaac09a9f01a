"""What the crop network loses: where each joint is, which of a pair is the left one, what is seen, and the box.

A joint's map is a distribution over the cells (softmax) and loses its cross-entropy against a Gaussian about the true
place. `sides` is the same question asked of both joints of a pair together: how much likelier are their maps with the
two places as they are than with the places exchanged? Without it a network that finds limbs and not their sides loses
little.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

STRIDE = 4


class CropMaps(Protocol):
    """What the loss reads of `models.crop_net.CropMaps`, whose docstring has the shapes."""

    @property
    def joint_logits(self) -> Tensor: ...
    @property
    def seen_logits(self) -> Tensor: ...
    @property
    def edge_logits(self) -> Tensor: ...


@dataclass(frozen=True, kw_only=True)
class CropLossOptions:
    """Weights of the terms; sigmas of the Gaussians about a true place or edge, in shares of the window's side."""

    sigma: float = 0.03
    hidden: float = 0.4  # weight of a joint that is in the window, but not seen
    sides: float = 1.0
    seen: float = 0.3
    edges: float = 0.3
    edge_sigma: float = 0.015


@dataclass(frozen=True, kw_only=True, eq=False)
class CropTargets:
    """joints_px (B, J, 2) in the window; inside (B, J) bool: known and in the window; seen (B, J) bool; boxes_px (B, 4)
    of what the window shows of the person; boxed (B,) bool: that is known."""

    joints_px: Tensor
    inside: Tensor
    seen: Tensor
    boxes_px: Tensor
    boxed: Tensor


def crop_loss(
    maps: CropMaps, targets: CropTargets, pairs: Sequence[tuple[int, int]], options: CropLossOptions
) -> Mapping[str, Tensor]:
    """Named terms and their weighted "total"; `pairs` are the left and right joints of the skeleton."""
    logits = maps.joint_logits.float()
    log_shares = logits.flatten(2).log_softmax(-1)
    wanted = place_shares(targets.joints_px, (logits.shape[2], logits.shape[3]), options.sigma).flatten(2)
    weights = targets.inside * torch.where(targets.seen, 1.0, options.hidden)
    own = (wanted * log_shares).sum(-1)  # B, J
    places = -(own * weights).sum() / weights.sum().clamp_min(1.0)
    left, right = torch.tensor(pairs, dtype=torch.long, device=logits.device).reshape(-1, 2).T
    crossed = (wanted[:, right] * log_shares[:, left]).sum(-1) + (wanted[:, left] * log_shares[:, right]).sum(-1)
    gap = own[:, left] + own[:, right] - crossed  # B, K
    apart = (targets.joints_px[:, left] - targets.joints_px[:, right]).norm(dim=-1) > STRIDE
    judged = weights[:, left] * weights[:, right] * apart
    total_judged = judged.sum().clamp_min(1.0)
    sides = (F.softplus(-gap) * judged).sum() / total_judged
    seen = F.binary_cross_entropy_with_logits(maps.seen_logits.float(), (targets.seen & targets.inside).float())
    edges = edge_loss(maps.edge_logits.float(), targets, options.edge_sigma)
    return {
        "places": places, "sides": sides, "seen": seen, "edges": edges,
        "sides_right": ((gap > 0) * judged).sum() / total_judged,
        "total": places + options.sides * sides + options.seen * seen + options.edges * edges,
    }  # fmt: skip


def edge_loss(logits: Tensor, targets: CropTargets, sigma: float) -> Tensor:
    """Cross-entropy of where each edge is, its map (B, 4, h, w) summed along the edge, against a Gaussian."""
    log_shares = logits.flatten(2).log_softmax(-1).unflatten(2, logits.shape[2:])
    across, down = log_shares[:, 0::2].logsumexp(2), log_shares[:, 1::2].logsumexp(3)  # B, 2, w and B, 2, h
    entropy = sum(
        -(_line_shares(targets.boxes_px[:, first::2], said.shape[-1], sigma) * said).sum(-1).mean(-1)
        for first, said in ((0, across), (1, down))
    )
    return (entropy * targets.boxed).sum() / (2 * targets.boxed.sum().clamp_min(1))


def _line_shares(places_px: Tensor, cells: int, sigma: float) -> Tensor:
    """(..., cells) Gaussians about places (...) px along a side of the window, with sum 1."""
    centres = torch.arange(cells, device=places_px.device) * STRIDE + (STRIDE - 1) / 2
    shares = torch.exp(-((places_px[..., None] - centres) ** 2) / (2 * (sigma * cells * STRIDE) ** 2))
    return shares / shares.sum(-1, keepdim=True).clamp_min(1e-6)


def place_shares(joints_px: Tensor, cells: tuple[int, int], sigma: float) -> Tensor:
    """(B, J, h, w) Gaussians about joints (B, J, 2) px with sum 1, sigma in shares of the window's width."""
    rows, columns = cells
    spread = 2 * (sigma * columns * STRIDE) ** 2
    centres = [torch.arange(n, device=joints_px.device) * STRIDE + (STRIDE - 1) / 2 for n in (columns, rows)]
    across = torch.exp(-((joints_px[..., 0, None] - centres[0]) ** 2) / spread)  # B, J, w
    down = torch.exp(-((joints_px[..., 1, None] - centres[1]) ** 2) / spread)
    both = down[..., None] * across[..., None, :]
    return both / both.sum((-2, -1), keepdim=True).clamp_min(1e-6)
