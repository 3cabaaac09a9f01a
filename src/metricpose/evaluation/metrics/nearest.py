"""Each prediction of a set, best score first, with the true person of its frame that is nearest to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from metricpose._errors import InputError
from metricpose.evaluation.metrics.in_frames import check_counts, counts_of, frame_of, joined, starts_of
from metricpose.evaluation.metrics.known import known_mean
from metricpose.evaluation.metrics.pose import joint_error
from metricpose.evaluation.metrics.precision import ranking

_BLOCK = 512  # people at a time: what stays in the cache


@dataclass(frozen=True, kw_only=True, eq=False)
class Nearest:
    """Of N ranked predictions the nearest true person (a row in the set) and the distance; how many true people."""

    target: np.ndarray
    error: np.ndarray
    people: int


def nearest_root(
    predicted_root: Sequence[Any], scores: Sequence[Any], true_root: Sequence[Any], empty_frames: bool
) -> Nearest:
    """Nearest roots, of (P, 3), scores (P,) and (Q, 3) per frame: people of one joint."""
    predicted, true = joined(predicted_root, (3,), "AP_root: predicted"), joined(true_root, (3,), "AP_root: true")
    counts = counts_of(predicted_root), counts_of(true_root)
    seen = np.asarray(np.isfinite(true).all(axis=-1))[:, None]
    return _nearest(predicted[:, None], true[:, None], seen, *counts, scores, empty_frames, "AP_root")


def nearest_person(
    predicted: Sequence[Any],
    scores: Sequence[Any],
    true: Sequence[Any],
    known: Sequence[Any] | None,
    empty_frames: bool,
) -> Nearest:
    """Nearest people, by the mean error of known joints, of (P, J, 3), scores (P,), (Q, J, 3), (Q, J) per frame."""
    joints, truth = joined(predicted, (None, 3), "AP: predicted"), joined(true, (None, 3), "AP: true")
    counts = counts_of(predicted), counts_of(true)
    if len(joints) and len(truth) and joints.shape[1] != truth.shape[1]:
        raise InputError(f"AP: expected {truth.shape[1]} joints as in the truth, got {joints.shape[1]}; convert them")
    seen = np.asarray(np.isfinite(truth).all(axis=-1))
    if known is not None:
        check_counts(counts_of(known), counts[1], "AP: known", "the truth")
        seen &= joined(known, (truth.shape[1],), "AP: known", bool)
    return _nearest(joints, truth, seen, *counts, scores, empty_frames, "AP")


def _nearest(
    joints: np.ndarray,
    truth: np.ndarray,
    seen: np.ndarray,
    counts: np.ndarray,
    true_counts: np.ndarray,
    scores: Sequence[Any],
    empty_frames: bool,
    what: str,
) -> Nearest:
    """Of joints (N, J, 3) and truth (M, J, 3), seen (M, J), in frames of so many people (F,) each."""
    if len(counts) != len(true_counts):
        raise InputError(f"{what}: expected {len(true_counts)} frames as in the truth, got {len(counts)}")
    check_counts(counts_of(scores), counts, f"{what}: scores", "the predictions")
    rank = joined(scores, (), f"{what}: scores")
    frames = frame_of(counts)
    if np.isnan(rank).any():
        first = frames[np.isnan(rank)][0]
        raise InputError(f"{what}: frame {first}: expected scores that are numbers, got NaN; give each person a score")
    counted = seen.any(axis=-1)
    true_counts = np.bincount(frame_of(true_counts)[counted], minlength=len(true_counts))
    target, error = _nearest_of_each(joints, frames, truth[counted], seen[counted], true_counts)
    order = ranking(rank)
    if not empty_frames:
        order = order[true_counts[frames][order] > 0]
    return Nearest(target=target[order], error=error[order], people=int(counted.sum()))


def _nearest_of_each(
    joints: np.ndarray, frames: np.ndarray, truth: np.ndarray, seen: np.ndarray, true_counts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The first of the nearest true people of each prediction's frame: rows (N,), -1 for none, and distances (N,)."""
    target, error = np.full(len(joints), -1), np.full(len(joints), np.inf)
    first, choices = starts_of(true_counts)[frames], true_counts[frames]
    for nth in range(int(choices.max(initial=0))):
        rows = np.flatnonzero(choices > nth)
        for block in np.split(rows, range(_BLOCK, len(rows), _BLOCK)):
            other = first[block] + nth
            apart = known_mean(joint_error(joints[block], truth[other]), seen[other])
            better = apart < error[block]
            target[block[better]], error[block[better]] = other[better], apart[better]
    return target, error
