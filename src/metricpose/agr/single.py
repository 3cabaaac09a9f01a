"""One person's joints from maps that are distributions over the cells: what the crop network says of a window.

A joint is at the middle of the probability about the place that holds most of it, and its score is how much that is:
two places that a network cannot choose between have a half each.
"""

from dataclasses import dataclass

import numpy as np

from metricpose.agr.grid import px_from_cells
from metricpose.agr.sides import TOGETHER, limb_pairs
from metricpose.skeletons.skeleton import Skeleton

CROP_FACTOR = 1.25
"""A crop is this times the longer side of a person's box."""
REACH = 3
"""Cells about the highest place that are of it."""
WINDOW, SHIFTS = 2.0, 3  # cells; how often it moves
LEAST_JOINT = 0.15
"""A joint that is less sure has no score: on virtual people of validation depth is a tenth better without such."""
LEAST_SHARE = 0.2  # of what the better place holds, for another place to be taken where both of a pair are on one limb


@dataclass(frozen=True, kw_only=True, eq=False)
class CropPerson:
    """A person in a crop: joints_px (J, 2) of the crop, joint_scores (J,), box_px (4,) of what is seen of them, and
    `score`: the mean of the joints' own, each weighed by itself, so that joints that are hidden or cut off make nobody
    unlikely."""

    joints_px: np.ndarray
    joint_scores: np.ndarray
    box_px: np.ndarray
    score: float


def person_of_maps(
    shares: np.ndarray, seen: np.ndarray, box_px: np.ndarray, stride: float, skeleton: Skeleton, size_px: float
) -> CropPerson:
    """The person of maps (J, h, w) with sum 1 and of a box (4,) px, whose corners come in order; `seen` (J,) in [0, 1]
    lowers the scores of joints that are hidden."""
    joints_px, scores = joints_of_maps(shares, stride, skeleton, size_px)
    scores = scores * np.clip(seen, 0.0, 1.0)
    scores = np.where(scores >= LEAST_JOINT, scores, 0.0)
    score = float((scores**2).sum() / max(float(scores.sum()), 1e-9))
    corners = np.sort(np.asarray(box_px, float).reshape(2, 2), axis=0)
    return CropPerson(joints_px=joints_px, joint_scores=scores, box_px=corners.reshape(4), score=score)


def joints_of_maps(
    shares: np.ndarray, stride: float, skeleton: Skeleton, size_px: float
) -> tuple[np.ndarray, np.ndarray]:
    """Joints (J, 2) px and scores (J,) in [0, 1] of maps (J, h, w) with sum 1; `size_px` is the person's longer side.

    Where both joints of a pair of limbs come out on one limb, the one that loses less goes to its next best place.
    """
    shares = np.asarray(shares, float)
    smooth = _three_by_three(shares)
    best = smooth.reshape(len(shares), -1).argmax(1)
    places, scores = _middles(shares, best, stride)
    for left, right in limb_pairs(skeleton):
        if np.linalg.norm(places[left] - places[right]) >= TOGETHER * size_px:
            continue
        moves = [_elsewhere(shares[j], smooth[j], places[other], stride, size_px) for j, other in _both(left, right)]
        gains = [move[1] / max(scores[j], 1e-9) for move, j in zip(moves, (left, right), strict=True)]
        k = int(np.argmax(gains))
        if gains[k] >= LEAST_SHARE:
            places[(left, right)[k]], scores[(left, right)[k]] = moves[k]
    return places, np.clip(scores, 0.0, 1.0)


def _both(left: int, right: int) -> tuple[tuple[int, int], tuple[int, int]]:
    return (left, right), (right, left)


def _three_by_three(maps: np.ndarray) -> np.ndarray:
    """Sums over the 3 x 3 cells about each cell of maps (..., h, w)."""
    maps = np.pad(maps, [(0, 0)] * (maps.ndim - 2) + [(1, 1), (1, 1)])
    maps = maps[..., :-2, :] + maps[..., 1:-1, :] + maps[..., 2:, :]
    return np.asarray(maps[..., :-2] + maps[..., 1:-1] + maps[..., 2:])


def _middles(shares: np.ndarray, best: np.ndarray, stride: float) -> tuple[np.ndarray, np.ndarray]:
    """Place (J, 2) px about the cells `best` (J,), flat indices, and the mass (J,) within `REACH` cells of them.

    The place is the mean under a Gaussian window that moves with it (mean shift): a window of whole cells that stays
    would pull it towards the middle of the best cell.
    """
    _, rows, columns = shares.shape
    x, y = np.arange(columns), np.arange(rows)
    at = np.stack([best % columns, best // columns], -1).astype(float)
    near_x, near_y = np.abs(x - at[:, :1]) <= REACH, np.abs(y - at[:, 1:]) <= REACH
    mass = (_across(shares, near_x) * near_y).sum(1)
    for _ in range(SHIFTS):
        # The window is one along x times one along y, so that sums along x and y alone give the mean.
        window_x = np.exp(-((x - at[:, :1]) ** 2) / (2 * WINDOW**2))  # J, w
        window_y = np.exp(-((y - at[:, 1:]) ** 2) / (2 * WINDOW**2))
        down, along = _across(shares, window_x) * window_y, _across(shares.swapaxes(1, 2), window_y) * window_x
        at = np.stack([along @ x, down @ y], -1) / np.maximum(down.sum(1), 1e-12)[:, None]
    return px_from_cells(at, stride), mass


def _across(maps: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(J, h): the sums of the rows of maps (J, h, w), each cell weighed by (J, w)."""
    return np.asarray((maps @ weights[:, :, None])[..., 0])


def _elsewhere(
    shares: np.ndarray, smooth: np.ndarray, taken_px: np.ndarray, stride: float, size_px: float
) -> tuple[np.ndarray, float]:
    """The best place (2,) px of one map (h, w) away from `taken_px`, and its mass; mass 0: there is none."""
    rows, columns = shares.shape
    y, x = np.mgrid[:rows, :columns]
    away = np.hypot(px_from_cells(x, stride) - taken_px[0], px_from_cells(y, stride) - taken_px[1]) > (
        2 * TOGETHER * size_px
    )
    if not away.any():
        return taken_px, 0.0
    best = np.where(away, smooth, -1.0).argmax()
    place, mass = _middles((shares * away)[None], np.array([best]), stride)
    return place[0], float(mass[0])
