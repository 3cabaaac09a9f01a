"""What a multi-skeleton network loses: its own skeleton's joints in space and in the window, and what ties the others.

Sarandi et al., T-BIOM 2021 (the three L1 terms) and WACV 2023 (the tie). A sample has labels for its own data set's
joints alone; the tie needs no labels and is asked of all joints.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from metricpose.models.multi_skeleton import Answer, Joints


@dataclass(frozen=True, kw_only=True)
class MultiSkeletonLossOptions:
    """Weights of the terms, each in metres; window_m: what the window's side stands for.

    far_m: an absolute error above this teaches nothing more; at first all are far off, and learn from the other terms.
    """

    relative: float = 1.0
    window: float = 1.0
    absolute: float = 0.1
    tie: float = 0.3
    window_m: float = 2.4
    far_m: float = 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class MultiSkeletonTargets:
    """joints_cam (B, J, 3) m; joints_px (B, J, 2) in the window of `size` px; labelled (B, J) bool; inside (B, J) bool,
    in the window."""

    joints_cam: Tensor
    joints_px: Tensor
    labelled: Tensor
    inside: Tensor
    size: int


def multi_skeleton_loss(
    answer: Answer, targets: MultiSkeletonTargets, options: MultiSkeletonLossOptions
) -> dict[str, Tensor]:
    """Terms and their weighted `total`."""
    heads = [answer.joints] if answer.decoded is None else [answer.joints, answer.decoded]
    parts = [_supervised(joints, targets, options) for joints in heads]
    terms = {name: torch.stack([part[name] for part in parts]).mean() for name in parts[0]}
    if answer.tied is not None:
        terms["tie"] = options.tie * (answer.joints.relative - answer.tied).abs().mean()
    return {**terms, "total": torch.stack(list(terms.values())).sum()}


def _supervised(joints: Joints, targets: MultiSkeletonTargets, options: MultiSkeletonLossOptions) -> dict[str, Tensor]:
    labelled = targets.labelled.float()
    weight = labelled / labelled.sum(1, keepdim=True).clamp_min(1) / len(labelled)
    error = centred(joints.relative, labelled) - centred(targets.joints_cam, labelled)
    beside = (joints.px - targets.joints_px) * (options.window_m / targets.size)
    inside = weight * targets.inside
    apart = (joints.joints_cam - targets.joints_cam).abs().clamp_max(options.far_m)
    return {
        "relative": options.relative * (error.abs().mean(-1) * weight).sum(),
        "window": options.window * (beside.abs().mean(-1) * inside).sum(),
        "absolute": options.absolute * (apart.mean(-1) * weight).sum(),
    }


def centred(points: Tensor, weight: Tensor) -> Tensor:
    """Points (B, J, 3) from their mean under `weight` (B, J)."""
    share = weight / weight.sum(1, keepdim=True).clamp_min(1e-9)
    return points - (share[..., None] * points).sum(1, keepdim=True)
