"""Shapes whose pictures can be worked out by hand, and plain people made of capsules."""

import numpy as np

from metricpose.geometry import Camera
from metricpose.virtual.render.mesh import Mesh


def sphere(centre, radius, *, rings=24, **fields) -> Mesh:
    """A ball, wound counter-clockwise seen from outside."""
    return capsule(centre, centre, radius, rings=rings, **fields)


def capsule(start, end, radius, *, rings=12, **fields) -> Mesh:
    """A stick with round ends."""
    start, end = np.asarray(start, float), np.asarray(end, float)
    length = np.linalg.norm(end - start)
    z = (end - start) / length if length > 1e-9 else np.array([0.0, 0.0, 1.0])
    x = np.cross(z, (0.3, 0.9, 0.1) if abs(z[1]) < 0.9 else (1.0, 0.0, 0.0))
    x /= np.linalg.norm(x)
    y = np.cross(z, x)
    theta = np.linspace(-np.pi / 2, np.pi / 2, rings + 1)
    phi = 2 * np.pi * np.arange(2 * rings) / (2 * rings)
    level, height = np.cos(theta)[:, None], np.sin(theta)[:, None]
    around = np.cos(phi)[None, :, None] * x + np.sin(phi)[None, :, None] * y
    normals = level[..., None] * around + height[..., None] * z
    centres = np.where((theta > 0)[:, None, None], end, start)
    vertices = (centres + radius * normals).reshape(-1, 3)
    i, j = np.meshgrid(np.arange(rings), np.arange(2 * rings), indexing="ij")
    a, b = i * 2 * rings + j, i * 2 * rings + (j + 1) % (2 * rings)
    c, d = a + 2 * rings, b + 2 * rings
    triangles = np.concatenate([np.stack([a, b, d], -1).reshape(-1, 3), np.stack([a, d, c], -1).reshape(-1, 3)])
    return Mesh(
        vertices_world=vertices.astype(np.float32),
        triangles=triangles.astype(np.int32),
        normals_world=normals.reshape(-1, 3).astype(np.float32),
        **fields,
    )


def person(feet, number, *, skin=(0.45, 0.27, 0.19), shirt=(0.1, 0.2, 0.45), trousers=(0.08, 0.08, 0.1), rings=12):
    """A standing person of 1.75 m made of capsules, as meshes of skin and cloth."""
    feet = np.asarray(feet, float)
    parts = [
        ((0, 0, 1.62), (0, 0, 1.66), 0.1, "skin"),
        ((0, 0, 1.42), (0, 0, 1.55), 0.055, "skin"),
        ((0, -0.09, 1.05), (0, -0.1, 1.38), 0.1, "cloth"),
        ((0, 0.09, 1.05), (0, 0.1, 1.38), 0.1, "cloth"),
    ]
    for side in (-1, 1):
        parts += [
            ((0, side * 0.2, 1.4), (0.03, side * 0.28, 1.12), 0.05, "cloth"),
            ((0.03, side * 0.28, 1.12), (0.2, side * 0.25, 0.92), 0.038, "skin"),
            ((0, side * 0.1, 0.95), (0.03, side * 0.12, 0.5), 0.085, "trousers"),
            ((0.03, side * 0.12, 0.5), (0, side * 0.13, 0.1), 0.06, "trousers"),
            ((0, side * 0.13, 0.045), (0.17, side * 0.14, 0.045), 0.045, "shoe"),
        ]
    colours = {"skin": skin, "cloth": shirt, "trousers": trousers, "shoe": (0.3, 0.3, 0.3)}
    meshes = []
    for start, end, radius, what in parts:
        skinny = what == "skin"
        material = {"kind": "skin" if skinny else "cloth", "roughness": 0.5 if skinny else 0.9}
        mesh = capsule(feet + start, feet + end, radius, rings=rings, person=number, **material)
        meshes.append(_painted(mesh, colours[what]))
    return meshes


def _painted(mesh: Mesh, colour) -> Mesh:
    colours = np.broadcast_to(np.asarray(colour, np.float32), mesh.vertices_world.shape)
    return Mesh(**{**vars(mesh), "colours": np.ascontiguousarray(colours)})


def looking(eye, target, size, focal_px, *, roll_deg=0.0, **fields) -> Camera:
    """A camera at `eye` that looks at `target`, z up."""
    forward = np.asarray(target, float) - np.asarray(eye, float)
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, (0.0, 0.0, 1.0))
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    c, s = np.cos(np.deg2rad(roll_deg)), np.sin(np.deg2rad(roll_deg))
    rotation = np.stack([c * right + s * down, c * down - s * right, forward])
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = rotation, -rotation @ np.asarray(eye, float)
    return Camera.from_focal(size, focal_px).replaced(cam_from_world=matrix, **fields)
