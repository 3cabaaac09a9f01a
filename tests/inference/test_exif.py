"""Tags read from real files."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from metricpose.inference.exif import read_exif
from metricpose.inference.intrinsics import intrinsics


def picture_with(path: Path, tags: dict[int, object], size: tuple[int, int] = (64, 48)) -> Path:
    exif = Image.Exif()
    exif[271], exif[272] = "Canon", "Canon EOS 600D"
    exif.get_ifd(0x8769).update(tags)
    Image.fromarray(np.zeros((size[1], size[0], 3), np.uint8)).save(path, exif=exif)
    return path


def test_the_tags_of_a_jpeg(tmp_path: Path) -> None:
    path = picture_with(tmp_path / "a.jpg", {41989: 28, 37386: 4.5, 40962: 128, 40963: 96})
    found = read_exif(path)
    assert found["Make"] == "Canon"
    assert found["FocalLengthIn35mmFilm"] == 28.0
    assert found["FocalLength"] == pytest.approx(4.5)
    assert intrinsics((64, 48), exif=found).camera.focal_px[0] == pytest.approx(28.0 / 43.2666 * 80.0, rel=1e-4)


@pytest.mark.parametrize("suffix", [".png", ".webp", ".bmp"])
def test_a_picture_without_tags(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    Image.new("RGB", (8, 8)).save(path)
    assert read_exif(path) == {}


def test_a_fraction_of_zero_by_zero_is_no_number(tmp_path: Path) -> None:
    from PIL.TiffImagePlugin import IFDRational

    path = picture_with(tmp_path / "a.jpg", {37386: IFDRational(0, 0)})
    assert intrinsics((64, 48), exif=read_exif(path)).source == "default"


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff\xe1\x00\x20Exif\0\0MM\0*\0\0\0\x08\xff\xff", b"no picture"])
def test_what_cannot_be_read_has_no_tags(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.jpg").write_bytes(content)
    assert read_exif(tmp_path / "a.jpg") == {}


def test_a_missing_file_has_no_tags(tmp_path: Path) -> None:
    assert read_exif(tmp_path / "none.jpg") == {}
