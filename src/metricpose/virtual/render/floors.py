"""Floors of rooms, made by the program: boards, tiles, carpet and concrete."""

import numpy as np
from PIL import Image

from metricpose.virtual.render.tone import srgb_from_linear

_SIDE = 512  # texels of 2 m
_WOODS = np.array([(0.30, 0.17, 0.08), (0.42, 0.28, 0.16), (0.18, 0.10, 0.055), (0.50, 0.40, 0.28)])
_TILES = np.array([(0.60, 0.58, 0.54), (0.40, 0.38, 0.36), (0.55, 0.48, 0.40), (0.25, 0.25, 0.26)])
_CARPETS = np.array(
    [(0.16, 0.17, 0.20), (0.28, 0.25, 0.22), (0.20, 0.09, 0.08), (0.12, 0.16, 0.14), (0.35, 0.34, 0.33)]
)


def floor_texture(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A texture (512, 512, 4) uint8 sRGB of 2 x 2 m that repeats, and its mean colour (3,) in linear light."""
    make = (_boards, _tiles, _carpet, _concrete)[int(rng.integers(4))]
    linear = np.clip(make(rng), 0.01, 0.9)
    code = srgb_from_linear(linear)
    alpha = np.full((*code.shape[:2], 1), 255, np.uint8)
    return np.concatenate([code, alpha], -1), linear.mean((0, 1))


def cloudy(rng: np.random.Generator, shape: tuple[int, int], cells: tuple[int, int]) -> np.ndarray:
    """Smooth noise of mean 0 and deviation about 1 that repeats, with `cells` knots down and across."""
    knots = rng.standard_normal(cells).astype(np.float32)
    wrapped = np.pad(knots, 2, mode="wrap")
    scale = shape[0] // cells[0], shape[1] // cells[1]
    size = wrapped.shape[1] * scale[1], wrapped.shape[0] * scale[0]
    large = np.asarray(Image.fromarray(wrapped).resize(size, Image.Resampling.BICUBIC))
    return large[2 * scale[0] : -2 * scale[0], 2 * scale[1] : -2 * scale[1]]


def _boards(rng: np.random.Generator) -> np.ndarray:
    base = _WOODS[rng.integers(len(_WOODS))]
    count = int(rng.choice([8, 16]))  # boards across 2 m
    wide = _SIDE // count
    row = np.arange(_SIDE) // wide
    shift = rng.integers(0, _SIDE, count)
    along = (np.arange(_SIDE)[None, :] + shift[row][:, None]) % _SIDE
    shades = rng.normal(1.0, 0.1, (count, 2))
    tone = shades[row[:, None], along // (_SIDE // 2)]
    grain = 0.06 * cloudy(rng, (_SIDE, _SIDE), (_SIDE // 2, 8)) + 0.05 * cloudy(rng, (_SIDE, _SIDE), (64, 4))
    gap = ((np.arange(_SIDE) % wide) == 0)[:, None] | (along % (_SIDE // 2) == 0)
    return base * (tone + grain)[..., None] * np.where(gap, 0.45, 1.0)[..., None]


def _tiles(rng: np.random.Generator) -> np.ndarray:
    base = _TILES[rng.integers(len(_TILES))]
    count = int(rng.choice([4, 8]))
    wide = _SIDE // count
    row = np.arange(_SIDE) // wide
    tone = rng.normal(1.0, 0.03, (count, count))[row[:, None], row[None, :]]
    joint = np.arange(_SIDE) % wide < 3
    grey = np.where(joint[:, None] | joint[None, :], 0.7, 1.0)
    return base * (tone * grey + 0.03 * cloudy(rng, (_SIDE, _SIDE), (32, 32)))[..., None]


def _carpet(rng: np.random.Generator) -> np.ndarray:
    base = _CARPETS[rng.integers(len(_CARPETS))]
    fine = 0.12 * cloudy(rng, (_SIDE, _SIDE), (_SIDE // 2, _SIDE // 2)) + 0.05 * cloudy(rng, (_SIDE, _SIDE), (16, 16))
    return base * (1.0 + fine)[..., None]


def _concrete(rng: np.random.Generator) -> np.ndarray:
    grey = rng.uniform(0.25, 0.5)
    rough = 0.05 * np.sum([cloudy(rng, (_SIDE, _SIDE), (n, n)) for n in (4, 16, 64, 256)], axis=0)
    return np.array([1.0, 0.985, 0.96]) * (grey * (1.0 + rough))[..., None]
