"""Which prediction is whose where a benchmark hands methods the person: single people, or boxes of the truth."""

import numpy as np

from metricpose._errors import InputError
from metricpose.evaluation.protocols.checks import Checked
from metricpose.evaluation.protocols.flat import Flat
from metricpose.people.frame import PeopleFrame

BY_ID = "each prediction is that of the person with its id"
BY_ROW = "each prediction is that of the person in its place; of several for one person the one with the best score"


def given_partners(protocol: str, pair: Checked, predicted: Flat, true: Flat) -> tuple[np.ndarray, str]:
    """(N,) row of each true person's prediction, -1 for none, and how it was found.

    By id where every predicted id is one of the truth's of its picture. Else, of several predictions for the only
    person of a picture, the one with the best score (the first of equals); else place by place, which needs as many
    predictions as people, or none. Raises InputError where there are others, naming the picture.
    """
    by_id = _ids_agree(pair)
    partner = np.full(len(true), -1)
    for number, (t, p) in enumerate(zip(pair.truth, pair.predicted, strict=True)):
        people, said = len(t), len(p)
        start, first = int(true.starts[number]), int(predicted.starts[number])
        if people == 0 or said == 0:
            continue
        if by_id:
            partner[start : start + people] = _by_id(t, p, first)
        elif people == said:
            partner[start : start + people] = np.arange(first, first + said)
        elif people == 1:
            partner[start] = first + int(np.argmax(predicted.scores[first : first + said]))
        else:
            raise InputError(
                f"{protocol}: picture {t.name!r}: expected a prediction for each of its {people} people, in the "
                f"truth's order or with its ids, got {said}; state ids, or judge with the protocol 'strict'"
            )
    return partner, BY_ID if by_id else BY_ROW


def _ids_agree(pair: Checked) -> bool:
    """Whether all predictions state ids and each is one of the truth's."""
    for t, p in zip(pair.truth, pair.predicted, strict=True):
        if len(p) and (t.ids is None or p.ids is None or not set(p.ids) <= set(t.ids)):
            return False
    return True


def _by_id(true: PeopleFrame, predicted: PeopleFrame, first: int) -> list[int]:
    place = {} if predicted.ids is None else {i: first + row for row, i in enumerate(predicted.ids)}
    return [place.get(i, -1) for i in true.ids or ()]
