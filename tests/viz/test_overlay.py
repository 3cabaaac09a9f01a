"""Overlays: what is drawn, what is left alone, and the corners."""

import numpy as np
import pytest
from PIL import Image

from metricpose import InputError
from metricpose.geometry import Camera
from metricpose.people import People3D
from metricpose.skeletons import CATALOGUE, Skeleton, skeleton_named
from metricpose.viz import overlay
from metricpose.viz.canvas import Canvas, clipped_line
from metricpose.viz.captions import camera_note, count, distance
from metricpose.viz.overlay import SIDE_COLOURS, _moved_free, drawn_joints
from metricpose.viz.strokes import joint_sides, strokes
from tests.viz.people_made import CAMERA, COCO, standing


def colours_near(picture: Image.Image, x: float, y: float, reach: int = 3) -> np.ndarray:
    pixels = np.asarray(picture).astype(int)
    column, row = round(x), round(y)
    return pixels[row - reach : row + reach + 1, column - reach : column + reach + 1].reshape(-1, 3)


def has_colour(pixels: np.ndarray, colour: tuple[int, int, int], tolerance: int = 40) -> bool:
    return bool((np.abs(pixels - colour).max(axis=-1) < tolerance).any())


def test_left_and_right_limbs_have_their_colours() -> None:
    people = standing()
    picture = overlay(people)
    for joint, side in (("left_knee", "left"), ("right_knee", "right")):
        x, y = people.joints_px[0, COCO.index(joint)]
        assert has_colour(colours_near(picture, x, y - 30), SIDE_COLOURS[side])


def test_far_from_people_and_words_nothing_changes() -> None:
    image = np.random.default_rng(0).integers(0, 256, (600, 800, 3), dtype=np.uint8)
    drawn = np.asarray(overlay(standing(), image))
    assert drawn.shape == image.shape
    assert np.array_equal(drawn[40:550, 600:], image[40:550, 600:])
    assert not np.array_equal(drawn, image)
    assert image.max() == 255  # the picture that came in was not written to


def test_an_unseen_joint_stands_where_the_estimate_projects() -> None:
    scores, px = np.ones((1, 17)), np.array(standing().joints_px)
    ankle = COCO.index("left_ankle")
    scores[0, ankle], px[0, ankle] = 0.0, (1.0, 1.0)
    people = standing(joint_scores=scores, joints_px=px)
    joints_px, drawable, seen = drawn_joints(people, 0)
    assert drawable.all()
    assert not seen[ankle]
    assert joints_px[ankle] == pytest.approx(standing().joints_px[0, ankle], abs=1e-3)
    blank = np.zeros((600, 800, 3), np.uint8)
    faint, full = (
        np.asarray(overlay(p, blank)).astype(int)[int(px[0, 13, 1]) : int(joints_px[ankle, 1])]
        for p in (people, standing())
    )
    assert 0 < faint[..., 2].sum() < 0.9 * full[..., 2].sum()


@pytest.mark.parametrize("score", [0.0, 1.0])
def test_a_limb_to_an_unseen_joint_is_dashed(score: float) -> None:
    scores = np.ones((1, 17))
    scores[0, COCO.index("left_ankle")] = score
    people = standing(joint_scores=scores)
    drawn = np.asarray(overlay(people, np.zeros((600, 800, 3), np.uint8)))
    (x, top), (_, bottom) = people.joints_px[0, COCO.index("left_knee")], people.joints_px[0, COCO.index("left_ankle")]
    along = drawn[round(float(top)) + 8 : round(float(bottom)) - 8, round(float(x))].max(axis=-1)
    assert (along > 60).any()
    assert (along < 20).any() == (score == 0.0)


def test_unknown_joints_and_those_behind_the_camera_are_not_drawn() -> None:
    joints, sigma, scores = np.array(standing().joints_cam), np.full((1, 17), 0.03), np.ones((1, 17))
    joints[0, 9], sigma[0, 9], scores[0, 9] = np.nan, np.inf, 0.0
    joints[0, 10], scores[0, 10] = (0.0, 0.0, -1.0), 0.0
    people = standing(joints_cam=joints, joint_sigma=sigma, joint_scores=scores)
    _, drawable, _ = drawn_joints(people, 0)
    assert np.flatnonzero(~drawable).tolist() == [9, 10]
    overlay(people)


def test_nobody_is_a_picture_with_a_note() -> None:
    picture = np.asarray(overlay(People3D.empty(COCO, CAMERA)))
    assert picture.shape == (600, 800, 3)
    assert len(np.unique(picture[-20:].reshape(-1, 3), axis=0)) > 3
    assert len(np.unique(picture[:-60].reshape(-1, 3), axis=0)) == 1


@pytest.mark.parametrize("size", [(1, 1), (3, 2000), (5000, 2), (20000, 15000), (17, 11)])
def test_pictures_of_any_size(size: tuple[int, int]) -> None:
    camera = Camera.from_fov(size, 60.0)
    picture = overlay(standing(camera=camera))
    assert 640 <= max(picture.size) <= 2048
    assert min(picture.size) >= 1


def test_a_small_picture_is_enlarged_with_its_drawing() -> None:
    camera = Camera.from_focal((80, 60), 70.0)
    image = np.zeros((60, 80, 3), np.uint8)
    picture = overlay(standing(camera=camera), image)
    assert picture.size == (640, 480)
    knee = (standing(camera=camera).joints_px[0, 13] + 0.5) * 8 - 0.5
    assert has_colour(colours_near(picture, knee[0], knee[1] - 16), SIDE_COLOURS["left"])


def test_wild_coordinates_are_cut_and_quick() -> None:
    px = np.array(standing().joints_px)
    px[0, 9], px[0, 10] = (3e7, -2e7), (-1e30, 1e30)
    boxes = [[-1e9, -1e9, 1e9, 1e9]]
    assert overlay(standing(joints_px=px, boxes_px=boxes)).size == (800, 600)


def test_thousands_of_people() -> None:
    assert overlay(standing(1500)).size == (800, 600)


def test_the_truth_is_grey_and_beneath() -> None:
    truth = standing(depth=5.0)
    knee = truth.joints_px[0, 13]
    plain, with_truth = overlay(standing()), overlay(standing(), truth=truth)
    assert not np.array_equal(colours_near(plain, *knee), colours_near(with_truth, *knee))


def test_a_picture_of_another_size_is_refused() -> None:
    with pytest.raises(InputError, match=r"expected a picture uint8 RGB of the camera's size 800 x 600 px, got uint8"):
        overlay(standing(), np.zeros((6, 8, 3), np.uint8))


def test_a_picture_that_a_codec_padded_keeps_its_pixels() -> None:
    image = np.zeros((608, 800, 3), np.uint8)
    picture = overlay(standing(), image)
    assert picture.size == (800, 608)
    x, y = standing().joints_px[0, 13]
    assert has_colour(colours_near(picture, x, y - 30), SIDE_COLOURS["left"])


def test_labels_step_aside() -> None:
    taken = [(0.0, 0.0, 100.0, 20.0), (0.0, 21.0, 100.0, 41.0)]
    assert _moved_free((50.0, 5.0, 150.0, 25.0), taken, (800, 600)) == (50.0, 42.0, 150.0, 62.0)
    assert _moved_free((150.0, 5.0, 250.0, 25.0), taken, (800, 600)) == (150.0, 5.0, 250.0, 25.0)


def test_words_stay_on_the_picture() -> None:
    canvas = Canvas(None, (800, 600))
    for at in ((-50.0, -50.0), (5000.0, 5000.0)):
        x0, y0, x1, y1 = canvas.words_span(at, "#1  3.42 m", size=12.0)
        assert 0 <= x0 < x1 <= 800
        assert 0 <= y0 < y1 <= 600


def test_lines_are_cut_at_the_border() -> None:
    assert clipped_line(10, 10, 20, 20, (100, 100)) == (10, 10, 20, 20)
    assert clipped_line(-1e9, 50, 1e9, 50, (100, 100)) == pytest.approx((-16, 50, 116, 50))
    assert clipped_line(-50, 0, -40, 90, (100, 100)) is None
    assert clipped_line(500, 50, 500, 60, (100, 100)) is None
    assert clipped_line(0, 0, float("nan"), 5, (100, 100)) is None


def test_captions() -> None:
    people = standing(depth=3.42)
    assert distance(people, 0) == "3.42 m (3.1-3.8)"
    assert distance(standing(root_depth_interval=[[3.95, 4.04]]), 0) == "4.00 m (3.95-4.04)"
    assert distance(standing(root_depth_interval=[[4.0, 4.0]]), 0) == "4.00 m"
    assert [count(n) for n in (0, 1, 2)] == ["no people", "1 person", "2 people"]
    assert camera_note(CAMERA, "default").startswith("camera: ASSUMED")
    assert "f = 700 px, 59 x 46 deg" in camera_note(CAMERA, "given")


@pytest.mark.parametrize("skeleton", CATALOGUE.values(), ids=lambda s: s.name)
def test_strokes_of_every_skeleton(skeleton: Skeleton) -> None:
    sides, lines = joint_sides(skeleton), strokes(skeleton)
    assert len(lines) >= len(skeleton) - 1
    assert sides.count("left") == sides.count("right")
    mirrored = {"left": "right", "right": "left", "middle": "middle"}
    assert all(sides[skeleton.mirror[j]] == mirrored[side] for j, side in enumerate(sides))


def test_coco_has_a_line_across_shoulders_and_hips_and_body25_has_none() -> None:
    body25 = skeleton_named("body25")
    assert len(strokes(COCO)) == len(COCO.limbs) + 2
    assert len(strokes(body25)) == len(body25.limbs)


def test_the_note_says_what_is_grey(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(Canvas, "words", lambda canvas, span, text, **style: said.append(text))
    overlay(standing(), truth=standing())
    overlay(standing())
    assert [text.endswith("; grey: truth") for text in said if "camera" in text] == [True, False]
