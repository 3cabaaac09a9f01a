"""Errors of a person's joints: in place, root-relative, and after an alignment.

Joints (..., J, 3) and roots (..., 3) in metres, camera frame; `known` (..., J) bool. A joint that is known but
predicted as NaN makes a mean NaN and fails a threshold; an alignment refuses it (InputError).
"""

from typing import Any

from metricpose.evaluation.metrics import thresholds
from metricpose.evaluation.metrics.blocks import in_blocks
from metricpose.evaluation.metrics.known import known_mean, zeroed
from metricpose.evaluation.metrics.thresholds import CPS_LIMIT_M, CPS_M, PCK_M
from metricpose.geometry.alignment import aligned
from metricpose.geometry.arrays import namespace


def joint_error(predicted: Any, true: Any) -> Any:
    """Distance of points (..., 3): (...)."""
    return _length(predicted - true)


def relative_error(predicted: Any, true: Any, predicted_root: Any, true_root: Any) -> Any:
    """Distance of joints (..., J, 3) after each one's root (..., 3) is moved to the origin: (..., J)."""
    return in_blocks(_relative_error, (predicted, 2), (true, 2), (predicted_root, 1), (true_root, 1))


def aligned_error(predicted: Any, true: Any, known: Any = None) -> Any:
    """Distance of joints (..., J, 3) after the best similarity per person, without reflection: (..., J).

    Umeyama, PAMI 1991. Only known joints are aligned; the error of the others means nothing.
    """
    return in_blocks(_aligned_error, (predicted, 2), (true, 2), (known, 1))


def scaled_error(predicted: Any, true: Any, predicted_root: Any, true_root: Any, known: Any = None) -> Any:
    """Distance of root-relative joints after the scale <true, predicted> / <predicted, predicted>: (..., J).

    Rhodin et al., CVPR 2018. Only known joints enter the scale.
    """
    return in_blocks(_scaled_error, (predicted, 2), (true, 2), (predicted_root, 1), (true_root, 1), (known, 1))


def mpjpe(predicted: Any, true: Any, predicted_root: Any, true_root: Any, known: Any = None) -> Any:
    """Mean joint error of joints (..., J, 3) after each one's root (..., 3) is moved to the origin: (...)."""
    return known_mean(relative_error(predicted, true, predicted_root, true_root), known)


def n_mpjpe(predicted: Any, true: Any, predicted_root: Any, true_root: Any, known: Any = None) -> Any:
    """MPJPE after the scale s = <true, predicted> / <predicted, predicted> of the root-relative poses: (...)."""
    return known_mean(scaled_error(predicted, true, predicted_root, true_root, known), known)


def pa_mpjpe(predicted: Any, true: Any, known: Any = None) -> Any:
    """Mean joint error of joints (..., J, 3) after the best similarity per person, without reflection: (...)."""
    return known_mean(aligned_error(predicted, true, known), known)


def pck(
    predicted: Any,
    true: Any,
    predicted_root: Any,
    true_root: Any,
    known: Any = None,
    threshold: float = PCK_M,
    *,
    inclusive: bool = False,
) -> Any:
    """Share of joints strictly nearer than the threshold (m) with the roots at one place: (...).

    MPI-INF-3DHP's 3DPCK (Mehta et al., 3DV 2017) is strict; MeTRAbs' is inclusive (<=).
    """
    error = relative_error(predicted, true, predicted_root, true_root)
    return thresholds.share_within(error, known, threshold, inclusive=inclusive)


def auc_3dhp(predicted: Any, true: Any, predicted_root: Any, true_root: Any, known: Any = None) -> Any:
    """Mean of the strict PCK at 0, 5, ... 150 mm, as MPI-INF-3DHP's own script: (...), at most 30/31."""
    return thresholds.area_3dhp(relative_error(predicted, true, predicted_root, true_root), known)


def auc_metrabs(
    predicted: Any, true: Any, predicted_root: Any, true_root: Any, known: Any = None, limit: float = PCK_M
) -> Any:
    """Area under the PCK from 0 to limit (m), over limit, as MeTRAbs (Sarandi et al., 2021): (...), at most 1."""
    return thresholds.area_continuous(relative_error(predicted, true, predicted_root, true_root), known, limit)


def cps(predicted: Any, true: Any, known: Any = None, threshold: float = CPS_M) -> Any:
    """1 where every joint lies strictly within the threshold (m) after the best similarity, else 0: (...).

    Correct poses score, Wandt et al., CVPR 2021 (CanonPose); its mean over people is the share of correct poses.
    """
    return thresholds.all_within(aligned_error(predicted, true, known), known, threshold)


def auc_cps(predicted: Any, true: Any, known: Any = None, limit: float = CPS_LIMIT_M) -> Any:
    """Area under the CPS for all thresholds from 0 to limit (m), over limit: (...), at most 1."""
    return thresholds.all_within_area(aligned_error(predicted, true, known), known, limit)


def cps_steps(predicted: Any, true: Any, known: Any = None) -> Any:
    """Sum of the CPS at 1, 2, ... 300 mm, the number that papers after CanonPose print: (...), 0 to 300."""
    return thresholds.all_within_steps(aligned_error(predicted, true, known), known)


def _length(vectors: Any) -> Any:
    """By component: a sum over a last axis of 3 takes twice the time."""
    x, y, z = vectors[..., 0], vectors[..., 1], vectors[..., 2]
    return namespace(vectors).sqrt(x * x + y * y + z * z)


def _relative_error(predicted: Any, true: Any, predicted_root: Any, true_root: Any) -> Any:
    return _length((predicted - true) - (predicted_root - true_root)[..., None, :])


def _aligned_error(predicted: Any, true: Any, known: Any) -> Any:
    weights = None if known is None else namespace(predicted).astype(known, predicted.dtype)
    return joint_error(aligned(predicted, true, weights), true)


def _scaled_error(predicted: Any, true: Any, predicted_root: Any, true_root: Any, known: Any) -> Any:
    xp = namespace(predicted, true)
    counted = None if known is None else known[..., None]
    predicted = zeroed(predicted - predicted_root[..., None, :], counted)
    true = zeroed(true - true_root[..., None, :], counted)
    inner = xp.sum(predicted * true, axis=(-2, -1))
    norm = xp.sum(predicted * predicted, axis=(-2, -1))
    scale = inner / xp.where(norm > 0, norm, xp.ones_like(norm))
    return _length(scale[..., None, None] * predicted - true)
