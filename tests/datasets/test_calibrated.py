"""What calibrated readers share, against people and cameras that are known."""

import numpy as np
import pytest

from metricpose import InputError
from metricpose.datasets.calibrated import (
    centred_boxes,
    check_metres,
    check_once,
    corner_boxes,
    fitted_pinhole,
    flags,
    pinhole,
    projected,
)
from tests.datasets.formats_made import CAMERA_PX, people_mm, seen_px


def test_the_camera_behind_projections_is_found():
    points = people_mm(3, 17).reshape(-1, 3) / 1000
    pixels = seen_px(points)
    pixels[5], points[9, 2] = np.nan, -1.0
    camera = fitted_pinhole(points, pixels, (1920, 1080), "TS1")
    fx, fy, cx, cy = CAMERA_PX
    assert np.allclose(camera.intrinsics_px, [[fx, 0, cx], [0, fy, cy], [0, 0, 1]])
    assert camera.image_size == (1920, 1080)


def test_pixels_of_something_else_are_refused():
    points = people_mm(3, 17).reshape(-1, 3) / 1000
    with pytest.raises(InputError, match="TS1: expected 2D joints that are projections"):
        fitted_pinhole(points, np.random.default_rng(0).uniform(0, 1000, (51, 2)), (9, 9), "TS1")
    with pytest.raises(InputError, match="TS1: expected 4 or more joints"):
        fitted_pinhole(points[:3], seen_px(points[:3]), (9, 9), "TS1")


def test_projections_are_nan_where_nothing_is_seen():
    camera = pinhole(np.array([100.0, 200.0]), np.array([50.0, 40.0]), (100, 80))
    joints = np.array([[0.1, 0.2, 1.0], [0.0, 0.0, -1.0], [np.nan, 0.0, 1.0]])
    assert np.allclose(projected(camera, joints), [[60.0, 80.0], [np.nan] * 2, [np.nan] * 2], equal_nan=True)


def test_boxes():
    assert np.array_equal(corner_boxes(np.array([[10.0, 20.0, 5.0, 6.0]])), [[10, 20, 15, 26]])
    assert corner_boxes(np.zeros((0, 4))).shape == (0, 4)
    assert np.array_equal(centred_boxes(np.array([[500.0, 400.0]]), np.array([1.5])), [[350, 250, 650, 550]])


@pytest.mark.parametrize("factor", [1.0, 0.001, 1000.0])
def test_another_unit_is_seen(factor):
    joints = people_mm(5, 17) / 1000 * factor
    joints[0, :3], joints[1] = np.nan, np.nan
    if factor == 1.0:
        check_metres(joints, "annot3")
        check_metres(joints[1:2], "nobody known")
        check_metres(joints[:0], "nobody")
    else:
        with pytest.raises(InputError, match="annot3: expected people of about 1 to 2 m"):
            check_metres(joints, "annot3")


def test_flags_and_doubles():
    assert flags([1, 0, True, [0.0]], 4, "v").tolist() == [True, False, True, False]
    for bad in ([1, 0], ["x"] * 4, [None] * 4):
        with pytest.raises(InputError, match="^v: expected"):
            flags(bad, 4, "v")
    check_once(["a", "b"], "names")
    with pytest.raises(InputError, match="names: expected each once, got 'a' again"):
        check_once(["a", "b", "a"], "names")
