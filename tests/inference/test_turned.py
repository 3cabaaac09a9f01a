"""Quarter turns of crops: points go where their pixels go, and come back."""

import numpy as np
import pytest

from metricpose.agr.single import CropPerson
from metricpose.inference.detectors.turned import turned_back, turned_pixels, turned_points

SIZE = 32


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_points_go_where_their_pixels_go(quarters):
    pixels = np.zeros((SIZE, SIZE, 3), np.uint8)
    x, y = 5, 20
    pixels[y, x] = 255
    row, column = np.argwhere(turned_pixels(pixels, quarters)[..., 0])[0]
    assert turned_points(np.array([x, y]), quarters, SIZE).tolist() == [column, row]


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_there_and_back(quarters):
    joints = np.random.default_rng(quarters).uniform(0, SIZE, (26, 2))
    box = np.array([3.0, 5.0, 20.0, 31.0])
    corners = np.sort(turned_points(box.reshape(2, 2), quarters, SIZE), axis=0)
    found = CropPerson(
        joints_px=turned_points(joints, quarters, SIZE), joint_scores=np.ones(26), box_px=corners.reshape(4), score=0.5
    )
    back = turned_back(found, quarters, SIZE)
    assert back.joints_px == pytest.approx(joints) and back.score == 0.5
    assert back.box_px == pytest.approx(box)
