"""The ray lifter's losses: distance and its bounds in log space, poses in metres, and how wrong each joint will be."""

from dataclasses import dataclass

import torch
from torch import Tensor

from metricpose.models.ray_lifter import Lifted


@dataclass(frozen=True, kw_only=True)
class LiftingLossOptions:
    """Weights of the terms."""

    distance: float = 4.0
    bounds: float = 4.0
    pose: float = 5.0
    shape: float = 5.0
    direction: float = 5.0
    error: float = 0.1


def pinball(value: Tensor, bound: Tensor, quantile: float) -> Tensor:
    """Koenker and Bassett's quantile loss of `bound` against `value`."""
    difference = value - bound
    return torch.maximum(quantile * difference, (quantile - 1) * difference)


def lifting_loss(lifted: Lifted, joints_cam: Tensor, real: Tensor, options: LiftingLossOptions) -> dict[str, Tensor]:
    """Terms and their weighted `total` for truth joints_cam (B, P, 17, 3) m of the people `real` (B, P)."""
    truth = joints_cam[real]
    predicted = lifted.joints_cam[real]
    root = truth[:, (11, 12)].mean(1)
    own_root = lifted.root_cam[real]
    log_true = root.norm(dim=-1).log()
    log_own = own_root.norm(dim=-1).clamp_min(1e-3).log()
    bounds = log_own.detach()[:, None] + lifted.log_bounds[real]
    residual = predicted - own_root[:, None]
    target = truth - root[:, None]
    error = (residual - target).square().sum(-1).add(1e-8).sqrt()
    ratio = (log_true - log_own).exp()
    # The other terms see distances and root-relative joints alone: this one keeps the person on their own rays.
    aside = (own_root * ratio[:, None] - root).square().sum(-1).add(1e-8).sqrt()
    at_true_scale = residual * ratio[:, None, None]
    shape_error = (at_true_scale - target).square().sum(-1).add(1e-8).sqrt()
    expected = lifted.joint_error[real].clamp_min(1e-3)
    terms = {
        "distance": options.distance * (log_own - log_true).abs().mean(),
        "bounds": options.bounds
        * (pinball(log_true, bounds[:, 0], 0.05) + pinball(log_true, bounds[:, 1], 0.95)).mean(),
        "pose": options.pose * error.mean(),
        "shape": options.shape * shape_error.mean(),
        "direction": options.direction * aside.mean(),
        "error": options.error * (expected.log() + error.detach() / expected).mean(),
    }
    return {**terms, "total": torch.stack(list(terms.values())).sum()}
