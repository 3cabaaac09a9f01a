"""Quarter turns of crops: points go where their pixels go, and come back."""

import numpy as np
import pytest

from metricpose.agr.decode import DecodedPeople
from metricpose.inference.detectors.turned import turned_back, turned_boxes, turned_pixels, turned_points
from metricpose.people import People2D
from metricpose.skeletons.catalogue import COCO17

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
    rng = np.random.default_rng(quarters)
    joints = rng.uniform(0, SIZE, (2, 17, 2))
    boxes = np.concatenate([joints.min(1), joints.max(1)], axis=1)
    turned = People2D(
        boxes_px=turned_boxes(boxes, quarters, SIZE), joints_px=turned_points(joints, quarters, SIZE),
        joint_scores=np.ones((2, 17)), scores=np.ones(2), skeleton=COCO17, image_size=(SIZE, SIZE),
    )  # fmt: skip
    found = DecodedPeople(people=turned, anchors_px=turned_points(boxes[:, :2], quarters, SIZE), canonical_depth=None)
    back = turned_back(found, quarters, SIZE)
    assert back.people.joints_px == pytest.approx(joints, abs=1e-4)
    assert back.people.boxes_px == pytest.approx(boxes, abs=1e-4)
    assert back.anchors_px == pytest.approx(boxes[:, :2])
