"""People as `agr.aimed` shows them, with joints of several skeletons, and windows on them by the batch.

Axes: N people, B windows, J joints of a `JointSet`, P px of a patch, S px of a window. Frame: a camera that looks
straight at the patch's middle; turning, shifting, shrinking and mirroring a window turn the camera about its axis, move
its principal point, change its focal length and mirror the world, so that joints stay exact.
"""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from metricpose._errors import FileError
from metricpose.agr.single import CROP_FACTOR
from metricpose.losses.multi_skeleton import MultiSkeletonTargets
from metricpose.skeletons.joint_sets import JointSet, one_hot
from metricpose.training.crop_patches import CropWindowOptions, affines, sampled
from metricpose.training.disturbances import disturbed
from metricpose.virtual.aimed import GREY


@dataclass(frozen=True, kw_only=True, eq=False)
class AimedPeople:
    """pictures (N, 3, P, P) uint8; focal_px (N,); joints_cam (N, J, 3) m, of all skeletons; labelled (N, J) bool, which
    of them a network may be told, all of a skeleton or none; whole (N,) bool, who is in the picture with all points."""

    pictures: Tensor
    focal_px: Tensor
    joints_cam: Tensor
    labelled: Tensor
    whole: Tensor

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, rows: Tensor) -> "AimedPeople":
        return AimedPeople(**{name: value[rows] for name, value in vars(self).items()})


def read_aimed_people(path: Path, joints: JointSet) -> AimedPeople:
    """A file of recipes/multi_skeleton_people; one whose skeleton is not in `joints` has nothing labelled.

    Raises FileError for a file that is missing or damaged, InputError where it lacks points.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            columns = {key: stored[key] for key in ("names", "skeleton", "patch", "focal_px", "points_cam", "inside")}
    except (OSError, KeyError, ValueError) as error:
        raise FileError(f"{path}: expected people of recipes/multi_skeleton_people, got none ({error})") from error
    chosen = one_hot(joints.points, columns["names"].tolist()).argmax(1)
    labelled = np.zeros(len(joints), bool)
    for own, skeleton in zip(joints.slices, joints.skeletons, strict=True):
        labelled[own] = skeleton.name == str(columns["skeleton"])
    return AimedPeople(
        pictures=torch.from_numpy(columns["patch"]).permute(0, 3, 1, 2).contiguous(),
        focal_px=torch.from_numpy(columns["focal_px"]),
        joints_cam=torch.from_numpy(columns["points_cam"][:, chosen]),
        labelled=torch.from_numpy(labelled).repeat(len(columns["patch"]), 1),
        whole=torch.from_numpy(columns["inside"].all(1)),
    )


@dataclass(frozen=True, kw_only=True)
class WindowOptions:
    """How windows of training are drawn. cut_share: of them show part of a person alone, `cut_zoom` times larger."""

    size: int = 128
    turned_deg: float = 20.0
    scale: float = 0.1  # of the log size
    shift: float = 0.03  # of the window
    mirrored: float = 0.5
    cut_share: float = 0.3
    cut_zoom: tuple[float, float] = (1.2, 2.2)
    look: CropWindowOptions = field(default_factory=CropWindowOptions)


class Windows(NamedTuple):
    """pictures (B, 3, S, S) in [0, 1], by cameras of focal_px (B,) and principal points centre_px (B, 2); the truth."""

    pictures: Tensor
    focal_px: Tensor
    centre_px: Tensor
    targets: MultiSkeletonTargets


def drawn_affines(count: int, px: int, options: WindowOptions, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """(B, 2, 2) and (B, 2): window px from patch px, drawn for training."""

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(count, *shape, generator=generator)

    def normal(*shape: int) -> Tensor:
        return torch.randn(count, *shape, generator=generator)

    angle = normal() * math.radians(options.turned_deg)
    side = torch.where(uniform(0, 1) < options.mirrored, -1.0, 1.0)
    zoom = torch.where(uniform(0, 1) < options.cut_share, uniform(*options.cut_zoom), torch.ones(count))
    scale = zoom * torch.exp(options.scale * normal()).clamp(0.7, 1.4)
    room = (zoom - 1)[:, None] * options.size / (2 * CROP_FACTOR)
    moved = options.shift * options.size * normal(2) + room * uniform(-1, 1, 2)
    return affines(angle, scale, side, moved, px, options.size)


def windows(people: AimedPeople, linear: Tensor, shift: Tensor, size: int, joints: JointSet) -> Windows:
    """One window of each of the people, by the affine maps of `affines`."""
    px = people.pictures.shape[-1]
    determinant = torch.linalg.det(linear)
    scale = determinant.abs().sqrt()
    centre = linear.sum(-1) * (px - 1) / 2 + shift
    focal = people.focal_px * scale
    turned = torch.einsum("bxy,bjy->bjx", linear / scale[:, None, None], people.joints_cam[..., :2])
    cam = torch.cat([turned, people.joints_cam[..., 2:]], -1)
    mirrored = determinant < 0
    image = torch.tensor(joints.mirror)
    cam = torch.where(mirrored[:, None, None], cam[:, image], cam)
    joints_px = cam[..., :2] / cam[..., 2:] * focal[:, None, None] + centre[:, None]
    inside = (joints_px > -0.5).all(-1) & (joints_px < size - 0.5).all(-1)
    seen = sampled(people.pictures / 255 - GREY, linear, shift, size) + GREY
    targets = MultiSkeletonTargets(
        joints_cam=cam, joints_px=joints_px, labelled=people.labelled, inside=inside, size=size
    )
    return Windows(seen, focal, centre, targets)


def drawn_windows(people: AimedPeople, options: WindowOptions, generator: torch.Generator, joints: JointSet) -> Windows:
    """A window for training on each of the people, with other light, noise and things before them."""
    linear, shift = drawn_affines(len(people), people.pictures.shape[-1], options, generator)
    made = windows(people, linear, shift, options.size, joints)
    return made._replace(pictures=disturbed(made.pictures, options.look, generator))
