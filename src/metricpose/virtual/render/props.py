"""Things in a scene of people: what they sit on, and what stands between them and the camera."""

from collections.abc import Sequence

import numpy as np

from metricpose.geometry import Camera
from metricpose.virtual.render.dressed import DressedPerson
from metricpose.virtual.render.furniture import box, chair, stool, table
from metricpose.virtual.render.mesh import Mesh
from metricpose.virtual.render.standing import body_points

_SEAT_M = (0.28, 0.8)  # heights at which something stands under a sitting person


def seat_under(person: DressedPerson, rng: np.random.Generator) -> list[Mesh]:
    """A chair, stool or box under somebody who sits above the ground; nothing under others."""
    pelvis = person.points["pelvis"]
    vertices = np.concatenate([mesh.vertices_world for mesh in person.meshes if mesh.kind in ("skin", "cloth")])
    under = (np.linalg.norm(vertices[:, :2] - pelvis[:2], axis=1) < 0.14) & (vertices[:, 2] > pelvis[2] - 0.25)
    if not under.any():
        return []
    height = float(vertices[under, 2].min())
    if not _SEAT_M[0] < height < _SEAT_M[1]:
        return []
    knees = (person.points["left_knee"] + person.points["right_knee"]) / 2 - pelvis
    facing = float(np.rad2deg(np.arctan2(knees[1], knees[0])))
    forward = np.array([np.cos(np.deg2rad(facing)), np.sin(np.deg2rad(facing)), 0.0])
    ground = np.array([pelvis[0], pelvis[1], 0.0]) + 0.05 * forward
    colour = _thing_colour(rng)
    leans_back = (person.points["neck"] - pelvis) @ forward < -0.12
    what = rng.random()
    if what < 0.55 and not leans_back:
        return [chair(ground, turn_deg=facing, seat_height_m=height, colour=colour)]
    if what < 0.8:
        return [stool(ground, seat_height_m=height, colour=colour)]
    size = (rng.uniform(0.36, 0.5), rng.uniform(0.4, 1.4), height)
    return [box(size, ground + (0.0, 0.0, height / 2), turn_deg=facing, colour=colour)]


def _thing_colour(rng: np.random.Generator) -> np.ndarray:
    """Wood, metal, cloth: mostly dull, linear light."""
    grey = np.exp(rng.uniform(np.log(0.03), np.log(0.6)))
    return np.clip(grey * np.exp(rng.normal(0.0, 0.25, 3) + rng.random() * np.array([0.3, 0.0, -0.3])), 0.01, 0.8)


def hiding_things(people: Sequence[DressedPerson], camera: Camera, rng: np.random.Generator) -> list[Mesh]:
    """Boxes, tables and chairs between the camera and people, clear of all."""
    eye = np.asarray(camera.centre_world, np.float64)
    bodies = np.concatenate([body_points(person) for person in people])
    things: list[Mesh] = []
    for _ in range(int(rng.integers(1, 4))):
        to = people[int(rng.integers(len(people)))].points["pelvis"][:2] - eye[:2]
        if np.linalg.norm(to) < 1.6:
            continue
        spot = eye[:2] + to * rng.uniform(0.55, 0.9) + rng.normal(0.0, 0.2, 2)
        thing = _thing(np.array([*spot, 0.0]), rng)
        corners = thing.vertices_world
        low, high = corners.min(0) - 0.14, corners.max(0) + 0.14
        taken = ((bodies > low) & (bodies < high)).all(1).any()
        if not taken and np.linalg.norm(np.clip(eye, low, high) - eye) > 0.5:
            things.append(thing)
    return things


def _thing(spot: np.ndarray, rng: np.random.Generator) -> Mesh:
    turn, colour = rng.uniform(0.0, 360.0), _thing_colour(rng)
    what = rng.random()
    if what < 0.3:
        return chair(spot, turn_deg=turn, colour=colour)
    if what < 0.55:
        return table(spot, turn_deg=turn, size_m=(rng.uniform(0.5, 0.9), rng.uniform(0.8, 1.6), 0.74), colour=colour)
    size = rng.uniform((0.3, 0.3, 0.3), (0.8, 0.8, 1.1))
    return box(size, spot + (0.0, 0.0, size[2] / 2), turn_deg=turn, colour=colour)
