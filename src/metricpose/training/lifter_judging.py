"""Figures of a lifter in training, and the calibration of its intervals on validation data."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from metricpose.evaluation.metrics import pa_mpjpe
from metricpose.models.latent_lifter import LatentLifted
from metricpose.models.ray_lifter import Lifted, RayLifterNet
from metricpose.virtual.lifting_batch import LiftingBatch

_CHUNK = 500
_BALL_SIGMAS = 2.5003  # radius of the ball that holds 90 % of an isotropic Gaussian in three dimensions


def _lifted(model: nn.Module, data: LiftingBatch) -> Lifted | LatentLifted:
    parts = []
    with torch.no_grad():
        for start in range(0, len(data.rays), _CHUNK):
            chunk = slice(start, start + _CHUNK)
            parts.append(model(data.rays[chunk], data.scores[chunk], data.camera[chunk], data.present[chunk]))
    return type(parts[0])(*(torch.cat(values) for values in zip(*parts, strict=True)))


def judged(model: nn.Module, data: LiftingBatch) -> dict[str, float]:
    """Means of `errors_of_people`."""
    return {name: float(values.mean()) for name, values in errors_of_people(model, data).items()}


def errors_of_people(model: nn.Module, data: LiftingBatch) -> dict[str, Tensor]:
    """Of each real person (M,), in the order of `data.real`: MRPE and MRPE_z in mm, MRPE_z in % of depth, MPJPE and
    PA-MPJPE in mm, and 100 or 0 for whether the 90 % interval covers the root's depth."""
    return figures_of(_lifted(model, data), data)


def figures_of(lifted: Lifted | LatentLifted, data: LiftingBatch) -> dict[str, Tensor]:
    """`errors_of_people` of an answer."""
    real = data.real
    truth, own = data.joints_cam[real], lifted.joints_cam[real]
    root, own_root = truth[:, (11, 12)].mean(1), lifted.root_cam[real]
    interval = lifted.root_depth_interval[real]
    covered = (interval[:, 0] <= root[:, 2]) & (root[:, 2] <= interval[:, 1])
    error = (own - own_root[:, None] - truth + root[:, None]).norm(dim=-1)
    off = own_root - root
    return {
        "mrpe_mm": 1000 * off.norm(dim=-1),
        "mrpe_z_mm": 1000 * off[:, 2].abs(),
        "mrpe_z_percent": 100 * off[:, 2].abs() / root[:, 2],
        "mpjpe_mm": 1000 * error.mean(-1),
        "pa_mpjpe_mm": 1000 * pa_mpjpe(own, truth),
        "coverage_percent": 100 * covered.float(),
    }


def _bound_stretch(lifted: Lifted | LatentLifted, data: LiftingBatch) -> Tensor:
    """Factors (2,) on the lower and upper log half-widths that leave 5 % outside on each side."""
    real = data.real
    log_ratio = (data.joints_cam[real][:, (11, 12)].mean(1)[:, 2] / lifted.root_cam[real][:, 2]).clamp_min(1e-3).log()
    bounds = lifted.log_bounds[real]
    return torch.stack([(log_ratio / bounds[:, 0]).quantile(0.95), (log_ratio / bounds[:, 1]).quantile(0.95)])


def calibrated(model: nn.Module, unknown: LiftingBatch, known: LiftingBatch) -> RayLifterNet:
    """Sets the stretches so that intervals cover 90 %, and 90 % of the joints lie in the 90 % ball of their sigma.

    Split conformal, on validation data. Errors have longer tails than a Gaussian: fitted to the ball, a sigma is honest
    about what a user asks (how far off may this joint be?); fitted to the middle 68 % per axis the ball held 80 %.
    """
    assert isinstance(model, RayLifterNet)
    model.interval_stretch.fill_(1)
    model.sigma_stretch.fill_(1)
    answers: Sequence[tuple[LiftingBatch, Lifted | LatentLifted]] = [
        (data, _lifted(model, data)) for data in (unknown, known)
    ]
    for row, (data, lifted) in enumerate(answers):
        model.interval_stretch[row] = _bound_stretch(lifted, data).clamp_min(0.3)
    for flag in (0, 1):
        ratios = []
        for data, lifted in answers:
            truth = data.joints_cam - data.joints_cam[:, :, (11, 12)].mean(2, keepdim=True)
            error = (lifted.joints_cam - lifted.root_cam[:, :, None] - truth).norm(dim=-1) / lifted.joint_sigma
            ratios.append(error[data.real[..., None] & ((data.scores > 0) == bool(flag))])
        model.sigma_stretch[flag] = torch.cat(ratios)[:2_000_000].quantile(0.9) / _BALL_SIGMAS
    return model
