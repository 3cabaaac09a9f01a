"""The strict mode in the picture: one to one by distance in the picture, misses as failures, ghosts counted."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from metricpose.evaluation.matching import GATE
from metricpose.evaluation.protocols import columns as c
from metricpose.evaluation.protocols.checks import Checked
from metricpose.evaluation.protocols.flat import Flat
from metricpose.evaluation.protocols.measures import placed_everywhere
from metricpose.evaluation.protocols.result import Column, PersonErrors, Table
from metricpose.evaluation.protocols.strict import Detection, Strict, matched
from metricpose.evaluation.protocols.tables import Judged, Parts, rows

Values = Callable[[np.ndarray, np.ndarray], Mapping[str, np.ndarray]]


def strict_mode_2d(
    pair: Checked,
    predicted: Flat,
    true: Flat,
    parts: Parts,
    columns: Sequence[Column],
    values_of: Values,
    *,
    measurable: np.ndarray,
    weights: Mapping[str, np.ndarray] | None = None,
) -> Strict:
    """Judge people in pixels strictly.

    Args:
        columns: of shares, for which a miss is a failure (0).
        values_of: rows of predictions and of true people (M,) to values by key (M,).
        measurable: (N,) true people of whom enough is known.
        weights: by key (N,), how much each true person's value counts.
    """
    matching = matched(predicted, true, measurable)
    # Nothing is seen of one side only where there is nobody or nothing to pair.
    judged = np.flatnonzero(true.judged & measurable) if matching is None else matching.judged
    partner = np.full(len(judged), -1) if matching is None else matching.partner
    ghosts = np.arange(len(predicted)) if matching is None else matching.ghosts
    at = np.flatnonzero(partner >= 0)
    values = placed_everywhere(values_of(partner[at], judged[at]), at, len(judged))
    counted = {key: value[judged] for key, value in (weights or {}).items()}
    for key, value in values.items():
        value[(partner < 0) & (counted[key] > 0 if key in counted else True)] = 0.0
    shown = (*c.DETECTION, *columns)
    people = Judged(
        picture=true.picture[judged],
        found=partner >= 0,
        values=values,
        weights=counted,
        ghost_picture=predicted.picture[ghosts],
        of_set=None if matching is None else Detection(predicted, true, matching).figures,
    )
    table = Table(
        title=f"one to one by the picture, at most {GATE} of the person's size apart",
        mode="strict",
        columns=shown,
        rows=rows(people, parts, shown),
        notes=("shares are of all people, a miss being a failure; nobody is handed to the method",),
    )
    return Strict(
        table=table,
        people=_people(pair, predicted, true, judged, partner, values),
        ghosts=tuple(pair.truth[i].name for i in predicted.picture[ghosts]),
    )


def _people(
    pair: Checked,
    predicted: Flat,
    true: Flat,
    judged: np.ndarray,
    partner: np.ndarray,
    values: Mapping[str, np.ndarray],
) -> PersonErrors:
    found = partner >= 0
    row = np.full(len(judged), -1)
    row[found] = predicted.row[partner[found]]
    pictures = true.picture[judged]
    return PersonErrors(
        frames=tuple(pair.truth[i].name for i in pictures),
        rows=true.row[judged],
        predicted=row,
        sequences=tuple(pair.truth[i].sequence for i in pictures),
        distance_m=np.full(len(judged), np.nan),
        values=dict(values),
        joint_error_m=np.full((len(judged), len(true.skeleton)), np.nan),
        joints=true.skeleton.joints,
    )
