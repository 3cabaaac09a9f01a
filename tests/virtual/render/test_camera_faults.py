"""A camera's faults: none moves anything, each does what it says, a seed repeats them."""

import numpy as np
import pytest

from metricpose._errors import InputError
from metricpose.virtual.render.camera_faults import (
    CameraFaults,
    FaultOptions,
    blurred,
    developed,
    disc_kernel,
    drawn_faults,
    streak_kernel,
    with_aberration,
    with_faults,
    with_jpeg,
    with_sensor_noise,
    with_vignetting,
)
from metricpose.virtual.render.tone import linear_from_srgb

PICTURE = np.random.default_rng(3).integers(0, 256, (12, 16, 3)).astype(np.uint8).repeat(4, 0).repeat(4, 1)


def spot(x, y, shape=(41, 51)):
    light = np.zeros((*shape, 3), np.float32)
    light[y - 1 : y + 2, x - 1 : x + 2] = 0.5
    return light


def centroid(layer):
    y, x = np.mgrid[: layer.shape[0], : layer.shape[1]]
    return np.array([(layer * x).sum(), (layer * y).sum()]) / layer.sum()


def test_without_faults_the_picture_stays() -> None:
    np.testing.assert_allclose(with_faults(PICTURE, CameraFaults(), 0).astype(int), PICTURE.astype(int), atol=1)


@pytest.mark.parametrize("kernel", [disc_kernel(2.3), disc_kernel(0.4), streak_kernel(7, 30), streak_kernel(3, 120)])
def test_blurs_keep_light_and_place(kernel) -> None:
    np.testing.assert_allclose(kernel, kernel[::-1, ::-1], atol=1e-6)
    np.testing.assert_allclose(kernel.sum(), 1.0, rtol=1e-5)
    light = spot(20, 15)
    spread = blurred(light, kernel)
    np.testing.assert_allclose(spread.sum(), light.sum(), rtol=1e-4)
    np.testing.assert_allclose(centroid(spread[..., 1]), (20, 15), atol=1e-3)
    assert kernel.size == 9 or (spread != light).any()


def test_a_streak_lies_along_its_direction() -> None:
    y, x = np.nonzero(streak_kernel(9, 0) > 0.02)
    assert np.ptp(x) == 8 and np.ptp(y) == 0
    np.testing.assert_allclose(streak_kernel(9, 90), streak_kernel(9, 0).T, atol=1e-6)
    np.testing.assert_array_equal(blurred(spot(20, 15), streak_kernel(0, 40)), spot(20, 15))


def test_aberration_moves_red_and_blue_a_little_and_green_not_at_all() -> None:
    light = spot(45, 35)
    shifted = with_aberration(light, 0.8)
    np.testing.assert_array_equal(shifted[..., 1], light[..., 1])
    centre = np.array([25.0, 20.0])
    outward = (np.array([45, 35]) - centre) / np.hypot(25, 20) * 0.8
    np.testing.assert_allclose(centroid(shifted[..., 0]), (45, 35) + outward, atol=0.1)
    np.testing.assert_allclose(centroid(shifted[..., 2]), (45, 35) - outward, atol=0.1)


def test_vignetting_is_none_in_the_middle_and_as_stated_in_the_corner() -> None:
    light = with_vignetting(np.ones((21, 31, 3), np.float32), 0.3)
    np.testing.assert_allclose([light[10, 15, 0], light[0, 0, 0], light[20, 30, 2]], [1.0, 0.7, 0.7], rtol=1e-5)


def test_noise_has_the_variance_of_counts_and_of_reading() -> None:
    level = 0.25
    noisy = with_sensor_noise(np.full((200, 200, 3), level, np.float32), 1000.0, 5.0, seed=1)
    np.testing.assert_allclose(noisy.mean(), level, atol=2e-4)
    np.testing.assert_allclose(noisy.var(), (level * 1000 + 25) / 1000**2, rtol=0.03)


def test_exposure_and_white_balance_are_factors_of_light() -> None:
    grey = np.full((8, 8, 3), 100, np.uint8)
    brighter = with_faults(grey, CameraFaults(exposure_stops=1.0, white_balance=(0.5, 1.0, 0.75)), 0)
    before, after = linear_from_srgb(grey)[0, 0, 0], linear_from_srgb(brighter)[0, 0]
    np.testing.assert_allclose(after / before, (1.0, 2.0, 1.5), rtol=0.02)


def test_contrast_keeps_the_middle_and_saturation_keeps_grey() -> None:
    light = linear_from_srgb(np.array([[[0, 0, 0], [128, 128, 128], [255, 255, 255], [64, 64, 64]]], np.uint8))
    np.testing.assert_allclose(developed(light, 1.5)[0, :3, 0].astype(int), (0, 128, 255), atol=1)
    assert developed(light, 1.5)[0, 3, 0] < 64
    np.testing.assert_array_equal(developed(light, 1.0, 0.3), developed(light))
    red = linear_from_srgb(np.array([[[200, 20, 20]]], np.uint8))
    assert np.ptp(developed(red, 1.0, 0.0).astype(int)) == 0


def test_jpeg_keeps_size_and_place() -> None:
    code = developed(spot(20, 15) + 0.1)
    packed = with_jpeg(code, 60)
    assert packed.shape == code.shape and (packed != code).any()
    np.testing.assert_allclose(packed.astype(int), code.astype(int), atol=60)


def test_a_seed_repeats_faults_and_noise() -> None:
    faults = drawn_faults(7)
    assert faults == drawn_faults(7) != drawn_faults(8)
    np.testing.assert_array_equal(with_faults(PICTURE, faults, 7), with_faults(PICTURE, faults, 7))
    assert (with_faults(PICTURE, faults, 7) != with_faults(PICTURE, faults, 8)).any()


def test_shares_hold_and_none_may_be_asked_for() -> None:
    drawn = [drawn_faults(seed) for seed in range(300)]
    assert 0.17 < np.mean([faults.defocus_px > 0 for faults in drawn]) < 0.33
    assert all(
        faults.jpeg_quality is None for faults in map(lambda s: drawn_faults(s, FaultOptions(jpeg_share=0)), range(5))
    )


def test_one_pixel_pictures_survive_all_faults() -> None:
    faults = CameraFaults(defocus_px=2, motion_px=5, vignetting=0.3, aberration_px=0.5, full_well=500, jpeg_quality=50)
    assert with_faults(np.full((1, 1, 3), 90, np.uint8), faults, 0).shape == (1, 1, 3)


def test_wrong_values_are_refused() -> None:
    with pytest.raises(InputError, match="expected aberration_px from 0 to 1, got 3"):
        CameraFaults(aberration_px=3.0)
    with pytest.raises(InputError, match="expected jpeg_quality from 1 to 100, got 0"):
        CameraFaults(jpeg_quality=0)
    with pytest.raises(InputError, match="expected uint8 RGB"):
        with_faults(np.zeros((4, 4, 3)), CameraFaults(), 0)
