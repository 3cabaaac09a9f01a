"""Tables of the multi-skeleton study from its cells, in Markdown on stdout: `python -m recipes.multi_skeleton_page`."""

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from metricpose.models.multi_skeleton import WAYS

FOLDER = Path("docs/results/multi_skeleton")
PAPER = {
    "merged": ("91.9 / 67.3 / 63.2 / 69.9", "72.5 / 48.3 / 79.5 / 69.7"),
    "separate": ("84.6 / 59.0 / 70.1 / 66.0", "61.8 / 43.4 / 83.8 / 71.1"),
    "consistent": ("81.8 / 57.8 / 72.5 / 72.9", "61.5 / 43.0 / 84.0 / 71.9"),
    "latent": ("83.0 / 58.9 / 71.4 / 71.2", "62.0 / 43.6 / 84.0 / 71.7"),
    "hybrid": ("82.7 / 58.5 / 71.6 / 72.1", "61.8 / 43.3 / 84.0 / 71.8"),
}
"""Sarandi et al. (WACV 2023), 28 data sets: MPJPE mm / PA-MPJPE mm / PCK@100 % / CPS@200 % on MuPoTS-3D and on 3DPW."""
FIGURES = ("mpjpe_mm", "pa_mpjpe_mm", "pck100", "cps200")
LABELS = ("merged (one skeleton)", "separate heads", "consistency", "direct latents", "hybrid")
LABEL_OF = dict(zip(WAYS, LABELS, strict=True))

Cell = dict[str, Any]


def read_cells(folder: Path) -> list[Cell]:
    """All of a folder, by way, data sets and seed."""
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]


def chosen(cells: Sequence[Cell], way: str, sets: int) -> list[Cell]:
    """Of one network, seed after seed."""
    return sorted((c for c in cells if (c["way"], c["sets"]) == (way, sets)), key=lambda c: c["seed"])


def over_skeletons(name: str, views: str = "one") -> Callable[[Cell], float]:
    """A figure's mean over the skeletons."""
    return lambda cell: float(np.mean([row[name] for row in cell[views]["skeletons"].values()]))


def of_skeleton(skeleton: str, name: str, views: str = "one") -> Callable[[Cell], float]:
    """A figure of one skeleton."""
    return lambda cell: float(cell[views]["skeletons"][skeleton][name])


def apart(name: str, views: str = "one") -> Callable[[Cell], float]:
    """A disagreement between heads."""
    return lambda cell: float(cell[views]["disagreement"][name])


def spread(cells: Sequence[Cell], figure: Callable[[Cell], float]) -> str:
    """Mean and standard deviation over seeds."""
    values = [figure(cell) for cell in cells]
    return f"{np.mean(values):.1f} ± {np.std(values, ddof=1) if len(values) > 1 else 0:.1f}"


def ways_table(cells: Sequence[Cell], views: str) -> list[str]:
    """One row for each way, over all skeletons."""
    head = "| | MPJPE mm | PA-MPJPE mm | PCK@100 % | CPS@200 % | heads apart in depth, mm | across, mm |"
    rows = [head, "|---" * 7 + "|"]
    for way in WAYS:
        own = chosen(cells, way, 6)
        if own:
            figures = [over_skeletons(name, views) for name in FIGURES]
            figures += [apart(name, views) for name in ("depth_mm", "across_mm")]
            rows.append(f"| {LABEL_OF[way]} | " + " | ".join(spread(own, figure) for figure in figures) + " |")
    return rows


def paper_table() -> list[str]:
    """The paper's rows."""
    rows = ["| paper: MPJPE / PA-MPJPE / PCK@100 / CPS@200 | MuPoTS-3D | 3DPW |", "|---|---|---|"]
    return rows + [f"| {LABEL_OF[way]} | {' | '.join(PAPER[way])} |" for way in WAYS]


def sets_table(cells: Sequence[Cell]) -> list[str]:
    """On the skeleton that all networks answer."""
    rows = ["| data sets | " + " | ".join(("MPJPE mm", "PA-MPJPE mm", "PCK@100 %", "CPS@200 %", "root depth %")) + " |"]
    rows.append("|---" * 6 + "|")
    for sets in (1, 3, 6):
        own = chosen(cells, "separate", sets)
        figures = [of_skeleton("h36m17", name) for name in (*FIGURES, "mrpe_z_percent")]
        if own:
            rows.append(f"| {sets} | " + " | ".join(spread(own, figure) for figure in figures) + " |")
    return rows


def cut_table(cells: Sequence[Cell]) -> list[str]:
    """Whole people, and the same with the lower half out of the window."""
    rows = ["| | window | root depth off, % | its bias, % | MPJPE mm |", "|---" * 5 + "|"]
    for way in WAYS:
        for views, name in (("whole", "whole person"), ("upper_half", "upper half")):
            own = chosen(cells, way, 6)
            figures = [over_skeletons(key, views) for key in ("mrpe_z_percent", "z_bias_percent", "mpjpe_mm")]
            if own:
                shown = " | ".join(spread(own, figure) for figure in figures)
                rows.append(f"| {LABEL_OF[way]} | {name} | {shown} |")
    return rows


def pairs_table(cells: Sequence[Cell]) -> list[str]:
    """Each way beside separate heads, seed by seed: in how many it is better."""
    figures = {"MPJPE": (over_skeletons("mpjpe_mm"), -1), "CPS@200": (over_skeletons("cps200"), 1)}
    figures["heads apart in depth"] = (apart("depth_mm"), -1)
    rows = ["| better than separate heads, seeds | " + " | ".join(figures) + " |", "|---" * 4 + "|"]
    base = {cell["seed"]: cell for cell in chosen(cells, "separate", 6)}
    for way in WAYS:
        own = [cell for cell in chosen(cells, way, 6) if cell["seed"] in base]
        if way != "separate" and own:
            wins = [
                sum(sign * (figure(cell) - figure(base[cell["seed"]])) > 0 for cell in own)
                for figure, sign in figures.values()
            ]
            rows.append(f"| {LABEL_OF[way]} | " + " | ".join(f"{n} of {len(own)}" for n in wins) + " |")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description="Tables of the multi-skeleton study")
    parser.add_argument("--cells", type=Path, default=FOLDER)
    cells = read_cells(parser.parse_args().cells)
    tables = {
        "All skeletons, one crop": ways_table(cells, "one"),
        "All skeletons, five crops": ways_table(cells, "five"),
        "Seed by seed": pairs_table(cells),
        "The paper's": paper_table(),
        "H36M-17 by the number of data sets": sets_table(cells),
        "Cut off at the hips": cut_table(cells),
    }
    for title, rows in tables.items():
        print("\n".join((f"## {title}", "", *rows, "")))


if __name__ == "__main__":
    main()
