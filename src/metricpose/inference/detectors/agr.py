"""The package's own detector: everybody in a picture, through the AGR network.

It looks twice, with a network for each. The first look, at the whole picture, finds people (AGR network); the second,
at each person alone, finds that person's joints (crop network), and looks once more where it sees that the first
look's box was a poor one.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np

from metricpose._errors import InputError
from metricpose._memory import keep_freed_memory
from metricpose.agr.single import CROP_FACTOR, CropPerson
from metricpose.geometry.boxes import iou_matrix
from metricpose.inference.detectors.agr_network import AgrNetwork
from metricpose.inference.detectors.candidates import Candidates, distinct, in_picture, seen_joints
from metricpose.inference.detectors.crop_network import CROP_PX, CropNetwork
from metricpose.inference.detectors.first_look import JOINT_SCALES, LOOK_PX, SCALES, FirstLook
from metricpose.inference.detectors.network_files import WEIGHTS, Engine, Precision
from metricpose.inference.detectors.person_masks import person_masks
from metricpose.inference.detectors.protocol import checked_picture
from metricpose.inference.detectors.turned import turned_back, turned_pixels
from metricpose.inference.detectors.windows import Window, square_box, window
from metricpose.people import People2D
from metricpose.skeletons import Skeleton
from metricpose.skeletons.catalogue import HALPE26

_FIRST_SHARE = 0.68
"""Of the least score: who is fainter than that in the first look is not looked at again. 0.6 and 0.5 find a point more
of the people in validation's photos, for two and three times the crops."""
_SAME_CROP = 0.8
"""Intersection over union of the crops for the first look's box and for the second's: less, and there is a third look,
at the second's. On a third of validation's photos that is PCK 36.4 for 33.7 (`base-research`), for 6.6 crops in place
of 4.5; on virtual pictures OKS AP 47.1 for 46.7, for 3.4 in place of 2.8."""
_THIRD_SHARE = 0.75
"""Of the least score: who is fainter than that after the second look gets no third one. On validation none of them is
shown after it, and a crop per photo is saved."""
_CROPS_TOGETHER = 32


class AgrDetector:
    """Several people per picture, in Halpe-26, offline. Immutable; safe to share between threads."""

    name = "agr"
    skeleton: Skeleton = HALPE26

    def __init__(
        self,
        weights: str | Path = "base",
        *,
        crop_weights: str | Path | None = None,
        min_score: float = 0.44,
        refine: bool = True,
        flip: bool = False,
        turns: bool = False,
        look_px: int = LOOK_PX,
        scales: Sequence[float] | None = None,
        tiles: bool = False,
        masks: bool = False,
        max_people: int = 100,
        threads: int | None = None,
        precision: Precision = "int8",
        engine: Engine | None = None,
    ) -> None:
        """Load the network.

        Args:
            weights: "base", "base-research" (research only), or a file of an AGR network.
            crop_weights: a file of a crop network, for the second look; that of `weights` if not given, and of "base"
                where `weights` is a file.
            min_score: the least score of a person who is reported, in [0, 1].
            refine: look a second time at each person, for the time of a crop per person; the first look's joints are
                poor.
            flip: look at the mirror image of each person's crop, too, and take the mean; a little better, for twice the
                time of the second look. Without `refine`, the mirror image of the picture.
            turns: look at each person's crop in all four quarter turns and take the surest; for people who are upside
                down or lie, at three more crops per person.
            look_px: longer side of the picture in the closest look, which is taken where somebody may be far away, or
                with `tiles`.
            scales: sizes of the looks that are taken always, of `look_px`; (0.6,) if not given. With `refine`, one at
                0.3 follows where somebody may fill the picture; without, (1, 1/3) are taken if not given.
            tiles: cover the picture with tiles at its full resolution, too; for people far away in large pictures.
            masks: say whose each pixel is.
            max_people: of a picture, the surest.
            threads: of ONNX Runtime; as many as there are cores if not given.
            precision: of the activations; "float32" takes up to two and a half times as long.
            engine: what runs the network in place of ONNX Runtime; `weights` then is its name.

        Raises:
            FileError: there are no such weights.
            WeightsError: they are damaged, or of another network.
            InputError: an option is out of range.
        """
        scales = (SCALES if refine else JOINT_SCALES) if scales is None else scales
        _check_options(min_score, look_px, scales, max_people)
        if precision not in get_args(Precision):
            raise InputError(f"precision: expected one of {', '.join(get_args(Precision))}, got {precision!r}")
        keep_freed_memory()
        loaded = AgrNetwork(engine, str(weights), "that of its engine") if engine is not None else None
        self._network = loaded or AgrNetwork.load(weights, threads, precision)
        crops = crop_weights or (weights if weights in WEIGHTS else "base")
        self._crop_network = CropNetwork(engine) if engine is not None else CropNetwork.load(crops, threads, precision)
        self._least, self._most = min_score, max_people
        self._refine, self._flip, self._turns, self._masks = refine, flip, turns, masks
        self._first = FirstLook(
            network=self._network, look_px=look_px, scales=tuple(scales), most=max_people,
            least=_FIRST_SHARE * min_score if refine else min_score, joints=not refine,
            tiles=tiles, flip=flip and not refine, masks=masks,
        )  # fmt: skip

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
        people, sights = self._first(image)
        if self._refine and len(people):
            people = self._refined(image, people)
        return _people(people, size, person_masks(people, HALPE26, size, sights) if self._masks else None)

    def refined(self, image: np.ndarray, boxes_px: np.ndarray) -> People2D:
        """The second look alone, at given people: each box (P, 4) times 1.25 as a crop of 160 x 160 px.

        The people are in the order of the boxes, and keep them; ids are 0 to P - 1, scores those of the crop.
        """
        image = checked_picture(image)
        boxes_px = np.asarray(boxes_px, float).reshape(-1, 4)
        found = self._crops(image, boxes_px)
        none = np.zeros((0, len(HALPE26)))
        people = Candidates(
            boxes_px=boxes_px,
            joints_px=np.stack([one.joints_px for one in found]) if found else none[..., None].repeat(2, -1),
            joint_scores=np.stack([one.joint_scores for one in found]) if found else none,
            scores=np.clip([one.score for one in found], 0.0, 1.0),
            trust=np.ones(len(boxes_px)),
            look=np.zeros(len(boxes_px), int),
        )
        return _people(people, (image.shape[1], image.shape[0]), None)

    def _refined(self, image: np.ndarray, people: Candidates) -> Candidates:
        """The people with joints of the second look, and those left out whom it does not believe in.

        A box is the second look's: its mean with the first look's has AP 43 for 51 on virtual pictures of validation.
        """
        found = self._crops(image, people.boxes_px)
        seen_px = np.stack([one.box_px for one in found])
        likely = _scores(people, found) >= _THIRD_SHARE * self._least
        moved = np.flatnonzero(likely & (_crop_overlaps(people.boxes_px, seen_px) < _SAME_CROP))
        for place, again in zip(moved, self._crops(image, seen_px[moved]), strict=True):
            found[place] = again
        boxes, joints, joint_scores = (
            np.stack([getattr(one, name) for one in found]) for name in ("box_px", "joints_px", "joint_scores")
        )
        better = replace(
            people, boxes_px=boxes, joints_px=joints, joint_scores=joint_scores, scores=_scores(people, found)
        )
        better = in_picture(better[np.flatnonzero(better.scores >= self._least)], (image.shape[1], image.shape[0]))
        return better[distinct(better, self._most)]

    def _crops(self, image: np.ndarray, boxes_px: np.ndarray) -> list[CropPerson]:
        """The person of each box, in the picture's pixels."""
        crops = [window(image, square_box(box, CROP_FACTOR), (CROP_PX, CROP_PX)) for box in boxes_px]
        answers: list[CropPerson] = []
        for start in range(0, len(crops), _CROPS_TOGETHER):
            batch = crops[start : start + _CROPS_TOGETHER]
            looks = [self._looked_at([crop.pixels for crop in batch])]
            for quarters in (1, 2, 3) if self._turns else ():
                turned = self._looked_at([turned_pixels(crop.pixels, quarters) for crop in batch])
                looks.append([turned_back(one, quarters, CROP_PX) for one in turned])
            best = [max(of_one, key=lambda one: one.score) for of_one in zip(*looks, strict=True)]
            answers += [_moved(one, crop) for one, crop in zip(best, batch, strict=True)]
        return answers

    def _looked_at(self, windows: list[np.ndarray]) -> list[CropPerson]:
        return self._crop_network.people(windows, [CROP_PX / CROP_FACTOR] * len(windows), flip=self._flip)


def _check_options(min_score: float, look_px: int, scales: Sequence[float], max_people: int) -> None:
    if not 0.0 <= min_score <= 1.0:
        raise InputError(f"min_score: expected a number in [0, 1], got {min_score}")
    if not 64 <= look_px <= 8192:
        raise InputError(f"look_px: expected a whole number of pixels from 64 to 8192, got {look_px}")
    if not scales or not all(0.0 < scale <= 1.0 for scale in scales):
        raise InputError(f"scales: expected one number in (0, 1] or several, got {tuple(scales)}")
    if max_people < 1:
        raise InputError(f"max_people: expected a whole number of at least 1, got {max_people}")


def _moved(found: CropPerson, crop: Window) -> CropPerson:
    """The person of a crop, in the picture's pixels."""
    return replace(
        found,
        joints_px=crop.to_picture(found.joints_px),
        box_px=crop.boxes_to_picture(found.box_px[None])[0],
    )


def _scores(people: Candidates, found: Sequence[CropPerson]) -> np.ndarray:
    """(P,): the geometric mean of the first look's score, once, and the second look's, twice.

    With 3 % ghosts, that found 60 % on virtual pictures of validation where the first look's alone found 45 %.
    """
    return np.asarray(np.cbrt(people.scores * np.array([one.score for one in found]) ** 2))


def _crop_overlaps(boxes_a_px: np.ndarray, boxes_b_px: np.ndarray) -> np.ndarray:
    """(P,): intersection over union of the crops that are cut for boxes (P, 4) and for others of the same people."""
    a, b = (np.stack([square_box(box, CROP_FACTOR) for box in boxes_px]) for boxes_px in (boxes_a_px, boxes_b_px))
    return np.asarray(iou_matrix(a[:, None], b[:, None]))[:, 0, 0]


def _people(people: Candidates, image_size: tuple[int, int], masks: np.ndarray | None) -> People2D:
    joint_scores = np.where(seen_joints(people, image_size), people.joint_scores, 0.0)
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
