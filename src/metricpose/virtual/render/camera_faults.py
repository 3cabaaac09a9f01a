"""What a real camera does to a picture: blur, noise, colour casts, JPEG. All on finished pixels, all from a seed.

Labels stay valid: none of these moves anything. Blurs are symmetric about each pixel; lateral chromatic aberration
scales red and blue about the picture's centre by at most 1 px at its corner and leaves green, which carries most of the
luminance, in place; the rest works on each pixel, or on JPEG's 8 x 8 blocks, by itself.
"""

from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image

from metricpose._errors import InputError
from metricpose.virtual.render.tone import linear_from_srgb

_CODES = 4095  # steps of the table from linear light to sRGB


@dataclass(frozen=True, kw_only=True)
class CameraFaults:
    """The faults of one picture; the defaults have none.

    Attributes:
        defocus_px: radius of the disc that a point becomes.
        motion_px: length of the streak that a point becomes, and `motion_deg` its direction.
        exposure_stops: brighter (positive) or darker.
        white_balance: factors of red, green and blue.
        contrast: exponent on the sRGB values about the middle; 1 leaves them.
        saturation: 0 is grey, 1 leaves colours.
        vignetting: share of the light that is lost in the corners.
        aberration_px: shift of red outward, and blue inward, at the corners; at most 1.
        full_well: electrons of a white pixel, whose Poisson noise is added; 0 is none.
        read_noise: deviation of the sensor's own noise, electrons.
        jpeg_quality: 1 to 100, or None: no JPEG.
    """

    defocus_px: float = 0.0
    motion_px: float = 0.0
    motion_deg: float = 0.0
    exposure_stops: float = 0.0
    white_balance: tuple[float, float, float] = (1.0, 1.0, 1.0)
    contrast: float = 1.0
    saturation: float = 1.0
    vignetting: float = 0.0
    aberration_px: float = 0.0
    full_well: float = 0.0
    read_noise: float = 0.0
    jpeg_quality: int | None = None

    def __post_init__(self) -> None:
        for name in ("defocus_px", "motion_px", "vignetting", "full_well", "read_noise", "saturation"):
            _check(name, getattr(self, name), 0.0, 1.0 if name == "vignetting" else np.inf)
        _check("aberration_px", abs(self.aberration_px), 0.0, 1.0)
        if self.jpeg_quality is not None:
            _check("jpeg_quality", self.jpeg_quality, 1, 100)


@dataclass(frozen=True, kw_only=True)
class FaultOptions:
    """How often and how strongly the faults of pictures are drawn."""

    defocus_share: float = 0.25
    defocus_px: tuple[float, float] = (0.5, 2.5)
    motion_share: float = 0.15
    motion_px: tuple[float, float] = (2.0, 9.0)
    exposure_stops: float = 0.35  # standard deviation
    white_balance: float = 0.06  # standard deviation of red and blue, of the logarithm
    contrast: float = 0.1
    saturation: tuple[float, float] = (0.6, 1.15)
    vignetting: tuple[float, float] = (0.0, 0.35)
    aberration_px: float = 0.6
    full_well: tuple[float, float] = (300.0, 20000.0)
    read_noise: tuple[float, float] = (0.5, 4.0)
    jpeg_share: float = 0.8
    jpeg_quality: tuple[int, int] = (40, 97)


def drawn_faults(seed: int, options: FaultOptions | None = None) -> CameraFaults:
    """Faults of one picture; the same seed gives the same ones."""
    options = options or FaultOptions()
    rng = np.random.default_rng(seed)
    draw = dict(zip(("defocus", "motion", "jpeg"), rng.uniform(size=3), strict=True))
    red, blue = np.exp(rng.normal(0.0, options.white_balance, 2))
    faults = CameraFaults(
        defocus_px=float(rng.uniform(*options.defocus_px)),
        motion_px=float(rng.uniform(*options.motion_px)),
        motion_deg=float(rng.uniform(0.0, 180.0)),
        exposure_stops=float(rng.normal(0.0, options.exposure_stops)),
        white_balance=(float(red), 1.0, float(blue)),
        contrast=float(np.exp(rng.normal(0.0, options.contrast))),
        saturation=float(rng.uniform(*options.saturation)),
        vignetting=float(rng.uniform(*options.vignetting)),
        aberration_px=float(rng.uniform(-options.aberration_px, options.aberration_px)),
        full_well=float(np.exp(rng.uniform(*np.log(options.full_well)))),
        read_noise=float(rng.uniform(*options.read_noise)),
        jpeg_quality=int(rng.integers(options.jpeg_quality[0], options.jpeg_quality[1] + 1)),
    )
    kept = {
        "defocus_px": faults.defocus_px * (draw["defocus"] < options.defocus_share),
        "motion_px": faults.motion_px * (draw["motion"] < options.motion_share),
        "jpeg_quality": faults.jpeg_quality if draw["jpeg"] < options.jpeg_share else None,
    }
    return CameraFaults(**{**vars(faults), **kept})


def with_faults(rgb: np.ndarray, faults: CameraFaults, seed: int) -> np.ndarray:
    """The picture (H, W, 3) uint8 sRGB as such a camera gives it, in the order in which light meets the faults.

    Args:
        rgb: uint8 sRGB.
        faults: which.
        seed: of the noise.
    """
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3:
        raise InputError(f"camera faults: expected uint8 RGB (H, W, 3), got {rgb.dtype} of shape {rgb.shape}")
    light = linear_from_srgb(rgb)
    light = with_aberration(light, faults.aberration_px)
    light = blurred(light, disc_kernel(faults.defocus_px))
    light = blurred(light, streak_kernel(faults.motion_px, faults.motion_deg))
    light = with_vignetting(light, faults.vignetting)
    light = light * np.float32(2.0**faults.exposure_stops)
    light = with_sensor_noise(light, faults.full_well, faults.read_noise, seed)
    light = light * np.asarray(faults.white_balance, np.float32)
    code = developed(light, faults.contrast, faults.saturation)
    return code if faults.jpeg_quality is None else with_jpeg(code, faults.jpeg_quality)


def with_aberration(light: np.ndarray, shift_px: float) -> np.ndarray:
    """Light (H, W, 3) with red scaled about the centre so that corners move by `shift_px`, and blue the other way."""
    if shift_px == 0.0:
        return light
    height, width = light.shape[:2]
    centre = (width - 1) / 2, (height - 1) / 2
    shifted = np.array(light)
    for channel, sign in ((0, 1.0), (2, -1.0)):
        scale = 1.0 / (1.0 + sign * shift_px / max(np.hypot(*centre), 1.0))
        # Pillow's pixels have their centres at + 0.5; its transform takes places in the source.
        move = (scale, 0.0, (1.0 - scale) * (centre[0] + 0.5), 0.0, scale, (1.0 - scale) * (centre[1] + 0.5))
        layer = Image.fromarray(np.ascontiguousarray(light[..., channel]))
        moved = layer.transform((width, height), Image.Transform.AFFINE, move, Image.Resampling.BILINEAR)
        inside = np.asarray(layer.point(lambda value: value * 0.0 + 1.0).transform(
            (width, height), Image.Transform.AFFINE, move, Image.Resampling.BILINEAR))  # fmt: skip
        shifted[..., channel] = np.where(inside > 0.999, np.asarray(moved), light[..., channel])
    return shifted


def disc_kernel(radius_px: float) -> np.ndarray:
    """An even disc (n, n) of sum 1, symmetric, its rim weighted by what of a pixel lies inside."""
    reach = int(np.ceil(radius_px))
    steps = np.arange(-reach, reach + 1)
    distance = np.hypot(steps[:, None], steps[None, :])
    disc = np.clip(radius_px + 0.5 - distance, 0.0, 1.0) if radius_px > 0.0 else (distance == 0).astype(float)
    return (disc / disc.sum()).astype(np.float32)


def streak_kernel(length_px: float, direction_deg: float) -> np.ndarray:
    """A straight streak (n, n) of sum 1 through the centre, the same on both sides of it."""
    reach = int(np.ceil(max(length_px - 1.0, 0.0) / 2))
    kernel = np.zeros((2 * reach + 3, 2 * reach + 3))
    way = np.array([np.cos(np.deg2rad(direction_deg)), np.sin(np.deg2rad(direction_deg))])
    for t in np.linspace(-1.0, 1.0, 8 * reach + 1) if reach else (0.0,):
        x, y = way * t * max(length_px - 1.0, 0.0) / 2 + reach + 1
        i, j, u, v = int(np.floor(y)), int(np.floor(x)), x - np.floor(x), y - np.floor(y)
        kernel[i : i + 2, j : j + 2] += np.outer((1 - v, v), (1 - u, u))[: kernel.shape[0] - i, : kernel.shape[1] - j]
    return (kernel / kernel.sum()).astype(np.float32)


def blurred(light: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Light (H, W, 3) spread by a symmetric kernel; the border is continued outward."""
    reach = kernel.shape[0] // 2
    places = np.argwhere(kernel > 1e-6)
    if len(places) == 1:
        return light
    height, width = light.shape[:2]
    padded = np.pad(light, ((reach, reach), (reach, reach), (0, 0)), mode="edge")
    total = np.zeros_like(light)
    for i, j in places:
        total += kernel[i, j] * padded[i : i + height, j : j + width]
    return total


def with_vignetting(light: np.ndarray, loss: float) -> np.ndarray:
    """Light that falls off towards the corners, as the fourth power of a lens's cosine does (natural vignetting)."""
    if loss == 0.0:
        return light
    height, width = light.shape[:2]
    x, y = (np.arange(n) - (n - 1) / 2 for n in (width, height))
    squared = (x[None, :] ** 2 + y[:, None] ** 2) / max(x[-1] ** 2 + y[-1] ** 2, 1e-9)
    slope = (1.0 - min(loss, 0.99)) ** -0.5 - 1.0
    return light * ((1.0 + slope * squared) ** -2.0).astype(np.float32)[..., None]


def with_sensor_noise(light: np.ndarray, full_well: float, read_noise: float, seed: int) -> np.ndarray:
    """Light with the noise of counted photons and of the sensor (a normal law of the same variance)."""
    if full_well == 0.0:
        return light
    normal = np.random.default_rng(seed).standard_normal(light.shape, dtype=np.float32)
    deviation = np.sqrt(np.maximum(light, 0.0) * np.float32(full_well) + np.float32(read_noise**2))
    return light + normal * deviation * np.float32(1.0 / full_well)


def developed(light: np.ndarray, contrast: float = 1.0, saturation: float = 1.0) -> np.ndarray:
    """Linear light as uint8 sRGB, with a curve of `contrast` about the middle and colours of `saturation`."""
    if saturation != 1.0:
        grey = light @ np.array([0.2126, 0.7152, 0.0722], np.float32)
        light = grey[..., None] + np.float32(saturation) * (light - grey[..., None])
    steps = np.rint(np.clip(light, 0.0, 1.0) ** 0.5 * _CODES).astype(np.uint16)
    return _development_table(contrast)[steps]


def with_jpeg(rgb: np.ndarray, quality: int) -> np.ndarray:
    """The picture after a JPEG file of the quality, 1 to 100."""
    file = BytesIO()
    Image.fromarray(rgb).save(file, "JPEG", quality=quality)
    file.seek(0)
    with Image.open(file) as image:
        return np.array(image.convert("RGB"))


def _development_table(contrast: float) -> np.ndarray:
    linear = (np.arange(_CODES + 1) / _CODES) ** 2
    code = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    # An S about the middle, which keeps 0, 1/2 and 1 (for contrast over 1).
    low = 0.5 * (2.0 * np.minimum(code, 0.5)) ** contrast
    high = 1.0 - 0.5 * (2.0 * np.minimum(1.0 - code, 0.5)) ** contrast
    return np.rint(255.0 * np.where(code < 0.5, low, high)).astype(np.uint8)


def _check(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise InputError(f"camera faults: expected {name} from {least:g} to {most:g}, got {value}")
