"""A protocol's result as text, like a paper's tables, and as plain values for JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from metricpose.evaluation.protocols.result import PersonErrors, ProtocolResult, Row, Table

SCHEMA = "metricpose.protocol/1"
_COUNTS = ("people", "found", "missed", "ghosts")


def to_text(result: ProtocolResult) -> str:
    """Each table under its title: headings, units, a row per part, then means; notes below; "-" was not measured."""
    blocks = [_table(table) for table in result.tables]
    where = [f"{key}: {value}" for key, value in result.provenance.items()]
    return "\n\n".join([result.protocol, *blocks, *(["\n".join(where)] if where else [])])


def to_json(result: ProtocolResult, *, people: bool = False) -> dict[str, Any]:
    """Plain values for json.dumps, schema "metricpose.protocol/1"; what was not measured is null.

    people: the errors of every single true person, too, which makes it long.
    """
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "protocol": result.protocol,
        "tables": [_table_json(table) for table in result.tables],
        "ghosts": list(result.ghosts),
        "provenance": _plain(result.provenance),
    }
    if people:
        document["people"] = None if result.people is None else _people_json(result.people)
    return document


def _table(table: Table) -> str:
    headings = ["", *_COUNTS, *(column.heading for column in table.columns)]
    units = ["", "", "", "", "", *(column.unit for column in table.columns)]
    lines = _aligned([headings, units, *(_cells(table, row) for row in table.rows)])
    head, body = lines[:2], lines[2:]
    first_mean = next((i for i, row in enumerate(table.rows) if row.kind != "part"), len(body))
    rule = "-" * max(map(len, lines))
    body = [*body[:first_mean], *([rule] if 0 < first_mean < len(body) else []), *body[first_mean:]]
    return "\n".join(
        [f"{table.mode}: {table.title}".replace("strict: strict:", "strict:"), *head, rule, *body, *table.notes]
    )


def _cells(table: Table, row: Row) -> list[str]:
    counts = (row.people, row.matched, row.missed, row.ghosts)
    values = (_number(row.values.get(column.key), column.unit) for column in table.columns)
    return [row.label, *("-" if count is None else str(count) for count in counts), *values]


def _number(value: float | None, unit: str) -> str:
    if value is None or not np.isfinite(value):
        return "-"
    return f"{value:.2f}" if "/" in unit else f"{value:.1f}"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in rows]


def _table_json(table: Table) -> dict[str, Any]:
    return {
        "title": table.title,
        "mode": table.mode,
        "columns": [asdict(column) for column in table.columns],
        "rows": [
            {
                "label": row.label,
                "kind": row.kind,
                "people": row.people,
                "found": row.matched,
                "missed": row.missed,
                "ghosts": row.ghosts,
                "values": _plain(row.values),
            }
            for row in table.rows
        ],
        "notes": list(table.notes),
    }


def _people_json(people: PersonErrors) -> dict[str, Any]:
    optional = {"joint_failed": people.joint_failed, "interval_m": people.interval, "true_depth_m": people.true_depth_m}
    return {
        "pictures": list(people.frames),
        "rows": _plain(people.rows),
        "predicted": _plain(people.predicted),
        "sequences": list(people.sequences),
        "distance_m": _plain(people.distance_m),
        "values": _plain(people.values),
        "joints": list(people.joints),
        "joint_error_m": _plain(people.joint_error_m),
        **{key: _plain(value) for key, value in optional.items() if value is not None},
    }


def _plain(value: Any) -> Any:
    """Python's own numbers, lists and dictionaries; numbers that are none are null."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    return value if isinstance(value, int | str | bool) or value is None else str(value)
