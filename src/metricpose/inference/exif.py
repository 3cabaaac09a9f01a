"""What a picture's EXIF says about its lens, as a plain mapping by tag name."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

# The tags that bear on the focal length: those of the file's first directory, and those of its Exif directory.
_FIRST = {271: "Make", 272: "Model"}
_EXIF = {
    37386: "FocalLength",
    40962: "ExifImageWidth",
    40963: "ExifImageHeight",
    41486: "FocalPlaneXResolution",
    41488: "FocalPlaneResolutionUnit",
    41988: "DigitalZoomRatio",
    41989: "FocalLengthIn35mmFilm",
}
_EXIF_DIRECTORY = 0x8769


def read_exif(path: str | Path) -> Mapping[str, Any]:
    """The tags of a picture that bear on its focal length, by name.

    Returns:
        Numbers as float, texts as str; empty where there are none, and where they cannot be read: damaged tags are
        no reason to refuse a picture that is fine.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            exif = image.getexif()
            tags = [(_FIRST, dict(exif)), (_EXIF, exif.get_ifd(_EXIF_DIRECTORY))]
    except (OSError, UnidentifiedImageError, SyntaxError, ValueError, KeyError, TypeError, EOFError):
        return {}
    named = {names[tag]: _plain(value) for names, found in tags for tag, value in found.items() if tag in names}
    return {name: value for name, value in named.items() if value is not None}


def _plain(value: Any) -> float | str | None:
    """A number (NaN for the fraction 0/0) or a text; None for anything else."""
    if isinstance(value, bytes):
        value = value.decode("ascii", errors="replace")
    if isinstance(value, str):
        return value.strip("\0 ")
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
