"""Scenes as the tensors a lifter learns from."""

from typing import NamedTuple

import torch
from torch import Tensor

from metricpose.virtual.camera_knowledge import KnowledgeOptions, camera_rows
from metricpose.virtual.scenes import SceneBatch


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
    cameras = scenes.cameras
    shape = (len(cameras), 1, 1)
    centred = scenes.detections.joints_px - cameras.centre_px.reshape(*shape, 2)
    norm = centred / cameras.focal_px.reshape(*shape, 1)
    norm = torch.where((scenes.detections.scores > 0)[..., None], norm, torch.zeros_like(norm))
    return torch.nn.functional.normalize(torch.cat([norm, torch.ones_like(norm[..., :1])], -1), dim=-1)


def lifting_batch(scenes: SceneBatch, knowledge: KnowledgeOptions, generator: torch.Generator) -> LiftingBatch:
    """What the lifter sees of the scenes, with the camera known as `knowledge` says, and the truth."""
    most = int(scenes.present.sum(1).max()) if not scenes.present[:, -1].any() else scenes.present.shape[1]
    camera = camera_rows(scenes.cameras, knowledge, generator)
    return LiftingBatch(
        rays=unit_rays(scenes)[:, :most],
        scores=scenes.detections.scores[:, :most],
        camera=camera,
        present=scenes.present[:, :most],
        real=scenes.real[:, :most],
        joints_cam=scenes.joints_cam[:, :most],
        misled=scenes.raised[:, :most] & (camera[:, 6:7] > 0),
    )
