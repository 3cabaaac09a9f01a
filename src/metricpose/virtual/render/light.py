"""Light of a place: a smooth part as spherical harmonics, and the main light, which throws the shadows."""

from dataclasses import dataclass

import numpy as np

from metricpose._errors import InputError

_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
_CONE_DEG = 12.0  # of the main light: a sun is a point, a window or a lamp is wider
_LOWEST_DEG = 2.0  # main lights stand above the horizon: from below they would throw shadows upward
_HALF_LOBE = (np.pi, *[2 * np.pi / 3] * 3, *[np.pi / 4] * 5)


@dataclass(frozen=True, kw_only=True, eq=False)
class Light:
    """Irradiance from everywhere and from one main light, in any common unit; the world has z up.

    Attributes:
        smooth_sh: (9, 3) float32; the irradiance of a plane with unit normal n is `sh_basis(n) @ smooth_sh`, RGB.
        main_direction_world: (3,) unit, towards the main light.
        main_irradiance: (3,) RGB of a plane that faces it, not negative; 0 without one.
        main_radius_rad: angular radius; the softness of shadows.
    """

    smooth_sh: np.ndarray
    main_direction_world: np.ndarray
    main_irradiance: np.ndarray
    main_radius_rad: float

    def __post_init__(self) -> None:
        shapes = np.shape(self.smooth_sh), np.shape(self.main_direction_world), np.shape(self.main_irradiance)
        if shapes != ((9, 3), (3,), (3,)):
            raise InputError(f"light: expected shapes (9, 3), (3,) and (3,), got {shapes}")
        if abs(float(np.linalg.norm(self.main_direction_world)) - 1.0) > 1e-3:
            raise InputError(f"light: expected a unit direction, got {np.asarray(self.main_direction_world).tolist()}")

    def irradiance(self, normals_world: np.ndarray) -> np.ndarray:
        """RGB irradiance (..., 3) of unshadowed planes with unit normals (..., 3)."""
        facing = np.clip(normals_world @ self.main_direction_world, 0.0, None)
        return np.clip(sh_basis(normals_world) @ self.smooth_sh, 0.0, None) + facing[..., None] * self.main_irradiance

    def turned(self, angle_rad: float) -> "Light":
        """The light of the world turned about its z axis, counter-clockwise seen from above."""
        c, s = np.cos(angle_rad), np.sin(angle_rad)
        c2, s2 = np.cos(2 * angle_rad), np.sin(2 * angle_rad)
        sh = np.array(self.smooth_sh, np.float64)
        # Pairs (cos m phi, sin m phi) of the basis below: x and y; zx and yz; x2 - y2 and xy.
        for cosine, sine, a, b in ((3, 1, c, s), (7, 5, c, s), (8, 4, c2, s2)):
            u, v = np.array(sh[cosine]), np.array(sh[sine])
            sh[cosine], sh[sine] = a * u - b * v, b * u + a * v
        x, y, z = self.main_direction_world
        direction = np.array([c * x - s * y, s * x + c * y, z], np.float32)
        return Light(
            smooth_sh=sh.astype(np.float32),
            main_direction_world=direction,
            main_irradiance=self.main_irradiance,
            main_radius_rad=self.main_radius_rad,
        )


def sh_basis(directions: np.ndarray) -> np.ndarray:
    """Real spherical harmonics (..., 9) up to order 2 of unit directions (..., 3), z up."""
    x, y, z = np.moveaxis(np.asarray(directions, np.float64), -1, 0)
    first, second = 0.488603, 1.092548
    return np.stack(
        [
            np.full_like(x, 0.282095),
            *(first * y, first * z, first * x),
            *(second * x * y, second * y * z, 0.315392 * (3 * z * z - 1), second * x * z, 0.546274 * (x * x - y * y)),
        ],
        -1,
    )


def panorama_directions(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """World directions (H, W, 3) of an equirectangular picture's pixels, and their solid angles (H, W) in sr.

    The picture's middle is +x, to its right lies -y (clockwise seen from above), its top is +z.
    """
    elevation = np.pi * (0.5 - (np.arange(height) + 0.5) / height)[:, None]
    azimuth = 2 * np.pi * (0.5 - (np.arange(width) + 0.5) / width)[None, :]
    level = np.cos(elevation)
    z = np.broadcast_to(np.sin(elevation), (height, width))
    directions = np.stack([level * np.cos(azimuth), level * np.sin(azimuth), z], -1)
    edges = np.sin(np.pi * (0.5 - np.arange(height + 1) / height))
    areas = np.broadcast_to((edges[:-1] - edges[1:])[:, None] * (2 * np.pi / width), (height, width))
    return directions, areas


def smooth_irradiance(radiance: np.ndarray) -> np.ndarray:
    """Coefficients (9, 3) of the irradiance under an equirectangular picture (H, W, 3) of radiance.

    Ramamoorthi and Hanrahan, "An efficient representation for irradiance environment maps" (2001), equations 7-9:
    each harmonic of the radiance, times pi, 2 pi / 3 or pi / 4 by its order.
    """
    directions, areas = panorama_directions(*radiance.shape[:2])
    weighted = (radiance * areas[..., None]).reshape(-1, 3)
    return ((sh_basis(directions).reshape(-1, 9).T @ weighted) * np.array(_HALF_LOBE)[:, None]).astype(np.float32)


def light_of_panorama(radiance: np.ndarray) -> Light:
    """The light of an equirectangular picture (H, W, 3): its strongest cone above the horizon is the main light.

    What of that cone exceeds its rim is the main light, by its weighted middle, sum and spread; the rest is smooth.
    """
    directions, areas = panorama_directions(*radiance.shape[:2])
    luminance = radiance @ _LUMA
    middle = _strongest(directions, areas, luminance)
    angle = np.arccos(np.clip(directions @ middle, -1.0, 1.0))
    inside = angle < np.deg2rad(_CONE_DEG)
    rim = np.median(radiance[(angle < np.deg2rad(1.6 * _CONE_DEG)) & ~inside], axis=0)
    excess = np.clip(radiance - 2.0 * rim, 0.0, None) * inside[..., None]
    main = np.tensordot(areas, excess, 2)
    weights = areas * (excess @ _LUMA)
    total = float(weights.sum())
    if total <= 0.0:
        return _without_main(radiance)
    towards = np.tensordot(weights, directions, 2)
    towards /= np.linalg.norm(towards)
    spread = np.arccos(np.clip(directions[inside] @ towards, -1.0, 1.0))
    radius = np.sqrt(2.0 * np.sum(weights[inside] * spread**2) / total)  # of an even disc with that spread
    return Light(
        smooth_sh=smooth_irradiance(radiance - excess),
        main_direction_world=towards.astype(np.float32),
        main_irradiance=main.astype(np.float32),
        main_radius_rad=float(np.clip(radius, 0.005, np.deg2rad(_CONE_DEG))),
    )


def _without_main(radiance: np.ndarray) -> Light:
    up = np.array([0.0, 0.0, 1.0], np.float32)
    zero = np.zeros(3, np.float32)
    smooth = smooth_irradiance(radiance)
    return Light(smooth_sh=smooth, main_direction_world=up, main_irradiance=zero, main_radius_rad=0.1)


def _strongest(directions: np.ndarray, areas: np.ndarray, luminance: np.ndarray) -> np.ndarray:
    """The direction (3,) whose cone sheds the most light, sought on cells of about 6 degrees."""
    step = max(1, directions.shape[0] // 32)
    rows, columns = (n // step * step for n in areas.shape)
    cells = (rows // step, step, columns // step, step)
    power = (areas * luminance)[:rows, :columns].reshape(cells).sum((1, 3)).ravel()
    aims = directions[:rows, :columns].reshape(*cells, 3).mean((1, 3)).reshape(-1, 3)
    aims /= np.linalg.norm(aims, axis=1, keepdims=True)
    shed = ((aims @ aims.T) > np.cos(np.deg2rad(0.8 * _CONE_DEG))) @ power
    shed[aims[:, 2] < np.sin(np.deg2rad(_LOWEST_DEG))] = -1.0
    return aims[np.argmax(shed)]
