"""From light to the numbers of a picture: exposure, the film curve and the sRGB code."""

import numpy as np

# Narkowicz, "ACES filmic tone mapping curve" (2016): y = x (a x + b) / (x (c x + d) + e).
_A, _B, _C, _D, _E = 2.51, 0.03, 2.43, 0.59, 0.14
CURVE = (_A, _B, _C, _D, _E)
"""Numbers of the film curve, which the shaders use as well."""


def film_curve(light: np.ndarray) -> np.ndarray:
    """Exposed light, 0 or more, as linear display values in [0, 1]."""
    return np.clip(light * (_A * light + _B) / (light * (_C * light + _D) + _E), 0.0, 1.0)


def film_curve_undone(display: np.ndarray) -> np.ndarray:
    """The light that `film_curve` makes `display` of; values in [0, 1]."""
    # (a - c y) x^2 + (b - d y) x - e y = 0; a > c, so the first factor is positive and one root is not negative.
    first, second = _A - _C * display, _B - _D * display
    return (-second + np.sqrt(second * second + 4.0 * first * _E * display)) / (2.0 * first)


def linear_from_srgb(code: np.ndarray) -> np.ndarray:
    """Linear light in [0, 1] of uint8 sRGB values, float32 (IEC 61966-2-1)."""
    return _TABLE[code]


def srgb_from_linear(linear: np.ndarray) -> np.ndarray:
    """uint8 sRGB values of linear light; what lies outside [0, 1] is cut off."""
    held = np.clip(linear, 0.0, 1.0)
    low = held * 12.92
    high = 1.055 * np.power(np.maximum(held, 0.0031308), 1.0 / 2.4) - 0.055
    return np.rint(255.0 * np.where(held <= 0.0031308, low, high)).astype(np.uint8)


def _table() -> np.ndarray:
    code = np.arange(256) / 255.0
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4).astype(np.float32)


_TABLE = _table()
