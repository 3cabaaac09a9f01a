import numpy as np
import pytest

from metricpose._errors import InputError
from metricpose.skeletons import CATALOGUE
from metricpose.skeletons.sides import looks_swapped, swapped_share
from metricpose.skeletons.sizes import check_metres
from tests.skeletons.standing import standing
from tests.strategies import random_rotations

COCO, HALPE = CATALOGUE["coco17"], CATALOGUE["halpe26"]


@pytest.mark.parametrize("skeleton", [COCO, HALPE, CATALOGUE["body25"]], ids=lambda s: s.name)
def test_sides_are_told_whichever_way_people_are_turned(skeleton):
    turned = random_rotations(np.random.default_rng(0), 20) @ standing(skeleton).T
    people = np.swapaxes(turned, 1, 2)
    assert swapped_share(people, skeleton) == 0.0
    swapped = people[:, list(skeleton.mirror)]
    assert swapped_share(swapped, skeleton) == 1.0
    mirrored = people * (1, -1, 1)
    assert looks_swapped(mirrored, skeleton)
    assert not looks_swapped(mirrored[:, list(skeleton.mirror)], skeleton)


def test_nothing_is_said_of_people_who_show_nothing():
    assert not looks_swapped(np.zeros((3, 17, 3)), COCO)
    assert not looks_swapped(np.full((3, 17, 3), np.nan), COCO)
    assert not looks_swapped(np.zeros((0, 17, 3)), COCO)
    head = np.array([joint in ("nose", "left_eye", "right_eye") for joint in COCO.joints])
    assert not looks_swapped(np.where(head[:, None], standing(COCO), np.nan)[None], COCO)


@pytest.mark.parametrize("scale, unit", [(1000.0, "mm"), (100.0, "cm"), (1 / 0.0254, "inches"), (0.001, "km")])
def test_a_wrong_unit_is_named(scale, unit):
    people = standing(COCO)[None] * scale
    if unit == "inches":  # 21 of them: centimetres, too, could be a small child
        unit = "cm"
    with pytest.raises(
        InputError, match=rf"a\.trc: expected trunks of 0\.1 to 1\.2 m .*name the unit \(--unit {unit}\)"
    ):
        check_metres(people, COCO, "a.trc")


def test_metres_pass_and_so_do_people_without_trunks():
    check_metres(standing(COCO)[None], COCO, "a")
    check_metres(standing(COCO)[None] * 0.35, COCO, "an infant")
    check_metres(np.full((2, 17, 3), np.nan), COCO, "a")
    check_metres(np.zeros((0, 17, 3)), COCO, "a")
