"""Where a volume of logits says something is: the mean place under its softmax, eq. (7) of VirtualPose (ECCV 2022).

The "integration trick" of Sun et al. (ECCV 2018). The mean along x needs only how much lies in each x, so the sum over
all cells is done one axis at a time, and no cell is multiplied by its place.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from metricpose.models.volumes import VolumeOptions


class SoftPlace(NamedTuple):
    """offsets (N, J, 3) m from the middle of the volume along its axes; outermost (N, J), the share of the probability
    in the outermost layer of cells: much of it means that what was looked for may lie outside."""

    offsets: Tensor
    outermost: Tensor


def soft_argmax(logits: Tensor, volume: VolumeOptions, sharpness: float = 1.0) -> SoftPlace:
    """Of logits (N, J, X, Y, Z), which are multiplied by `sharpness` first."""
    logits = logits.float().flatten(2)  # half precision would not do: the mean is of 64^3 numbers
    share = (logits if sharpness == 1 else logits * sharpness).softmax(-1).unflatten(2, volume.cells)
    columns = share.sum(-1)  # N, J, X, Y
    along = columns.sum(-1), columns.sum(-2), share.sum((2, 3))  # N, J, X; N, J, Y; N, J, Z
    places = [mass @ volume.centres_along(axis, mass) for axis, mass in enumerate(along)]
    within = share[:, :, 1:-1, 1:-1, 1:-1].sum((2, 3, 4))
    return SoftPlace(torch.stack(places, -1), (1 - within).clamp_min(0))
