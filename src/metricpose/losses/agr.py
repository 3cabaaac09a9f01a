"""What the AGR network's maps lose against encoded people: VirtualPose's losses (1) to (3), and those of what is added.

Joint and anchor maps by the quality focal loss (Li et al., NeurIPS 2020, eq. 4), which takes soft targets, and joint
maps as a distribution over the cells, too: that lets places compete, and teaches several times faster. Boxes and
offsets by L1 in units of the person's size (so that large people do not drown small ones), in the cells near anchors;
visibility and mask by cross-entropy. Two more terms teach left from right, which the others hardly feel: `sides` asks
at each limb's place which of the two it is, `turns` for the direction from the right joint to the left one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F


class AgrMaps(Protocol):
    """What the loss reads of `models.agr_net.AgrMaps`, whose docstring has the shapes."""

    @property
    def joint_logits(self) -> Tensor: ...
    @property
    def anchor_logits(self) -> Tensor: ...
    @property
    def mask_logits(self) -> Tensor: ...
    @property
    def box_sides(self) -> Tensor: ...
    @property
    def joint_offsets(self) -> Tensor: ...
    @property
    def visible_logits(self) -> Tensor: ...


@dataclass(frozen=True, kw_only=True)
class AgrLossOptions:
    """Weights of the terms; `pairs` are the left and right joints of the skeleton."""

    pairs: tuple[tuple[int, int], ...] = ()

    joints: float = 0.3
    places: float = 1.0
    anchors: float = 0.3
    boxes: float = 2.0
    offsets: float = 10.0
    sides: float = 4.0
    turns: float = 3.0
    visible: float = 3.0
    mask: float = 0.5


@dataclass(frozen=True, kw_only=True, eq=False)
class AgrTargets:
    """Encoded people, maps of two strides.

    joint_maps (B, J, h, w), anchor_map (B, 1, h, w), mask (B, h, w) in [0, 1]; judged (B, h, w) cells in which all
    people are known, mask_judged (B,) and judged_joints (B, J) what of them. At the coarser stride: box_sides
    (B, 4, u, v), offsets (B, 2J, u, v) px, weights (B, J, u, v) of the offsets, visible and visible_judged
    (B, J, u, v), size_px (B, u, v), near (B, u, v) cells near an anchor, boxed (B, u, v) those whose box is known.
    """

    joint_maps: Tensor
    anchor_map: Tensor
    mask: Tensor
    judged: Tensor
    judged_joints: Tensor
    mask_judged: Tensor
    box_sides: Tensor
    offsets: Tensor
    weights: Tensor
    visible: Tensor
    visible_judged: Tensor
    size_px: Tensor
    near: Tensor
    boxed: Tensor


def quality_focal(logits: Tensor, targets: Tensor) -> Tensor:
    """|target - sigmoid|^2 times cross-entropy, per cell."""
    gap = (targets - logits.sigmoid()).square()
    return gap * F.binary_cross_entropy_with_logits(logits, targets, reduction="none")


def place_loss(logits: Tensor, targets: Tensor, judged: Tensor, channels: Tensor) -> Tensor:
    """Cross-entropy of a softmax over the judged cells against the map (B, J, h, w) as a distribution; mean over the
    channels that have a peak."""
    target = (targets * judged * channels).flatten(2)
    mass = target.sum(-1)
    peaked = mass > 0.5  # a hidden joint's peak has 2, one beyond the judged cells next to nothing
    allowed = logits.masked_fill(judged <= 0, -30.0).flatten(2)
    entropy = -(target / mass.clamp_min(1e-6)[..., None] * allowed.log_softmax(-1)).sum(-1)
    return (entropy * peaked).sum() / peaked.sum().clamp_min(1)


def side_loss(logits: Tensor, targets: Tensor, judged: Tensor, pairs: Tensor) -> Tensor:
    """At the places of left and right joints (pairs (2, K)): cross-entropy of which of the two it is."""
    left, right = targets[:, pairs[0]], targets[:, pairs[1]]
    known = judged[:, pairs[0]] * judged[:, pairs[1]]
    gap = logits[:, pairs[0]] - logits[:, pairs[1]]
    on_left, on_right = (left - right).relu() * known, (right - left).relu() * known
    loss = on_left * F.softplus(-gap) + on_right * F.softplus(gap)
    return loss.sum() / (on_left + on_right).sum().clamp_min(1.0)


def turn_loss(offsets: Tensor, targets: AgrTargets, pairs: Tensor) -> Tensor:
    """1 - cosine between the said and the true way from each right joint to its left one, in the cells near anchors.

    It does not shrink with the way, and two predictions on one place are no way out.
    """
    said, true = (value.unflatten(1, (-1, 2)) for value in (offsets, targets.offsets))  # B, J, 2, u, v
    said, true = (value[:, pairs[0]] - value[:, pairs[1]] for value in (said, true))  # B, K, 2, u, v
    size = targets.size_px[:, None].clamp_min(8.0)
    length = true.norm(dim=2)
    known = (targets.weights[:, pairs[0]] > 0) & (targets.weights[:, pairs[1]] > 0) & (length > 0.04 * size)
    cosine = (said * true).sum(2) / (length.clamp_min(1e-3) * (said.square().sum(2) + (0.02 * size) ** 2).sqrt())
    weight = known * length / size  # long ways show which side is which
    return ((1 - cosine) * weight).sum() / weight.sum().clamp_min(1e-3)


def agr_loss(maps: AgrMaps, targets: AgrTargets, options: AgrLossOptions) -> Mapping[str, Tensor]:
    """Named terms and their weighted "total" of the network's `maps` ."""
    judged = targets.judged[:, None]
    channels = targets.judged_joints[:, :, None, None]
    peaks = (targets.joint_maps * judged * channels).sum() / 8 + 1  # a peak of sigma 1 holds about 2 pi
    joints = (quality_focal(maps.joint_logits.float(), targets.joint_maps) * judged * channels).sum() / peaks
    places = place_loss(maps.joint_logits.float(), targets.joint_maps, judged, channels)
    anchors_sum = (targets.anchor_map * judged).sum() / 8 + 1
    anchors = (quality_focal(maps.anchor_logits.float(), targets.anchor_map) * judged).sum() / anchors_sum
    inverse = targets.near / targets.size_px.clamp_min(8.0)  # B, u, v
    near, boxed = targets.near.sum().clamp_min(1.0), targets.boxed.sum().clamp_min(1.0)
    box_error = (maps.box_sides.float() - targets.box_sides).abs().mean(1)
    boxes = (box_error * inverse * targets.boxed).sum() / boxed
    error = (maps.joint_offsets.float() - targets.offsets).abs().unflatten(1, (-1, 2)).mean(2)  # B, J, u, v
    per_cell = (error * targets.weights).sum(1) / targets.weights.sum(1).clamp_min(1.0)
    offsets = (per_cell * inverse).sum() / near
    visible = F.binary_cross_entropy_with_logits(maps.visible_logits.float(), targets.visible, reduction="none")
    visible = (visible * targets.visible_judged).sum() / targets.visible_judged.sum().clamp_min(1.0)
    cover = F.binary_cross_entropy_with_logits(maps.mask_logits.float()[:, 0], targets.mask, reduction="none")
    masks = (cover.mean((1, 2)) * targets.mask_judged).sum() / targets.mask_judged.sum().clamp_min(1.0)
    pairs = torch.tensor(options.pairs, dtype=torch.long, device=targets.mask.device).reshape(-1, 2).T
    sides = side_loss(maps.joint_logits.float(), targets.joint_maps, judged * channels, pairs)
    turns = turn_loss(maps.joint_offsets.float(), targets, pairs)
    terms = {
        "joints": joints, "places": places, "anchors": anchors, "boxes": boxes, "offsets": offsets,
        "sides": sides, "turns": turns, "visible": visible, "mask": masks,
    }  # fmt: skip
    total = sum((getattr(options, name) * value for name, value in terms.items()), torch.zeros(()))
    return {**terms, "total": total}
