"""Random cameras above a ground plane, as batched tensors.

World frame: z up, ground at z = 0, the camera stands at (0, 0, height) and looks along +x, pitched down and rolled.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol, Self

import numpy as np
import torch
from torch import Tensor

from metricpose.geometry.camera import Camera

Band = tuple[float, float]

HELD_OUT_BANDS: Mapping[str, Band] = MappingProxyType(
    {"focal_over_width": (1.05, 1.35), "pitch_deg": (12.0, 20.0), "height_m": (2.1, 2.7)}
)
"""Ranges of focal length / width, pitch and height that no training camera has; the virtual suite tests in them."""

SIZES = ((1920, 1080), (1280, 720), (640, 480), (1024, 1024), (1080, 1920), (720, 1280), (960, 1280), (512, 512))
"""Picture sizes (width, height) px: landscape, square and portrait."""


@dataclass(frozen=True, kw_only=True)
class CameraOptions:
    """The ranges cameras are drawn from.

    `excluded` bands are never drawn; of `required` bands every camera lies in all. Both are keyed as HELD_OUT_BANDS.
    """

    focal_over_width: Band = (0.4, 3.0)
    height_m: Band = (0.3, 8.0)
    pitch_deg: Band = (-20.0, 90.0)
    roll_max_deg: float = 30.0
    level_share: float = 0.5  # of cameras are held nearly level, the rest roll up to roll_max_deg
    centre_shift: float = 0.08  # standard deviation of the principal point, of the picture's size
    sizes: tuple[tuple[int, int], ...] = SIZES
    excluded: Mapping[str, Band] = field(default_factory=dict)
    required: Mapping[str, Band] = field(default_factory=dict)

    def draw(self, n: int, generator: torch.Generator) -> "CameraBatch":
        """n cameras of these ranges; see `sample_cameras`."""
        return sample_cameras(n, self, generator)


@dataclass(frozen=True, kw_only=True, eq=False)
class CameraBatch:
    """B cameras.

    focal_px (B,), centre_px (B, 2), size_px (B, 2) w h, height_m, pitch_deg, roll_deg (B,), rotation (B, 3, 3).
    """

    focal_px: Tensor
    centre_px: Tensor
    size_px: Tensor
    height_m: Tensor
    pitch_deg: Tensor
    roll_deg: Tensor
    rotation: Tensor  # cam_from_world rotation; the camera's centre is (0, 0, height)

    def __len__(self) -> int:
        return len(self.focal_px)

    def __getitem__(self, index: Tensor | slice) -> Self:
        return type(self)(
            **{name: value[index] if isinstance(value, Tensor) else value for name, value in vars(self).items()}
        )

    def to_cam(self, world: Tensor) -> Tensor:
        """World points (B, N, ..., 3) m in the camera frames."""
        centre = torch.stack([torch.zeros_like(self.height_m)] * 2 + [self.height_m], -1)
        shape = (len(self),) + (1,) * (world.ndim - 2) + (3,)
        moved = (world - centre.reshape(shape)).flatten(1, -2)
        return torch.bmm(moved, self.rotation.transpose(1, 2)).reshape(world.shape)

    def to_px(self, cam: Tensor) -> Tensor:
        """Camera points (B, ..., 3) m as pixels (B, ..., 2); depths under 1 cm are held at 1 cm."""
        shape = (len(self),) + (1,) * (cam.ndim - 2)
        norm = cam[..., :2] / cam[..., 2:].clamp_min(0.01)
        return norm * self.focal_px.reshape(*shape, 1) + self.centre_px.reshape(*shape, 2)

    def to_norm(self, px: Tensor) -> tuple[Tensor, Tensor]:
        """Points (B, ..., 2) of the plane z = 1 behind pixels (B, ..., 2), and where the lens reaches (B, ...)."""
        shape = (len(self),) + (1,) * (px.ndim - 2)
        norm = (px - self.centre_px.reshape(*shape, 2)) / self.focal_px.reshape(*shape, 1)
        return norm, torch.ones_like(norm[..., 0], dtype=torch.bool)

    def lens(self, index: int) -> Camera:
        """Camera `index` without its pose."""
        focal, (cx, cy) = float(self.focal_px[index]), self.centre_px[index].tolist()
        width, height = (round(side) for side in self.size_px[index].tolist())
        intrinsics_px = np.array([[focal, 0.0, cx], [0.0, focal, cy], [0.0, 0.0, 1.0]])
        return Camera(intrinsics_px=intrinsics_px, image_size=(width, height))


class CameraSource(Protocol):
    """Where scenes take their cameras from."""

    def draw(self, n: int, generator: torch.Generator) -> CameraBatch:
        """n cameras, the same for the same generator state."""
        ...


def cam_from_world_rotation(pitch_deg: Tensor, roll_deg: Tensor) -> Tensor:
    """Rotations (B, 3, 3) of cameras looking along world +x, pitched down (positive) and rolled about their axis."""
    pitch, roll = torch.deg2rad(pitch_deg), torch.deg2rad(roll_deg)
    zero, one = torch.zeros_like(pitch), torch.ones_like(pitch)
    right = torch.stack([zero, -one, zero], -1)
    down = torch.stack([-pitch.sin(), zero, -pitch.cos()], -1)
    forward = torch.stack([pitch.cos(), zero, -pitch.sin()], -1)
    cos, sin = roll.cos()[:, None], roll.sin()[:, None]
    return torch.stack([cos * right + sin * down, cos * down - sin * right, forward], 1)


def _uniform(n: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(n, generator=generator, device=generator.device)


def _log_uniform(n: int, band: Band, generator: torch.Generator) -> Tensor:
    return _uniform(n, math.log(band[0]), math.log(band[1]), generator).exp()


def _draw_in(draw, n: int, excluded: Band | None, required: Band | None) -> Tensor:
    """Rejection by re-drawing: 64 candidates, the first allowed one."""
    values = draw(64 * n).reshape(n, 64)
    good = torch.ones_like(values, dtype=torch.bool)
    if excluded is not None:
        good &= (values < excluded[0]) | (values > excluded[1])
    if required is not None:
        good &= (values >= required[0]) & (values <= required[1])
    first = good.float().argmax(1)
    picked = values.gather(1, first[:, None])[:, 0]
    if required is not None:  # a band that was missed 64 times: a point inside it
        picked = torch.where(good.any(1), picked, torch.full_like(picked, sum(required) / 2))
    return picked


def _pitch(n: int, band: Band, generator: torch.Generator) -> Tensor:
    """Mostly gently downward, as people film; a fifth anywhere between looking up and straight down."""
    usual = 12 + 14 * torch.randn(n, generator=generator, device=generator.device)
    anywhere = _uniform(n, *band, generator)
    wide = _uniform(n, 0, 1, generator) < 0.2
    return torch.where(wide, anywhere, usual).clamp(*band)


def _height(n: int, band: Band, generator: torch.Generator) -> Tensor:
    """Half around a person's eyes or chest, half anywhere (log-uniform)."""
    usual = (0.35 + 0.35 * torch.randn(n, generator=generator, device=generator.device)).exp()
    wide = _uniform(n, 0, 1, generator) < 0.5
    return torch.where(wide, _log_uniform(n, band, generator), usual).clamp(*band)


def sample_cameras(n: int, options: CameraOptions, generator: torch.Generator) -> CameraBatch:
    """n cameras, the same for the same generator state."""
    device = generator.device
    bands = (options.excluded, options.required)
    sizes = torch.tensor(options.sizes, dtype=torch.float32, device=device)
    size = sizes[torch.randint(len(sizes), (n,), generator=generator, device=device)]
    name = "focal_over_width"
    ratio = _draw_in(lambda m: _log_uniform(m, options.focal_over_width, generator), n, *(b.get(name) for b in bands))
    name = "height_m"
    height = _draw_in(lambda m: _height(m, options.height_m, generator), n, *(b.get(name) for b in bands))
    name = "pitch_deg"
    pitch = _draw_in(lambda m: _pitch(m, options.pitch_deg, generator), n, *(b.get(name) for b in bands))
    level = _uniform(n, 0, 1, generator) < options.level_share
    roll = torch.where(
        level,
        torch.randn(n, generator=generator, device=device) * 1.5,
        _uniform(n, -options.roll_max_deg, options.roll_max_deg, generator),
    )
    shift = torch.randn(n, 2, generator=generator, device=device) * options.centre_shift
    off = _uniform(n, 0, 1, generator) < 0.4
    centre = (size - 1) / 2 + shift.clamp(-0.2, 0.2) * size * off[:, None]
    return CameraBatch(
        focal_px=ratio * size[:, 0],
        centre_px=centre,
        size_px=size,
        height_m=height,
        pitch_deg=pitch,
        roll_deg=roll,
        rotation=cam_from_world_rotation(pitch, roll),
    )
