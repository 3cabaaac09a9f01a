"""Joints from distributions over the cells: exact places, honest scores, two limbs for two joints."""

import numpy as np
import pytest

from metricpose.agr.single import joints_of_maps, person_of_maps
from metricpose.skeletons.catalogue import COCO17

CELLS = 32
BOX = np.array([10.0, 12.0, 90.0, 110.0])
LEFT, RIGHT = COCO17.joints.index("left_knee"), COCO17.joints.index("right_knee")


def bump(x_px, y_px, mass=1.0, sigma=1.0):
    rows, columns = np.indices((CELLS, CELLS))
    cx, cy = (x_px + 0.5) / 4 - 0.5, (y_px + 0.5) / 4 - 0.5
    out = np.exp(-((columns - cx) ** 2 + (rows - cy) ** 2) / (2 * sigma**2))
    return mass * out / out.sum()


def maps_of(places, sigma=1.0):
    return np.array([bump(x, y, sigma=sigma) for x, y in places])


@pytest.mark.parametrize("sigma", [0.7, 1.0, 1.5])
def test_places_are_exact_between_the_cells(sigma):
    places = np.random.default_rng(0).uniform(30, 98, (17, 2))
    found, scores = joints_of_maps(maps_of(places, sigma), 4.0, COCO17, 100.0)
    assert found == pytest.approx(places, abs=0.15)
    assert scores.min() > 0.8


def test_a_score_is_how_much_of_the_map_is_there():
    maps = maps_of(np.full((17, 2), 60.0) + np.arange(17)[:, None] * 2)
    maps[0] = bump(20, 20, 0.7) + bump(100, 100, 0.3)
    found, scores = joints_of_maps(maps, 4.0, COCO17, 100.0)
    assert found[0] == pytest.approx([20, 20], abs=0.1) and scores[0] == pytest.approx(0.7, abs=0.01)


def test_two_joints_on_one_limb_are_told_apart_by_the_one_that_loses_less():
    maps = maps_of(np.linspace(20, 100, 34).reshape(17, 2))
    maps[LEFT] = bump(40, 90, 0.55) + bump(80, 90, 0.45)
    maps[RIGHT] = bump(40, 90, 0.8) + bump(80, 90, 0.2)
    found, scores = joints_of_maps(maps, 4.0, COCO17, 100.0)
    assert found[LEFT] == pytest.approx([80, 90], abs=0.3) and found[RIGHT] == pytest.approx([40, 90], abs=0.3)
    assert scores[[LEFT, RIGHT]] == pytest.approx([0.45, 0.8], abs=0.01)


def test_they_stay_together_where_there_is_no_other_place():
    """A person seen from the side: both knees are where they are."""
    maps = maps_of(np.linspace(20, 100, 34).reshape(17, 2))
    maps[LEFT] = maps[RIGHT] = bump(40, 90, 0.98) + bump(80, 90, 0.02)
    found, _ = joints_of_maps(maps, 4.0, COCO17, 100.0)
    assert found[LEFT] == pytest.approx([40, 90], abs=0.2) and found[RIGHT] == pytest.approx([40, 90], abs=0.2)


def test_the_mirror_image_is_the_mirror_image():
    rng = np.random.default_rng(1)
    maps = rng.random((17, CELLS, CELLS)) ** 20
    maps /= maps.sum((1, 2), keepdims=True)
    mirror = list(COCO17.mirror)
    ours, scores = joints_of_maps(maps, 4.0, COCO17, 100.0)
    theirs, others = joints_of_maps(maps[mirror][:, :, ::-1], 4.0, COCO17, 100.0)
    assert theirs[mirror] * [-1, 1] + [4 * CELLS - 1, 0] == pytest.approx(ours, abs=1e-6)
    assert others[mirror] == pytest.approx(scores)


def test_hidden_joints_are_less_sure():
    maps = maps_of(np.linspace(20, 100, 34).reshape(17, 2))
    seen = np.full(17, 0.25)
    person = person_of_maps(maps, seen, BOX, 4.0, COCO17, 100.0)
    assert person.joint_scores == pytest.approx(0.25 * joints_of_maps(maps, 4.0, COCO17, 100.0)[1])
    assert person.score == pytest.approx((person.joint_scores**2).sum() / person.joint_scores.sum())


def test_half_a_person_is_as_likely_as_a_whole_one():
    maps = maps_of(np.linspace(20, 100, 34).reshape(17, 2))
    half = person_of_maps(maps, np.where(np.arange(17) < 9, 0.9, 0.0), BOX, 4.0, COCO17, 100.0)
    assert half.score == pytest.approx(person_of_maps(maps, np.full(17, 0.9), BOX, 4.0, COCO17, 100.0).score, abs=0.03)


def test_the_corners_of_a_box_come_in_order():
    maps, seen = maps_of(np.linspace(20, 100, 34).reshape(17, 2)), np.ones(17)
    for said in (BOX, BOX[[2, 1, 0, 3]], BOX[[2, 3, 0, 1]]):
        assert person_of_maps(maps, seen, said, 4.0, COCO17, 100.0).box_px == pytest.approx(BOX)


def test_flat_maps_say_nothing():
    maps = np.full((17, CELLS, CELLS), 1 / CELLS**2)
    assert joints_of_maps(maps, 4.0, COCO17, 100.0)[1].max() < 0.06
