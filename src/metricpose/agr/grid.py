"""Between picture pixels and heatmap cells.

The centre of the top-left pixel is (0, 0), and so is the centre of the top-left cell. A cell at stride s covers
s x s pixels, so c_cell = (c_px + 0.5) / s - 0.5 and a map of w cells spans [-0.5, w - 0.5].
"""

from typing import TypeVar

ArrayT = TypeVar("ArrayT")


def cells_from_px(px: ArrayT, stride: float) -> ArrayT:
    """Heatmap coordinates (cells) of picture coordinates (px), any shape."""
    return (px + 0.5) / stride - 0.5  # type: ignore[operator, return-value]


def px_from_cells(cells: ArrayT, stride: float) -> ArrayT:
    """Picture coordinates (px) of heatmap coordinates (cells), any shape."""
    return (cells + 0.5) * stride - 0.5  # type: ignore[operator, return-value]
