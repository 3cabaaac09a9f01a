"""Radiance pictures: hand-made files of both kinds, and damaged ones."""

import numpy as np
import pytest

from metricpose._errors import FileError, InputError
from metricpose.virtual.render.hdr import parse_hdr, read_hdr

HEAD = b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n"


def flat(pixels, resolution=b"-Y 1 +X 2\n", head=HEAD):
    return head + resolution + bytes(np.asarray(pixels, np.uint8).ravel())


def run_lengths(channels):
    """One scan line of 8 pixels: red as one run, the others written out."""
    red, *others = channels
    line = bytes((2, 2, 0, 8, 128 + 8, red))
    for values in others:
        line += bytes((8, *values))
    return HEAD + b"-Y 1 +X 8\n" + line


def test_flat_pixels_are_mantissa_times_two_to_the_exponent() -> None:
    light = parse_hdr(flat([(128, 64, 0, 129), (255, 255, 255, 0)]))
    np.testing.assert_allclose(light[0, 0], (1.0, 0.5, 0.0))  # 128 / 256 x 2^(129 - 128)
    np.testing.assert_array_equal(light[0, 1], 0.0)  # exponent 0 is black
    assert light.dtype == np.float32


def test_run_lengths_give_the_same_as_flat_pixels() -> None:
    green, blue, power = range(10, 18), range(200, 208), range(124, 132)
    packed = parse_hdr(run_lengths([77, green, blue, power]))
    pixels = [(77, g, b, e) for g, b, e in zip(green, blue, power, strict=True)]
    np.testing.assert_array_equal(packed, parse_hdr(flat(pixels, b"-Y 1 +X 8\n")))


def test_orientation_and_exposure_are_undone() -> None:
    pixels = [(128, 0, 0, 129), (0, 128, 0, 129)]
    mirrored = parse_hdr(flat(pixels, b"-Y 1 -X 2\n"))
    np.testing.assert_array_equal(mirrored, parse_hdr(flat(pixels))[:, ::-1])
    standing = parse_hdr(flat(pixels, b"+Y 2 +X 1\n"))
    np.testing.assert_allclose(standing[0, 0], (0.0, 1.0, 0.0))
    exposed = parse_hdr(flat(pixels, head=b"#?RADIANCE\nEXPOSURE=2\nEXPOSURE= 2\nFORMAT=32-bit_rle_rgbe\n\n"))
    np.testing.assert_allclose(exposed[0, 0, 0], 0.25)


@pytest.mark.parametrize("keep", range(30))
def test_every_cut_of_the_pixels_is_told(keep: int) -> None:
    whole = run_lengths([77, range(8), range(8), range(100, 108)])
    start = whole.index(b"+X 8\n") + 5
    assert len(whole) - start > keep
    with pytest.raises(InputError, match="expected 1 whole scan lines, got 0; the file is cut short"):
        parse_hdr(whole[: start + keep])


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"", "starts with #.RADIANCE, got b''"),
        (b"\x89PNG....", "Radiance picture"),
        (b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n", "empty line after the header"),
        (HEAD + b"+X 2 -Y 1\n12345678", "expected a resolution"),
        (HEAD + b"-Y 1 +X", "expected a resolution"),
        (HEAD + b"-Y 99999 +X 99999\n", "scale it down"),
        (HEAD + b"-Y 0 +X 4\n", "expected 1 to"),
        (b"#?RADIANCE\nFORMAT=32-bit_rle_xyze\n\n-Y 1 +X 1\n1234", "convert it to RGB"),
        (b"#?RADIANCE\nEXPOSURE=nan\n\n-Y 1 +X 1\n1234", "positive EXPOSURE"),
    ],
)
def test_other_files_are_refused_in_one_line(data: bytes, match: str) -> None:
    with pytest.raises(InputError, match=match) as caught:
        parse_hdr(data, "sun.hdr")
    assert str(caught.value).startswith("sun.hdr: ") and "\n" not in str(caught.value)


def test_a_missing_file_is_told(tmp_path) -> None:
    with pytest.raises(FileError, match="cannot read this file"):
        read_hdr(tmp_path / "none.hdr")


def test_real_panoramas_are_read_whole(METRICPOSE_SHARED) -> None:
    folder = METRICPOSE_SHARED / "data" / "hdri_cc0"
    if not folder.is_dir():
        pytest.skip(f"no panoramas at {folder}")
    light = read_hdr(sorted(folder.glob("*.hdr"))[0])
    assert light.shape == (512, 1024, 3) and np.isfinite(light).all() and light.min() >= 0.0 and light.max() > 1.0
