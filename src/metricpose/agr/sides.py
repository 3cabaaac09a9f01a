"""Left and right on one limb: where both joints of a pair were placed together, the lesser goes to the next best place.

A network that cannot tell which knee is which gives both channels two peaks, and both choose the clearer one. Then one
of them is surely wrong; if the picture offers another place for either within the person's box, one takes it.
"""

import numpy as np

from metricpose.agr.peaks import Peaks
from metricpose.skeletons.skeleton import Skeleton

TOGETHER = 0.05  # of the person's longer side: nearer joints of a pair are on one limb
LEAST_SHARE = 0.5  # of the height of the peak that is left, for the other place to count


def separated(
    joints_px: np.ndarray,
    scores: np.ndarray,
    peaks: Peaks,
    places_px: np.ndarray,
    boxes_px: np.ndarray,
    skeleton: Skeleton,
) -> tuple[np.ndarray, np.ndarray]:
    """Joints (P, J, 2) px and scores (P, J) with pairs told apart, from the peaks at `places_px` (K, 2)."""
    joints_px, scores = joints_px.copy(), scores.copy()
    size = (boxes_px[:, 2:] - boxes_px[:, :2]).max(axis=1, initial=1.0)
    for left, right in limb_pairs(skeleton):
        gap = np.linalg.norm(joints_px[:, left] - joints_px[:, right], axis=-1)
        both = (scores[:, left] > 0) & (scores[:, right] > 0)
        for person in np.flatnonzero(both & (gap < TOGETHER * size)).tolist():
            best: tuple[float, int, int] | None = None
            for joint, other in ((left, right), (right, left)):
                found = _elsewhere(joint, other, person, joints_px, scores, peaks, places_px, boxes_px, size[person])
                if found is not None and (best is None or found[0] > best[0]):
                    best = found[0], joint, found[1]
            if best is not None:
                _, joint, peak = best
                joints_px[person, joint] = places_px[peak]
                scores[person, joint] = np.clip(peaks.height[peak], 0, 1)
    return joints_px, scores


def limb_pairs(skeleton: Skeleton) -> list[tuple[int, int]]:
    """Left and right elbows, wrists, knees and ankles."""
    limbs = ("elbow", "wrist", "knee", "ankle")
    return [
        (j, mirror)
        for j, mirror in enumerate(skeleton.mirror)
        if j < mirror and skeleton.joints[j].rpartition("_")[2] in limbs
    ]


def _elsewhere(
    joint: int,
    other: int,
    person: int,
    joints_px: np.ndarray,
    scores: np.ndarray,
    peaks: Peaks,
    places_px: np.ndarray,
    boxes_px: np.ndarray,
    size: float,
) -> tuple[float, int] | None:
    """(what is gained by moving `joint` to its best peak elsewhere in the box, the peak), or None."""
    low, high = boxes_px[person, :2], boxes_px[person, 2:]
    inside = ((places_px >= low) & (places_px <= high)).all(axis=1)
    away = np.linalg.norm(places_px - joints_px[person, other], axis=1) > 2 * TOGETHER * size
    others = np.arange(len(joints_px)) != person
    theirs = np.linalg.norm(places_px[:, None] - joints_px[others, joint], axis=-1).min(axis=1, initial=np.inf) < 1.0
    mine = np.flatnonzero((peaks.channel == joint) & inside & away & ~theirs)
    if not len(mine):
        return None
    peak = int(mine[np.argmax(peaks.height[mine])])
    share = float(peaks.height[peak]) / max(float(scores[person, joint]), 1e-6)
    return (share * float(scores[person, other]), peak) if share >= LEAST_SHARE else None
