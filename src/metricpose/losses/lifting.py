"""The ray lifter's losses: distance and its bounds in log space, poses in metres, and how wrong each joint will be."""

from dataclasses import dataclass

import torch
from torch import Tensor

from metricpose.models.latent_lifter import LatentLifted
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
    raised: float = 3.0
    """Weight of the depth of people on a raised floor under a camera whose height is known: there the ground misleads,
    and knowing it must not make their depth worse."""


def pinball(value: Tensor, bound: Tensor, quantile: float) -> Tensor:
    """Koenker and Bassett's quantile loss of `bound` against `value`."""
    difference = value - bound
    return torch.maximum(quantile * difference, (quantile - 1) * difference)


def lifting_loss(
    lifted: Lifted | LatentLifted,
    joints_cam: Tensor,
    real: Tensor,
    options: LiftingLossOptions,
    misled: Tensor | None = None,
) -> dict[str, Tensor]:
    """Terms and their weighted `total` for truth joints_cam (B, P, 17, 3) m of the people `real` (B, P).

    misled: (B, P) bool, who stands elsewhere than on the ground that the camera row tells of; None for nobody.
    """
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
    weight = torch.ones_like(log_true) if misled is None else 1 + (options.raised - 1) * misled[real].to(log_true.dtype)
    terms = {
        "distance": options.distance * (weight * (log_own - log_true).abs()).mean(),
        "bounds": options.bounds
        * (weight * (pinball(log_true, bounds[:, 0], 0.05) + pinball(log_true, bounds[:, 1], 0.95))).mean(),
        "pose": options.pose * error.mean(),
        "shape": options.shape * shape_error.mean(),
        "direction": options.direction * aside.mean(),
        "error": options.error * (expected.log() + error.detach() / expected).mean(),
    }
    return {**terms, "total": torch.stack(list(terms.values())).sum()}
