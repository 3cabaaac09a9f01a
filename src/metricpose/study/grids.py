"""Figures of cells as grids: one grid per method, training sets down, tests across, all seeds in depth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from metricpose.study.cell import Cell

TITLES: Mapping[str, str] = {
    "tbs": "TBS: box size, corrected",
    "tif": "TIF: pooled features",
    "bdr": "BDR: depth map of joints",
    "de": "DE: depth map of roots",
    "ren": "REN: DE and gated volume",
    "pen": "PEN: DE, REN and poses",
    "ren_ungated": "REN without the gate",
    "pen_ungated": "PEN after REN without the gate",
    "ray": "ray lifter, lens known",
    "ray_posed": "ray lifter, tilt and height known",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Grid:
    """Of one method, by its name among TITLES: values (training sets, tests, seeds) of one figure."""

    method: str
    trained: tuple[str, ...]
    tests: tuple[str, ...]
    values: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        """(training sets, tests) over the seeds."""
        return self.values.mean(-1)

    @property
    def spread(self) -> np.ndarray:
        """(training sets, tests): standard deviation over the seeds, 0 for a single one."""
        if self.values.shape[-1] < 2:
            return np.zeros(self.values.shape[:2])
        return self.values.std(-1, ddof=1)

    def of(self, trained: str, test: str) -> np.ndarray:
        """(seeds,)."""
        return self.values[self.trained.index(trained), self.tests.index(test)]


def grids(cells: Sequence[Cell], figure: str = "mrpe_z_mm") -> dict[str, Grid]:
    """A grid for each answer of the cells, in the order of TITLES; the cells of each answer must be complete."""
    trained = tuple(dict.fromkeys(cell.key.trained_on for cell in cells))
    seeds = sorted({cell.key.seed for cell in cells})
    by_place: dict[str, dict[tuple[str, int], Mapping[str, Mapping[str, float]]]] = {}
    for cell in cells:
        for answer, tests in cell.figures.items():
            by_place.setdefault(answer, {})[cell.key.trained_on, cell.key.seed] = tests
    made = {}
    for answer in (name for name in TITLES if name in by_place):
        places = by_place[answer]
        tests = tuple(next(iter(places.values())))
        values = [[[places[t, seed][test][figure] for seed in seeds] for test in tests] for t in trained]
        made[answer] = Grid(method=answer, trained=trained, tests=tests, values=np.array(values))
    return made


def markdown_grid(millimetres: Grid, percent: Grid, own: Mapping[str, str] | None = None) -> str:
    """A table: mean and spread in mm, and the mean in % of depth. own: for each training set the test whose figure is
    that of its own kind, in italics; the best of a column is bold."""
    lines = ["| trained on \\ tested on | " + " | ".join(millimetres.tests) + " |"]
    lines.append("|---" * (len(millimetres.tests) + 1) + "|")
    best = millimetres.mean.argmin(0)
    for row, trained in enumerate(millimetres.trained):
        texts = []
        for column, test in enumerate(millimetres.tests):
            mean, spread = millimetres.mean[row, column], millimetres.spread[row, column]
            number = f"**{mean:.0f}**" if best[column] == row else f"{mean:.0f}"
            text = f"{number} ± {spread:.0f} ({percent.mean[row, column]:.1f} %)"
            texts.append(f"_{text}_" if own is not None and own.get(trained) == test else text)
        lines.append(f"| {trained} | " + " | ".join(texts) + " |")
    return "\n".join(lines)
