"""Virtual scenes as what the second stage sees, and as the truth of its losses.

Heatmaps, boxes and roots come from the *detected* people: noisy, partly hidden, some of them ghosts. Truth is that of
the scenes, of people who are real and whom the detector has seen.

Axes: B pictures, P people in 2D, 17 joints of COCO.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from metricpose.geometry.camera import Camera
from metricpose.losses.voxel import VoxelTruth
from metricpose.models.depth_estimator import metres_per_canonical
from metricpose.models.voxel_input import VoxelInput
from metricpose.models.voxel_picture import PictureOptions
from metricpose.people import People2D
from metricpose.virtual.camera_knowledge import KnowledgeOptions, camera_rows
from metricpose.virtual.cameras import CameraBatch
from metricpose.virtual.one_camera import with_pose
from metricpose.virtual.scene_people import detected_people
from metricpose.virtual.scenes import SceneBatch

_HIPS = (11, 12)


@dataclass(frozen=True, kw_only=True)
class VoxelSampleOptions:
    """The picture that all are fitted into; what is known of the cameras; and the longer side, in heatmap cells, under
    which a box shows nobody: peaks are a cell wide, and would run together."""

    picture: PictureOptions = field(default_factory=PictureOptions)
    knowledge: KnowledgeOptions = field(default_factory=KnowledgeOptions)
    least_cells: float = 8.0


class VoxelSamples(NamedTuple):
    """What the network sees, the truth for the losses, and scores (B, P, 17) of the joints in 2D."""

    seen: VoxelInput
    truth: VoxelTruth
    scores: Tensor


def told_camera(cameras: CameraBatch, index: int, row: Tensor) -> Camera:
    """Camera `index` with its lens, and as much of its pose as `row` (8,) of `camera_rows` tells."""
    lens, told = cameras.lens(index), row.double().cpu().numpy()
    if not told[3]:
        return lens
    return with_pose(lens, told[:3] / np.linalg.norm(told[:3]), float(told[5]) if told[6] else None)


def voxel_samples(scenes: SceneBatch, options: VoxelSampleOptions, generator: torch.Generator) -> VoxelSamples:
    """All of the scenes' pictures, on the generator's device. See `told_samples`."""
    return told_samples(scenes, camera_rows(scenes.cameras, options.knowledge, generator), options)


def in_chunks(scenes: SceneBatch, rows: Tensor, options: VoxelSampleOptions, chunk: int = 8) -> Iterator[VoxelSamples]:
    """The same, `chunk` pictures at a time: heatmaps of hundreds would fill the memory."""
    for first in range(0, len(rows), chunk):
        yield told_samples(scenes, rows, options, range(first, min(first + chunk, len(rows))))


def told_samples(
    scenes: SceneBatch, rows: Tensor, options: VoxelSampleOptions, chosen: range | None = None
) -> VoxelSamples:
    """Samples of the `chosen` scenes (all if None), whose cameras are known as rows (B, 8) tell."""
    device = scenes.joints_cam.device
    numbers = range(len(scenes.joints_cam)) if chosen is None else chosen
    cameras = [told_camera(scenes.cameras, number, rows[number]) for number in numbers]
    people = [
        _large_enough(detected_people(scenes, number, camera), camera, options)
        for number, camera in zip(numbers, cameras, strict=True)
    ]
    seen = options.picture.encoded(people, cameras, device)
    slots = torch.zeros_like(seen.present, dtype=torch.long)
    scores = torch.zeros(*seen.present.shape, 17, device=device)
    for row, some in enumerate(people):
        slots[row, : len(some)] = torch.tensor(some.ids or (), dtype=torch.long, device=device)
        scores[row, : len(some)] = torch.tensor(np.array(some.joint_scores), device=device)
    picture = torch.tensor(list(numbers), device=device)[:, None].expand_as(slots)
    joints_cam, real = scenes.joints_cam[picture, slots], scenes.real[picture, slots] & seen.present
    joints_cam = torch.where(real[..., None, None], joints_cam, torch.ones_like(joints_cam))
    roots_cam = joints_cam[:, :, list(_HIPS)].mean(2)
    canonical_depth = roots_cam[..., 2] / metres_per_canonical(seen.cameras, roots_cam)
    truth = VoxelTruth(joints_cam=joints_cam, roots_cam=roots_cam, canonical_depth=canonical_depth, real=real)
    return VoxelSamples(seen, truth, scores)


def _large_enough(people: People2D, camera: Camera, options: VoxelSampleOptions) -> People2D:
    fitted, _ = options.picture.fitted(people, camera)
    sides = (fitted.boxes_px[:, 2:] - fitted.boxes_px[:, :2]).max(axis=1, initial=0)
    return people[sides >= options.least_cells * options.picture.stride]
