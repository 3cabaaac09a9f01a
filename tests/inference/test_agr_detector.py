"""Our own detector around a network that sees coloured dots: pixels there and back, looks, merging, masks."""

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from metricpose import InputError
from metricpose.inference.detectors import Detector
from metricpose.inference.detectors.agr import AgrDetector
from metricpose.inference.detectors.agr_network import AgrNetwork, stacked
from metricpose.inference.detectors.candidates import Candidates
from metricpose.inference.detectors.crop_network import CropNetwork
from metricpose.inference.detectors.first_look import may_be_far, may_be_near
from metricpose.people import People2D
from metricpose.skeletons.catalogue import HALPE26
from tests.inference.dotted import HIP, LEFT, RIGHT, DottedEngine, dotted, places

JOINTS = [HIP, LEFT, RIGHT]
FINE_PX, ROUGH_PX = 0.35, 1.5


def detector(engine: Any = None, **options: Any) -> AgrDetector:
    return AgrDetector(engine=engine or DottedEngine(), **options)


def assert_found(found: People2D, *people: tuple[float, float, float], within_px: float = FINE_PX) -> None:
    """Exactly these people, whatever their order."""
    assert len(found) == len(people)
    for person in people:
        truth = places(*person)
        apart = np.linalg.norm(found.joints_px[:, JOINTS] - truth, axis=-1).max(axis=1)
        assert apart.min() < within_px
        box = found.boxes_px[apart.argmin()]
        assert (box[:2] <= truth.min(0) + within_px).all() and (box[2:] >= truth.max(0) - within_px).all()


def test_it_is_a_detector() -> None:
    ours: Detector = detector()
    assert (ours.name, ours.skeleton) == ("agr", HALPE26)


def test_everybody_is_found_where_they_are_with_ids_and_seen_joints_only() -> None:
    people = (150.3, 120.7, 90.0), (420.0, 230.5, 120.0), (600.2, 90.1, 60.0)
    found = detector()(dotted((720, 400), *people))
    assert_found(found, *people)
    assert found.ids == (0, 1, 2)
    assert found.image_size == (720, 400)
    assert found.masks is None
    assert_allclose(found.joint_scores[:, JOINTS], 0.8, atol=0.05)
    assert (np.delete(found.joint_scores, JOINTS, axis=1) == 0).all()
    assert_allclose(found.scores, 0.82, atol=0.03)


@pytest.mark.parametrize("size", [(64, 48), (333, 517), (768, 768), (1280, 720), (2999, 1111)])
def test_in_pictures_of_any_size(size: tuple[int, int]) -> None:
    person = size[0] * 0.45, size[1] * 0.52, 0.5 * min(size)
    assert_found(detector()(dotted(size, person)), person, within_px=FINE_PX * max(1.0, min(size) / 160))


def test_a_picture_twice_as_large_has_the_joints_twice_as_far() -> None:
    small = dotted((500, 300), (210.0, 140.0, 100.0))
    large = small.repeat(2, axis=0).repeat(2, axis=1)
    one, two = detector()(small), detector()(large)
    assert_allclose(two.joints_px[0, JOINTS], 2 * (one.joints_px[0, JOINTS] + 0.5) - 0.5, atol=0.3)
    assert_allclose(two.boxes_px, 2 * (one.boxes_px + 0.5) - 0.5, atol=0.6)


@pytest.mark.parametrize("shift", [(1, 0), (0, 7), (53, 31)])
def test_a_shifted_picture_shifts_the_joints(shift: tuple[int, int]) -> None:
    picture = dotted((500, 300), (210.0, 140.0, 100.0))
    moved = np.zeros_like(picture)
    moved[shift[1] :, shift[0] :] = picture[: 300 - shift[1], : 500 - shift[0]]
    one, two = detector()(picture), detector()(moved)
    assert_allclose(two.joints_px[0, JOINTS], one.joints_px[0, JOINTS] + shift, atol=0.2)


def test_a_mirrored_picture_mirrors_the_joints() -> None:
    picture = dotted((500, 300), (210.0, 140.0, 100.0))
    one, two = detector()(picture), detector()(picture[:, ::-1])
    assert_allclose(two.joints_px[0, JOINTS, 0], 499 - one.joints_px[0, JOINTS, 0], atol=0.2)


def test_people_who_fill_the_picture_and_people_far_away() -> None:
    near, far = (590.0, 380.0, 600.0), (130.0, 100.0, 60.0)
    picture = dotted((960, 720), near, far)
    suspected, overlooked = (DottedEngine(sizes_px=(12.0, 120.0), beyond=score) for score in (0.22, 0.18))
    assert_found(detector(suspected)(picture), near, far, within_px=0.7)  # crops of the near one are coarse
    assert_found(detector(overlooked)(picture), far)


USUAL, SMALL, CLOSER = (1, 3, 288, 384), (1, 3, 160, 192), (1, 3, 480, 640)  # of a picture of 4 to 3


@pytest.mark.parametrize(
    ("size", "score", "options", "looks"),
    [
        (220.0, 0.9, {}, [USUAL]),
        (450.0, 0.9, {}, [USUAL, SMALL]),
        (450.0, 0.15, {}, [USUAL, SMALL]),  # nobody, as far as is seen
        (220.0, 0.55, {}, [USUAL, SMALL]),  # nobody for sure
        (100.0, 0.9, {}, [USUAL, CLOSER]),
        (60.0, 0.22, {}, [USUAL, SMALL, CLOSER]),  # too faint to be shown, not to be looked at again
        (60.0, 0.15, {}, [USUAL, SMALL]),
        (220.0, 0.9, {"tiles": True, "look_px": 800}, [(1, 3, 384, 480), (1, 3, 608, 800)]),
        (60.0, 0.9, {"scales": (1.0, 0.6)}, [CLOSER, USUAL]),
        (280.0, 0.9, {"scales": (1.0, 0.6)}, [CLOSER, USUAL]),  # too large for the closer one alone
        (60.0, 0.5, {"scales": (0.6, 0.3)}, [USUAL, SMALL, CLOSER]),  # that small look is one of the usual ones
        (300.0, 0.9, {"scales": (0.6,), "look_px": 1280}, [(1, 3, 576, 768), (1, 3, 288, 384)]),
        (100.0, 0.9, {"scales": (0.6,), "look_px": 1280}, [(1, 3, 576, 768)]),  # large enough there
    ],
)
def test_no_more_looks_than_it_takes(size, score, options, looks) -> None:
    engine = DottedEngine(score=score)
    detector(engine, **options)(dotted((800, 600), (400.0, 300.0, size)))
    assert [shape for shape in engine.seen if shape[2:] != (160, 160)] == looks


def candidates(*people: tuple[tuple[float, float, float, float], float]) -> Candidates:
    count = len(people)
    return Candidates(
        boxes_px=np.array([box for box, _ in people]).reshape(-1, 4), joints_px=np.zeros((count, 26, 2)),
        joint_scores=np.zeros((count, 26)), scores=np.array([score for _, score in people]),
        trust=np.ones(count), look=np.zeros(count, int),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("large", "sure", "far"),
    [
        ((300.0, 100.0, 500.0, 500.0), 0.9, False),  # a hand, or a head
        ((300.0, 100.0, 500.0, 500.0), 0.25, True),
        ((300.0, 100.0, 380.0, 500.0), 0.9, True),  # three fifths of it are in there
        ((600.0, 100.0, 800.0, 500.0), 0.9, True),
    ],
)
def test_what_lies_within_somebody_is_nobody_far_away(large, sure, far) -> None:
    people = candidates((large, sure), ((350.0, 200.0, 400.0, 260.0), 0.22))
    assert may_be_far(people, 384.0 / 800) == far
    assert not may_be_far(people, 384.0 / 80)  # as large as the picture
    assert not may_be_far(candidates(), 1.0)


def test_who_may_fill_the_picture() -> None:
    small, large = (0.0, 0.0, 90.0, 180.0), (0.0, 0.0, 190.0, 90.0)
    assert not may_be_near(candidates((small, 0.6)), 1.0)
    assert may_be_near(candidates((small, 0.59)), 1.0)
    assert may_be_near(candidates(), 1.0)
    assert may_be_near(candidates((small, 0.9), (large, 0.2)), 1.0)
    assert not may_be_near(candidates((small, 0.9), (large, 0.19)), 1.0)
    assert not may_be_near(candidates((small, 0.9), (large, 0.9)), 0.9)


def test_one_person_in_both_sizes_of_the_first_look_is_one() -> None:
    person = 400.0, 300.0, 220.0
    engine = DottedEngine()
    assert_found(detector(engine, refine=False)(dotted((800, 600), person)), person, within_px=ROUGH_PX)
    assert engine.seen == [(1, 3, 480, 640), (1, 3, 160, 224)]


def test_the_second_look_is_one_batch_of_crops() -> None:
    engine = DottedEngine()
    detector(engine)(dotted((800, 600), (200.0, 300.0, 90.0), (600.0, 300.0, 90.0)))
    assert engine.seen[-1] == (2, 3, 160, 160)
    assert [shape[0] for shape in engine.seen[:-1]] == [1, 1]


def test_the_second_look_is_finer_than_the_first() -> None:
    person = 2000.3, 1200.9, 400.0
    picture = dotted((4000, 2400), person)
    rough, fine = detector(refine=False)(picture), detector()(picture)
    truth = places(*person)
    assert np.abs(fine.joints_px[0, JOINTS] - truth).max() < np.abs(rough.joints_px[0, JOINTS] - truth).max() + 0.3
    assert_allclose(fine.joints_px[0, JOINTS], truth, atol=0.7)


def test_whom_the_second_look_does_not_find_is_nobody() -> None:
    class BlindInCrops(DottedEngine):
        def _of_crop(self, image: np.ndarray) -> dict[str, np.ndarray]:
            return super()._of_crop(np.zeros_like(image))

    picture = dotted((800, 600), (400.0, 300.0, 220.0))
    assert len(detector(BlindInCrops(), refine=False)(picture)) == 1
    assert len(detector(BlindInCrops())(picture)) == 0


def test_a_score_is_of_both_looks() -> None:
    picture = dotted((800, 600), (400.0, 300.0, 220.0))
    for first in (0.9, 0.3):
        (score,) = detector(DottedEngine(score=first), min_score=0.2)(picture).scores
        assert score == pytest.approx((first * 0.77**2) ** (1 / 3), abs=0.03)  # of joints 0.8, nearly all in one place


def test_who_is_faint_in_the_first_look_but_not_in_the_second() -> None:
    picture = dotted((800, 600), (400.0, 300.0, 220.0))
    for first, crops, people in ((0.25, 0, 0), (0.3, 1, 1)):  # the line is at 0.68 of 0.4
        engine = DottedEngine(score=first)
        assert len(detector(engine, min_score=0.4)(picture)) == people
        assert sum(shape[2:] == (160, 160) for shape in engine.seen) == crops


class Careless(DottedEngine):
    """Its first look's boxes in the picture's right half are `factor` times as large as people, about their middles."""

    factor = 1.0

    def _one(self, image: np.ndarray) -> dict[str, np.ndarray]:
        said = super()._one(image)
        right = np.arange(said["box_sides"].shape[2]) >= said["box_sides"].shape[2] // 2
        return said | {"box_sides": said["box_sides"] * np.where(right, self.factor, 1.0)}


@pytest.mark.parametrize(("factor", "crops"), [(1.0, [2]), (1.08, [2]), (1.3, [2, 1])])
def test_a_third_look_where_the_first_ones_box_was_poor(factor: float, crops: list[int]) -> None:
    """Crops of half the area are not of the person as the second look sees them; nobody else is looked at again."""
    people = (200.0, 300.0, 220.0), (600.0, 300.0, 220.0)
    engine = Careless()
    engine.factor = factor
    found = detector(engine)(dotted((800, 600), *people))
    assert_found(found, *people)
    assert [shape[0] for shape in engine.seen if shape[2:] == (160, 160)] == crops


@pytest.mark.parametrize(("first", "crops"), [(0.69, [2]), (0.75, [2, 1])])
def test_no_third_look_at_whom_the_second_hardly_believes_in(first: float, crops: list[int]) -> None:
    engine = Careless(score=first)
    engine.factor = 1.3
    detector(engine, min_score=1.0)(dotted((800, 600), (200.0, 300.0, 220.0), (600.0, 300.0, 220.0)))
    assert [shape[0] for shape in engine.seen if shape[2:] == (160, 160)] == crops  # the line is at 0.75 of 1


def test_joints_behind_the_edge_are_unseen_and_boxes_end_there() -> None:
    found = detector()(dotted((500, 300), (20.0, 150.0, 90.0)))
    assert found.joint_scores[0, LEFT] == 0
    assert found.joint_scores[0, RIGHT] > 0.5
    assert found.boxes_px[0, 0] >= -0.5


def test_faint_people_are_left_out() -> None:
    picture = dotted((500, 300), (210.0, 140.0, 100.0))
    for refine in (False, True):
        assert len(detector(DottedEngine(score=0.1), refine=refine)(picture)) == 0
        assert len(detector(DottedEngine(score=0.1), refine=refine, min_score=0.08)(picture)) == 1


def test_at_most_so_many_people() -> None:
    people = [(100.0 + 150 * i, 150.0, 80.0) for i in range(4)]
    assert len(detector(max_people=2)(dotted((720, 300), *people))) == 2


def test_a_crowd_in_crops_of_several_batches() -> None:
    people = [(60.0 + 75 * i, 60.0 + 75 * j, 55.0) for i in range(9) for j in range(5)]
    engine = DottedEngine()
    assert_found(detector(engine)(dotted((740, 440), *people)), *people)
    assert [shape[0] for shape in engine.seen] == [1, 1, 32, 13]


@pytest.mark.parametrize("size", [(1, 1), (1, 10_000), (10_000, 1), (3000, 20)])
def test_slivers_show_nobody(size: tuple[int, int]) -> None:
    found = detector()(np.zeros((size[1], size[0], 3), np.uint8))
    assert len(found) == 0
    assert found.image_size == size


def test_tiles_find_people_too_far_for_the_whole_picture() -> None:
    learnt = DottedEngine(sizes_px=(12.0, 120.0))
    far = [(x, 700.0, 40.0) for x in (50.0, 600.5, 760.0, 2400.0)]
    picture = dotted((2500, 1400), *far)
    assert len(detector(learnt)(picture)) == 0
    assert_found(detector(learnt, tiles=True)(picture), *far)


def test_given_boxes_get_exactly_a_crop_each_in_their_order() -> None:
    people = (150.3, 120.7, 90.0), (420.0, 230.5, 120.0)
    picture = dotted((720, 400), *people)
    boxes = np.array([[380, 180, 480, 290], [110, 80, 200, 170], [600, 20, 640, 60]], float)
    engine = DottedEngine()
    found = detector(engine).refined(picture, boxes)
    assert engine.seen == [(3, 3, 160, 160)]
    assert_allclose(found.boxes_px, boxes)
    assert_allclose(found.joints_px[0, JOINTS], places(*people[1]), atol=FINE_PX)
    assert_allclose(found.joints_px[1, JOINTS], places(*people[0]), atol=FINE_PX)
    assert found.scores[2] < 0.01 and found.joint_scores[2].max() < 0.05
    assert found.ids == (0, 1, 2)
    assert len(detector().refined(picture, np.zeros((0, 4)))) == 0


def test_a_crop_may_reach_far_out_of_the_picture() -> None:
    person = 12.0, 30.0, 60.0
    found = detector().refined(dotted((100, 90), person), np.array([[-60.0, -20.0, 60.0, 100.0]]))
    assert_allclose(found.joints_px[0, [HIP, RIGHT]], places(*person)[[0, 2]], atol=FINE_PX)
    assert found.joint_scores[0, LEFT] == 0


def test_masks_on_request_and_each_pixel_is_one_persons() -> None:
    people = (150.3, 150.7, 120.0), (245.0, 150.5, 110.0), (560.0, 200.0, 200.0)
    found = detector(masks=True)(dotted((720, 400), *people))
    assert_found(found, *people)
    assert found.masks is not None
    assert found.masks.sum(axis=0).max() == 1
    for person, mask in zip(found.joints_px[:, HIP], found.masks, strict=True):
        assert mask[round(person[1]), round(person[0])]
    largest = (found.boxes_px[:, 2] - found.boxes_px[:, 0]).argmax()
    x0, y0, x1, y1 = found.boxes_px[largest]
    assert found.masks[largest].sum() == pytest.approx((x1 - x0) * (y1 - y0), rel=0.06)


def test_masks_of_nobody() -> None:
    found = detector(masks=True)(np.zeros((40, 60, 3), np.uint8))
    assert found.masks is not None and found.masks.shape == (0, 40, 60)


# The mirror image as a second opinion ---------------------------------------------------------------------------------


def halpe(joints_px: np.ndarray, size: tuple[int, int]) -> People2D:
    return People2D(
        boxes_px=np.concatenate([joints_px.min(1) - 3, joints_px.max(1) + 3], axis=1),
        joints_px=joints_px,
        joint_scores=np.full(joints_px.shape[:2], 0.9),
        scores=np.ones(len(joints_px)),
        skeleton=HALPE26,
        image_size=size,
    )


def maps_of(joints_px: np.ndarray, size: tuple[int, int]) -> list[np.ndarray]:
    """What a perfect network says, by the encoder that labels pictures."""
    agr = encode_halpe(halpe(joints_px, size), size)
    return [agr[name] for name in OUTPUT_ORDER]


OUTPUT_ORDER = ("joint_maps", "anchor_map", "person_mask", "box_sides", "joint_offsets", "joint_visible")


def encode_halpe(people: People2D, size: tuple[int, int]) -> dict[str, np.ndarray]:
    """Maps by hand, cell by cell, where one person is everywhere the nearest."""
    joints, box = people.joints_px[0].astype(float), people.boxes_px[0].astype(float)
    anchor = joints[HIP]
    rows, columns = np.indices((size[1] // 4, size[0] // 4)) * 4 + 1.5
    bumps = [np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 72.0) for x, y in joints]
    coarse = np.ones((size[1] // 8, size[0] // 8))
    sides = np.array([*(anchor - box[:2]), *(box[2:] - anchor)])
    return {
        "joint_maps": np.array([bumps], np.float32),
        "anchor_map": np.array([[bumps[HIP]]], np.float32),
        "person_mask": np.array([[(columns >= box[0]) & (columns <= box[2])]], np.float32),
        "box_sides": (sides[:, None, None] * coarse)[None].astype(np.float32),
        "joint_offsets": ((joints - anchor).reshape(-1, 1, 1) * coarse)[None].astype(np.float32),
        "joint_visible": (np.linspace(0.1, 1, 26)[:, None, None] * coarse)[None].astype(np.float32),
    }


def test_a_perfect_network_says_the_same_of_the_mirror_image() -> None:
    size = 128, 96
    joints = np.random.default_rng(3).uniform(20, 76, (1, 26, 2))
    mirrored = joints[:, list(HALPE26.mirror)] * (-1, 1) + (size[0] - 1, 0)
    plain, other = maps_of(joints, size), maps_of(mirrored, size)
    other[5] = plain[5][:, list(HALPE26.mirror)]

    class Both:
        def run(self, names: Any, feed: Any) -> list[np.ndarray]:
            ours, theirs = feed["image"]
            assert_allclose(theirs, ours[:, :, ::-1])
            return [np.concatenate(pair) for pair in zip(plain, other, strict=True)]

    picture = np.random.default_rng(0).integers(0, 255, (96, 128, 3), dtype=np.uint8)
    agr = AgrNetwork(Both(), "fake", "none").maps([picture], flip=True)
    for name, expected in zip(OUTPUT_ORDER, plain, strict=True):
        assert_allclose(getattr(agr, name), expected, atol=1e-4, err_msg=name)


def test_windows_become_batches_padded_with_grey() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (40, 70, 3), dtype=np.uint8)
    batch = stacked([picture, picture[::-1]])
    assert batch.shape == (2, 3, 64, 96)
    assert_allclose(batch[0, :, :40, :70], picture.transpose(2, 0, 1) / 255, atol=1e-6)
    assert_allclose(batch[0, :, 40:], 0.45)
    assert_allclose(batch[1, :, :40, 70:], 0.45)
    assert_allclose(stacked([picture], flip=True)[1], batch[0, :, :, ::-1])


# Options and weights --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"min_score": 1.5}, r"min_score: expected a number in \[0, 1\], got 1.5"),
        ({"look_px": 5}, "look_px: expected a whole number of pixels from 64 to 8192, got 5"),
        ({"scales": []}, "scales: expected one number"),
        ({"scales": [2.0]}, r"scales: expected one number in \(0, 1\] or several, got \(2.0,\)"),
        ({"max_people": 0}, "max_people: expected a whole number of at least 1, got 0"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        detector(**options)


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(InputError, match="expected uint8 RGB"):
        detector()(np.zeros((4, 4)))


def test_the_crop_network_takes_the_mean_with_the_mirror_image():
    """A box that is said 2 px further to the right of each window than it is: the mirror image undoes that."""

    class Shifted(DottedEngine):
        def run(self, names, feed):
            maps, seen, boxes = super().run(names, feed)
            return [maps, seen, boxes + [2, 0, 2, 0]]

    picture = dotted((160, 160), (70, 90, 100))
    (true,) = CropNetwork(DottedEngine()).people([picture], [128.0])
    (plain,) = CropNetwork(Shifted()).people([picture], [128.0])
    (both,) = CropNetwork(Shifted()).people([picture], [128.0], flip=True)
    assert_allclose(plain.box_px - true.box_px, [2, 0, 2, 0])
    assert true.box_px[0] != pytest.approx(159 - true.box_px[2], abs=5)  # the box is not its own mirror image
    assert_allclose(both.box_px, true.box_px, atol=0.2)


def test_a_mirror_image_that_says_something_else_makes_joints_less_sure_and_not_the_person() -> None:
    class TwoMinds(DottedEngine):
        """Its second window's joints are 40 px to the left."""

        def run(self, names, feed):
            maps, seen, boxes = super().run(names, feed)
            return [np.concatenate([maps[:1], np.roll(maps[1:], -10, axis=-1)]), seen, boxes]

    picture = dotted((160, 160), (70, 90, 100))
    (plain,) = CropNetwork(DottedEngine()).people([picture], [128.0])
    (both,) = CropNetwork(TwoMinds()).people([picture], [128.0], flip=True)
    assert_allclose(both.joint_scores[JOINTS], plain.joint_scores[JOINTS] / 2, atol=0.02)
    assert both.score == pytest.approx(plain.score, abs=0.01)


@pytest.mark.parametrize(("refine", "windows"), [(True, [1, 2]), (False, [2, 2])])
def test_whose_mirror_image_is_looked_at(refine: bool, windows: list[int]) -> None:
    """Each person's, or where there is no second look the picture's."""
    engine = DottedEngine()
    detector(engine, refine=refine, flip=True)(dotted((800, 600), (400.0, 300.0, 220.0)))
    assert [shape[0] for shape in engine.seen] == windows
