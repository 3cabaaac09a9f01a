"""MuPoTS-3D (Mehta et al., 3DV 2018): PCK_rel, PCK_abs, AUC, PCK_root and AP_root of "all" and "matched" people.

Official, as the released script counts: greedy pairing in the picture (mupots_pairing.py); "all" has misses as
failures, "matched" leaves them out; predictions on nobody cost nothing; predictions get the true lengths of bones; the
truth is univ_annot3, scaled to one height, for absolute figures too; 14 joints; the root is the pelvis. Tables without
the lengths and in the true scale stand beside.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from metricpose._errors import InputError
from metricpose.evaluation import metrics
from metricpose.evaluation.protocols import columns as c
from metricpose.evaluation.protocols.checks import Checked, checked
from metricpose.evaluation.protocols.flat import Flat, Places, gathered, predictions, require_joints, stated_scales
from metricpose.evaluation.protocols.measures import placed_everywhere
from metricpose.evaluation.protocols.missing_joints import MissingJoints, incomplete, said_of_incomplete
from metricpose.evaluation.protocols.mupots_pairing import official_partners, with_true_bones
from metricpose.evaluation.protocols.outcome import outcome
from metricpose.evaluation.protocols.result import Column, ProtocolResult, Table
from metricpose.evaluation.protocols.strict import per_picture, strict_mode
from metricpose.evaluation.protocols.tables import Judged, Parts, parts_of, rows
from metricpose.people.frame import PeopleFrame
from metricpose.skeletons.catalogue import MUPOTS17

NAME = "mupots"
ROOT = 14
JOINTS_14 = slice(0, 14)

_SHARES = (replace(c.PCK, heading="PCK_rel"), replace(c.AUC, heading="AUC_rel"), c.PCK_ABS, c.PCK_ROOT)


def _matched(column: Column) -> Column:
    return replace(
        column,
        key=f"{column.key}_matched",
        heading=f"{column.heading} m",
        about=f"{column.about}; matched people alone",
    )


_COLUMNS = (*_SHARES, *map(_matched, _SHARES), c.AP_ROOT, c.AR_ROOT)


@dataclass(frozen=True, kw_only=True)
class Options(MissingJoints):
    """allow_missing: pictures without a prediction count as misses."""

    allow_missing: bool = False


def judge(
    truth: Sequence[PeopleFrame], predicted: Sequence[PeopleFrame], options: Options | None = None
) -> ProtocolResult:
    """Official tables in each scale that the truth states, with and without the true bones, and the strict one.

    Predictions without `joints_px` are paired by their projections, if the truth states cameras.
    Raises InputError: what `checked` refuses, joints that are missing, no pixels to pair by.
    """
    options = options or Options()
    pair = checked(NAME, truth, predicted, allow_missing=options.allow_missing, missing_fails=options.fails)
    pair = _with_pixels(pair)
    guess = predictions(pair, MUPOTS17)
    require_joints(NAME, guess, range(17), pair.predicted_skeleton, "predictions")
    parts = parts_of([frame.sequence for frame in pair.truth])
    official = []
    for places, scale in stated_scales(pair.truth):
        official += _tables(pair, guess, places, scale, parts)
    true = gathered(pair.truth, pair.true_skeleton, MUPOTS17)
    return outcome(NAME, official, strict_mode(pair, guess, true, parts), pair, options)


def _with_pixels(pair: Checked) -> Checked:
    """The pictures with pixels of the predictions, projected where they are not stated."""
    lacking = next((frame for frame in pair.truth if len(frame) and frame.joints_px is None), None)
    if lacking is not None:
        raise InputError(
            f"{NAME}: picture {lacking.name!r}: expected joints_px in the truth, which pairs people, got none"
        )
    return replace(pair, predicted=tuple(map(_projected, pair.predicted, pair.truth)))


def _projected(predicted: PeopleFrame, true: PeopleFrame) -> PeopleFrame:
    if predicted.joints_px is not None or predicted.joints_cam is None or not len(predicted):
        return predicted
    camera = predicted.camera or true.camera
    if camera is None:
        raise InputError(
            f"{NAME}: picture {predicted.name!r}: expected joints_px in the predictions, which the official script "
            "pairs by, or a camera to project them, got neither; state them"
        )
    joints_px, seen = camera.project(predicted.joints_cam)
    return predicted.replaced(joints_px=np.where(seen[..., None], joints_px, np.nan))


def _tables(pair: Checked, guess: Flat, places: Places, scale: str, parts: Parts) -> list[Table]:
    true = gathered(pair.truth, pair.true_skeleton, MUPOTS17, places=places)
    require_joints(NAME, true, range(17), pair.true_skeleton, "truth", may_be_unseen=True)
    judged = np.flatnonzero(true.judged)
    partner = official_partners(guess, true, judged)
    return [_table(guess, true, judged, partner, scale, rescaled, parts) for rescaled in (True, False)]


def _table(
    guess: Flat, true: Flat, judged: np.ndarray, partner: np.ndarray, scale: str, rescaled: bool, parts: Parts
) -> Table:
    found = partner >= 0
    values = _shares(guess, true, judged[found], partner[found], rescaled)
    values = placed_everywhere(values, np.flatnonzero(found), len(judged))
    matched = {f"{key}_matched": value for key, value in values.items()}
    everyone = {key: np.where(found, value, 0.0) for key, value in values.items()}
    columns = _COLUMNS if guess.placed else tuple(k for k in _COLUMNS if k.heading.startswith(("PCK_rel", "AUC")))
    return Table(
        title=f"{scale}, {'with the true lengths of bones (official)' if rescaled else 'bones as predicted'}",
        mode="official",
        columns=columns,
        rows=rows(
            Judged(
                picture=true.picture[judged],
                found=found,
                values=everyone | matched,
                of_set=_Roots(guess, true, judged).figures if guess.placed else None,
            ),
            parts,
            columns,
        ),
        notes=(
            "paired greedily in the picture, 1 joint within 40 px is enough; 14 joints; strictly < 150 mm",
            "a miss is a failure; columns with m leave misses out; ghosts cost nothing but AP_root",
            "AP_root leaves out the step of the best ranked prediction, as RootNet's script does (at most 1 / people)",
            *_missing_notes(guess, true, judged[found], partner[found], rescaled),
        ),
    )


def _shares(guess: Flat, true: Flat, judged: np.ndarray, partner: np.ndarray, rescaled: bool) -> dict[str, np.ndarray]:
    """PCK, AUC, PCK_abs and PCK_root of M pairs, in %."""
    joints, truth = guess.joints[partner], true.joints[judged]
    joints = with_true_bones(joints, truth) if rescaled else joints
    known = true.known[judged][:, JOINTS_14]
    relative = metrics.relative_error(joints, truth, joints[:, ROOT], truth[:, ROOT])[:, JOINTS_14]
    return {
        "pck": 100.0 * metrics.share_within(relative, known),
        "auc": 100.0 * metrics.area_3dhp(relative, known),
        "pck_abs": 100.0 * metrics.pck_abs(joints[:, JOINTS_14], truth[:, JOINTS_14], known),
        "pck_root": 100.0 * metrics.pck_root(joints[:, ROOT], truth[:, ROOT]),
    }


def _missing_notes(guess: Flat, true: Flat, judged: np.ndarray, partner: np.ndarray, rescaled: bool) -> tuple[str, ...]:
    lacking = incomplete(guess, partner, true.known[judged] & guess.answered[partner])
    chain = ", and so do all that hang on them, as bones start there" if rescaled else ""
    return said_of_incomplete(lacking, f"these joints fail{chain}; without the pelvis all of PCK_rel and AUC_rel")


class _Roots:
    """AP_root, as RootNet's released script sums it, and AR_root of sets of pictures: all predictions, whoever they
    were paired with."""

    def __init__(self, guess: Flat, true: Flat, judged: np.ndarray) -> None:
        chosen = np.zeros(len(true), dtype=bool)
        chosen[judged] = True
        everyone = np.ones(len(guess), dtype=bool)
        self._roots = per_picture(guess.root, guess, everyone)
        self._scores = per_picture(guess.scores, guess, everyone)
        self._true = per_picture(true.joints[:, ROOT], true, chosen)

    def figures(self, pictures: np.ndarray) -> dict[str, float]:
        chosen = np.flatnonzero(pictures)
        roots, scores, true = ([values[i] for i in chosen] for values in (self._roots, self._scores, self._true))
        found = metrics.root_detection(roots, scores, true)
        return {"ap_root": 100.0 * found.ap_released, "ar_root": 100.0 * found.ar}
