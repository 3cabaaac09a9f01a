"""Garments on a body: fitted at rest, moved with it, each layer held inside the next.

What covers what is found once per pair on a reference body at rest (`cover`); it holds for every body and pose, because
garments are bound to the same mesh.
"""

from dataclasses import dataclass, field

import numpy as np

from metricpose.virtual.render.body_pose import SKIN_VERTICES, BodyRig, PosedBody, RestBody, skinned
from metricpose.virtual.render.cover import Hits, held_inside, hits, rings_inside
from metricpose.virtual.render.mhclo import carried, fitted
from metricpose.virtual.render.vertices import vertex_normals
from metricpose.virtual.render.wardrobe import Part

_RIM_RINGS = 3  # rings of covered skin that are still drawn under a hem, 1 to 2 cm each
_GAP_M = 0.004  # under its garment, skin keeps this far off
_DEEP = {"shoes": (0.05, 0.05), "hair": (0.02, 0.012), "top": (0.045, 0.03), "bottom": (0.045, 0.03)}


@dataclass(kw_only=True, eq=False)
class Wardrobe:
    """Parts on the reference body, and which of them cover what there; filled as parts are asked for."""

    rig: BodyRig
    reference: RestBody
    skin_triangles: np.ndarray
    _weights: dict[str, np.ndarray] = field(default_factory=dict)
    _skin_hits: dict[str, Hits] = field(default_factory=dict)
    _part_hits: dict[tuple[str, str], Hits] = field(default_factory=dict)

    def weights(self, part: Part) -> np.ndarray:
        """(G, J) skin weights of a part's garment, carried from the body's."""
        name = part.garment.asset.name
        if name not in self._weights:
            self._weights[name] = carried(part.garment.binding, self.rig.skin_weights).astype(np.float32)
        return self._weights[name]

    def skin_hits(self, part: Part) -> Hits:
        """Where the skin meets the part from inside."""
        if part.name not in self._skin_hits:
            skin = self.reference.vertices[:SKIN_VERTICES]
            out_m, in_m = _DEEP.get(part.slot, (0.04, 0.025))
            found = self._hits(skin, self.skin_triangles, part, out_m, in_m)
            self._skin_hits[part.name] = found
        return self._skin_hits[part.name]

    def part_hits(self, inner: Part, outer: Part) -> Hits:
        """Where the vertices of the inner part's garment meet the outer part."""
        key = inner.name, outer.name
        if key not in self._part_hits:
            vertices = fitted(inner.garment.binding, self.reference.vertices)
            self._part_hits[key] = self._hits(vertices, inner.triangles, outer, 0.05, 0.05)
        return self._part_hits[key]

    def _hits(self, vertices: np.ndarray, triangles: np.ndarray, outer: Part, out_m: float, in_m: float) -> Hits:
        cloth = fitted(outer.garment.binding, self.reference.vertices)
        return hits(vertices, vertex_normals(vertices, triangles), cloth, outer.triangles, out_m=out_m, in_m=in_m)

    def overlap(self, top: Part, bottom: Part) -> bool:
        """Whether no belly shows between them: at most 2 % of the waist is bare on the reference body."""
        points = self.reference.points
        height = self.reference.vertices[:SKIN_VERTICES, 2]
        bones = ("root", "spine05", "spine04", "spine03")
        trunk = np.isin(self.rig.skin_weights[:SKIN_VERTICES].argmax(1), [self.rig.bone(bone) for bone in bones])
        band = trunk & (height > points["pelvis"][2]) & (height < points["spine"][2] + 0.12)
        bare = band & ~self.skin_hits(top).covered & ~self.skin_hits(bottom).covered
        return bool(bare.sum() <= 0.02 * band.sum())


@dataclass(frozen=True, kw_only=True, eq=False)
class Worn:
    """Parts on one posed body: their vertices, and the skin that is left to draw."""

    parts: tuple[Part, ...]
    vertices: tuple[np.ndarray, ...]
    """(G, 3) of the garment of each part"""
    triangles: tuple[tuple[np.ndarray, ...], ...]
    """of each part, of each piece: (T, 3) corners that are drawn"""
    skin: np.ndarray
    """(13380, 3) skin, held inside what covers it"""
    skin_triangles: np.ndarray
    covered: np.ndarray
    """(13380,) bool: has a garment over it"""


_ORDER = {"shoes": 0, "bottom": 1, "full": 2, "top": 2}


def worn(wardrobe: Wardrobe, parts: tuple[Part, ...], body: RestBody, posed: PosedBody) -> Worn:
    """The parts on a posed body, from the inside out; hair, brows and hats only lie on the skin."""
    cloth = sorted((part for part in parts if part.slot in _ORDER), key=lambda part: _ORDER[part.slot])
    others = [part for part in parts if part.slot not in _ORDER]
    moved = {part.name: _moved(wardrobe, part, body, posed) for part in parts}
    drawn = {part.name: part.pieces for part in parts}
    for index, inner in reversed(list(enumerate(cloth))):
        for outer in cloth[index + 1 :]:
            if _ORDER[outer.slot] > _ORDER[inner.slot]:
                contact = wardrobe.part_hits(inner, outer)
                which = np.flatnonzero(contact.covered)
                moved[inner.name] = held_inside(moved[inner.name], moved[outer.name], contact, which, 0.003)
                drawn[inner.name] = _without_hidden(inner, drawn[inner.name], contact)
    hat = next((part for part in others if part.slot == "hat"), None)
    for part in others:
        if hat is not None and part.slot == "hair":
            drawn[part.name] = _under_hat(part, hat, body)
    skin = posed.vertices[:SKIN_VERTICES]
    covered = np.zeros(SKIN_VERTICES, bool)
    for part in cloth:
        covered |= wardrobe.skin_hits(part).covered | _deleted(wardrobe, part)
    ring = rings_inside(covered, wardrobe.skin_triangles, _RIM_RINGS)
    for part in (*others, *cloth):
        if part.slot in ("eyebrows", "eyelashes"):
            continue
        contact = wardrobe.skin_hits(part)
        which = np.flatnonzero(contact.covered & (ring < _RIM_RINGS))
        gap = 0.001 if part.slot in ("hair", "hat") else _GAP_M
        skin = held_inside(skin, moved[part.name], contact, which, gap)
    kept = wardrobe.skin_triangles[(ring[wardrobe.skin_triangles] < _RIM_RINGS).any(1)]
    ordered = (*others, *cloth)
    return Worn(
        parts=ordered,
        vertices=tuple(moved[part.name] for part in ordered),
        triangles=tuple(drawn[part.name] for part in ordered),
        skin=skin.astype(np.float32),
        skin_triangles=kept,
        covered=covered,
    )


def _moved(wardrobe: Wardrobe, part: Part, body: RestBody, posed: PosedBody) -> np.ndarray:
    return skinned(fitted(part.garment.binding, body.vertices), wardrobe.weights(part), posed.transforms)


def _deleted(wardrobe: Wardrobe, part: Part) -> np.ndarray:
    """Skin that the garment's author hides, where this part of it is not far: a divided suit hides with each part."""
    hidden = np.zeros(SKIN_VERTICES, bool)
    named = part.garment.binding.deleted
    named = named[named < SKIN_VERTICES]
    if part.slot in ("shoes", "full"):
        hidden[named] = True
        return hidden
    low, high = _extent(wardrobe, part)
    height = wardrobe.reference.vertices[named, 2]
    hidden[named[(height > low + 0.02) & (height < high - 0.02)]] = True
    return hidden & wardrobe.skin_hits(part).covered


def _extent(wardrobe: Wardrobe, part: Part) -> tuple[float, float]:
    height = fitted(part.garment.binding, wardrobe.reference.vertices)[np.unique(part.triangles), 2]
    return float(height.min()), float(height.max())


def _under_hat(hair: Part, hat: Part, body: RestBody) -> tuple[np.ndarray, ...]:
    """The hair below the brim: what would be in the hat is not drawn."""
    brim = np.percentile(fitted(hat.garment.binding, body.vertices)[:, 2], 25)
    height = fitted(hair.garment.binding, body.vertices)[hair.garment.mesh.vertex_of, 2]
    return tuple(piece[(height[piece] < brim).all(1)] for piece in hair.pieces)


def _without_hidden(part: Part, pieces: tuple[np.ndarray, ...], contact: Hits) -> tuple[np.ndarray, ...]:
    """The triangles of a part but those well under an outer one."""
    ring = rings_inside(contact.covered, part.triangles, _RIM_RINGS + 1)[part.garment.mesh.vertex_of]
    return tuple(piece[(ring[piece] <= _RIM_RINGS).any(1)] for piece in pieces)
