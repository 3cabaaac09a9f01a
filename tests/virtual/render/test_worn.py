"""Layers on a body: which triangles are left, and who wears what over what. On a mesh of made-up boxes."""

import numpy as np

from metricpose.virtual.render.cover import Hits
from metricpose.virtual.render.worn import _under_hat, _without_hidden
from tests.virtual.render.test_wardrobe import divided, garment, tube


def test_what_lies_deep_under_an_outer_part_is_not_drawn():
    (part,) = divided(garment("boots", tube(0.0, 0.3, rings=20), kind="shoes"))
    heights = part.garment.mesh.vertices[:, 2]
    covered = heights > 0.1
    contact = Hits(
        distance=np.where(covered, 0.01, np.nan),
        corners=np.zeros((len(heights), 3), np.int32),
        weights=np.zeros((len(heights), 3), np.float32),
    )
    (left,) = _without_hidden(part, part.pieces, contact)
    lowest = heights[left].min(1)
    assert 0.1 < lowest.max() < 0.2  # a rim is left, the rest above it is gone
    assert len(left) < len(part.pieces[0])
    nothing = Hits(distance=np.full(len(heights), np.nan), corners=contact.corners, weights=contact.weights)
    assert len(_without_hidden(part, part.pieces, nothing)[0]) == len(part.pieces[0])


def test_hair_in_a_hat_is_not_drawn():
    hair, hat = (divided(garment(kind, tube(0.0, 1.0), kind=kind))[0] for kind in ("hair", "hat"))

    class Body:
        vertices = np.zeros((10, 3))

    # Every vertex of these garments sits on vertex 0 of the body: at height 0, so no hair is under the brim.
    assert [len(piece) for piece in _under_hat(hair, hat, Body)] == [0]
