"""From pictures or 2D people to people in metres, without torch."""

from metricpose.inference.estimator import PoseEstimator, load
from metricpose.inference.knowledge import ExtrinsicsDoubt
from metricpose.inference.lifter import RayLifter

__all__ = ["ExtrinsicsDoubt", "PoseEstimator", "RayLifter", "load"]
