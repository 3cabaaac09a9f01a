"""TBS: RootNet's k by hand, crops against plain indexing, and who is answered for."""

import pytest
import torch

from metricpose._errors import InputError
from metricpose.agr.types import CANONICAL_FOCAL_PX
from metricpose.models.root_by_box_size import (
    RootByBoxSize,
    RootByBoxSizeOptions,
    cropped,
    depth_by_size,
    squared,
)
from metricpose.models.seen_roots import SeenRoots

SMALL = RootByBoxSizeOptions(crop=8, widths=(4, 4, 4, 4))


def _seen(people: int = 3, *, pictures: int = 2, seed: int = 0) -> SeenRoots:
    generator = torch.Generator().manual_seed(seed)
    maps = torch.rand(pictures, 5, 12, 20, generator=generator)
    low = torch.rand(pictures, people, 2, generator=generator) * 30
    size = 10 + torch.rand(pictures, people, 2, generator=generator) * 30
    boxes = torch.cat([low, low + size], -1)
    present = torch.ones(pictures, people, dtype=torch.bool)
    return SeenRoots(maps, 4.0, maps, boxes, low + size / 2, present)


def test_a_square_of_two_metres_at_five_metres_is_five_metres_away():
    side_px = 2.0 * CANONICAL_FOCAL_PX / 5.0  # before a camera of the canonical focal length
    boxes = torch.tensor([[10.0, 20.0, 10.0 + 0.3 * side_px, 20.0 + side_px]])
    assert depth_by_size(squared(boxes)).tolist() == pytest.approx([5.0])


def test_squares_keep_the_middle_and_the_longer_side():
    square = squared(torch.tensor([[0.0, 10.0, 40.0, 20.0]]))[0].tolist()
    assert square == pytest.approx([0.0, -5.0, 40.0, 35.0])


def test_a_crop_of_whole_cells_is_those_cells():
    planes = torch.rand(1, 2, 12, 20)
    box = torch.tensor([[4 * 3 - 0.5, 4 * 2 - 0.5, 4 * 11 - 0.5, 4 * 10 - 0.5]])  # cells 3 to 10, 2 to 9
    torch.testing.assert_close(cropped(planes, box, 4.0, 8), planes[:, :, 2:10, 3:11])


def test_a_crop_beyond_the_picture_is_empty():
    assert cropped(torch.ones(1, 1, 4, 4), torch.tensor([[100.0, 100.0, 120.0, 120.0]]), 4.0, 8).abs().max() == 0


def test_before_it_has_learnt_all_have_the_height_of_a_person():
    seen = _seen()
    depths = RootByBoxSize(5, SMALL).eval()(seen)
    expected = 0.85 * depth_by_size(squared(seen.boxes_px.flatten(0, 1))).reshape(2, 3)
    torch.testing.assert_close(depths, expected, rtol=0.05, atol=0)


def test_a_person_in_the_picture_twice_as_large_is_half_as_far():
    net = RootByBoxSize(5, SMALL).eval()
    seen = _seen(1, pictures=1)
    larger = seen._replace(stride=8.0, boxes_px=(seen.boxes_px + 0.5) * 2 - 0.5)
    torch.testing.assert_close(net(larger), net(seen) / 2)


def test_only_the_present_are_answered_and_nobody_is_ordinary():
    seen = _seen()
    seen.present[0, 1] = False
    net = RootByBoxSize(5, SMALL).eval()
    depths = net(seen)
    assert depths[0, 1] == 0 and (depths[seen.present] > 0).all()
    alone = net(seen._replace(boxes_px=seen.boxes_px[:, :1], present=seen.present[:, :1]))
    torch.testing.assert_close(alone, depths[:, :1])
    empty = seen._replace(boxes_px=seen.boxes_px[:, :0], present=seen.present[:, :0])
    assert net(empty).shape == (2, 0)


def test_refuses_a_crop_of_nothing():
    with pytest.raises(InputError, match="TBS: expected a crop of 8 cells or more"):
        RootByBoxSizeOptions(crop=4)
