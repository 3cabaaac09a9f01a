import numpy as np
import pytest

from metricpose._errors import InputError
from metricpose.datasets.prediction_names import TruthNames
from metricpose.people import PeopleFrame
from metricpose.skeletons import CATALOGUE


def _truth(*names, numbers=None):
    skeleton = CATALOGUE["coco17"]
    numbers = numbers or [None] * len(names)
    return [
        PeopleFrame(name=name, skeleton=skeleton, frame=number, joints_px=np.zeros((0, 17, 2)))
        for name, number in zip(names, numbers, strict=True)
    ]


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("TS1/img_000001.jpg", "TS1/img_000001.jpg"),
        ("TS1/img_000001.jpg", "TS1/img_000001"),
        ("TS1/img_000001.jpg", "TS1\\img_000001.png"),
        ("TS1/img_000001.jpg", "TS1_img_000001"),
        ("TS1/img_000001.jpg", "img_000001"),
        ("TS1/img_000001.jpg", "/data/MuPoTS/TS1/img_000001.jpg"),
        ("a/b/00_16/00_16_00000168.jpg", "00_16/00_16_00000168.jpg"),
        ("000000000139.jpg", "139"),
        ("val2017/000000000139.jpg", "139"),
        ("TS1/img_000139.jpg", "139"),
        ("gBR_c01/000012", "gBR_c01.mp4#000012"),
        ("2021.05.03/a", "2021.05.03/a"),
    ],
)
def test_a_picture_is_found_by_name_or_number(name, asked):
    names = TruthNames(_truth("other/0007.jpg", name, "another.png"))
    assert names.index(asked) == 1


def test_the_number_of_the_frame_is_the_last_thing_asked():
    names = TruthNames(_truth("a", "b", numbers=[5, 139]))
    assert names.index("139") == 1
    names = TruthNames(_truth("000000000139.jpg", "b", numbers=[5, 139]))
    assert names.index("139") == 0


def test_a_number_after_a_dot_is_no_suffix():
    names = TruthNames(_truth("cam01.0000", "cam01.0001.png"))
    assert (names.index("cam01.0001"), names.index("cam01.0000.json"), names.index("cam01.0002")) == (1, 0, None)


def test_the_strictest_reading_wins():
    names = TruthNames(_truth("a/1.jpg", "b/1.jpg", "1.jpg"))
    assert (names.index("b/1.jpg"), names.index("1.jpg"), names.index("1")) == (1, 2, 2)


def test_folders_must_agree_where_both_state_them():
    names = TruthNames(_truth("TS1/img_000001.jpg", "TS2/img_000002.jpg"))
    for other in ("TS2/img_000001.jpg", "elsewhere/img_000001.jpg", "TS3_img_000001", "other/TS2/img_000001.jpg"):
        assert names.index(other) is None


def test_what_fits_several_pictures_is_refused():
    names = TruthNames(_truth("TS1/img_000001.jpg", "TS2/img_000001.jpg"))
    assert names.index("TS2_img_000001") == 1
    with pytest.raises(InputError, match=r"fits 2, such as TS1/img_000001\.jpg and TS2/img_000001\.jpg; give whole"):
        names.index("img_000001")
    with pytest.raises(InputError, match="fits 2"):
        names.index("1")


def test_what_fits_nothing_is_none_and_has_a_text():
    names = TruthNames(_truth("TS1/img_000001.jpg"))
    assert names.index("TS1/img_000002.jpg") is None
    assert "expected a picture of the truth, such as 'TS1/img_000001.jpg', got none" in str(names.unknown("x"))
    assert TruthNames([]).index("x") is None
    assert "which is empty" in str(TruthNames([]).unknown("x"))


def test_a_name_of_the_truth_that_stands_twice_is_refused():
    with pytest.raises(InputError, match=r"truth: expected each picture once, got 'a\.jpg' again"):
        TruthNames(_truth("a.jpg", "a.jpg"))
