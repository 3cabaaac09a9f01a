"""What lies under what, on a sphere in a sphere."""

import numpy as np
import pytest

from metricpose.virtual.render.cover import held_inside, hits, outside_m, rings_inside


def sphere(radius, rings=24, sectors=32):
    """A closed sphere, triangles counter-clockwise from outside."""
    latitude, longitude = np.meshgrid(
        np.linspace(-np.pi / 2, np.pi / 2, rings), np.linspace(0, 2 * np.pi, sectors, endpoint=False), indexing="ij"
    )
    vertices = radius * np.stack(
        [np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)], -1
    )
    index = np.arange(rings * sectors).reshape(rings, sectors)
    a, b = index[:-1], np.roll(index[:-1], -1, 1)
    c, d = np.roll(index[1:], -1, 1), index[1:]
    triangles = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])
    return vertices.reshape(-1, 3), triangles.astype(np.int32)


INNER, INNER_TRIANGLES = sphere(0.10)
OUTER, OUTER_TRIANGLES = sphere(0.12)
NORMALS = INNER / 0.10


def test_everything_under_a_closed_cover_is_covered_at_its_distance():
    found = hits(INNER, NORMALS, OUTER, OUTER_TRIANGLES)
    assert found.covered.mean() > 0.98  # a ray along an edge may slip through
    np.testing.assert_allclose(found.distance[found.covered], 0.02, atol=2e-3)
    on_outer = np.einsum("nk,nkd->nd", found.weights, OUTER[found.corners])[found.covered]
    np.testing.assert_allclose(on_outer, (INNER + found.distance[:, None] * NORMALS)[found.covered], atol=1e-6)


def test_a_point_that_pokes_out_has_a_negative_distance():
    found = hits(1.25 * INNER, NORMALS, OUTER, OUTER_TRIANGLES, in_m=0.02)
    assert (found.distance[found.covered] < 0).all()
    assert found.covered.mean() > 0.98


def test_a_surface_met_from_outside_or_too_far_is_no_cover():
    assert not hits(INNER, NORMALS, OUTER, OUTER_TRIANGLES[:, ::-1]).covered.any()
    assert not hits(INNER, NORMALS, OUTER, OUTER_TRIANGLES, out_m=0.01).covered.any()
    assert not hits(INNER[:0], NORMALS[:0], OUTER, OUTER_TRIANGLES).covered.any()
    assert not hits(INNER, NORMALS, OUTER, OUTER_TRIANGLES[:0]).covered.any()


def test_the_outermost_of_two_layers_counts():
    far, triangles = sphere(0.125)
    both = np.concatenate([OUTER, far])
    found = hits(INNER, NORMALS, both, np.concatenate([OUTER_TRIANGLES, triangles + len(OUTER)]))
    np.testing.assert_allclose(found.distance[found.covered], 0.025, atol=2e-3)


def test_the_cells_have_a_slow_twin():
    rng = np.random.default_rng(0)
    points = rng.normal(size=(40, 3)) * 0.1
    normals = rng.normal(size=(40, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    found = hits(points, normals, OUTER, OUTER_TRIANGLES, out_m=0.05, in_m=0.05)
    for point, normal, distance in zip(points, normals, found.distance, strict=True):
        best = np.nan
        for a, b, c in OUTER[OUTER_TRIANGLES]:
            if normal @ np.cross(b - a, c - a) <= 0:
                continue
            weights = np.linalg.solve(np.stack([b - a, c - a, -normal], 1), point - a)
            if weights[0] >= 0 and weights[1] >= 0 and weights[:2].sum() <= 1 and abs(weights[2]) <= 0.05:
                best = np.fmax(best, weights[2])
        np.testing.assert_allclose(distance, best, atol=1e-6)


def test_rings_count_from_the_hem():
    line = np.array([[i, i + 1, i + 2] for i in range(8)])  # ten vertices in a strip
    covered = np.arange(10) >= 4
    assert rings_inside(covered, line, 3).tolist() == [0, 0, 0, 0, 1, 1, 2, 2, 3, 3]
    assert rings_inside(np.zeros(10, bool), line, 3).max() == 0


def test_what_pokes_out_is_held_inside_when_the_cover_moves():
    found = hits(INNER, NORMALS, OUTER, OUTER_TRIANGLES)
    which = np.flatnonzero(found.covered)
    shrunk = 0.8 * OUTER
    assert (outside_m(INNER, shrunk, found, which) > 0).all()
    held = held_inside(INNER, shrunk, found, which, 0.004)
    assert outside_m(held, shrunk, found, which).max() == pytest.approx(-0.004, abs=1e-6)
    np.testing.assert_array_equal(held_inside(INNER, OUTER, found, which, 0.004), INNER)
