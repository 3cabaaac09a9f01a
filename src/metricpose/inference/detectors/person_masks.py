"""Whose each pixel is: the network's mask of people, shared out to the people that were found."""

from collections.abc import Sequence

import numpy as np

from metricpose.inference.detectors.candidates import Candidates
from metricpose.inference.detectors.windows import Window
from metricpose.skeletons import Skeleton

_LEAST = 0.5
_SLACK = 0.1
"""Of a box's sides: how far beyond its box a person's pixels may lie."""
_GRID = 256
"""Whose a place is gets decided on a grid of so many cells along the longer side of the picture."""
_POINTS = (0.0, 0.25, 0.5, 0.75, 1.0)


def person_masks(
    people: Candidates, skeleton: Skeleton, image_size: tuple[int, int], sights: Sequence[tuple[Window, np.ndarray]]
) -> np.ndarray:
    """(P, H, W) bool. `sights`: each look's window, and its mask (h, w) in [0, 1] over that and what pads it.

    A person's pixels are those that the look which found this person takes for people's, in the box and a tenth
    around, and nearer to this person's limbs than to anybody else's, in units of each one's size.
    """
    width, height = image_size
    masks = np.zeros((len(people), height, width), bool)
    step = max(1.0, max(image_size) / _GRID)
    owner = _owners(people, skeleton, image_size, step)
    for index in range(len(people)):
        x0, y0, x1, y1 = _region(people.boxes_px[index], image_size)
        if x1 <= x0 or y1 <= y0:
            continue
        window, mask = sights[int(people.look[index])]
        share = _enlarged(mask, window, (x0, y0, x1, y1))
        rows, columns = (np.arange(y0, y1) / step).astype(int), (np.arange(x0, x1) / step).astype(int)
        masks[index, y0:y1, x0:x1] = (share >= _LEAST) & (owner[rows[:, None], columns] == index)
    return masks


def _region(box_px: np.ndarray, image_size: tuple[int, int]) -> tuple[int, int, int, int]:
    """First and last + 1 columns and rows of the pixels that may be a person's."""
    slack = _SLACK * (box_px[2:] - box_px[:2])
    low = np.clip(np.ceil(box_px[:2] - slack), 0, image_size).astype(int)
    high = np.clip(np.floor(box_px[2:] + slack) + 1, 0, image_size).astype(int)
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def _enlarged(mask: np.ndarray, window: Window, region: tuple[int, int, int, int]) -> np.ndarray:
    """The mask at the picture's resolution in a region of it, bilinear."""
    from PIL import Image

    stride = -(-window.size[0] // 32) * 32 / mask.shape[1]  # px of the window per cell
    edges = np.array(region, float) - 0.5
    cells = (window.boxes_from_picture(edges) + 0.5) / stride
    cells = np.clip(cells, 0, np.tile(mask.shape[::-1], 2))
    box = (float(cells[0]), float(cells[1]), float(cells[2]), float(cells[3]))
    picture = Image.fromarray(np.ascontiguousarray(mask, np.float32))
    size = region[2] - region[0], region[3] - region[1]
    return np.asarray(picture.resize(size, Image.Resampling.BILINEAR, box=box))


def _owners(people: Candidates, skeleton: Skeleton, image_size: tuple[int, int], step: float) -> np.ndarray:
    """(h, w): index of the person whose limbs are nearest to the middle of each cell of `step` px; -1: nobody."""
    wide, tall = (int((side - 1) / step) + 1 for side in image_size)
    x, y = (np.arange(wide) + 0.5) * step - 0.5, (np.arange(tall) + 0.5) * step - 0.5
    nearest, owner = np.full((tall, wide), np.inf), np.full((tall, wide), -1)
    for index in range(len(people)):
        points = _limb_points(people.joints_px[index], people.joint_scores[index] > 0, skeleton)
        box = people.boxes_px[index]
        distance = np.full((tall, wide), np.inf)
        for point in points:
            distance = np.minimum(distance, (x - point[0]) ** 2 + ((y - point[1]) ** 2)[:, None])
        distance = distance / max(float((box[2:] - box[:2]).max()), 1.0) ** 2
        owner = np.where(distance < nearest, index, owner)
        nearest = np.minimum(nearest, distance)
    return owner


def _limb_points(joints_px: np.ndarray, seen: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """Points (K, 2) along the lines between seen joints and their parents."""
    limbs = [(j, parent) for j, parent in enumerate(skeleton.parents) if parent >= 0 and seen[j] and seen[parent]]
    lines = [joints_px[j] * (1 - t) + joints_px[parent] * t for j, parent in limbs for t in _POINTS]
    return np.array([*joints_px[seen], *lines], float).reshape(-1, 2)
