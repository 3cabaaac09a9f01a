"""Where points that are known up to a shift stand, from the rays on which they are seen: weighted least squares.

Sarandi et al., "MeTRAbs" (T-BIOM 2021): with x, y on the plane z = 1 of a point that is (X, Y, Z) in metres up to a
shift t, x (Z + t_z) = X + t_x and y (Z + t_z) = Y + t_y are linear in t. Perspective, not weak perspective; no bone
length is assumed.
"""

import torch
from torch import Tensor

_RIDGE = 1e-4
"""Pulls t_z to `LEAST_M` where the rays do not tell it: a single ray, or all alike."""
LEAST_M = 0.3
"""Depth that the nearest point is kept at: nothing is seen nearer."""


def ray_position(relative: Tensor, norm: Tensor, weight: Tensor) -> Tensor:
    """Shifts t (B, 3) m of `relative` (B, J, 3) m seen at `norm` (B, J, 2) on z = 1 with `weight` (B, J) >= 0."""
    relative, norm = relative.double(), norm.double()  # depth comes from small differences of large sums
    weight = weight.double() / weight.double().sum(1, keepdim=True).clamp_min(1e-9)
    mean = (weight[..., None] * norm).sum(1, keepdim=True)
    target = norm * relative[..., 2:] - relative[..., :2]  # (B, J, 2): t_xy - norm t_z
    middle = (weight[..., None] * target).sum(1, keepdim=True)
    aside, rest = norm - mean, target - middle
    spread = (weight[..., None] * aside.square()).sum((1, 2))
    depth = -(weight[..., None] * aside * rest).sum((1, 2))
    nearest = LEAST_M - relative[..., 2].amin(1)
    shift_z = (depth + _RIDGE * spread.detach().clamp_min(1e-6) * nearest) / (spread * (1 + _RIDGE)).clamp_min(1e-9)
    shift_z = torch.maximum(shift_z, nearest)
    shift_xy = middle[:, 0] + mean[:, 0] * shift_z[:, None]
    return torch.cat([shift_xy, shift_z[:, None]], -1).float()
