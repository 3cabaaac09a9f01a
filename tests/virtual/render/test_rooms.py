"""Rooms, floors and furniture: closed, the right way round, and as large as asked."""

import numpy as np
import pytest

from metricpose._errors import InputError
from metricpose.virtual.render.floors import cloudy, floor_texture
from metricpose.virtual.render.furniture import box, chair, merged, stool, table
from metricpose.virtual.render.rooms import room_environment
from metricpose.virtual.render.vertices import vertex_normals

INSIDE = np.array([[0, 0, 1.7], [5, -1, 0], [4, 2, 1.8]])


def span(mesh):
    return mesh.vertices_world.min(0), mesh.vertices_world.max(0)


def volume(mesh):
    """By the divergence theorem; positive where triangles turn counter-clockwise seen from outside."""
    a, b, c = (mesh.vertices_world[mesh.triangles[:, k]].astype(float) for k in range(3))
    return (np.cross(a, b) * c).sum() / 6


def test_a_box_has_its_size_volume_and_outward_normals() -> None:
    mesh = box((1, 2, 3), (5, 6, 7), turn_deg=90)
    np.testing.assert_allclose(span(mesh), ((4, 5.5, 5.5), (6, 6.5, 8.5)), atol=1e-5)
    np.testing.assert_allclose(volume(mesh), 6.0, rtol=1e-5)
    np.testing.assert_allclose(mesh.normals_world, vertex_normals(mesh.vertices_world, mesh.triangles), atol=1e-6)


@pytest.mark.parametrize("make", [chair, stool, table])
def test_furniture_stands_on_the_ground(make) -> None:
    mesh = make((2, 1, 0.3))
    least, most = span(mesh)
    np.testing.assert_allclose(least[2], 0.3, atol=1e-6)
    assert volume(mesh) > 0 and (np.abs((least + most)[:2] / 2 - (2, 1)) < 0.05).all()


def test_a_seat_is_as_high_as_asked_and_the_back_is_behind() -> None:
    mesh = chair((0, 0, 0), seat_height_m=0.4, back_height_m=0.5)
    np.testing.assert_allclose(span(mesh)[1][2], 0.9, atol=1e-6)
    above = mesh.vertices_world[mesh.vertices_world[:, 2] > 0.41]
    assert above[:, 0].max() < 0  # who sits looks along +x


@pytest.mark.parametrize("seed", range(12))
def test_a_room_holds_everybody_and_faces_inward(seed: int) -> None:
    room = room_environment(INSIDE, seed)
    walls = [mesh for mesh in room.meshes if len(mesh.triangles) and mesh.colours is not None]
    corners = np.concatenate([mesh.vertices_world for mesh in walls])
    least, most = corners.min(0), corners.max(0)
    assert (least[:2] < INSIDE.min(0)[:2] - 0.4).all() and (most > INSIDE.max(0)).all() and abs(least[2]) < 1e-6
    assert all(mesh.kind == "ground" and mesh.person == 0 for mesh in walls)
    middle = (least + most) / 2
    for mesh in room.meshes[:6]:
        normals = vertex_normals(mesh.vertices_world, mesh.triangles)
        assert ((middle - mesh.vertices_world) * normals).sum(1).min() > 0
        np.testing.assert_allclose(normals, mesh.normals_world, atol=1e-6)
    again = room_environment(INSIDE, seed)
    np.testing.assert_array_equal(again.light.smooth_sh, room.light.smooth_sh)
    np.testing.assert_array_equal(again.meshes[4].texture, room.meshes[4].texture)


def test_floors_are_plain() -> None:
    for seed in range(8):
        texture, mean = floor_texture(np.random.default_rng(seed))
        assert texture.shape == (512, 512, 4) and (texture[..., 3] == 255).all()
        assert mean.min() > 0.02 and mean.max() < 0.7 and np.ptp(mean) < 0.3


def test_smooth_noise_repeats_without_a_seam() -> None:
    noise = cloudy(np.random.default_rng(1), (64, 128), (8, 16))
    assert noise.shape == (64, 128)
    for axis in (0, 1):
        seam = np.abs(np.take(noise, 0, axis) - np.take(noise, -1, axis)).mean()
        assert seam < 2 * np.abs(np.diff(noise, axis=axis)).mean()


def test_normals_of_loose_vertices_look_up() -> None:
    normals = vertex_normals(np.zeros((2, 3), np.float32), np.zeros((0, 3), np.int32))
    np.testing.assert_array_equal(normals, [[0, 0, 1], [0, 0, 1]])


def test_wrong_values_are_refused() -> None:
    with pytest.raises(InputError, match="expected a size over 0 m"):
        box((1, 0, 1), (0, 0, 0))
    with pytest.raises(InputError, match=r"expected points \(N, 3\)"):
        room_environment(np.zeros((0, 3)), 0)
    floor = room_environment(INSIDE, 0).meshes[4]
    with pytest.raises(InputError, match="no textures"):
        merged([floor])
