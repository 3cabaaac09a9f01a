"""AGR: people as maps over the picture (VirtualPose, ECCV 2022, section 3.1, with the changes named below)."""

from dataclasses import dataclass
from typing import Any

from metricpose._errors import InputError

CANONICAL_FOCAL_PX = 1000.0
"""`root_depth` is the depth in metres at which a camera of this focal length would see the person equally large."""


_OPTIONAL = frozenset(("root_depth", "joint_offsets", "joint_visible", "person_mask"))


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
    joint_offsets (B, 2J, h, w) px or None: from the anchor to each joint, x and y in turn, in the same cells; 0 for
        joints without a place.
    joint_visible (B, J, h, w) or None: the scores of the person's joints, in the same cells.
    person_mask (B, 1, h, w) or None: how much of each cell people cover, in [0, 1].
    supervised (B, h, w) bool: the cells in which the maps of people's own numbers say anything.

    The maps of people's own numbers (box_sides, root_depth, joint_offsets, joint_visible, supervised) may be coarser
    than the others by a whole factor; all of them by the same.

    Where two anchors are close, a cell belongs to the nearer one, and to the smaller person where both are as near.
    """

    joint_maps: Any
    anchor_map: Any
    box_sides: Any
    root_depth: Any = None
    joint_offsets: Any = None
    joint_visible: Any = None
    person_mask: Any = None
    supervised: Any
    stride: float

    def __post_init__(self) -> None:
        if getattr(self.joint_maps, "ndim", None) != 4:
            raise InputError(f"AGR: joint_maps must be (B, J, h, w), got {_shape(self.joint_maps)}; add the batch axis")
        images, joints, height, width = self.joint_maps.shape
        coarser = self.coarser
        own = (height // coarser, width // coarser)
        whole, part = (images, 1, height, width), {"box_sides": 4, "root_depth": 1}
        expected = {"anchor_map": whole, "person_mask": whole, "supervised": (images, *own)}
        part |= {"joint_offsets": 2 * joints, "joint_visible": joints}
        expected |= {name: (images, channels, *own) for name, channels in part.items()}
        for name, shape in expected.items():
            value = getattr(self, name)
            if not (name in _OPTIONAL and value is None) and _shape(value) != shape:
                raise InputError(f"AGR: {name} must be {shape} to fit joint_maps, got {_shape(value)}")
        if not self.stride > 0:
            raise InputError(f"AGR: stride must be a positive number of px, got {self.stride}")

    def __len__(self) -> int:
        return self.joint_maps.shape[0]

    @property
    def coarser(self) -> int:
        """Cells of joint_maps per cell of the maps of people's own numbers, along one side; 1 where they do not fit."""
        height, own = self.joint_maps.shape[2], _shape(self.box_sides)[2:3]
        return height // own[0] if own and own[0] > 0 and height % own[0] == 0 else 1

    @property
    def map_size(self) -> tuple[int, int]:
        """(w, h) in cells."""
        return self.joint_maps.shape[3], self.joint_maps.shape[2]


def _shape(value: Any) -> tuple[int, ...]:
    return tuple(getattr(value, "shape", ()))
