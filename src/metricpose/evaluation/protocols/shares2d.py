"""Shares of joints near enough in the picture, by group of joints: what LSP and MPII have in common."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from metricpose.evaluation import metrics
from metricpose.evaluation.protocols.checks import Checked, checked
from metricpose.evaluation.protocols.flat import Flat, require_joints, truth_and_predictions
from metricpose.evaluation.protocols.given import given_partners
from metricpose.evaluation.protocols.outcome import outcome
from metricpose.evaluation.protocols.result import Column, ProtocolResult, Table
from metricpose.evaluation.protocols.strict2d import strict_mode_2d
from metricpose.evaluation.protocols.tables import Judged, Parts, parts_of, rows
from metricpose.skeletons.skeleton import Skeleton

Groups = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Setting:
    """A benchmark's rule: groups of joints by column key, the threshold as a part of each person's size (N,) px."""

    protocol: str
    skeleton: Skeleton
    columns: tuple[Column, ...]
    groups: Groups
    fraction: float
    title: str
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Sides:
    """Both sides of a benchmark: rows (M,) of who is judged and their predictions (M,), -1 for none."""

    pair: Checked
    predicted: Flat
    true: Flat
    judged: np.ndarray
    partner: np.ndarray
    how: str
    parts: Parts


def both_sides(setting: Setting, truth: Sequence[Any], predicted: Sequence[Any], allow_missing: bool) -> tuple:
    """The checked frames, and both sides in the benchmark's skeleton: (pair, true, predicted)."""
    pair = checked(setting.protocol, truth, predicted, dimensions=2, allow_missing=allow_missing)
    true, guess = truth_and_predictions(pair, setting.skeleton)
    needed = sorted({joint for group in setting.groups.values() for joint in group})
    require_joints(setting.protocol, true, needed, pair.true_skeleton, "truth", may_be_unseen=True)
    require_joints(setting.protocol, guess, needed, pair.predicted_skeleton, "predictions", may_be_unseen=True)
    return pair, true, guess


def handed(setting: Setting, pair: Checked, true: Flat, guess: Flat, size_px: np.ndarray) -> Sides:
    """Who is judged in the official mode, and whose prediction is whose."""
    of_true, how = given_partners(setting.protocol, pair, guess, true)
    judged = np.flatnonzero(true.judged & np.isfinite(size_px) & true.any_seen)
    parts = parts_of([frame.sequence for frame in pair.truth])
    return Sides(pair=pair, predicted=guess, true=true, judged=judged, partner=of_true[judged], how=how, parts=parts)


def group_shares(
    setting: Setting, predicted: Flat, true: Flat, partner: np.ndarray, rows_: np.ndarray, size_px: np.ndarray
) -> dict[str, np.ndarray]:
    """Shares (M,) in % of each group's labelled joints at most fraction * size from the truth; -1 has none."""
    found = partner >= 0
    truth = true.joints_px[rows_]
    joints = np.full_like(truth, np.nan)
    joints[found] = predicted.joints_px[partner[found]]
    known = true.seen[rows_]
    shares: dict[str, np.ndarray] = {}
    for key, group in setting.groups.items():
        mine = list(group)
        share = metrics.pck2d(joints[:, mine], truth[:, mine], size_px[rows_], known[:, mine], setting.fraction)
        shares[key] = 100.0 * share
    return shares


def group_weights(setting: Setting, true: Flat) -> dict[str, np.ndarray]:
    """(N,) how many joints of each group are labelled: joints count alike, not people."""
    return {key: true.seen[:, list(group)].sum(axis=1).astype(float) for key, group in setting.groups.items()}


def official_table(setting: Setting, sides: Sides, size_px: np.ndarray) -> Table:
    """The benchmark's table: a person without a prediction fails everywhere."""
    people = Judged(
        picture=sides.true.picture[sides.judged],
        found=sides.partner >= 0,
        values=group_shares(setting, sides.predicted, sides.true, sides.partner, sides.judged, size_px),
        weights={key: value[sides.judged] for key, value in group_weights(setting, sides.true).items()},
    )
    return Table(
        title=setting.title,
        mode="official",
        columns=setting.columns,
        rows=rows(people, sides.parts, setting.columns),
        notes=(
            *setting.notes,
            sides.how,
            "a person or a joint that is not predicted is a failure; ghosts cost nothing",
        ),
    )


def judged_shares(
    setting: Setting, sides: Sides, size_px: np.ndarray, options: Any, more: Sequence[Table] = ()
) -> ProtocolResult:
    """The official table, `more` official ones, and the strict one."""
    strict = strict_mode_2d(
        sides.pair,
        sides.predicted,
        sides.true,
        sides.parts,
        setting.columns,
        lambda p, t: group_shares(setting, sides.predicted, sides.true, p, t, size_px),
        measurable=np.isfinite(size_px) & sides.true.any_seen,
        weights=group_weights(setting, sides.true),
    )
    official = (official_table(setting, sides, size_px), *more)
    return outcome(setting.protocol, official, strict, sides.pair, options)
