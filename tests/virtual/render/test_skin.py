"""Made skin: the whole range of tones, never a colour that skin has not."""

import numpy as np
import pytest

from metricpose.virtual.render.fabric import srgb_from_linear
from metricpose.virtual.render.skin import (
    ITA_DEGREES,
    SkinRegions,
    SkinTone,
    drawn_hair_colour,
    drawn_tone,
    eye_texture,
    skin_colours,
    smooth_noise,
)


def regions(count, **given):
    names = ("lips", "flush", "pale", "scalp")
    return SkinRegions(**{name: np.full(count, given.get(name, 0.0), np.float32) for name in names})


def test_tones_cover_the_range_evenly():
    rng = np.random.default_rng(0)
    ita = np.array([drawn_tone(rng).ita_degrees for _ in range(2000)])
    counts, _ = np.histogram(ita, bins=5, range=ITA_DEGREES)
    assert counts.min() > 300
    assert ita.min() > -60 and ita.max() < 65


@pytest.mark.parametrize("seed", range(6))
def test_skin_is_warm_and_not_saturated(seed):
    rng = np.random.default_rng(seed)
    points = rng.random((200, 3))
    srgb = srgb_from_linear(skin_colours(drawn_tone(rng), regions(200), points, rng)).mean(0)
    assert srgb[0] > srgb[1] > srgb[2]
    assert (srgb[0] - srgb[2]) / srgb[0] < 0.62


def test_regions_differ_as_they_should():
    tone = SkinTone(lightness=35, a=9, b=12, freckles=0)
    points = np.random.default_rng(0).random((100, 3))
    plain, palms, lips = (
        skin_colours(tone, regions(100, **given), points, np.random.default_rng(1)).mean(0)
        for given in ({}, {"pale": 1.0}, {"lips": 1.0})
    )
    assert (palms > plain).all()
    assert lips[0] / lips[1] > plain[0] / plain[1]


def test_noise_is_smooth():
    points = np.zeros((200, 3))
    points[:, 0] = np.linspace(0, 1, 200)
    noise = smooth_noise(points, 0.3, np.random.default_rng(0))
    assert np.abs(np.diff(noise)).max() < 0.5
    assert noise.std() > 0.3


def test_dark_skin_has_dark_hair_unless_grey():
    rng = np.random.default_rng(0)
    dark = SkinTone(lightness=35, a=9, b=12, freckles=0)
    young = np.array([drawn_hair_colour(dark, 20, rng) for _ in range(100)])
    old = np.array([drawn_hair_colour(dark, 80, rng) for _ in range(100)])
    assert young.max() < 0.1
    assert np.mean(old.min(1) > 0.1) > 0.5


def test_an_eye_has_a_pupil_an_iris_and_a_white():
    texture = eye_texture(SkinTone(lightness=60, a=9, b=12, freckles=0), np.random.default_rng(0), 65)
    assert texture[32, 32, :3].max() < 20
    assert texture[32, 60, :3].min() > 130
    assert 10 < texture[32, 32 + 11, :3].max() < 200
