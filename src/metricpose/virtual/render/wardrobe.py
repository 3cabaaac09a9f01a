"""What people wear: garments divided into tops, bottoms and whole suits, and an outfit drawn at random.

MakeHuman's outfits are one mesh each, whose connected pieces are a top, a bottom, a collar: they are divided, so that
any top goes with any bottom that it overlaps. Train, val and test never share a garment: a fixed rule on its name.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from metricpose._errors import InputError
from metricpose.virtual.render.assets import Asset, FoundAssets, Garment

Slot = Literal["top", "bottom", "full", "shoes", "hat", "hair", "eyebrows", "eyelashes"]
Split = Literal["train", "val", "test"]

PRINTED = frozenset({
    "female_casualsuit01", "female_casualsuit02", "female_sportsuit01", "male_casualsuit01", "male_casualsuit02",
    "male_casualsuit04", "male_casualsuit06", "shoes02", "shoes05", "shoes06",
})  # fmt: skip
"""Their textures carry a logo or a brand's mark: only heavily blurred shading is taken from them."""

UNIFORM = frozenset({"male_elegantsuit01", "male_worksuit01"})
"""Several materials in one piece (jacket, shirt, tie): recoloured as a whole, never made from one fabric."""

_SALT = "garment 3646"  # of many, one that leaves each split some of every kind of the official assets
_SMALL_PIECE = 60


def split_of(name: str) -> Split:
    """Which split a garment belongs to: 60 % train, 15 % val, 25 % test, by a hash of its name."""
    share = hashlib.sha256(f"{_SALT}:{name}".encode()).digest()[0] / 256
    return "train" if share < 0.6 else "val" if share < 0.75 else "test"


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """What is worn as one: some pieces of a garment.

    Attributes:
        name: `ASSET:SLOT`, what the split goes by.
        pieces: triangles (T, 3) of each piece, as corners of the garment's mesh; each may have a fabric of its own.
    """

    name: str
    slot: Slot
    garment: Garment
    pieces: tuple[np.ndarray, ...]

    @property
    def triangles(self) -> np.ndarray:
        """(T, 3) int32 vertices of the garment, of all pieces."""
        return self.garment.mesh.vertex_of[np.concatenate(self.pieces)]


def parts_of(garment: Garment, vertices: np.ndarray, levels: "BodyLevels") -> tuple[Part, ...]:
    """The parts of a garment fitted to a body at rest, `vertices` (G, 3), in the person frame."""
    kinds: dict[str, Slot] = {
        "shoes": "shoes", "hat": "hat", "hair": "hair", "eyebrows": "eyebrows", "eyelashes": "eyelashes",
    }  # fmt: skip
    name, kind = garment.asset.name, garment.asset.kind
    if kind in kinds:
        return (Part(name=name, slot=kinds[kind], garment=garment, pieces=(garment.mesh.triangles,)),)
    pieces = connected_pieces(garment, vertices)
    slots: list[Slot] = [levels.slot(vertices[garment.mesh.vertex_of[piece.ravel()], 2]) for piece in pieces]
    if "full" in slots or "bottom" not in slots or "top" not in slots:
        slots = ["full"] * len(pieces) if "full" in slots or len(set(slots)) > 1 else slots
    return tuple(
        Part(
            name=f"{name}:{slot}",
            slot=slot,
            garment=garment,
            pieces=tuple(piece for piece, its in zip(pieces, slots, strict=True) if its == slot),
        )
        for slot in ("bottom", "full", "top")
        if slot in slots
    )


@dataclass(frozen=True, kw_only=True)
class BodyLevels:
    """Heights (metres, of the body at rest) by which a piece of clothing is told from another."""

    knee: float
    pelvis: float
    neck: float

    def slot(self, heights: np.ndarray) -> Slot:
        """Of a piece whose vertices have these heights."""
        low, high = float(heights.min()), float(heights.max())
        if low < (self.knee + self.pelvis) / 2 and high > (self.pelvis + 2 * self.neck) / 3:
            return "full"
        return "bottom" if (low + high) / 2 < self.pelvis and high < (self.pelvis + self.neck) / 2 else "top"


def connected_pieces(garment: Garment, vertices: np.ndarray) -> list[np.ndarray]:
    """Triangles (corners) of each connected piece; pieces of a few vertices (buttons) go with the nearest large one."""
    corners = garment.mesh.triangles
    label = _labels(garment.mesh.vertex_of[corners], len(vertices))
    names, counts = np.unique(label, return_counts=True)
    large = names[counts >= _SMALL_PIECE] if (counts >= _SMALL_PIECE).any() else names[[counts.argmax()]]
    for small in np.setdiff1d(names, large):
        middle = vertices[label == small].mean(0)
        gaps = [np.linalg.norm(vertices[label == big] - middle, axis=1).min() for big in large]
        label[label == small] = large[int(np.argmin(gaps))]
    of_triangle = label[garment.mesh.vertex_of[corners[:, 0]]]
    return [corners[of_triangle == big] for big in large if (of_triangle == big).any()]


def _labels(triangles: np.ndarray, count: int) -> np.ndarray:
    """(count,) the smallest vertex that each is connected to, by repeated minima along the triangles."""
    label = np.arange(count)
    while True:
        lowest = label.copy()
        np.minimum.at(lowest, triangles.ravel(), np.repeat(label[triangles].min(1), 3))
        lowest = lowest[lowest]
        if (lowest == label).all():
            return label
        label = lowest


@dataclass(frozen=True, kw_only=True)
class Wearer:
    """Who is to be dressed: `sex` 0 male ... 1 female."""

    age_years: float
    sex: float


def chosen(parts: Sequence[Part], slot: Slot, split: Split, wearer: Wearer, rng: np.random.Generator) -> Part | None:
    """A part of a slot from this split, by loose custom of sex and age; None when there is none."""
    fitting = [part for part in parts if part.slot == slot and split_of(part.name) == split]
    if not fitting:
        return None
    weights = np.array([custom(part.garment.asset, wearer) for part in fitting])
    return fitting[int(rng.choice(len(fitting), p=weights / weights.sum()))]


def custom(asset: Asset, wearer: Wearer) -> float:
    """How usual an asset is for a wearer, over 0."""
    name, usual = asset.name, 1.0
    if name.startswith("female") or (asset.kind == "hair" and not name.startswith(("short", "afro"))):
        usual *= (0.06 if asset.kind == "hair" else 0.12) + wearer.sex
    elif name.startswith("male") or asset.kind == "hair":
        usual *= 0.2 + 0.9 * (1 - wearer.sex)
    if wearer.age_years < 14 and ("elegant" in name or "worksuit" in name):
        usual *= 0.05
    return usual


def checked_split(split: str, found: FoundAssets) -> None:
    """Raises InputError for a word that is no split."""
    if split not in ("train", "val", "test"):
        raise InputError(f"wardrobe of {found.folder}: expected train, val or test, got {split!r}")
