"""Scenes of people: a seed is a seed, feet are on the ground, nobody is in anybody, and what was asked for is kept."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from metricpose._errors import FileError, InputError
from metricpose.virtual.pose_pool import GROUPS, group_of, pooled
from metricpose.virtual.procedural import ProceduralPoses
from metricpose.virtual.render.people_scene import PeopleScene, SceneOptions, drawn_people, of_split, people_scene
from metricpose.virtual.render.standing import tumbled
from tests.virtual.render.scene_fakes import Dresses, standing_poses

OPTIONS = SceneOptions(jump_share=0.0, augmentation=None)


@pytest.fixture(scope="module")
def dresses() -> Dresses:
    return Dresses()


def scene(seed: int, dresses: Dresses, **changes) -> PeopleScene:
    return people_scene(seed, dresses, standing_poses(), replace(OPTIONS, **changes))


def lowest(person) -> float:
    return min(float(mesh.vertices_world[:, 2].min()) for mesh in person.meshes)


def test_the_same_seed_is_the_same_scene_and_another_is_not(dresses) -> None:
    one, again, other = (scene(seed, dresses) for seed in (4, 4, 5))
    assert np.array_equal(one.camera.intrinsics_px, again.camera.intrinsics_px)
    assert all(
        np.array_equal(a.vertices_world, b.vertices_world) for a, b in zip(one.meshes, again.meshes, strict=True)
    )
    assert one.environment.name == again.environment.name
    assert not np.array_equal(np.asarray(one.camera.cam_from_world), np.asarray(other.camera.cam_from_world))


def test_splits_have_other_identities_and_cameras(dresses) -> None:
    train, test = (scene(4, dresses, split=split) for split in ("train", "test"))
    assert {p.split for p in test.people} == {"test"}
    assert not {p.seed for p in train.people} & {p.seed for p in test.people}


@pytest.mark.parametrize("seed", range(6))
def test_everybody_stands_on_the_ground_apart_from_others(dresses, seed) -> None:
    made = scene(seed, dresses, people=(0.0, 0.0, 0.0, 1.0), beside_share=0.9)
    assert [mesh.person for person in made.people for mesh in person.meshes[:1]] == list(range(1, len(made.people) + 1))
    for person in made.people:
        assert lowest(person) == pytest.approx(0.0, abs=1e-5)
    for i, a in enumerate(made.people):
        for b in made.people[:i]:
            gaps = [np.linalg.norm(p - q) for p in a.points.values() for q in b.points.values()]
            assert min(gaps) > OPTIONS.apart_m


def test_jumping_people_are_off_the_ground_and_told(dresses) -> None:
    made = scene(1, dresses, jump_share=1.0)
    assert all(made.jumping)
    assert all(0.04 < lowest(person) < 0.36 for person in made.people)


ACROBATS = pooled([(torch.eye(3).expand(1, 21, 3, 3), torch.tensor([GROUPS.index("acrobatic")]), 1.0)])


def test_acrobats_are_turned_any_way_up_and_touch_the_ground_or_fly(dresses) -> None:
    made = [people_scene(seed, dresses, ACROBATS, OPTIONS) for seed in range(25)]
    people = [(person, jumps) for m in made for person, jumps in zip(m.people, m.jumping, strict=True)]
    assert {group for m in made for group in m.groups} == {"acrobatic"}
    heads = [(p.points["head_top"] - p.points["pelvis"])[2] for p, _ in people]
    assert min(heads) < -0.3 and max(heads) > 0.6 and any(abs(rise) < 0.25 for rise in heads)
    grounded = [lowest(p) for p, jumps in people if not jumps]
    flying = [lowest(p) for p, jumps in people if jumps]
    assert grounded == pytest.approx([0.0] * len(grounded), abs=1e-5)
    assert min(len(grounded), len(flying)) > 10
    assert min(flying) > 0.09 and max(flying) < 1.21


def test_turns_of_acrobats_are_rotations() -> None:
    turns = np.stack([tumbled(np.random.default_rng(seed)) for seed in range(200)])
    assert np.allclose(turns @ turns.transpose(0, 2, 1), np.eye(3), atol=1e-12)
    assert np.allclose(np.linalg.det(turns), 1.0)
    up = turns[:, 2, 2]
    assert (up < -0.7).any() and 0.3 < (up > 0.7).mean() < 0.7


def test_the_same_people_can_stand_in_several_scenes(dresses) -> None:
    drawn = drawn_people(3, dresses, standing_poses(), OPTIONS)
    scenes = [people_scene(seed, dresses, standing_poses(), OPTIONS, drawn) for seed in (12, 13)]
    assert {p.seed for s in scenes for p in s.people} <= {p.seed for p in drawn.people}
    one, other = (np.asarray(s.camera.cam_from_world) for s in scenes)
    assert not np.array_equal(one, other)
    again = drawn_people(3, dresses, standing_poses(), OPTIONS)
    assert [p.seed for p in again.people] == [p.seed for p in drawn.people]
    assert [p.seed for p in drawn_people(4, dresses, standing_poses(), OPTIONS).people] != [
        p.seed for p in drawn.people
    ]


def test_the_number_of_people_and_the_size_are_those_asked_for(dresses) -> None:
    made = [scene(seed, dresses, people=(0.0, 1.0), sizes=((300, 200),)) for seed in range(5)]
    assert {m.camera.image_size for m in made} == {(300, 200)}
    assert max(len(m.people) for m in made) == 2
    shares = np.array(SceneOptions().people)
    assert (shares * np.arange(1, 9)).sum() / shares.sum() == pytest.approx(2.6, abs=0.1)


def test_who_sits_above_the_ground_sits_on_something(dresses) -> None:
    source = ProceduralPoses()
    rotations, kinds = source.draw_labelled(400, torch.Generator().manual_seed(0))
    sits = torch.tensor([source.kinds[int(kind)] == "sitting" for kind in kinds])
    poses = pooled([(rotations[sits], torch.full((int(sits.sum()),), GROUPS.index(group_of("sitting"))), 1.0)])
    options = replace(OPTIONS, people=(1.0,), hiding_share=0.0)
    seats = 0
    for seed in range(8):
        made = people_scene(seed, dresses, poses, options)
        for prop in made.props:
            top = prop.vertices_world[:, 2].max()
            near = np.linalg.norm(prop.vertices_world[:, :2].mean(0) - made.people[0].points["pelvis"][:2])
            assert near < 0.4
            assert prop.vertices_world[:, 2].min() == pytest.approx(0.0, abs=1e-5)
            assert top > 0.25
            seats += 1
    assert seats >= 3


def test_things_that_hide_stand_in_nobody_and_not_in_the_camera(dresses) -> None:
    props = 0
    for seed in range(6):
        made = scene(seed, dresses, hiding_share=1.0)
        for prop in made.props:
            low, high = prop.vertices_world.min(0), prop.vertices_world.max(0)
            points = np.stack([p for person in made.people for p in person.points.values()])
            assert not ((points > low) & (points < high)).all(1).any()
            props += 1
    assert props > 2


def test_photos_lie_behind_people_with_the_licence_the_user_states(dresses, tmp_path: Path) -> None:
    Image.fromarray(np.full((40, 60, 3), 120, np.uint8)).save(tmp_path / "yard.png")
    made = scene(2, dresses, photos=tmp_path, room_share=0.0, background_licence="own work")
    assert (made.surroundings, made.environment.name, made.environment.licence) == ("photo", "yard.png", "own work")
    (tmp_path / "yard.png").write_bytes(b"no picture")
    with pytest.raises(FileError, match=r"yard\.png: cannot read this picture .*take it out of the folder"):
        scene(2, dresses, photos=tmp_path, room_share=0.0)


def test_splits_share_no_background_where_there_are_enough() -> None:
    files = [Path(f"{i}.hdr") for i in range(100)]
    parts = [set(of_split(files, split)) for split in ("train", "val", "test")]
    assert set.union(*parts) == set(files)
    assert sum(map(len, parts)) == 100
    assert of_split(files[:1], "train") == of_split(files[:1], "test")


def test_wrong_options_are_named() -> None:
    with pytest.raises(InputError, match=r"split: expected one of train, val, test, got 'all'"):
        SceneOptions(split="all")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="expected probabilities"):
        SceneOptions(people=())
    with pytest.raises(InputError, match="at least one"):
        SceneOptions(sizes=())


def test_a_camera_that_never_sees_anybody_is_an_error(dresses) -> None:
    with pytest.raises(InputError, match="expected a camera in 20 that sees somebody"):
        scene(0, dresses, outdoors_m=(0.01, 0.02), indoors_m=(0.01, 0.02))
