"""Meshes as the graphics driver takes them."""

import numpy as np

from metricpose.virtual.render.mesh import Mesh


def vertex_normals(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Unit normals (V, 3) float32: the sum of the triangles' around a vertex, each weighted by its area.

    A vertex without triangles, or whose triangles cancel, looks up (+z).
    """
    corners = vertices[triangles]
    faces = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    flat = triangles.ravel()
    spread = np.repeat(faces, 3, axis=0)
    sums = np.stack([np.bincount(flat, spread[:, axis], len(vertices)) for axis in range(3)], -1)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    return np.where(lengths > 1e-20, sums / np.maximum(lengths, 1e-20), (0.0, 0.0, 1.0)).astype(np.float32)


def packed_vertices(mesh: Mesh) -> np.ndarray:
    """(V, 11) float32: position, normal, texture coordinates, colour."""
    packed = np.empty((len(mesh.vertices_world), 11), np.float32)
    packed[:, :3] = mesh.vertices_world
    normals = mesh.normals_world
    packed[:, 3:6] = vertex_normals(mesh.vertices_world, mesh.triangles) if normals is None else normals
    packed[:, 6:8] = 0.0 if mesh.uv is None else mesh.uv
    packed[:, 8:] = 1.0 if mesh.colours is None else mesh.colours
    return packed
