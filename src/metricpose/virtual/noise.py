"""What a detector makes of true joints: errors that grow with size, hard joints, misses, swaps, telling scores."""

from dataclasses import dataclass

import torch
from torch import Tensor

from metricpose.skeletons.catalogue import COCO17

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
    """joints_px (B, P, 17, 2), scores (B, P, 17) with 0 where unseen."""

    joints_px: Tensor
    scores: Tensor


def _normal(like: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(like.shape, generator=generator, device=generator.device)


def _chosen(share: float, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return torch.rand(shape, generator=generator, device=generator.device) < share


def _swapped(value: Tensor, joints: tuple[int, ...], who: Tensor) -> Tensor:
    """Exchanges left and right of `joints` for the people `who` (B, P); value (B, P, 17, 2)."""
    order = list(range(value.shape[2]))
    for joint in joints:
        order[joint] = COCO17.mirror[joint]
    return torch.where(who[:, :, None, None], value[:, :, order], value)


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
    options: NoiseOptions, generator: torch.Generator,
) -> Detections:  # fmt: skip
    """A detector's answer for true joints (B, P, 17, 2).

    hidden and inside (B, P, 17), stature_px (B, P), size_px (B, 2) w h.
    """
    shape = tuple(hidden.shape)
    multiplier = options.median_multiplier * (options.person_spread * _normal(stature_px, generator)).exp()
    sigma = torch.tensor(JOINT_SIGMA, device=joints_px.device) * multiplier[..., None]
    sigma = sigma * (options.joint_spread * _normal(sigma, generator)).exp()
    sigma = torch.where(hidden, sigma * options.hidden_multiplier, sigma)
    outlier = _chosen(options.outlier, shape, generator)
    actual = torch.where(outlier, sigma * options.outlier_multiplier, sigma)
    sigma_px = (actual * stature_px[..., None]).square() + options.floor_px**2
    noisy = joints_px + sigma_px.sqrt()[..., None] * _normal(joints_px, generator)
    for joints in (ARMS, LEGS, FACE):
        noisy = _swapped(noisy, joints, _chosen(options.part_swapped, shape[:2], generator))
    noisy = _swapped(noisy, tuple(range(17)), _chosen(options.person_swapped, shape[:2], generator))
    doubt = (sigma + options.floor_px / stature_px[..., None].clamp_min(1)) * torch.where(inside, 1.0, 4.0)
    scores = _detector_scores(doubt, generator, options)
    missing = hidden & _chosen(options.hidden_missing, shape, generator)
    missing |= _chosen(options.visible_missing, shape, generator)
    missing |= ~inside & ~_chosen(options.outside_guessed, shape, generator)
    limit = size_px[:, None, None] - 1
    clipped = torch.minimum(noisy.clamp_min(0), limit)
    return Detections(joints_px=clipped, scores=torch.where(missing, torch.zeros_like(scores), scores))
