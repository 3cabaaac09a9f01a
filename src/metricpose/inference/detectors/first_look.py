"""The first look: where people are in a whole picture, at no more sizes than it takes.

The picture is looked at with its longer side at 384 px. It is looked at again at half of that where somebody may fill
it, or nobody is there for sure; and from closer by where somebody may be far away.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from metricpose.agr.decode import decode
from metricpose.geometry.boxes import areas, common_areas
from metricpose.inference.detectors.agr_network import AgrNetwork
from metricpose.inference.detectors.candidates import Candidates, distinct, in_picture, joined, longer_sides, trust
from metricpose.inference.detectors.looks import Look, looks
from metricpose.inference.detectors.windows import Window
from metricpose.people import People2D
from metricpose.skeletons.catalogue import HALPE26

LOOK_PX, SCALES = 640, (0.6,)
"""The closest look, and what is looked at always."""
JOINT_SCALES = (1.0, 1 / 3)
"""What is looked at always where this look says the joints, too."""
_NEAR_SCALE, _NEAR_PX, _CERTAIN = 0.3, 185.0, 0.6
"""Who is larger than that, in the smallest of the usual looks, is looked at from farther off, and so are pictures where
nobody has that score. Without such a look PCK in validation's photos is 25.1 for 33.5 %; with it always no more,
and half of the virtual pictures take two fifths more of a first look."""
_FAR_PX, _SUSPECTED = 64.0, 0.2
"""Who is smaller than that, in the closest of the usual looks, and has that score, is looked at from closer by."""
_FAINTEST_JOINT = 0.1
_SURE, _PART = 0.3, 0.7  # the score of somebody larger, and how much of a box lies in theirs, for it to be a part

Sights = list[tuple[Window, np.ndarray]]
"""Of each look its window and its mask (h, w) of people."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FirstLook:
    """The AGR network and how it is used. `scales` are those of the looks that are taken always, of `look_px`; people
    of `least` are reported, at most `most`; with `joints` each look says them, and none is taken at half the size."""

    network: AgrNetwork
    look_px: int
    scales: Sequence[float]
    least: float
    most: int
    joints: bool
    tiles: bool
    flip: bool
    masks: bool

    def __call__(self, image: np.ndarray) -> tuple[Candidates, Sights]:
        """The distinct people of all looks at a picture (H, W, 3) uint8, in its pixels; with `masks`, what each saw."""
        parts: list[Candidates] = [_nobody()]
        sights: Sights = []
        longest = max(image.shape[:2])

        def taken(scales: Sequence[float], tiles: bool) -> Candidates:
            for look in looks(image, self.look_px, scales, tiles=tiles):
                parts.append(self._taken(look, len(parts) - 1, sights))
            return joined(parts)

        found = taken(self.scales, self.tiles)
        smallest, closest = min(self.scales), max(self.scales)
        if not self.joints and smallest > _NEAR_SCALE and may_be_near(found, self.look_px * smallest / longest):
            found = taken((_NEAR_SCALE,), False)
        if closest < 1 and (self.tiles or may_be_far(found, self.look_px * closest / longest)):
            found = taken((1.0,), False)
        people = in_picture(found[np.flatnonzero(found.scores >= self.least)], (image.shape[1], image.shape[0]))
        return people[distinct(people, self.most)], sights

    def _taken(self, look: Look, number: int, sights: Sights) -> Candidates:
        """Whom one look shows, sure or not."""
        agr = self.network.maps([look.window.pixels], flip=self.flip)
        if self.masks:
            sights.append((look.window, agr.person_mask[0, 0]))
        faintest = min(self.least, _FAINTEST_JOINT if self.joints else _SUSPECTED)
        (found,) = decode(
            agr, HALPE26, look.window.size, min_score=faintest, max_people=self.most, search_joints=self.joints
        )
        return _candidates(found.people, look, number)


def may_be_near(people: Candidates, look_px: float) -> bool:
    """Whether somebody may be there who is large where a pixel of the picture is `look_px`, or nobody is for sure."""
    large = longer_sides(people.boxes_px) * look_px > _NEAR_PX
    return bool((people.scores < _CERTAIN).all() or (people.scores[large] >= _SUSPECTED).any())


def may_be_far(people: Candidates, look_px: float) -> bool:
    """Whether somebody may be there who is small where a pixel of the picture is `look_px`; what lies within somebody
    larger and surer is a part of them."""
    small = longer_sides(people.boxes_px) * look_px < _FAR_PX
    suspects = people.boxes_px[small & (people.scores >= _SUSPECTED)]
    others = people.boxes_px[~small & (people.scores >= _SURE)]
    within = np.asarray(common_areas(suspects, others)).max(axis=1, initial=0.0)
    return bool((within < _PART * areas(suspects)).any())


def _nobody() -> Candidates:
    joints = len(HALPE26)
    return Candidates(
        boxes_px=np.zeros((0, 4)), joints_px=np.zeros((0, joints, 2)), joint_scores=np.zeros((0, joints)),
        scores=np.zeros(0), trust=np.zeros(0), look=np.zeros(0, int),
    )  # fmt: skip


def _candidates(found: People2D, look: Look, number: int) -> Candidates:
    """What one look found, in the picture's pixels."""
    return Candidates(
        boxes_px=look.window.boxes_to_picture(found.boxes_px),
        joints_px=look.window.to_picture(found.joints_px),
        joint_scores=found.joint_scores,
        scores=found.scores,
        trust=trust(longer_sides(found.boxes_px), look.cuts(found.boxes_px)),
        look=np.full(len(found), number),
    )
