"""Cloth in other colours, and cloth made from nothing: plain, striped, checked, dotted, mottled. Never with a print.

Textures are (h, w, 4) uint8 sRGB with alpha. A garment's own texture lends its folds and seams (`shading`); where it
carries a logo, only what is left of it after heavy blurring.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

Pattern = Literal["plain", "stripes", "checks", "dots", "mottled"]
PATTERNS: tuple[Pattern, ...] = ("plain", "stripes", "checks", "dots", "mottled")

_LUMA = np.array([0.2126, 0.7152, 0.0722])


def linear_from_srgb(srgb: np.ndarray) -> np.ndarray:
    """Linear light in [0, 1] of sRGB in [0, 1] (IEC 61966-2-1)."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def srgb_from_linear(linear: np.ndarray) -> np.ndarray:
    """sRGB in [0, 1] of linear light, cut to that range."""
    light = np.clip(linear, 0.0, 1.0)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


@dataclass(frozen=True, kw_only=True)
class Fabric:
    """Colours are linear light (3,). `period_m` is the width of one repeat of the pattern on the body."""

    pattern: Pattern
    colour: tuple[float, float, float]
    second: tuple[float, float, float]
    period_m: float
    turned: bool = False


# What people wear, roughly: (weight, lightness L*, chroma, hue in degrees of CIELAB); None is any hue.
_WORN = (
    (14, (12, 26), (0, 4), None), (12, (32, 62), (0, 5), None), (14, (78, 94), (0, 5), None),
    (12, (18, 32), (12, 28), 275), (9, (35, 60), (14, 30), 265), (7, (55, 80), (10, 22), 80),
    (5, (25, 45), (10, 25), 60), (5, (30, 50), (10, 24), 125), (5, (28, 45), (35, 58), 28),
    (17, (35, 80), (15, 50), None),
)  # fmt: skip


def drawn_colour(rng: np.random.Generator, *, sober: bool = False) -> tuple[float, float, float]:
    """A colour of clothes, linear light: mostly neutrals, blues and earth, sometimes anything but where `sober`."""
    weights = np.array([row[0] for row in _WORN], float)
    if sober:
        weights[-3:] = 0
    _, lightness, chroma, hue = _WORN[rng.choice(len(_WORN), p=weights / weights.sum())]
    angle = np.radians(rng.uniform(0, 360) if hue is None else rng.normal(hue, 10))
    amount = rng.uniform(*chroma)
    lab = np.array([rng.uniform(*lightness), amount * np.cos(angle), amount * np.sin(angle)])
    red, green, blue = np.clip(linear_from_lab(lab), 0.006, 0.9)
    return float(red), float(green), float(blue)


def linear_from_lab(lab: np.ndarray) -> np.ndarray:
    """Linear sRGB light (..., 3) of CIELAB (..., 3) under D65 (CIE 15:2004); may lie outside [0, 1]."""
    middle = (lab[..., 0] + 16) / 116
    scaled = np.stack([middle + lab[..., 1] / 500, middle, middle - lab[..., 2] / 200], -1)
    xyz = np.where(scaled > 6 / 29, scaled**3, 3 * (6 / 29) ** 2 * (scaled - 4 / 29)) * (0.95047, 1.0, 1.08883)
    return xyz @ _RGB_FROM_XYZ.T


_RGB_FROM_XYZ = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])


def drawn_fabric(rng: np.random.Generator) -> Fabric:
    """A fabric: over half are plain."""
    pattern = PATTERNS[rng.choice(len(PATTERNS), p=(0.52, 0.16, 0.12, 0.06, 0.14))]
    period = {"plain": 0.1, "stripes": rng.uniform(0.008, 0.06), "checks": rng.uniform(0.02, 0.09),
              "dots": rng.uniform(0.015, 0.05), "mottled": rng.uniform(0.03, 0.2)}[pattern]  # fmt: skip
    return Fabric(
        pattern=pattern,
        colour=drawn_colour(rng),
        second=drawn_colour(rng),
        period_m=float(period),
        turned=bool(rng.random() < 0.5),
    )


def made_texture(
    fabric: Fabric, shade: np.ndarray, alpha: np.ndarray, metres_per_uv: float, rng: np.random.Generator
) -> np.ndarray:
    """(h, w, 4) uint8 of a fabric, on a `shade` (h, w) around 1 and with this `alpha` (h, w) uint8."""
    size = shade.shape
    mix = _mix(fabric, size, max(metres_per_uv, 1e-3), rng)[..., None]
    weave = 1 + 0.03 * rng.standard_normal((*size, 1))
    light = (mix * np.array(fabric.colour) + (1 - mix) * np.array(fabric.second)) * weave * shade[..., None]
    return with_alpha(light, alpha)


def with_alpha(light: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """(h, w, 4) uint8 sRGB of linear light (h, w, 3) and alpha (h, w) uint8."""
    texture = np.empty((*light.shape[:2], 4), np.uint8)
    texture[..., :3] = np.rint(srgb_from_linear(light) * 255)
    texture[..., 3] = alpha
    return texture


def _mix(fabric: Fabric, size: tuple[int, int], metres_per_uv: float, rng: np.random.Generator) -> np.ndarray:
    """(h, w) in [0, 1]: how much of the first colour; `y` runs up the garment's texture."""
    y, x = (axis * metres_per_uv / fabric.period_m for axis in np.meshgrid(
        np.linspace(0, 1, size[0]), np.linspace(0, 1, size[1]), indexing="ij"))  # fmt: skip
    across = y if fabric.turned else x
    if fabric.pattern == "stripes":
        return _soft(np.sin(2 * np.pi * across) + rng.uniform(-0.6, 0.6))
    if fabric.pattern == "checks":
        return (_soft(np.sin(2 * np.pi * x)) + _soft(np.sin(2 * np.pi * y))) / 2
    if fabric.pattern == "dots":
        return _soft(0.65 - np.cos(2 * np.pi * x) * np.cos(2 * np.pi * y))
    if fabric.pattern == "mottled":
        return np.clip(0.5 + 0.5 * _waves(x, y, rng), 0, 1)
    return np.ones(size)


def _soft(values: np.ndarray) -> np.ndarray:
    return np.clip(0.5 + 4 * values, 0, 1)


def _waves(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Smooth noise around 0: a few waves of random direction and phase."""
    total = np.zeros_like(x)
    for _ in range(8):
        angle, phase, length = rng.uniform(0, 2 * np.pi), rng.uniform(0, 2 * np.pi), rng.uniform(0.5, 2.0)
        total += np.sin(2 * np.pi * length * (x * np.cos(angle) + y * np.sin(angle)) + phase)
    return total / 2


def shading(texture: np.ndarray, *, printed: bool, panels: bool = False) -> np.ndarray:
    """(h, w) around 1: folds and seams of a texture, its luminance over that of its surroundings.

    `printed` textures keep only what a heavy blur leaves: a logo or a brand's mark cannot be read from that. `panels`
    (shoes) are blurred less and keep their light and dark parts.
    """
    luminance = linear_from_srgb(texture[..., :3] / 255.0) @ _LUMA
    inside = texture[..., 3] > 127
    mean = max(float(np.median(luminance[inside])) if inside.any() else 0.5, 0.01)
    if printed:
        luminance = blurred(luminance, max(texture.shape[0] // (60 if panels else 24), 1))
        return np.clip(luminance / mean, *((0.25, 2.5) if panels else (0.75, 1.2)))
    around = np.maximum(blurred(luminance, max(texture.shape[0] // 12, 1)), 0.3 * mean)
    return np.clip((luminance + 0.1 * mean) / (around + 0.1 * mean), 0.45, 1.5)


def blurred(values: np.ndarray, radius: int) -> np.ndarray:
    """Two box means of (2 radius + 1) pixels each way, edges repeated."""
    for axis in (0, 1, 0, 1):
        pad = [(radius + 1, radius) if a == axis else (0, 0) for a in (0, 1)]
        sums = np.cumsum(np.pad(values, pad, mode="edge"), axis=axis)
        width = 2 * radius + 1
        high, low = np.split(np.arange(sums.shape[axis]), [width])[1], np.arange(sums.shape[axis] - width)
        values = (np.take(sums, high, axis) - np.take(sums, low, axis)) / width
    return values


def recoloured(texture: np.ndarray, rng: np.random.Generator, *, sober: bool = False) -> np.ndarray:
    """The texture with its hues turned and its lightness and saturation changed, its shading kept.

    `sober` turns hues a little only, for leather and suits.
    """
    light = linear_from_srgb(texture[..., :3] / 255.0)
    grey = light @ _LUMA
    small, any_ = rng.normal(0, 0.1 if sober else 0.25), rng.uniform(-np.pi, np.pi)
    angle = rng.choice([0.0, small, any_], p=[0.4, 0.6, 0.0] if sober else [0.25, 0.45, 0.3])
    chroma = (light - grey[..., None]) @ _grey_turn(angle).T * rng.uniform(0.3, 0.75 if abs(angle) > 0.7 else 1.1)
    return with_alpha((grey[..., None] + chroma) * np.exp(rng.uniform(-0.7, 0.6)), texture[..., 3])


def _grey_turn(angle: float) -> np.ndarray:
    """Rotation about the grey axis of RGB."""
    cosine, sine, third = np.cos(angle), np.sin(angle) / np.sqrt(3), (1 - np.cos(angle)) / 3
    return third + np.array([[cosine, -sine, sine], [sine, cosine, -sine], [-sine, sine, cosine]])


def tinted(texture: np.ndarray, colour: tuple[float, float, float], *, contrast: float = 0.7) -> np.ndarray:
    """Hair or brows in another colour (linear light): the strands keep their light and dark, and their alpha."""
    luminance = linear_from_srgb(texture[..., :3] / 255.0) @ _LUMA
    inside = texture[..., 3] > 127
    middle = max(float(np.median(luminance[inside])) if inside.any() else 0.2, 1e-3)
    strands = np.clip((luminance + 0.02) / (middle + 0.02), 0.15, 3.0) ** contrast
    return with_alpha(strands[..., None] * np.array(colour), texture[..., 3])


def made_strands(rng: np.random.Generator, *, curly: bool, size: int = 256) -> np.ndarray:
    """A texture (size, size, 4) of hair whose own is absent: streaks that run up the texture, or curls with gaps."""
    light = np.full((size, size), 0.2) * np.exp(0.35 * rng.standard_normal((1, size)))
    alpha = np.full((size, size), 255, np.uint8)
    if curly:
        knots = blurred(rng.standard_normal((size, size)), 2)
        light, alpha = 0.2 * np.exp(0.5 * knots / knots.std()), np.where(knots > -0.4 * knots.std(), 255, 0)
    return with_alpha(np.repeat(light[..., None], 3, -1), alpha.astype(np.uint8))
