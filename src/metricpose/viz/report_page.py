"""One file of HTML that reports what a protocol found: tables, plots, worst cases. No network, any browser."""

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from html import escape
from importlib import resources
from pathlib import Path

from metricpose._errors import InputError, MissingExtraError
from metricpose.evaluation.against import COMPARISON_HEADINGS, Comparison, comparison_cells, person_columns
from metricpose.evaluation.protocols.result import Column, PersonErrors, ProtocolResult, Row, Table
from metricpose.io.atomic import write_text
from metricpose.people.frame import PeopleFrame
from metricpose.viz.report_cases import Case, case, missed_people, ranking_column, worst_people
from metricpose.viz.report_plots import Plot, report_plots

WORST, MISSED = 8, 4
_NO_FIGURE = "\N{EN DASH}"


def report_page(
    results: Mapping[str, ProtocolResult],
    *,
    truth: Sequence[PeopleFrame] = (),
    predicted: Sequence[PeopleFrame] = (),
    comparison: Comparison | None = None,
    title: str | None = None,
) -> str:
    """The page as text; it holds plotly.js (5 MB), loads nothing and says so to the browser.

    Its Content-Security-Policy names the page's own scripts by their hashes, so that no other one can run.

    Args:
        results: one or two methods' results of one protocol, by the method's name. The first is the page's subject;
            the second has its tables and stands in the plots beside the first.
        truth, predicted: frames of the truth and of the first method, to draw worst cases of; none is fine.
        comparison: of the two methods.
        title: of the page; by default the protocol and the methods.

    Raises:
        InputError: no method or more than two, or results of several protocols.
        MissingExtraError: plotly is not installed (extra "report").
    """
    protocol = _one_protocol(results)
    bundle = _plotly_js()
    title = title or f"{protocol}: {' against '.join(results)}"
    plots = _plots(results)
    scripts = {"bundle": bundle, "script": _part("report.js")}
    parts = {
        "title": escape(title),
        "policy": " ".join(f"'sha256-{_digest(text)}'" for text in scripts.values()),
        "style": _part("report.css"),
        "summary": _summary(results),
        "comparison": "" if comparison is None else _comparison_section(comparison),
        "tables": "".join(_tables(name, result, len(results) > 1) for name, result in results.items()),
        "plots": _plots_section(plots),
        "cases": _cases_section(next(iter(results.values())), truth, predicted),
        "provenance": "".join(_provenance(name, result) for name, result in results.items()),
        "data": _json_in_html({plot.key: {"traces": plot.traces, "layout": plot.layout} for plot in plots}),
        **scripts,
    }
    # In one pass, so that nothing in the data is taken for a place to fill.
    return re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], _part("report.html"))


def write_report_page(
    path: str | Path,
    results: Mapping[str, ProtocolResult],
    *,
    truth: Sequence[PeopleFrame] = (),
    predicted: Sequence[PeopleFrame] = (),
    comparison: Comparison | None = None,
    title: str | None = None,
) -> None:
    """Write `report_page` to a file, whole or not at all. Raises FileError where it cannot be written."""
    write_text(path, report_page(results, truth=truth, predicted=predicted, comparison=comparison, title=title))


def check_report_extra() -> None:
    """MissingExtraError where plotly is not installed; worth asking before long work."""
    try:
        import plotly.offline  # noqa: F401
    except ModuleNotFoundError as error:
        raise MissingExtraError("the report page", "report") from error


def _plotly_js() -> str:
    check_report_extra()
    from plotly.offline import get_plotlyjs

    # Nothing in the bundle may end its element, and browsers hash what they read, which has no carriage returns.
    return re.sub(r"</(?=script)", r"<\\/", get_plotlyjs(), flags=re.IGNORECASE).replace("\r\n", "\n")


def _one_protocol(results: Mapping[str, ProtocolResult]) -> str:
    protocols = sorted({result.protocol for result in results.values()})
    if not 1 <= len(results) <= 2:
        raise InputError(f"report: expected one or two methods, got {len(results)}; choose two")
    if len(protocols) > 1:
        raise InputError(f"report: expected results of one protocol, got {', '.join(protocols)}; judge again")
    return protocols[0]


def _plots(results: Mapping[str, ProtocolResult]) -> list[Plot]:
    people = {name: result.people for name, result in results.items() if result.people is not None}
    return report_plots(people, person_columns(next(iter(results.values())))) if people else []


def _summary(results: Mapping[str, ProtocolResult]) -> str:
    """A card per method: how many people were judged, found, missed, invented."""
    cards = []
    for letter, (name, result) in zip("AB", results.items()):
        figures = [
            ("true people", _people_count(result)),
            *_found(result.people),
            ("invented", str(len(result.ghosts))),
        ]
        said = "".join(f"<div><dt>{escape(what)}</dt><dd>{escape(value)}</dd></div>" for what, value in figures)
        called = f"{letter}: {name}" if len(results) > 1 else name  # the comparison's letters
        cards.append(f'<section class="card {letter.lower()}"><h2>{escape(called)}</h2><dl>{said}</dl></section>')
    return "".join(cards)


def _people_count(result: ProtocolResult) -> str:
    if result.people is not None:
        return f"{len(result.people.rows):,}"
    rows = [row for table in result.tables for row in table.rows]
    return f"{max((row.people for row in rows), default=0):,}"


def _found(people: PersonErrors | None) -> list[tuple[str, str]]:
    if people is None:
        return []
    missed = int((people.predicted < 0).sum())
    share = f" ({100 * missed / len(people.rows):.1f} %)" if len(people.rows) else ""
    return [
        ("pictures with people", f"{len(set(people.frames)):,}"),
        ("found", f"{len(people.rows) - missed:,}"),
        ("missed", f"{missed:,}{share}"),
    ]


def _tables(name: str, result: ProtocolResult, several: bool) -> str:
    heading = f"<h2>Results{f' of {escape(name)}' if several else ''}</h2>"
    return f"<section>{heading}{''.join(_table(table) for table in result.tables)}</section>"


def _table(table: Table) -> str:
    title = table.title.removeprefix(f"{table.mode}: ")  # the mode stands beside it
    notes = "".join(f"<li>{escape(note)}</li>" for note in table.notes)
    about = "".join(f"<dt>{escape(c.heading)}</dt><dd>{escape(_about(c))}</dd>" for c in table.columns)
    headings = ["", "people", "found", "missed", "invented", *(_heading(c) for c in table.columns)]
    head = "".join(f'<th scope="col">{cell}</th>' for cell in headings)
    body = "".join(_row(row, table.columns) for row in table.rows)
    return (
        f'<article><h3>{escape(title)} <span class="mode {table.mode}">{table.mode}</span></h3>'
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(title)}, {table.mode}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        f'<ul class="notes">{notes}</ul>'
        f'<details><summary>What the columns mean</summary><dl class="about">{about}</dl></details></article>'
    )


def _heading(column: Column) -> str:
    unit = f" <small>{escape(column.unit)}</small>" if column.unit else ""
    return f"{escape(column.heading)}{unit}"


def _about(column: Column) -> str:
    return f"{column.about}; {column.better} is better"


def _row(row: Row, columns: Sequence[Column]) -> str:
    counts = (row.people, row.matched, row.missed, row.ghosts)
    cells = [_NO_FIGURE if n is None else f"{n:,}" for n in counts]
    cells += [_value(row.values.get(c.key), c.unit) for c in columns]
    said = "".join(f"<td>{cell}</td>" for cell in cells)
    return f'<tr class="{row.kind}"><th scope="row">{escape(row.label)}</th>{said}</tr>'


def _value(value: float | None, unit: str) -> str:
    """Shares without a unit need three places."""
    return _NO_FIGURE if value is None else f"{value:,.1f}" if unit else f"{value:.3f}"


def _comparison_section(comparison: Comparison) -> str:
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in COMPARISON_HEADINGS)
    body = ""
    for difference in comparison.differences:
        first, *others = comparison_cells(difference)
        clear = "" if difference.clear is None else f' class="clear-{difference.clear.lower()}"'
        cells = "".join(f"<td>{escape(cell)}</td>" for cell in others)
        body += f'<tr{clear}><th scope="row">{escape(first)}</th>{cells}</tr>'
    notes = "".join(f"<li>{escape(note)}</li>" for note in comparison.notes())
    return (
        '<section><h2>Side by side</h2><div class="scroll" tabindex="0" role="region" aria-label="Side by side">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        f'<ul class="notes">{notes}</ul></section>'
    )


def _plots_section(plots: Sequence[Plot]) -> str:
    if not plots:
        return ""
    return f'<section><h2>Plots</h2><div class="plots">{"".join(map(_plot, plots))}</div></section>'


def _plot(plot: Plot) -> str:
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in plot.headings)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in plot.rows)
    return (
        f'<figure class="plot"><h3>{escape(plot.title)}</h3>'
        f'<div class="canvas" data-plot="{escape(plot.key)}" data-height="{plot.height_px}" role="img" '
        f'aria-label="{escape(plot.title)}"></div>'
        f"<figcaption>{escape(plot.caption)}</figcaption>"
        f'<details><summary>The figures as a table</summary><div class="scroll" tabindex="0" role="region" '
        f'aria-label="{escape(plot.title)}, figures"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody>'
        "</table></div></details></figure>"
    )


def _cases_section(result: ProtocolResult, truth: Sequence[PeopleFrame], predicted: Sequence[PeopleFrame]) -> str:
    people, columns = result.people, person_columns(result)
    if people is None:
        return ""
    by_name = {frame.name: frame for frame in truth}, {frame.name: frame for frame in predicted}
    ranking = ranking_column(people, columns)
    worst = [] if ranking is None else worst_people(people, ranking, WORST)
    sections = []
    if ranking is not None and worst:
        about = (
            f"The people found whose {ranking.heading} is worst, one per picture. Grey: truth; coloured: prediction, "
            "left limbs blue and right ones orange."
        )
        sections.append(_cards("Worst cases", about, [case(people, i, columns, *by_name) for i in worst]))
    missed = missed_people(people, MISSED)
    if missed:
        about = "Some of the true people whom no prediction stands for."
        sections.append(_cards("Missed people", about, [case(people, i, columns, *by_name) for i in missed]))
    return "".join(sections)


def _cards(heading: str, about: str, cases: Sequence[Case]) -> str:
    cards = "".join(map(_card, cases))
    return f'<section><h2>{heading}</h2><p class="notes">{escape(about)}</p><div class="cases">{cards}</div></section>'


def _card(shown: Case) -> str:
    numbers = "".join(f"<div><dt>{escape(what)}</dt><dd>{escape(value)}</dd></div>" for what, value in shown.numbers)
    sequence = f'<p class="notes">{escape(shown.sequence)}</p>' if shown.sequence else ""
    return (
        f'<article class="case"><h3>{escape(shown.frame)}</h3>{sequence}<div class="panels">{"".join(shown.drawings)}'
        f"</div><dl>{numbers}</dl></article>"
    )


def _provenance(name: str, result: ProtocolResult) -> str:
    said = {"protocol": result.protocol, **result.provenance}
    lines = "".join(f"<dt>{escape(str(key))}</dt><dd>{escape(str(value))}</dd>" for key, value in said.items())
    return f'<h3>{escape(name)}</h3><dl class="about">{lines}</dl>'


def _part(name: str) -> str:
    return (resources.files("metricpose.viz") / "report" / name).read_text(encoding="utf-8")


def _digest(script: str) -> str:
    """What Content-Security-Policy calls a script's hash: of the text between the tags, to the letter."""
    return base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")


def _json_in_html(data: object) -> str:
    """JSON that no HTML parser takes for the end of its element."""
    text = json.dumps(data, allow_nan=False, separators=(",", ":"), ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
