"""The looks at a whole picture: at which sizes, and in which tiles."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from metricpose.inference.detectors.windows import Window, whole_box, window

_MOST_ENLARGED = 4.0
_LEAST_SIDE = 16
"""Nothing narrower, in the network's eyes, shows anybody."""
TILE_PX, TILE_OVERLAP_PX = 768, 192
"""Tiles overlap by as much as the largest people whom the network knows, so that everybody is whole in one."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Look:
    """A window, and which of its sides (left, top, right, bottom) have more of the picture behind them."""

    window: Window
    open_sides: tuple[bool, bool, bool, bool] = (False, False, False, False)

    def cuts(self, boxes_px: np.ndarray) -> np.ndarray:
        """(P,): whether boxes (P, 4) of the window touch a side behind which there is more of the picture."""
        width, height = self.window.size
        margin = 2.0
        touched = np.stack(
            [
                boxes_px[:, 0] < margin, boxes_px[:, 1] < margin,
                boxes_px[:, 2] > width - 1 - margin, boxes_px[:, 3] > height - 1 - margin,
            ],
            axis=1,
        )  # fmt: skip
        return np.asarray((touched & np.array(self.open_sides)).any(axis=1))


def looks(image: np.ndarray, look_px: int, scales: Sequence[float], *, tiles: bool) -> Iterator[Look]:
    """The whole picture with its longer side at `look_px` times each scale, and then the tiles if asked for.

    A picture is enlarged by 4 at most. Looks in which the picture is narrower than 16 px are left out: so there are
    none at a picture of 1 x 1 or 1 x 10000.
    """
    first = min(look_px / max(image.shape[:2]), _MOST_ENLARGED)
    found: list[Window] = []
    for scale in scales:
        width, height = (max(1, round(side * first * scale)) for side in (image.shape[1], image.shape[0]))
        if min(width, height) >= _LEAST_SIDE:
            found.append(_scaled(image, (width, height), found))
            yield Look(window=found[-1])
    if tiles and first < 1:  # else the first look was as fine already
        yield from _tiles(image)


def _scaled(image: np.ndarray, size: tuple[int, int], before: Sequence[Window]) -> Window:
    """The whole picture at `size`, from an earlier and larger look where there is one: it has far fewer pixels."""
    for larger in before:
        if min(larger.size[0] / size[0], larger.size[1] / size[1]) >= 2:
            smaller = window(larger.pixels, whole_box(larger.pixels), size)
            return Window(pixels=smaller.pixels, box_px=whole_box(image))
    return window(image, whole_box(image), size)


def _tiles(image: np.ndarray) -> Iterator[Look]:
    """Tiles at full resolution."""
    height, width = image.shape[:2]
    if min(width, height) < _LEAST_SIDE:
        return
    for y0, y1 in _spans(height):
        for x0, x1 in _spans(width):
            box = np.array([x0, y0, x1, y1]) - 0.5
            sides = (x0 > 0, y0 > 0, x1 < width, y1 < height)
            yield Look(window=window(image, box, (x1 - x0, y1 - y0)), open_sides=sides)


def _spans(length: int) -> list[tuple[int, int]]:
    """First and last + 1 pixels of the fewest tiles that cover `length`, evenly spread."""
    if length <= TILE_PX:
        return [(0, length)]
    count = -(-(length - TILE_OVERLAP_PX) // (TILE_PX - TILE_OVERLAP_PX))
    starts = np.linspace(0, length - TILE_PX, count).round().astype(int)
    return [(int(start), int(start) + TILE_PX) for start in starts]
