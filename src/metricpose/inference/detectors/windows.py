"""Windows on a picture: a box of it at another size, and the way back from the window's pixels to the picture's."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image

GREY = 0.45
"""What lies outside the picture, as the networks learnt it; of 1."""
_GREY_BYTE = round(GREY * 255)
_GAP = 1.5
_STRIP_PX = 300_000
"""Large pictures are shrunk in strips of so many pixels, as Pillow holds four bytes for each of them."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Window:
    """`pixels` (h, w, 3) uint8 show the box `box_px` (4,) of a picture, which may reach out of it."""

    pixels: np.ndarray
    box_px: np.ndarray

    @property
    def size(self) -> tuple[int, int]:
        """(w, h) of the window."""
        return self.pixels.shape[1], self.pixels.shape[0]

    @property
    def step(self) -> np.ndarray:
        """(2,): pixels of the picture per pixel of the window, along x and y."""
        return (self.box_px[2:] - self.box_px[:2]) / np.array(self.size)

    def to_picture(self, points_px: np.ndarray) -> np.ndarray:
        """Points (..., 2) of the window, in the picture's pixels. Centres of pixels are whole numbers in both."""
        return self.box_px[:2] + (np.asarray(points_px, float) + 0.5) * self.step

    def from_picture(self, points_px: np.ndarray) -> np.ndarray:
        """Points (..., 2) of the picture, in the window's pixels."""
        return (np.asarray(points_px, float) - self.box_px[:2]) / self.step - 0.5

    def boxes_to_picture(self, boxes_px: np.ndarray) -> np.ndarray:
        """Boxes (..., 4) of the window, in the picture's pixels."""
        return self.to_picture(np.reshape(boxes_px, (*np.shape(boxes_px)[:-1], 2, 2))).reshape(np.shape(boxes_px))

    def boxes_from_picture(self, boxes_px: np.ndarray) -> np.ndarray:
        """Boxes (..., 4) of the picture, in the window's pixels."""
        return self.from_picture(np.reshape(boxes_px, (*np.shape(boxes_px)[:-1], 2, 2))).reshape(np.shape(boxes_px))


def whole_box(image: np.ndarray) -> np.ndarray:
    """(4,): the box of all pixels of a picture (H, W, ...)."""
    return np.array([-0.5, -0.5, image.shape[1] - 0.5, image.shape[0] - 0.5])


def square_box(box_px: np.ndarray, factor: float) -> np.ndarray:
    """(4,): the square about a box's middle with `factor` times its longer side, which counts as a pixel at least."""
    box_px = np.asarray(box_px, float)
    middle, half = (box_px[:2] + box_px[2:]) / 2, 0.5 * factor * max(float((box_px[2:] - box_px[:2]).max()), 1.0)
    return np.concatenate([middle - half, middle + half])


def window(image: np.ndarray, box_px: np.ndarray, size: tuple[int, int]) -> Window:
    """The box of the picture (H, W, 3) uint8 at `size` (w, h): bilinear, and free of aliasing where it shrinks.

    Outside the picture it is grey. A shrinking by 3 or more begins with means over whole blocks of pixels, which is
    what Pillow calls a reducing gap of 1.5: hardly to be seen, and several times as fast.
    """
    from PIL import Image

    edges = np.asarray(box_px, float) + 0.5  # the picture covers 0 to W
    shrink = (edges[2:] - edges[:2]) / size
    part, low = _cut(image, edges, np.ceil(shrink).astype(int) + 1)
    block = np.maximum(1, (shrink / _GAP).astype(int))
    inner = (edges - np.tile(low, 2)) / np.tile(block, 2)
    picture = _in_blocks(part, int(block[0]), int(block[1]))
    inner = np.clip(inner, 0, np.tile(picture.size, 2))
    box = (float(inner[0]), float(inner[1]), float(inner[2]), float(inner[3]))
    shown = picture.resize(size, Image.Resampling.BILINEAR, box=box)
    return Window(pixels=np.asarray(shown), box_px=np.asarray(box_px, float))


def _cut(image: np.ndarray, edges: np.ndarray, margin: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The pixels within `edges` and, where there are any, `margin` (2,) around; and the place (2,) of the first.

    A view where the box lies in the picture.
    """
    size = np.array([image.shape[1], image.shape[0]])
    low, high = np.floor(edges[:2]).astype(int), np.ceil(edges[2:]).astype(int)
    low, high = np.minimum(low, np.maximum(low - margin, 0)), np.maximum(high, np.minimum(high + margin, size))
    inside_low, inside_high = np.clip(low, 0, size), np.clip(high, 0, size)
    part = image[inside_low[1] : inside_high[1], inside_low[0] : inside_high[0]]
    if (low == inside_low).all() and (high == inside_high).all():
        return part, low
    whole = np.full((high[1] - low[1], high[0] - low[0], 3), _GREY_BYTE, np.uint8)
    x, y = inside_low - low
    whole[y : y + part.shape[0], x : x + part.shape[1]] = part
    return whole, low


def _in_blocks(part: np.ndarray, across: int, down: int) -> "Image":
    """A Pillow picture of means over blocks of pixels."""
    from PIL import Image

    if across == down == 1:
        return _pillow(part)
    rows = max(1, _STRIP_PX // (part.shape[1] * down)) * down
    strips = (_pillow(part[top : top + rows]) for top in range(0, part.shape[0], rows))
    return Image.fromarray(np.concatenate([np.asarray(strip.reduce((across, down))) for strip in strips]))


def _pillow(part: np.ndarray) -> "Image":
    """Pillow copies an array that is not in one piece ten times as slowly as numpy does."""
    from PIL import Image

    return Image.fromarray(np.ascontiguousarray(part))
