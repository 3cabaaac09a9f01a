"""COCO's average precision of 2D poses (cocodataset.org, keypoint evaluation), without pycocotools."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from metricpose._errors import InputError
from metricpose.evaluation.metrics.keypoints2d import COCO_SIGMAS
from metricpose.evaluation.metrics.precision import ranking, sampled_area

OKS_THRESHOLDS = tuple(percent / 100 for percent in range(50, 100, 5))
MOST_PER_FRAME = 20


@dataclass(frozen=True, kw_only=True)
class OksPrecision:
    """AP at each threshold of OKS, recall there, and their means (COCO's AP and AR). NaN without people."""

    thresholds: tuple[float, ...]
    ap: tuple[float, ...]
    recall: tuple[float, ...]
    mean_ap: float
    mean_recall: float
    people: int


@dataclass(frozen=True, kw_only=True, eq=False)
class OksFrame:
    """One picture: predictions (P, J, 2) px with scores (P,), true joints (Q, J, 2) px, known (Q, J), areas_px (Q,).

    boxes_px (Q, 4) x0, y0, x1, y1 and crowd (Q,) bool, or None. A true person who is a crowd or without a known joint
    is not asked for; a prediction on it costs nothing (for one without known joints that takes its box).
    """

    predicted_px: Any
    scores: Any
    true_px: Any
    known: Any
    areas_px: Any
    boxes_px: Any = None
    crowd: Any = None

    def __post_init__(self) -> None:
        p, q = len(self.predicted_px), len(self.true_px)
        got = {"scores": (len(self.scores), p), "known": (len(self.known), q), "areas_px": (len(self.areas_px), q)}
        optional = {"boxes_px": self.boxes_px, "crowd": self.crowd}
        got |= {name: (len(value), q) for name, value in optional.items() if value is not None}
        for name, (number, expected) in got.items():
            if number != expected:
                raise InputError(f"OKS: {name}: expected one per person, {expected}, got {number}")


@dataclass(frozen=True, kw_only=True, eq=False)
class _Judged:
    """One picture's people by falling score: scores (P,), hit and ignored (T, P); the people asked for."""

    scores: np.ndarray
    hit: np.ndarray
    ignored: np.ndarray
    people: int


def oks_ap(
    frames: Sequence[OksFrame],
    *,
    thresholds: Sequence[float] = OKS_THRESHOLDS,
    sigmas: Sequence[float] = COCO_SIGMAS,
    area_range_px: tuple[float, float] = (0.0, 1e10),
    most_per_frame: int = MOST_PER_FRAME,
) -> OksPrecision:
    """AP and recall over the frames. area_range_px: people outside it are not asked for (medium 32^2 to 96^2).

    Each prediction, best score first, takes the free true person it is most similar to; only the best `most_per_frame`
    of a frame count. The area of a prediction is that of its joints' box, as in pycocotools.
    """
    levels = np.asarray(thresholds, dtype=np.float64)
    judged = [_judge(frame, levels, np.asarray(sigmas), area_range_px, most_per_frame) for frame in frames]
    people = sum(one.people for one in judged)
    order = ranking(np.concatenate([one.scores for one in judged] or [np.zeros(0)]))
    nothing = [np.zeros((len(levels), 0), dtype=bool)]
    hit = np.concatenate([one.hit for one in judged] or nothing, axis=1)[:, order]
    ignored = np.concatenate([one.ignored for one in judged] or nothing, axis=1)[:, order]
    ap = tuple(sampled_area(h[~i], people) for h, i in zip(hit, ignored, strict=True))
    found = [float((h & ~i).sum()) for h, i in zip(hit, ignored, strict=True)]
    recall = tuple(count / people if people else float("nan") for count in found)
    return OksPrecision(
        thresholds=tuple(thresholds),
        ap=ap,
        recall=recall,
        mean_ap=float(np.mean(ap)),
        mean_recall=float(np.mean(recall)),
        people=people,
    )


def oks_matrix(frame: OksFrame, sigmas: Any = COCO_SIGMAS) -> np.ndarray:
    """OKS of each prediction with each true person: (P, Q). Without known joints: distance from the box made twice as
    large on each side (pycocotools), or 0 without a box."""
    predicted = np.asarray(frame.predicted_px, dtype=np.float64)
    true, known = np.asarray(frame.true_px, dtype=np.float64), np.asarray(frame.known, dtype=bool)
    if len(predicted) == 0 or len(true) == 0:
        return np.zeros((len(predicted), len(true)))
    away = np.where(known[None, ..., None], predicted[:, None] - true[None], 0.0)
    counted = np.broadcast_to(known, away.shape[:-1]).copy()
    unlabelled = ~known.any(axis=-1)
    if frame.boxes_px is not None and unlabelled.any():
        away[:, unlabelled] = _beyond_box(predicted, np.asarray(frame.boxes_px, dtype=np.float64)[unlabelled])
        counted[:, unlabelled] = True
    area = np.asarray(frame.areas_px, dtype=np.float64)[:, None] + np.spacing(1)
    similarity = np.exp(-(away**2).sum(axis=-1) / (2.0 * area * (2.0 * np.asarray(sigmas)) ** 2))
    similarity = np.where(counted & ~np.isnan(similarity), similarity, 0.0)
    return similarity.sum(axis=-1) / np.maximum(counted.sum(axis=-1), 1)


def _beyond_box(predicted: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """How far joints (P, J, 2) are outside boxes (Q, 4) that are extended by their own size: (P, Q, J, 2)."""
    low, high = boxes[:, None, :2], boxes[:, None, 2:]
    size = high - low
    joints = predicted[:, None]
    return np.maximum(0.0, low - size - joints) + np.maximum(0.0, joints - (high + size))


def _judge(
    frame: OksFrame, levels: np.ndarray, sigmas: np.ndarray, area_range: tuple[float, float], most: int
) -> _Judged:
    rank = ranking(np.asarray(frame.scores, dtype=np.float64))[:most]
    crowd = np.zeros(len(frame.true_px), dtype=bool) if frame.crowd is None else np.asarray(frame.crowd, dtype=bool)
    known = np.asarray(frame.known, dtype=bool).reshape(len(crowd), len(sigmas))
    areas = np.asarray(frame.areas_px, dtype=np.float64)
    unasked = crowd | ~known.any(axis=-1) | (areas < area_range[0]) | (areas > area_range[1])
    similarity = oks_matrix(frame, sigmas)[rank]
    outside = _outside(np.asarray(frame.predicted_px, dtype=np.float64)[rank], area_range)
    partner = np.array([_partners(similarity, unasked, crowd, level) for level in levels])
    partner = partner.reshape(len(levels), len(rank)).astype(np.intp)
    matched = partner >= 0
    # Looking up -1 is harmless: `matched` undoes it; the column added at the end is for frames without true people.
    on_unasked = matched & np.append(unasked, False)[partner]
    return _Judged(
        scores=np.asarray(frame.scores, dtype=np.float64)[rank],
        hit=matched,
        ignored=on_unasked | (~matched & outside),
        people=int((~unasked).sum()),
    )


def _partners(similarity: np.ndarray, unasked: np.ndarray, crowd: np.ndarray, level: float) -> list[int]:
    """The true person of each of the ranked predictions at one threshold, or -1: people asked for come first."""
    free = np.ones(len(unasked), dtype=bool)
    partners = []
    for row in similarity:
        allowed = (row >= min(level, 1 - 1e-10)) & (free | crowd)
        choice = allowed & ~unasked if (allowed & ~unasked).any() else allowed
        best = _last_best(row, choice)
        partners.append(best)
        if best >= 0:
            free[best] = False
    return partners


def _last_best(row: np.ndarray, choice: np.ndarray) -> int:
    """Index of the largest value among the chosen, of equals the last as in pycocotools, or -1."""
    if not choice.any():
        return -1
    values = np.where(choice, row, -1.0)
    return len(row) - 1 - int(np.argmax(values[::-1]))


def _outside(predicted: np.ndarray, area_range: tuple[float, float]) -> np.ndarray:
    """Whether the box of each prediction's joints (P, J, 2) has an area out of range: (P,)."""
    if len(predicted) == 0:
        return np.zeros(0, dtype=bool)
    sides = predicted.max(axis=1) - predicted.min(axis=1)
    area = sides[:, 0] * sides[:, 1]
    return (area < area_range[0]) | (area > area_range[1])
