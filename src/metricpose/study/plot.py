"""Grids as a picture, in the manner of VirtualPose's figure 3a: a panel per method, darker is worse. Plain Pillow."""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from metricpose.study.grids import TITLES, Grid

_CELL, _LABEL, _GAP, _TITLE = (104, 52), 104, 34, 62
_COLUMNS = 3
_INK, _PALE = (20, 24, 32), (255, 255, 255)
_LOW, _HIGH = np.array([232, 244, 238]), np.array([150, 36, 60])


def plotted(grids: Sequence[Grid], heading: str) -> bytes:
    """A PNG of the mean of each cell in mm and its spread; one scale of colours, logarithmic, for all panels."""
    columns = min(_COLUMNS, len(grids))
    rows = -(-len(grids) // columns)
    sides = [_panel_size(grid) for grid in grids]
    width, height = max(side[0] for side in sides), max(side[1] for side in sides)
    picture = Image.new("RGB", (columns * (width + _GAP) + _GAP, rows * (height + _GAP) + _GAP + 40), _PALE)
    draw = ImageDraw.Draw(picture)
    draw.text((_GAP, 16), heading, fill=_INK, font=_font(19))
    everything = np.concatenate([grid.mean.ravel() for grid in grids])
    low, high = float(np.log(everything.min())), float(np.log(everything.max()))
    for number, grid in enumerate(grids):
        corner = _GAP + (number % columns) * (width + _GAP), 40 + _GAP + (number // columns) * (height + _GAP)
        _panel(draw, corner, grid, low, high)
    buffer = io.BytesIO()
    picture.quantize(128).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _panel_size(grid: Grid) -> tuple[int, int]:
    return _LABEL + len(grid.tests) * _CELL[0], _TITLE + len(grid.trained) * _CELL[1]


def _panel(draw: ImageDraw.ImageDraw, corner: tuple[int, int], grid: Grid, low: float, high: float) -> None:
    x0, y0 = corner
    draw.text((x0, y0), TITLES.get(grid.method, grid.method), fill=_INK, font=_font(17))
    for column, test in enumerate(grid.tests):
        middle = x0 + _LABEL + (column + 0.5) * _CELL[0]
        draw.text((middle, y0 + _TITLE - 8), test, fill=_INK, font=_font(14), anchor="ms")
    for row, trained in enumerate(grid.trained):
        top = y0 + _TITLE + row * _CELL[1]
        draw.text((x0 + _LABEL - 8, top + _CELL[1] / 2), trained, fill=_INK, font=_font(14), anchor="rm")
        for column in range(len(grid.tests)):
            left = x0 + _LABEL + column * _CELL[0]
            mean, spread = grid.mean[row, column], grid.spread[row, column]
            share = (np.log(mean) - low) / max(high - low, 1e-6)
            colour = _LOW + (_HIGH - _LOW) * share
            ink = _INK if share < 0.55 else _PALE
            fill = tuple(int(value) for value in colour)
            draw.rectangle((left, top, left + _CELL[0] - 3, top + _CELL[1] - 3), fill=fill)
            middle = left + _CELL[0] / 2 - 1
            draw.text((middle, top + 20), f"{mean:.0f}", fill=ink, font=_font(18), anchor="mm")
            draw.text((middle, top + 38), f"± {spread:.0f} mm", fill=ink, font=_font(12), anchor="mm")


def _font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)
