"""How the second stage learns before its parts can rely on each other. For training only: no answer ever takes truth.

At first DE is metres off, so that the gate of eq. (5) shows REN nothing near the people, and REN finds nobody for PEN
to learn about. So a lesson tells both what they lack, for as long as they lack it and no longer: whose depth DE misses
by much is gated about the true depth, with a jitter; whom REN does not find has PEN's volume about the true root, with
a jitter. Each network learns by its own equation alone; no gradient passes from one to the other.

Axes: B pictures, P people in 2D.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from metricpose._errors import InputError
from metricpose.losses.voxel import VoxelTruth, matched_truth
from metricpose.models.depth_estimator import metres_per_canonical
from metricpose.models.root_net import RootHeat, Roots
from metricpose.models.voxel_input import VoxelInput
from metricpose.models.voxel_pose import VoxelPeople, VoxelPose, VoxelPoseOptions


@dataclass(frozen=True, kw_only=True)
class LessonOptions:
    """Jitters, and when help ends.

    depth_jitter: standard deviation of the log of a told depth; missed_by: log ratio of DE's depth and the true one
    from which on the depth is told; root_jitter_m: standard deviation per axis of a told root; found_m: how near a
    candidate must be to be taken for a true person; most_poses: people that PEN learns from in one step, which bounds
    memory and time.
    """

    depth_jitter: float = 0.06
    missed_by: float = 0.25
    root_jitter_m: float = 0.1
    found_m: float = 0.5
    most_poses: int = 16

    def __post_init__(self) -> None:
        if not (self.missed_by > 0 and self.found_m > 0 and self.most_poses >= 1):
            raise InputError(
                f"lessons: expected missed_by and found_m above 0 and most_poses of 1 or more, got {self.missed_by}, "
                f"{self.found_m} and {self.most_poses}; the defaults are usual"
            )
        if min(self.depth_jitter, self.root_jitter_m) < 0:
            raise InputError(
                f"lessons: expected jitters of 0 or more, got {self.depth_jitter} and {self.root_jitter_m}; 0 is none"
            )


class Lesson(NamedTuple):
    """What may be told: canonical_depth (B, P) m and roots_cam (B, P, 3) m, both jittered; and the truth of the losses.
    pose (B, P) bool: the real people that PEN learns from in this step."""

    canonical_depth: Tensor
    roots_cam: Tensor
    pose: Tensor
    truth: VoxelTruth


def drawn_lesson(truth: VoxelTruth, options: LessonOptions, generator: torch.Generator) -> Lesson:
    """The same for the same generator state, on the generator's device."""
    device = generator.device
    shape = truth.real.shape
    stretch = (options.depth_jitter * torch.randn(shape, generator=generator, device=device)).exp()
    shift = options.root_jitter_m * torch.randn(*shape, 3, generator=generator, device=device)
    drawn = torch.rand(shape, generator=generator, device=device).masked_fill(~truth.real, 2.0).flatten()
    chosen = torch.zeros_like(drawn, dtype=torch.bool)
    chosen[drawn.argsort()[: options.most_poses]] = True
    pose = chosen.reshape(shape) & truth.real
    return Lesson(truth.canonical_depth * stretch, truth.roots_cam + shift, pose, truth)


PARTS = ("all", "depth")


class VoxelTrainee(VoxelPose):
    """The second stage with one more way to be called: with a lesson. Its weights are those of `VoxelPose`.

    parts "depth": DE learns alone, from many times as many pictures in the same time; no gradient passes between the
    three networks, so that the others can go on from there.
    """

    def __init__(
        self, options: VoxelPoseOptions | None = None, lessons: LessonOptions | None = None, parts: str = "all"
    ) -> None:
        super().__init__(options)
        self.lessons = lessons or LessonOptions()
        if parts not in PARTS:
            raise InputError(f"parts: expected one of {', '.join(PARTS)}, got {parts!r}")
        self.parts = parts
        for net in (self.root_net, self.pose_net):
            net.requires_grad_(parts == "all")

    def forward(self, seen: VoxelInput, lesson: Lesson | None = None) -> VoxelPeople:
        """Without a lesson `VoxelPose`'s answer; with one, PEN answers for `lesson.pose`, one place each.

        Where DE learns alone, a lesson is answered with its depths and nobody.
        """
        if lesson is None:
            return super().forward(seen)
        canonical_depth = self.canonical_depth(seen)
        if self.parts == "depth":
            return _depths_alone(canonical_depth, self.options.joints)
        gate = self._gate_depth(canonical_depth.detach(), lesson)
        heat = self.root_net(seen, gate * metres_per_canonical(seen.cameras, gate))
        return self.people_about(seen, canonical_depth, heat, self._places(heat, seen, lesson))

    def _gate_depth(self, own: Tensor, lesson: Lesson) -> Tensor:
        truth = lesson.truth
        off = (own.float().clamp_min(1e-3) / truth.canonical_depth.clamp_min(1e-3)).log().abs()
        return torch.where(truth.real & (off > self.lessons.missed_by), lesson.canonical_depth, own.float())

    def _places(self, heat: RootHeat, seen: VoxelInput, lesson: Lesson) -> Roots:
        own = self.root_net.found(heat, seen)
        candidates, people = matched_truth(
            own.picture, own.roots_cam.float(), lesson.truth.roots_cam, lesson.pose, self.lessons.found_m
        )
        places, scores = lesson.roots_cam.clone(), torch.ones_like(lesson.canonical_depth)
        at = own.picture[candidates], people
        places[at], scores[at] = own.roots_cam[candidates].to(places), own.scores[candidates].to(scores)
        there = lesson.pose.nonzero(as_tuple=True)
        return Roots(there[0], places[there], scores[there], seen.boxes_px[there])


def _depths_alone(canonical_depth: Tensor, joints: int) -> VoxelPeople:
    none = canonical_depth.new_zeros(0, 3)
    nobody = canonical_depth.new_zeros(0, joints)
    return VoxelPeople(
        picture=torch.zeros(0, dtype=torch.long, device=canonical_depth.device), root_cam=none,
        joints_cam=canonical_depth.new_zeros(0, joints, 3), scores=none[:, 0], covered=nobody.bool(), outermost=nobody,
        candidates_cam=none, canonical_depth=canonical_depth, root_heat=canonical_depth.new_zeros(0, 1, 1, 1),
        volumes=(),
    )  # fmt: skip
