"""What lies under what: hits from an inner surface out to an outer one, and keeping the inner one inside in any pose.

Skin that a garment covers is not drawn, except for a rim under its hems; the rim is held inside the garment by the
place it hits: a triangle and barycentric coordinates, found once at rest and valid in every pose. The same holds
a shirt over trousers and trousers over shoes.
"""

from dataclasses import dataclass

import numpy as np

_CELL_M = 0.05


@dataclass(frozen=True, kw_only=True, eq=False)
class Hits:
    """Where the normals of N inner vertices meet an outer surface.

    Attributes:
        distance: (N,) metres along the outward normal, negative where the inner vertex pokes out, NaN without a hit.
        corners: (N, 3) int32 vertices of the outer triangle that is hit (zeros without one).
        weights: (N, 3) float32 barycentric coordinates in it.
    """

    distance: np.ndarray
    corners: np.ndarray
    weights: np.ndarray

    @property
    def covered(self) -> np.ndarray:
        """(N,) bool: what has the outer surface over it (or just under it)."""
        return np.isfinite(self.distance)


def hits(
    points: np.ndarray,
    normals: np.ndarray,
    vertices: np.ndarray,
    triangles: np.ndarray,
    *,
    out_m: float = 0.04,
    in_m: float = 0.02,
) -> Hits:
    """From `points` (N, 3) along their unit `normals`, from `in_m` below to `out_m` above; the outermost hit counts.

    Only triangles count that are met from inside: another limb's sleeve is met from outside.
    """
    found = Hits(
        distance=np.full(len(points), np.nan),
        corners=np.zeros((len(points), 3), np.int32),
        weights=np.zeros((len(points), 3), np.float32),
    )
    if not len(points) or not len(triangles):
        return found
    tri = vertices[triangles].astype(np.float64)
    centre = tri.mean(1)
    radius = np.linalg.norm(tri - centre[:, None], axis=2).max(1)
    reach = max(out_m, in_m) + _CELL_M * np.sqrt(3) / 2
    cell = np.floor(points / _CELL_M).astype(np.int64)
    keys, cell_of = np.unique(cell, axis=0, return_inverse=True)
    order = np.argsort(cell_of.ravel(), kind="stable")
    starts = np.searchsorted(cell_of.ravel()[order], np.arange(len(keys) + 1))
    for number, key in enumerate(keys):
        inner = order[starts[number] : starts[number + 1]]
        near = np.flatnonzero(np.linalg.norm(centre - (key + 0.5) * _CELL_M, axis=1) < radius + reach)
        if len(near):
            _meet(found, inner, near, points, normals, tri, triangles, out_m, in_m)
    return found


def _meet(found, inner, near, points, normals, tri, triangles, out_m, in_m) -> None:
    """Möller and Trumbore 1997, every ray of a cell with every triangle nearby."""
    origin, ray = points[inner][:, None].astype(np.float64), normals[inner][:, None].astype(np.float64)
    first, side, other = tri[near, 0][None], (tri[near, 1] - tri[near, 0])[None], (tri[near, 2] - tri[near, 0])[None]
    across = np.cross(ray, other)
    # The determinant is -ray . normal: negative where the ray leaves through the front; others are no hits.
    turn = (side * across).sum(-1)
    turn = np.where(turn < -1e-14, turn, np.nan)
    from_first = origin - first
    up = np.cross(from_first, side)
    b = (from_first * across).sum(-1) / turn
    c = (ray * up).sum(-1) / turn
    along = (other * up).sum(-1) / turn
    valid = (b >= -1e-4) & (c >= -1e-4) & (b + c <= 1 + 1e-4) & (along >= -in_m) & (along <= out_m)
    along = np.where(valid, along, -np.inf)
    best = along.argmax(1)
    rows = np.flatnonzero(np.isfinite(along[np.arange(len(inner)), best]))
    chosen = best[rows]
    found.distance[inner[rows]] = along[rows, chosen]
    found.corners[inner[rows]] = triangles[near[chosen]]
    bc = np.stack([b[rows, chosen], c[rows, chosen]], -1)
    found.weights[inner[rows]] = np.concatenate([1 - bc.sum(-1, keepdims=True), bc], -1)


def rings_inside(covered: np.ndarray, triangles: np.ndarray, most: int) -> np.ndarray:
    """(N,) 0 for what is not covered, 1 for its covered neighbours, and so on up to `most`."""
    ring = np.where(covered, most, 0)
    for level in range(1, most):
        seen = (ring[triangles] < level).any(1)
        rim = np.zeros(len(covered), bool)
        rim[triangles[seen].ravel()] = True
        ring = np.where(rim & (ring == most), level, ring)
    return ring


def held_inside(inner: np.ndarray, outer: np.ndarray, contact: Hits, which: np.ndarray, margin_m: float) -> np.ndarray:
    """`inner` (N, 3) with the vertices `which` at least `margin_m` under the posed `outer` (M, 3) where they hit it."""
    corners = outer[contact.corners[which]].astype(np.float64)
    surface = np.einsum("nk,nkd->nd", contact.weights[which], corners)
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    over = ((inner[which] - surface) * normal).sum(1) + margin_m
    moved = inner.copy()
    moved[which] = inner[which] - np.clip(over, 0, 0.06)[:, None] * normal
    return moved


def outside_m(inner: np.ndarray, outer: np.ndarray, contact: Hits, which: np.ndarray) -> np.ndarray:
    """How far (metres, positive is outside) the vertices `which` stand out of the outer surface where they hit it."""
    corners = outer[contact.corners[which]].astype(np.float64)
    surface = np.einsum("nk,nkd->nd", contact.weights[which], corners)
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    return ((inner[which] - surface) * normal).sum(1)
