"""A detector of one person serves several: another finds the people, and it looks at each one's crop."""

import numpy as np

from metricpose.agr.single import CROP_FACTOR
from metricpose.geometry.boxes import iou_matrix
from metricpose.inference.detectors.candidates import Candidates, similarity
from metricpose.inference.detectors.protocol import Detector, checked_picture
from metricpose.inference.detectors.windows import square_box, window
from metricpose.people import People2D
from metricpose.skeletons import Skeleton

_CROP_PX = (192, 512)
"""Crops are as large as in the picture, within these limits."""
_SAME_PERSON = 0.3
"""Overlap of the box that was given and that of the joints which were found in its crop."""
_SAME_JOINTS = 0.5


class CropsDetector:
    """Everybody whom `finder` finds, with joints by `looker`, in the skeleton of `looker`.

    Boxes, scores and ids are the finder's. Where `looker` finds nobody in the crop, or somebody else (its joints lie
    elsewhere, or fit another person's crop better), the person keeps the finder's joints as far as the skeletons
    share them; the others are unseen. So nobody is lost, and the lifter estimates what is missing.
    """

    def __init__(self, finder: Detector, looker: Detector) -> None:
        self._finder, self._looker = finder, looker

    @property
    def name(self) -> str:
        """Both names."""
        return f"{self._finder.name}+{self._looker.name}"

    @property
    def licence(self) -> str:
        """Both licences."""
        return f"{self._finder.licence}; {self._looker.name}: {self._looker.licence}"

    @property
    def weights(self) -> str | None:
        """The finder's, where it has a choice of them."""
        return getattr(self._finder, "weights", None)

    @property
    def skeleton(self) -> Skeleton:
        """That of the looker."""
        return self._looker.skeleton

    def __call__(self, image: np.ndarray, *, name: str | None = None) -> People2D:
        """See `Detector`."""
        image = checked_picture(image)
        found = self._finder(image, name=name)
        own = found.to(self.skeleton)
        if not len(found):
            return own
        joints_px, joint_scores, overlap = self._looked(image, found)
        kept = _belonging(found.boxes_px, joints_px, joint_scores, overlap)
        return own.replaced(
            joints_px=np.where(kept[:, None, None], joints_px, own.joints_px),
            joint_scores=np.where(kept[:, None], joint_scores, own.joint_scores),
        )

    def _looked(self, image: np.ndarray, found: People2D) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Joints (P, J, 2) px and scores (P, J) of one person per crop, and how well they fit the boxes (P,)."""
        shape = len(found), len(self.skeleton)
        joints_px, joint_scores, overlap = np.zeros((*shape, 2)), np.zeros(shape), np.zeros(len(found))
        size = np.asarray(found.image_size) - 0.5
        for index, box in enumerate(found.boxes_px):
            square = square_box(box, CROP_FACTOR)
            side = int(np.clip(round(float(square[2] - square[0])), *_CROP_PX))
            crop = window(image, square, (side, side))
            seen = self._looker(crop.pixels)
            if not len(seen):
                continue
            overlaps = iou_matrix(box[None].astype(float), crop.boxes_to_picture(seen.boxes_px))[0]
            best = int(overlaps.argmax())
            overlap[index], joints_px[index] = overlaps[best], crop.to_picture(seen.joints_px[best])
            inside = ((joints_px[index] >= -0.5) & (joints_px[index] <= size)).all(axis=-1)
            joint_scores[index] = np.where(inside, seen.joint_scores[best], 0.0)
        return joints_px, joint_scores, overlap


def _belonging(
    boxes_px: np.ndarray, joints_px: np.ndarray, joint_scores: np.ndarray, overlap: np.ndarray
) -> np.ndarray:
    """(P,): whether joints found in a person's crop are this person's; of two who got the same, the better fit."""
    people = Candidates(
        boxes_px=boxes_px, joints_px=joints_px, joint_scores=joint_scores,
        scores=overlap, trust=overlap, look=np.zeros(len(overlap), int),
    )  # fmt: skip
    same = similarity(people, people) > _SAME_JOINTS
    kept = np.zeros(len(overlap), bool)
    for index in np.argsort(-overlap, kind="stable"):
        seen = bool((joint_scores[index] > 0).any())
        kept[index] = overlap[index] >= _SAME_PERSON and seen and not (same[index] & kept).any()
    return kept
