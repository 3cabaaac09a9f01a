"""2D people of AlphaPose: [{"image_id", "keypoints": [x, y, score, ...], "score", "box": [x, y, w, h], "idx"}].

17 joints are COCO-17 and 26 are Halpe-26; of 136 (Halpe full body) the first 26 are taken, of 133 (COCO whole body)
the first 17. Its `score` adds several numbers up and runs to about 4: the mean of the seen joints' scores is taken
instead. Its `idx` is the id where it is a whole number. The file does not state the size of the pictures.
"""

from typing import Any

from metricpose.io.coco_results import corners
from metricpose.io.detections import Detection
from metricpose.io.fields import flat_keypoints, member
from metricpose.io.grouped import grouped_records
from metricpose.io.options import ReadOptions
from metricpose.io.records import ImagePeople2D
from metricpose.skeletons import Skeleton

_BY_COUNT = {17: ("coco17", 17), 26: ("halpe26", 26), 133: ("coco17", 17), 136: ("halpe26", 26)}


def is_alphapose(document: Any) -> bool:
    """Whether a parsed document looks like AlphaPose's."""
    first = document[0] if isinstance(document, list) and document else None
    return isinstance(first, dict) and {"image_id", "keypoints", "box"} <= first.keys()


def alphapose_records(document: Any, options: ReadOptions) -> list[ImagePeople2D]:
    """The pictures, in the order in which they first appear."""
    return grouped_records(document, _read, options)


def _read(entry: Any, options: ReadOptions) -> tuple[str, Detection, Skeleton]:
    image = str(member(entry, "image_id", (str, int)))
    joints_px, scores = flat_keypoints(member(entry, "keypoints", list), "keypoints")
    skeleton, taken = options.skeleton_for(len(joints_px), _BY_COUNT)
    idx = entry.get("idx")
    detection = Detection(
        joints_px=joints_px[:taken],
        joint_scores=scores[:taken],
        box_px=corners(entry, "box"),
        id=idx if isinstance(idx, int) and not isinstance(idx, bool) and abs(idx) < 2**63 else None,
    )
    return image, detection, skeleton
