"""Figures of a lifter of every skeleton, of scenes as a detector of one skeleton shows them."""

import torch
from torch import Tensor, nn

from metricpose.models.latent_lifter import LatentLifted, LatentLifterNet
from metricpose.training.lifter_judging import figures_of
from metricpose.virtual.camera_knowledge import KnowledgeOptions
from metricpose.virtual.scenes import SceneBatch
from metricpose.virtual.skeleton_batch import Menu, SkeletonBatch, skeleton_batch

_CHUNK = 500


def lifted_in(model: nn.Module, data: SkeletonBatch) -> LatentLifted:
    """The answer for a batch, without gradients."""
    parts = []
    with torch.no_grad():
        for start in range(0, len(data.other_rays), _CHUNK):
            cut, seen = slice(start, start + _CHUNK), data.lifting
            own = (seen.rays[cut], seen.scores[cut], seen.camera[cut], seen.present[cut])
            parts.append(model(*own, data.other_rays[cut], data.other_scores[cut]))
    return LatentLifted(*(torch.cat(values) for values in zip(*parts, strict=True)))


def judged_in(model: nn.Module, scenes: SceneBatch, skeleton: str, known: KnowledgeOptions) -> dict[str, float]:
    """Means of `errors_of_people` on COCO-17, and `points_mm`, the mean error of all other points from the root."""
    assert isinstance(model, LatentLifterNet)
    data = skeleton_batch(scenes, known, Menu.of({skeleton: 1.0}), torch.Generator().manual_seed(0))
    lifted = lifted_in(model, data)
    figures = {name: float(values.mean()) for name, values in figures_of(lifted, data.lifting).items()}
    return {**figures, "points_mm": 1000 * float(_points_error(model, lifted, data).mean())}


def _points_error(model: LatentLifterNet, lifted: LatentLifted, data: SkeletonBatch) -> Tensor:
    """(M, 135) m."""
    real = data.lifting.real
    root = data.lifting.joints_cam[real][:, (11, 12)].mean(1, keepdim=True)
    own = model.decoder[17:] @ (lifted.latents_cam[real] - lifted.root_cam[real][:, None])
    return (own - data.others_cam[real] + root).norm(dim=-1)
