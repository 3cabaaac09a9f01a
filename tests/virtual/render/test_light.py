"""Light of panoramas: against integrals, and suns put in by hand."""

import numpy as np
import pytest

from metricpose._errors import InputError
from metricpose.virtual.render.light import Light, light_of_panorama, panorama_directions, sh_basis, smooth_irradiance

RNG = np.random.default_rng(4)


def unit(values):
    return np.asarray(values) / np.linalg.norm(values, axis=-1, keepdims=True)


def sky_with_sun(towards, *, radius_deg=2.0, power=800.0, size=128):
    directions, _ = panorama_directions(size, 2 * size)
    angle = np.rad2deg(np.arccos(np.clip(directions @ unit(towards), -1, 1)))
    sky = np.where(directions[..., 2:] > 0, (0.4, 0.6, 1.0), (0.2, 0.15, 0.1))
    return sky + np.where((angle < radius_deg)[..., None], power, 0.0) * (1.0, 0.9, 0.8), directions


def test_directions_follow_the_stated_layout() -> None:
    directions, areas = panorama_directions(64, 128)
    np.testing.assert_allclose(areas.sum(), 4 * np.pi, rtol=1e-9)
    np.testing.assert_allclose(directions[32, 64], (1, 0, 0), atol=0.04)
    np.testing.assert_allclose(directions[32, 96], (0, -1, 0), atol=0.04)
    np.testing.assert_allclose(directions[0, 5], (0, 0, 1), atol=0.04)


def test_harmonics_are_orthonormal() -> None:
    directions, areas = panorama_directions(128, 256)
    basis = sh_basis(directions).reshape(-1, 9)
    np.testing.assert_allclose(basis.T @ (basis * areas.reshape(-1, 1)), np.eye(9), atol=2e-3)


def test_smooth_irradiance_is_the_cosine_integral_of_smooth_radiance() -> None:
    directions, areas = panorama_directions(64, 128)
    radiance = np.clip(sh_basis(directions) @ RNG.uniform(-0.1, 0.1, (9, 3)) + 1.0, 0.0, None)
    coefficients = smooth_irradiance(radiance)
    for normal in unit(RNG.standard_normal((5, 3))):
        cosine = np.clip(directions @ normal, 0.0, None) * areas
        np.testing.assert_allclose(sh_basis(normal) @ coefficients, np.tensordot(cosine, radiance, 2), rtol=0.01)


@pytest.mark.parametrize("towards", [(1, 0, 0.3), (-1, 0.2, 0.5), (0.1, -1, 1), (0.1, 0.1, 2)])
def test_the_main_light_is_the_sun(towards) -> None:
    radiance, directions = sky_with_sun(towards)
    light = light_of_panorama(radiance)
    assert np.rad2deg(np.arccos(light.main_direction_world @ unit(towards))) < 1.0
    areas = panorama_directions(128, 256)[1]
    sun = 800 * areas[radiance[..., 0] > 100].sum()
    np.testing.assert_allclose(light.main_irradiance, sun * np.array([1.0, 0.9, 0.8]), rtol=0.02)
    assert 1.0 < np.rad2deg(light.main_radius_rad) < 3.0
    # Nothing is lost: a plane that faces the sun gets all of it, and the sky.
    whole = np.tensordot(np.clip(directions @ unit(towards), 0, None) * areas, radiance, 2)
    np.testing.assert_allclose(light.irradiance(unit(towards)), whole, rtol=0.05)


def test_an_even_sky_has_no_main_light() -> None:
    light = light_of_panorama(np.ones((32, 64, 3), np.float32))
    np.testing.assert_array_equal(light.main_irradiance, 0.0)
    np.testing.assert_allclose(light.irradiance(np.array([0.0, 0.6, 0.8])), np.pi, rtol=1e-3)


@pytest.mark.parametrize("angle", [0.0, 0.7, -2.5])
def test_turning_the_world_turns_the_light(angle: float) -> None:
    light = light_of_panorama(sky_with_sun((1, 0.5, 0.5), size=64)[0])
    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    normals = unit(RNG.standard_normal((20, 3)))
    np.testing.assert_allclose(light.turned(angle).irradiance(normals @ turn.T), light.irradiance(normals), rtol=1e-4)


def test_a_direction_that_is_no_unit_vector_is_refused() -> None:
    with pytest.raises(InputError, match="expected a unit direction"):
        Light(
            smooth_sh=np.zeros((9, 3)), main_direction_world=np.ones(3), main_irradiance=np.zeros(3), main_radius_rad=0
        )
