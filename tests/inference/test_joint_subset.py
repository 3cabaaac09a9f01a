"""A part of a skeleton's joints: the others are unseen, and what cannot be lifted is refused."""

import numpy as np
import pytest

from metricpose import Camera, InputError
from metricpose.cli.bench_lift import standing_people
from metricpose.inference.joint_subset import with_joints

_PEOPLE = standing_people(3, Camera.from_focal((320, 240), 300.0), seed=0)


def test_the_others_are_unseen() -> None:
    some = with_joints(_PEOPLE, ["right_hip", "nose"])
    assert np.flatnonzero(some.joint_scores.any(axis=0)).tolist() == [0, 12]
    np.testing.assert_array_equal(some.joint_scores[:, [0, 12]], _PEOPLE.joint_scores[:, [0, 12]])
    np.testing.assert_array_equal(some.joints_px, _PEOPLE.joints_px)
    np.testing.assert_array_equal(with_joints(_PEOPLE, _PEOPLE.skeleton.joints).joint_scores, _PEOPLE.joint_scores)


@pytest.mark.parametrize(
    ("skeleton", "names", "text"),
    [
        ("coco17", ["nose", "tail"], "joints: expected joints of coco17, got 'tail'; it has nose, left_eye, "),
        ("coco17", [""], "joints: expected joints of coco17, got ''; it has nose, left_eye, "),
        ("coco17", ["nose", "nose"], "joints: expected each joint once, got nose more than once; leave one out"),
        ("coco17", ["nose"], "joints: expected at least two of those that tell where a person is (nose, left_eye, "),
        ("body25", ["left_heel", "left_big_toe"], "joints: expected at least two of those that tell where a person is"),
        ("h36m17", ["left_hip", "root"], "joints: expected at least two of those that tell where a person is"),
    ],
)
def test_what_cannot_be_is_one_line(skeleton: str, names: list[str], text: str) -> None:
    with pytest.raises(InputError) as refused:
        with_joints(_PEOPLE.to(skeleton), names)
    assert str(refused.value).startswith(text)
    assert "\n" not in str(refused.value)


def test_two_hips_placed_apart_are_enough() -> None:
    hips = with_joints(_PEOPLE.to("h36m17"), ["left_hip", "right_hip"])
    assert (hips.joint_scores > 0).sum(axis=1).tolist() == [2, 2, 2]
