"""Scenes as the tensors a lifter learns from."""

from typing import NamedTuple

import torch
from torch import Tensor

from metricpose.virtual.camera_knowledge import KnowledgeOptions, camera_rows
from metricpose.virtual.scenes import SceneBatch

_FEWEST_JOINTS = 2  # as in inference


class LiftingBatch(NamedTuple):
    """B scenes of P people.

    rays (B, P, 17, 3) unit, camera frame; scores (B, P, 17); camera (B, 8); present, real (B, P);
    joints_cam (B, P, 17, 3) m; misled (B, P), who is on a raised floor while the camera's height is known.
    """

    rays: Tensor
    scores: Tensor
    camera: Tensor
    present: Tensor
    real: Tensor
    joints_cam: Tensor
    misled: Tensor


def unit_rays(scenes: SceneBatch) -> Tensor:
    """Rays of the detected joints; straight ahead where a joint is unseen."""
    return _rays_and_scores(scenes)[0]


def _rays_and_scores(scenes: SceneBatch) -> tuple[Tensor, Tensor]:
    """Rays (B, P, 17, 3) and scores (B, P, 17); as in inference, a joint beyond the lens model counts as unseen."""
    norm, reached = scenes.cameras.to_norm(scenes.detections.joints_px)
    scores = torch.where(reached, scenes.detections.scores, torch.zeros_like(scenes.detections.scores))
    norm = torch.where((scores > 0)[..., None], norm, torch.zeros_like(norm))
    rays = torch.nn.functional.normalize(torch.cat([norm, torch.ones_like(norm[..., :1])], -1), dim=-1)
    return rays, scores


def lifting_batch(scenes: SceneBatch, knowledge: KnowledgeOptions, generator: torch.Generator) -> LiftingBatch:
    """What the lifter sees of the scenes, with the camera known as `knowledge` says, and the truth."""
    return told_batch(scenes, camera_rows(scenes.cameras, knowledge, generator))


def told_batch(scenes: SceneBatch, camera: Tensor) -> LiftingBatch:
    """What the lifter sees of the scenes when it is told `camera` (B, 8) of their cameras, and the truth.

    Whoever the lens model leaves with fewer than two joints is left out.
    """
    rays, scores = _rays_and_scores(scenes)
    enough = (scores > 0).sum(-1) >= _FEWEST_JOINTS
    present, real = scenes.present & enough, scenes.real & enough
    most = 1 + int((present.any(0) * torch.arange(present.shape[1], device=present.device)).max())
    return LiftingBatch(
        rays=rays[:, :most],
        scores=scores[:, :most],
        camera=camera,
        present=present[:, :most],
        real=real[:, :most],
        joints_cam=scenes.joints_cam[:, :most],
        misled=scenes.raised[:, :most] & (camera[:, 6:7] > 0),
    )
