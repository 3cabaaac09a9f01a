"""The second stage's answer about each 2D person: whose candidate is whose, and who has none. No truth.

REN's candidates know nothing of the 2D people. A candidate is a person's if its root is seen near theirs, at a depth
near DE's, one to one. Whoever is left without a candidate is answered all the same, about the place that DE says, and
is marked as not found; a candidate that nobody claims is no answer.

Axes: B pictures, P people in 2D, J joints, N candidates of all pictures together.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from metricpose.models.depth_estimator import metres_per_canonical
from metricpose.models.root_net import Roots
from metricpose.models.voxel_input import VoxelInput
from metricpose.models.voxel_pose import VoxelPose
from metricpose.people.matching import match

_NEAR = 0.5  # of the longer side of the box: how far from the 2D root a candidate's may be seen
_UNSURE = 0.25  # what a candidate of score 0 costs more than one of score 1, in the same unit


class SeenPeople(NamedTuple):
    """Of every 2D person of a `VoxelInput`: joints_cam (B, P, J, 3) m and root_cam (B, P, 3) m in the picture's camera
    frame; outermost (B, P, J), see `pose_net.Poses`; found (B, P) bool, whether REN has found them; scores (B, P) in
    [0, 1], 0 without; canonical_depth (B, P) m, DE's. Whoever is not present is all zeros.

    unclaimed (B,): candidates that are no 2D person's.
    """

    joints_cam: Tensor
    root_cam: Tensor
    outermost: Tensor
    found: Tensor
    scores: Tensor
    canonical_depth: Tensor
    unclaimed: Tensor


def answered(stage: VoxelPose, seen: VoxelInput) -> SeenPeople:
    """See the module; the stage should be in eval mode."""
    canonical_depth = stage.canonical_depth(seen)
    depths_m = canonical_depth * metres_per_canonical(seen.cameras, canonical_depth)
    candidates = stage.root_net.found(stage.root_net(seen, depths_m), seen)
    places, scores = roots_by_depth(seen, depths_m), torch.zeros_like(depths_m)
    found, unclaimed = torch.zeros_like(seen.present), scores.new_zeros(len(scores))
    for number in range(len(seen.cameras)):
        mine = (candidates.picture == number).nonzero()[:, 0]
        rows, people = claimed(seen, number, depths_m, candidates, mine)
        places[number, people] = candidates.roots_cam[mine[rows]].to(places)
        scores[number, people] = candidates.scores[mine[rows]].to(scores)
        found[number, people] = True
        unclaimed[number] = len(mine) - len(rows)
    there = seen.present.nonzero(as_tuple=True)
    poses = stage.pose_net(seen, Roots(there[0], places[there], scores[there], seen.boxes_px[there]))
    joints_cam = places.new_zeros(*places.shape[:2], stage.options.joints, 3)
    outermost = joints_cam.new_zeros(joints_cam.shape[:-1])
    joints_cam[there], outermost[there] = poses.joints_cam.to(joints_cam), poses.outermost.to(joints_cam)
    return SeenPeople(joints_cam, stage.roots_of(joints_cam), outermost, found, scores, canonical_depth, unclaimed)


def roots_by_depth(seen: VoxelInput, depths_m: Tensor) -> Tensor:
    """(B, P, 3) m: where the 2D roots lie at these depths (B, P)."""
    places = zip(seen.cameras, seen.roots_px, depths_m, strict=True)
    return torch.stack([camera.unproject(px.to(depths.dtype), depths) for camera, px, depths in places])


def claimed(seen: VoxelInput, number: int, depths_m: Tensor, candidates: Roots, mine: Tensor) -> tuple[Tensor, Tensor]:
    """Which of a picture's candidates `mine` (M,) belong to which of its 2D people: indices (K,) and (K,)."""
    people = seen.present[number].nonzero()[:, 0]
    roots_cam = candidates.roots_cam[mine].float()
    px, ahead = seen.cameras[number].project(roots_cam)
    boxes = seen.boxes_px[number, people]
    side = (boxes[:, 2:] - boxes[:, :2]).amax(-1).clamp_min(1e-3)
    away = torch.cdist(px, seen.roots_px[number, people].to(px)) / side  # M, P
    further = (roots_cam[:, None, 2].clamp_min(1e-3) / depths_m[number, people].clamp_min(1e-3)).log().abs()
    cost = away + further + _UNSURE * (1 - candidates.scores[mine].float())[:, None]
    cost = cost.masked_fill((away > _NEAR) | ~ahead[:, None], torch.inf)
    rows, columns = match(cost.detach().cpu().numpy())
    return torch.as_tensor(rows, device=mine.device), people[torch.as_tensor(columns, device=mine.device)]
