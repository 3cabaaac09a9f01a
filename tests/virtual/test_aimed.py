"""Views that look straight at a person: exact geometry, and pictures that agree with it."""

import numpy as np
import pytest

from metricpose._errors import InputError
from metricpose.geometry.camera import Camera
from metricpose.geometry.distortion import BrownConrady
from metricpose.virtual.aimed import GREY, aimed_view, seen_through

CAMERA = Camera.from_focal((400, 300), 250.0)
BOX = np.array([300.0, 40.0, 380.0, 200.0])


def test_the_view_is_a_turn_of_the_same_camera():
    view = aimed_view(CAMERA, BOX, 64, 1.5)
    np.testing.assert_allclose(view.rotation @ view.rotation.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(view.rotation) == pytest.approx(1.0)
    middle = np.asarray(CAMERA.rays(np.array([340.0, 120.0])))
    np.testing.assert_allclose(view.rotation @ middle / np.linalg.norm(middle), [0, 0, 1], atol=1e-9)


def test_the_box_takes_its_share_of_the_view():
    view = aimed_view(CAMERA, BOX, 64, 1.5)
    ends = np.asarray(CAMERA.rays(np.array([[340.0, 40.0], [340.0, 200.0]]))) @ view.rotation.T
    extent = np.abs(ends[:, 1] / ends[:, 2]).max() * view.focal_px
    assert extent == pytest.approx(64 / 2 / 1.5)


@pytest.mark.parametrize("distortion", [None, BrownConrady((-0.1, 0.01, 0.0, 0.0))])
def test_a_spot_of_the_picture_is_where_its_ray_meets_the_view(distortion):
    camera = CAMERA.replaced(distortion=distortion)
    picture = np.full((300, 400, 3), 30, np.uint8)
    picture[148:153, 318:323] = 250
    view = aimed_view(camera, BOX, 96, 2.0)
    seen = seen_through(picture, camera, view)[..., 0].astype(float) - 30
    rows, columns = np.mgrid[:96, :96]
    bright = seen > 110  # the grey beyond the edge is darker
    found = np.array([(columns * seen)[bright].sum(), (rows * seen)[bright].sum()]) / seen[bright].sum()
    ray = view.rotation @ np.asarray(camera.rays(np.array([320.0, 150.0])))
    expected = ray[:2] / ray[2] * view.focal_px + 47.5
    np.testing.assert_allclose(found, expected, atol=0.6)


def test_beyond_the_edge_all_is_grey():
    view = aimed_view(CAMERA, np.array([380.0, 100.0, 398.0, 150.0]), 64, 3.0)
    seen = seen_through(np.zeros((300, 400, 3), np.uint8), CAMERA, view)
    assert abs(int(seen[32, -1, 0]) - round(GREY * 255)) <= 1
    assert seen[32, 20, 0] == 0


@pytest.mark.parametrize("box", [[5, 5, 5, 9], [np.nan, 0, 4, 4], [0, 0, np.inf, 4]])
def test_boxes_that_are_none_are_refused(box):
    with pytest.raises(InputError, match="expected a finite box"):
        aimed_view(CAMERA, np.array(box), 64, 1.5)
