"""Where a person is: errors of the root (..., 3) and of joints in place, metres, camera frame, nothing aligned."""

from typing import Any

from metricpose.evaluation.metrics import thresholds
from metricpose.evaluation.metrics.known import one_where
from metricpose.evaluation.metrics.pose import joint_error
from metricpose.geometry.arrays import namespace

PCK_ABS_M = 0.15
PCK_ROOT_M = 0.15


def mrpe(predicted_root: Any, true_root: Any) -> Any:
    """Error of the root's place in the camera frame, roots (..., 3): (...). Moon et al., ICCV 2019."""
    return joint_error(predicted_root, true_root)


def mrpe_xyz(predicted_root: Any, true_root: Any) -> Any:
    """Absolute error of the root per camera axis: (..., 3)."""
    return namespace(predicted_root, true_root).abs(predicted_root - true_root)


def mrpe_percent(predicted_root: Any, true_root: Any) -> Any:
    """100 |predicted - true| / true distance from the camera: (...)."""
    return 100 * mrpe(predicted_root, true_root) / joint_error(true_root, 0.0 * true_root)


def mrpe_z_percent(predicted_root: Any, true_root: Any) -> Any:
    """100 |z_predicted - z_true| / z_true: (...)."""
    return namespace(predicted_root, true_root).abs(z_bias_percent(predicted_root, true_root))


def z_bias_percent(predicted_root: Any, true_root: Any) -> Any:
    """100 (z_predicted - z_true) / z_true, signed: too far is positive: (...)."""
    z = true_root[..., 2]
    return 100 * (predicted_root[..., 2] - z) / z


def pck_root(predicted_root: Any, true_root: Any, threshold: float = PCK_ROOT_M, *, inclusive: bool = False) -> Any:
    """1 where the root lies strictly within the threshold (m) of its true place, else 0: (...).

    A root that is not predicted (NaN) is a failure; a true root that is not known gives NaN.
    """
    xp = namespace(predicted_root, true_root)
    error = mrpe(predicted_root, true_root)
    close = error <= threshold if inclusive else error < threshold
    return one_where(close, ~xp.any(xp.isnan(true_root), axis=-1), error)


def pck_abs(
    predicted: Any, true: Any, known: Any = None, threshold: float = PCK_ABS_M, *, inclusive: bool = False
) -> Any:
    """Share of joints (..., J, 3) strictly nearer than the threshold (m) to the truth, nothing aligned: (...)."""
    return thresholds.share_within(joint_error(predicted, true), known, threshold, inclusive=inclusive)
