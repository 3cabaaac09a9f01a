"""Left and right on one limb are told apart where the picture has a second place, and only there."""

import numpy as np
import pytest

from metricpose.agr.peaks import Peaks
from metricpose.agr.sides import limb_pairs, separated
from metricpose.skeletons.catalogue import COCO17

LEFT, RIGHT = COCO17.joints.index("left_knee"), COCO17.joints.index("right_knee")
BOX = np.array([[0.0, 0.0, 100.0, 200.0]])


def joints(left, right, people=1):
    places = np.tile(np.array([50.0, 20.0]), (people, 17, 1))
    places[:, LEFT], places[:, RIGHT] = left, right
    return places


def peaks(*entries):
    """(channel, x, y, height) -> peaks of stride 1 and their places."""
    channel, x, y, height = (np.array(column) for column in zip(*entries, strict=True))
    at = np.stack([x, y], -1).astype(float)
    nothing = np.zeros(len(channel), int)
    return Peaks(image=nothing, channel=channel, cell=at.astype(int), at=at, height=height.astype(float)), at


def told_apart(left, right, entries, scores=(0.6, 0.6), boxes=BOX, people=None):
    given = np.ones((len(boxes), 17))
    given[:, LEFT], given[:, RIGHT] = scores
    places = joints(left, right, len(boxes)) if people is None else people
    found, at = peaks(*entries)
    return separated(places, given, found, at, boxes, COCO17)


ONE, OTHER = (40.0, 150.0), (70.0, 150.0)


@pytest.mark.parametrize(("heights", "moved"), [((0.5, 0.4), LEFT), ((0.4, 0.5), RIGHT)])
def test_the_surer_of_the_two_moves_to_the_other_limb(heights, moved):
    entries = [(LEFT, *ONE, 0.6), (RIGHT, *ONE, 0.6), (LEFT, *OTHER, heights[0]), (RIGHT, *OTHER, heights[1])]
    places, scores = told_apart(ONE, ONE, entries)
    kept = RIGHT if moved == LEFT else LEFT
    assert places[0, moved].tolist() == list(OTHER) and places[0, kept].tolist() == list(ONE)
    assert scores[0, moved] == max(heights) and scores[0, kept] == 0.6


@pytest.mark.parametrize(
    "entries",
    [
        [(LEFT, *ONE, 0.6), (RIGHT, *ONE, 0.6)],  # a leg before the other: there is no second place
        [(LEFT, *ONE, 0.6), (LEFT, *OTHER, 0.1)],  # too faint
        [(LEFT, *ONE, 0.6), (LEFT, 150.0, 150.0, 0.6)],  # out of the box
        [(LEFT, *ONE, 0.6), (LEFT, 44.0, 150.0, 0.6)],  # the same limb
    ],
)
def test_else_both_stay(entries):
    places, scores = told_apart(ONE, ONE, entries)
    assert places[0, LEFT].tolist() == places[0, RIGHT].tolist() == list(ONE) and scores[0, LEFT] == 0.6


def test_limbs_that_are_apart_stay():
    places, _ = told_apart(ONE, OTHER, [(LEFT, *OTHER, 0.9), (RIGHT, *ONE, 0.9)])
    assert places[0, LEFT].tolist() == list(ONE) and places[0, RIGHT].tolist() == list(OTHER)


def test_nobody_takes_anothers_limb():
    people = np.concatenate([joints(ONE, ONE), joints(OTHER, (90.0, 150.0))])
    entries = [(LEFT, *ONE, 0.6), (RIGHT, *ONE, 0.6), (LEFT, *OTHER, 0.6)]
    places, _ = told_apart(None, None, entries, boxes=np.repeat(BOX, 2, 0), people=people)
    assert places[0, LEFT].tolist() == list(ONE)


def test_nobody_is_ordinary():
    found, at = peaks((LEFT, *ONE, 0.5))
    places, scores = separated(np.zeros((0, 17, 2)), np.zeros((0, 17)), found, at, np.zeros((0, 4)), COCO17)
    assert places.shape == (0, 17, 2) and scores.shape == (0, 17)


def test_pairs_are_limbs():
    names = [(COCO17.joints[a], COCO17.joints[b]) for a, b in limb_pairs(COCO17)]
    assert names == [(f"left_{part}", f"right_{part}") for part in ("elbow", "wrist", "knee", "ankle")]
