"""How MuPoTS-3D's official script (Mehta et al., 3DV 2018) pairs people, and the true lengths of bones it lends."""

import numpy as np

from metricpose.evaluation.protocols.flat import Flat
from metricpose.evaluation.protocols.pairs import pairs_in_pictures

NEAR_PX = 40.0
MATCHING_JOINTS = slice(1, 14)
"""Joints 2 to 14, counted from 1: all but the head's top, the pelvis, the spine and the head."""

PARENTS = (1, 15, 1, 2, 3, 1, 5, 6, 14, 8, 9, 14, 11, 12, 14, 14, 1)
"""Of mupots17, from 0: both points of the head hang on the neck, unlike in the catalogue."""

OUTWARDS = (15, 1, 0, 16, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13)
"""Joints from the pelvis (14) outwards: each comes after its parent."""


def official_partners(predicted: Flat, true: Flat, judged: np.ndarray) -> np.ndarray:
    """(M,) the prediction of each of the judged true people (rows (M,), in file order), or -1.

    Greedy: each true person in turn takes, of the predictions still free, the one with the most joints less than
    40 px away in x and in y, if it has one at all; of equals the first. Joints without a place are not near.
    """
    side = np.zeros(len(true), dtype=bool)
    side[judged] = True
    p, t = pairs_in_pictures(predicted.counts, true.counts)
    kept = side[t]
    p, t = p[kept], t[kept]
    near = near_joints(predicted, true, p, t)
    order = np.lexsort((p, t))
    ends = np.cumsum(np.bincount(t, minlength=len(true)))
    partner, taken = np.full(len(judged), -1), np.zeros(len(predicted), dtype=bool)
    for index, row in enumerate(judged):
        choices = order[_span(ends, row)]
        scores = np.where(taken[p[choices]], 0, near[choices])
        if len(scores) and scores.max() > 0:
            partner[index] = p[choices[int(np.argmax(scores))]]
            taken[partner[index]] = True
    return partner


def near_joints(predicted: Flat, true: Flat, p: np.ndarray, t: np.ndarray) -> np.ndarray:
    """(K,) how many of the matching joints of pairs are strictly nearer than 40 px in both axes."""
    apart = np.abs(predicted.joints_px[p, MATCHING_JOINTS] - true.joints_px[t, MATCHING_JOINTS])
    return (apart < NEAR_PX).all(axis=-1).sum(axis=-1)


def with_true_bones(predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Joints (M, 17, 3) with the directions of the predicted bones and the lengths of the true ones.

    The pelvis stays; every other joint is put its true bone's length from its parent, which was put before it. A bone
    predicted without length has no direction: its joint falls on the parent (the official script divides by 0).
    """
    moved = predicted.copy()
    for joint in OUTWARDS:
        parent = PARENTS[joint]
        bone = predicted[:, joint] - predicted[:, parent]
        length = np.linalg.norm(bone, axis=-1, keepdims=True)
        wanted = np.linalg.norm(true[:, joint] - true[:, parent], axis=-1, keepdims=True)
        moved[:, joint] = moved[:, parent] + bone * (wanted / np.where(length > 0, length, 1.0))
    return moved


def _span(ends: np.ndarray, row: int) -> slice:
    return slice(int(ends[row - 1]) if row else 0, int(ends[row]))
