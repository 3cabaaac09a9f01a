"""Things to sit on, to stand behind and to hide people: meshes of boxes, with sizes in metres."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from metricpose._errors import InputError
from metricpose.virtual.render.mesh import Kind, Mesh

Numbers = Sequence[float] | np.ndarray
_CORNERS = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)])
# Four corners of each face, counter-clockwise seen from outside, and the outward normal.
_FACES = ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3))
_NORMALS = np.array([[-1, 0, 0], [1, 0, 0], [0, -1, 0], [0, 1, 0], [0, 0, -1], [0, 0, 1]], np.float64)
_WOOD = (0.32, 0.19, 0.1)


def box(
    size_m: Numbers,
    centre_world: Numbers,
    *,
    turn_deg: float = 0.0,
    colour: Numbers = (0.5, 0.5, 0.5),
    kind: Kind = "prop",
    roughness: float = 0.7,
) -> Mesh:
    """A box of `size_m` (x, y, z), turned about its vertical axis; `colour` is linear light in [0, 1]."""
    if min(size_m) <= 0.0:
        raise InputError(f"box: expected a size over 0 m, got {tuple(map(float, size_m))}")
    turn = _turn(turn_deg)
    corners = _CORNERS[np.array(_FACES).ravel()] * np.asarray(size_m) @ turn.T + np.asarray(centre_world)
    quads = 4 * np.arange(6)[:, None]
    triangles = np.concatenate([quads + (0, 1, 2), quads + (0, 2, 3)])
    return Mesh(
        vertices_world=corners.astype(np.float32),
        triangles=triangles.astype(np.int32),
        normals_world=np.repeat(_NORMALS @ turn.T, 4, axis=0).astype(np.float32),
        colours=np.tile(np.asarray(colour, np.float32), (24, 1)),
        kind=kind,
        roughness=roughness,
    )


def merged(meshes: Sequence[Mesh]) -> Mesh:
    """Meshes without textures as one, with the material of the first."""
    if any(mesh.texture is not None or mesh.normals_world is None or mesh.colours is None for mesh in meshes):
        raise InputError("merging meshes: expected normals and colours and no textures in all of them")
    starts = np.cumsum([0, *(len(mesh.vertices_world) for mesh in meshes)])
    triangles = [mesh.triangles + start for mesh, start in zip(meshes, starts, strict=False)]
    return replace(
        meshes[0],
        vertices_world=np.concatenate([mesh.vertices_world for mesh in meshes]),
        normals_world=np.concatenate([np.asarray(mesh.normals_world) for mesh in meshes]),
        colours=np.concatenate([np.asarray(mesh.colours) for mesh in meshes]),
        triangles=np.concatenate(triangles).astype(np.int32),
        uv=None,
    )


def chair(
    place_world: Numbers,
    *,
    turn_deg: float = 0.0,
    seat_height_m: float = 0.45,
    seat_m: float = 0.42,
    back_height_m: float = 0.42,
    colour: Numbers = _WOOD,
) -> Mesh:
    """A chair at a point of the ground; who sits on it unturned looks along +x."""
    leg, thick = 0.04, 0.035
    inset = seat_m / 2 - leg / 2
    legs = [((leg, leg, seat_height_m), (x, y, seat_height_m / 2)) for x in (-inset, inset) for y in (-inset, inset)]
    posts = [((leg, leg, back_height_m), (-inset, y, seat_height_m + back_height_m / 2)) for y in (-inset, inset)]
    rails = [
        ((thick * 0.7, seat_m - leg, 0.07), (-inset, 0.0, seat_height_m + back_height_m * share))
        for share in (0.45, 0.68, 0.91)
    ]
    seat = [((seat_m, seat_m, thick), (0.0, 0.0, seat_height_m - thick / 2))]
    return _built([*legs, *posts, *rails, *seat], place_world, turn_deg, colour)


def stool(place_world: Numbers, *, seat_height_m: float = 0.45, seat_m: float = 0.36, colour: Numbers = _WOOD) -> Mesh:
    """A stool at a point of the ground."""
    inset = seat_m / 2 - 0.03
    legs = [((0.04, 0.04, seat_height_m), (x, y, seat_height_m / 2)) for x in (-inset, inset) for y in (-inset, inset)]
    return _built([*legs, ((seat_m, seat_m, 0.04), (0, 0, seat_height_m - 0.02))], place_world, 0.0, colour)


def table(
    place_world: Numbers,
    *,
    turn_deg: float = 0.0,
    size_m: Numbers = (0.8, 1.4, 0.74),
    colour: Numbers = _WOOD,
) -> Mesh:
    """A table at a point of the ground."""
    x, y, height = size_m
    legs = [
        ((0.06, 0.06, height), (sx * (x / 2 - 0.06), sy * (y / 2 - 0.06), height / 2))
        for sx in (-1, 1)
        for sy in (-1, 1)
    ]
    return _built([*legs, ((x, y, 0.04), (0, 0, height - 0.02))], place_world, turn_deg, colour)


def _built(parts: Sequence, place_world: Numbers, turn_deg: float, colour: Numbers) -> Mesh:
    """Boxes (size, centre) about a point of the ground, turned together."""
    turn, place = _turn(turn_deg), np.asarray(place_world, np.float64)
    return merged([box(size, turn @ np.asarray(at) + place, turn_deg=turn_deg, colour=colour) for size, at in parts])


def _turn(turn_deg: float) -> np.ndarray:
    c, s = np.cos(np.deg2rad(turn_deg)), np.sin(np.deg2rad(turn_deg))
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
