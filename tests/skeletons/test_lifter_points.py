"""What the lifter reads of each skeleton."""

import numpy as np
import pytest

from metricpose.skeletons import CATALOGUE, skeleton_named
from metricpose.skeletons.acae import AffineAutoencoder
from metricpose.skeletons.catalogue import COCO17
from metricpose.skeletons.lifter_points import OTHER_POINTS, lifter_view
from metricpose.skeletons.points import body_points, other_side


def test_coco_is_read_as_it_is() -> None:
    view = lifter_view(COCO17)
    np.testing.assert_array_equal(view.weights, np.eye(17))
    assert (view.joint_of == -1).all()


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_joint_of_the_catalogue_is_read_but_fingers(name: str) -> None:
    skeleton = skeleton_named(name)
    view, points = lifter_view(skeleton), body_points(skeleton)
    read = set(np.flatnonzero((view.weights != 0).any(axis=0))) | set(view.joint_of[view.joint_of >= 0])
    unread = {points[joint] for joint in range(len(skeleton)) if joint not in read}
    fingers = ("thumb", "index", "middle", "ring", "pinky")
    assert all(any(finger in point for finger in fingers) for point in unread)
    assert (view.weights != 0).sum(axis=1).max() <= 2
    sums = view.weights.sum(axis=1)
    assert np.allclose(sums[sums != 0], 1.0, atol=1e-6)


def test_each_joint_has_its_slot_by_name_in_any_order() -> None:
    view, body = lifter_view(skeleton_named("body25")), skeleton_named("body25")
    for slot, joint in enumerate(COCO17.joints):
        assert np.flatnonzero(view.weights[slot]).tolist() == [body.index(joint)]
    assert view.joint_of[OTHER_POINTS.index("left_big_toe")] == body.index("left_big_toe")
    assert view.joint_of[OTHER_POINTS.index("mid_shoulder")] == body.index("neck")


def test_hips_placed_apart_fill_both_kinds_of_slots() -> None:
    h36m = skeleton_named("h36m17")
    view, hips = lifter_view(h36m), [h36m.index("left_hip"), h36m.index("right_hip")]
    assert np.flatnonzero(view.weights[11]).tolist() == sorted(hips)
    left, right = view.weights[11, hips]
    assert 0.8 < left < 0.95  # COCO's lie further in
    np.testing.assert_allclose(view.weights[12, hips], [right, left], atol=1e-6)
    assert view.joint_of[OTHER_POINTS.index("h36m_left_hip")] == hips[0]


def test_points_are_known_once_and_on_both_sides() -> None:
    assert set(OTHER_POINTS) <= set(AffineAutoencoder.load().points[17:])
    assert len(set(OTHER_POINTS)) == len(OTHER_POINTS) == 65
    assert {other_side(point) for point in OTHER_POINTS} == set(OTHER_POINTS)
