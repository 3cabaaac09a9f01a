"""Which lines to draw for a skeleton, and on which side of the body each is."""

from typing import Literal, NamedTuple

from metricpose.skeletons import Skeleton

Side = Literal["left", "right", "middle"]

# Lines across the body that no tree holds; drawn where the tree does not join the two by one joint between them.
_ACROSS = (("left_shoulder", "right_shoulder"), ("left_hip", "right_hip"))


class Stroke(NamedTuple):
    """A line between two joints, by their indices, and the side of the body that it is on."""

    start: int
    end: int
    side: Side


def joint_sides(skeleton: Skeleton) -> tuple[Side, ...]:
    """The side of each joint; a joint that is its own mirror partner is in the middle."""
    return tuple(_side(name, skeleton.mirror[j] == j) for j, name in enumerate(skeleton.joints))


def strokes(skeleton: Skeleton) -> tuple[Stroke, ...]:
    """The edges of the tree with the side of their far end, and the lines across shoulders and hips."""
    sides = joint_sides(skeleton)
    lines = [Stroke(parent, child, sides[child]) for parent, child in skeleton.limbs]
    for left, right in _ACROSS:
        if left in skeleton.canonical and right in skeleton.canonical:
            a, b = skeleton.canonical.index(left), skeleton.canonical.index(right)
            if not _share_a_middle(skeleton, a, b):
                lines.append(Stroke(a, b, "middle"))
    return tuple(lines)


def _side(name: str, own_mirror: bool) -> Side:
    if own_mirror:
        return "middle"
    return "left" if "left" in name.lower() else "right"


def _share_a_middle(skeleton: Skeleton, a: int, b: int) -> bool:
    """Whether both hang from one joint that lies between them (the nose does not lie between the shoulders)."""
    parent = skeleton.parents[a]
    return parent >= 0 and parent == skeleton.parents[b] and skeleton.canonical[parent] != "nose"
