"""A known person in a crop: the encoder's maps give them back, and the box says who is meant."""

import numpy as np
import pytest

from metricpose.agr import encode
from metricpose.agr.crops import crop_person
from metricpose.people import People2D
from metricpose.skeletons.catalogue import COCO17

SIZE = (160, 160)
_POSE = np.random.default_rng(3).uniform(-30, 30, (17, 2))
_POSE[[11, 12]] = (-6, 0), (6, 0)  # hips about the root


def people(*roots):
    joints = np.array([_POSE + root for root in roots])
    return People2D(
        boxes_px=np.concatenate([joints.min(1) - 3, joints.max(1) + 3], axis=1), joints_px=joints,
        joint_scores=np.ones(joints.shape[:2]), scores=np.ones(len(joints)), skeleton=COCO17, image_size=SIZE,
    )  # fmt: skip


def test_the_person_of_the_box_is_found():
    two = people((50.0, 80.0), (110.0, 80.0))
    agr = encode([two], map_size=(40, 40))
    for i in range(2):
        found = crop_person(agr, 0, two.boxes_px[i], COCO17, SIZE)
        assert found.joints_px == pytest.approx(two.joints_px[i], abs=0.5)
        assert found.box_px == pytest.approx(two.boxes_px[i], abs=1.0) and found.score == pytest.approx(1.0, abs=0.2)


def test_a_joint_without_a_peak_is_where_it_is_expected_and_less_sure():
    one = people((80.0, 80.0))
    agr = encode([one], map_size=(40, 40))
    agr.joint_maps[0, 9] = 0.0
    found = crop_person(agr, 0, one.boxes_px[0], COCO17, SIZE)
    assert found.joints_px[9] == pytest.approx(one.joints_px[0, 9], abs=1.0)
    assert found.joint_scores[9] == pytest.approx(0.5) and found.joint_scores[8] > 0.7


def test_a_higher_peak_far_from_where_the_joint_is_expected_is_anothers():
    one = people((80.0, 80.0))
    agr = encode([one], map_size=(40, 40))
    agr.joint_maps[0, 0] *= 0.4
    far = one.joints_px[0, np.linalg.norm(_POSE - _POSE[0], axis=1).argmax()]  # in the box
    column, row = np.round((far + 0.5) / 4 - 0.5).astype(int)
    agr.joint_maps[0, 0, row, column] = 0.6
    found = crop_person(agr, 0, one.boxes_px[0], COCO17, SIZE)
    assert found.joints_px[0] == pytest.approx(one.joints_px[0, 0], abs=0.7)
