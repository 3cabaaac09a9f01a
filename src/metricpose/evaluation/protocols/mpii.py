"""MPII Human Pose (Andriluka et al., CVPR 2014): PCKh@0.5 by group of joints.

The head size (`head_px`) is 0.6 of the head box's diagonal. The total is over all labelled joints but the pelvis and
the thorax. People are handed to the method, so predictions are the truth's people in its order, or have its ids.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from metricpose._errors import InputError
from metricpose.evaluation.protocols.columns import higher
from metricpose.evaluation.protocols.missing_joints import MissingJoints
from metricpose.evaluation.protocols.result import ProtocolResult
from metricpose.evaluation.protocols.shares2d import Setting, both_sides, handed, judged_shares
from metricpose.people.frame import PeopleFrame
from metricpose.skeletons.catalogue import MPII16

NAME = "mpii"
GROUPS = {
    "pckh_head": (8, 9),
    "pckh_shoulder": (12, 13),
    "pckh_elbow": (11, 14),
    "pckh_wrist": (10, 15),
    "pckh_hip": (2, 3),
    "pckh_knee": (1, 4),
    "pckh_ankle": (0, 5),
    "pckh": (0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, 14, 15),
}
_HEADINGS = ("head", "shoulder", "elbow", "wrist", "hip", "knee", "ankle", "PCKh")


@dataclass(frozen=True, kw_only=True)
class Options(MissingJoints):
    """allow_missing: pictures without a prediction count as misses. fraction: of the head size."""

    allow_missing: bool = False
    fraction: float = 0.5


def judge(
    truth: Sequence[PeopleFrame], predicted: Sequence[PeopleFrame], options: Options | None = None
) -> ProtocolResult:
    """The official table by group of joints, and the strict one.

    Raises InputError: what `checked` refuses, joints that are missing, a truth without head sizes, predictions that are
    nobody's.
    """
    options = options or Options()
    setting = Setting(
        protocol=NAME,
        skeleton=MPII16,
        columns=tuple(
            higher(key, heading, f"labelled joints within {options.fraction:g} of the head size: {heading}")
            for key, heading in zip(GROUPS, _HEADINGS, strict=True)
        ),
        groups=GROUPS,
        fraction=options.fraction,
        title=f"PCKh@{options.fraction:g}",
        notes=("PCKh: all joints but pelvis and thorax, each labelled joint counting once; head: upper neck and top",),
    )
    pair, true, guess = both_sides(setting, truth, predicted, options.allow_missing)
    size_px = np.where(true.head_px > 0, true.head_px, np.nan)
    if len(true) and not np.isfinite(size_px).any():
        name = next(frame.name for frame in pair.truth if len(frame))
        raise InputError(f"{NAME}: picture {name!r}: expected head sizes (head_px) in the truth, got none for anybody")
    return judged_shares(setting, handed(setting, pair, true, guess, size_px), size_px, options)
