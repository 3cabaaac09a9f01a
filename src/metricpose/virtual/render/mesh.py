"""What the renderer draws: triangles in the world with a material, and whose they are."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from metricpose._errors import InputError

Kind = Literal["skin", "cloth", "hair", "eye", "prop", "ground"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Mesh:
    """V vertices and T triangles of one material.

    Attributes:
        vertices_world: (V, 3) float32 metres, z up.
        triangles: (T, 3) int32, counter-clockwise seen from outside.
        normals_world: (V, 3) float32 unit, or None: made from the triangles.
        uv: (V, 2) float32, (0, 0) is the lower left of the texture, or None without one.
        texture: (h, w, 4) uint8 sRGB with alpha, or None.
        colours: (V, 3) float32 in [0, 1], linear light, multiplied with the texture; None is white.
        person: 0 for things, 1, 2, ... for the people of the scene.
        kind: what it is made of; the shader knows skin, cloth, hair and eyes.
        roughness: 0 mirror to 1 dull.
        cut_out: whether texels of alpha under one half are holes (hair, brows, lashes).
        both_sides: whether the back is drawn.
        asset: name of the file it comes from, for provenance; "" for made ones.
    """

    vertices_world: np.ndarray
    triangles: np.ndarray
    normals_world: np.ndarray | None = None
    uv: np.ndarray | None = None
    texture: np.ndarray | None = None
    colours: np.ndarray | None = None
    person: int = 0
    kind: Kind = "prop"
    roughness: float = 0.8
    cut_out: bool = False
    both_sides: bool = False
    asset: str = ""

    def __post_init__(self) -> None:
        count = len(self.vertices_world)
        for name, shape in (("vertices_world", (count, 3)), ("normals_world", (count, 3)), ("uv", (count, 2)),
                            ("colours", (count, 3))):  # fmt: skip
            value = getattr(self, name)
            if value is not None and (np.shape(value) != shape or not np.isfinite(value).all()):
                raise InputError(f"mesh {self.asset!r}: expected finite {name} of shape {shape}, got {np.shape(value)}")
        triangles = np.asarray(self.triangles)
        if triangles.ndim != 2 or triangles.shape[1] != 3 or (triangles.size and triangles.max() >= count):
            raise InputError(f"mesh {self.asset!r}: expected triangles (T, 3) of {count} vertices")
        if (self.texture is not None) and self.uv is None:
            raise InputError(f"mesh {self.asset!r}: expected uv with a texture, got none")
