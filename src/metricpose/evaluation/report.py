"""What an evaluation found: figures with units, counts, and where they come from; as text and as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any

from metricpose._errors import InputError

SCHEMA = "metricpose.report/1"
OVERALL = "all"


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric's key in files, its heading in tables, its unit, and what it is."""

    key: str
    heading: str
    unit: str
    about: str


METRICS = (
    Metric(key="mrpe", heading="MRPE", unit="mm", about="distance of the root from its true place"),
    Metric(key="mrpe_x", heading="_x", unit="mm", about="mean absolute error of the root to the right"),
    Metric(key="mrpe_y", heading="_y", unit="mm", about="mean absolute error of the root downwards"),
    Metric(key="mrpe_z", heading="_z", unit="mm", about="mean absolute error of the root's depth"),
    Metric(key="mrpe_z_percent", heading="_z%", unit="%", about="mean |depth error| / true depth"),
    Metric(key="z_bias_percent", heading="bias%", unit="%", about="mean signed depth error / true depth; + is too far"),
    Metric(key="mpjpe", heading="MPJPE", unit="mm", about="joint error with the roots at one place"),
    Metric(key="pa_mpjpe", heading="PA", unit="mm", about="MPJPE after the best similarity per person"),
    Metric(key="n_mpjpe", heading="N", unit="mm", about="MPJPE after the best scale per person"),
    Metric(key="pck_abs", heading="PCKa", unit="%", about="joints within 150 mm, nothing aligned, of matched people"),
    Metric(key="pck_abs_all", heading="PCKall", unit="%", about="the same of all people, misses counted as failures"),
    Metric(key="coverage", heading="cover", unit="%", about="true root depths inside the 90 % interval"),
    Metric(key="width_percent", heading="width", unit="%", about="width of the 90 % interval / true depth"),
    Metric(key="sigma_coverage", heading="sigma", unit="%", about="joints inside the 90 % ball of their sigma"),
)


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A mean over n people. value is None where there was nobody; standard_error (by picture: people of one picture
    are not independent) is None with fewer than two pictures."""

    metric: str
    unit: str
    value: float | None
    standard_error: float | None
    n: int


@dataclass(frozen=True, kw_only=True)
class GroupRow:
    """One group of true people. ghosts is None where inventions cannot belong to a group (tags of true people)."""

    group: str
    people: int
    matched: int
    misses: int
    ghosts: int | None
    figures: tuple[Figure, ...]

    def __getitem__(self, metric: str) -> Figure:
        for figure in self.figures:
            if figure.metric == metric:
                return figure
        raise InputError(
            f"report: expected a metric among {', '.join(f.metric for f in self.figures)}, got {metric!r}; choose one"
        )


@dataclass(frozen=True, kw_only=True)
class Report:
    """Rows (the first is everyone), the joints that were compared, how people were matched, and provenance."""

    rows: tuple[GroupRow, ...]
    joints: tuple[str, ...]
    images: int
    matching: str
    provenance: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def overall(self) -> GroupRow:
        return self.rows[0]

    def group(self, name: str) -> GroupRow:
        """The row of a group, or InputError that lists the groups."""
        for row in self.rows:
            if row.group == name:
                return row
        raise InputError(f"report: expected a group among {', '.join(r.group for r in self.rows)}, got {name!r}")

    def to_json(self) -> dict[str, Any]:
        """Plain values for json.dumps; figures that could not be measured are null."""
        return {
            "schema": SCHEMA,
            "matching": self.matching,
            "images": self.images,
            "joints": list(self.joints),
            "provenance": dict(self.provenance),
            "metrics": {metric.key: {"unit": metric.unit, "about": metric.about} for metric in METRICS},
            "groups": [asdict(row) for row in self.rows],
        }

    def to_text(self) -> str:
        """A table with one line per group, the standard errors of the first, and what was compared below."""
        lines = _table([(row.group, row) for row in self.rows], errors_of=self.overall)
        lines += [
            "",
            "mm unless marked %; people, missed and invented are counts; +- is one standard error by picture",
            f"matching: {self.matching}",
            f"joints compared ({len(self.joints)}): {', '.join(self.joints)}",
        ]
        lines += [f"{key}: {value}" for key, value in self.provenance.items()]
        return "\n".join(lines)


def comparison(reports: Mapping[str, Report], group: str = OVERALL) -> str:
    """Several methods in one table, one line each, on one group of people."""
    return "\n".join(_table([(name, report.group(group)) for name, report in reports.items()]))


def _table(rows: Sequence[tuple[str, GroupRow]], errors_of: GroupRow | None = None) -> list[str]:
    header = ["", "people", "miss", "ghost", *(metric.heading for metric in METRICS)]
    cells = [header] + [[name, *_counts(row), *(_number(row[m.key].value) for m in METRICS)] for name, row in rows]
    if errors_of is not None:
        cells.insert(2, ["+-", "", "", "", *(_number(errors_of[m.key].standard_error) for m in METRICS)])
    widths = [max(len(line[column]) for line in cells) for column in range(len(header))]
    return ["  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]).rstrip() for line in cells]


def _counts(row: GroupRow) -> list[str]:
    return [str(row.people), str(row.misses), "-" if row.ghosts is None else str(row.ghosts)]


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}"
