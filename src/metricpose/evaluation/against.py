"""Two methods side by side on the same true people: differences with paired bootstrap intervals."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from metricpose._errors import InputError
from metricpose.evaluation.bootstrap import LEVEL, RESAMPLES, Units, interval, resampled_means, resampling_units
from metricpose.evaluation.protocols.result import Column, PersonErrors, ProtocolResult

SCHEMA = "metricpose.against/1"
MISSED = Column(key="missed", heading="missed", unit="%", about="true people who were not found")


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One metric of A and B over the same people, and A - B.

    over: "both" where misses have no value, so that people found by both count, or "all" true people. low, high: the
    interval of the difference; a_better: share of the resamples in which A is better, ties by half; all None where
    there was nothing to resample. clear: whose figure is better with 0 outside the interval, or None.
    """

    column: Column
    a: float | None
    b: float | None
    low: float | None
    high: float | None
    a_better: float | None
    people: int
    over: Literal["all", "both"]

    @property
    def difference(self) -> float | None:
        """A - B."""
        return None if self.a is None or self.b is None else self.a - self.b

    @property
    def clear(self) -> Literal["A", "B"] | None:
        """The better one, if the interval leaves 0 out."""
        if self.low is None or self.high is None or self.low <= 0.0 <= self.high:
            return None
        return "A" if (self.high < 0.0) == (self.column.better == "lower") else "B"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What `against` found. resampled: what was drawn, in words; units: how many of them there are."""

    protocol: str
    names: tuple[str, str]
    differences: tuple[Difference, ...]
    people: int
    found_by_both: int
    missed: tuple[int, int]
    ghosts: tuple[int, int]
    resampled: str
    units: int
    resamples: int
    seed: int

    def to_json(self) -> dict[str, Any]:
        """Plain values for json.dumps; figures that could not be measured are null."""
        return {
            "schema": SCHEMA,
            "protocol": self.protocol,
            "a": {"name": self.names[0], "missed": self.missed[0], "ghosts": self.ghosts[0]},
            "b": {"name": self.names[1], "missed": self.missed[1], "ghosts": self.ghosts[1]},
            "people": self.people,
            "found_by_both": self.found_by_both,
            "level": LEVEL,
            "resampled_by": self.resampled,
            "units": self.units,
            "resamples": self.resamples,
            "seed": self.seed,
            "differences": [_difference_json(difference) for difference in self.differences],
        }

    def to_text(self) -> str:
        """A line per metric, and below what was compared and how."""
        return "\n".join(
            [*_aligned([COMPARISON_HEADINGS, *map(comparison_cells, self.differences)]), "", *self.notes()]
        )

    def notes(self) -> tuple[str, ...]:
        """What was compared and how, line by line."""
        a, b = self.names
        return (
            f"A: {a}; {self.missed[0]} missed, {self.ghosts[0]} invented",
            f"B: {b}; {self.missed[1]} missed, {self.ghosts[1]} invented",
            f"{self.people} true people, {self.found_by_both} found by both; means over people, in the strict mode",
            f"{100 * LEVEL:.0f} % intervals of A - B: paired percentile bootstrap by {self.resampled} "
            f"({self.units} of them), {self.resamples} resamples, seed {self.seed}; "
            "A better in: share of these",
        )


COMPARISON_HEADINGS = ("", "unit", "A", "B", "A - B", "95 % interval", "A better in", "clearly", "people")


def comparison_cells(difference: Difference) -> tuple[str, ...]:
    """The words of one line, under COMPARISON_HEADINGS."""
    d = difference
    return (
        d.column.heading,
        d.column.unit,
        _number(d.a),
        _number(d.b),
        _number(d.difference, sign=True),
        "-" if d.low is None or d.high is None else f"{d.low:+.2f} to {d.high:+.2f}",
        "-" if d.a_better is None else f"{100 * d.a_better:.1f} %",
        d.clear or "-",
        f"{d.people} {d.over}",
    )


def against(
    a: ProtocolResult,
    b: ProtocolResult,
    *,
    names: tuple[str, str] = ("A", "B"),
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Comparison:
    """Compare two results of one protocol on one truth, person by person, in the strict mode.

    Every metric that both have for single people is compared: over the people found by both, or over all where a miss
    has a value of its own (PCK with misses as failures). Misses are compared, too; ghosts are only counted.

    Raises InputError: other protocols, results without people, or true people whom one of them lacks.
    """
    if a.protocol != b.protocol:
        raise InputError(f"against: expected results of one protocol, got {a.protocol} and {b.protocol}; judge again")
    mine = _people(a, names[0])
    order = _same_people(mine, _people(b, names[1]), names)
    other = _ordered(_people(b, names[1]), order)
    columns = [c for c in person_columns(a) if c.key in mine.values and c.key in other.values]
    units = resampling_units(mine.sequences, mine.frames)
    found = mine.predicted >= 0, other.predicted >= 0
    pairs = [(c, np.asarray(mine.values[c.key], float), np.asarray(other.values[c.key], float)) for c in columns]
    pairs.append((MISSED, 100.0 * ~found[0], 100.0 * ~found[1]))
    return Comparison(
        protocol=a.protocol,
        names=names,
        differences=_differences(pairs, ~(found[0] & found[1]), units, resamples, seed),
        people=len(mine.rows),
        found_by_both=int((found[0] & found[1]).sum()),
        missed=(int((~found[0]).sum()), int((~found[1]).sum())),
        ghosts=(len(a.ghosts), len(b.ghosts)),
        resampled=units.what,
        units=units.count,
        resamples=resamples,
        seed=seed,
    )


def _people(result: ProtocolResult, name: str) -> PersonErrors:
    if result.people is None:
        raise InputError(
            f"against: expected errors of single people in the result of {name}, got none; protocol {result.protocol} "
            "cannot be compared person by person"
        )
    return result.people


def _same_people(a: PersonErrors, b: PersonErrors, names: tuple[str, str]) -> np.ndarray:
    """Where each true person of `a` is in `b`: (M,). A true person is a row of a picture."""
    keys_a, keys_b = _keys(a), _keys(b)
    place = {key: index for index, key in enumerate(keys_b)}
    for keys, others, name in ((keys_a, place, names[1]), (keys_b, frozenset(keys_a), names[0])):
        lost = next((key for key in keys if key not in others), None)
        if lost is not None:
            raise InputError(
                f"against: expected the same true people in both, got person {lost[1]} of {lost[0]!r} not judged for "
                f"{name}; judge both on one truth"
            )
    return np.array([place[key] for key in keys_a], dtype=np.intp)


def _keys(people: PersonErrors) -> list[tuple[str, int]]:
    return list(zip(people.frames, map(int, people.rows), strict=True))


def _ordered(people: PersonErrors, order: np.ndarray) -> PersonErrors:
    """The same people in another order, as far as a comparison needs them."""
    return PersonErrors(
        frames=tuple(people.frames[i] for i in order),
        rows=people.rows[order],
        predicted=people.predicted[order],
        sequences=tuple(people.sequences[i] for i in order),
        distance_m=people.distance_m[order],
        values={key: np.asarray(values)[order] for key, values in people.values.items()},
        joint_error_m=people.joint_error_m[order],
        joints=people.joints,
    )


def person_columns(result: ProtocolResult) -> list[Column]:
    """Each column of the tables once; the strict mode's where both modes have it, as people are matched strictly."""
    columns: dict[str, Column] = {}
    for table in sorted(result.tables, key=lambda table: table.mode != "strict"):
        for column in table.columns:
            columns.setdefault(column.key, column)
    return list(columns.values())


def _differences(
    pairs: Iterable[tuple[Column, np.ndarray, np.ndarray]],
    missed_by_one: np.ndarray,
    units: Units,
    resamples: int,
    seed: int,
) -> tuple[Difference, ...]:
    """All metrics see the same resamples."""
    pairs = list(pairs)
    both = [np.isfinite(a) & np.isfinite(b) for _, a, b in pairs]
    values = [np.where(k, v, np.nan) for (_, a, b), k in zip(pairs, both, strict=True) for v in (a, b)]
    means = resampled_means(np.stack(values, axis=1), units, resamples=resamples, seed=seed)
    enough = units.count >= 2  # one unit has nothing to vary
    return tuple(
        _difference(column, a[k], b[k], means[:, 2 * i : 2 * i + 2] if enough else means[:0, :2], k, missed_by_one)
        for i, ((column, a, b), k) in enumerate(zip(pairs, both, strict=True))
    )


def _difference(
    column: Column, a: np.ndarray, b: np.ndarray, means: np.ndarray, known: np.ndarray, missed_by_one: np.ndarray
) -> Difference:
    apart = means[:, 0] - means[:, 1]
    apart = apart[np.isfinite(apart)]
    ends = interval(apart)
    gain = -apart if column.better == "lower" else apart
    counts_misses = not missed_by_one.any() or bool((known & missed_by_one).any())
    return Difference(
        column=column,
        a=float(a.mean()) if len(a) else None,
        b=float(b.mean()) if len(b) else None,
        low=None if ends is None else ends[0],
        high=None if ends is None else ends[1],
        a_better=None if ends is None else float(((gain > 0) + 0.5 * (gain == 0)).mean()),
        people=len(a),
        over="all" if counts_misses else "both",
    )


def _difference_json(difference: Difference) -> Mapping[str, Any]:
    values = asdict(difference)
    column = values.pop("column")
    return {
        "metric": column["key"],
        **{key: column[key] for key in ("heading", "unit", "better", "about")},
        **values,
        "difference": difference.difference,
        "clear": difference.clear,
    }


def _number(value: float | None, *, sign: bool = False) -> str:
    return "-" if value is None else f"{value:+.2f}" if sign else f"{value:.2f}"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in rows]
