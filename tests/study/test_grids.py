"""From cells to grids, tables, plots and verdicts, on numbers made by hand."""

import io

import numpy as np
import pytest
from PIL import Image

from metricpose.study.cell import Cell, CellKey
from metricpose.study.grids import Grid, grids, markdown_grid
from metricpose.study.learner import Effort
from metricpose.study.plot import plotted
from metricpose.study.verdicts import camera_verdicts, module_verdicts, own_verdicts, variety_verdicts

FIXED = ("low", "hall", "ceiling")
EFFORT = Effort(steps=1, scenes=1, test_scenes=1)


def _cell(method: str, trained_on: str, seed: int, by_test: dict[str, float]) -> Cell:
    key = CellKey(world="w", method=method, trained_on=trained_on, seed=seed, effort=EFFORT, poses="mocap")
    figures = {method: {test: {"mrpe_z_mm": value, "mrpe_z_percent": value / 50} for test, value in by_test.items()}}
    return Cell(key=key, figures=figures, seconds=1.0)


def _cameras(off: float, own: float, random: float, seeds: int = 2) -> Grid:
    values = np.full((4, 3), off)
    np.fill_diagonal(values, own)
    values[3] = random
    stacked = np.stack([values + seed for seed in range(seeds)], -1)
    return Grid(method="de", trained=(*FIXED, "random"), tests=FIXED, values=stacked)


def test_a_grid_holds_each_cell_in_its_place():
    cells = [_cell("de", t, s, {"a": 100.0 + s, "b": 200.0 + 2 * s}) for s in (0, 1) for t in ("x", "y")]
    grid = grids(cells)["de"]
    assert (grid.trained, grid.tests, grid.values.shape) == (("x", "y"), ("a", "b"), (2, 2, 2))
    assert grid.of("y", "b").tolist() == [200.0, 202.0]
    assert grid.mean[1, 1] == 201.0 and grid.spread[1, 1] == pytest.approx(2**0.5)
    one = grids(cells[:2])["de"]
    assert one.spread.tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_a_table_marks_the_best_of_a_column_and_the_own_test():
    cells = [_cell("de", "x", 0, {"x": 100.0, "y": 300.0}), _cell("de", "y", 0, {"x": 250.0, "y": 90.4})]
    text = markdown_grid(grids(cells)["de"], grids(cells, "mrpe_z_percent")["de"], {"x": "x", "y": "y"})
    assert text.splitlines() == [
        r"| trained on \ tested on | x | y |",
        "|---|---|---|",
        "| x | _**100** ± 0 (2.0 %)_ | 300 ± 0 (6.0 %) |",
        "| y | 250 ± 0 (5.0 %) | _**90** ± 0 (1.8 %)_ |",
    ]


def _holds(verdicts) -> list[bool]:
    return [verdict.holds for verdict in verdicts]


def test_verdicts_on_cameras():
    assert _holds(camera_verdicts({"de": _cameras(500, 100, 200)}, FIXED, "random")) == [True, True, True]
    assert _holds(camera_verdicts({"de": _cameras(150, 100, 200)}, FIXED, "random")) == [False, False, True]
    assert _holds(camera_verdicts({"de": _cameras(600, 250, 200)}, FIXED, "random")) == [True, True, False]


def test_random_must_win_with_every_seed():
    grid = _cameras(500, 100, 200, seeds=3)
    grid.values[3, 1, 2] = 600.0  # random's third seed on the hall
    verdict = camera_verdicts({"de": grid}, FIXED, "random")[1]
    assert not verdict.holds and "16 of 18 pairs" in verdict.evidence
    grid.values[3, 1, 2] = 501.5  # better than the others of its own seed, not than those of the first
    verdict = camera_verdicts({"de": grid}, FIXED, "random")[1]
    assert not verdict.holds and "18 of 18 pairs" in verdict.evidence and "1.00 times" in verdict.evidence


def _column(method: str, *values: float) -> Grid:
    return Grid(method=method, trained=("hall",), tests=("hall",), values=np.array([[values]], float))


def test_verdicts_on_modules():
    made = {"de": _column("de", 200, 210), "ren": _column("ren", 190, 220), "pen": _column("pen", 150, 150)}
    verdicts = module_verdicts(made, (("hall", "hall"),))
    assert _holds(verdicts) == [False, True] and "1 of 2 seeds" in verdicts[0].evidence
    made["pen_ungated"] = _column("pen_ungated", 160, 140)
    assert _holds(module_verdicts(made, (("hall", "hall"),)))[2] is False


def test_verdicts_on_variety():
    grid = Grid(
        method="tbs", trained=("few", "all"), tests=("few", "other"), values=np.array([[[9.0], [40]], [[10], [20]]])
    )
    assert _holds(variety_verdicts({"tbs": grid}, "few", "all", ("other",), "it fails.")) == [True]
    assert _holds(variety_verdicts({"tbs": grid}, "few", "all", ("few", "other"), "it fails.")) == [False]
    verdict = own_verdicts({"tbs": grid}, "all", ("few",))[0]
    assert verdict.holds and verdict.evidence.endswith("few 0.90.")
    assert verdict.line.startswith("- **holds**: TBS: trained on the test's own kind")


def test_a_plot_has_a_panel_for_each_grid():
    one = Image.open(io.BytesIO(plotted([_cameras(500, 100, 200)], "one")))
    four = Image.open(io.BytesIO(plotted([_cameras(500, 100, 200)] * 4, "four")))
    assert four.width > 2.5 * one.width and four.height > 1.5 * one.height
    flat = np.asarray(Image.open(io.BytesIO(plotted([_column("de", 100)], "flat"))).convert("RGB"))
    assert len(np.unique(flat.reshape(-1, 3), axis=0)) > 3  # one value only: drawn all the same
