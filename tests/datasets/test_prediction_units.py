import numpy as np
import pytest

from metricpose._errors import InputError
from metricpose.datasets.prediction_units import check_sizes, metres_per
from metricpose.people import PeopleFrame
from metricpose.skeletons import CATALOGUE

H36M = CATALOGUE["h36m17"]


def _frame(*heights_m, name="a.jpg", distance_m=4.0, **more):
    joints = np.zeros((len(heights_m), 17, 3))
    joints[..., 2] = distance_m
    joints[..., 1] = np.linspace(0, 1, 17) * np.array(heights_m)[:, None]
    return PeopleFrame(name=name, skeleton=H36M, joints_cam=joints, **more)


@pytest.mark.parametrize("height", [0.5, 1.7, 2.5])
def test_people_of_the_size_of_people_pass(height):
    check_sizes([_frame(height), _frame(), _frame(1.7, height, 1.6)])
    check_sizes([])


@pytest.mark.parametrize("factor", [10, 100, 1000, 0.1, 0.01, 0.001])
def test_a_file_in_another_unit_is_refused(factor):
    frames = [_frame(1.7 * factor, 1.6 * factor, distance_m=4.0), _frame(1.8 * factor)]
    with pytest.raises(
        InputError, match=r"picture 'a\.jpg': person \d: expected a person of about 1 to 2 m, got one of"
    ):
        check_sizes(frames)


@pytest.mark.parametrize("height", [1700.0, 0.0017])
def test_one_person_in_another_unit_is_named(height):
    frames = [_frame(1.7, 1.8), _frame(1.6, height, name="b.jpg"), _frame(1.7)]
    with pytest.raises(InputError, match=rf"picture 'b\.jpg': person 1: .* got one of {height:.4g} m; are the units"):
        check_sizes(frames)


def test_a_few_bad_estimates_do_not_make_a_file_bad():
    check_sizes([_frame(1.7, 8.0), _frame(1.6, 0.1), _frame(1.8)])


def test_unknown_joints_and_people_without_a_pose_are_passed_over():
    joints = np.array(_frame(1.7, 1.7).joints_cam)
    joints[0, 5:] = np.nan
    joints[0, :4] *= 1000
    joints[0, 4] = np.nan
    joints[1] = joints[1, :1]  # all at the root
    check_sizes([PeopleFrame(name="a", skeleton=H36M, joints_cam=joints)])
    check_sizes([PeopleFrame(name="a", skeleton=H36M, joints_px=np.zeros((2, 17, 2)))])


@pytest.mark.parametrize("distance", [4000.0, 0.004])
def test_roots_at_an_impossible_distance_are_refused(distance):
    joints = np.full((1, 17, 3), np.nan)
    frame = PeopleFrame(name="a.jpg", skeleton=H36M, joints_cam=joints, root_cam=np.array([[0, 0, distance]]))
    with pytest.raises(
        InputError, match=rf"picture 'a\.jpg': person 0: .*some metres from the camera, got {distance:.4g} m"
    ):
        check_sizes([frame])


def test_root_relative_poses_are_refused():
    joints = np.array(_frame(1.7).joints_cam)
    joints -= joints.mean(axis=1, keepdims=True)
    with pytest.raises(InputError, match="is it the camera's frame"):
        check_sizes([PeopleFrame(name="a", skeleton=H36M, joints_cam=joints)])


def test_units():
    assert [metres_per(unit) for unit in ("m", "cm", "mm")] == [1.0, 0.01, 0.001]
    with pytest.raises(InputError, match="unit: expected one of m, cm, mm, got 'inch'"):
        metres_per("inch")
