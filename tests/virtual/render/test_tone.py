"""Exposure and the sRGB code."""

import numpy as np

from metricpose.virtual.render.tone import film_curve, film_curve_undone, linear_from_srgb, srgb_from_linear


def test_srgb_round_trip_is_exact() -> None:
    code = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(srgb_from_linear(linear_from_srgb(code)), code)
    np.testing.assert_allclose(linear_from_srgb(np.uint8(188)), 0.5029, atol=1e-3)  # half the light, by the table


def test_the_film_curve_rises_and_is_undone() -> None:
    light = np.linspace(0.0, 6.0, 200)
    shown = film_curve(light)
    assert shown[0] == 0.0 and (np.diff(shown) > 0).all() and shown[-1] <= 1.0
    np.testing.assert_allclose(film_curve_undone(shown), light, rtol=1e-6, atol=1e-9)
