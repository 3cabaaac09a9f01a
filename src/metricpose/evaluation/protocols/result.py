"""What a protocol found: tables in an official and a strict mode, and the errors of each person behind them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

Mode = Literal["official", "strict"]


@dataclass(frozen=True, kw_only=True)
class Column:
    """A metric in a table: its key in files, heading, unit ("mm", "%", "", "mm/s"...), what it is, its good way."""

    key: str
    heading: str
    unit: str
    about: str
    better: Literal["lower", "higher"] = "lower"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One sequence, activity or mean. values: by column key, None where it could not be measured.

    people are those of the truth that are judged; matched, missed and ghosts None where the mode does not count them.
    """

    label: str
    values: Mapping[str, float | None]
    people: int
    matched: int | None
    missed: int | None
    ghosts: int | None
    kind: Literal["part", "mean", "pooled"] = "part"


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows like a paper's, in one mode and reading ("P1, 17 joints"); notes: alignment, units, joints, matching."""

    title: str
    mode: Mode
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class PersonErrors:
    """One entry for each true person who is judged, M in all, in the strict mode: plots and bootstraps are made of it.

    frames: M names of pictures; rows: (M,) row of the true person there; predicted: (M,) row of the prediction, -1: a
    miss; sequences: M labels; distance_m: (M,) of the true root from the camera; values: by column key (M,), NaN for a
    miss unless the metric counts misses; joint_error_m: (M, J) root-relative, NaN unknown; joints: J names.
    joint_failed: (M, J) bool, joints of found people that fail as the prediction lacks them (or its root), or None.
    interval: (M, 2) m, true_depth_m: (M,) for the reliability curve, or None.
    """

    frames: tuple[str, ...]
    rows: np.ndarray
    predicted: np.ndarray
    sequences: tuple[str, ...]
    distance_m: np.ndarray
    values: Mapping[str, np.ndarray]
    joint_error_m: np.ndarray
    joints: tuple[str, ...]
    joint_failed: np.ndarray | None = None
    interval: np.ndarray | None = None
    true_depth_m: np.ndarray | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class ProtocolResult:
    """All that a protocol says of one method. ghosts: names of the pictures of predictions that match nobody."""

    protocol: str
    tables: tuple[Table, ...]
    people: PersonErrors | None = None
    ghosts: tuple[str, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
