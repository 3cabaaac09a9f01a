"""Resampled means: how much a mean over people would move if other sequences or pictures had been filmed.

People of one picture, and pictures of one sequence, are not independent, so whole units are drawn with replacement
(the cluster bootstrap: Field and Welsh 2007; percentile intervals: Efron and Tibshirani 1993, chapter 13). Units are
the sequences where there are enough of them, else the pictures; very many pictures are drawn in runs of neighbours
(blocks that do not overlap: Carlstein 1986), which suits video as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from metricpose._errors import InputError

RESAMPLES = 2000
LEVEL = 0.95
LEAST_SEQUENCES = 10  # percentile intervals of fewer clusters are far too narrow
MOST_UNITS = 10_000
_DRAWS_AT_ONCE = 2_000_000  # bounds memory: 16 MB of counts at a time


@dataclass(frozen=True, kw_only=True, eq=False)
class Units:
    """What is drawn with replacement. of_person: (M,) number of each person's unit; count: C; what: one, in words."""

    of_person: np.ndarray
    count: int
    what: str


def resampling_units(sequences: Sequence[str], frames: Sequence[str]) -> Units:
    """Units of M people from the labels of their sequences and pictures: sequences from `LEAST_SEQUENCES` on."""
    if len(sequences) != len(frames):
        raise InputError(f"bootstrap: expected a sequence for each of {len(frames)} people, got {len(sequences)}")
    of_sequence, count = _numbered(sequences)
    if count >= LEAST_SEQUENCES:
        return Units(of_person=of_sequence, count=count, what="sequence")
    of_picture, count = _numbered(frames)
    run = -(-count // MOST_UNITS)
    if run <= 1:
        return Units(of_person=of_picture, count=count, what="picture")
    return Units(of_person=of_picture // run, count=-(-count // run), what=f"run of {run} pictures")


def resampled_means(values: np.ndarray, units: Units, *, resamples: int = RESAMPLES, seed: int) -> np.ndarray:
    """Means over people in each resample, (R, K), of values (M, K); NaN entries are nobody's.

    All K columns see the same draws, so columns may be compared within a resample. NaN where a resample drew nobody
    with a value.
    """
    values = np.asarray(values, np.float64)
    if values.ndim != 2 or len(values) != len(units.of_person):
        raise InputError(f"bootstrap: expected values ({len(units.of_person)}, K), got shape {values.shape}")
    if resamples < 1:
        raise InputError(f"bootstrap: expected at least 1 resample, got {resamples}")
    if units.count == 0:
        return np.full((resamples, values.shape[1]), np.nan)
    known = np.isfinite(values)
    per_unit = np.concatenate([_unit_sums(np.where(known, values, 0.0), units), _unit_sums(known * 1.0, units)], axis=1)
    generator, drawn = np.random.default_rng(seed), []
    at_once = max(1, _DRAWS_AT_ONCE // units.count)
    for start in range(0, resamples, at_once):
        drawn.append(_unit_counts(min(at_once, resamples - start), units.count, generator) @ per_unit)
    sums, people = np.split(np.concatenate(drawn), 2, axis=1)
    return np.where(people > 0, sums / np.maximum(people, 1.0), np.nan)


def interval(resampled: np.ndarray, level: float = LEVEL) -> tuple[float, float] | None:
    """The central percentile interval of resampled figures (R,); None where none of them is a number."""
    finite = resampled[np.isfinite(resampled)]
    if not len(finite):
        return None
    tail = 50.0 * (1.0 - level)
    low, high = np.percentile(finite, [tail, 100.0 - tail])
    return float(low), float(high)


def _numbered(labels: Sequence[str]) -> tuple[np.ndarray, int]:
    """Labels as numbers in the order in which they first come, and how many there are."""
    numbers: dict[str, int] = {}
    of_each = np.array([numbers.setdefault(label, len(numbers)) for label in labels], dtype=np.intp)
    return of_each, len(numbers)


def _unit_sums(values: np.ndarray, units: Units) -> np.ndarray:
    """Sums (C, K) of values (M, K) over the people of each unit."""
    columns = [np.bincount(units.of_person, weights=column, minlength=units.count) for column in values.T]
    return np.stack(columns, axis=1) if columns else np.zeros((units.count, 0))


def _unit_counts(resamples: int, units: int, generator: np.random.Generator) -> np.ndarray:
    """How often each of C units is drawn in each resample: (R, C) float, rows summing to C."""
    drawn = generator.integers(0, units, size=(resamples, units)) + units * np.arange(resamples)[:, None]
    return np.bincount(drawn.ravel(), minlength=resamples * units).reshape(resamples, units).astype(np.float64)
