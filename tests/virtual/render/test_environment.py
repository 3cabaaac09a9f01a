"""Panoramas, flat pictures and what a camera meters."""

import numpy as np
import pytest
from PIL import Image

from metricpose._errors import InputError
from metricpose.virtual.render.environment import (
    Panorama,
    looked_up,
    metered,
    panorama_environment,
    panorama_files,
    picture_environment,
    picture_files,
)
from metricpose.virtual.render.light import panorama_directions
from tests.virtual.render.shapes import looking

CAMERA = looking((0, 0, 1.6), (4, 0, 1.2), (64, 96), 80)


def ramp(height=32):
    return np.random.default_rng(2).uniform(0.1, 1.0, (height, 2 * height, 3)).astype(np.float32)


def test_a_panorama_is_looked_up_where_its_pixels_look() -> None:
    panorama = Panorama.of(ramp(), "ramp", enlarged=1)
    directions, _ = panorama_directions(32, 64)
    np.testing.assert_array_equal(looked_up(panorama_environment(panorama), directions), panorama.radiance)
    turned = looked_up(panorama_environment(panorama, turn_deg=90), directions)
    np.testing.assert_array_equal(turned, np.roll(panorama.radiance, -16, axis=1))  # counter-clockwise is to the left


def test_enlarging_keeps_light_and_places() -> None:
    rows = np.linspace(0.2, 1.0, 32)[:, None, None]
    smooth = (rows * np.ones((32, 64, 3))).astype(np.float32)
    large = Panorama.of(smooth, "smooth", enlarged=3).radiance
    assert large.shape == (96, 192, 3)
    np.testing.assert_allclose(large.reshape(32, 3, 64, 3, 3).mean((1, 3))[2:-2], smooth[2:-2], rtol=0.01)


@pytest.mark.parametrize("factor", [0.01, 1.0, 100.0])
def test_metering_undoes_the_strength_of_the_light(factor: float) -> None:
    plain, strong = (panorama_environment(Panorama.of(ramp() * f, "x", enlarged=1)) for f in (1.0, factor))
    np.testing.assert_allclose(metered(strong, CAMERA) * factor, metered(plain, CAMERA), rtol=0.01)


def test_a_flat_picture_is_cut_to_the_camera_and_lights_from_its_bright_side() -> None:
    picture = np.full((50, 200, 3), 40, np.uint8)
    picture[:, 100:] = 200
    environment = picture_environment(picture, CAMERA, name="x.jpg")
    assert environment.picture is not None and environment.picture.shape == (96, 64, 3)
    assert environment.light.main_direction_world[1] < -0.3  # right of who looks along +x
    mirrored = picture_environment(picture[:, ::-1], CAMERA, name="x.jpg")
    assert mirrored.light.main_direction_world[1] > 0.3


def test_folders_list_what_they_hold(tmp_path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "b.JPG")
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    (tmp_path / "notes.txt").write_text("x")
    assert [path.name for path in picture_files(tmp_path)] == ["a.png", "b.JPG"]
    with pytest.raises(InputError, match=r"expected panoramas \(.hdr\), got none"):
        panorama_files(tmp_path)
    with pytest.raises(InputError, match="expected a folder of pictures, got none; check the path"):
        picture_files(tmp_path / "none")


def test_wrong_values_are_refused() -> None:
    with pytest.raises(InputError, match="twice as wide as high"):
        Panorama.of(np.ones((32, 32, 3)), "square")
    with pytest.raises(InputError, match="not negative"):
        Panorama.of(-ramp(), "negative")
    with pytest.raises(InputError, match="expected a capture height over 0 m"):
        panorama_environment(Panorama.of(ramp(), "x", enlarged=1), capture_height_m=0)
    with pytest.raises(InputError, match="expected uint8 RGB"):
        picture_environment(np.zeros((8, 8, 3)), CAMERA, name="x")
    with pytest.raises(InputError, match="cam_from_world"):
        picture_environment(np.zeros((8, 8, 3), np.uint8), CAMERA.replaced(cam_from_world=None), name="x")
