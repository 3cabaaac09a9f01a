"""Skin, hair and eyes without any texture: colours of every human skin tone as linear light per vertex.

Tone: the individual typology angle ITA = atan((L* - 50) / b*) of CIELAB (Chardon et al. 1991), from -55 degrees (dark)
to 60 (very light). How a* and b* go with it follows the trend of measured populations (Del Bino and Bernerd 2013: b* is
largest for tan skin and falls towards both ends, so dark skin is not saturated); the figures are approximate.
Regions differ as blood and melanin do: lips, cheeks, ears, knuckles and knees are redder, palms and soles lighter.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from metricpose.virtual.render.fabric import linear_from_lab

ITA_DEGREES = (-55.0, 60.0)
_ITA = (-60.0, -30.0, 0.0, 20.0, 35.0, 50.0, 65.0)
_B = (9.0, 14.5, 18.5, 19.0, 17.5, 14.5, 11.0)
_A = (7.0, 10.0, 11.5, 11.0, 10.0, 8.5, 7.0)


@dataclass(frozen=True, kw_only=True)
class SkinTone:
    """CIELAB of the inner side of the arms, and how freckled (0 to 1)."""

    lightness: float
    a: float
    b: float
    freckles: float

    @property
    def ita_degrees(self) -> float:
        """The individual typology angle."""
        return float(np.degrees(np.arctan2(self.lightness - 50, self.b)))


def drawn_tone(rng: np.random.Generator) -> SkinTone:
    """A tone, even over the typology angle, so that no group is rare."""
    ita = rng.uniform(*ITA_DEGREES)
    b = float(np.interp(ita, _ITA, _B) + rng.normal(0, 0.8))
    return SkinTone(
        lightness=float(50 + b * np.tan(np.radians(ita))),
        a=float(np.interp(ita, _ITA, _A) + rng.normal(0, 0.9)),
        b=b,
        freckles=float(rng.beta(1, 4) if ita > 35 else 0.1 * rng.random()),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class SkinRegions:
    """(V,) float32 in [0, 1] each: how much a vertex of the skin belongs to a region."""

    lips: np.ndarray
    flush: np.ndarray
    pale: np.ndarray
    scalp: np.ndarray


def skin_regions(
    vertices: np.ndarray, normals: np.ndarray, points: Mapping[str, np.ndarray], mouth: np.ndarray, hands: np.ndarray
) -> SkinRegions:
    """Regions of a body at rest: `points` by name, `mouth` (3,) its middle, `hands` (V,) share of hand skin."""
    head_m = float(points["head_top"][2] - points["nose"][2])  # nose to crown, about 14 cm on an adult
    return SkinRegions(
        lips=_lips(vertices, mouth, head_m),
        flush=_flush(vertices, points, head_m),
        pale=_pale(vertices, normals, points, hands),
        scalp=_scalp(vertices, points, head_m),
    )


def _near(vertices: np.ndarray, centre: np.ndarray, radius: float) -> np.ndarray:
    return np.exp(-(((vertices - centre) / radius) ** 2).sum(1)).astype(np.float32)


def _lips(vertices: np.ndarray, mouth: np.ndarray, head_m: float) -> np.ndarray:
    forward, left, up = ((vertices - mouth) / head_m).T
    ellipse = (left / 0.19) ** 2 + (up / 0.062) ** 2
    return (np.clip(1.6 * (1.25 - ellipse), 0, 1) * (forward > -0.15)).astype(np.float32)


def _flush(vertices: np.ndarray, points: Mapping[str, np.ndarray], head_m: float) -> np.ndarray:
    total = 0.6 * _near(vertices, points["nose"], 0.16 * head_m)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        cheek = points["nose"] + head_m * np.array([-0.12, 0.28 * sign, -0.05])
        total += _near(vertices, cheek, 0.22 * head_m) + 0.8 * _near(vertices, points[f"{side}_ear"], 0.2 * head_m)
        for joint, radius in (("elbow", 0.3), ("knee", 0.4), ("hand_tip", 0.3), ("big_toe", 0.3)):
            total += 0.7 * _near(vertices, points[f"{side}_{joint}"], radius * head_m)
    return np.clip(total, 0, 1)


def _pale(vertices: np.ndarray, normals: np.ndarray, points: Mapping[str, np.ndarray], hands: np.ndarray) -> np.ndarray:
    """Palms and soles. Anny rests with the palms towards the thighs and down."""
    soles = np.clip(-1.5 * normals[:, 2] - 0.5, 0, 1) * (vertices[:, 2] < vertices[:, 2].min() + 0.04)
    inwards = -np.sign(vertices[:, 1]) * normals[:, 1] * 0.7 - 0.7 * normals[:, 2]
    palms = np.clip(2 * inwards, 0, 1) * hands
    return np.clip(soles + palms, 0, 1).astype(np.float32)


def _scalp(vertices: np.ndarray, points: Mapping[str, np.ndarray], head_m: float) -> np.ndarray:
    """Where hair grows: above a line from the forehead over the ears to the nape."""
    eyes = (points["left_eye"] + points["right_eye"]) / 2
    back, _, up = ((eyes - vertices) * (1, 1, -1) / head_m).T
    line = 0.5 - 0.72 * np.clip(back, -0.2, 1.6)
    off_ears = 1 - np.maximum(
        _near(vertices, points["left_ear"], 0.25 * head_m), _near(vertices, points["right_ear"], 0.25 * head_m)
    )
    return (np.clip(8 * (up - line), 0, 1) * (up > -1.0) * (off_ears > 0.5)).astype(np.float32)


def skin_colours(tone: SkinTone, regions: SkinRegions, vertices: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(V, 3) float32 linear light of every vertex of a body at rest (V, 3)."""
    lab = np.tile([tone.lightness, tone.a, tone.b], (len(vertices), 1)).astype(np.float64)
    lab[:, 0] += 1.3 * smooth_noise(vertices, 0.06, rng) + 0.5 * rng.standard_normal(len(vertices))
    lab[:, 1] += 0.9 * smooth_noise(vertices, 0.04, rng) + 3.0 * regions.flush
    lab[:, 0] -= 1.5 * regions.flush
    spots = rng.random(len(vertices)) < 0.25 * tone.freckles
    lab[spots] += (-2.5, 1.0, 2.0)
    lab[:, 0] += regions.pale * 0.45 * np.maximum(68 - tone.lightness, 0)
    lips = regions.lips[:, None]
    lab += lips * ((-0.16 * tone.lightness, 9.0, -2.0) + np.array([0, rng.normal(0, 2), 0]))
    return np.clip(linear_from_lab(lab), 0.004, 1).astype(np.float32)


def smooth_noise(points: np.ndarray, length_m: float, rng: np.random.Generator) -> np.ndarray:
    """(N,) of deviation about 1: waves of random direction and of about this length."""
    total = np.zeros(len(points))
    for _ in range(10):
        direction = rng.standard_normal(3)
        wave = direction / np.linalg.norm(direction) * (2 * np.pi / (length_m * rng.uniform(0.7, 2.5)))
        total += np.sin(points @ wave + rng.uniform(0, 2 * np.pi))
    return total / np.sqrt(5)


# (weight, linear light): black, dark brown, brown, light brown, blond, red, grey, white
_HAIR = (
    (34, (0.008, 0.007, 0.006)), (26, (0.025, 0.016, 0.011)), (14, (0.06, 0.035, 0.02)), (8, (0.13, 0.08, 0.045)),
    (8, (0.34, 0.24, 0.12)), (3, (0.2, 0.065, 0.02)),
)  # fmt: skip
_GREY = ((0.12, 0.115, 0.11), (0.6, 0.59, 0.57))


def drawn_hair_colour(tone: SkinTone, age_years: float, rng: np.random.Generator) -> tuple[float, float, float]:
    """Natural hair: dark above all on dark skin, grey with age."""
    if rng.random() < np.clip((age_years - 42) / 40, 0, 0.8):
        low, high = np.array(_GREY)
        colour = low + rng.beta(1, 2.5) * (high - low)
    else:
        weights = np.array([row[0] for row in _HAIR], float)
        if tone.ita_degrees < 15:
            weights[2:] = 0
        colour = np.array(_HAIR[rng.choice(len(_HAIR), p=weights / weights.sum())][1]) * np.exp(rng.normal(0, 0.2))
    red, green, blue = colour
    return float(red), float(green), float(blue)


_IRIS = ((0.05, 0.022, 0.01), (0.11, 0.05, 0.02), (0.1, 0.1, 0.04), (0.08, 0.14, 0.22), (0.17, 0.2, 0.22))


def eye_texture(tone: SkinTone, rng: np.random.Generator, size: int = 128) -> np.ndarray:
    """(size, size, 4) uint8: an eyeball seen along its axis, its iris half as wide as the ball."""
    from metricpose.virtual.render.fabric import with_alpha

    weights = np.array([60, 15, 8, 12, 5], float)
    if tone.ita_degrees < 20:
        weights[1:] = (8, 0, 0, 0)
    iris = np.array(_IRIS[rng.choice(len(_IRIS), p=weights / weights.sum())])
    y, x = np.meshgrid(np.linspace(-1, 1, size), np.linspace(-1, 1, size), indexing="ij")
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    rays = 1 + 0.25 * np.sin(23 * angle + 5 * np.sin(3 * angle)) * np.clip(radius / 0.48, 0, 1)
    light = np.full((size, size, 3), (0.62, 0.57, 0.53)) - 0.1 * np.clip(radius - 0.5, 0, 1)[..., None] * (0.4, 1, 1)
    light = np.where((radius < 0.48)[..., None], iris * rays[..., None], light)
    light = np.where((np.abs(radius - 0.48) < 0.035)[..., None], iris * 0.35, light)
    light = np.where((radius < 0.2)[..., None], 0.004, light)
    return with_alpha(light, np.full((size, size), 255, np.uint8))
