"""A skeleton of which some joints are not known."""

from collections.abc import Sequence

import numpy as np

from metricpose._errors import InputError
from metricpose.skeletons.skeleton import Skeleton


def reduced(skeleton: Skeleton, kept: Sequence[bool] | np.ndarray) -> Skeleton:
    """The skeleton with the joints of `kept` (J,) alone: children hang on the next joint above that is left.

    A joint whose partner is left out becomes its own. InputError where no joint is left.
    """
    joints = [joint for joint in range(len(skeleton)) if kept[joint]]
    if not joints:
        raise InputError(f"skeleton {skeleton.name!r}: expected at least one known joint, got none; check the file")
    if len(joints) == len(skeleton):
        return skeleton

    def above(joint: int) -> int:
        parent = skeleton.parents[joint]
        while parent >= 0 and not kept[parent]:
            parent = skeleton.parents[parent]
        return joints.index(parent) if parent >= 0 else -1

    return Skeleton(
        name=skeleton.name,
        joints=tuple(skeleton.joints[joint] for joint in joints),
        parents=tuple(above(joint) for joint in joints),
        mirror=tuple(
            joints.index(skeleton.mirror[joint] if kept[skeleton.mirror[joint]] else joint) for joint in joints
        ),
        canonical=tuple(skeleton.canonical[joint] for joint in joints),
    )
