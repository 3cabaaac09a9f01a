"""Whole pictures: bytes follow from the seed, labels agree with pixels, faults move nothing."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from metricpose._errors import InputError
from metricpose.virtual.render.people_scene import SceneOptions
from metricpose.virtual.render.pictures import (
    PictureOptions,
    Studio,
    decoded,
    encoded_depth,
    encoded_jpg,
    encoded_mask,
    made_picture,
    preview_of,
)
from tests.virtual.render.gl_fixtures import context_or_skip
from tests.virtual.render.scene_fakes import Dresses, standing_poses

SCENE = SceneOptions(augmentation=None, sizes=((160, 128),), indoors_m=(2.0, 5.0), least_px=40.0, distortion_share=0.5)
OPTIONS = PictureOptions(scene=SCENE, skeletons=("coco17",), depth=True)


@cache
def studio(options: PictureOptions = OPTIONS) -> Studio:
    context_or_skip()
    return Studio(options, dresser=Dresses(), poses=standing_poses())


@pytest.mark.gl
def test_the_same_seed_gives_the_same_bytes_in_another_studio() -> None:
    one = made_picture(7, studio())
    made_picture(8, studio())
    again = made_picture(7, Studio(OPTIONS, dresser=Dresses(), poses=standing_poses()))
    assert one.jpg == again.jpg
    assert one.record == again.record
    assert np.array_equal(one.person_ids, again.person_ids)
    assert made_picture(8, studio()).jpg != one.jpg


@pytest.mark.gl
@pytest.mark.parametrize("seed", range(4))
def test_labels_and_pixels_agree(seed: int) -> None:
    picture = made_picture(seed, studio())
    people = picture.record["people"]
    assert picture.rgb.shape == (128, 160, 3)
    for person in people:
        mask = picture.person_ids == person["id"]
        assert person["area_px"] == mask.sum()
        modal, amodal = person["box_px"], person["amodal_box_px"]
        if modal[0] is not None:  # pixels are as far as half a pixel from the surface that they show
            assert amodal[0] - 1.5 <= modal[0] + 1 and modal[2] - 1 <= amodal[2] + 1.5
        for (x, y), seen in zip(person["joints"]["coco17"]["px"], person["joints"]["coco17"]["visible"], strict=True):
            if seen:
                row, column = round(y), round(x)
                assert mask[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2].any()
    assert any(sum(person["joints"]["coco17"]["visible"]) > 3 for person in people)


@pytest.mark.gl
def test_neighbouring_pictures_show_the_same_people_from_elsewhere() -> None:
    options = replace(OPTIONS, views=3)
    made = [made_picture(seed, studio(options)) for seed in (6, 7, 8, 9)]
    people = [{person["body"]["identity"] for person in picture.record["people"]} for picture in made]
    assert people[0] & people[1] & people[2]
    assert not people[3] & (people[0] | people[1] | people[2])
    assert len({str(picture.record["camera"]) for picture in made}) == 4
    alone = made_picture(8, Studio(options, dresser=Dresses(), poses=standing_poses()))  # whatever was made before
    assert alone.jpg == made[2].jpg


@pytest.mark.gl
def test_faults_change_pixels_and_no_label() -> None:
    clean = made_picture(2, studio(replace(OPTIONS, faults=None)))
    faulty = made_picture(2, studio())
    assert clean.record["people"] == faulty.record["people"]
    assert clean.record["camera"] == faulty.record["camera"]
    assert clean.jpg != faulty.jpg
    assert clean.record["faults"] == {"jpeg_quality": 95}
    assert {"defocus_px", "jpeg_quality", "white_balance"} <= set(faulty.record["faults"])


@pytest.mark.gl
def test_a_seed_that_shows_nobody_is_an_error(monkeypatch) -> None:
    made = studio(replace(OPTIONS, retries=1))

    class Blind:
        def render(self, *_):
            return replace(made_blank, person_ids=np.zeros_like(made_blank.person_ids))

    scene_renderer = made.renderer((160, 128))
    from metricpose.virtual.render.people_scene import people_scene

    scene = people_scene(0, made.dresser, made.poses, SCENE)
    made_blank = scene_renderer.render(scene.meshes, scene.camera, scene.environment)
    monkeypatch.setattr(made, "renderer", lambda _: Blind())
    with pytest.raises(InputError, match="picture 0: expected somebody to be seen in one of 2 scenes"):
        made_picture(0, made)


@pytest.mark.gl
def test_previews_show_the_labels_of_the_record() -> None:
    picture = made_picture(3, studio())
    shown = picture.preview()
    people = picture.record["people"]
    assert shown.joints_px.shape == (len(people), 17, 2)
    assert shown.visible.sum() == sum(sum(person["joints"]["coco17"]["visible"]) for person in people)
    assert len(shown.boxes_px) == sum(person["box_px"][0] is not None for person in people)
    with pytest.raises(InputError, match="expected joints of body25, got none"):
        preview_of(picture.record, picture.rgb, picture.person_ids, "body25")


def test_depth_is_in_millimetres_and_kept_within_16_bits() -> None:
    depth = np.array([[0.0, 1.2344], [1.2346, 90.0]], np.float32)
    assert decoded(encoded_depth(depth)).tolist() == [[0, 1234], [1235, 65535]]


def test_masks_come_back_as_they_were() -> None:
    ids = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert np.array_equal(decoded(encoded_mask(ids)), ids)


def test_better_quality_is_closer_to_the_picture() -> None:
    rgb = np.random.default_rng(0).integers(0, 255, (32, 32, 3), np.uint8)
    off = [np.abs(decoded(encoded_jpg(rgb, quality)).astype(int) - rgb).mean() for quality in (20, 95)]
    assert off[1] < off[0]
