"""Made pictures with labelled people, for the tests of the AGR network's training."""

from io import BytesIO

import numpy as np
from PIL import Image

from metricpose.training.agr_samples import SKELETON, Sample

SIZE = 256
_AT = {
    "nose": (0, -80), "left_eye": (4, -83), "right_eye": (-4, -83), "left_ear": (8, -80), "right_ear": (-8, -80),
    "left_shoulder": (20, -55), "right_shoulder": (-20, -55), "left_elbow": (32, -25), "right_elbow": (-32, -25),
    "left_wrist": (40, 5), "right_wrist": (-40, 5), "left_hip": (12, 0), "right_hip": (-12, 0), "left_knee": (14, 40),
    "right_knee": (-14, 40), "left_ankle": (15, 80), "right_ankle": (-15, 80), "head": (0, -95), "neck": (0, -60),
    "hip": (0, 0), "left_big_toe": (20, 88), "right_big_toe": (-20, 88), "left_small_toe": (24, 87),
    "right_small_toe": (-24, 87), "left_heel": (13, 86), "right_heel": (-13, 86),
}  # fmt: skip
STANDING = np.array([_AT[name] for name in SKELETON.joints], float)
"""(26, 2) px about the root: somebody 183 px tall who faces the camera (their left is on the picture's right)."""


def sample(*roots: tuple[float, float], scale: float = 1.0, whole: bool = True, size: int = SIZE) -> Sample:
    """A picture with a person at each root; each joint is a dot of a colour of its own on black."""
    joints = np.array([STANDING * scale + root for root in roots]).reshape(-1, len(SKELETON), 2)
    rgb, ids = np.zeros((size, size, 3), np.uint8), np.zeros((size, size), np.uint8)
    for i, person in enumerate(joints):
        x0, y0 = np.clip(np.round(person.min(0)), 0, size).astype(int)
        x1, y1 = np.clip(np.round(person.max(0)) + 1, 0, size).astype(int)
        ids[y0:y1, x0:x1] = i + 1
        for j, (x, y) in enumerate(np.round(person).astype(int)):
            rgb[max(0, y - 2) : y + 3, max(0, x - 2) : x + 3] = colour(j)
    known = np.ones(joints.shape[:2], bool)
    boxes = np.concatenate([joints.min(1) - 0.5, joints.max(1) + 0.5], axis=1)
    return Sample(
        picture=_png(rgb), joints_px=joints, known=known, seen=known, boxes_px=boxes,
        mask=_png(ids) if whole else None, whole=whole,
    )  # fmt: skip


def colour(joint: int) -> tuple[int, int, int]:
    """Of a joint's dot."""
    return 60 + 7 * joint, 250 - 7 * joint, 40 + (joint * 37) % 200


def _png(array: np.ndarray) -> bytes:
    buffer = BytesIO()
    Image.fromarray(array).save(buffer, "PNG")
    return buffer.getvalue()
