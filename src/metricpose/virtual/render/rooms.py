"""Plain rooms: four walls, a floor and a ceiling in believable colours, a door, a window, skirting boards."""

from dataclasses import dataclass

import numpy as np

from metricpose._errors import InputError
from metricpose.virtual.render.environment import Environment
from metricpose.virtual.render.floors import floor_texture
from metricpose.virtual.render.furniture import box, merged
from metricpose.virtual.render.light import Light, panorama_directions, smooth_irradiance
from metricpose.virtual.render.mesh import Mesh

# Linear light: wall paints (whites, creams, pale greys and pastels).
_PAINTS = np.array(
    [
        *((0.78, 0.77, 0.74), (0.74, 0.70, 0.62), (0.66, 0.66, 0.67), (0.70, 0.66, 0.55), (0.52, 0.55, 0.57)),
        *((0.56, 0.62, 0.60), (0.62, 0.55, 0.50), (0.45, 0.52, 0.58), (0.60, 0.60, 0.48), (0.36, 0.37, 0.39)),
    ]
)
_CEILING = np.array([0.78, 0.78, 0.76])
_DOORS = np.array([(0.72, 0.71, 0.68), (0.30, 0.18, 0.10), (0.45, 0.30, 0.18), (0.25, 0.27, 0.30)])
_PANE = (0.95, 0.97, 1.0)
_CELL = 0.3  # metres between a wall's vertices, which carry the dimness of corners


@dataclass(frozen=True, kw_only=True)
class RoomOptions:
    """Ranges, metres: how far walls stand from what must be inside, and heights."""

    gap_m: tuple[float, float] = (0.5, 3.0)
    height_m: tuple[float, float] = (2.4, 3.3)
    window_share: float = 0.6
    door_share: float = 0.6


def room_environment(
    inside_world: np.ndarray, seed: int, *, ground_z_m: float = 0.0, options: RoomOptions | None = None
) -> Environment:
    """A room around points (N, 3) that must be in it: all of the people, and the camera.

    The same seed and points make the same room. Walls throw no shadow, so that light comes in through them.
    """
    inside_world = np.asarray(inside_world, np.float64)
    if inside_world.ndim != 2 or inside_world.shape[1] != 3 or len(inside_world) == 0:
        raise InputError(f"room: expected points (N, 3) to stand around, got shape {inside_world.shape}")
    options = options or RoomOptions()
    rng = np.random.default_rng(seed)
    least = inside_world.min(0) - rng.uniform(*options.gap_m, 3)
    most = inside_world.max(0) + rng.uniform(*options.gap_m, 3)
    least[2] = ground_z_m
    most[2] = max(ground_z_m + rng.uniform(*options.height_m), inside_world[:, 2].max() + 0.2)
    paint = np.clip(_PAINTS[rng.integers(len(_PAINTS))] * rng.normal(1.0, 0.03, 3), 0.05, 0.85)
    floor, floor_mean = floor_texture(rng)
    meshes = [*_shell(least, most, paint, floor), _fittings(least, most, rng, options)]
    return Environment(
        name=f"room:{seed}",
        light=_light(rng, paint, floor_mean),
        meshes=tuple(meshes),
        ground_z_m=ground_z_m,
        licence="made by the program",
    )


def _shell(least: np.ndarray, most: np.ndarray, paint: np.ndarray, floor: np.ndarray) -> list[Mesh]:
    """Four walls, ceiling and floor, facing inward. The floor carries its texture, a metre per repeat of 2 m."""
    meshes = []
    for axis in range(3):
        for upper in (False, True):
            colour = paint if axis < 2 else _CEILING
            texture = floor if axis == 2 and not upper else None
            meshes.append(_panel(least, most, axis, upper, np.ones(3) if texture is not None else colour, texture))
    return meshes


def _panel(
    least: np.ndarray, most: np.ndarray, axis: int, upper: bool, colour: np.ndarray, texture: np.ndarray | None
) -> Mesh:
    """One side of the box as a grid, dimmer towards its edges, where light comes from fewer sides."""
    a, b = ((1, 2), (2, 0), (0, 1))[axis]  # a x b = the axis
    lines = [np.linspace(least[k], most[k], max(2, int((most[k] - least[k]) / _CELL) + 1)) for k in (a, b)]
    u, v = np.meshgrid(*lines, indexing="ij")
    vertices = np.empty((*u.shape, 3))
    vertices[..., a], vertices[..., b], vertices[..., axis] = u, v, (most if upper else least)[axis]
    edge = np.minimum.reduce([u - least[a], most[a] - u]), np.minimum.reduce([v - least[b], most[b] - v])
    dim = np.prod([1.0 - 0.22 * np.exp(-distance / 0.4) for distance in edge], axis=0)
    n, m = u.shape
    i, j = (index.ravel() for index in np.meshgrid(np.arange(n - 1), np.arange(m - 1), indexing="ij"))
    p, q, r, s = i * m + j, (i + 1) * m + j, (i + 1) * m + j + 1, i * m + j + 1
    triangles = np.concatenate([np.stack([p, q, r], -1), np.stack([p, r, s], -1)])
    normal = np.zeros(3, np.float32)
    normal[axis] = -1.0 if upper else 1.0
    return Mesh(
        vertices_world=vertices.reshape(-1, 3).astype(np.float32),
        triangles=(triangles[:, ::-1] if upper else triangles).astype(np.int32),
        normals_world=np.tile(normal, (n * m, 1)),
        uv=np.stack([u, v], -1).reshape(-1, 2).astype(np.float32) / 2.0 if texture is not None else None,
        texture=texture,
        colours=(dim[..., None] * colour).reshape(-1, 3).astype(np.float32),
        kind="ground",
        roughness=0.9 if texture is None else 0.55,
    )


def _fittings(least: np.ndarray, most: np.ndarray, rng: np.random.Generator, options: RoomOptions) -> Mesh:
    """Skirting boards, perhaps a door and a window: boxes that stand out of the walls by some centimetres."""
    parts = []
    middle, span = (least + most) / 2, most - least
    for axis in (0, 1):
        for place in (least[axis] + 0.007, most[axis] - 0.007):
            size, centre = np.array(span), np.array(middle)
            size[axis], size[2] = 0.014, 0.08
            centre[axis], centre[2] = place, least[2] + 0.04
            parts.append(box(size, centre, colour=(0.72, 0.71, 0.68), kind="ground"))
    if rng.uniform() < options.door_share:
        parts.append(_on_wall(least, most, rng, (0.9, 2.05), 0.0, _DOORS[rng.integers(len(_DOORS))], 0.05))
    if rng.uniform() < options.window_share:
        wide, high = rng.uniform(0.8, 1.8), rng.uniform(0.9, 1.3)
        state = rng.bit_generator.state
        parts.append(_on_wall(least, most, rng, (wide + 0.14, high + 0.14), 0.85, (0.75, 0.75, 0.74), 0.04))
        rng.bit_generator.state = state  # the pane lies in its frame
        parts.append(_on_wall(least, most, rng, (wide, high), 0.92, _PANE, 0.06))
    return merged(parts)


def _on_wall(
    least: np.ndarray,
    most: np.ndarray,
    rng: np.random.Generator,
    size_m: tuple[float, float],
    above_m: float,
    colour: np.ndarray | tuple[float, float, float],
    thick_m: float,
) -> Mesh:
    """A flat box of width and height on a random wall."""
    axis, upper, share = int(rng.integers(2)), bool(rng.integers(2)), rng.uniform(0.2, 0.8)
    along = 1 - axis
    size, centre = np.empty(3), np.empty(3)
    size[axis], size[along], size[2] = thick_m, min(size_m[0], 0.9 * (most - least)[along]), size_m[1]
    half = size[along] / 2 + 0.05
    centre[axis] = (most if upper else least)[axis]
    low, high = least[along] + half, max(most[along] - half, least[along] + half)
    centre[along], centre[2] = low + share * (high - low), least[2] + above_m + size_m[1] / 2
    return box(size, centre, colour=colour, kind="ground")


def _light(rng: np.random.Generator, paint: np.ndarray, floor_mean: np.ndarray) -> Light:
    """What a bright room sheds: its surfaces in their colours, and a wide main light from high on one side."""
    directions, _ = panorama_directions(32, 64)
    z = directions[..., 2:]
    warmth = rng.uniform(-0.12, 0.12)
    white = np.array([1.0 + warmth, 1.0, 1.0 - 1.3 * warmth])
    radiance = np.where(z > 0.55, _CEILING * 1.25, np.where(z > -0.45, paint, 0.6 * floor_mean + 0.25)) * white
    side = np.deg2rad(rng.uniform(0.0, 360.0))
    level = np.stack([np.cos(side), np.sin(side), 0.0])
    radiance = radiance * (1.0 + 0.45 * np.clip(directions @ level, -1.0, 1.0)[..., None])
    height = np.deg2rad(rng.uniform(35.0, 75.0))
    direction = np.cos(height) * level + np.array([0.0, 0.0, np.sin(height)])
    return Light(
        smooth_sh=smooth_irradiance(radiance.astype(np.float32)),
        main_direction_world=(direction / np.linalg.norm(direction)).astype(np.float32),
        main_irradiance=(rng.uniform(0.5, 2.2) * white).astype(np.float32),
        main_radius_rad=float(np.deg2rad(rng.uniform(4.0, 12.0))),
    )
