"""Which camera a picture gets, and how sure of its focal length one may be."""

import math

import pytest

from metricpose import InputError
from metricpose.geometry import Camera
from metricpose.inference.intrinsics import intrinsics
from metricpose.inference.sensors import sensor_long_side_mm

PHONE = {"FocalLengthIn35mmFilm": 26.0, "FocalLength": 4.25, "Make": "Apple", "Model": "iPhone 12"}


def test_a_given_camera_wins_and_is_untouched() -> None:
    camera = Camera.from_focal((640, 480), 512.0)
    found = intrinsics((640, 480), given=camera, exif=PHONE, fov_deg=90.0)
    assert found.camera is camera
    assert (found.source, found.focal_sigma) == ("given", 0.0)


def test_a_stated_field_of_view_is_across_the_width_and_outweighs_exif() -> None:
    camera, source, sigma = intrinsics((600, 800), exif=PHONE, fov_deg=90.0)
    assert source == "fov"
    assert camera.focal_px == pytest.approx((300.0, 300.0))
    assert 0.0 < sigma < 0.05


def test_nothing_known_gives_the_default_with_a_wide_sigma() -> None:
    camera, source, sigma = intrinsics((1600, 900))
    assert (source, sigma) == ("default", 0.25)
    assert camera.fov_deg[0] == pytest.approx(60.0)


@pytest.mark.parametrize("exif", [None, PHONE, {}])
def test_turning_the_picture_does_not_change_the_focal_length(exif: dict[str, object] | None) -> None:
    landscape, portrait = intrinsics((4032, 3024), exif=exif), intrinsics((3024, 4032), exif=exif)
    assert landscape.camera.focal_px == pytest.approx(portrait.camera.focal_px)


def test_the_35_mm_equivalent_is_on_the_diagonal() -> None:
    camera, source, sigma = intrinsics((4032, 3024), exif=PHONE)
    assert source == "exif"
    assert sigma == 0.03
    assert camera.focal_px[0] == pytest.approx(26.0 * 5040.0 / 43.2666, rel=1e-4)  # 4032 x 3024 has the diagonal 5040
    assert camera.fov_deg[0] == pytest.approx(67.3, abs=0.1)


def test_a_resized_picture_keeps_its_field_of_view() -> None:
    size = {"ExifImageWidth": 4032.0, "ExifImageHeight": 3024.0}
    full, small = intrinsics((4032, 3024), exif=PHONE | size), intrinsics((1008, 756), exif=PHONE | size)
    assert small.camera.fov_deg == pytest.approx(full.camera.fov_deg)
    assert small.focal_sigma == full.focal_sigma


def test_a_cut_picture_keeps_its_focal_length_and_doubts_it() -> None:
    size = {"ExifImageWidth": 4032.0, "ExifImageHeight": 3024.0}
    full, cut = intrinsics((4032, 3024), exif=PHONE | size), intrinsics((4032, 2268), exif=PHONE | size)
    assert cut.camera.focal_px == pytest.approx(full.camera.focal_px)
    assert cut.focal_sigma == 0.15


def test_by_the_density_of_pixels_on_the_sensor() -> None:
    # A 22.3 mm sensor of 5184 pixels, in pixels per inch, as Canon writes it.
    exif = {"FocalLength": 50.0, "FocalPlaneXResolution": 5184 / 22.3 * 25.4, "FocalPlaneResolutionUnit": 2.0}
    camera, source, _ = intrinsics((5184, 3456), exif=exif)
    assert source == "exif"
    assert camera.focal_px[0] == pytest.approx(50.0 / 22.3 * 5184)


def test_by_the_name_of_the_camera_where_the_density_is_none() -> None:
    exif = {"FocalLength": 50.0, "FocalPlaneXResolution": 72.0, "Make": "Canon", "Model": "Canon EOS 600D"}
    camera, source, sigma = intrinsics((5184, 3456), exif=exif)
    assert (source, sigma) == ("exif", 0.05)
    assert camera.focal_px[0] == pytest.approx(50.0 / 22.3 * 5184)


def test_digital_zoom_lengthens_the_lens() -> None:
    exif = {"FocalLength": 3.0, "Make": "GoPro", "Model": "HERO5 Black"}
    plain, zoomed = (intrinsics((4000, 3000), exif=exif | more) for more in ({}, {"DigitalZoomRatio": 2.0}))
    assert zoomed.camera.focal_px[0] == pytest.approx(2.0 * plain.camera.focal_px[0])


@pytest.mark.parametrize(
    "exif",
    [
        {},
        {"FocalLengthIn35mmFilm": 0.0},
        {"FocalLengthIn35mmFilm": math.nan},
        {"FocalLengthIn35mmFilm": "damaged"},
        {"FocalLengthIn35mmFilm": 1.0},
        {"FocalLengthIn35mmFilm": 60000.0},
        {"FocalLength": 4.25, "Make": "Nobody", "Model": "Knows"},
        {"FocalLength": 4.25},
        {"Make": "Canon", "Model": "Canon EOS 600D"},
    ],
)
def test_tags_that_tell_nothing_are_passed_over(exif: dict[str, object]) -> None:
    assert intrinsics((4000, 3000), exif=exif).source == "default"


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1)])
def test_any_size_has_a_camera(size: tuple[int, int]) -> None:
    assert intrinsics(size, exif=PHONE).camera.image_size == size
    assert intrinsics(size).camera.image_size == size


def test_an_impossible_field_of_view_is_refused() -> None:
    with pytest.raises(InputError, match=r"field of view: expected more than 0 and less than 180 degrees, got 180"):
        intrinsics((4, 3), fov_deg=180.0)


@pytest.mark.parametrize(
    ("make", "model", "side_mm"),
    [
        ("Canon", "Canon EOS 5D Mark III", 36.0),
        ("Canon", "Canon EOS R6m2", 36.0),
        ("Canon", "Canon EOS R", 36.0),
        ("Canon", "Canon EOS R10", 22.3),
        ("Canon", "Canon EOS REBEL T3i", 22.3),
        ("Canon", "Canon EOS-1D X", 36.0),
        ("NIKON CORPORATION", "NIKON D750", 35.9),
        ("NIKON CORPORATION", "NIKON D7000", 23.5),
        ("NIKON CORPORATION", "NIKON D500", 23.5),
        ("NIKON CORPORATION", "NIKON D3", 35.9),
        ("NIKON CORPORATION", "NIKON D3200", 23.5),
        ("NIKON CORPORATION", "NIKON Z 7_2", 35.9),
        ("NIKON CORPORATION", "NIKON Z 50", 23.5),
        ("SONY", "ILCE-7M3", 35.8),
        ("SONY", "ILCE-6400", 23.5),
        ("SONY", "DSC-RX100M5", 13.2),
        ("SONY", "DSC-RX1R", 35.8),
        ("FUJIFILM", "X-T30", 23.5),
        ("OLYMPUS CORPORATION", "E-M10MarkII", 17.3),
        ("Panasonic", "DMC-GH4", 17.3),
        ("GoPro", "HERO7 Black", 6.17),
        ("", "", None),
        ("Apple", "iPhone 12", None),
    ],
)
def test_sensors_by_name(make: str, model: str, side_mm: float | None) -> None:
    assert sensor_long_side_mm(make, model) == side_mm
