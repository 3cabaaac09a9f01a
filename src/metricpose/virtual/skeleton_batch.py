"""Scenes as a lifter of every skeleton learns from them: each picture's detector has a skeleton of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Self

import torch
from torch import Tensor

from metricpose._errors import InputError
from metricpose.skeletons.acae import AffineAutoencoder
from metricpose.skeletons.catalogue import COCO17, skeleton_named
from metricpose.skeletons.lifter_points import lifter_view
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
        first, second: (S, 17) indices of the points in each slot of COCO, as in `LifterView`; J for none.
        mixed: (S, 17) weight of the first.
        other: (S, 65) index of the point in each slot of OTHER_POINTS; J where the skeleton has none.
        region: (R, J) whether each region of `_REGIONS` holds a point.
        subsets: share of the pictures whose detector tells a part of its joints alone.
    """

    share: Tensor
    first: Tensor
    second: Tensor
    mixed: Tensor
    other: Tensor
    region: Tensor
    subsets: float = 0.0

    @classmethod
    def of(cls, shares: Mapping[str, float], subsets: float = 0.0) -> Self:
        """The skeletons of the catalogue by name, with their shares."""
        acae = AffineAutoencoder.load()
        points = acae.points
        assert points[:17] == COCO17.joints
        columns: dict[str, list[Tensor]] = {"first": [], "second": [], "mixed": [], "other": []}
        for name in shares:
            view = lifter_view(skeleton_named(name))
            where = torch.tensor([*acae.places_of(skeleton_named(name)), len(points)])
            columns["mixed"].append(torch.tensor(view.share))
            for column, joints in (("first", view.first), ("second", view.second), ("other", view.joint_of)):
                columns[column].append(where[torch.tensor(joints)])  # the last one, -1, for none
        near = torch.tensor(PointLayout.of(points[17:]).near)
        region = torch.stack([torch.isin(near, torch.tensor(part)) for part in _REGIONS])
        share = torch.tensor(list(shares.values()), dtype=torch.float64)
        rows = {name: torch.stack(values) for name, values in columns.items()}
        return cls(share=share / share.sum(), region=region, subsets=subsets, **rows)


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
    norm, scores = (torch.cat([value, torch.zeros_like(value[:, :, :1])], 2) for value in (norm, scores))
    coco, coco_scores = _slots(menu, chosen, norm, scores)
    other_norm, other_scores = _gathered(norm, scores, menu.other[chosen])
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


def _slots(menu: Menu, chosen: Tensor, norm: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
    """COCO's slots (B, P, 17, 2) on the plane z = 1 and their scores (B, P, 17), as in `inference.rays`."""
    first, told = _gathered(norm, scores, menu.first[chosen])
    second, other = _gathered(norm, scores, menu.second[chosen])
    both = (told > 0) & (other > 0)
    share = torch.where(both, menu.mixed[chosen][:, None], 1.0)[..., None]
    return share * first + (1 - share) * second, torch.where(both, told.minimum(other), told)


def _gathered(norm: Tensor, scores: Tensor, index: Tensor) -> tuple[Tensor, Tensor]:
    """Of places (B, P, J, 2) and scores (B, P, J) those of the points `index` (B, K) of each picture."""
    index = index[:, None].expand(-1, norm.shape[1], -1)
    return norm.gather(2, index[..., None].expand(-1, -1, -1, 2)), scores.gather(2, index)


def _rays(norm: Tensor, scores: Tensor) -> Tensor:
    norm = torch.where((scores > 0)[..., None], norm, 0.0)
    return torch.nn.functional.normalize(torch.cat([norm, torch.ones_like(norm[..., :1])], -1), dim=-1)
