"""The people of a report who are worth looking at: the worst found, and some who were not found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from metricpose.evaluation.protocols.result import Column, PersonErrors
from metricpose.people.frame import PeopleFrame
from metricpose.viz.report_drawing import case_drawings

_MOST_IN_A_PICTURE = 1
_FIRST_CHOICES = ("mpjpe", "mrpe")


@dataclass(frozen=True, kw_only=True)
class Case:
    """One person: the picture, its sequence, what is to be said in (name, value) pairs, and drawings as SVG."""

    frame: str
    sequence: str
    numbers: tuple[tuple[str, str], ...]
    drawings: tuple[str, ...]


def ranking_column(people: PersonErrors, columns: Sequence[Column]) -> Column | None:
    """The metric by which people are worst: the joint error, the root's, else the first that people have."""
    stated = {column.key: column for column in columns if column.key in people.values}
    return next((stated[key] for key in _FIRST_CHOICES if key in stated), next(iter(stated.values()), None))


def worst_people(people: PersonErrors, column: Column, most: int) -> list[int]:
    """Indices of the people found whose metric is worst, the worst first, one per picture."""
    values = np.asarray(people.values[column.key], np.float64)
    badness = values if column.better == "lower" else -values
    chosen: list[int] = []
    pictures: dict[str, int] = {}
    for index in np.argsort(-np.where(np.isfinite(badness), badness, -np.inf), kind="stable"):
        frame = people.frames[index]
        if len(chosen) == most or not np.isfinite(badness[index]):
            break
        if people.predicted[index] >= 0 and pictures.get(frame, 0) < _MOST_IN_A_PICTURE:
            pictures[frame] = pictures.get(frame, 0) + 1
            chosen.append(int(index))
    return chosen


def missed_people(people: PersonErrors, most: int) -> list[int]:
    """Indices of people who were not found, spread evenly over the pictures' order."""
    missed = np.flatnonzero(np.asarray(people.predicted) < 0)
    if len(missed) <= most:
        return [int(i) for i in missed]
    return [int(missed[i]) for i in np.linspace(0, len(missed) - 1, most).round().astype(int)]


def case(
    people: PersonErrors,
    index: int,
    columns: Sequence[Column],
    truth: Mapping[str, PeopleFrame],
    predicted: Mapping[str, PeopleFrame],
) -> Case:
    """All that the page shows of one person; without the person's frame there are numbers and no drawing."""
    name, guess = people.frames[index], int(people.predicted[index])
    true_frame = truth.get(name)
    drawings = (
        [] if true_frame is None else case_drawings(true_frame, int(people.rows[index]), predicted.get(name), guess)
    )
    return Case(
        frame=name,
        sequence=people.sequences[index],
        numbers=tuple(_numbers(people, index, columns)),
        drawings=tuple(drawings),
    )


def _numbers(people: PersonErrors, index: int, columns: Sequence[Column]) -> list[tuple[str, str]]:
    """The person's metrics, how far away it stands, and its interval."""
    said = []
    for column in columns:
        if column.key in people.values and np.isfinite(people.values[column.key][index]):
            said.append((column.heading, f"{people.values[column.key][index]:.1f} {column.unit}".strip()))
    if np.isfinite(people.distance_m[index]):
        said.append(("true distance", f"{people.distance_m[index]:.2f} m"))
    if people.interval is not None and np.isfinite(people.interval[index]).all():
        near, far = people.interval[index]
        said.append(("90 % interval", f"{near:.2f} - {far:.2f} m"))
    if people.true_depth_m is not None and np.isfinite(people.true_depth_m[index]):
        said.append(("true depth", f"{people.true_depth_m[index]:.2f} m"))
    return said
