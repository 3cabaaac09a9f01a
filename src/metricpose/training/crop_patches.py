"""People cut out of pictures once, and windows on them drawn by the batch: what the crop network learns from.

Axes: N patches, B windows, J joints, P px of a patch, S px of a window.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from metricpose.agr.single import CROP_FACTOR
from metricpose.losses.crop import CropTargets
from metricpose.training.agr_samples import SKELETON, Sample
from metricpose.training.agr_windows import warped
from metricpose.training.disturbances import chosen, disturbed, on_backdrops, uniform
from metricpose.virtual.aimed import GREY

PATCH_FACTOR = 1.9
"""A patch is this times the longer side of a person's box: room to turn, shift and shrink."""
_LEAST_PX, _LEAST_SEEN = 40.0, 6
OWN = 2
"""In `Patches.people`: the person."""
_LEAST_MASK = 24


@dataclass(frozen=True, kw_only=True)
class CropWindowOptions:
    """How windows are drawn; shares are probabilities, spreads are standard deviations."""

    size: int = 128
    turned_deg: float = 20.0
    any_turn: float = 0.05
    scale: float = 0.1  # of the log size
    shift: float = 0.03  # of the window
    mirrored: float = 0.5
    backdrop: float = 0.35
    grey: float = 0.1
    erased: float = 0.35
    things: int = 1  # in the way, at most; the largest, of the window's side
    most_hidden: float = 0.33
    noise: float = 0.03
    blurred: float = 0.25
    filtered: float = 0.0  # random convolutions: shapes stay, textures and colours do not


@dataclass(frozen=True, kw_only=True, eq=False)
class Patches:
    """pictures (N, 3, P, P) uint8; people (N, P, P) uint8, 2 where the person is, 1 where others are; joints_px
    (N, J, 2); known, seen (N, J) bool; masked (N,) bool: `people` is known."""

    pictures: Tensor
    people: Tensor
    joints_px: Tensor
    known: Tensor
    seen: Tensor
    masked: Tensor

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, rows: Tensor) -> "Patches":
        return Patches(**{name: value[rows] for name, value in vars(self).items()})

    def to(self, device: torch.device) -> "Patches":
        """The same on a device, on which windows are then made."""
        return Patches(**{name: value.to(device) for name, value in vars(self).items()})


def patch_px(size: int) -> int:
    """The side of patches as fine as windows of `size` px: coarser ones would teach blurred people, finer ones jagged
    ones."""
    return 8 * math.ceil(size * PATCH_FACTOR / CROP_FACTOR / 8)


def cut_patches(samples: Sequence[Sample], px: int = 248) -> Patches:
    """A patch of everybody in the samples who is 40 px large and of whom 6 joints are seen; the samples forget their
    decoded pictures, of which there may be more than fit into memory."""
    people = [[i for i in range(len(sample.joints_px)) if _usable(sample, i)] for sample in samples]
    patches = _room(sum(map(len, people)), px)
    row = 0
    for sample, own in zip(samples, people, strict=True):
        for i in own:
            for name, value in _patch(sample, i, px).items():
                getattr(patches, name)[row] = value
            row += 1
        sample.forget()
    return patches


def _room(count: int, px: int) -> Patches:
    """Patches that are yet to be filled in."""
    joints = len(SKELETON)
    return Patches(
        pictures=torch.empty(count, 3, px, px, dtype=torch.uint8),
        people=torch.empty(count, px, px, dtype=torch.uint8),
        joints_px=torch.empty(count, joints, 2),
        known=torch.empty(count, joints, dtype=torch.bool),
        seen=torch.empty(count, joints, dtype=torch.bool),
        masked=torch.empty(count, dtype=torch.bool),
    )


def _usable(sample: Sample, person: int) -> bool:
    box = sample.boxes_px[person]
    large = np.isfinite(box).all() and float((box[2:] - box[:2]).max()) >= _LEAST_PX
    return bool(large and sample.seen[person].sum() >= _LEAST_SEEN)


def _patch(sample: Sample, person: int, px: int) -> dict[str, Tensor]:
    """A row of `Patches`, by name."""
    box = sample.boxes_px[person]
    scale = px / (PATCH_FACTOR * float((box[2:] - box[:2]).max()))
    shift = (px - 1) / 2 - scale * (box[:2] + box[2:]) / 2
    picture, ids = warped(sample, np.concatenate([np.eye(2) * scale, shift[:, None]], axis=1), px)
    people = np.zeros((px, px), np.uint8) if ids is None else (ids > 0).astype(np.uint8) + (ids == person + 1)
    return {
        "pictures": (picture * 255).round().clamp(0, 255).byte(),
        "people": torch.from_numpy(people),
        "joints_px": torch.tensor(np.nan_to_num(sample.joints_px[person] * scale + shift), dtype=torch.float32),
        "known": torch.from_numpy(sample.known[person].copy()),
        "seen": torch.from_numpy((sample.seen[person] & sample.known[person]).copy()),
        "masked": torch.tensor(ids is not None),
    }


def drawn_patches(sources: Sequence[tuple[Patches, float]], count: int, generator: torch.Generator) -> Patches:
    """`count` patches, of each source its share; all on the generator's device."""
    total = sum(share for _, share in sources)
    counts = [round(count * share / total) for _, share in sources]
    counts[0] += count - sum(counts)
    parts = [
        patches[torch.randint(len(patches), (n,), generator=generator, device=generator.device)]
        for (patches, _), n in zip(sources, counts, strict=True)
        if n > 0
    ]
    return Patches(**{name: torch.cat([getattr(part, name) for part in parts]) for name in vars(parts[0])})


def crop_windows(
    patches: Patches, options: CropWindowOptions, generator: torch.Generator, backdrops: Tensor | None = None
) -> tuple[Tensor, CropTargets]:
    """Windows (B, 3, S, S) in [0, 1], one on each of the patches, and where the joints are in them; patches, backdrops
    and the generator are on one device.

    `backdrops` (K, 3, p, p) uint8 are what people are pasted on, where they are, mostly; noise in the
    others.
    """
    size = options.size
    linear, shift = drawn_affines(patches, options, generator)
    masks = torch.stack([patches.people > 0, patches.people == OWN], 1).float()
    seen_through = sampled(torch.cat([patches.pictures / 255 - GREY, masks], dim=1), linear, shift, size)
    x, people = seen_through[:, :3] + GREY, seen_through[:, 3:4]
    boxes, boxed = mask_boxes(seen_through[:, 4] > 0.5)
    joints = torch.einsum("bxy,bjy->bjx", linear, patches.joints_px) + shift[:, None]
    mirrored = (torch.linalg.det(linear) < 0)[:, None]
    mirror = torch.tensor(SKELETON.mirror, device=joints.device)
    joints = torch.where(mirrored[..., None], joints[:, mirror], joints)
    known, seen = (torch.where(mirrored, value[:, mirror], value) for value in (patches.known, patches.seen))
    rows = chosen(len(patches), options.backdrop, generator)
    rows = rows[patches.masked[rows]]
    x = on_backdrops(x, people, rows, generator, backdrops)
    inside = known & (joints > -0.5).all(-1) & (joints < size - 0.5).all(-1)
    targets = CropTargets(
        joints_px=joints, inside=inside, seen=seen & inside, boxes_px=boxes, boxed=boxed & patches.masked
    )
    return disturbed(x, options, generator), targets


def mask_boxes(masks: Tensor) -> tuple[Tensor, Tensor]:
    """Boxes (B, 4) px about masks (B, S, S) bool, to the outer edges of their pixels, and which of them (B,) are of
    24 pixels or more."""
    size = masks.shape[-1]
    sides = []
    for axis in (1, 2):  # over rows: which columns
        line = masks.any(axis).byte()
        sides.append((line.argmax(1) - 0.5, size - 0.5 - line.flip(1).argmax(1)))
    (left, right), (top, bottom) = sides
    return torch.stack([left, top, right, bottom], -1), masks.sum((1, 2)) >= _LEAST_MASK


def drawn_affines(patches: Patches, options: CropWindowOptions, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """(B, 2, 2) and (B, 2): window px from patch px."""
    count, px = len(patches), patches.pictures.shape[-1]

    def normal(*shape: int) -> Tensor:
        return torch.randn(count, *shape, generator=generator, device=generator.device)

    angle = normal() * math.radians(options.turned_deg)
    any_turn = uniform(count, 0, 1, generator) < options.any_turn
    angle = torch.where(any_turn, uniform(count, -math.pi, math.pi, generator), angle)
    scale = torch.exp(options.scale * normal()).clamp(0.65, 1.5)
    side = torch.where(uniform(count, 0, 1, generator) < options.mirrored, -1.0, 1.0)
    return affines(angle, scale, side, options.shift * options.size * normal(2), px, options.size)


def affines(angle: Tensor, scale: Tensor, side: Tensor, moved: Tensor, px: int, size: int) -> tuple[Tensor, Tensor]:
    """Window px from patch px: turned by `angle` (B,) rad, `scale` (B,) times the usual size, mirrored where `side`
    (B,) is -1, the patch's middle `moved` (B, 2) px from the window's."""
    factor = scale * size * PATCH_FACTOR / (px * CROP_FACTOR)
    c, s = torch.cos(angle) * factor, torch.sin(angle) * factor
    linear = torch.stack([torch.stack([c * side, -s], -1), torch.stack([s * side, c], -1)], -2)
    return linear, (size - 1) / 2 + moved - linear.sum(-1) * (px - 1) / 2


def sampled(pictures: Tensor, linear: Tensor, shift: Tensor, size: int) -> Tensor:
    """Pictures (B, C, P, P) seen through the affine maps, zero beyond the edge."""
    px, inverse = pictures.shape[-1], torch.linalg.inv(linear)
    middle = torch.full((len(pictures), 2, 1), (size - 1) / 2, device=pictures.device)
    at_middle = (inverse @ (middle - shift[..., None]))[..., 0]  # px of the patch
    theta = torch.cat([inverse * (size / px), ((at_middle + 0.5) * 2 / px - 1)[..., None]], -1)
    grid = F.affine_grid(theta, [len(pictures), 1, size, size], align_corners=False)
    return F.grid_sample(pictures, grid, align_corners=False)
