"""Losses of VirtualPose's second stage (ECCV 2022): depth, eq. (4); heat of roots, eq. (6); joints, eq. (8).

Truth enters here and nowhere else. Which candidate is which true person is decided by distance, one to one, and only to
say what a candidate's joints should have been. The paper gives no weights to the terms: they are 1.

Axes: B pictures, P people in 2D (and their truth, in the same order), N candidates, J joints, C cells.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from metricpose._errors import InputError
from metricpose.people.matching import match


class CellsOfVolume(Protocol):
    """What the loss reads of `models.volumes.Volume`."""

    def cells_cam(self) -> Tensor: ...


class VoxelAnswer(Protocol):
    """What the loss reads of `models.voxel_pose.VoxelPeople`, whose docstring has the shapes."""

    @property
    def picture(self) -> Tensor: ...
    @property
    def joints_cam(self) -> Tensor: ...
    @property
    def candidates_cam(self) -> Tensor: ...
    @property
    def canonical_depth(self) -> Tensor: ...
    @property
    def root_heat(self) -> Tensor: ...
    @property
    def volumes(self) -> Sequence[CellsOfVolume]: ...


@dataclass(frozen=True, kw_only=True)
class VoxelLossOptions:
    """Weights of the terms; sigma_m of a true root's Gaussian in REN's volume; match_m, the distance up to which a
    candidate is taken for a true person."""

    depth: float = 1.0
    roots: float = 1.0
    joints: float = 1.0
    sigma_m: float = 0.2
    match_m: float = 0.5

    def __post_init__(self) -> None:
        if not (self.sigma_m > 0 and self.match_m > 0):
            raise InputError(
                f"voxel losses: expected sigma_m and match_m above 0 m, got {self.sigma_m} and {self.match_m}; the "
                "defaults are usual"
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class VoxelTruth:
    """joints_cam (B, P, J, 3) m, roots_cam (B, P, 3) m, canonical_depth (B, P) m of the roots (see `agr.AGR`), and who
    of the 2D people is real (B, P) bool: ghosts and people whom the picture does not show are not."""

    joints_cam: Tensor
    roots_cam: Tensor
    canonical_depth: Tensor
    real: Tensor


def depth_loss(canonical_depth: Tensor, truth: Tensor, real: Tensor) -> Tensor:
    """Eq. (4): |D_p - D~_p| of (B, P) depths in metres at the canonical focal length; mean over the `real` people."""
    return ((canonical_depth - truth).abs() * real).sum() / real.sum().clamp_min(1)


def root_targets(cells_cam: Tensor, roots_cam: Tensor, sigma_m: float) -> Tensor:
    """The true heat (C,) of eq. (6): a Gaussian of height 1 about each root (P, 3), joined by the maximum."""
    heat = torch.zeros_like(cells_cam[:, 0])
    for root_cam in roots_cam:
        distance2 = (cells_cam - root_cam).square().sum(-1)
        heat = torch.maximum(heat, torch.exp(-distance2 / (2 * sigma_m**2)))
    return heat


def root_loss(root_heat: Tensor, targets: Tensor) -> Tensor:
    """Eq. (6): squared difference of two heats; its mean over the cells, so that it does not grow with the volume."""
    return (root_heat - targets).square().mean()


def matched_truth(
    picture: Tensor, candidates_cam: Tensor, roots_cam: Tensor, real: Tensor, match_m: float
) -> tuple[Tensor, Tensor]:
    """Which candidates (K,) stand for which true people (K,) of their picture.

    The best one-to-one pairs of candidates (N, 3) of pictures (N,) and roots (B, P, 3) of those who are `real` (B, P):
    as many as lie within `match_m`, then the least distance. For training only.
    """
    candidates, people = [], []
    for number in range(len(roots_cam)):
        mine, true = (picture == number).nonzero()[:, 0], real[number].nonzero()[:, 0]
        distance = torch.cdist(candidates_cam[mine].detach(), roots_cam[number, true])
        rows, columns = match(distance.cpu().numpy(), match_m)
        candidates.append(mine[torch.as_tensor(rows, device=mine.device)])
        people.append(true[torch.as_tensor(columns, device=true.device)])
    return torch.cat(candidates), torch.cat(people)


def joint_loss(joints_cam: Tensor, truth: Tensor) -> Tensor:
    """Eq. (8): |J_k - J~_k|_1 in metres, joints and truth (K, J, 3); mean over joints and people, 0 for nobody.

    A true joint outside PEN's volume is not left out: it draws the probability to the outermost cells, which is what
    tells callers that the joint is not covered.
    """
    return (joints_cam - truth).abs().sum() / max(joints_cam[..., 0].numel(), 1)


def voxel_loss(answer: VoxelAnswer, truth: VoxelTruth, options: VoxelLossOptions) -> Mapping[str, Tensor]:
    """Named terms and their weighted "total" of the second stage's answer."""
    targets = [
        root_targets(volume.cells_cam(), roots_cam[real], options.sigma_m)
        for volume, roots_cam, real in zip(answer.volumes, truth.roots_cam, truth.real, strict=True)
    ]
    candidates, people = matched_truth(
        answer.picture, answer.candidates_cam, truth.roots_cam, truth.real, options.match_m
    )
    wanted = truth.joints_cam[answer.picture[candidates], people]
    terms = {
        "depth": depth_loss(answer.canonical_depth, truth.canonical_depth, truth.real),
        "roots": root_loss(answer.root_heat.flatten(1), torch.stack(targets)),
        "joints": joint_loss(answer.joints_cam[candidates], wanted),
    }
    total = sum((getattr(options, name) * value for name, value in terms.items()), torch.zeros(()))
    return {**terms, "total": total}
