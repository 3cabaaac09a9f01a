"""3DPW (von Marcard et al., ECCV 2018): MPJPE, PA-MPJPE and acceleration error of 14 joints, by sequence.

The 14 joints are SMPL's hips, knees, ankles, neck, head, shoulders, elbows and wrists. Papers after HMR regress 14
joints of Human3.6M from the mesh instead, which needs SMPL's own file; the two differ by some millimetres.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from metricpose._errors import InputError
from metricpose.evaluation.protocols import columns as c
from metricpose.evaluation.protocols.checks import Checked, checked
from metricpose.evaluation.protocols.flat import Flat, require_joints, truth_and_predictions
from metricpose.evaluation.protocols.given import given_partners
from metricpose.evaluation.protocols.measures import known_of, motion_values, placed_everywhere, pose_values
from metricpose.evaluation.protocols.missing_joints import MissingJoints, incomplete, said_of_incomplete
from metricpose.evaluation.protocols.outcome import outcome
from metricpose.evaluation.protocols.result import ProtocolResult, Table
from metricpose.evaluation.protocols.strict import matched, strict_mode
from metricpose.evaluation.protocols.tables import Judged, Parts, parts_of, rows
from metricpose.people.frame import PeopleFrame
from metricpose.skeletons.catalogue import SMPL24

NAME = "threedpw"
JOINTS_14 = (1, 2, 4, 5, 7, 8, 12, 15, 16, 17, 18, 19, 20, 21)
_HIPS = (1, 2)
_COLUMNS = (c.MPJPE, c.PA_MPJPE, c.ACCEL)


@dataclass(frozen=True, kw_only=True)
class Options(MissingJoints):
    """allow_missing: pictures without a prediction count as misses. root: what MPJPE is relative to; papers vary."""

    allow_missing: bool = False
    root: Literal["hips", "pelvis"] = "hips"


def judge(
    truth: Sequence[PeopleFrame], predicted: Sequence[PeopleFrame], options: Options | None = None
) -> ProtocolResult:
    """The official table, rows by sequence, and the strict one.

    Predictions are paired by the truth's ids; those of whole-picture methods, without ids, as in the strict mode.
    Raises InputError: what `checked` refuses, joints that are missing, people who cannot be told apart.
    """
    options = options or Options()
    if options.root not in ("hips", "pelvis"):
        raise InputError(f"{NAME}: root: expected hips or pelvis, got {options.root!r}")
    pair = checked(NAME, truth, predicted, allow_missing=options.allow_missing, missing_fails=options.fails)
    true, guess = truth_and_predictions(pair, SMPL24)
    require_joints(NAME, true, (0, *JOINTS_14), pair.true_skeleton, "truth", may_be_unseen=True)
    needed = JOINTS_14 if options.root == "hips" else (0, *JOINTS_14)
    require_joints(NAME, guess, needed, pair.predicted_skeleton, "predictions")
    parts = parts_of([frame.sequence for frame in pair.truth])
    official = _table(pair, guess, true, parts, options)
    return outcome(NAME, (official,), strict_mode(pair, guess, true, parts), pair, options)


def _table(pair: Checked, guess: Flat, true: Flat, parts: Parts, options: Options) -> Table:
    judged, partner, how = _partners(pair, guess, true)
    at = np.flatnonzero(partner >= 0)
    known = known_of(guess, true, partner[at], judged[at]) & np.isin(np.arange(24), JOINTS_14)
    if options.root == "hips":
        guess, true = (replace(side, centre=side.joints[:, _HIPS].mean(axis=1)) for side in (guess, true))
    values = pose_values(guess, true, partner[at], judged[at], known)[0]
    values |= motion_values(guess, true, partner[at], judged[at], known, pair.truth)
    lacking = incomplete(guess, partner[at], known)
    people = Judged(picture=true.picture[judged], found=partner >= 0, values=placed_everywhere(values, at, len(judged)))
    where = "the middle of the hips" if options.root == "hips" else "the pelvis"
    return Table(
        title="14 joints of SMPL",
        mode="official",
        columns=_COLUMNS,
        rows=rows(people, parts, _COLUMNS),
        notes=(
            how,
            f"MPJPE aligned at {where}; misses are left out; Accel of consecutive pictures, per frame^2",
            *said_of_incomplete(lacking, "left out of the means"),
        ),
    )


def _partners(pair: Checked, guess: Flat, true: Flat) -> tuple[np.ndarray, np.ndarray, str]:
    """Rows (M,) of who is judged, their predictions (M,), and how they were paired."""
    if _handed(pair):
        of_true, how = given_partners(NAME, pair, guess, true)
        judged = np.flatnonzero(true.judged & true.any_known)
        return judged, of_true[judged], how
    matching = matched(guess, true, true.any_known)
    if matching is None:
        raise InputError(
            f"{NAME}: expected the truth's ids, or people in the camera frame or in pixels, got root-relative poses "
            "of several people in a picture, who cannot be told apart; state one of these"
        )
    return matching.judged, matching.partner, matching.how


def _handed(pair: Checked) -> bool:
    """Whether each prediction has an id of the truth, or nobody needs one."""
    with_ids = all(
        not len(p) or (t.ids is not None and p.ids is not None and set(p.ids) <= set(t.ids))
        for t, p in zip(pair.truth, pair.predicted, strict=True)
    )
    return with_ids or all(len(t) <= 1 for t in pair.truth)
