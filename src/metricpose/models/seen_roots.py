"""What the methods see that read depth off a picture's planes: DE, and the baselines TBS, TIF and BDR. No truth.

VirtualPose (ECCV 2022), 3.1, compares them on pictures, and 5.3 on heatmaps: planes are either.

Axes: B pictures, C planes, J joints, h w cells of the maps, P people (padded; P = 0 is ordinary).
"""

from typing import NamedTuple

from torch import Tensor


class SeenRoots(NamedTuple):
    """planes (B, C, h, w): heatmaps, or colours, in cells of `stride` px; joint_maps (B, J, h, w) in [0, 1], where
    joints are seen; boxes_px (B, P, 4) xyxy; roots_px (B, P, 2); present (B, P) bool. Pixels are the picture's."""

    planes: Tensor
    stride: float
    joint_maps: Tensor
    boxes_px: Tensor
    roots_px: Tensor
    present: Tensor
