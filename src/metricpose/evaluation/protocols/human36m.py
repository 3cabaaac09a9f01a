"""Human3.6M (Ionescu et al., PAMI 2014): P1 and P2 in both readings of their names, on 17 and on 14 joints.

| reading | P1 | P2 |
|---|---|---|
| VideoPose3D (Pavllo et al., CVPR 2019) | MPJPE of S9 and S11 | PA-MPJPE of S9 and S11 |
| Moon (Moon et al., ICCV 2019, and before it Sun et al.) | PA-MPJPE of S11 | MPJPE of S9 and S11 |

Moon's readings take every 64th picture. 17 joints are all of h36m17, the root with its error of 0 among them; 14 leave
out the root, the spine and the base of the neck.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from metricpose._errors import InputError
from metricpose.evaluation.protocols import columns as c
from metricpose.evaluation.protocols.checks import Checked, checked
from metricpose.evaluation.protocols.flat import Flat, require_joints, truth_and_predictions
from metricpose.evaluation.protocols.given import given_partners
from metricpose.evaluation.protocols.measures import (
    known_of,
    motion_values,
    place_values,
    placed_everywhere,
    pose_values,
)
from metricpose.evaluation.protocols.missing_joints import MissingJoints, incomplete, said_of_incomplete
from metricpose.evaluation.protocols.outcome import outcome
from metricpose.evaluation.protocols.result import Column, ProtocolResult, Table
from metricpose.evaluation.protocols.strict import strict_mode
from metricpose.evaluation.protocols.tables import Judged, Parts, parts_of, rows
from metricpose.people.frame import PeopleFrame
from metricpose.skeletons.catalogue import H36M17

NAME = "human36m"
ACTIONS = (
    *("Directions", "Discussion", "Eating", "Greeting", "Phoning", "Photo", "Posing", "Purchases", "Sitting"),
    *("SittingDown", "Smoking", "Waiting", "WalkDog", "Walking", "WalkTogether"),
)
JOINTS_14 = (1, 2, 3, 4, 5, 6, 8, 10, 11, 12, 13, 14, 15, 16)
_JOINT_SETS = ((17, tuple(range(17))), (14, JOINTS_14))
_TEST_SUBJECTS = (9, 11)
_SUBJECT = re.compile(r"(?<![A-Za-z0-9])S(?:ubject)?_?0*(\d+)(?!\d)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Options(MissingJoints):
    """allow_missing: pictures without a prediction count as misses. moon_every: pictures whose number it divides."""

    allow_missing: bool = False
    moon_every: int = 64


@dataclass(frozen=True, kw_only=True, eq=False)
class _Test:
    """What all readings share: both sides, who is judged (M,) and their predictions (M,), -1 for none."""

    pair: Checked
    predicted: Flat
    true: Flat
    judged: np.ndarray
    partner: np.ndarray
    parts: Parts
    how: str


def judge(
    truth: Sequence[PeopleFrame], predicted: Sequence[PeopleFrame], options: Options | None = None
) -> ProtocolResult:
    """Official tables of both readings, rows by action (`group`), and the strict one.

    The subject (S9, S11) is read from `sequence` or `name`; where none is said, all pictures are the test set. `frame`,
    from 0, says which is every 64th; where it is not stated, the place in the sequence.
    Raises InputError: what `checked` refuses, joints that are missing, no picture of S9 or S11.
    """
    options = options or Options()
    pair = checked(NAME, truth, predicted, allow_missing=options.allow_missing, missing_fails=options.fails)
    subjects = _subjects(pair.truth)
    test = _test_set(pair, subjects)
    true, guess = truth_and_predictions(pair, H36M17)
    require_joints(NAME, true, range(17), pair.true_skeleton, "truth", may_be_unseen=True)
    require_joints(NAME, guess, range(17), pair.predicted_skeleton, "predictions")
    of_true, how = given_partners(NAME, pair, guess, true)
    judged = np.flatnonzero(true.judged & true.any_known & test[true.picture])
    common = _Test(
        pair=pair,
        predicted=guess,
        true=true,
        judged=judged,
        partner=of_true[judged],
        parts=parts_of([frame.group or "" for frame in pair.truth], ACTIONS),
        how=how,
    )
    sparse = test & _every(pair.truth, options.moon_every)
    s11 = sparse & np.isin(subjects, (11, -1))
    official = [table for n, joints in _JOINT_SETS for table in _readings(common, n, joints, test, sparse, s11)]
    kept = pair.only(test)
    strict_true, strict_guess = truth_and_predictions(kept, H36M17)
    strict_parts = parts_of([frame.group or "" for frame in kept.truth], ACTIONS)
    strict = strict_mode(kept, strict_guess, strict_true, strict_parts)
    return outcome(NAME, official, strict, pair, options)


def _readings(
    test: _Test, number: int, joints: tuple[int, ...], dense: np.ndarray, sparse: np.ndarray, s11: np.ndarray
) -> list[Table]:
    values, lacking = _values(test, joints)
    places = c.ROOT_AXES if test.predicted.placed else ()
    videopose = (
        replace(c.MPJPE, heading="P1 MPJPE"),
        replace(c.PA_MPJPE, heading="P2 PA-MPJPE"),
        c.N_MPJPE,
        c.MPJVE,
        *places,
    )
    return [
        _table(f"VideoPose3D: P1, P2; S9 and S11, {number} joints", test, values, lacking, videopose, dense),
        _table(
            f"Moon: P1 = PA-MPJPE; S11, every 64th picture, {number} joints",
            test,
            values,
            lacking,
            (replace(c.PA_MPJPE, heading="P1 PA-MPJPE"),),
            s11,
        ),
        _table(
            f"Moon: P2 = MPJPE; S9 and S11, every 64th picture, {number} joints",
            test,
            values,
            lacking,
            (replace(c.MPJPE, heading="P2 MPJPE"), *places),
            sparse,
        ),
    ]


def _values(test: _Test, joints: tuple[int, ...]) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Values (M,) by key, and whether the prediction of each judged person lacks joints (M,)."""
    at = np.flatnonzero(test.partner >= 0)
    partner, judged = test.partner[at], test.judged[at]
    known = known_of(test.predicted, test.true, partner, judged) & np.isin(np.arange(17), joints)
    values, _ = pose_values(test.predicted, test.true, partner, judged, known)
    values |= motion_values(test.predicted, test.true, partner, judged, known, test.pair.truth)
    if test.predicted.placed:
        values |= place_values(test.predicted, test.true, partner, judged, known)
    lacking = np.zeros(len(test.judged), dtype=bool)
    lacking[at] = incomplete(test.predicted, partner, known)
    return placed_everywhere(values, at, len(test.judged)), lacking


def _table(
    title: str,
    test: _Test,
    values: dict[str, np.ndarray],
    lacking: np.ndarray,
    columns: tuple[Column, ...],
    pictures: np.ndarray,
) -> Table:
    judged = Judged(picture=test.true.picture[test.judged], found=test.partner >= 0, values=values)
    notes = [f"{test.how}; misses are left out of the means", "aligned at the pelvis; mean: of the actions' rows"]
    found = (test.partner >= 0) & pictures[test.true.picture[test.judged]]
    notes += said_of_incomplete(lacking[found], "left out of the means of joints")
    if not pictures.any():
        notes.append("no such picture in the truth")
    if not test.predicted.placed:
        notes.append("the predictions are root-relative: no figures of places")
    return Table(
        title=title,
        mode="official",
        columns=columns,
        rows=rows(judged, test.parts, columns, pictures=pictures),
        notes=tuple(notes),
    )


def _subjects(frames: Sequence[PeopleFrame]) -> np.ndarray:
    """(F,) the number of each picture's subject, -1 where none is said."""
    found = (_SUBJECT.search(frame.sequence) or _SUBJECT.search(frame.name) for frame in frames)
    return np.array([-1 if match is None else int(match[1]) for match in found])


def _test_set(pair: Checked, subjects: np.ndarray) -> np.ndarray:
    """(F,) bool: pictures of S9 and S11, or of whom nothing is said."""
    test = np.isin(subjects, (*_TEST_SUBJECTS, -1))
    if not test.any():
        raise InputError(
            f"{NAME}: picture {pair.truth[0].name!r}: expected pictures of the test subjects S9 and S11, got none of "
            f"{len(pair.truth)}; this one is of S{subjects[0]}: give the test set, or judge with the protocol 'strict'"
        )
    return test


def _every(frames: Sequence[PeopleFrame], step: int) -> np.ndarray:
    """(F,) bool: pictures whose number the step divides."""
    if step < 1:
        raise InputError(f"{NAME}: moon_every: expected 1 or more, got {step}")
    seen: dict[str, int] = {}
    chosen = []
    for frame in frames:
        place = seen[frame.sequence] = seen.get(frame.sequence, -1) + 1
        chosen.append((place if frame.frame is None else frame.frame) % step == 0)
    return np.array(chosen, dtype=bool)
