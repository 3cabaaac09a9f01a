"""Judging people in metres against the truth: metrics, strict matching, reports. Needs no network and no torch."""

from metricpose.evaluation.report import Figure, GroupRow, Report, comparison
from metricpose.evaluation.strict import evaluate

__all__ = ["Figure", "GroupRow", "Report", "comparison", "evaluate"]
