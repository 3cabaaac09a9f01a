"""Where people are pictured: a background and its light. Panoramas and flat pictures here, rooms in `rooms`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from metricpose._errors import InputError
from metricpose.geometry import Camera
from metricpose.virtual.render.hdr import read_hdr
from metricpose.virtual.render.light import Light, light_of_panorama, panorama_directions, smooth_irradiance
from metricpose.virtual.render.mesh import Mesh
from metricpose.virtual.render.tone import film_curve_undone, linear_from_srgb

_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
# Light that the film curve shows at an sRGB value of 119, the middle: what a meter aims at.
_MIDDLE_GREY = 0.14
_MOST_WIDE = 4096  # of a panorama that is enlarged


@dataclass(frozen=True, kw_only=True, eq=False)
class Panorama:
    """All that is seen around a point, as an equirectangular picture, and its light.

    Attributes:
        radiance: (H, W, 3) float32; the middle is +x, to the right lies -y, the top is +z.
        light: of the same frame.
        name: of the file, for provenance.
        licence: of the picture, as the user states it.
    """

    radiance: np.ndarray
    light: Light
    name: str
    licence: str = ""

    def __post_init__(self) -> None:
        shape = np.shape(self.radiance)
        if len(shape) != 3 or shape[2] != 3 or shape[0] < 8 or abs(shape[1] - 2 * shape[0]) > 2:
            raise InputError(f"panorama {self.name}: expected twice as wide as high with RGB, got shape {shape}")

    @classmethod
    def of(cls, radiance: np.ndarray, name: str, *, licence: str = "", enlarged: int = 2) -> "Panorama":
        """A panorama of radiance (H, W, 3) with its light measured.

        Args:
            radiance: linear, not negative, finite.
            name: for provenance and errors.
            licence: of the picture.
            enlarged: times the background is enlarged smoothly (Lanczos of the logarithm, so that lamps do not ring):
                a picture of 40 degrees shows only a ninth of the panorama's width.
        """
        radiance = np.asarray(radiance, np.float32)
        if radiance.ndim != 3 or radiance.shape[2] != 3 or not np.isfinite(radiance).all() or radiance.min() < 0:
            raise InputError(f"panorama {name}: expected finite radiance (H, W, 3), not negative, got {radiance.shape}")
        plain = cls(radiance=radiance, light=_measured(radiance), name=name, licence=licence)
        return replace(plain, radiance=_enlarged(radiance, enlarged))

    @classmethod
    def read(cls, path: str | Path, *, licence: str = "", enlarged: int = 2) -> "Panorama":
        """From a Radiance file (.hdr)."""
        return cls.of(read_hdr(path), Path(path).name, licence=licence, enlarged=enlarged)


@dataclass(frozen=True, kw_only=True, eq=False)
class Environment:
    """A background, its light, and the things that stand there.

    Attributes:
        name: for provenance.
        light: in the world's frame.
        panorama: seen behind everything, turned by `turn_rad`; or None.
        picture: (H, W, 3) float32 exposed light behind everything, as flat as a wallpaper; or None.
        turn_rad: counter-clockwise seen from above, of the panorama about the world's z.
        ground_z_m: where the ground is, which takes shadows where a panorama or a picture lies behind.
        capture_height_m: of the panorama's camera above the ground. The ground of the panorama is laid onto the
            world's ground around it, so that it moves rightly when the camera stands elsewhere.
        meshes: walls, floors and furniture. Those of kind "ground" throw no shadow.
        exposure: fixed factor from light to exposed light, or None: metered for each picture.
        licence: of the background.
    """

    name: str
    light: Light
    panorama: Panorama | None = None
    picture: np.ndarray | None = None
    turn_rad: float = 0.0
    ground_z_m: float = 0.0
    capture_height_m: float = 1.6
    meshes: tuple[Mesh, ...] = ()
    exposure: float | None = None
    licence: str = ""


def panorama_environment(
    panorama: Panorama, *, turn_deg: float = 0.0, ground_z_m: float = 0.0, capture_height_m: float = 1.6
) -> Environment:
    """A panorama and its light, both turned by `turn_deg` counter-clockwise about the world's z."""
    if not capture_height_m > 0.0:
        raise InputError(f"panorama {panorama.name}: expected a capture height over 0 m, got {capture_height_m}")
    turn_rad = float(np.deg2rad(turn_deg))
    return Environment(
        name=panorama.name,
        light=panorama.light.turned(turn_rad),
        panorama=panorama,
        turn_rad=turn_rad,
        ground_z_m=ground_z_m,
        capture_height_m=capture_height_m,
        licence=panorama.licence,
    )


def picture_environment(
    picture: np.ndarray, camera: Camera, *, name: str, licence: str = "", ground_z_m: float = 0.0
) -> Environment:
    """A flat picture, uint8 RGB (h, w, 3), cut to the camera's shape, with its light guessed from it.

    The guess: the scene's mean albedo is 0.3; the light differs from top to bottom as the picture does; a main light
    of a third of it stands 45 degrees high on the picture's brighter side, behind the camera's shoulder.

    Raises:
        InputError: no uint8 RGB picture, or a camera without `cam_from_world`.
    """
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or min(picture.shape[:2]) < 2:
        raise InputError(f"background {name}: expected uint8 RGB of 2 x 2 or more, got {picture.dtype} {picture.shape}")
    if camera.cam_from_world is None:
        raise InputError(f"background {name}: expected a camera with cam_from_world, got one without")
    code = _cut_to(picture, camera.image_size)
    light = film_curve_undone(np.minimum(linear_from_srgb(code), 0.98)).astype(np.float32)
    return Environment(
        name=name,
        light=_guessed(light, camera.cam_from_world[:3, :3]),
        picture=light,
        ground_z_m=ground_z_m,
        exposure=1.0,
        licence=licence,
    )


def metered(environment: Environment, camera: Camera) -> float:
    """The exposure an ordinary camera would choose: the view's mean becomes middle grey.

    Half of what is metered is the background in the view (in its logarithm), half a grey card of 30 % that faces the
    camera and the sky: people are seldom black before a bright window, and seldom white before a dark wall.
    """
    if environment.exposure is not None:
        return environment.exposure
    rotation = np.eye(3) if camera.cam_from_world is None else camera.cam_from_world[:3, :3]
    normals = np.stack([-rotation[2], np.array([0.0, 0.0, 1.0])])
    card = float((environment.light.irradiance(normals) @ _LUMA).mean()) * 0.3 / np.pi
    seen = card
    if environment.panorama is not None:
        seen = _seen_luminance(environment, camera, rotation)
    return _MIDDLE_GREY / max(float(np.sqrt(max(card, 1e-6) * max(seen, 0.2 * card, 1e-6))), 1e-6)


def _seen_luminance(environment: Environment, camera: Camera, rotation: np.ndarray) -> float:
    """Geometric mean of the background's luminance on a grid of the view."""
    width, height = camera.image_size
    x, y = np.meshgrid(np.linspace(0, width - 1, 24), np.linspace(0, height - 1, 24))
    directions = camera.rays(np.stack([x, y], -1)) @ rotation
    luminance = looked_up(environment, directions) @ _LUMA
    return float(np.exp(np.log(np.maximum(luminance, 1e-4)).mean()))


def looked_up(environment: Environment, directions_world: np.ndarray) -> np.ndarray:
    """Radiance (..., 3) of the panorama in directions (..., 3), the nearest pixel's, as from its own place."""
    if environment.panorama is None:
        raise InputError(f"environment {environment.name}: expected one with a panorama")
    radiance = environment.panorama.radiance
    height, width = radiance.shape[:2]
    unit = directions_world / np.linalg.norm(directions_world, axis=-1, keepdims=True)
    azimuth = np.arctan2(unit[..., 1], unit[..., 0]) - environment.turn_rad
    column = np.floor((0.5 - azimuth / (2 * np.pi)) * width).astype(int) % width
    row = np.clip(np.floor((0.5 - np.arcsin(np.clip(unit[..., 2], -1, 1)) / np.pi) * height).astype(int), 0, height - 1)
    return radiance[row, column]


def panorama_files(folder: str | Path) -> tuple[Path, ...]:
    """The Radiance files of a folder, sorted by name."""
    return _files(folder, (".hdr",), "panoramas (.hdr)")


def picture_files(folder: str | Path) -> tuple[Path, ...]:
    """The pictures of a folder, sorted by name."""
    return _files(folder, (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff"), "pictures")


@lru_cache(maxsize=8)
def cached_panorama(path: str, enlarged: int = 2) -> Panorama:
    """As `Panorama.read`; the last eight are kept, for workers that draw many pictures."""
    return Panorama.read(path, enlarged=enlarged)


def _files(folder: str | Path, endings: Sequence[str], what: str) -> tuple[Path, ...]:
    if not Path(folder).is_dir():
        raise InputError(f"{folder}: expected a folder of {what}, got none; check the path")
    found = tuple(sorted(p for p in Path(folder).iterdir() if p.suffix.lower() in endings and p.is_file()))
    if not found:
        raise InputError(f"{folder}: expected {what}, got none of them; name a folder that holds some")
    return found


def _measured(radiance: np.ndarray) -> Light:
    """The light, from cells of at most 256 rows: the sums need no more."""
    step = max(1, radiance.shape[0] // 256)
    rows, columns = (n // step * step for n in radiance.shape[:2])
    cells = radiance[:rows, :columns].reshape(rows // step, step, columns // step, step, 3)
    return light_of_panorama(cells.mean((1, 3)))


def _enlarged(radiance: np.ndarray, times: int) -> np.ndarray:
    height, width = radiance.shape[:2]
    times = min(times, _MOST_WIDE // width)
    if times <= 1:
        return radiance
    margin = 4  # columns from the other side, so that the seam stays smooth
    wrapped = np.log(np.pad(radiance, ((0, 0), (margin, margin), (0, 0)), mode="wrap") + 1e-4)
    size = (times * (width + 2 * margin), times * height)
    layers = [
        np.asarray(Image.fromarray(np.ascontiguousarray(wrapped[..., c])).resize(size, Image.Resampling.LANCZOS))
        for c in range(3)
    ]
    large = np.exp(np.stack(layers, -1))[:, times * margin : -times * margin] - 1e-4
    return np.ascontiguousarray(np.maximum(large, 0.0), np.float32)


def _cut_to(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The middle of the picture in the shape of `size` (w, h), resampled to it."""
    height, width = picture.shape[:2]
    scale = min(width / size[0], height / size[1])
    w, h = scale * size[0], scale * size[1]
    box = ((width - w) / 2, (height - h) / 2, (width + w) / 2, (height + h) / 2)
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS, box=box))


def _guessed(light: np.ndarray, cam_from_world: np.ndarray) -> Light:
    upper, lower = np.array_split(light, 2, axis=0)
    left, right = np.array_split(light @ _LUMA, 2, axis=1)
    above, below = (np.clip(half.mean((0, 1)), 0.02, None) / 0.3 for half in (upper, lower))
    z = panorama_directions(16, 32)[0][..., 2:]
    smooth = smooth_irradiance(np.where(z > 0, 0.8 * above, 0.5 * below).astype(np.float32))
    side = 1.0 if right.mean() > left.mean() else -1.0
    level = cam_from_world[0] * side * np.array([1.0, 1.0, 0.0]) - cam_from_world[2] * np.array([0.5, 0.5, 0.0])
    level /= max(float(np.linalg.norm(level)), 1e-6)
    direction = np.array([0.0, 0.0, np.sqrt(0.5)]) + np.sqrt(0.5) * level
    return Light(
        smooth_sh=smooth,
        main_direction_world=(direction / np.linalg.norm(direction)).astype(np.float32),
        main_irradiance=(0.4 * np.pi * above).astype(np.float32),
        main_radius_rad=0.08,
    )
