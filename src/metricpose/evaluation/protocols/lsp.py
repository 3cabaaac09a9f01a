"""Leeds Sports Pose and its extension (Johnson and Everingham, 2010 and 2011): PCK@0.2 of the torso, and PCP.

The torso is the distance from the left shoulder to the right hip (Yang and Ramanan's PCK, PAMI 2013, on LSP; Toshev and
Szegedy, CVPR 2014). PCP (Ferrari et al., CVPR 2008) in the strict form: both ends of a limb are within half its
true length.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from metricpose.evaluation import metrics
from metricpose.evaluation.protocols.columns import higher
from metricpose.evaluation.protocols.missing_joints import MissingJoints
from metricpose.evaluation.protocols.result import ProtocolResult, Table
from metricpose.evaluation.protocols.shares2d import Setting, Sides, both_sides, handed, judged_shares
from metricpose.evaluation.protocols.tables import Judged, rows
from metricpose.people.frame import PeopleFrame
from metricpose.skeletons.catalogue import LSP14

NAME = "lsp"
GROUPS = {
    "pck_head": (13,),
    "pck_shoulder": (8, 9),
    "pck_elbow": (7, 10),
    "pck_wrist": (6, 11),
    "pck_hip": (2, 3),
    "pck_knee": (1, 4),
    "pck_ankle": (0, 5),
    "pck": tuple(range(14)),
}
_HEADINGS = ("head", "shoulder", "elbow", "wrist", "hip", "knee", "ankle", "PCK")
_LEFT_SHOULDER, _RIGHT_HIP = 9, 2
LIMBS = {
    "pcp_head": ((12, 13),),
    "pcp_upper_arms": ((8, 7), (9, 10)),
    "pcp_forearms": ((7, 6), (10, 11)),
    "pcp_upper_legs": ((2, 1), (3, 4)),
    "pcp_lower_legs": ((1, 0), (4, 5)),
}
_HALF = 0.5


@dataclass(frozen=True, kw_only=True)
class Options(MissingJoints):
    """allow_missing: pictures without a prediction count as misses. fraction: of the torso. pcp: its table, too."""

    allow_missing: bool = False
    fraction: float = 0.2
    pcp: bool = True


def judge(
    truth: Sequence[PeopleFrame], predicted: Sequence[PeopleFrame], options: Options | None = None
) -> ProtocolResult:
    """Official tables by group of joints and by limb, and the strict one; people without a labelled torso are left out.

    Raises InputError: what `checked` refuses, joints that are missing, predictions that are nobody's.
    """
    options = options or Options()
    setting = Setting(
        protocol=NAME,
        skeleton=LSP14,
        columns=tuple(
            higher(key, heading, f"labelled joints within {options.fraction:g} of the torso: {heading}")
            for key, heading in zip(GROUPS, _HEADINGS, strict=True)
        ),
        groups=GROUPS,
        fraction=options.fraction,
        title=f"PCK@{options.fraction:g}",
        notes=("torso: left shoulder to right hip; head: its top; PCK: all 14 joints, each labelled one counts once",),
    )
    pair, true, guess = both_sides(setting, truth, predicted, options.allow_missing)
    torso = metrics.pixel_error(true.joints_px[:, _LEFT_SHOULDER], true.joints_px[:, _RIGHT_HIP])
    torso_px = np.where(torso > 0, torso, np.nan)
    sides = handed(setting, pair, true, guess, torso_px)
    return judged_shares(setting, sides, torso_px, options, [_pcp(sides)] if options.pcp else [])


def _pcp(sides: Sides) -> Table:
    truth = sides.true.joints_px[sides.judged]
    found = sides.partner >= 0
    guess = np.full_like(truth, np.nan)
    guess[found] = sides.predicted.joints_px[sides.partner[found]]
    every = tuple(limb for limbs in LIMBS.values() for limb in limbs)
    values: dict[str, np.ndarray] = {}
    weights: dict[str, np.ndarray] = {}
    for key, limbs in (*LIMBS.items(), ("pcp", every)):
        right, known = _right_limbs(guess, truth, limbs)
        values[key], weights[key] = 100.0 * metrics.known_mean(right * 1.0, known), known.sum(axis=1).astype(float)
    columns = tuple(
        higher(key, key.removeprefix("pcp_").replace("_", " ").replace("pcp", "PCP"), "limbs with both ends right")
        for key in values
    )
    people = Judged(picture=sides.true.picture[sides.judged], found=found, values=values, weights=weights)
    return Table(
        title="PCP@0.5, both ends",
        mode="official",
        columns=columns,
        rows=rows(people, sides.parts, columns),
        notes=(sides.how, "9 limbs; each end within half of the limb's true length; a miss is a failure"),
    )


def _right_limbs(
    guess: np.ndarray, truth: np.ndarray, limbs: Sequence[tuple[int, int]]
) -> tuple[np.ndarray, np.ndarray]:
    """(M, L) whether each limb is right, and whether it is labelled."""
    first, second = [a for a, _ in limbs], [b for _, b in limbs]
    length = metrics.pixel_error(truth[:, first], truth[:, second])
    right = np.ones(length.shape, dtype=bool)
    for ends in (first, second):
        right &= metrics.pixel_error(guess[:, ends], truth[:, ends]) <= _HALF * length
    return right, np.isfinite(length)
