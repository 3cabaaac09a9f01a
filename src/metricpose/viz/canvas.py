"""A picture to draw on in the pixels of the original, with smooth lines, whatever its size."""

import math
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]
Point = tuple[float, float]
Span = tuple[float, float, float, float]

# Pictures are brought between these lengths of their longer side, so that words are legible and memory is bounded.
_LEAST_SIDE, _MOST_SIDE = 640, 2048
_BLANK: Colour = (38, 42, 51)
# Drawn twice as large and averaged back; where nothing is drawn the average restores the picture exactly.
_SMOOTH = 2
_EDGE_MARGIN = 16.0


class Canvas:
    """Draws in original pixels; widths and sizes are in `unit`s, about 1/800 of the longer side."""

    def __init__(self, image: np.ndarray | None, image_size: tuple[int, int]) -> None:
        """Start from `image`, uint8 RGB (H, W, 3), or from a blank of `image_size`."""
        longer = max(image_size)
        scale = min(max(longer, _LEAST_SIDE), _MOST_SIDE) / longer
        self.size = (max(1, round(image_size[0] * scale)), max(1, round(image_size[1] * scale)))
        self.unit = max(1.0, max(self.size) / 800)
        self._scale = _SMOOTH * np.asarray(self.size) / np.asarray(image_size)
        self._image = _ground(image, self.size).resize(
            (_SMOOTH * self.size[0], _SMOOTH * self.size[1]), Image.Resampling.NEAREST
        )
        self._draw = ImageDraw.Draw(self._image, "RGBA")

    def finished(self) -> Image.Image:
        """The picture, RGB."""
        return self._image.reduce(_SMOOTH)

    def line(self, a: Point, b: Point, colour: Colour, *, width: float, alpha: int = 255, dashed: bool = False) -> None:
        """A line on a dark rim between two original pixels, cut at the border of the picture."""
        ends = clipped_line(*self._place(a), *self._place(b), (self._image.width, self._image.height))
        if ends is None:
            return
        thick = max(1, round(width * self.unit * _SMOOTH))
        for part in _dashes(ends, 4.0 * thick) if dashed else (ends,):
            if alpha == 255:
                self._draw.line(part, (0, 0, 0, 120), thick + round(1.5 * _SMOOTH * self.unit))
            self._draw.line(part, (*colour, alpha), thick)

    def dot(self, centre: Point, colour: Colour, *, radius: float, alpha: int = 255) -> None:
        """A disc about an original pixel."""
        (x, y), r = self._place(centre), radius * self.unit * _SMOOTH
        if -r <= x <= self._image.width + r and -r <= y <= self._image.height + r:
            self._draw.ellipse((x - r, y - r, x + r, y + r), (*colour, alpha))

    def box(self, box_px: Span, colour: Colour, *, width: float, alpha: int) -> None:
        """The outline of a box in original pixels."""
        x0, y0, x1, y1 = box_px
        for a, b in (((x0, y0), (x1, y0)), ((x1, y0), (x1, y1)), ((x1, y1), (x0, y1)), ((x0, y1), (x0, y0))):
            ends = clipped_line(*self._place(a), *self._place(b), (self._image.width, self._image.height))
            if ends is not None:
                self._draw.line(ends, (*colour, alpha), max(1, round(width * self.unit * _SMOOTH)))

    def words_span(self, at_px: Point, text: str, *, size: float) -> Span:
        """Where `words` with the same arguments would go, in pixels of the canvas."""
        x, y = self._place(at_px)
        return self._span((x / _SMOOTH, y / _SMOOTH), text, size)

    def words(self, span: Span, text: str, *, size: float, colour: Colour, ground: Colour, alpha: int = 215) -> None:
        """`text` on a patch at `span`, in pixels of the canvas."""
        x0, y0, x1, y1 = (_SMOOTH * value for value in span)
        radius = 2.5 * self.unit * _SMOOTH
        self._draw.rounded_rectangle((x0, y0, x1, y1), radius, (*ground, alpha))
        self._draw.text(((x0 + x1) / 2, (y0 + y1) / 2), text, (*colour, 255), self._font(size), anchor="mm")

    def _span(self, at: Point, text: str, size: float) -> Span:
        """A patch for `text` whose lower left corner is at `at`, moved into the canvas."""
        wide, high = self._font(size).getlength(text) / _SMOOTH + 8 * self.unit, size * self.unit * 1.45
        x = min(max(at[0], 0.0), max(0.0, self.size[0] - wide))
        y = min(max(at[1] - high, 0.0), max(0.0, self.size[1] - high))
        return x, y, x + wide, y + high

    def _place(self, px: Point) -> Point:
        """Where an original pixel lies on the enlarged picture."""
        x, y = (np.asarray(px, np.float64) + 0.5) * self._scale - 0.5
        return float(x), float(y)

    def _font(self, size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
        return _font(round(size * self.unit * _SMOOTH))


@lru_cache(maxsize=16)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _ground(image: np.ndarray | None, size: tuple[int, int]) -> Image.Image:
    if image is None:
        return Image.new("RGB", size, _BLANK)
    picture = Image.fromarray(np.ascontiguousarray(image))
    return picture if picture.size == size else picture.resize(size, Image.Resampling.LANCZOS)


def clipped_line(x0: float, y0: float, x1: float, y1: float, size: tuple[int, int]) -> Span | None:
    """The part of a line within a little of the picture, or None (Liang and Barsky 1984).

    Without it one wild joint keeps the drawing busy with a line of millions of pixels.
    """
    start, end = 0.0, 1.0
    dx, dy = x1 - x0, y1 - y0
    if not math.isfinite(dx) or not math.isfinite(dy):
        return None
    for way, room in (
        (-dx, x0 + _EDGE_MARGIN),
        (dx, size[0] + _EDGE_MARGIN - x0),
        (-dy, y0 + _EDGE_MARGIN),
        (dy, size[1] + _EDGE_MARGIN - y0),
    ):
        if way == 0.0 and room < 0.0:
            return None
        if way < 0.0:
            start = max(start, room / way)
        elif way > 0.0:
            end = min(end, room / way)
    if start > end:
        return None
    return x0 + start * dx, y0 + start * dy, x0 + end * dx, y0 + end * dy


def _dashes(ends: Span, length: float) -> Iterator[Span]:
    x0, y0, x1, y1 = ends
    whole = math.hypot(x1 - x0, y1 - y0)
    dashes = max(1, round(whole / (1.6 * length)))
    for i in range(dashes):
        a, b = i / dashes, min(1.0, (i + 0.6) / dashes)
        yield x0 + a * (x1 - x0), y0 + a * (y1 - y0), x0 + b * (x1 - x0), y0 + b * (y1 - y0)
