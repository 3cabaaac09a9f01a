"""Are the people there, and where they are said to be: average precision and recall over a whole set of frames.

Lists have one entry per frame: predicted joints (P, J, 3) or roots (P, 3) and their scores (P,), true joints (Q, J, 3),
`known` (Q, J) or roots (Q, 3), metres, camera frame, nothing aligned. All predictions of the set are ranked by score;
equal scores keep the order of frames and people. Each prediction has one target, its nearest true person. It is a hit
if it is strictly nearer than the threshold and no better ranked one has hit that target: a prediction whose target is
taken does not turn to the next. Frames without true people do not count, ghosts in them neither, unless
`empty_frames`: both are as in the released code of the papers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from metricpose.evaluation.metrics.nearest import nearest_person, nearest_root
from metricpose.evaluation.metrics.precision import envelope_area, first_of_each, precision_recall, step_area

AP_ROOT_M = 0.25
PANOPTIC_THRESHOLDS_M = (0.025, 0.05, 0.075, 0.1, 0.125, 0.15)
PANOPTIC_RECALL_M = 0.5


@dataclass(frozen=True, kw_only=True)
class RootDetection:
    """AP_root and AR_root at a threshold. people: true ones that count; predictions: those that count; hits.

    ap: sum over hits of the precision there, over people. ap_released: as RootNet's released script sums it, which
    leaves out the step of the best ranked prediction: lower by 1 / people if that is a hit. ar: hits over people.
    All are NaN without people.
    """

    threshold_m: float
    ap: float
    ap_released: float
    ar: float
    people: int
    predictions: int
    hits: int


@dataclass(frozen=True, kw_only=True)
class PanopticDetection:
    """AP and recall (hits over people) at each threshold, their means, and recall and mean error of hits under 0.5 m.

    mpjpe: metres, joints in place (no root is subtracted), NaN without hits. The rest is NaN without people.
    """

    thresholds_m: tuple[float, ...]
    ap: tuple[float, ...]
    recall: tuple[float, ...]
    mean_ap: float
    mean_recall: float
    recall_500: float
    mpjpe: float
    people: int
    predictions: int


def root_detection(
    predicted_root: Sequence[Any],
    scores: Sequence[Any],
    true_root: Sequence[Any],
    *,
    threshold: float = AP_ROOT_M,
    empty_frames: bool = False,
) -> RootDetection:
    """AP_root and AR_root (Moon et al., ICCV 2019) of roots (P, 3), scores (P,), true roots (Q, 3) per frame.

    True roots that are NaN are left out; a predicted NaN is a ghost. Raises InputError: lists that do not fit.
    """
    near = nearest_root(predicted_root, scores, true_root, empty_frames)
    hits = first_of_each(near.target, near.error < threshold)
    area, nan = step_area(hits, near.people), float("nan")
    first_step = float(hits[:1].sum()) / near.people if near.people else nan  # precision there is 1
    return RootDetection(
        threshold_m=threshold,
        ap=area,
        ap_released=area - first_step,
        ar=float(hits.sum()) / near.people if near.people else nan,
        people=near.people,
        predictions=len(hits),
        hits=int(hits.sum()),
    )


def ap_root(
    predicted_root: Sequence[Any], scores: Sequence[Any], true_root: Sequence[Any], threshold: float = AP_ROOT_M
) -> float:
    """`root_detection(...).ap`: the average precision of roots within the threshold (m)."""
    return root_detection(predicted_root, scores, true_root, threshold=threshold).ap


def ar_root(
    predicted_root: Sequence[Any], scores: Sequence[Any], true_root: Sequence[Any], threshold: float = AP_ROOT_M
) -> float:
    """`root_detection(...).ar`: the share of true people whose root is found within the threshold (m)."""
    return root_detection(predicted_root, scores, true_root, threshold=threshold).ar


def panoptic_detection(
    predicted: Sequence[Any],
    scores: Sequence[Any],
    true: Sequence[Any],
    known: Sequence[Any] | None = None,
    *,
    thresholds: Sequence[float] = PANOPTIC_THRESHOLDS_M,
    recall_within: float = PANOPTIC_RECALL_M,
    empty_frames: bool = False,
) -> PanopticDetection:
    """AP@25..150 mm, recall and MPJPE on CMU Panoptic as VoxelPose (Tu et al., ECCV 2020) counts them.

    The distance of two people is the mean error of the joints that the truth knows (VoxelPose: confidence > 0.1). True
    people of whom no joint is known are left out; a prediction with a NaN at a known joint is a ghost.
    VoxelPose adds 1e-5 to its denominators, which moves nothing that is printed; here nothing is added.
    Raises InputError: lists that do not fit.
    """
    near = nearest_person(predicted, scores, true, known, empty_frames)
    hits = [first_of_each(near.target, near.error < threshold) for threshold in thresholds]
    aps = tuple(envelope_area(hit, near.people) for hit in hits)
    recalls = tuple(_recall(hit, near.people) for hit in hits)
    close = first_of_each(near.target, near.error < recall_within)
    return PanopticDetection(
        thresholds_m=tuple(thresholds),
        ap=aps,
        recall=recalls,
        mean_ap=float(np.mean(aps)),
        mean_recall=float(np.mean(recalls)),
        recall_500=_recall(close, near.people),
        mpjpe=float(near.error[close].mean()) if close.any() else float("nan"),
        people=near.people,
        predictions=len(near.error),
    )


def panoptic_ap(
    predicted: Sequence[Any],
    scores: Sequence[Any],
    true: Sequence[Any],
    known: Sequence[Any] | None = None,
    *,
    thresholds: Sequence[float] = PANOPTIC_THRESHOLDS_M,
) -> tuple[float, ...]:
    """`panoptic_detection(...).ap`: the average precision at each threshold (m)."""
    return panoptic_detection(predicted, scores, true, known, thresholds=thresholds).ap


def precision_recall_of_roots(
    predicted_root: Sequence[Any], scores: Sequence[Any], true_root: Sequence[Any], threshold: float = AP_ROOT_M
) -> tuple[np.ndarray, np.ndarray]:
    """Precision and recall after each of the N ranked predictions, (N,) each; for plots. Empty without true people."""
    near = nearest_root(predicted_root, scores, true_root, False)
    return precision_recall(first_of_each(near.target, near.error < threshold), max(near.people, 1))


def _recall(hits: np.ndarray, people: int) -> float:
    return float(hits.sum()) / people if people else float("nan")
