"""AGR: people as maps over the picture (VirtualPose, ECCV 2022, section 3.1, with the changes named below)."""

from dataclasses import dataclass
from typing import Any

from metricpose._errors import InputError

CANONICAL_FOCAL_PX = 1000.0
"""`root_depth` is the depth in metres at which a camera of this focal length would see the person equally large."""


@dataclass(frozen=True, kw_only=True, eq=False)
class AGR:
    """Maps of B pictures, h x w cells of `stride` px each; numpy or torch.

    joint_maps (B, J, h, w): one Gaussian per person and seen joint, as high as the joint's score; people are joined by
        the maximum. J is the skeleton's own order. A joint outside the picture has no peak.
    anchor_map (B, 1, h, w): the same for each person's anchor: the root, moved to the nearest point of the visible part
        of the box where the root is out of the picture. (The paper reads roots from the joint maps, and so loses
        people whose root is cut off.)
    box_sides (B, 4, h, w) px: distances from the anchor to the box's left, top, right and bottom edge, the same number
        in every cell near the anchor.
    root_depth (B, 1, h, w) or None: depth of the root z * CANONICAL_FOCAL_PX / focal_px, m, in the same cells.
    supervised (B, h, w) bool: the cells in which box_sides and root_depth say anything.

    Where two anchors are close, a cell belongs to the nearer one, and to the smaller person where both are as near.
    """

    joint_maps: Any
    anchor_map: Any
    box_sides: Any
    root_depth: Any = None
    supervised: Any
    stride: float

    def __post_init__(self) -> None:
        if getattr(self.joint_maps, "ndim", None) != 4:
            raise InputError(f"AGR: joint_maps must be (B, J, h, w), got {_shape(self.joint_maps)}; add the batch axis")
        images, _, height, width = self.joint_maps.shape
        expected = {"anchor_map": (images, 1, height, width), "box_sides": (images, 4, height, width)}
        expected |= {"root_depth": (images, 1, height, width), "supervised": (images, height, width)}
        for name, shape in expected.items():
            value = getattr(self, name)
            if not (name == "root_depth" and value is None) and _shape(value) != shape:
                raise InputError(f"AGR: {name} must be {shape} to fit joint_maps, got {_shape(value)}")
        if not self.stride > 0:
            raise InputError(f"AGR: stride must be a positive number of px, got {self.stride}")

    def __len__(self) -> int:
        return self.joint_maps.shape[0]

    @property
    def map_size(self) -> tuple[int, int]:
        """(w, h) in cells."""
        return self.joint_maps.shape[3], self.joint_maps.shape[2]


def _shape(value: Any) -> tuple[int, ...]:
    return tuple(getattr(value, "shape", ()))
