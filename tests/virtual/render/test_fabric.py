"""Colours and patterns of cloth."""

import numpy as np
import pytest

from metricpose.virtual.render.fabric import (
    PATTERNS,
    Fabric,
    blurred,
    drawn_colour,
    drawn_fabric,
    linear_from_lab,
    linear_from_srgb,
    made_strands,
    made_texture,
    recoloured,
    shading,
    srgb_from_linear,
    tinted,
)


def test_srgb_and_linear_light_are_inverse():
    values = np.linspace(0, 1, 256)
    np.testing.assert_allclose(srgb_from_linear(linear_from_srgb(values)), values, atol=1e-6)


def test_known_colours_of_cielab():
    np.testing.assert_allclose(linear_from_lab(np.array([100.0, 0, 0])), 1, atol=2e-3)
    # sRGB red (255, 0, 0) is L* 53.24, a* 80.09, b* 67.20
    np.testing.assert_allclose(linear_from_lab(np.array([53.24, 80.09, 67.20])), (1, 0, 0), atol=5e-3)


def test_the_blur_has_a_slow_twin():
    values = np.random.default_rng(0).random((9, 11))
    slow = values
    for axis in (0, 1, 0, 1):
        padded = np.pad(slow, [(2, 2) if a == axis else (0, 0) for a in (0, 1)], mode="edge")
        slow = np.mean([np.take(padded, np.arange(k, k + slow.shape[axis]), axis) for k in range(5)], axis=0)
    np.testing.assert_allclose(blurred(values, 2), slow, atol=1e-12)


def test_a_logo_cannot_be_read_from_printed_shading():
    texture = np.full((256, 256, 4), 255, np.uint8)
    texture[..., :3] = 120
    texture[100:112, 100:112, :3] = 255  # a small mark
    blurred_step, plain_step = (np.abs(np.diff(shading(texture, printed=p), axis=1)).max() for p in (True, False))
    assert blurred_step < 0.08 < 0.3 < plain_step  # no edge is left to be read


@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_pattern_stays_between_its_colours(pattern):
    fabric = Fabric(pattern=pattern, colour=(0.5, 0.1, 0.1), second=(0.1, 0.1, 0.5), period_m=0.05)
    rng = np.random.default_rng(1)
    texture = made_texture(fabric, np.ones((64, 64)), np.full((64, 64), 7, np.uint8), 0.6, rng)
    light = linear_from_srgb(texture[..., :3] / 255.0)
    assert texture.shape == (64, 64, 4)
    assert (texture[..., 3] == 7).all()
    assert light[..., 0].min() > 0.08 and light[..., 0].max() < 0.6
    varied = light[..., 0].std() > 0.05
    assert varied == (pattern != "plain")


def test_stripes_have_the_period_asked_for():
    fabric = Fabric(pattern="stripes", colour=(0.8,) * 3, second=(0.05,) * 3, period_m=0.1)
    texture = made_texture(fabric, np.ones((8, 400)), np.zeros((8, 400), np.uint8), 1.0, np.random.default_rng(0))
    bright = texture[0, :, 0] > 128
    assert (bright[1:] != bright[:-1]).sum() in (19, 20)  # ten periods in a metre


def test_recolouring_keeps_alpha_and_the_order_of_light_and_dark():
    texture = np.zeros((1, 32, 4), np.uint8)
    texture[..., :3] = np.linspace(20, 200, 32)[:, None]
    texture[..., 3] = np.arange(32)
    for seed in range(5):
        made = recoloured(texture, np.random.default_rng(seed))
        assert (made[..., 3] == texture[..., 3]).all()
        assert (np.diff(made[0, :, 1].astype(int)) >= 0).all()


def test_a_tint_has_the_colour_asked_for():
    made = tinted(made_strands(np.random.default_rng(0), curly=False), (0.3, 0.1, 0.05))
    light = np.median(linear_from_srgb(made[..., :3] / 255.0), axis=(0, 1))
    np.testing.assert_allclose(light, (0.3, 0.1, 0.05), rtol=0.15)
    assert (made_strands(np.random.default_rng(0), curly=True)[..., 3] == 0).any()


def test_most_clothes_are_not_loud():
    rng = np.random.default_rng(0)
    colours = np.array([drawn_colour(rng) for _ in range(400)])
    assert ((colours > 0) & (colours < 1)).all()
    assert np.mean(np.ptp(srgb_from_linear(colours), axis=1) < 0.35) > 0.6
    assert np.mean([drawn_fabric(rng).pattern == "plain" for _ in range(300)]) > 0.4
