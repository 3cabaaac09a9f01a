"""CMU Panoptic (Joo et al., ICCV 2015) in VirtualPose's and VoxelPose's readings, by activity.

VirtualPose (Su et al., ECCV 2022): each prediction goes to its nearest true person, by the mean distance of the joints
in place; those under 500 mm give MPJPE and MRPE. Misses and ghosts cost nothing; one person may serve many predictions.
VoxelPose (Tu et al., ECCV 2020): AP at 25, 50 ... 150 mm, recall and MPJPE of hits within 500 mm, joints in place.
Both compare 15 joints: neck, nose, middle of the hips, arms and legs; the nose drops out for predictions with the top
of the head in its place. True joints count with a confidence above 0.1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from metricpose.evaluation import metrics
from metricpose.evaluation.protocols import columns as c
from metricpose.evaluation.protocols.checks import Checked, checked
from metricpose.evaluation.protocols.flat import Flat, require_joints, truth_and_predictions
from metricpose.evaluation.protocols.measures import MM, known_of, place_values, pose_values
from metricpose.evaluation.protocols.missing_joints import MissingJoints
from metricpose.evaluation.protocols.outcome import outcome
from metricpose.evaluation.protocols.pairs import pairs_in_pictures
from metricpose.evaluation.protocols.result import Column, ProtocolResult, Row, Table
from metricpose.evaluation.protocols.strict import per_picture, strict_mode
from metricpose.evaluation.protocols.tables import Judged, Parts, parts_of, rows
from metricpose.people.frame import PeopleFrame
from metricpose.skeletons.catalogue import PANOPTIC15_NOSE

NAME = "panoptic"
ACTIVITIES = ("Haggling", "Mafia", "Ultimatum", "Pizza")
NEAREST_M = 0.5
_NOSE = 1
_NEEDED = tuple(j for j in range(15) if j != _NOSE)
_FIGURES = tuple(f"{threshold * MM:.0f}" for threshold in metrics.PANOPTIC_THRESHOLDS_M)
_IN_PLACE = Column(key="mpjpe_in_place", heading="MPJPE", unit="mm", about="joint error of hits under 500 mm, in place")
_VOXELPOSE = (
    *(c.higher(f"ap_{t}", f"AP{t}", f"average precision, mean joint error in place < {t} mm") for t in _FIGURES),
    c.higher("map", "mAP", "mean of the AP"),
    c.higher("recall_500", "recall@500", "people with a hit within 500 mm"),
    _IN_PLACE,
)
_VIRTUALPOSE = (c.MRPE, c.MRPE_X, c.MRPE_Y, c.MRPE_Z, c.MPJPE)


_NO_OFFICIAL = (
    "they rank and pair people by the mean error of all joints, which predictions with missing joints do not have"
)


@dataclass(frozen=True, kw_only=True)
class Options(MissingJoints):
    """allow_missing: pictures without a prediction have nobody in them. min_confidence: true joints must have more."""

    allow_missing: bool = False
    min_confidence: float = 0.1


def judge(
    truth: Sequence[PeopleFrame], predicted: Sequence[PeopleFrame], options: Options | None = None
) -> ProtocolResult:
    """Both readings, rows by activity (`group`), and the strict mode.

    Raises InputError: what `checked` refuses, joints that are missing.
    """
    options = options or Options()
    pair = checked(NAME, truth, predicted, allow_missing=options.allow_missing, missing_fails=options.fails)
    true, guess = truth_and_predictions(_confident(pair, options.min_confidence), PANOPTIC15_NOSE)
    require_joints(NAME, true, range(15), pair.true_skeleton, "truth", may_be_unseen=True)
    require_joints(NAME, guess, _NEEDED, pair.predicted_skeleton, "predictions")
    parts = parts_of([_activity(frame) for frame in pair.truth], ACTIVITIES)
    judged = np.flatnonzero(true.judged & true.any_known)
    joints = int((guess.exact & true.exact).sum())
    if _lacks_joints(guess, true):
        strict = strict_mode(pair, guess, true, parts, notes=(f"no official tables: {_NO_OFFICIAL}",))
        return outcome(NAME, (), strict, pair, options, no_official=_NO_OFFICIAL)
    tables = (_virtualpose(guess, true, judged, parts, joints), _voxelpose(guess, true, judged, parts, joints))
    return outcome(NAME, tables, strict_mode(pair, guess, true, parts), pair, options)


def _lacks_joints(guess: Flat, true: Flat) -> bool:
    """Whether anybody lacks a joint that is compared, where missing ones fail."""
    return bool((guess.answered & ~guess.known & true.exact).any())


def nearest_people(predicted: Flat, true: Flat, judged: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each prediction (N,) the nearest of the judged people (rows), -1 for none, and the mean distance in metres.

    The distance is of the joints that both have, in place; of equals the first is nearest.
    """
    side = np.zeros(len(true), dtype=bool)
    side[judged] = True
    p, t = pairs_in_pictures(predicted.counts, true.counts)
    p, t = p[side[t]], t[side[t]]
    known = known_of(predicted, true, p, t)
    distance = metrics.known_mean(metrics.joint_error(predicted.joints[p], true.joints[t]), known)
    order = np.lexsort((t, distance, p))
    order = order[np.isfinite(distance[order])]
    first = np.unique(p[order], return_index=True)[1]
    nearest, apart = np.full(len(predicted), -1), np.full(len(predicted), np.inf)
    chosen = order[first]
    nearest[p[chosen]], apart[p[chosen]] = t[chosen], distance[chosen]
    return nearest, apart


def _virtualpose(guess: Flat, true: Flat, judged: np.ndarray, parts: Parts, joints: int) -> Table:
    nearest, apart = nearest_people(guess, true, judged)
    kept = np.flatnonzero(apart < NEAREST_M)
    known = known_of(guess, true, kept, nearest[kept])
    values = pose_values(guess, true, kept, nearest[kept], known)[0]
    values |= place_values(guess, true, kept, nearest[kept], known)
    met = np.isin(judged, nearest[kept])
    return Table(
        title="VirtualPose: nearest person under 500 mm",
        mode="official",
        columns=_VIRTUALPOSE,
        rows=_rows_of_predictions(values, guess.picture[kept], true.picture[judged], met, parts),
        notes=(
            f"{joints} joints; each prediction's nearest true person, if their joints are < 500 mm apart on average",
            "figures are means over predictions; misses and ghosts cost nothing; found: people near to any prediction",
        ),
    )


def _rows_of_predictions(
    values: Mapping[str, np.ndarray], of_prediction: np.ndarray, of_person: np.ndarray, met: np.ndarray, parts: Parts
) -> tuple[Row, ...]:
    """Rows whose figures are means over predictions and whose counts are of people."""

    def figures(pictures: np.ndarray) -> dict[str, float]:
        mine = pictures[of_prediction]
        return {key: _mean_of_known(value[mine]) for key, value in values.items()}

    people = Judged(picture=of_person, found=met, values={}, of_set=figures, misses_count=False)
    return rows(people, parts, _VIRTUALPOSE)


def _mean_of_known(values: np.ndarray) -> float:
    """NaN only where nothing is measured: a true person may lack the root."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def _voxelpose(guess: Flat, true: Flat, judged: np.ndarray, parts: Parts, joints: int) -> Table:
    chosen = np.zeros(len(true), dtype=bool)
    chosen[judged] = True
    everyone = np.ones(len(guess), dtype=bool)
    common = guess.exact & true.exact
    said, scores = per_picture(guess.joints, guess, everyone), per_picture(guess.scores, guess, everyone)
    people, known = per_picture(true.joints, true, chosen), per_picture(true.known & common, true, chosen)

    def figures(pictures: np.ndarray) -> dict[str, float]:
        mine = np.flatnonzero(pictures)
        lists = ([values[i] for i in mine] for values in (said, scores, people, known))
        found = metrics.panoptic_detection(*lists)
        return {
            **{f"ap_{t}": 100.0 * ap for t, ap in zip(_FIGURES, found.ap, strict=True)},
            "map": 100.0 * found.mean_ap,
            "recall_500": 100.0 * found.recall_500,
            "mpjpe_in_place": MM * found.mpjpe,
        }

    nearest, apart = nearest_people(guess, true, judged)
    met = np.isin(judged, nearest[apart < NEAREST_M])
    judged_people = Judged(picture=true.picture[judged], found=met, values={}, of_set=figures)
    notes = [f"{joints} joints in place, nothing aligned; predictions ranked by score, each with its nearest person"]
    if not guess.scored:
        notes.append("the predictions have no scores: they are ranked in the order of the file")
    return Table(
        title="VoxelPose: AP, recall and MPJPE",
        mode="official",
        columns=_VOXELPOSE,
        rows=rows(judged_people, parts, _VOXELPOSE),
        notes=tuple(notes),
    )


def _confident(pair: Checked, least: float) -> Checked:
    """The truth without joints whose confidence is stated and not above the least."""
    return replace(pair, truth=tuple(_confident_frame(frame, least) for frame in pair.truth))


def _confident_frame(frame: PeopleFrame, least: float) -> PeopleFrame:
    if frame.joint_scores is None or frame.joints_cam is None or (frame.joint_scores > least).all():
        return frame
    return frame.replaced(joints_cam=np.where(frame.joint_scores[..., None] > least, frame.joints_cam, np.nan))


def _activity(frame: PeopleFrame) -> str:
    """The activity, spelt as in the papers."""
    group = frame.group or ""
    return next((name for name in ACTIVITIES if name.lower() == group.lower()), group)
