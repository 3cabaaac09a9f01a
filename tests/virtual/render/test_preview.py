"""The sheet: every label where it belongs, whatever the scale."""

import numpy as np
import pytest

from metricpose._errors import InputError
from metricpose.skeletons import skeleton_named
from metricpose.virtual.render.preview import LabelledPicture, drawn_labels, preview_sheet

COCO = skeleton_named("coco17")


def labelled(people=1, **fields) -> LabelledPicture:
    joints = np.full((people, len(COCO), 2), np.nan)
    joints[:, 0] = (30, 20)
    values = {
        "rgb": np.zeros((80, 60, 3), np.uint8),
        "joints_px": joints,
        "visible": np.ones((people, len(COCO)), bool),
        "boxes_px": np.tile((10.0, 10.0, 50.0, 70.0), (people, 1)),
        "skeleton": COCO,
        "caption": "seed 1",
    }
    return LabelledPicture(**{**values, **fields})


def test_joints_and_boxes_lie_where_they_belong_at_twice_the_size() -> None:
    tile = np.asarray(drawn_labels(labelled(), 160))
    assert tile[40 + 1, 60 + 1].max() == 245  # (30 + 0.5) x 2 - 0.5
    assert tuple(tile[100, 20]) == (120, 255, 120) and tuple(tile[100, 60]) == (0, 0, 0)


def test_people_are_tinted_and_amodal_boxes_drawn() -> None:
    ids = np.zeros((80, 60), np.uint8)
    ids[30:40, 20:30] = 2
    picture = labelled(people=0, person_ids=ids, amodal_boxes_px=np.array([[5.0, 5.0, 55.0, 75.0]]))
    tile = np.asarray(drawn_labels(picture, 80))
    assert tile[35, 25].any() and not tile[50, 40].any()
    assert tuple(tile[40, 5]) == (255, 120, 200)


def test_a_sheet_has_rows_and_columns() -> None:
    sheet = preview_sheet([labelled(k % 3) for k in range(5)], columns=3, height_px=80)
    assert sheet.size == (3 * 66 + 6, 2 * (96 + 6) + 6)


def test_nothing_to_show_is_refused() -> None:
    with pytest.raises(InputError, match="expected pictures, got 0"):
        preview_sheet([])
