"""One person of a crop: which of those that were found in it is meant."""

import numpy as np

from metricpose.agr.decode import DecodedPeople
from metricpose.geometry.boxes import iou_matrix

CROP_FACTOR = 1.25
"""A crop is this times the longer side of a person's box."""


def meant(found: DecodedPeople, box_px: np.ndarray) -> int | None:
    """Index of the person whose box fits `box_px` (4,) best, the surer the better; None: nobody was found."""
    if not len(found.people):
        return None
    overlap = iou_matrix(np.asarray(box_px, float)[None], found.people.boxes_px)[0]
    return int(np.argmax((overlap + 0.05) * np.sqrt(found.people.scores)))
