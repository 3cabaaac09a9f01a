"""Radiance pictures (.hdr): linear light from RGBE pixels.

Ward, "Real pixels", Graphics Gems II (1991), and the format's description in Radiance's refer/filefmts: a header of
lines, a resolution line, then scan lines, each flat (4 bytes per pixel) or, for widths from 8 to 32,767, with run
lengths per channel ("new" run lengths, marked by 2, 2 and the width). Run lengths of the older kind are refused.
"""

import re
from pathlib import Path

import numpy as np

from metricpose._errors import FileError, InputError

_MOST_PIXELS = 1 << 27
_MOST_HEADER = 1 << 16
_RESOLUTION = re.compile(rb"([+-])Y +(\d{1,9}) +([+-])X +(\d{1,9})")


def read_hdr(path: str | Path) -> np.ndarray:
    """The picture (H, W, 3), float32, linear light in the file's own units, top row first.

    A stated EXPOSURE is divided out, as the format asks.

    Raises:
        FileError: missing or unreadable.
        InputError: no Radiance picture, another colour space or orientation, or cut short.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise FileError(f"{path}: cannot read this file ({error.strerror}); check the path") from error
    return parse_hdr(data, str(path))


def parse_hdr(data: bytes, name: str = "picture") -> np.ndarray:
    """As `read_hdr`, from the file's bytes; `name` is for errors."""
    exposure, body = _header(data, name)
    end = data.find(b"\n", body)
    match = _RESOLUTION.fullmatch(data[body:end].strip()) if end >= 0 else None
    if match is None:
        got = data[body : body + 30]
        raise InputError(f"{name}: expected a resolution such as -Y 512 +X 1024, got {got!r}; turn the picture upright")
    (down, height), (right, width) = (match[1], int(match[2])), (match[3], int(match[4]))
    if not 0 < width * height <= _MOST_PIXELS:
        raise InputError(f"{name}: expected 1 to {_MOST_PIXELS} pixels, got {width} x {height}; scale it down")
    rgbe = _scan_lines(data, end + 1, width, height, name)
    rgbe = rgbe[:: 1 if down == b"-" else -1, :: 1 if right == b"+" else -1]
    return _light(rgbe) / np.float32(exposure)


def _header(data: bytes, name: str) -> tuple[float, int]:
    """The product of all EXPOSURE lines, and where the header ends."""
    if not data.startswith((b"#?RADIANCE", b"#?RGBE")):
        raise InputError(f"{name}: expected a Radiance picture that starts with #?RADIANCE, got {data[:12]!r}")
    end = data.find(b"\n\n", 0, _MOST_HEADER)
    if end < 0:
        raise InputError(f"{name}: expected an empty line after the header, got none; the file is cut short or damaged")
    exposure = 1.0
    for line in data[:end].split(b"\n")[1:]:
        key, _, value = line.partition(b"=")
        key, value = key.strip().upper(), value.strip()
        if key == b"FORMAT" and value != b"32-bit_rle_rgbe":
            raise InputError(f"{name}: expected FORMAT=32-bit_rle_rgbe, got {value!r}; convert it to RGB")
        if key == b"EXPOSURE":
            exposure *= _positive(value, name)
    return exposure, end + 2


def _positive(value: bytes, name: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = 0.0
    if not 1e-30 < number < 1e30:
        raise InputError(f"{name}: expected a positive EXPOSURE, got {value!r}; correct the header")
    return number


def _scan_lines(data: bytes, start: int, width: int, height: int, name: str) -> np.ndarray:
    """RGBE (H, W, 4) uint8."""
    mark = bytes((2, 2, width >> 8, width & 255)) if 8 <= width <= 32767 else None
    if mark is None or data[start : start + 4] != mark:
        return _flat(data, start, width, height, name)
    lines = np.empty((height, 4, width), np.uint8)
    at = start
    for y in range(height):
        if data[at : at + 4] != mark:
            raise InputError(_short(name, y, height))
        row = bytearray()
        at = _runs(data, at + 4, 4 * width, row)
        if len(row) != 4 * width:
            raise InputError(_short(name, y, height))
        lines[y] = np.frombuffer(row, np.uint8).reshape(4, width)
    return lines.transpose(0, 2, 1)


def _runs(data: bytes, at: int, count: int, row: bytearray) -> int:
    """Decode run lengths into `row` until it has `count` bytes or the data end; where the next line starts."""
    size = len(data)
    while len(row) < count and at < size:
        code = data[at]
        if code > 128:
            row += data[at + 1 : at + 2] * (code - 128)
            at += 2
        elif code == 0:
            return size
        else:
            row += data[at + 1 : at + 1 + code]
            at += 1 + code
    return at


def _flat(data: bytes, start: int, width: int, height: int, name: str) -> np.ndarray:
    expected, got = 4 * width * height, len(data) - start
    if got < expected:
        raise InputError(_short(name, got // (4 * width), height))
    return np.frombuffer(data, np.uint8, expected, start).reshape(height, width, 4)


def _short(name: str, row: int, height: int) -> str:
    return f"{name}: expected {height} whole scan lines, got {row}; the file is cut short or damaged, copy it again"


def _light(rgbe: np.ndarray) -> np.ndarray:
    scale = np.ldexp(np.float32(1.0), rgbe[..., 3].astype(np.int32) - 136).astype(np.float32)
    scale[rgbe[..., 3] == 0] = 0.0
    return rgbe[..., :3].astype(np.float32) * scale[..., None]
