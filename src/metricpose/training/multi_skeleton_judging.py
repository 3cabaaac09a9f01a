"""A multi-skeleton network's answers for whole sets of people, and figures about them.

Axes: N people, J joints of a `JointSet`; metres, in the frame of `aimed_people`.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from metricpose.evaluation.metrics.pose import aligned_error, relative_error
from metricpose.evaluation.metrics.root import mrpe_z_percent, z_bias_percent
from metricpose.evaluation.metrics.thresholds import all_within, share_within
from metricpose.models.multi_skeleton import MultiSkeletonNet
from metricpose.skeletons.joint_sets import JointSet
from metricpose.training.aimed_people import AimedPeople, windows
from metricpose.training.crop_patches import affines

PCK_M, CPS_M = 0.1, 0.2


@dataclass(frozen=True, kw_only=True)
class View:
    """How a window of a test is cut: turned, so many times the usual size, mirrored; moved (x, y), in windows."""

    angle_deg: float = 0.0
    scale: float = 1.0
    mirrored: bool = False
    moved: tuple[float, float] = (0.0, 0.0)


PLAIN = (View(),)
FIVE = tuple(View(angle_deg=10.0 * k, scale=1 + 0.05 * k, mirrored=k % 2 != 0) for k in (-2, -1, 0, 1, 2))
"""Five crops, as Sarandi et al. (WACV 2023) average at test time: turned, of other sizes, every other one mirrored."""
UPPER_HALF = (View(scale=1.6, moved=(0.0, 0.32)),)
"""Cut off at about the hips, as at the lower edge of a picture."""


def answered(
    model: MultiSkeletonNet, people: AimedPeople, size: int, views: tuple[View, ...] = PLAIN, batch: int = 64
) -> Tensor:
    """Joints (N, J, 3) in the camera frame: means over the views, each turned back."""
    return torch.stack([_one_view(model, people, size, view, batch) for view in views]).mean(0)


@torch.inference_mode()
def _one_view(model: MultiSkeletonNet, people: AimedPeople, size: int, view: View, batch: int) -> Tensor:
    training, px = model.training, people.pictures.shape[-1]
    device = next(model.parameters()).device
    model.eval()
    parts = []
    for rows in torch.arange(len(people)).split(batch):
        some, ones = people[rows], torch.ones(len(rows))
        moved = torch.tensor(view.moved).expand(len(rows), 2) * size
        angle, side = ones * math.radians(view.angle_deg), ones * (-1 if view.mirrored else 1)
        linear, shift = affines(angle, view.scale * ones, side, moved, px, size)
        made = windows(some, linear, shift, size, model.joint_set)
        seen8 = model.look(made.pictures.to(device, memory_format=torch.channels_last))
        seen = model(seen8, made.focal_px.to(device), made.centre_px.to(device)).joints.joints_cam
        parts.append(turned_back(seen.cpu(), linear, model.joint_set))
    model.train(training)
    return torch.cat(parts)


def turned_back(joints_cam: Tensor, linear: Tensor, joints: JointSet) -> Tensor:
    """Joints (B, J, 3) of windows that were cut by `linear` (B, 2, 2), in the frame of their people."""
    determinant = torch.linalg.det(linear)
    rotation = linear / determinant.abs().sqrt()[:, None, None]
    found = torch.where((determinant < 0)[:, None, None], joints_cam[:, torch.tensor(joints.mirror)], joints_cam)
    plane = torch.einsum("byx,bjy->bjx", rotation, found[..., :2])
    return torch.cat([plane, found[..., 2:]], -1)


def skeleton_figures(found: np.ndarray, true: np.ndarray, joints: JointSet) -> dict[str, dict[str, float]]:
    """Of each skeleton by name: mpjpe_mm, pa_mpjpe_mm, pck100, cps200 (percent), mrpe_z_percent, z_bias_percent.

    The root is the middle of a skeleton's own hips.
    """
    figures = {}
    for own, skeleton in zip(joints.slices, joints.skeletons, strict=True):
        predicted, truth, hips = found[:, own], true[:, own], list(_hips(skeleton))
        roots = predicted[:, hips].mean(1), truth[:, hips].mean(1)
        error = relative_error(predicted, truth, *roots)
        figures[skeleton.name] = {
            "mpjpe_mm": 1000 * float(error.mean()),
            "pa_mpjpe_mm": 1000 * float(aligned_error(predicted, truth).mean()),
            "pck100": 100 * float(share_within(error, threshold=PCK_M).mean()),
            "cps200": 100 * float(all_within(error, threshold=CPS_M).mean()),
            "mrpe_z_percent": float(np.mean(mrpe_z_percent(*roots))),
            "z_bias_percent": float(np.mean(z_bias_percent(*roots))),
        }
    return figures


def _hips(skeleton: object) -> tuple[int, int]:
    hips = getattr(skeleton, "hips", None)
    assert hips is not None, f"{skeleton} has no hips"
    return hips


def disagreement_mm(found: np.ndarray, joints: JointSet) -> dict[str, float]:
    """How far the heads are apart on points of the body that several skeletons have: root mean square distance from
    their mean, along depth and across it. Sarandi et al. (WACV 2023) call the first depth inconsistency."""
    groups: dict[str, list[int]] = {}
    for place, point in enumerate(joints.distinct):
        groups.setdefault(point, []).append(place)
    shared = [places for places in groups.values() if len(places) > 1]
    if not shared:
        return {"depth_mm": float("nan"), "across_mm": float("nan")}
    apart = [found[:, places] - found[:, places].mean(1, keepdims=True) for places in shared]
    depth = np.mean([(part[..., 2] ** 2).mean() for part in apart])
    across = np.mean([(part[..., :2] ** 2).sum(-1).mean() for part in apart])
    return {"depth_mm": 1000 * float(depth) ** 0.5, "across_mm": 1000 * float(across) ** 0.5}


def mean_figures(by_skeleton: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Means over the skeletons."""
    first = next(iter(by_skeleton.values()))
    return {name: float(np.mean([figures[name] for figures in by_skeleton.values()])) for name in first}
