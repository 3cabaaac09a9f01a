"""Who, and which joint, is nearer to the camera: order in depth, whatever the distance.

Depths are z in the camera frame, metres. Pairs count once each.
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from metricpose._errors import InputError
from metricpose.evaluation.metrics.in_frames import check_counts, counts_of, frame_of, joined

SAME_DEPTH_M = 0.3
SAME_JOINT_DEPTH_M = 0.1
Reading = Literal["order_or_same", "three_relations"]
_PEOPLE = 4096


def pcod(
    predicted_depth: Sequence[Any],
    true_depth: Sequence[Any],
    threshold: float = SAME_DEPTH_M,
    reading: Reading = "order_or_same",
) -> float:
    """Share of pairs of people of one frame whose order in depth is right, all pairs of all frames alike; 0 to 1.

    Percentage of correct ordinal depth, Zhen et al., ECCV 2020 (SMAP), who print 100 times this.

    Args:
        predicted_depth, true_depth: per frame (P,), root depths of the same people in the same order. A NaN
            prediction (a person not found) is wrong in every pair; people with a NaN truth are left out.
        threshold: up to here two depths are the same.
        reading: "order_or_same", as public code counts PCOD: right if the order is that of the truth, however small
            the differences, or if both differences are < threshold. "three_relations": nearer, same (|difference| <
            threshold) or farther, and the predicted relation must be the true one (BEV's PCDR, Sun et al., CVPR 2022).

    Returns NaN without a pair. Raises InputError: lists that do not fit.
    """
    predicted, true = joined(predicted_depth, (), "PCOD: predicted"), joined(true_depth, (), "PCOD: true")
    counts = counts_of(true_depth)
    check_counts(counts_of(predicted_depth), counts, "PCOD: predicted", "the truth")
    if reading not in ("order_or_same", "three_relations"):
        raise InputError(f"PCOD: expected reading 'order_or_same' or 'three_relations', got {reading!r}")
    relation = _order_or_same if reading == "order_or_same" else _same_relation
    stated = np.isfinite(true)
    frames, predicted, true = frame_of(counts)[stated], predicted[stated], true[stated]
    right = pairs = 0
    for step in range(1, len(frames)):
        together = np.flatnonzero(frames[step:] == frames[:-step])
        if len(together) == 0:
            break
        apart, true_apart = (depth[together + step] - depth[together] for depth in (predicted, true))
        right += int(relation(apart, true_apart, threshold).sum())
        pairs += len(together)
    return right / pairs if pairs else float("nan")


def joint_order_accuracy(predicted: Any, true: Any, known: Any = None, threshold: float = SAME_JOINT_DEPTH_M) -> Any:
    """Share of pairs of a person's joints with the right relation: nearer, same or farther. Joints (..., J, 3): (...).

    Relations as in ordinal depth supervision (Pavlakos et al., CVPR 2018); the threshold (m) up to which two joints
    are at the same depth is ours. NaN where fewer than two joints are `known` (..., J); a NaN prediction is wrong.
    """
    predicted, true = np.asarray(predicted)[..., 2], np.asarray(true)[..., 2]
    leading, joints = true.shape[:-1], true.shape[-1]
    known = np.isfinite(true) if known is None else np.broadcast_to(known, true.shape)
    flat, flat_true, flat_known = (depth.reshape(-1, joints) for depth in (predicted, true, known))
    share = np.empty(len(flat))
    for start in range(0, len(share), _PEOPLE):
        block = slice(start, start + _PEOPLE)
        columns = [np.ascontiguousarray(values[block].T) for values in (flat, flat_true, flat_known)]
        share[block] = _pairs_right(columns[0], columns[1], columns[2], threshold)
    return share.reshape(leading)


def _pairs_right(predicted: np.ndarray, true: np.ndarray, known: np.ndarray, threshold: float) -> np.ndarray:
    """Of (J, N): (N,). Joint by joint against all later ones."""
    right, pairs = np.zeros(true.shape[1], np.intp), np.zeros(true.shape[1], np.intp)
    for j in range(len(true) - 1):
        both = known[j + 1 :] & known[j]
        pairs += both.sum(axis=0)
        right += (_same_relation(predicted[j + 1 :] - predicted[j], true[j + 1 :] - true[j], threshold) & both).sum(0)
    return np.where(pairs > 0, right / np.maximum(pairs, 1), np.nan)


def _order_or_same(predicted: np.ndarray, true: np.ndarray, threshold: float) -> np.ndarray:
    return (predicted * true > 0) | ((np.abs(predicted) < threshold) & (np.abs(true) < threshold))


def _same_relation(predicted: np.ndarray, true: np.ndarray, threshold: float) -> np.ndarray:
    """NaN has no relation and equals none."""
    farther = (predicted >= threshold) & (true >= threshold)
    nearer = (predicted <= -threshold) & (true <= -threshold)
    return farther | nearer | ((np.abs(predicted) < threshold) & (np.abs(true) < threshold))
