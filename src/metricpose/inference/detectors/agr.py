"""The package's own detector: everybody in a picture, through the AGR network.

It looks twice. The first look is at the whole picture, at two sizes for people near and far; the second is at each
person alone, at the size that the network knows best.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from metricpose._errors import InputError
from metricpose.agr.crops import CROP_FACTOR, meant
from metricpose.agr.decode import DecodedPeople, decode
from metricpose.geometry.boxes import areas, clipped, iou_matrix
from metricpose.inference.detectors.agr_network import AgrNetwork, Engine
from metricpose.inference.detectors.candidates import Candidates, distinct, joined, trust
from metricpose.inference.detectors.looks import Look, looks
from metricpose.inference.detectors.person_masks import person_masks
from metricpose.inference.detectors.protocol import checked_picture
from metricpose.inference.detectors.turned import turned_back, turned_pixels
from metricpose.inference.detectors.windows import Window, square_box, window
from metricpose.people import People2D
from metricpose.skeletons import Skeleton
from metricpose.skeletons.catalogue import HALPE26

CROP_PX = 192
_FAINTEST_JOINT = 0.1
_CROP_LEAST_SCORE = 0.02
"""Somebody is in a crop, so that the best there is will do."""
_CROPS_TOGETHER = 32
_SAME_PERSON = 0.3
"""Overlap of a person's boxes in the two looks."""


class AgrDetector:
    """Several people per picture, in Halpe-26, offline. Immutable; safe to share between threads."""

    name = "agr"
    skeleton: Skeleton = HALPE26

    def __init__(
        self,
        weights: str | Path = "base",
        *,
        min_score: float = 0.3,
        refine: bool = True,
        flip: bool = False,
        turns: bool = False,
        look_px: int = 768,
        scales: Sequence[float] = (1.0, 1 / 3),
        tiles: bool = False,
        masks: bool = False,
        max_people: int = 100,
        threads: int | None = None,
        engine: Engine | None = None,
    ) -> None:
        """Load the network.

        Args:
            weights: "base", "base-research" (research only), or a file of an AGR network.
            min_score: the least score of a person who is reported, in [0, 1].
            refine: look a second time at each person; better joints, for the time of a crop per person.
            flip: look at the mirror image, too, and take the mean; a little better, for twice the time.
            turns: look at each person's crop in all four quarter turns and take the surest; for people who are upside
                down or lie, at three more crops per person.
            look_px: longer side of the picture in the first look.
            scales: sizes of the first look, of `look_px`; small ones are for people who fill the picture.
            tiles: cover the picture with tiles at its full resolution, too; for people far away in large pictures.
            masks: say whose each pixel is.
            max_people: of a picture, the surest.
            threads: of ONNX Runtime; as many as there are cores if not given.
            engine: what runs the network in place of ONNX Runtime; `weights` then is its name.

        Raises:
            FileError: there are no such weights.
            WeightsError: they are damaged, or of another network.
            InputError: an option is out of range.
        """
        _check_options(min_score, look_px, scales, max_people)
        loaded = AgrNetwork(engine, str(weights), "that of its engine") if engine is not None else None
        self._network = loaded or AgrNetwork.load(weights, threads)
        self._least, self._most = min_score, max_people
        self._refine, self._flip, self._turns, self._tiles, self._masks = refine, flip, turns, tiles, masks
        self._look_px, self._scales = look_px, tuple(scales)

    @property
    def licence(self) -> str:
        """Of the weights."""
        return self._network.licence

    @property
    def weights(self) -> str:
        """The weights' name: "base", "base-research", or the name of the file."""
        return self._network.weights

    def __call__(self, image: np.ndarray, *, name: str | None = None) -> People2D:
        """See `Detector`; `name` is not looked at. Ids are 0, 1, ... by falling score."""
        image = checked_picture(image)
        size = image.shape[1], image.shape[0]
        people, sights = self._first(looks(image, self._look_px, self._scales, tiles=self._tiles), size)
        if self._refine and len(people):
            people = self._refined(image, people)
        return _people(people, size, person_masks(people, HALPE26, size, sights) if self._masks else None)

    def refined(self, image: np.ndarray, boxes_px: np.ndarray) -> People2D:
        """The second look alone, at given people: each box (P, 4) times 1.25 as a crop of 192 x 192 px.

        The people are in the order of the boxes, and keep them; ids are 0 to P - 1, scores those of the crop. Who is
        not found has the score 0 and no seen joint.
        """
        image = checked_picture(image)
        boxes_px = np.asarray(boxes_px, float).reshape(-1, 4)
        found = self._crops(image, boxes_px)
        nobody = np.zeros((len(HALPE26), 2)), np.zeros(len(HALPE26))
        joints = [one.people.joints_px[i] if i is not None else nobody[0] for one, i in found]
        joint_scores = [one.people.joint_scores[i] if i is not None else nobody[1] for one, i in found]
        scores = [float(one.people.scores[i]) if i is not None else 0.0 for one, i in found]
        people = Candidates(
            boxes_px=boxes_px,
            joints_px=np.array(joints, float).reshape(-1, *nobody[0].shape),
            joint_scores=np.array(joint_scores, float).reshape(-1, *nobody[1].shape),
            scores=np.array(scores),
            trust=np.ones(len(boxes_px)),
            look=np.zeros(len(boxes_px), int),
        )
        return _people(people, (image.shape[1], image.shape[0]), None)

    def _first(
        self, seen: Iterable[Look], image_size: tuple[int, int]
    ) -> tuple[Candidates, list[tuple[Window, np.ndarray]]]:
        """The distinct people of all looks; and, if masks are wanted, each look's window and mask of people."""
        parts, sights = [_nobody()], []
        for number, look in enumerate(seen):
            agr = self._network.maps([look.window.pixels], flip=self._flip)
            if self._masks:
                sights.append((look.window, agr.person_mask[0, 0]))
            (found,) = decode(
                agr, HALPE26, look.window.size, min_score=min(self._least, _FAINTEST_JOINT), max_people=self._most
            )
            parts.append(_candidates(found.people, look, number))
        people = joined(parts)
        people = _in_picture(people[np.flatnonzero(people.scores >= self._least)], image_size)
        return people[distinct(people, self._most)], sights

    def _refined(self, image: np.ndarray, people: Candidates) -> Candidates:
        """The people with boxes and joints of the second look where it finds them; scores stay."""
        boxes, joints, joint_scores = people.boxes_px.copy(), people.joints_px.copy(), people.joint_scores.copy()
        for place, (found, index) in enumerate(self._crops(image, people.boxes_px)):
            if index is None or iou_matrix(found.people.boxes_px[[index]], boxes[[place]])[0, 0] < _SAME_PERSON:
                continue
            boxes[place] = found.people.boxes_px[index]
            joints[place], joint_scores[place] = found.people.joints_px[index], found.people.joint_scores[index]
        better = Candidates(
            boxes_px=boxes, joints_px=joints, joint_scores=joint_scores,
            scores=people.scores, trust=people.trust, look=people.look,
        )  # fmt: skip
        better = _in_picture(better, (image.shape[1], image.shape[0]))
        return better[distinct(better, self._most)]

    def _crops(self, image: np.ndarray, boxes_px: np.ndarray) -> list[tuple[DecodedPeople, int | None]]:
        """For each box the people of its crop, in the picture's pixels, and the index of the one who is meant."""
        crops = [window(image, square_box(box, CROP_FACTOR), (CROP_PX, CROP_PX)) for box in boxes_px]
        answers: list[tuple[DecodedPeople, int | None]] = []
        for start in range(0, len(crops), _CROPS_TOGETHER):
            batch = crops[start : start + _CROPS_TOGETHER]
            agr = self._network.maps([crop.pixels for crop in batch], flip=self._flip)
            found = decode(agr, HALPE26, (CROP_PX, CROP_PX), min_score=_CROP_LEAST_SCORE)
            for crop, one, box in zip(batch, found, boxes_px[start:], strict=False):
                place = crop.boxes_from_picture(box)
                looks = [(one, meant(one, place)), *self._turned(crop, place)]
                best, index = max(looks, key=lambda look: _sureness(*look))
                answers.append((_moved(best, crop), index))
        return answers

    def _turned(self, crop: Window, box_px: np.ndarray) -> list[tuple[DecodedPeople, int | None]]:
        """What is found in a crop in three more quarter turns, where they are asked for."""
        quarters = (1, 2, 3) if self._turns else ()
        if not quarters:
            return []
        agr = self._network.maps([turned_pixels(crop.pixels, k) for k in quarters], flip=self._flip)
        found = decode(agr, HALPE26, (CROP_PX, CROP_PX), min_score=_CROP_LEAST_SCORE)
        answers = []
        for k, one in zip(quarters, found, strict=True):
            back = turned_back(one, k, CROP_PX)
            answers.append((back, meant(back, box_px)))
        return answers


def _check_options(min_score: float, look_px: int, scales: Sequence[float], max_people: int) -> None:
    if not 0.0 <= min_score <= 1.0:
        raise InputError(f"min_score: expected a number in [0, 1], got {min_score}")
    if not 64 <= look_px <= 8192:
        raise InputError(f"look_px: expected a whole number of pixels from 64 to 8192, got {look_px}")
    if not scales or not all(0.0 < scale <= 1.0 for scale in scales):
        raise InputError(f"scales: expected one number in (0, 1] or several, got {tuple(scales)}")
    if max_people < 1:
        raise InputError(f"max_people: expected a whole number of at least 1, got {max_people}")


def _sureness(found: DecodedPeople, index: int | None) -> float:
    """By which the best of several looks at one person is chosen: how sure the joints are on the average."""
    return -1.0 if index is None else float(found.people.joint_scores[index].mean())


def _nobody() -> Candidates:
    joints = len(HALPE26)
    return Candidates(
        boxes_px=np.zeros((0, 4)), joints_px=np.zeros((0, joints, 2)), joint_scores=np.zeros((0, joints)),
        scores=np.zeros(0), trust=np.zeros(0), look=np.zeros(0, int),
    )  # fmt: skip


def _candidates(found: People2D, look: Look, number: int) -> Candidates:
    """What one look found, in the picture's pixels."""
    sizes = (found.boxes_px[:, 2:] - found.boxes_px[:, :2]).max(axis=1, initial=0.0)
    return Candidates(
        boxes_px=look.window.boxes_to_picture(found.boxes_px),
        joints_px=look.window.to_picture(found.joints_px),
        joint_scores=found.joint_scores,
        scores=found.scores,
        trust=trust(sizes, look.cuts(found.boxes_px)),
        look=np.full(len(found), number),
    )


def _moved(found: DecodedPeople, crop: Window) -> DecodedPeople:
    """The people of a crop, in the picture's pixels."""
    people = found.people.replaced(
        boxes_px=crop.boxes_to_picture(found.people.boxes_px), joints_px=crop.to_picture(found.people.joints_px)
    )
    return DecodedPeople(people=people, anchors_px=crop.to_picture(found.anchors_px), canonical_depth=None)


def _in_picture(people: Candidates, image_size: tuple[int, int]) -> Candidates:
    """Those of whom something is in the picture, with their boxes cut at its edges."""
    boxes_px = np.asarray(clipped(people.boxes_px, image_size))
    seen = _seen(people, image_size)
    cut = Candidates(
        **(vars(people) | {"boxes_px": boxes_px, "joint_scores": np.where(seen, people.joint_scores, 0.0)})
    )
    return cut[np.flatnonzero((areas(boxes_px) >= 1.0) & seen.any(axis=1))]


def _seen(people: Candidates, image_size: tuple[int, int]) -> np.ndarray:
    """(P, J): the joint has a score and lies in the picture."""
    inside = (people.joints_px >= -0.5) & (people.joints_px <= np.asarray(image_size) - 0.5)
    return inside.all(axis=-1) & (people.joint_scores > 0)


def _people(people: Candidates, image_size: tuple[int, int], masks: np.ndarray | None) -> People2D:
    joint_scores = np.where(_seen(people, image_size), people.joint_scores, 0.0)
    return People2D(
        boxes_px=people.boxes_px,
        joints_px=people.joints_px,
        joint_scores=joint_scores,
        scores=people.scores,
        skeleton=HALPE26,
        image_size=image_size,
        ids=tuple(range(len(people))),
        masks=masks,
    )
