"""Joints in the picture (..., J, 2), pixels: shares within a part of the person's size, and COCO's similarity."""

from typing import Any

from metricpose.evaluation.metrics.known import known_mean
from metricpose.evaluation.metrics.thresholds import share_within
from metricpose.geometry.arrays import like, namespace

PCKH_FRACTION = 0.5
PCK_FRACTION = 0.2
# COCO's spread of annotators, in units of the square root of the area, in the order of COCO-17 (cocodataset.org, OKS).
COCO_SIGMAS = (
    0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072, 0.062, 0.062,
    0.107, 0.107, 0.087, 0.087, 0.089, 0.089,
)  # fmt: skip


def pixel_error(predicted_px: Any, true_px: Any) -> Any:
    """Distance of points (..., 2): (...)."""
    away = predicted_px - true_px
    return namespace(away).sqrt(away[..., 0] ** 2 + away[..., 1] ** 2)


def pck2d(
    predicted_px: Any,
    true_px: Any,
    size_px: Any,
    known: Any = None,
    fraction: float = PCK_FRACTION,
    *,
    inclusive: bool = True,
) -> Any:
    """Share of joints at most fraction * size away from the truth, size_px (...) pixels per person: (...).

    Yang and Ramanan, PAMI 2013; LSP takes the torso's length and 0.2. A NaN prediction is a failure.
    """
    error = pixel_error(predicted_px, true_px) / size_px[..., None]
    return share_within(error, known, fraction, inclusive=inclusive)


def pckh(predicted_px: Any, true_px: Any, head_px: Any, known: Any = None, fraction: float = PCKH_FRACTION) -> Any:
    """PCK relative to the head (Andriluka et al., CVPR 2014; MPII's size is 0.6 of the head box's diagonal): (...)."""
    return pck2d(predicted_px, true_px, head_px, known, fraction)


def oks(predicted_px: Any, true_px: Any, known: Any, area_px: Any, sigmas: Any = COCO_SIGMAS) -> Any:
    """Object keypoint similarity of people (..., J, 2): (...), 0 to 1, NaN where no joint is known.

    The mean over known joints of exp(-d^2 / (2 area (2 sigma)^2)); area_px (...) of the true mask, sigmas (J,).
    A known joint that is not predicted (NaN) adds 0.
    """
    xp = namespace(predicted_px, true_px)
    squared = xp.sum((predicted_px - true_px) ** 2, axis=-1)
    variance = (2.0 * like(sigmas, squared)) ** 2
    similarity = xp.exp(-squared / (2.0 * variance * area_px[..., None]))
    return known_mean(xp.where(xp.isnan(similarity), xp.zeros_like(similarity), similarity), known)
