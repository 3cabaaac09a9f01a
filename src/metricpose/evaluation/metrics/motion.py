"""Errors of movement: how well differences from frame to frame are met, however wrong the poses are.

Time comes first: joints (T, ..., J, 3) of one track and roots (T, ..., 3), metres, evenly spaced frames. With both
roots the movement is root-relative, as the literature has it; without them it is the movement in the camera frame. A
step counts for a joint that is `known` (T, ..., J) in all frames it spans. T too short for a step gives no values.
"""

from typing import Any

from metricpose.evaluation.metrics.known import known_mean
from metricpose.evaluation.metrics.pose import joint_error


def mpjve(
    predicted: Any,
    true: Any,
    predicted_root: Any = None,
    true_root: Any = None,
    known: Any = None,
    *,
    fps: float = 1.0,
) -> Any:
    """Mean error of the joints' velocity per step: (T - 1, ...) metres per frame, or with fps metres per second.

    The MPJPE of first differences, Pavllo et al., CVPR 2019, who print mm per frame at 50 frames per second.
    """
    away = _away(predicted, true, predicted_root, true_root)
    steps = joint_error(away[1:], away[:-1])
    return fps * known_mean(steps, None if known is None else known[1:] & known[:-1])


def acceleration_error(
    predicted: Any,
    true: Any,
    predicted_root: Any = None,
    true_root: Any = None,
    known: Any = None,
    *,
    fps: float = 1.0,
) -> Any:
    """Mean error of the joints' acceleration: (T - 2, ...) metres per frame^2, or with fps metres per second^2.

    The error of second differences, Kanazawa et al., CVPR 2019 (HMMR), whose code and its followers' print
    mm per frame^2, without the rate.
    """
    away = _away(predicted, true, predicted_root, true_root)
    speed = away[1:] - away[:-1]
    steps = joint_error(speed[1:], speed[:-1])
    return fps**2 * known_mean(steps, None if known is None else known[2:] & known[1:-1] & known[:-2])


def _away(predicted: Any, true: Any, predicted_root: Any, true_root: Any) -> Any:
    """Predicted minus true: the difference of differences is the difference of this, as both are linear."""
    if predicted_root is None or true_root is None:
        return predicted - true
    return (predicted - true) - (predicted_root - true_root)[..., None, :]
