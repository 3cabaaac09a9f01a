"""Points beside COCO's joints, as a virtual detector and what hides people deal with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from metricpose.skeletons.catalogue import COCO17
from metricpose.skeletons.distances import packaged_distances
from metricpose.skeletons.points import other_side


@dataclass(frozen=True, kw_only=True)
class PointLayout:
    """J points, the first 17 of them COCO's joints.

    Attributes:
        near: (J,) the COCO joint that is nearest to each point on the body, whose faults it shares; itself for COCO's.
        mirror: (J,) the point on the other side.
    """

    near: tuple[int, ...]
    mirror: tuple[int, ...]

    @classmethod
    def of(cls, others: Sequence[str]) -> Self:
        """COCO's joints and the points `others`, by the names of the measured points."""
        names, distances = (*COCO17.joints, *others), packaged_distances()
        coco = [distances.index[joint] for joint in COCO17.joints]
        nearest = (int(distances.learnt_m2[distances.index[name], coco].argmin()) for name in others)
        mirror = tuple(names.index(other_side(name)) for name in names)
        return cls(near=(*range(17), *nearest), mirror=mirror)


COCO = PointLayout(near=tuple(range(17)), mirror=COCO17.mirror)
