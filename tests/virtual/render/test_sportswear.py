"""Sportswear: what is covered follows hems and sleeves, hands, feet and heads never, and left is like right."""

from dataclasses import replace

import numpy as np
import pytest

from metricpose.virtual.render.fabric import Fabric
from metricpose.virtual.render.sportswear import BodyMap, Sportswear, drawn_sportswear, painted

RED, BLUE = (0.5, 0.0, 0.0), (0.0, 0.0, 0.5)
PLAIN = Fabric(pattern="plain", colour=RED, second=BLUE, period_m=0.1)
SUIT = Sportswear(
    instead_of="both", top=PLAIN, bottom=PLAIN, hem=0.0, neckline=0.9, sleeve=0.5, leg=0.5, waist=0.1, panel=0.0
)
POINTS = {
    "pelvis": np.array([0.0, 0, 0.9]), "neck": np.array([0.0, 0, 1.5]),
    **{
        f"{side}_{joint}": np.array([0.0, sign * y, z])
        for side, sign in (("left", 1), ("right", -1))
        for joint, y, z in (("shoulder", 0.2, 1.45), ("wrist", 0.7, 1.45), ("hip", 0.1, 0.9), ("ankle", 0.1, 0.1))
    },
}  # fmt: skip
PARTS = ("arm", "hand", "leg", "foot", "head", "trunk")


def body() -> tuple[BodyMap, list[str]]:
    """Vertices along arms and legs, up the trunk, and on hands, feet and head; each of one part."""
    made = []
    for sign in (1, -1):
        made += [("arm", (0, sign * y, 1.45)) for y in np.linspace(0.21, 0.69, 25)]
        made += [("leg", (0, sign * 0.1, z)) for z in np.linspace(0.11, 0.89, 25)]
        made += [("hand", (0, sign * 0.75, 1.45)), ("foot", (0, sign * 0.1, 0.03))]
        made += [("trunk", (0, sign * y, z)) for z in np.linspace(0.92, 1.49, 25) for y in (0.03, 0.15)]
        made += [("head", (0, sign * 0.02, 1.6))]
    names = [name for name, _ in made]
    parts = {part: np.array([float(name == part) for name in names]) for part in PARTS[:-1]}
    return BodyMap(vertices=np.array([place for _, place in made], float), points=POINTS, parts=parts), names


def covered(wear: Sportswear) -> np.ndarray:
    """(V,) whether a vertex is not skin any more."""
    on, names = body()
    skin = np.full((len(names), 3), 0.2)
    return (painted(skin, wear, on, np.random.default_rng(0)) != skin).any(1)


def share(wear: Sportswear, part: str) -> float:
    return float(covered(wear)[np.array(body()[1]) == part].mean())


def test_hands_feet_and_head_are_never_covered():
    widest = replace(SUIT, sleeve=2.0, leg=2.0, hem=-1.0, neckline=2.0, waist=2.0)
    assert share(widest, "trunk") == share(widest, "arm") == share(widest, "leg") == 1.0
    assert [share(widest, part) for part in ("hand", "foot", "head")] == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(("part", "field"), [("arm", "sleeve"), ("leg", "leg")])
@pytest.mark.parametrize("much", [0.0, 0.3, 0.6])
def test_sleeves_and_legs_reach_as_far_as_they_say(part, field, much):
    assert share(replace(SUIT, **{field: much}), part) == pytest.approx(much, abs=0.05)


def test_between_a_short_top_and_the_waist_there_is_skin():
    on, names = body()
    bare = ~covered(replace(SUIT, hem=0.5)) & (np.array(names) == "trunk")
    assert bare.any()
    heights = on.height[bare]
    assert (((heights >= 0.1) & (heights <= 0.5)) | (heights >= 0.9)).all()


@pytest.mark.parametrize(
    ("changes", "bare", "dressed"), [({"top": None}, "arm", "leg"), ({"bottom": None}, "leg", "arm")]
)
def test_what_is_not_there_covers_nothing(changes, bare, dressed):
    assert share(replace(SUIT, **changes), bare) == 0.0
    assert share(replace(SUIT, **changes), dressed) > 0.4


def test_left_is_covered_as_right_is():
    sides = covered(drawn_sportswear(1.0, np.random.default_rng(4))).reshape(2, -1)
    assert np.array_equal(sides[0], sides[1])


def test_side_panels_have_the_second_colour():
    on, names = body()
    colours = painted(np.full((len(names), 3), 0.2), replace(SUIT, panel=0.3), on, np.random.default_rng(0))
    trunk = (np.array(names) == "trunk") & covered(SUIT)
    outer = trunk & (np.abs(on.vertices[:, 1]) > 0.1)
    assert (colours[outer] == BLUE).all()
    assert (colours[trunk & ~outer] == RED).all()
    assert outer.any()


def test_draws_are_those_of_their_seed_and_alone_they_are_a_whole_suit():
    def drawn(seed: int) -> Sportswear:
        return drawn_sportswear(0.3, np.random.default_rng(seed))

    assert drawn(3) == drawn(3)
    assert {drawn(seed).instead_of for seed in range(40)} == {"both", "top", "bottom"}
    alone = [drawn_sportswear(seed % 2, np.random.default_rng(seed), alone=True) for seed in range(40)]
    assert all(wear.instead_of == "both" and wear.bottom is not None for wear in alone)
    assert any(wear.top is None for wear in alone[::2])  # men with a bare chest
    assert all(wear.top is not None for wear in alone[1::2])


def test_where_one_garment_is_replaced_the_other_is_left_to_be_worn():
    for seed in range(40):
        wear = drawn_sportswear(0.7, np.random.default_rng(seed))
        if wear.instead_of == "top":
            assert wear.bottom is None
        if wear.instead_of == "bottom":
            assert wear.top is None
