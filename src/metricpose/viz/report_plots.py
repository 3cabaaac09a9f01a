"""The plots of a report as plain values for plotly.js: traces, layout, and the same figures as a table.

Colours are the names of the page's CSS variables ("--a"), which the page replaces, so that they follow its theme.
Nothing here needs plotly.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from metricpose.evaluation.metrics import reliability_of_intervals
from metricpose.evaluation.protocols.result import Column, PersonErrors

NOMINAL = 0.9  # of PersonErrors.interval
PCK_MM = 150.0
_MOST_BINS = 10
_LEAST_IN_BIN = 5
_ROUNDING = 1e-9  # 3.0 m lies in the bin from 3.0 m on, though 3.0 / 0.2 is below 15
_STEPS_M = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
_THRESHOLDS_MM = np.arange(0.0, 301.0, 5.0)
_LEVELS = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99])
_COLOURS = ("--a", "--b")
_BANDS = ("--a-band", "--b-band")
Methods = Mapping[str, PersonErrors]


@dataclass(frozen=True, kw_only=True)
class Plot:
    """One figure of the page. traces and layout are plotly.js's; headings and rows say the same as a table."""

    key: str
    title: str
    caption: str
    traces: tuple[Mapping[str, Any], ...]
    layout: Mapping[str, Any]
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    height_px: int = 360


class Bin(NamedTuple):
    """People between two distances: quartiles of a metric (low, median, high), and how many they are."""

    near_m: float
    far_m: float
    quartiles: tuple[float, float, float]
    people: int


def report_plots(methods: Methods, columns: Sequence[Column]) -> list[Plot]:
    """All plots for which one or two methods give the figures, by the method's name; none of nobody."""
    found = [error_by_joint(methods), pck_curve(methods)]
    found += [error_by_distance(methods, column) for column in _distance_columns(methods, columns)]
    found.append(reliability(methods))
    return [plot for plot in found if plot is not None]


def error_by_joint(methods: Methods) -> Plot | None:
    """Mean error of each joint with the roots at one place, and its 90th percentile: of the people found."""
    joints = next(iter(methods.values())).joints
    stated = {name: p for name, p in methods.items() if p.joints == joints and np.isfinite(p.joint_error_m).any()}
    if not stated:
        return None
    traces, columns = [], []
    for (name, people), colour in zip(stated.items(), _COLOURS):
        means, high = _mean_and_high(1000.0 * people.joint_error_m)
        traces.append(_bars(name, joints, means, colour))
        traces.append(_ticks(name, joints, high, colour))
        columns += [means, high]
    headings = [h for name in stated for h in (f"{name}: mean (mm)", f"{name}: 90th percentile (mm)")]
    return Plot(
        key="joints",
        title="Error by joint",
        caption="Distance of each joint from its true place with the roots at one place, of the people found: mean "
        "(bar) and 90th percentile (line). Joints that a prediction lacks are left out.",
        traces=tuple(traces),
        layout={
            "xaxis": {"title": {"text": "mm"}, "rangemode": "tozero"},
            "yaxis": {"autorange": "reversed", "showgrid": False},
            "barmode": "group",
            "scattermode": "group",  # each tick beside its own bar
            "bargap": 0.3,
            "hovermode": "y unified",
        },
        headings=("joint", *headings),
        rows=tuple((joint, *(_mm(c[j]) for c in columns)) for j, joint in enumerate(joints)),
        height_px=110 + (20 + 8 * len(stated)) * len(joints),
    )


def error_by_distance(methods: Methods, column: Column) -> Plot | None:
    """Median and middle half of a metric over bins of the true distance; None where no bin holds enough people."""
    stated = {name: _with_distance(p, column.key) for name, p in methods.items() if column.key in p.values}
    edges = distance_bins(np.concatenate([distance for distance, _ in stated.values()] or [np.zeros(0)]))
    if len(edges) < 2:
        return None
    traces, rows = [], []
    found = {name: binned(distance_m, values, edges) for name, (distance_m, values) in stated.items()}
    shown = [b for bins in found.values() for b in bins if b.people >= _LEAST_IN_BIN]
    if not shown:
        return None
    for index, (name, bins) in enumerate(found.items()):
        rows += [(f"{b.near_m:g} - {b.far_m:g} m", name, *map(_mm, b.quartiles), str(b.people)) for b in bins]
        traces += _band(name, [b for b in bins if b.people >= _LEAST_IN_BIN], index, column.unit)
    unit = f" ({column.unit})" if column.unit else ""
    return Plot(
        key=f"distance-{column.key}",
        title=f"{column.heading} by distance",
        caption=f"{column.heading} ({column.about}) against the true distance from the camera: median and the middle "
        f"half of the people of each bin. Bins hold the middle 98 % of the distances; those of fewer than "
        f"{_LEAST_IN_BIN} people are only in the table.",
        traces=tuple(traces),
        layout={
            "xaxis": {
                "title": {"text": "true distance (m)"},
                "range": [min(b.near_m for b in shown), max(b.far_m for b in shown)],
            },
            "yaxis": {"title": {"text": f"{column.heading}{unit}"}, "rangemode": "tozero"},
            "hovermode": "x unified",
        },
        headings=("distance", "method", "lower quartile", "median", "upper quartile", "people"),
        rows=tuple(rows),
    )


def pck_curve(methods: Methods) -> Plot | None:
    """Share of joints strictly within each threshold, roots at one place: of people found, and of all people."""
    stated = {name: p for name, p in methods.items() if np.isfinite(p.joint_error_m).any()}
    if not stated:
        return None
    traces, curves = [], {}
    for (name, people), colour in zip(stated.items(), _COLOURS):
        found, everyone = pck_shares(people, _THRESHOLDS_MM)
        curves |= {f"{name}: found": found, f"{name}: all": everyone}
        traces.append(_line(f"{name}, people found", _THRESHOLDS_MM, found, colour, "%{y:.1f} %"))
        traces.append(_line(f"{name}, misses fail", _THRESHOLDS_MM, everyone, colour, "%{y:.1f} %", dash="dot"))
    return Plot(
        key="pck",
        title="Joints within a threshold (PCK)",
        caption=f"Share of a person's joints nearer than the threshold, roots at one place, averaged over people. "
        f"Dotted: all true people, those not found counted as failures. The field reads it at {PCK_MM:.0f} mm.",
        traces=tuple(traces),
        layout={
            "xaxis": {"title": {"text": "threshold (mm)"}, "range": [0, float(_THRESHOLDS_MM[-1])]},
            "yaxis": {"title": {"text": "joints (%)"}, "range": [0, 101]},
            "shapes": [_upright(PCK_MM)],
            "hovermode": "x unified",
        },
        headings=("threshold (mm)", *(f"{name} (%)" for name in curves)),
        rows=tuple(
            (f"{t:.0f}", *(f"{curve[i]:.1f}" for curve in curves.values()))
            for i, t in enumerate(_THRESHOLDS_MM)
            if t % 25 == 0
        ),
    )


def reliability(methods: Methods) -> Plot | None:
    """Observed against nominal coverage of depth intervals."""
    stated = {name: p for name, p in methods.items() if p.interval is not None and _covered(p, _LEVELS) is not None}
    if not stated:
        return None
    traces: list[Mapping[str, Any]] = [
        _line("as promised", 100 * _LEVELS, 100 * _LEVELS, "--soft", "%{y:.0f} %", dash="dash", width=1)
    ]
    curves = {name: _covered(people, _LEVELS) for name, people in stated.items()}
    for (name, curve), colour in zip(curves.items(), _COLOURS):
        traces.append(_line(name, 100 * _LEVELS, curve, colour, "%{y:.1f} %", marks=True))
    widths = "; ".join(f"{name}: mean width {_mean_width_m(people):.2f} m" for name, people in stated.items())
    return Plot(
        key="reliability",
        title="Reliability of the depth intervals",
        caption="How many true depths lie inside the stated intervals. Intervals are stated at 90 %; other levels are "
        f"the same intervals, scaled as a normal distribution of log depth would be. 90 % intervals: {widths}.",
        traces=tuple(traces),
        layout={
            "xaxis": {"title": {"text": "promised (%)"}, "range": [0, 101]},
            "yaxis": {"title": {"text": "observed (%)"}, "range": [0, 101]},
            "shapes": [_upright(100 * NOMINAL)],
            "hovermode": "x unified",
        },
        headings=("promised (%)", *(f"{name} (%)" for name in curves)),
        rows=tuple(
            (f"{100 * level:.0f}", *("-" if c is None else f"{c[i]:.1f}" for c in curves.values()))
            for i, level in enumerate(_LEVELS)
        ),
    )


def distance_bins(distance_m: np.ndarray) -> np.ndarray:
    """Edges (N + 1,) of at most ten bins of a round width that hold 98 % of the distances; () for none.

    The bin width is the least of 0.1, 0.2, 0.5, 1, ... m that suffices.
    """
    if not len(distance_m):
        return np.zeros(0)
    low = np.percentile(distance_m, 1, method="lower")
    high = np.percentile(distance_m, 99, method="higher")
    for step in _STEPS_M:
        first, last = np.floor(low / step + _ROUNDING), np.floor(high / step + _ROUNDING) + 1
        if last - first <= _MOST_BINS:
            return np.round(np.arange(first, last + 1) * step, 6)
    return np.array([np.floor(low), np.ceil(high) + 1])


def binned(distance_m: np.ndarray, values: np.ndarray, edges: np.ndarray) -> list[Bin]:
    """The bins with somebody in them; each holds its near edge and not its far one."""
    found = []
    for low, high in pairwise(edges):
        inside = values[(low <= distance_m) & (distance_m < high)]
        if len(inside):
            low_q, middle, high_q = (float(q) for q in np.percentile(inside, [25, 50, 75]))
            found.append(Bin(float(low), float(high), (low_q, middle, high_q), len(inside)))
    return found


def pck_shares(people: PersonErrors, thresholds_mm: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share in % of known joints strictly nearer than each threshold, mean over people: found, all (misses are 0).

    Joints that the prediction lacks and the truth knows (`joint_failed`) are never near.
    """
    errors_mm = 1000.0 * people.joint_error_m
    measured = np.isfinite(errors_mm)
    known = measured if people.joint_failed is None else measured | people.joint_failed
    counted = known.any(axis=1) & (people.predicted >= 0)
    missed = int((people.predicted < 0).sum())
    near = [(np.where(measured, errors_mm, np.inf)[counted] < t).sum(axis=1) for t in thresholds_mm]
    shares = np.array([(n / known[counted].sum(axis=1)).sum() for n in near])
    return 100.0 * shares / max(1, counted.sum()), 100.0 * shares / max(1, counted.sum() + missed)


def coverage(people: PersonErrors, levels: np.ndarray) -> np.ndarray:
    """Observed coverage in % at nominal levels (L,), of the people with an interval; NaN where nobody has one.

    As `metrics.reliability_of_intervals` has it; the median is taken to lie in the middle of the logarithms of the
    interval's ends, or in the middle of the ends where one is not positive.
    """
    if people.interval is None or people.true_depth_m is None:
        return np.full(len(levels), np.nan)
    ends, true = people.interval, np.asarray(people.true_depth_m)
    stated = np.isfinite(ends).all(axis=1) & np.isfinite(true)
    positive = bool((ends[stated] > 0).all() and (true[stated] > 0).all())
    middle = np.sqrt(ends[stated].prod(axis=1)) if positive else ends[stated].mean(axis=1)
    found = reliability_of_intervals(
        ends[stated], middle, true[stated], levels=tuple(levels.tolist()), logarithmic=positive
    )
    return 100.0 * np.array(found.observed)


def _covered(people: PersonErrors, levels: np.ndarray) -> np.ndarray | None:
    observed = coverage(people, levels)
    return None if np.isnan(observed).any() else observed


def _mean_width_m(people: PersonErrors) -> float:
    return 0.0 if people.interval is None else float(np.nanmean(people.interval[:, 1] - people.interval[:, 0]))


def _distance_columns(methods: Methods, columns: Sequence[Column]) -> list[Column]:
    """The root's error and the joints', or whatever is there in mm."""
    stated = [c for c in columns if c.unit == "mm" and all(c.key in p.values for p in methods.values())]
    known = [c for key in ("mrpe", "mpjpe") for c in stated if c.key == key]
    return known or stated[:2]


def _with_distance(people: PersonErrors, key: str) -> tuple[np.ndarray, np.ndarray]:
    values = np.asarray(people.values[key], np.float64)
    stated = np.isfinite(values) & np.isfinite(people.distance_m)
    return np.asarray(people.distance_m)[stated], values[stated]


def _mean_and_high(errors_mm: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and 90th percentile (J,) of errors (M, J); NaN for a joint that nobody has."""
    means, high = np.full((2, errors_mm.shape[1]), np.nan)
    for joint, column in enumerate(errors_mm.T):
        known = column[np.isfinite(column)]
        if len(known):
            means[joint], high[joint] = known.mean(), np.percentile(known, 90)
    return means, high


def _bars(name: str, joints: Sequence[str], values: np.ndarray, colour: str) -> dict[str, Any]:
    return {
        "type": "bar",
        "orientation": "h",
        "name": name,
        "y": list(joints),
        "x": _numbers(values),
        "offsetgroup": name,
        "marker": {"color": colour},
        "hovertemplate": "%{x:.1f} mm",
    }


def _ticks(name: str, joints: Sequence[str], values: np.ndarray, colour: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "orientation": "h",
        "name": f"{name}, 90th percentile",
        "y": list(joints),
        "x": _numbers(values),
        "offsetgroup": name,
        "showlegend": False,
        "marker": {"symbol": "line-ns-open", "size": 11, "color": colour, "line": {"width": 2.5}},
        "hovertemplate": "%{x:.1f} mm",
    }


def _line(
    name: str,
    x: np.ndarray,
    y: np.ndarray | None,
    colour: str,
    hover: str,
    *,
    dash: str = "solid",
    width: float = 2.5,
    marks: bool = False,
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers" if marks else "lines",
        "name": name,
        "x": _numbers(x),
        "y": _numbers(np.zeros(0) if y is None else y),
        "line": {"color": colour, "width": width, "dash": dash},
        "hovertemplate": hover,
    }


def _band(name: str, bins: Sequence[Bin], index: int, unit: str) -> list[dict[str, Any]]:
    """A line of medians on the band of the middle half."""
    centres = np.array([(b.near_m + b.far_m) / 2 for b in bins])
    quartiles = np.array([b.quartiles for b in bins]).reshape(-1, 3)
    colour, fill = _COLOURS[index], _BANDS[index]
    edge = {"line": {"width": 0, "color": colour}, "mode": "lines", "showlegend": False, "hoverinfo": "skip"}
    shared = {"type": "scatter", "x": _numbers(centres), "legendgroup": name}
    return [
        {**shared, **edge, "name": f"{name}, lower", "y": _numbers(quartiles[:, 0])},
        {**shared, **edge, "name": f"{name}, upper", "y": _numbers(quartiles[:, 2]), "fill": "tonexty"}
        | {"fillcolor": fill},
        {
            **shared,
            "mode": "lines+markers",
            "name": name,
            "y": _numbers(quartiles[:, 1]),
            "line": {"color": colour, "width": 2.5},
            "customdata": [b.people for b in bins],
            "hovertemplate": f"%{{y:.1f}} {unit}, %{{customdata}} people",
        },
    ]


def _upright(x: float) -> dict[str, Any]:
    """A thin line across the plot."""
    line = {"color": "--soft", "width": 1, "dash": "dot"}
    return {"type": "line", "x0": x, "x1": x, "yref": "paper", "y0": 0, "y1": 1, "line": line}


def _numbers(values: np.ndarray) -> list[float | None]:
    return [round(float(v), 4) if np.isfinite(v) else None for v in values]


def _mm(value: float) -> str:
    return f"{value:.1f}" if np.isfinite(value) else "-"
