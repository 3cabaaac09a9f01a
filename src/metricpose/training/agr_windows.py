"""Square windows on labelled pictures, turned, scaled, mirrored and disturbed: what the AGR network learns from.

They are cut on the CPU, from pictures of any size, and disturbed in whole batches where the network is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from metricpose.training.agr_samples import SKELETON, Sample, body_box
from metricpose.training.disturbances import chosen, disturbed, on_backdrops

_MIRROR = np.array(SKELETON.mirror)
_ROOT = SKELETON.joints.index("hip")
_HIPS = [SKELETON.joints.index("left_hip"), SKELETON.joints.index("right_hip")]
_HIDDEN_SCORE = 0.35  # height of the peak of a joint that is in the picture, but hidden


@dataclass(frozen=True, kw_only=True)
class WindowOptions:
    """How windows are drawn; shares are probabilities, sizes are of a person's longer side in pixels of the window.

    `turned_deg` is the standard deviation of most rotations; `any_turn` is the share with any rotation at all. With
    `picture_px` the longer side of the whole picture is so many pixels, whatever the sizes of its people, and a window
    shows as much of it as it can: what a first look sees.
    """

    size: int = 192
    people: int = 4
    large_share: float = 0.7
    large_px: tuple[float, float] = (105.0, 185.0)
    small_px: tuple[float, float] = (36.0, 105.0)
    picture_px: tuple[float, float] | None = None
    shift: float = 0.12
    empty_share: float = 0.04
    turned_deg: float = 18.0
    any_turn: float = 0.1
    mirrored: float = 0.5
    erased: float = 0.25
    things: int = 2  # in the way, at most; the largest, of the window's side
    most_hidden: float = 0.38
    backdrop: float = 0.3
    grey: float = 0.08
    blurred: float = 0.2
    noise: float = 0.03
    filtered: float = 0.0


class Windows(NamedTuple):
    """B windows with up to P people.

    pictures (B, 3, S, S) in [0, 1]; joints_px (B, P, 26, 2); heights (B, P, 26) of peaks, 0 for none; known (B, P, 26)
    the joint has a place, in the window or not; seen (B, P, 26); boxes_px (B, P, 4); roots_px (B, P, 2); present
    (B, P); masked (B, S/4, S/4) in [0, 1] the people's share of each cell; judged (B, S/4, S/4) cells in which all
    people are known; judged_joints (B, 26) channels that say something; whole (B,).
    """

    pictures: Tensor
    joints_px: Tensor
    heights: Tensor
    known: Tensor
    seen: Tensor
    boxes_px: Tensor
    roots_px: Tensor
    present: Tensor
    masked: Tensor
    judged: Tensor
    judged_joints: Tensor
    whole: Tensor


def drawn_windows(samples: Sequence[Sample], index: np.ndarray, options: WindowOptions, seed: int) -> Windows:
    """A window on each of the samples `index`, as the pictures have it; the same for the same seed."""
    seeds = np.random.SeedSequence(seed).spawn(len(index))
    parts = [_window(samples[int(i)], options, np.random.default_rng(one)) for i, one in zip(index, seeds, strict=True)]
    return Windows(*(torch.stack([torch.as_tensor(part[name]) for part in parts]) for name in Windows._fields))


def disturbed_windows(
    windows: Windows, options: WindowOptions, generator: torch.Generator, backdrops: Tensor | None = None
) -> Windows:
    """The same with other places behind people, other light, noise, and things in the way.

    Windows, `backdrops` (K, 3, p, p) uint8 and the generator are on one device.
    """
    pictures = with_backdrops(windows.pictures, windows.masked, windows.whole, options, generator, backdrops)
    return windows._replace(pictures=disturbed(pictures, options, generator))


def _window(sample: Sample, options: WindowOptions, rng: np.random.Generator) -> dict[str, np.ndarray | Tensor]:
    matrix = drawn_affine(sample, options, rng)
    mirrored = np.linalg.det(matrix[:, :2]) < 0
    picture, ids = warped(sample, matrix, options.size)
    joints = sample.joints_px @ matrix[:, :2].T + matrix[:, 2]
    known, seen = sample.known, sample.seen
    if mirrored:
        joints, known, seen = joints[:, _MIRROR], known[:, _MIRROR], seen[:, _MIRROR]
    boxes = _boxes(joints, known, ids, options.size)
    return _padded(sample, picture, ids, joints, known, seen, boxes, options)


def drawn_affine(sample: Sample, options: WindowOptions, rng: np.random.Generator) -> np.ndarray:
    """(2, 3): window px from picture px; a person of the picture, mostly, is somewhere near the middle."""
    shown = np.flatnonzero(np.isfinite(sample.boxes_px).all(1))
    height, width = sample.rgb().shape[:2]
    if len(shown) and rng.random() >= options.empty_share:
        box = sample.boxes_px[rng.choice(shown)]
        size = max(float((box[2:] - box[:2]).max()), 4.0)
        centre = (box[:2] + box[2:]) / 2 + rng.normal(0, options.shift, 2) * size
    else:
        size = float(rng.uniform(0.3, 0.9)) * max(height, width)
        centre = rng.uniform(0, 1, 2) * (width, height)
    if options.picture_px is None:
        low, high = options.large_px if rng.random() < options.large_share else options.small_px
        scale = min(_log_uniform(low, high, rng) * options.size / 192 / size, 6.0)
    else:
        scale = _log_uniform(*options.picture_px, rng) / max(height, width)
        centre = _inside(centre, np.array((width, height)), options.size / scale)
    any_turn = rng.random() < options.any_turn
    angle = np.deg2rad(rng.uniform(-180, 180) if any_turn else rng.normal(0, options.turned_deg))
    c, s = np.cos(angle) * scale, np.sin(angle) * scale
    linear = np.array([[c, -s], [s, c]])
    if rng.random() < options.mirrored:
        linear[:, 0] *= -1
    return np.concatenate([linear, ((options.size - 1) / 2 - linear @ centre)[:, None]], axis=1)


def _log_uniform(low: float, high: float, rng: np.random.Generator) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _inside(centre: np.ndarray, picture: np.ndarray, side: float) -> np.ndarray:
    """The centre moved so that a window of that side stays in the picture (2,), or, along the sides that are shorter,
    shows all of it. Pixels of the picture."""
    low, high = np.minimum(side, picture) / 2, picture - np.minimum(side, picture) / 2
    short = picture < side
    return np.clip(centre, np.where(short, picture - side / 2, low), np.where(short, side / 2, high)) - 0.5


def warped(sample: Sample, matrix: np.ndarray, size: int) -> tuple[Tensor, np.ndarray | None]:
    """The window (3, size, size) in [0, 1], grey beyond the picture's edge, and whose each pixel is (nearest)."""
    rgb, ids = sample.rgb(), sample.ids()
    inverse = np.linalg.inv(matrix[:, :2])
    corners = np.array([[0, 0], [size - 1, 0], [0, size - 1], [size - 1, size - 1]]) - matrix[:, 2]
    at = corners @ inverse.T
    low = np.maximum(np.floor(at.min(0)).astype(int) - 2, 0)
    high = np.minimum(np.ceil(at.max(0)).astype(int) + 3, (rgb.shape[1], rgb.shape[0]))
    if (high <= low).any():
        return torch.full((3, size, size), 0.45), None if ids is None else np.zeros((size, size), np.uint8)
    part = (
        torch.from_numpy(np.ascontiguousarray(rgb[low[1] : high[1], low[0] : high[0]])).permute(2, 0, 1)[None].float()
    )
    part = part.mul_(1 / 255).sub_(0.45)
    factor = max(1, int(np.sqrt(abs(np.linalg.det(inverse))) / 1.2))
    grid = _grid(inverse, matrix[:, 2], low, size)
    if factor > 1:
        part = F.avg_pool2d(part, factor, ceil_mode=True, count_include_pad=False)
    sampled = (
        F.grid_sample(part, _normed(grid, factor, part.shape), align_corners=False, padding_mode="zeros")[0] + 0.45
    )
    if ids is None:
        return sampled, None
    own = torch.from_numpy(np.ascontiguousarray(ids[low[1] : high[1], low[0] : high[0]])).float()[None, None]
    nearest = F.grid_sample(own, _normed(grid, 1, own.shape), mode="nearest", align_corners=False, padding_mode="zeros")
    return sampled, nearest[0, 0].numpy().astype(np.uint8)


def _grid(inverse: np.ndarray, shift: np.ndarray, low: np.ndarray, size: int) -> Tensor:
    """(size, size, 2): place in the cut-out part, px, of every pixel of the window."""
    line = torch.arange(size, dtype=torch.float32)
    y, x = torch.meshgrid(line - float(shift[1]), line - float(shift[0]), indexing="ij")
    a = torch.tensor(inverse, dtype=torch.float32)
    return torch.stack([a[0, 0] * x + a[0, 1] * y - int(low[0]), a[1, 0] * x + a[1, 1] * y - int(low[1])], -1)


def _normed(grid: Tensor, factor: int, shape: torch.Size) -> Tensor:
    """For grid_sample: pixel centres at whole numbers; -1 and 1 are the outer edges."""
    x = (grid[..., 0] + 0.5) * (2 / (factor * shape[-1])) - 1
    y = (grid[..., 1] + 0.5) * (2 / (factor * shape[-2])) - 1
    return torch.stack([x, y], -1)[None]


def _boxes(joints: np.ndarray, known: np.ndarray, ids: np.ndarray | None, size: int) -> np.ndarray:
    """Boxes (P, 4) of what the window shows of each person; NaN: nothing."""
    boxes = np.full((len(joints), 4), np.nan)
    for i in range(len(joints)):
        if ids is None:
            if known[i].any():
                boxes[i] = body_box(joints[i][known[i]])
            continue
        mine = ids == i + 1
        rows, columns = np.flatnonzero(mine.any(1)), np.flatnonzero(mine.any(0))
        if mine.sum() >= 24:
            boxes[i] = columns[0] - 0.5, rows[0] - 0.5, columns[-1] + 0.5, rows[-1] + 0.5
    if ids is None:
        outside = (boxes[:, 2:] < 0).any(1) | (boxes[:, :2] > size - 1).any(1)
        boxes[outside] = np.nan
        boxes = np.clip(boxes, -0.5, size - 0.5)
    return boxes


def _padded(sample, picture, ids, joints, known, seen, boxes, options) -> dict[str, np.ndarray | Tensor]:
    size, people, cells = options.size, options.people, options.size // 4
    shown = np.flatnonzero(np.isfinite(boxes).all(1))
    shown = shown[np.argsort(-np.prod(boxes[shown, 2:] - boxes[shown, :2], axis=1))][:people]
    inside = known & (joints >= -0.5).all(-1) & (joints <= size - 0.5).all(-1)
    heights = np.where(inside, np.where(seen, 1.0, _HIDDEN_SCORE), 0.0)
    if sample.whole and ids is not None:  # who can be seen in none of their joints has no peaks for others to find
        masked = (ids > 0).reshape(cells, 4, cells, 4).mean((1, 3))
    else:
        masked = np.zeros((cells, cells))
    judged = np.ones((cells, cells), np.float32)
    if not sample.whole:
        judged[:] = 0
        for i in shown:
            x0, y0, x1, y1 = np.clip(np.round((boxes[i] + 0.5) / 4), 0, cells).astype(int)
            judged[y0:y1, x0:x1] = 1

    def filled(values: np.ndarray, fill: float = 0.0) -> np.ndarray:
        array = np.full((people, *values.shape[1:]), fill, np.float32)
        array[: len(shown)] = np.nan_to_num(values[shown])
        return array

    roots = _roots(joints, known, boxes)
    return {
        "pictures": picture,
        "joints_px": filled(joints),
        "heights": filled(heights),
        "known": filled(known) > 0,
        "seen": filled(seen & inside) > 0,
        "boxes_px": filled(boxes),
        "roots_px": filled(roots),
        "present": filled(np.ones((len(joints), 1)))[:, 0] > 0,
        "masked": masked.astype(np.float32),
        "judged": judged,
        "judged_joints": (known[shown].all(0) if not sample.whole and len(shown) else np.ones(len(SKELETON))).astype(
            np.float32
        ),
        "whole": np.array(sample.whole, np.float32),
    }


def _roots(joints: np.ndarray, known: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """(P, 2) the root joint, else the middle of the hips, else of the box."""
    roots = (boxes[:, :2] + boxes[:, 2:]) / 2
    hips = known[:, _HIPS].all(1)
    roots[hips] = joints[hips][:, _HIPS].mean(1)
    own = known[:, _ROOT]
    roots[own] = joints[own, _ROOT]
    return roots


def with_backdrops(
    pictures: Tensor,
    masked: Tensor,
    whole: Tensor,
    options: WindowOptions,
    generator: torch.Generator,
    backdrops: Tensor | None = None,
) -> Tensor:
    """Some of the pictures (B, 3, S, S) with other places, or noise, behind people in other light; only where masks
    (B, S/4, S/4) are known."""
    rows = chosen(len(pictures), options.backdrop, generator)
    people = F.interpolate(masked[:, None], size=pictures.shape[-2:], mode="bilinear", align_corners=False)
    return on_backdrops(pictures, people, rows[whole[rows] > 0], generator, backdrops)
