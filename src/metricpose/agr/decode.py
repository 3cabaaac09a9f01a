"""AGR maps -> people.

Anchors are the peaks of the anchor map; a box is read in the anchor's cell. Joints go to people one by one along the
skeleton's tree, each channel by an optimal one-to-one assignment: a peak belongs to the person whose parent joint is
nearest in units of that person's size, and never to a person in whose box it does not lie. Where the maps hold offsets,
a peak belongs to the person who expects the joint there, and who finds none has the joint where it is expected.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from metricpose._errors import InputError
from metricpose.agr.grid import px_from_cells
from metricpose.agr.peaks import Peaks, find_peaks
from metricpose.agr.types import AGR, CANONICAL_FOCAL_PX
from metricpose.people.matching import match
from metricpose.people.people2d import People2D
from metricpose.skeletons.skeleton import Skeleton

BOX_SLACK = 0.1  # of the box's size: how far outside its box a joint may lie
SLACK_CELLS = 1.5
EXPECTED_SPREAD = 0.07  # of the person's longer side: how far a joint lies from where its offset says, about
EXPECTED_REACH = 2.5  # spreads
GUESSED = 0.5  # times its visibility: the score of a joint that has no peak


@dataclass(frozen=True, kw_only=True, eq=False)
class DecodedPeople:
    """One picture's people (P of them, the surest first), their anchors (P, 2) px, and depths at the canonical focal
    length (P,) m, or None where the AGR holds none."""

    people: People2D
    anchors_px: np.ndarray
    canonical_depth: np.ndarray | None

    def root_depth(self, focal_px: tuple[float, float]) -> np.ndarray | None:
        """Depth of the roots (P,) in metres for a camera of focal lengths (fx, fy) px."""
        if self.canonical_depth is None:
            return None
        return self.canonical_depth * ((focal_px[0] * focal_px[1]) ** 0.5 / CANONICAL_FOCAL_PX)


def decode(
    agr: AGR,
    skeleton: Skeleton,
    image_size: tuple[int, int],
    *,
    min_score: float = 0.1,
    max_people: int = 100,
    search_joints: bool = True,
) -> list[DecodedPeople]:
    """The people of each picture. A person's score is the height of the anchor's peak, a joint's that of its own.

    Without `search_joints` peaks of joints are left alone, which saves most of the time: joints are where the offsets
    expect them, for those who will look at each person again.

    People closer than two cells at their anchors are one peak, hence one person. The same joint of two people is
    placed exactly if it is 4 cells (10 beside a much larger person) from the other's.
    Raises InputError if the skeleton does not fit the maps.
    """
    if agr.joint_maps.shape[1] != len(skeleton):
        raise InputError(
            f"decode: expected {len(skeleton)} joint maps for {skeleton.name}, got {agr.joint_maps.shape[1]}; "
            "pass the skeleton the maps were made for"
        )
    if not search_joints and agr.joint_offsets is None:
        raise InputError("decode: expected maps with joint offsets where joints are not searched for, got none")
    anchors = find_peaks(agr.anchor_map, min_score)
    joints = find_peaks(agr.joint_maps if search_joints else agr.joint_maps[:, :0], min_score)
    return [
        _picture(agr, i, anchors[anchors.image == i][:max_people], joints[joints.image == i], skeleton, image_size)
        for i in range(len(agr))
    ]


def _picture(
    agr: AGR, image: int, anchors: Peaks, peaks: Peaks, skeleton: Skeleton, image_size: tuple[int, int]
) -> DecodedPeople:
    anchors_px = px_from_cells(anchors.at, agr.stride)
    sides = _read(agr.box_sides, image, anchors, agr.coarser)
    boxes_px = _boxes(anchors_px, sides)
    if agr.joint_offsets is None:
        joints_px, joint_scores = _grouped(peaks, anchors_px, boxes_px, skeleton, agr.stride)
    else:
        offsets = _read(agr.joint_offsets, image, anchors, agr.coarser).reshape(len(anchors), len(skeleton), 2)
        expected_px = anchors_px[:, None] + offsets
        joints_px, joint_scores = _expected(peaks, expected_px, boxes_px, agr.stride)
        visible = None if agr.joint_visible is None else _read(agr.joint_visible, image, anchors, agr.coarser)
        guesses = np.where(_inside(expected_px, image_size), GUESSED * (1.0 if visible is None else visible), 0.0)
        missing = joint_scores == 0
        joints_px = np.where(missing[..., None], expected_px, joints_px)
        joint_scores = np.where(missing, np.clip(guesses, 0, 1), joint_scores)
    people = People2D(
        boxes_px=boxes_px.astype(np.float32),
        joints_px=joints_px.astype(np.float32),
        joint_scores=joint_scores.astype(np.float32),
        scores=np.clip(anchors.height, 0, 1).astype(np.float32),
        skeleton=skeleton,
        image_size=image_size,
    )
    depth = None if agr.root_depth is None else _read(agr.root_depth, image, anchors, agr.coarser)[:, 0]
    return DecodedPeople(people=people, anchors_px=anchors_px, canonical_depth=depth)


def _read(maps: Any, image: int, peaks: Peaks, coarser: int) -> np.ndarray:
    """Values (P, C) of maps (B, C, h, w), by `coarser` coarser than the peaks' own, in the peaks' cells."""
    channels = maps[image]
    if hasattr(channels, "detach"):
        channels = channels.detach().cpu()
    return np.asarray(channels)[:, peaks.cell[:, 1] // coarser, peaks.cell[:, 0] // coarser].T


def _boxes(anchors_px: np.ndarray, sides: np.ndarray) -> np.ndarray:
    """Boxes (P, 4); where a network's sides cross, a box of one pixel at their middle."""
    low, high = anchors_px - sides[:, :2], anchors_px + sides[:, 2:]
    middle, half = (low + high) / 2, np.maximum((high - low) / 2, 0.5)
    return np.concatenate([middle - half, middle + half], axis=1)


def _expected(
    peaks: Peaks, expected_px: np.ndarray, boxes_px: np.ndarray, stride: float
) -> tuple[np.ndarray, np.ndarray]:
    """Joints (P, J, 2) px and scores (P, J) from the peaks where they are expected (P, J, 2); 0 where there is none.

    A peak's cost is minus the logarithm of its height times a Gaussian about the expected place.
    """
    people, joints, _ = expected_px.shape
    joints_px, scores = np.zeros((people, joints, 2)), np.zeros((people, joints))
    places_px = px_from_cells(peaks.at, stride)
    spread = np.maximum(EXPECTED_SPREAD * (boxes_px[:, 2:] - boxes_px[:, :2]).max(axis=1), stride)[:, None]
    far = np.linalg.norm(places_px - expected_px[:, peaks.channel], axis=-1) / spread  # people, peaks
    cost = np.where(far <= EXPECTED_REACH, 0.5 * far**2 - np.log(np.clip(peaks.height, 1e-6, 1.0)), np.inf)
    person, peak = _matched_by_channel(cost, peaks.channel)
    joints_px[person, peaks.channel[peak]] = places_px[peak]
    scores[person, peaks.channel[peak]] = np.clip(peaks.height[peak], 0, 1)
    return joints_px, scores


def _matched_by_channel(cost: np.ndarray, channel: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The best pairs (rows, columns) of a cost (P, K) within each channel (K,) of the columns, as `match` makes them.

    Where everybody's cheapest peak is nobody else's, that is the answer, which is so for nearly all channels.
    """
    person, peak = np.nonzero(np.isfinite(cost))
    order = np.argsort(cost[person, peak], kind="stable")
    person, peak = person[order], peak[order]
    _, first = np.unique(person * (channel.max(initial=0) + 1) + channel[peak], return_index=True)
    person, peak = person[first], peak[first]
    contested = np.unique(channel[peak[np.bincount(peak, minlength=cost.shape[1])[peak] > 1]])
    alone = ~np.isin(channel[peak], contested)
    rows, columns = [person[alone]], [peak[alone]]
    for one in contested:
        mine = np.flatnonzero(channel == one)
        some_rows, some_columns = match(cost[:, mine])
        rows.append(some_rows)
        columns.append(mine[some_columns])
    return np.concatenate(rows), np.concatenate(columns)


def _inside(px: np.ndarray, image_size: tuple[int, int]) -> np.ndarray:
    return np.asarray(((px >= -0.5) & (px <= np.asarray(image_size) - 0.5)).all(axis=-1))


def _grouped(
    peaks: Peaks, anchors_px: np.ndarray, boxes_px: np.ndarray, skeleton: Skeleton, stride: float
) -> tuple[np.ndarray, np.ndarray]:
    """Joints (P, J, 2) px and scores (P, J); 0 where a person has no peak."""
    people = len(anchors_px)
    joints_px, scores = np.zeros((people, len(skeleton), 2)), np.zeros((people, len(skeleton)))
    places_px = px_from_cells(peaks.at, stride)
    for joint in _parents_first(skeleton):
        mine = np.flatnonzero(peaks.channel == joint)
        near = _nearest_known(skeleton, joint, joints_px, scores, anchors_px)
        person, peak = match(_cost(places_px[mine], near, boxes_px, stride))
        joints_px[person, joint] = places_px[mine[peak]]
        scores[person, joint] = np.clip(peaks.height[mine[peak]], 0, 1)
    return joints_px, scores


def _parents_first(skeleton: Skeleton) -> list[int]:
    depth = [len(_ancestors(skeleton, joint)) for joint in range(len(skeleton))]
    return sorted(range(len(skeleton)), key=lambda joint: (depth[joint], joint))


def _ancestors(skeleton: Skeleton, joint: int) -> list[int]:
    """From the parent to the tree's root."""
    chain = []
    while (joint := skeleton.parents[joint]) >= 0:
        chain.append(joint)
    return chain


def _nearest_known(
    skeleton: Skeleton, joint: int, joints_px: np.ndarray, scores: np.ndarray, anchors_px: np.ndarray
) -> np.ndarray:
    """Each person's nearest ancestor of the joint that has a place, else the anchor: (P, 2) px."""
    near = anchors_px
    for ancestor in reversed(_ancestors(skeleton, joint)):
        near = np.where(scores[:, ancestor, None] > 0, joints_px[:, ancestor], near)
    return near


def _cost(places_px: np.ndarray, near_px: np.ndarray, boxes_px: np.ndarray, stride: float) -> np.ndarray:
    """(P, K): distance over the box's size, infinite outside the box."""
    size = boxes_px[:, 2:] - boxes_px[:, :2]
    slack = (BOX_SLACK * size + SLACK_CELLS * stride)[:, None]
    inside = (places_px >= boxes_px[:, None, :2] - slack) & (places_px <= boxes_px[:, None, 2:] + slack)
    distance = np.linalg.norm(places_px - near_px[:, None], axis=-1) / np.linalg.norm(size, axis=-1)[:, None]
    return np.where(inside.all(axis=-1), distance, np.inf)
