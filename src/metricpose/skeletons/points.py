"""Which point of the body each joint of a skeleton is: the canonical one, but where the families place it apart.

`canonical` follows the field, in which hips are hips. On the body they are not all in one place: Human3.6M's hips lie
3 cm further out than where annotators click, and SMPL's 3 cm further in (docs/skeleton_points.md).
"""

from collections.abc import Mapping

from metricpose.skeletons.skeleton import Skeleton

_SMPL_HIPS = {"left_hip": "smpl_left_hip", "right_hip": "smpl_right_hip"}

_PLACED_APART: Mapping[str, Mapping[str, str]] = {
    "h36m17": {"left_hip": "h36m_left_hip", "right_hip": "h36m_right_hip"},
    "smpl24": _SMPL_HIPS,
    "smplh52": _SMPL_HIPS,
}


def body_points(skeleton: Skeleton) -> tuple[str, ...]:
    """The point behind each joint, by the names of the measured points; a skeleton of one's own has canonical ones."""
    apart = _PLACED_APART.get(skeleton.name, {})
    return tuple(apart.get(name, name) for name in skeleton.canonical)


def other_side(name: str) -> str:
    """The same name on the other side: left and right, .L and .R, the L and R of a marker, swapped."""
    if name.startswith("marker_"):
        return f"marker_{'R' if name[7] == 'L' else 'L'}{name[8:]}" if name[8:] in _SIDED_MARKERS else name
    swapped = name.replace("left", "\0").replace("right", "left").replace("\0", "right")
    return swapped[:-1] + {"L": "R", "R": "L"}[swapped[-1]] if swapped.endswith((".L", ".R")) else swapped


_SIDED_MARKERS = frozenset(
    ("FHD", "BHD", "SHO", "UPA", "ELB", "FRM", "WRA", "WRB", "FIN")
    + ("ASI", "PSI", "THI", "KNE", "TIB", "ANK", "HEE", "TOE")
)
