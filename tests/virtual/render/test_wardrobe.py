"""Outfits: how garments are divided, and who wears what."""

from pathlib import Path

import numpy as np
import pytest

from metricpose._errors import InputError
from metricpose.virtual.render.assets import Asset, FoundAssets, Garment
from metricpose.virtual.render.mhclo import parsed_mhclo
from metricpose.virtual.render.mhmat import Material
from metricpose.virtual.render.obj import ObjMesh
from metricpose.virtual.render.wardrobe import (
    BodyLevels,
    Wearer,
    checked_split,
    chosen,
    custom,
    parts_of,
    split_of,
)

LEVELS = BodyLevels(knee=0.5, pelvis=0.95, neck=1.45)


def tube(low, high, rings=40):
    """(vertices, triangles) of an open tube between two heights, metres."""
    z, a = np.meshgrid(np.linspace(low, high, rings), np.linspace(0, 2 * np.pi, 6, endpoint=False), indexing="ij")
    index = np.arange(rings * 6).reshape(rings, 6)
    quads = np.stack([index[:-1], np.roll(index[:-1], -1, 1), np.roll(index[1:], -1, 1), index[1:]], -1).reshape(-1, 4)
    vertices = np.stack([0.2 * np.cos(a), 0.2 * np.sin(a), z], -1).reshape(-1, 3)
    return vertices, np.concatenate([quads[:, :3], quads[:, [0, 2, 3]]])


def garment(name, *tubes, kind="clothes"):
    vertices, triangles, start = [], [], 0
    for v, t in tubes:
        vertices.append(v)
        triangles.append(t + start)
        start += len(v)
    mesh = ObjMesh(
        vertices=np.concatenate(vertices),
        vertex_of=np.arange(start, dtype=np.int32),
        uv=None,
        triangles=np.concatenate(triangles).astype(np.int32),
    )
    binding = parsed_mhclo("verts 0\n" + "0\n" * start, f"{name}.mhclo")
    asset = Asset(name=name, kind=kind, files=(Path(f"{name}.mhclo"),))
    return Garment(asset=asset, binding=binding, mesh=mesh, material=Material(name=name), texture=None)


def divided(suit):
    return parts_of(suit, suit.mesh.vertices, LEVELS)


def test_a_suit_is_divided_into_top_and_bottom():
    parts = divided(garment("suit", tube(0.1, 1.0), tube(0.85, 1.5)))
    assert {part.name: part.slot for part in parts} == {"suit:bottom": "bottom", "suit:top": "top"}
    assert all(len(part.pieces) == 1 for part in parts)


def test_overalls_stay_whole_with_their_shirt():
    (part,) = divided(garment("overalls", tube(0.1, 1.4), tube(1.0, 1.5)))
    assert (part.slot, len(part.pieces)) == ("full", 2)


def test_a_button_goes_with_its_nearest_piece():
    parts = divided(garment("suit", tube(0.1, 1.0), tube(0.85, 1.5), tube(0.9, 0.92, rings=2)))
    assert sum(len(piece) for part in parts for piece in part.pieces) == 2 * (39 + 39 + 1) * 6
    assert all(len(part.pieces) == 1 for part in parts)


def test_shoes_and_hair_are_not_divided():
    (part,) = divided(garment("boots", tube(0.0, 0.1), tube(0.0, 0.1), kind="shoes"))
    assert (part.name, part.slot) == ("boots", "shoes")


def test_the_split_is_fixed_by_the_name():
    names = [f"g{i}" for i in range(2000)]
    splits = [split_of(name) for name in names]
    assert splits == [split_of(name) for name in names]
    assert np.mean([s == "train" for s in splits]) == pytest.approx(0.6, abs=0.04)
    assert np.mean([s == "test" for s in splits]) == pytest.approx(0.25, abs=0.04)
    # The official garments: a change of the rule would move test garments into training.
    assert split_of("female_casualsuit01:top") == "test"
    assert split_of("male_casualsuit02:top") == "val"
    assert split_of("shoes01") == "train"


def test_only_garments_of_the_split_are_chosen():
    parts = [part for i in range(40) for part in divided(garment(f"s{i}", tube(0.1, 1.0), tube(0.85, 1.5)))]
    rng = np.random.default_rng(0)
    for split in ("train", "val", "test"):
        drawn = [chosen(parts, "top", split, Wearer(age_years=30, sex=0), rng) for _ in range(20)]
        assert all(part is not None and part.slot == "top" and split_of(part.name) == split for part in drawn)
    assert chosen([], "top", "train", Wearer(age_years=30, sex=0), rng) is None


def test_custom_is_loose():
    asset = garment("female_elegantsuit01", tube(0.1, 1.0)).asset
    woman, man, girl = (custom(asset, Wearer(age_years=age, sex=sex)) for age, sex in ((30, 1.0), (30, 0.0), (8, 1.0)))
    assert woman > man > 0
    assert 0 < girl < woman


def test_a_wrong_split_is_named(tmp_path):
    with pytest.raises(InputError, match="expected train, val or test, got 'all'"):
        checked_split("all", FoundAssets(folder=tmp_path, assets=()))
