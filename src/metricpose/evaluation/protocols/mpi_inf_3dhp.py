"""MPI-INF-3DHP (Mehta et al., 3DV 2017): PCK, AUC and MPJPE of the test set by scene and by sequence.

PCK is strict, < 150 mm; the AUC is the mean PCK at 0, 5, ... 150 mm, so at most 30/31. Both are of 14 joints: all but
the pelvis, the spine and the head. The truth is univ_annot3, scaled to one height; the true scale stands beside it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from metricpose.evaluation.protocols import columns as c
from metricpose.evaluation.protocols.checks import Checked, checked
from metricpose.evaluation.protocols.flat import Flat, Places, gathered, predictions, require_joints, stated_scales
from metricpose.evaluation.protocols.given import given_partners
from metricpose.evaluation.protocols.measures import known_of, placed_everywhere, pose_values
from metricpose.evaluation.protocols.missing_joints import MissingJoints, incomplete, said_of_incomplete
from metricpose.evaluation.protocols.outcome import outcome
from metricpose.evaluation.protocols.result import Column, ProtocolResult, Table
from metricpose.evaluation.protocols.strict import strict_mode
from metricpose.evaluation.protocols.tables import Judged, Parts, parts_of, rows
from metricpose.people.frame import PeopleFrame
from metricpose.skeletons.catalogue import MPI_INF_3DHP17

NAME = "mpi_inf_3dhp"
JOINTS_14 = tuple(range(14))
SCENES = ("studio, green screen", "studio, no green screen", "outdoor")
"""TS1 and TS2, TS3 and TS4, TS5 and TS6."""

MPJPE_17 = Column(key="mpjpe_17", heading="MPJPE 17", unit="mm", about="error of all 17 joints, pelvis at one place")
_COLUMNS = (c.PCK, c.AUC, replace(c.MPJPE, heading="MPJPE 14"), MPJPE_17)
_SEQUENCE = re.compile(r"(?<![A-Za-z0-9])TS0*([1-6])(?!\d)", re.IGNORECASE)
_FAILURES = ("pck", "auc")


@dataclass(frozen=True, kw_only=True)
class Options(MissingJoints):
    """allow_missing: pictures without a prediction count as misses."""

    allow_missing: bool = False


def judge(
    truth: Sequence[PeopleFrame], predicted: Sequence[PeopleFrame], options: Options | None = None
) -> ProtocolResult:
    """Official tables, by scene and by sequence in each scale that the truth states, and the strict one.

    Scenes are known by "TS1" to "TS6" in `sequence` or `name`. A miss is a failure for PCK and AUC.
    Raises InputError: what `checked` refuses, joints that are missing.
    """
    options = options or Options()
    pair = checked(NAME, truth, predicted, allow_missing=options.allow_missing, missing_fails=options.fails)
    guess = predictions(pair, MPI_INF_3DHP17)
    require_joints(NAME, guess, range(17), pair.predicted_skeleton, "predictions")
    official = []
    for places, scale in stated_scales(pair.truth):
        official += _tables(pair, guess, places, scale)
    true = gathered(pair.truth, pair.true_skeleton, MPI_INF_3DHP17)
    strict = strict_mode(pair, guess, true, parts_of([f.sequence for f in pair.truth]))
    return outcome(NAME, official, strict, pair, options)


def _tables(pair: Checked, guess: Flat, places: Places, scale: str) -> list[Table]:
    true = gathered(pair.truth, pair.true_skeleton, MPI_INF_3DHP17, places=places)
    require_joints(NAME, true, range(17), pair.true_skeleton, "truth", may_be_unseen=True)
    of_true, how = given_partners(NAME, pair, guess, true)
    rows_of_judged = np.flatnonzero(true.judged & true.any_known)
    partner = of_true[rows_of_judged]
    judged = Judged(
        picture=true.picture[rows_of_judged],
        found=partner >= 0,
        values=_values(guess, true, partner, rows_of_judged),
    )
    notes = (
        how,
        "aligned at the pelvis; a miss is a failure for PCK and AUC and left out of MPJPE",
        *said_of_incomplete(
            _lacking(guess, true, partner, rows_of_judged), "the joints fail, the people have no MPJPE over these"
        ),
    )
    return [
        Table(
            title=f"by {what}, {scale}",
            mode="official",
            columns=_COLUMNS,
            rows=rows(judged, parts, _COLUMNS),
            notes=notes,
        )
        for what, parts in _parts(pair)
    ]


def _values(guess: Flat, true: Flat, partner: np.ndarray, judged: np.ndarray) -> dict[str, np.ndarray]:
    at = np.flatnonzero(partner >= 0)
    known = known_of(guess, true, partner[at], judged[at])
    all_joints, _ = pose_values(guess, true, partner[at], judged[at], known)
    chosen, _ = pose_values(guess, true, partner[at], judged[at], known & np.isin(np.arange(17), JOINTS_14))
    measured = {key: chosen[key] for key in ("pck", "auc", "mpjpe")} | {"mpjpe_17": all_joints["mpjpe"]}
    values = placed_everywhere(measured, at, len(judged))
    for key in _FAILURES:
        values[key][partner < 0] = 0.0
    return values


def _lacking(guess: Flat, true: Flat, partner: np.ndarray, judged: np.ndarray) -> np.ndarray:
    """Of the people who are found, bool: whether any of the 17 joints is missing."""
    at = np.flatnonzero(partner >= 0)
    return incomplete(guess, partner[at], known_of(guess, true, partner[at], judged[at]))


def _parts(pair: Checked) -> list[tuple[str, Parts]]:
    matches = [_SEQUENCE.search(f.sequence) or _SEQUENCE.search(f.name) for f in pair.truth]
    by_sequence = ("sequence", parts_of([f.sequence for f in pair.truth]))
    if any(match is None for match in matches):
        return [by_sequence]
    scenes = [SCENES[(int(match[1]) - 1) // 2] for match in matches if match is not None]
    return [("scene", parts_of(scenes, SCENES)), by_sequence]
