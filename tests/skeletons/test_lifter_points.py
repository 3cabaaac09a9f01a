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
    np.testing.assert_array_equal(view.first, np.arange(17))
    assert (view.second == -1).all()
    assert (view.joint_of == -1).all()


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_joint_of_the_catalogue_is_read_but_fingers(name: str) -> None:
    skeleton = skeleton_named(name)
    view, points = lifter_view(skeleton), body_points(skeleton)
    read = {*view.first.tolist(), *view.joint_of.tolist()}
    unread = {points[joint] for joint in range(len(skeleton)) if joint not in read}
    fingers = ("thumb", "index", "middle", "ring", "pinky")
    assert all(any(finger in point for finger in fingers) for point in unread)
    assert (view.share[view.second < 0] == 1).all()


def test_each_joint_has_its_slot_by_name_in_any_order() -> None:
    view, body = lifter_view(skeleton_named("body25")), skeleton_named("body25")
    for slot, joint in enumerate(COCO17.joints):
        assert view.first[slot] == body.index(joint)
    assert view.joint_of[OTHER_POINTS.index("left_big_toe")] == body.index("left_big_toe")
    assert view.joint_of[OTHER_POINTS.index("mid_shoulder")] == body.index("neck")


def test_hips_placed_apart_fill_both_kinds_of_slots() -> None:
    h36m = skeleton_named("h36m17")
    view, hips = lifter_view(h36m), [h36m.index("left_hip"), h36m.index("right_hip")]
    assert view.first[[11, 12]].tolist() == hips
    assert view.second[[11, 12]].tolist() == hips[::-1]
    assert 0.8 < view.share[11] < 0.95  # COCO's lie further in
    assert view.share[12] == view.share[11]
    assert lifter_view(skeleton_named("smpl24")).share[11] > 1.05  # and SMPL's further in than those
    assert view.joint_of[OTHER_POINTS.index("h36m_left_hip")] == hips[0]


def test_points_are_known_once_and_on_both_sides() -> None:
    assert set(OTHER_POINTS) <= set(AffineAutoencoder.load().points[17:])
    assert len(set(OTHER_POINTS)) == len(OTHER_POINTS) == 65
    assert {other_side(point) for point in OTHER_POINTS} == set(OTHER_POINTS)
