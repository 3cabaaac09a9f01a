"""A part of a skeleton's joints, for a detector whose others are not to be used."""

from collections.abc import Sequence

import numpy as np

from metricpose._errors import InputError
from metricpose.people import People2D
from metricpose.skeletons import Skeleton
from metricpose.skeletons.lifter_points import lifter_view

_FEWEST = 2


def with_joints(people: People2D, names: Sequence[str]) -> People2D:
    """The people with all joints unseen but those named.

    Raises InputError for a name that is no joint of their skeleton, one that is given twice, and for joints of which
    fewer than two tell the lifter where a person is: those of COCO-17, and the hips of any skeleton.
    """
    kept = np.zeros(len(people.skeleton), dtype=bool)
    kept[_checked(people.skeleton, names)] = True
    return people.replaced(joint_scores=np.where(kept, people.joint_scores, np.float32(0)))


def _checked(skeleton: Skeleton, names: Sequence[str]) -> list[int]:
    known = ", ".join(skeleton.joints)
    for name in names:
        if name not in skeleton.joints:
            raise InputError(f"joints: expected joints of {skeleton.name}, got {name!r}; it has {known}")
        if names.count(name) > 1:
            raise InputError(f"joints: expected each joint once, got {name} more than once; leave one out")
    places = [skeleton.joints.index(name) for name in names]
    telling = [int(joint) for joint in lifter_view(skeleton).first if joint >= 0]
    if len(set(telling) & set(places)) < _FEWEST:
        usable = ", ".join(skeleton.joints[joint] for joint in telling)
        raise InputError(
            f"joints: expected at least two of those that tell where a person is ({usable}), got {', '.join(names)}"
        )
    return places
