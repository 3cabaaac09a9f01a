"""Virtual scenes as what DE, TBS, TIF and BDR see, many pictures at a time, and the truth about the roots.

The batched twin of `training.voxel_samples`, whose heatmaps, boxes and roots it equals. Where the paper's section 3
gives the baselines true boxes and true 2D roots, `true_2d` does, too; heatmaps are always those of the detector.

Axes: B pictures, P people, J = 17 joints of COCO, M people who are judged.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

from metricpose.agr.encode import owned_cells, peak_maps
from metricpose.agr.types import CANONICAL_FOCAL_PX
from metricpose.models.seen_roots import SeenRoots
from metricpose.models.voxel_picture import PictureOptions
from metricpose.virtual.scenes import SceneBatch

_HIPS = [11, 12]
_BOX_MARGIN = 0.05  # of the larger side, as `virtual.scene_people` has it


@dataclass(frozen=True, kw_only=True)
class RootSampleOptions:
    """The picture that all are fitted into; whether boxes and 2D roots are the true ones; and the longer side of the
    detected box, in heatmap cells, under which a person is left out."""

    picture: PictureOptions = field(default_factory=lambda: PictureOptions(size_px=(240, 128)))
    true_2d: bool = False
    least_cells: float = 8.0


class RootTruth(NamedTuple):
    """Of B pictures: canonical_depth (B, P) m of the roots; real (B, P), who is judged; joints_px (B, P, J, 2) in the
    fitted picture, joint_depths (B, P, J) m, canonical, and visible (B, P, J). roots_norm (B, P, 2): the roots that the
    network was given, on the plane z = 1; metres_per_canonical (B,); roots_cam (B, P, 3) m."""

    canonical_depth: Tensor
    real: Tensor
    joints_px: Tensor
    joint_depths: Tensor
    visible: Tensor
    roots_norm: Tensor
    metres_per_canonical: Tensor
    roots_cam: Tensor


class RootSamples(NamedTuple):
    """What a network sees, and the truth."""

    seen: SeenRoots
    truth: RootTruth


def root_samples(scenes: SceneBatch, options: RootSampleOptions) -> RootSamples:
    """All pictures of the scenes."""
    detected, scores = scenes.detections.joints_px, scenes.detections.scores
    boxes_px, roots_px = boxes_about(detected, scores), hips_or_middle(detected, scores)
    scale = _scale(scenes, options.picture)  # B, 2
    judged = people_judged(scenes, options)
    shown = judged | (scenes.present & ~scenes.real & _large_enough(boxes_px, scale, options))
    scores = scores * shown[..., None]
    places = _fitted(detected, scale), _fitted_boxes(boxes_px, scale), _fitted(roots_px, scale)
    maps = _maps(*places, scores, shown, options)
    if options.true_2d:
        true_boxes = clipped_boxes(boxes_about(scenes.joints_px, torch.ones_like(scores)), scenes.cameras.size_px)
        boxes_px = torch.where(scenes.real[..., None], true_boxes, boxes_px)
        true_roots = scenes.cameras.to_px(scenes.joints_cam[:, :, _HIPS].mean(2))
        roots_px = torch.where(scenes.real[..., None], true_roots, roots_px)
    roots_px = _in_view(roots_px, boxes_px, scenes.cameras.size_px)
    seen = SeenRoots(
        planes=maps, stride=float(options.picture.stride), joint_maps=maps, boxes_px=_fitted_boxes(boxes_px, scale),
        roots_px=_fitted(roots_px, scale), present=shown,
    )  # fmt: skip
    return RootSamples(seen, _truth(scenes, judged, roots_px, scale))


def people_judged(scenes: SceneBatch, options: RootSampleOptions) -> Tensor:
    """(B, P): the real people whom the detector has seen, large enough."""
    boxes_px = boxes_about(scenes.detections.joints_px, scenes.detections.scores)
    return scenes.real & _large_enough(boxes_px, _scale(scenes, options.picture), options)


def boxes_about(joints_px: Tensor, scores: Tensor) -> Tensor:
    """(B, P, 4) about the seen joints (B, P, J, 2), with a detector's margin; of those who show none, about nothing."""
    seen = (scores > 0)[..., None]
    low = torch.where(seen, joints_px, torch.inf).amin(2)
    high = torch.where(seen, joints_px, -torch.inf).amax(2)
    somebody = seen.any(2)
    low, high = torch.where(somebody, low, 0.0), torch.where(somebody, high, 0.0)
    margin = (_BOX_MARGIN * (high - low).amax(-1, keepdim=True)).clamp_min(1.0)
    return torch.cat([low - margin, high + margin], -1)


def hips_or_middle(joints_px: Tensor, scores: Tensor) -> Tensor:
    """(B, P, 2): the middle of the hips where both are seen, else of the box."""
    boxes_px = boxes_about(joints_px, scores)
    both = (scores[..., _HIPS] > 0).all(-1, keepdim=True)
    return torch.where(both, joints_px[:, :, _HIPS].mean(2), (boxes_px[..., :2] + boxes_px[..., 2:]) / 2)


def _scale(scenes: SceneBatch, picture: PictureOptions) -> Tensor:
    own = scenes.cameras.size_px.double()
    size = (own * (own.new_tensor(picture.size_px) / own).amin(1, keepdim=True)).round().clamp_min(1)
    return (size / own).to(scenes.joints_px)


def _fitted(px: Tensor, scale: Tensor) -> Tensor:
    """Pixels (B, ..., 2) of the pictures in the fitted ones."""
    return (px + 0.5) * scale.reshape(len(scale), *(1,) * (px.ndim - 2), 2) - 0.5


def _fitted_boxes(boxes_px: Tensor, scale: Tensor) -> Tensor:
    return _fitted(boxes_px.unflatten(-1, (2, 2)), scale).flatten(-2)


def _large_enough(boxes_px: Tensor, scale: Tensor, options: RootSampleOptions) -> Tensor:
    fitted = _fitted_boxes(boxes_px, scale)
    return (fitted[..., 2:] - fitted[..., :2]).amax(-1) >= options.least_cells * options.picture.stride


def clipped_boxes(boxes_px: Tensor, size_px: Tensor) -> Tensor:
    """Boxes (B, P, 4) cut off at the edges of pictures (B, 2), as those of benchmarks are."""
    last = (size_px - 1).repeat(1, 2)[:, None]
    return boxes_px.clamp_min(0).minimum(last)


def _in_view(roots_px: Tensor, boxes_px: Tensor, size_px: Tensor) -> Tensor:
    """Roots out of the picture moved into the visible part of the box, as `VoxelInput.of_people` has it."""
    last = (size_px - 1)[:, None]
    low, high = (boxes_px[..., ends].clamp_min(0).minimum(last) for ends in (slice(0, 2), slice(2, 4)))
    outside = ((roots_px < 0) | (roots_px > last)).any(-1, keepdim=True)
    return torch.where(outside, roots_px.maximum(low).minimum(high), roots_px)


def _maps(
    joints_px: Tensor, boxes_px: Tensor, roots_px: Tensor, scores: Tensor, shown: Tensor, options: RootSampleOptions
) -> Tensor:
    size, stride = options.picture.map_size, options.picture.stride
    cells = owned_cells(boxes_px=boxes_px, roots_px=roots_px, present=shown, map_size=size, stride=stride)
    return peak_maps(joints_px, scores, cells, size)[0]


def _truth(scenes: SceneBatch, judged: Tensor, roots_px: Tensor, scale: Tensor) -> RootTruth:
    focal = scenes.cameras.focal_px * scale.prod(1).sqrt()
    per_canonical = focal / CANONICAL_FOCAL_PX
    roots_cam = scenes.joints_cam[:, :, _HIPS].mean(2)
    return RootTruth(
        canonical_depth=roots_cam[..., 2] / per_canonical[:, None],
        real=judged,
        joints_px=_fitted(scenes.joints_px, scale),
        joint_depths=scenes.joints_cam[..., 2] / per_canonical[:, None, None],
        visible=scenes.visible & judged[..., None],
        roots_norm=scenes.cameras.to_norm(roots_px)[0],
        metres_per_canonical=per_canonical,
        roots_cam=roots_cam,
    )
