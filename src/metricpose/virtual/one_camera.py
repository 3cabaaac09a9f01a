"""One given camera as a source of cameras: its own lens and picture in every scene, and what is known of its pose.

What is not known of its pose is drawn as that of random cameras; where it is known with a stated doubt, each scene's
true pose lies about it as that doubt says. What the network is told is no matter of this file: it is told one row.
"""

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from metricpose._errors import InputError
from metricpose.geometry.camera import Camera
from metricpose.virtual.cameras import CameraBatch, CameraOptions, cam_from_world_rotation
from metricpose.virtual.pose_pool import rotvec_to_rotmat

FARTHEST_FEET_M = 30.0
"""A camera that sees no ground within this distance shows nobody's feet, and is refused."""

_GRID = 65  # pixels along each side of the picture whose rays are asked for the ground
_OUTSIDE = 2.0  # sides of the picture: where points that the lens cannot see are put


@dataclass(frozen=True, kw_only=True, eq=False)
class LensBatch(CameraBatch):
    """B cameras with one lens, distortion and all; `focal_px` is the mean of both axes, for sizes in pixels only."""

    shared_lens: Camera

    def to_px(self, cam: Tensor) -> Tensor:
        """Camera points (B, ..., 3) m as pixels (B, ..., 2); where the lens does not reach, far outside the picture."""
        held = torch.cat([cam[..., :2], cam[..., 2:].clamp_min(0.01)], -1)
        px, seen = self.shared_lens.project(held)
        away = torch.nn.functional.normalize(cam[..., :2], dim=-1)
        outside = self.centre_px[0] + away * (_OUTSIDE * self.size_px[0].sum())
        return torch.where(seen[..., None], px, outside)

    def to_norm(self, px: Tensor) -> tuple[Tensor, Tensor]:
        """Points (B, ..., 2) of the plane z = 1 behind pixels (B, ..., 2), and where the lens reaches (B, ...)."""
        rays, reached = self.shared_lens.rays_marked(px)
        return rays[..., :2], reached

    def lens(self, index: int) -> Camera:
        """The lens, the same for every index."""
        return self.shared_lens


@dataclass(frozen=True, kw_only=True, eq=False)
class OneCamera:
    """A camera as a CameraSource. Its world is moved so that it stands over the origin and looks along +x.

    Attributes:
        camera: its lens, picture, and what is known of its pose.
        height_m: over the ground, for a camera whose file does not say where it stands.
        tilt_sigma_deg, height_sigma: doubt about the known tilt and (relative) height.
        unknown: what is drawn for whatever is not known.

    Raises InputError for a camera at or below the ground, or that sees no ground within FARTHEST_FEET_M.
    """

    camera: Camera
    height_m: float | None = None
    tilt_sigma_deg: float = 0.0
    height_sigma: float = 0.0
    unknown: CameraOptions = field(default_factory=CameraOptions)

    def __post_init__(self) -> None:
        height = self.camera.height_m if self.camera.height_m is not None else self.height_m
        object.__setattr__(self, "height_m", height)
        if height is not None and not 0.0 < height < np.inf:
            raise InputError(
                f"camera height: expected more than 0 m over the ground, got {height:.2f} m; the file's world must be "
                "z up with the ground at z = 0: correct it, give --height, or leave it out with --extrinsics tilt"
            )
        if self.camera.up is not None:
            self._check_sees_ground(self.camera.up)

    def _check_sees_ground(self, up_cam: np.ndarray) -> None:
        height = self.unknown.height_m[0] if self.height_m is None else self.height_m
        if height > FARTHEST_FEET_M * steepest_fall(self.camera, up_cam):
            pitch = float(np.rad2deg(np.arctan2(-up_cam[2], np.hypot(up_cam[0], up_cam[1]))))
            place = "" if self.height_m is None else f" at a height of {self.height_m:.2f} m"
            raise InputError(
                f"camera: expected one that sees the ground within {FARTHEST_FEET_M:.0f} m, got one{place} tilted "
                f"{abs(pitch):.0f} degrees {'down' if pitch >= 0 else 'up'}, in whose picture nobody's feet can be; "
                "correct its pose, or leave it out with --extrinsics none"
            )

    def draw(self, n: int, generator: torch.Generator) -> LensBatch:
        """n cameras, all with this lens; the same for the same generator state."""
        anywhere, device = self.unknown.draw(n, generator), generator.device
        height, pitch, roll = anywhere.height_m, anywhere.pitch_deg, anywhere.roll_deg
        noise = torch.randn(n, 4, generator=generator, device=device)
        if self.height_m is not None:
            height = self.height_m * (self.height_sigma * noise[:, 3]).exp()
        if self.camera.up is not None:
            up = torch.tensor(np.array(self.camera.up), device=device).expand(n, 3)
            wobble = rotvec_to_rotmat(float(np.deg2rad(self.tilt_sigma_deg)) * noise[:, :3].double())
            pitch, roll = tilt_of((wobble @ up[..., None])[..., 0])
        lens = self.camera.replaced(cam_from_world=None, up_cam=None)
        whole = torch.ones(n, 1, device=device)
        return LensBatch(
            focal_px=whole[:, 0] * float(np.sqrt(np.prod(lens.focal_px))),
            centre_px=whole * torch.tensor(lens.intrinsics_px[:2, 2].tolist(), device=device),
            size_px=whole * torch.tensor(lens.image_size, device=device),
            height_m=height,
            pitch_deg=pitch.float(),
            roll_deg=roll.float(),
            rotation=cam_from_world_rotation(pitch, roll).float(),
            shared_lens=lens,
        )


def tilt_of(up_cam: Tensor) -> tuple[Tensor, Tensor]:
    """Pitch (n,) downwards and roll (n,) in degrees of cameras with these up directions (n, 3)."""
    x, y, z = up_cam.unbind(-1)
    return torch.rad2deg(torch.atan2(-z, torch.hypot(x, y))), torch.rad2deg(torch.atan2(-x, -y))


def up_of(pitch_deg: float) -> np.ndarray:
    """The up direction (3,) in the frame of a camera tilted downwards by `pitch_deg`, without roll."""
    pitch = np.deg2rad(pitch_deg)
    return np.array([0.0, -np.cos(pitch), -np.sin(pitch)])


def steepest_fall(camera: Camera, up_cam: np.ndarray) -> float:
    """How many metres the steepest ray of the picture falls per metre along the ground; 0 where none falls."""
    width, height = camera.image_size
    across, down = np.meshgrid(np.linspace(0, width - 1, _GRID), np.linspace(0, height - 1, _GRID))
    rays, reached = camera.rays_marked(np.stack([across, down], -1))
    rise = rays @ up_cam
    along = np.sqrt(np.maximum(np.square(rays).sum(-1) - rise**2, 1e-12))
    return float(np.max(np.where(reached, -rise / along, 0.0), initial=0.0))


def with_pose(camera: Camera, up_cam: np.ndarray, height_m: float | None) -> Camera:
    """`camera` tilted as `up_cam` says, and over the origin of its world if its height is known."""
    if height_m is None:
        return camera.replaced(cam_from_world=None, up_cam=up_cam)
    pitch, roll = tilt_of(torch.tensor(np.array(up_cam))[None])
    cam_from_world = np.eye(4)
    cam_from_world[:3, :3] = cam_from_world_rotation(pitch, roll)[0].numpy()
    cam_from_world[:3, 3] = -height_m * cam_from_world[:3, 2]
    return camera.replaced(cam_from_world=cam_from_world, up_cam=None)
