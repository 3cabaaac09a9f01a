"""Pictures of every kind as upright uint8 RGB, and what is said of files that are none."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from metricpose import FileError, InputError
from metricpose.io import decode_image, read_image

PIXELS = np.random.default_rng(0).integers(0, 256, size=(5, 7, 3), dtype=np.uint8)


def saved(path: Path, image: Image.Image, **options: object) -> Path:
    image.save(path, **options)
    return path


def test_rgb_as_it_is(tmp_path: Path) -> None:
    read = read_image(saved(tmp_path / "a.png", Image.fromarray(PIXELS)))
    assert read.dtype == np.uint8
    assert read.flags.writeable
    np.testing.assert_array_equal(read, PIXELS)


# EXIF orientation -> how the stored pixels become upright (TIFF 6.0, tag 274).
ORIENTATIONS: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a, 1),
}


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_is_turned_upright(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    path = saved(tmp_path / "a.png", Image.fromarray(PIXELS), exif=exif)
    np.testing.assert_array_equal(read_image(path), ORIENTATIONS[orientation](PIXELS))


def test_grey_bits_and_palettes(tmp_path: Path) -> None:
    grey = PIXELS[..., 0]
    for mode in ("L", "P", "1"):
        image = Image.fromarray(grey).convert(mode)
        read = read_image(saved(tmp_path / f"{mode}.png", image))
        np.testing.assert_array_equal(read, np.array(image.convert("RGB")))
    assert read_image(tmp_path / "L.png").shape == (5, 7, 3)


def test_sixteen_bits_keep_the_upper_eight(tmp_path: Path) -> None:
    deep = PIXELS[..., 0].astype(np.uint16) * 256 + 77
    for name in ("a.png", "a.tif"):
        read = read_image(saved(tmp_path / name, Image.fromarray(deep)))
        np.testing.assert_array_equal(read, np.repeat(PIXELS[..., :1], 3, axis=-1))


def test_what_is_transparent_lies_on_white(tmp_path: Path) -> None:
    alpha = np.where(PIXELS[..., :1] > 127, 255, 0).astype(np.uint8)
    read = read_image(saved(tmp_path / "a.png", Image.fromarray(np.concatenate([PIXELS, alpha], axis=-1))))
    np.testing.assert_array_equal(read, np.where(alpha > 0, PIXELS, 255))


def test_cmyk(tmp_path: Path) -> None:
    red = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    np.testing.assert_allclose(read_image(saved(tmp_path / "a.jpg", red))[4, 4], [255, 0, 0], atol=12)


def test_an_animation_gives_its_first_picture(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (4, 3), colour) for colour in ("red", "blue")]
    path = saved(tmp_path / "a.gif", frames[0], save_all=True, append_images=frames[1:])
    assert read_image(path)[0, 0].tolist() == [255, 0, 0]


def test_one_pixel(tmp_path: Path) -> None:
    assert read_image(saved(tmp_path / "a.png", Image.new("RGB", (1, 1)))).shape == (1, 1, 3)


def error_of(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_image(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    return text.removeprefix(f"{path}: ")


def test_empty_foreign_cut_short_and_floating(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"")
    assert error_of(path) == "expected a picture, got an empty file; check the program that wrote it"
    path.write_text("no picture")
    assert error_of(path) == "expected a picture (JPEG, PNG, TIFF, WebP ...), got something else"
    large = Image.fromarray(np.random.default_rng(0).integers(0, 256, size=(99, 99, 3), dtype=np.uint8))
    for suffix in ("png", "jpg"):
        cut = saved(tmp_path / f"b.{suffix}", large)
        cut.write_bytes(cut.read_bytes()[:-2000])
        assert error_of(cut).startswith("expected a whole picture, got a damaged one (")
    floating = saved(tmp_path / "c.tif", Image.fromarray(np.ones((3, 3), dtype=np.float32)))
    assert "pixels are floating-point numbers; save it with 8 or 16 bits" in error_of(floating)


def test_a_huge_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path / "a.png", Image.fromarray(PIXELS))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    assert error_of(path).startswith("expected a picture of usual size, got a huge one; scale it down (")


def test_missing_and_folder(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"absent\.png: cannot read this picture .No such file or directory.; check"):
        read_image(tmp_path / "absent.png")
    with pytest.raises(FileError, match=r"cannot read this picture .Is a directory."):
        read_image(tmp_path)


def test_bytes_are_read_as_files_are(tmp_path: Path) -> None:
    data = saved(tmp_path / "a.png", Image.fromarray(PIXELS)).read_bytes()
    np.testing.assert_array_equal(decode_image(data), PIXELS)
    with pytest.raises(InputError, match="upload: expected a picture, got no bytes"):
        decode_image(b"", "upload")
    with pytest.raises(InputError, match=r"picture: expected a picture \(JPEG, PNG"):
        decode_image(b"text")
    with pytest.raises(InputError, match="upload: expected a whole picture, got a damaged one"):
        decode_image(data[:-40], "upload")


def test_large_pictures_in_strips_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path / "a.png", Image.fromarray(PIXELS))
    monkeypatch.setattr("metricpose.io.image._STRIP_PX", 15)
    np.testing.assert_array_equal(read_image(path), PIXELS)
