"""Rows of a table from the values of single people: parts (sequences, activities), their mean, and everyone pooled."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from metricpose.evaluation.protocols.result import Column, Row

ALL = "all"
Figures = Mapping[str, float]
Kind = Literal["part", "mean", "pooled"]
OfSet = Callable[[np.ndarray], Figures]


@dataclass(frozen=True, kw_only=True, eq=False)
class Parts:
    """Which part each of F pictures belongs to: labels in the order of the table, of_picture (F,)."""

    labels: tuple[str, ...]
    of_picture: np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class Judged:
    """What rows are made of: M judged true people.

    picture: (M,); found: (M,) bool, or None where the mode does not say; values: by column key (M,), NaN is left out;
    weights: by column key (M,), what a person's value counts (1 if not given). ghost_picture: (G,), None: not counted.
    of_set: figures of whole sets of pictures, from a mask (F,). misses_count: whether misses are stated.
    """

    picture: np.ndarray
    found: np.ndarray
    values: Mapping[str, np.ndarray]
    weights: Mapping[str, np.ndarray] = field(default_factory=dict)
    ghost_picture: np.ndarray | None = None
    of_set: OfSet | None = None
    misses_count: bool = True


def parts_of(labels: Sequence[str], order: Sequence[str] = ()) -> Parts:
    """Parts from a label per picture: those of `order` first, the others by name, numbers by size (TS2 before TS10)."""
    place = {label.lower(): number for number, label in enumerate(order)}
    found = sorted(set(labels), key=lambda label: (place.get(label.lower(), len(place)), _natural(label)))
    number = {label: index for index, label in enumerate(found)}
    of_picture = np.fromiter((number[label] for label in labels), dtype=np.intp, count=len(labels))
    return Parts(labels=tuple(found), of_picture=of_picture)


def rows(
    judged: Judged, parts: Parts, columns: Sequence[Column], *, pictures: np.ndarray | None = None
) -> tuple[Row, ...]:
    """A row per part, the mean of these rows, and one of all people pooled; without named parts the last alone.

    pictures: (F,) mask of those that count; parts without any have no row. People of other pictures do not count.
    """
    chosen = np.ones(len(parts.of_picture), dtype=bool) if pictures is None else pictures
    mine = np.flatnonzero(chosen[judged.picture])
    pooled = _row("pooled", "pooled", judged, columns, chosen, mine)
    if parts.labels in ((), ("",)):
        return (replace(pooled, label=ALL),)
    of_person = parts.of_picture[judged.picture[mine]]
    people = np.split(mine[np.argsort(of_person, kind="stable")], np.cumsum(_counts(of_person, parts))[:-1])
    single = tuple(
        _row(label or ALL, "part", judged, columns, chosen & (parts.of_picture == number), people[number])
        for number, label in enumerate(parts.labels)
        if (chosen & (parts.of_picture == number)).any()
    )
    if len(single) < 2:
        return (*single, pooled)
    return (*single, _mean(single, columns), pooled)


def _counts(of_person: np.ndarray, parts: Parts) -> np.ndarray:
    return np.bincount(of_person, minlength=len(parts.labels))


def _row(label: str, kind: Kind, judged: Judged, columns: Sequence[Column], pictures: np.ndarray, people: Any) -> Row:
    found = judged.found[people]
    figures = {} if judged.of_set is None else judged.of_set(pictures)
    values = {c.key: _measured(figures, judged, c.key, people) for c in columns}
    ghosts = None if judged.ghost_picture is None else int(pictures[judged.ghost_picture].sum())
    return Row(
        label=label,
        values=values,
        people=len(found),
        matched=int(found.sum()),
        missed=int((~found).sum()) if judged.misses_count else None,
        ghosts=ghosts,
        kind=kind,
    )


def _measured(figures: Figures, judged: Judged, key: str, people: Any) -> float | None:
    if key in figures:
        return None if np.isnan(figures[key]) else float(figures[key])
    if key not in judged.values:
        return None
    values = judged.values[key][people]
    counted = np.isfinite(values)
    if not counted.any():
        return None
    if key not in judged.weights:
        return float(values[counted].mean())
    weights = judged.weights[key][people][counted]
    return float((values[counted] * weights).sum() / weights.sum()) if weights.sum() > 0 else None


def _mean(parts: Sequence[Row], columns: Sequence[Column]) -> Row:
    def total(counts: Sequence[int | None]) -> int | None:
        return None if any(n is None for n in counts) else sum(n for n in counts if n is not None)

    values: dict[str, float | None] = {}
    for column in columns:
        measured = [row.values[column.key] for row in parts]
        numbers = [value for value in measured if value is not None]
        values[column.key] = float(np.mean(numbers)) if numbers else None
    return Row(
        label="mean",
        values=values,
        people=sum(row.people for row in parts),
        matched=total([row.matched for row in parts]),
        missed=total([row.missed for row in parts]),
        ghosts=total([row.ghosts for row in parts]),
        kind="mean",
    )


def _natural(label: str) -> list[tuple[int, int, str]]:
    """Digits as numbers, so that labels sort as people count."""
    return [(0, int(word), "") if word.isdigit() else (1, 0, word.lower()) for word in re.findall(r"\d+|\D+", label)]
