"""The strict mode that stands beside every official one: one to one, misses and ghosts counted, nothing moved.

Who is whom is decided by the picture where both sides state joints in pixels, as in `metricpose.evaluation.matching`
(depth orders pairs and never forbids one); else by the distance of the roots. The truth serves for the pairing only: no
prediction is chosen, scaled or shifted by it. Shares of joints count a miss as a failure; errors are of matched people;
ghosts lower precision and F1. True people whom the benchmark does not judge take up predictions, which then are neither
hits nor ghosts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from metricpose.evaluation import metrics
from metricpose.evaluation.matching import GATE, ROOT_CAP
from metricpose.evaluation.protocols import columns as c
from metricpose.evaluation.protocols.checks import Checked
from metricpose.evaluation.protocols.flat import Flat
from metricpose.evaluation.protocols.measures import (
    known_of,
    motion_values,
    place_values,
    placed_everywhere,
    pose_values,
)
from metricpose.evaluation.protocols.missing_joints import incomplete, said_of_incomplete
from metricpose.evaluation.protocols.pairs import best_pairs, pairs_in_pictures
from metricpose.evaluation.protocols.result import Column, PersonErrors, Table
from metricpose.evaluation.protocols.tables import Judged, Parts, rows

ROOT_GATE = 0.5
"""Roots further apart than this part of the true distance from the camera are not one person's."""

_BLOCK = 65536
_FAILURES = ("pck", "pck_abs", "pck_root", "auc")
_PLACES = (*c.ROOT_AXES, c.PCK_ABS, c.PCK_ROOT, c.AP_ROOT)


@dataclass(frozen=True, kw_only=True, eq=False)
class Matching:
    """judged: (M,) rows of the true people who are judged; partner: (M,) row of the prediction of each, -1 for a miss;
    ghosts: (G,) rows of predictions that are nobody; counted: (N,) bool, predictions that are hits or ghosts; how: in
    words."""

    judged: np.ndarray
    partner: np.ndarray
    ghosts: np.ndarray
    counted: np.ndarray
    how: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Strict:
    """The strict table, the errors of single people, and the pictures of ghosts."""

    table: Table
    people: PersonErrors
    ghosts: tuple[str, ...]


def strict_mode(
    pair: Checked, predicted: Flat, true: Flat, parts: Parts, *, notes: Sequence[str] = ()
) -> Strict | None:
    """Judge people in metres strictly; None for root-relative poses of several people in a picture: who is whom?"""
    matching = matched(predicted, true, true.any_known)
    if matching is None:
        return None
    found = matching.partner >= 0
    values, errors = _values(pair, predicted, true, matching)
    measured = _measured_columns(values, predicted.placed)
    judged = Judged(
        picture=true.picture[matching.judged],
        found=found,
        values=values,
        ghost_picture=predicted.picture[matching.ghosts],
        of_set=Detection(predicted, true, matching).figures,
    )
    table = Table(
        title=matching.how,
        mode="strict",
        columns=measured,
        rows=rows(judged, parts, measured),
        notes=(*notes, *_notes(predicted, true), *_missing_notes(predicted, true, matching)),
    )
    names = tuple(pair.truth[i].name for i in predicted.picture[matching.ghosts])
    return Strict(table=table, people=_people(pair, predicted, true, matching, values, errors), ghosts=names)


def matched(predicted: Flat, true: Flat, measurable: np.ndarray) -> Matching | None:
    """Pair predictions with true people; measurable: (N,) true people of whom anything is known.

    None where neither the picture nor places tell people apart.
    """
    by_picture = bool(true.seen.any() and (predicted.seen.any() or not len(predicted)))
    judged = true.judged & measurable
    p, t = pairs_in_pictures(predicted.counts, true.counts)
    if by_picture:
        distance = _picture_distance(predicted, true, p, t)
        allowed = distance <= GATE
        cost = distance + np.nan_to_num(_root_distance(predicted, true, p, t), nan=ROOT_CAP).clip(max=ROOT_CAP)
        how = f"one to one by the picture, at most {GATE} of the person's size apart; depth never forbids a pair"
    elif predicted.placed:
        cost = _root_distance(predicted, true, p, t)
        allowed = cost <= ROOT_GATE
        how = f"one to one by the roots, at most {ROOT_GATE} of the true distance from the camera apart"
    elif (predicted.counts <= 1).all() and (true.counts <= 1).all():
        cost, allowed = np.zeros(len(p)), np.ones(len(p), dtype=bool)
        how = "the only prediction of a picture is its only person, as the poses stand nowhere"
    else:
        return None
    return _paired(predicted, true, judged, (p, t, cost, allowed), how)


class Detection:
    """Precision, recall and F1 of sets of pictures and, where people stand somewhere, AP_root and AR_root."""

    def __init__(self, predicted: Flat, true: Flat, matching: Matching) -> None:
        self._hits = true.picture[matching.judged[matching.partner >= 0]]
        self._people = true.picture[matching.judged]
        self._said = predicted.picture[matching.counted]
        judged = np.zeros(len(true), dtype=bool)
        judged[matching.judged] = True
        judged, ranked = _with_true_root(judged, matching, true)
        self._placed = predicted.placed and bool(np.isfinite(true.root).any())
        self._roots = [
            per_picture(predicted.root, predicted, ranked),
            per_picture(predicted.scores, predicted, ranked),
            per_picture(true.root, true, judged),
        ]

    def figures(self, pictures: np.ndarray) -> dict[str, float]:
        """In %, of the pictures of a mask (F,); NaN where there is nobody."""
        hits, people, said = (int(pictures[of].sum()) for of in (self._hits, self._people, self._said))
        figures = {
            "precision": 100.0 * hits / said if said else float("nan"),
            "recall": 100.0 * hits / people if people else float("nan"),
            "f1": 200.0 * hits / (people + said) if people + said else float("nan"),
        }
        if self._placed:
            chosen = np.flatnonzero(pictures)
            roots = [[values[i] for i in chosen] for values in self._roots]
            found = metrics.root_detection(roots[0], roots[1], roots[2], empty_frames=True)
            figures |= {"ap_root": 100.0 * found.ap, "ar_root": 100.0 * found.ar}
        return figures


def _with_true_root(judged: np.ndarray, matching: Matching, true: Flat) -> tuple[np.ndarray, np.ndarray]:
    """Judged people (N,) whose root is known, and predictions that count beside them: neither is of the others."""
    known = np.asarray(np.isfinite(true.root).all(axis=-1))
    ranked = matching.counted.copy()
    partner = matching.partner[~known[matching.judged]]
    ranked[partner[partner >= 0]] = False
    return judged & known, ranked


def per_picture(values: np.ndarray, people: Flat, chosen: np.ndarray) -> list[np.ndarray]:
    """Values (N, ...) of the chosen people (N,) as a list with an entry for each picture."""
    ends = np.cumsum(np.bincount(people.picture[chosen], minlength=len(people.counts))).tolist()
    values = values[chosen]
    return [values[start:end] for start, end in zip([0, *ends[:-1]], ends, strict=True)]


def _paired(
    predicted: Flat,
    true: Flat,
    judged: np.ndarray,
    pairs: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    how: str,
) -> Matching:
    p, t, cost, allowed = pairs
    partner_of = np.full(len(true), -1)
    free = np.ones(len(predicted), dtype=bool)
    for side in (judged, ~judged):  # those who are judged choose first
        open_ = allowed & side[t] & free[p]
        rows_p, rows_t = best_pairs(p[open_], t[open_], cost[open_], true.picture[t[open_]])
        partner_of[rows_t], free[rows_p] = rows_p, False
    counted = free.copy()
    counted[partner_of[judged & (partner_of >= 0)]] = True
    counted[p[_in_unjudged_box(predicted, true, p, t) & ~judged[t] & free[p]]] = False
    rows_of_judged = np.flatnonzero(judged)
    return Matching(
        judged=rows_of_judged,
        partner=partner_of[rows_of_judged],
        ghosts=np.flatnonzero(free & counted),
        counted=counted,
        how=how,
    )


def _in_unjudged_box(predicted: Flat, true: Flat, p: np.ndarray, t: np.ndarray) -> np.ndarray:
    """(K,) whether the prediction's middle lies in the box of a crowd, or of a person without any known joint."""
    vague = true.crowd | ~(true.any_seen | true.any_known)
    inside = np.zeros(len(p), dtype=bool)
    rows = np.flatnonzero(vague[t])
    if len(rows):
        boxes, middle = true.boxes_px[t[rows]], _middle(_boxes(predicted))[p[rows]]
        inside[rows] = (middle >= boxes[:, :2]).all(axis=-1) & (middle <= boxes[:, 2:]).all(axis=-1)
    return inside


def _picture_distance(predicted: Flat, true: Flat, p: np.ndarray, t: np.ndarray) -> np.ndarray:
    """(K,) mean distance of joints seen on both sides, else of the boxes' middles, over the true person's size."""
    distance = np.full(len(p), np.nan)
    for start in range(0, len(p), _BLOCK):
        block = slice(start, start + _BLOCK)
        both = predicted.seen[p[block]] & true.seen[t[block]]
        apart = metrics.pixel_error(predicted.joints_px[p[block]], true.joints_px[t[block]])
        distance[block] = metrics.known_mean(apart, both)
    boxes = _boxes(true)
    middles = metrics.pixel_error(_middle(_boxes(predicted))[p], _middle(boxes)[t])
    return np.where(np.isnan(distance), middles, distance) / _size(boxes)[t]


def _size(boxes: np.ndarray) -> np.ndarray:
    """(N,) square root of the area of boxes (N, 4), at least a pixel."""
    return np.sqrt(np.prod(boxes[:, 2:] - boxes[:, :2], axis=-1)).clip(min=1.0)


def _boxes(people: Flat) -> np.ndarray:
    seen = np.asarray(np.isfinite(people.joints_px).all(axis=-1, keepdims=True))
    low = np.where(seen, people.joints_px, np.inf).min(axis=1)
    high = np.where(seen, people.joints_px, -np.inf).max(axis=1)
    round_joints = np.where(seen.any(axis=1), np.concatenate([low, high], axis=1), np.nan)
    return np.where(np.isfinite(people.boxes_px).all(axis=-1, keepdims=True), people.boxes_px, round_joints)


def _middle(boxes: np.ndarray) -> np.ndarray:
    return 0.5 * (boxes[:, :2] + boxes[:, 2:])


def _root_distance(predicted: Flat, true: Flat, p: np.ndarray, t: np.ndarray) -> np.ndarray:
    """(K,) distance of the roots over the true distance from the camera."""
    apart = metrics.joint_error(predicted.root[p], true.root[t])
    return apart / np.linalg.norm(true.root, axis=-1)[t]


def _values(pair: Checked, predicted: Flat, true: Flat, matching: Matching) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Values (M,) of all judged people, and root-relative errors (M, J) metres."""
    at = np.flatnonzero(matching.partner >= 0)
    partner, judged = matching.partner[at], matching.judged[at]
    known = known_of(predicted, true, partner, judged)
    found, error = pose_values(predicted, true, partner, judged, known)
    found |= motion_values(predicted, true, partner, judged, known, pair.truth)
    if predicted.placed:
        found |= place_values(predicted, true, partner, judged, known)
    values = placed_everywhere(found, at, len(matching.judged))
    missed = matching.partner < 0
    measurable = {
        "pck_root": np.isfinite(true.root[matching.judged]).all(axis=-1),
        "pck_abs": np.ones(len(missed), dtype=bool),
    }
    centred = np.isfinite(true.centre[matching.judged]).all(axis=-1)
    for key in _FAILURES:
        if key in values:
            values[key][missed & measurable.get(key, centred)] = 0.0
    errors = np.full((len(missed), true.joints.shape[1]), np.nan)
    errors[at] = error
    return values, errors


def _measured_columns(values: Mapping[str, np.ndarray], placed: bool) -> tuple[Column, ...]:
    motion = tuple(column for column in c.MOTION if np.isfinite(values[column.key]).any())
    places = _PLACES if placed else ()
    return (*c.DETECTION, c.MPJPE, c.PA_MPJPE, c.N_MPJPE, c.PCK, c.AUC, *places, *motion)


def _notes(predicted: Flat, true: Flat) -> tuple[str, ...]:
    joints = [name for name, used in zip(true.skeleton.joints, (predicted.exact & true.exact), strict=True) if used]
    notes = [
        "errors of matched people; PCK, AUC, PCK_abs and PCK_root of all, a miss being a failure; nothing is rescaled",
        f"joints compared ({len(joints)}): {', '.join(joints)}",
    ]
    if not predicted.placed:
        notes.append("the predictions are root-relative: no figures of places")
    if not predicted.root_exact:
        notes.append("the skeletons have other roots: the prediction's was moved, or approximated from the hips")
    if predicted.placed and not predicted.scored:
        notes.append("the predictions have no scores: AP_root ranks them in the order of the file")
    return tuple(notes)


def _missing_notes(predicted: Flat, true: Flat, matching: Matching) -> tuple[str, ...]:
    """Of joints that the predictions lack, where these are failures."""
    if not predicted.missing_fails:
        return ()
    at = np.flatnonzero(matching.partner >= 0)
    partner, judged = matching.partner[at], matching.judged[at]
    lacking = incomplete(predicted, partner, known_of(predicted, true, partner, judged))
    notes = said_of_incomplete(lacking, "these joints fail, these people have no MPJPE, PA-MPJPE, N-MPJPE or movement")
    rootless = int((~np.isfinite(predicted.root).all(axis=-1)).sum())
    if rootless and predicted.placed:
        notes += (f"{rootless} predictions have no root: no MRPE, no hit in AP_root, and by roots they are nobody's",)
    return notes


def _failed(predicted: Flat, true: Flat, matching: Matching, errors: np.ndarray) -> np.ndarray:
    """(M, J) bool: joints of found people that count and have no error."""
    failed = np.zeros(errors.shape, dtype=bool)
    at = np.flatnonzero(matching.partner >= 0)
    judged = matching.judged[at]
    centred = np.isfinite(true.centre[judged]).all(axis=-1, keepdims=True)
    failed[at] = known_of(predicted, true, matching.partner[at], judged) & centred & np.isnan(errors[at])
    return failed


def _people(
    pair: Checked,
    predicted: Flat,
    true: Flat,
    matching: Matching,
    values: Mapping[str, np.ndarray],
    errors: np.ndarray,
) -> PersonErrors:
    pictures = true.picture[matching.judged]
    found = matching.partner >= 0
    interval = np.full((len(found), 2), np.nan)
    interval[found] = predicted.interval[matching.partner[found]]
    partner_row = np.full(len(found), -1)
    partner_row[found] = predicted.row[matching.partner[found]]
    stated = bool(np.isfinite(interval).any())
    compared = predicted.exact & true.exact
    root = true.root[matching.judged]
    return PersonErrors(
        frames=tuple(pair.truth[i].name for i in pictures),
        rows=true.row[matching.judged],
        predicted=partner_row,
        sequences=tuple(pair.truth[i].sequence for i in pictures),
        distance_m=np.linalg.norm(root, axis=-1),
        values=dict(values),
        joint_error_m=errors[:, compared],
        joint_failed=_failed(predicted, true, matching, errors)[:, compared] if predicted.missing_fails else None,
        joints=tuple(name for name, used in zip(true.skeleton.joints, compared, strict=True) if used),
        interval=interval if stated else None,
        true_depth_m=root[:, 2] if stated else None,
    )
