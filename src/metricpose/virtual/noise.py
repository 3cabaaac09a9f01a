"""What a detector makes of true joints: errors that grow with size, hard joints, misses, swaps, telling scores."""

from dataclasses import dataclass

import torch
from torch import Tensor

from metricpose.virtual.point_layout import COCO, PointLayout

ARMS, LEGS, FACE = (5, 6, 7, 8, 9, 10), (11, 12, 13, 14, 15, 16), (1, 2, 3, 4)

JOINT_SIGMA = (
    0.006, 0.006, 0.006, 0.008, 0.008, 0.010, 0.010, 0.011, 0.011, 0.013, 0.013,
    0.015, 0.015, 0.012, 0.012, 0.013, 0.013,
)  # fmt: skip
"""Standard deviation per axis of each COCO-17 joint, of the stature in px, for a median person who is seen well."""


@dataclass(frozen=True, kw_only=True)
class NoiseOptions:
    """The virtual detector. Sigmas are shares of the stature in px, the others probabilities."""

    person_spread: float = 0.45  # of the log of a person's own multiplier
    joint_spread: float = 0.35  # of the log of a joint's own multiplier
    median_multiplier: float = 0.65
    floor_px: float = 0.4
    hidden_multiplier: float = 3.5
    outlier: float = 0.01
    outlier_multiplier: float = 6.0
    hidden_missing: float = 0.45
    visible_missing: float = 0.015
    outside_guessed: float = 0.12
    person_swapped: float = 0.01
    part_swapped: float = 0.015
    definition_m: float = 0.006  # detectors disagree about where a joint is
    thresholded: float = 0.35  # of detectors zero their unsure joints


@dataclass(frozen=True, kw_only=True, eq=False)
class Detections:
    """joints_px (B, P, 17, 2), scores (B, P, 17) with 0 where unseen; J points of a layout instead of 17 where one is
    asked for."""

    joints_px: Tensor
    scores: Tensor


def _normal(like: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(like.shape, generator=generator, device=generator.device)


def _chosen(share: float, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return torch.rand(shape, generator=generator, device=generator.device) < share


def _swapped(value: Tensor, joints: tuple[int, ...], who: Tensor, layout: PointLayout) -> Tensor:
    """Exchanges left and right of `joints` and what is near them for the people `who` (B, P); value (B, P, J, 2)."""
    order = [
        image if near in joints else own
        for own, (near, image) in enumerate(zip(layout.near, layout.mirror, strict=True))
    ]
    changed = value.clone()
    changed[who] = value[who][:, order]  # few people: the others are not gathered
    return changed


def _detector_scores(sigma: Tensor, generator: torch.Generator, options: NoiseOptions) -> Tensor:
    """Scores (B, P, 17) that fall with the true sigma, through each scene's own monotone curve."""
    b = len(sigma)

    def rand() -> Tensor:
        return torch.rand(b, 1, 1, generator=generator, device=generator.device)

    jitter = (0.25 * _normal(sigma, generator)).exp()
    score = 1 / (1 + (sigma * jitter / 0.03) ** 2)
    score = (0.6 + 0.4 * rand()) * score ** (0.3 + 1.4 * rand())
    saturated = rand() < 0.12
    score = torch.where(saturated, torch.ones_like(score), score)
    threshold = torch.where(rand() < options.thresholded, 0.1 + 0.2 * rand(), torch.zeros(b, 1, 1, device=sigma.device))
    return torch.where(score < threshold, torch.zeros_like(score), score.clamp(0.02, 1))


def detected(
    joints_px: Tensor, hidden: Tensor, inside: Tensor, stature_px: Tensor, size_px: Tensor,
    options: NoiseOptions, generator: torch.Generator, layout: PointLayout = COCO,
) -> Detections:  # fmt: skip
    """A detector's answer for true points (B, P, J, 2), COCO's joints alone or those and others, as `layout` says.

    hidden (B, P, 17), inside (B, P, J), stature_px (B, P), size_px (B, 2) w h. Another point shares the faults of the
    COCO joint near it: hidden, missed, swapped and sure as that one is, the variance of its error half that one's.
    """
    shape, near = tuple(hidden.shape), list(layout.near)
    multiplier = options.median_multiplier * (options.person_spread * _normal(stature_px, generator)).exp()
    sigma = torch.tensor(JOINT_SIGMA, device=joints_px.device) * multiplier[..., None]
    sigma = sigma * (options.joint_spread * _normal(sigma, generator)).exp()
    sigma = torch.where(hidden, sigma * options.hidden_multiplier, sigma)
    outlier = _chosen(options.outlier, shape, generator)
    actual = torch.where(outlier, sigma * options.outlier_multiplier, sigma)
    sigma_px = (actual * stature_px[..., None]).square() + options.floor_px**2
    errors = _normal(joints_px[:, :, :17], generator)
    if len(near) > 17:
        own = _normal(joints_px[:, :, 17:], generator)
        errors = torch.cat([errors, (errors[:, :, near[17:]] + own) * 0.5**0.5], 2)
    noisy = joints_px + sigma_px[..., near].sqrt()[..., None] * errors
    for joints in (ARMS, LEGS, FACE):
        noisy = _swapped(noisy, joints, _chosen(options.part_swapped, shape[:2], generator), layout)
    noisy = _swapped(noisy, tuple(range(17)), _chosen(options.person_swapped, shape[:2], generator), layout)
    doubt = (sigma + options.floor_px / stature_px[..., None].clamp_min(1)) * torch.where(inside[..., :17], 1.0, 4.0)
    scores = _detector_scores(doubt, generator, options)[..., near]
    missing = hidden & _chosen(options.hidden_missing, shape, generator)
    missing |= _chosen(options.visible_missing, shape, generator)
    missing = missing[..., near] | (~inside & ~_chosen(options.outside_guessed, shape, generator)[..., near])
    limit = size_px[:, None, None] - 1
    clipped = torch.minimum(noisy.clamp_min(0), limit)
    return Detections(joints_px=clipped, scores=torch.where(missing, torch.zeros_like(scores), scores))
