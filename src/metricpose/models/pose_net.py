"""PEN, the pose estimation network: a fine volume about each root to the person's joints.

VirtualPose (ECCV 2022), 4.3: features are the heatmaps seen through the cells, without the gate of eq. (5); V2V with
weights shared by all people; joints by eq. (7), trained by eq. (8). The released code multiplies logits by 100 before
the softmax, of which the paper does not speak: `sharpness`.

Axes: B pictures, J joints, N people of all pictures together, X Y Z cells.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor, nn

from metricpose._errors import InputError
from metricpose.models.level_frame import cam_from_level
from metricpose.models.root_net import Roots
from metricpose.models.soft_argmax import SoftPlace, soft_argmax
from metricpose.models.v2v import V2V, V2VOptions
from metricpose.models.volumes import Volume, VolumeOptions, feature_volume
from metricpose.models.voxel_input import VoxelInput


@dataclass(frozen=True, kw_only=True)
class PoseNetOptions:
    """The volume about a root; sharpness of the softmax, 1 in the paper and 100 in its released code; how many people
    are answered at once in eval mode, which bounds memory and changes nothing.

    beyond_box: how far beyond a person's box, in its longer side, PEN sees the heatmaps; None, the paper's, everywhere.
    Others who stand in the volume, or on the same rays, are what a small network has most trouble with.
    """

    volume: VolumeOptions = field(default_factory=lambda: VolumeOptions(size_m=(2.0, 2.0, 2.0), cells=(64, 64, 64)))
    net: V2VOptions = field(default_factory=V2VOptions)
    sharpness: float = 1.0
    people_at_once: int = 1
    beyond_box: float | None = None

    def __post_init__(self) -> None:
        if not self.sharpness > 0:
            raise InputError(f"PEN: expected sharpness above 0, got {self.sharpness}; the paper's is 1")
        if self.people_at_once < 1:
            raise InputError(f"PEN: expected people_at_once of 1 or more, got {self.people_at_once}; raise it")
        if self.beyond_box is not None and self.beyond_box < 0:
            raise InputError(f"PEN: expected beyond_box of 0 or more, or None, got {self.beyond_box}; 0.1 is usual")


class Poses(NamedTuple):
    """joints_cam (N, J, 3) m; outermost (N, J), the share of a joint's probability in the outermost cells: a joint that
    lies outside the volume is drawn to its faces, so near 1 the place is a bound and no estimate."""

    joints_cam: Tensor
    outermost: Tensor


class PoseNet(nn.Module):
    """See the module."""

    def __init__(self, joints: int, options: PoseNetOptions | None = None) -> None:
        super().__init__()
        self.options = options or PoseNetOptions()
        self.net = V2V(joints, joints, self.options.net)
        self.place: Callable[[Tensor, VolumeOptions, float], SoftPlace] = soft_argmax

    def forward(self, seen: VoxelInput, roots: Roots) -> Poses:
        """The people about `roots`; places of roots are taken as given (no gradient)."""
        joints, count = seen.joint_maps.shape[1], len(roots.roots_cam)
        if count == 0:
            return Poses(seen.joint_maps.new_zeros(0, joints, 3), seen.joint_maps.new_zeros(0, joints))
        # Batch norm learns from all people together; where it is fixed, they are independent.
        at_once = count if self.training else self.options.people_at_once
        volumes = self._volumes(seen, roots)
        picture = roots.picture.tolist()
        parts = [
            self._poses(seen, volumes[k : k + at_once], picture[k : k + at_once], _some(roots.boxes_px, k, at_once))
            for k in range(0, count, at_once)
        ]
        joints_cam, outermost = (torch.cat(values) for values in zip(*parts, strict=True))
        return Poses(joints_cam, outermost)

    def _volumes(self, seen: VoxelInput, roots: Roots) -> list[Volume]:
        frames = [torch.as_tensor(cam_from_level(camera)[:3, :3]).to(roots.roots_cam) for camera in seen.cameras]
        places = zip(roots.roots_cam.detach(), roots.picture.tolist(), strict=True)
        return [Volume(self.options.volume, root_cam, frames[number]) for root_cam, number in places]

    def _poses(
        self, seen: VoxelInput, volumes: list[Volume], picture: list[int], boxes_px: Tensor | None
    ) -> Poses:  # fmt: skip
        features = [
            feature_volume(seen.joint_maps[number], seen.stride, seen.cameras[number], volume, box)
            for number, volume, box in zip(picture, volumes, self._widened(boxes_px, len(volumes)), strict=True)
        ]
        logits = self.net(torch.stack(features))  # N, J, X, Y, Z
        offsets, outermost = self.place(logits, self.options.volume, self.options.sharpness)
        axes = torch.stack([volume.cam_from_axes for volume in volumes])
        centres = torch.stack([volume.centre_cam for volume in volumes])
        return Poses(offsets @ axes.mT + centres[:, None], outermost)

    def _widened(self, boxes_px: Tensor | None, count: int) -> Iterable[Tensor | None]:
        if boxes_px is None or self.options.beyond_box is None:
            return [None] * count
        low, high = boxes_px[:, :2], boxes_px[:, 2:]
        margin = self.options.beyond_box * (high - low).amax(1, keepdim=True)
        return torch.cat([low - margin, high + margin], 1)


def _some(boxes_px: Tensor | None, first: int, count: int) -> Tensor | None:
    return None if boxes_px is None else boxes_px[first : first + count]
