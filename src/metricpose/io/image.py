"""Pictures from files: uint8 RGB, upright."""

import io
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from metricpose._errors import FileError, InputError, MetricposeError

if TYPE_CHECKING:
    from PIL.Image import Image

_STRIP_PX = 400_000
"""Few enough for the next strip to get the memory of the last: fresh memory costs ten times what copying does."""
_SIXTEEN_BIT = ("I;16", "I;16B", "I;16L", "I;16N", "I")


def read_image(path: str | Path) -> np.ndarray:
    """The picture as uint8 RGB (H, W, 3), turned upright as its EXIF orientation says.

    Grey becomes RGB; 16 bit keep their upper 8; CMYK and palettes are converted without a colour profile; what is
    transparent lies on white; of an animation the first picture is taken.

    Raises:
        FileError: missing or unreadable.
        InputError: empty, no picture, cut short, or too large.
    """
    try:
        if Path(path).stat().st_size == 0:
            raise InputError(f"{path}: expected a picture, got an empty file; check the program that wrote it")
        with open(path, "rb") as file:
            return _decoded(file, path)
    except MetricposeError:
        raise
    except OSError as error:
        raise FileError(f"{path}: cannot read this picture ({error.strerror or error}); check the path") from error


def decode_image(data: bytes, name: str = "picture") -> np.ndarray:
    """The picture that `data` holds, as `read_image` reads it from a file; `name` is what errors call it."""
    if not data:
        raise InputError(f"{name}: expected a picture, got no bytes; check the program that wrote it")
    return _decoded(io.BytesIO(data), name)


def _decoded(file: BinaryIO, path: str | Path) -> np.ndarray:
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(file) as image:
            ImageOps.exif_transpose(image, in_place=True)
            return _pixels(_rgb(image))
    except UnidentifiedImageError:
        raise InputError(f"{path}: expected a picture (JPEG, PNG, TIFF, WebP ...), got something else") from None
    except Image.DecompressionBombError as fault:
        raise InputError(f"{path}: expected a picture of usual size, got a huge one; scale it down ({fault})") from None
    except OSError as error:
        if error.errno is not None:
            raise FileError(f"{path}: cannot read this picture ({error.strerror}); check the path") from error
        raise InputError(f"{path}: expected a whole picture, got a damaged one ({error}); copy it again") from None
    except (SyntaxError, ValueError, EOFError, OverflowError) as fault:
        raise InputError(f"{path}: expected a whole picture, got a damaged one ({fault}); copy it again") from None


def _rgb(image: "Image") -> "Image":
    from PIL import Image

    if image.mode in _SIXTEEN_BIT:
        upper = np.clip(np.array(image).astype(np.int64), 0, 65535) >> 8
        image = Image.fromarray(upper.astype(np.uint8))
    elif image.mode == "F":
        raise ValueError("pixels are floating-point numbers; save it with 8 or 16 bits")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image)
    return image if image.mode == "RGB" else image.convert("RGB")


def _pixels(image: "Image") -> np.ndarray:
    """The pixels of an RGB picture (H, W, 3), copied strip by strip: Pillow's own way holds large pictures thrice."""
    pixels = np.empty((image.height, image.width, 3), np.uint8)
    rows = max(1, _STRIP_PX // image.width)
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(top + rows, image.height)))
        pixels[top : top + rows] = np.asarray(strip)
    return pixels
