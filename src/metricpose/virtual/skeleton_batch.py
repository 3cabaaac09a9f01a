"""Scenes as a lifter of every skeleton learns from them: each picture's detector has a skeleton of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Self

import torch
from torch import Tensor

from metricpose._errors import InputError
from metricpose.skeletons.acae import AffineAutoencoder
from metricpose.skeletons.catalogue import COCO17, skeleton_named
from metricpose.skeletons.lifter_points import OTHER_POINTS, lifter_view
from metricpose.skeletons.points import body_points
from metricpose.virtual.camera_knowledge import KnowledgeOptions, camera_rows
from metricpose.virtual.lifting_batch import LiftingBatch
from metricpose.virtual.point_layout import PointLayout
from metricpose.virtual.scenes import SceneBatch

_FEWEST_JOINTS = 2  # as in inference
_REGIONS = ((0, 1, 2, 3, 4), (7, 8, 9, 10), (13, 14, 15, 16), (11, 12, 13, 14, 15, 16), (1, 2, 3, 4, 7, 8, 9, 10))
"""Parts of COCO that a subset of joints leaves out, with what is near: the face, arms, legs, legs with hips, ..."""


class SkeletonBatch(NamedTuple):
    """lifting: COCO's slots, truth; other_rays (B, P, 65, 3), other_scores (B, P, 65); others_cam (B, P, 135, 3) m."""

    lifting: LiftingBatch
    other_rays: Tensor
    other_scores: Tensor
    others_cam: Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class Menu:
    """S skeletons of detectors over the J points of scenes (COCO's joints, then those of the point bank).

    Attributes:
        share: (S,) of the pictures.
        mix: (S, 17, J) what each slot of COCO is mixed from.
        other: (S, 65) index of the point in each slot of OTHER_POINTS; J where the skeleton has none.
        region: (R, J) whether each region of `_REGIONS` holds a point.
        subsets: share of the pictures whose detector tells a part of its joints alone.
    """

    share: Tensor
    mix: Tensor
    other: Tensor
    region: Tensor
    subsets: float = 0.0

    @classmethod
    def of(cls, shares: Mapping[str, float], subsets: float = 0.0) -> Self:
        """The skeletons of the catalogue by name, with their shares."""
        acae = AffineAutoencoder.load()
        aliases, points = dict(acae.aliases), acae.points
        assert points[:17] == COCO17.joints
        mix = torch.zeros(len(shares), 17, len(points))
        other = torch.full((len(shares), len(OTHER_POINTS)), len(points))
        for row, name in enumerate(shares):
            skeleton = skeleton_named(name)
            view = lifter_view(skeleton)
            where = torch.tensor([points.index(aliases.get(point, point)) for point in body_points(skeleton)])
            mix[row][:, where] = torch.tensor(view.weights)
            joint_of = torch.tensor(view.joint_of)
            other[row] = torch.where(joint_of >= 0, where[joint_of.clamp_min(0)], len(points))
        near = torch.tensor(PointLayout.of(points[17:]).near)
        region = torch.stack([torch.isin(near, torch.tensor(part)) for part in _REGIONS])
        share = torch.tensor(list(shares.values()), dtype=torch.float64)
        return cls(share=share / share.sum(), mix=mix, other=other, region=region, subsets=subsets)


def skeleton_batch(
    scenes: SceneBatch, knowledge: KnowledgeOptions, menu: Menu, generator: torch.Generator
) -> SkeletonBatch:
    """What the lifter sees of the scenes, each in a skeleton of the menu, and the truth of all points.

    Raises InputError for scenes without other points.
    """
    if scenes.others is None:
        raise InputError("skeleton batch: expected scenes of bodies with a point bank; set WorldOptions.point_bank")
    camera = camera_rows(scenes.cameras, knowledge, generator)
    joints_px = torch.cat([scenes.detections.joints_px, scenes.others.joints_px], 2)
    norm, reached = scenes.cameras.to_norm(joints_px)
    scores = torch.cat([scenes.detections.scores, scenes.others.scores], 2)
    chosen = torch.multinomial(menu.share, len(norm), replacement=True, generator=generator)
    kept = _kept(menu, len(norm), generator)
    scores = torch.where(reached & kept[:, None], scores, 0.0)
    coco, coco_scores = _slots(menu.mix[chosen], norm, scores)
    other = menu.other[chosen][:, None].expand(-1, norm.shape[1], -1)
    padded = torch.cat([norm, torch.zeros_like(norm[:, :, :1])], 2)
    other_norm = padded.gather(2, other[..., None].expand(-1, -1, -1, 2))
    other_scores = torch.cat([scores, torch.zeros_like(scores[..., :1])], 2).gather(2, other)
    enough = (coco_scores > 0).sum(-1) >= _FEWEST_JOINTS
    present, real = scenes.present & enough, scenes.real & enough
    most = 1 + int((present.any(0) * torch.arange(present.shape[1], device=present.device)).max())
    cut = slice(most)
    lifting = LiftingBatch(
        rays=_rays(coco, coco_scores)[:, cut],
        scores=coco_scores[:, cut],
        camera=camera,
        present=present[:, cut],
        real=real[:, cut],
        joints_cam=scenes.joints_cam[:, cut],
        misled=scenes.raised[:, cut] & (camera[:, 6:7] > 0),
    )
    others_cam = scenes.others.joints_cam[:, cut]
    return SkeletonBatch(lifting, _rays(other_norm, other_scores)[:, cut], other_scores[:, cut], others_cam)


def _kept(menu: Menu, pictures: int, generator: torch.Generator) -> Tensor:
    """(B, J) the points that each picture's detector tells of: all, all but a region, or any two thirds."""
    kind = torch.rand(pictures, 1, generator=generator) / max(menu.subsets, 1e-9)
    part = torch.randint(len(menu.region), (pictures,), generator=generator)
    without = ~menu.region[part]
    some = torch.rand(pictures, menu.region.shape[1], generator=generator) < 2 / 3
    return torch.where(kind < 0.7, without, torch.where(kind < 1.0, some, True))


def _slots(mix: Tensor, norm: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
    """COCO's slots (B, P, 17, 2) on the plane z = 1 and scores (B, P, 17), the least of what each is mixed from."""
    weight, index = mix.abs().topk(2, dim=-1)  # no slot is mixed of more than two
    first, second = (index[..., k][:, None].expand(-1, norm.shape[1], -1) for k in (0, 1))
    whole = weight[:, None, :, 1] == 0
    least = torch.where(whole, scores.gather(2, first), scores.gather(2, first).minimum(scores.gather(2, second)))
    return mix[:, None] @ norm, torch.where(weight[:, None, :, 0] > 0, least, 0.0)


def _rays(norm: Tensor, scores: Tensor) -> Tensor:
    norm = torch.where((scores > 0)[..., None], norm, 0.0)
    return torch.nn.functional.normalize(torch.cat([norm, torch.ones_like(norm[..., :1])], -1), dim=-1)
