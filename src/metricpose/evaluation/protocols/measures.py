"""Metrics of matched people, in the units of tables (mm, %), for protocols that judge in 3D."""

from collections.abc import Mapping, Sequence

import numpy as np

from metricpose.evaluation import metrics
from metricpose.evaluation.protocols.flat import Flat
from metricpose.evaluation.protocols.missing_joints import incomplete
from metricpose.people.frame import PeopleFrame

MM = 1000.0


def known_of(predicted: Flat, true: Flat, partner: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(M, J) joints that count: the very points on both sides, known to the truth and asked of the prediction."""
    return true.known[rows] & predicted.answered[partner]


def pose_values(
    predicted: Flat, true: Flat, partner: np.ndarray, rows: np.ndarray, known: np.ndarray
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """MPJPE, PA-MPJPE, N-MPJPE, PCK and AUC of M pairs: (M,) by key; and root-relative errors (M, J) metres.

    Where the true root is not known, nothing relative to it is measured (NaN). Joints that count and the prediction
    lacks are failures in PCK and AUC; such people have none of the mean errors.
    """
    joints, truth = predicted.joints[partner], true.joints[rows]
    centre, true_centre = predicted.centre[partner], true.centre[rows]
    error = metrics.relative_error(joints, truth, centre, true_centre)
    measured = known & np.isfinite(true_centre).all(axis=-1, keepdims=True)
    whole = ~incomplete(predicted, partner, known)[:, None]
    return {
        "mpjpe": MM * metrics.known_mean(error, measured & whole),
        "pa_mpjpe": MM * metrics.pa_mpjpe(joints, truth, known & whole),
        "n_mpjpe": MM * metrics.n_mpjpe(joints, truth, centre, true_centre, measured & whole),
        "pck": 100.0 * metrics.share_within(error, measured),
        "auc": 100.0 * metrics.area_3dhp(error, measured),
    }, np.where(measured, error, np.nan)


def place_values(
    predicted: Flat, true: Flat, partner: np.ndarray, rows: np.ndarray, known: np.ndarray
) -> dict[str, np.ndarray]:
    """MRPE and its axes, PCK_root and PCK_abs of M pairs, nothing aligned: (M,) by key."""
    root, true_root = predicted.root[partner], true.root[rows]
    axes = metrics.mrpe_xyz(root, true_root)
    return {
        "mrpe": MM * metrics.mrpe(root, true_root),
        "mrpe_x": MM * axes[:, 0],
        "mrpe_y": MM * axes[:, 1],
        "mrpe_z": MM * axes[:, 2],
        "pck_root": 100.0 * metrics.pck_root(root, true_root),
        "pck_abs": 100.0 * metrics.pck_abs(predicted.joints[partner], true.joints[rows], known),
    }


def motion_values(
    predicted: Flat,
    true: Flat,
    partner: np.ndarray,
    rows: np.ndarray,
    known: np.ndarray,
    frames: Sequence[PeopleFrame],
) -> dict[str, np.ndarray]:
    """MPJVE and acceleration error of M pairs at the picture that ends the step, root-relative: (M,), NaN elsewhere.

    A track is one true person (id) of one sequence in pictures with consecutive numbers, matched in all of them
    with all joints that count.
    """
    known = known & ~incomplete(predicted, partner, known)[:, None]
    before = _step_before(true, rows, frames)
    twice = np.where(before >= 0, before[before], -1)
    values = {"mpjve": np.full(len(rows), np.nan), "accel": np.full(len(rows), np.nan)}
    for key, metric, spans in (
        ("mpjve", metrics.mpjve, [before]),
        ("accel", metrics.acceleration_error, [twice, before]),
    ):
        now = np.flatnonzero(spans[0] >= 0)
        times = np.stack([*(span[now] for span in spans), now])
        p, t = partner[times], rows[times]
        errors = metric(predicted.joints[p], true.joints[t], predicted.centre[p], true.centre[t], known[times])
        values[key][now] = MM * np.asarray(errors)[0]
    return values


def placed_everywhere(values: Mapping[str, np.ndarray], at: np.ndarray, total: int) -> dict[str, np.ndarray]:
    """Values (M,) of some of `total` people as (total,), NaN for the others."""
    spread: dict[str, np.ndarray] = {}
    for key, value in values.items():
        spread[key] = np.full(total, np.nan)
        spread[key][at] = value
    return spread


def _step_before(true: Flat, rows: np.ndarray, frames: Sequence[PeopleFrame]) -> np.ndarray:
    """(M,) where the same person of the previous picture is among the rows, or -1."""
    one_each = bool((true.counts <= 1).all())
    track_of: dict[tuple[str, int], int] = {}
    track, number = np.full(len(rows), -1), np.zeros(len(rows), dtype=np.int64)
    for index, row in enumerate(rows):
        frame, place = frames[int(true.picture[row])], int(true.row[row])
        if frame.frame is not None and (frame.ids is not None or one_each):
            person = place if frame.ids is None else frame.ids[place]
            track[index] = track_of.setdefault((frame.sequence, person), len(track_of))
            number[index] = frame.frame
    order = np.lexsort((number, track))
    follows = (np.diff(track[order]) == 0) & (np.diff(number[order]) == 1) & (track[order][1:] >= 0)
    before = np.full(len(rows), -1)
    before[order[1:][follows]] = order[:-1][follows]
    return before
