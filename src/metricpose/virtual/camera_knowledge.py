"""What a user knows of a camera's pose: nothing, its tilt, or tilt and height; exact, or noisy with a stated sigma."""

from dataclasses import dataclass

import torch
from torch import Tensor

from metricpose.virtual.cameras import CameraBatch
from metricpose.virtual.pose_pool import rotvec_to_rotmat


@dataclass(frozen=True, kw_only=True)
class KnowledgeOptions:
    """Shares of scenes. Noise is drawn with a sigma that is itself drawn, up to the limits, and told to the network."""

    none: float = 0.35
    tilt_only: float = 0.1
    exact: float = 0.5  # of the known ones
    tilt_sigma_deg: float = 3.0
    height_sigma: float = 0.1  # relative


NOTHING = KnowledgeOptions(none=1.0, tilt_only=0.0)
EXACT = KnowledgeOptions(none=0.0, tilt_only=0.0, exact=1.0)


def camera_rows(cameras: CameraBatch, options: KnowledgeOptions, generator: torch.Generator) -> Tensor:
    """Rows (B, 8): up (3,) in the camera frame, tilt known, its sigma rad, height m, known, its relative sigma."""
    b, device = len(cameras), generator.device

    def rand() -> Tensor:
        return torch.rand(b, generator=generator, device=device)

    kind, noisy = rand(), (rand() >= options.exact).float()
    tilt_known = (kind >= options.none).float()
    height_known = (kind >= options.none + options.tilt_only).float()
    tilt_sigma = torch.deg2rad(options.tilt_sigma_deg * rand()) * noisy
    height_sigma = options.height_sigma * rand() * noisy
    wobble = rotvec_to_rotmat(tilt_sigma[:, None] * torch.randn(b, 3, generator=generator, device=device))
    up = (wobble @ cameras.rotation[:, :, 2:])[..., 0] * tilt_known[:, None]
    stretch = (height_sigma * torch.randn(b, generator=generator, device=device)).exp()
    height = cameras.height_m * stretch * height_known
    columns = (tilt_known, tilt_sigma * tilt_known, height, height_known, height_sigma * height_known)
    return torch.cat([up, torch.stack(columns, -1)], -1)
