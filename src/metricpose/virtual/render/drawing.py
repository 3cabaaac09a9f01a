"""Meshes in the memory of the graphics driver, and the passes that draw them."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from metricpose.virtual.render.mesh import Mesh
from metricpose.virtual.render.programs import set_uniforms
from metricpose.virtual.render.vertices import packed_vertices

if TYPE_CHECKING:
    import moderngl

_SRGB_ALPHA = 0x8C43  # GL_SRGB8_ALPHA8: the sampler returns linear light
_MOST_CACHED_BYTES = 256 << 20
_ATTRIBUTES = (("position", 12), ("normal", 12), ("texel", 8), ("colour", 12))
_KINDS = {"prop": 0, "ground": 5, "skin": 1, "cloth": 2, "hair": 3, "eye": 4}


class TextureStore:
    """Textures by the array they come from, the last used kept: a wall or a panorama serves many pictures."""

    def __init__(self, context: "moderngl.Context") -> None:
        self._context = context
        # The array is kept beside its texture, so that its identity stays its own.
        self._kept: OrderedDict[int, tuple[np.ndarray, moderngl.Texture]] = OrderedDict()
        self._bytes = 0

    def colour(self, array: np.ndarray) -> "moderngl.Texture":
        """Of sRGB with alpha (h, w, 4) uint8, its first row at the top of the texture; with smaller copies.

        Never with anisotropic filtering: the software driver then takes minutes.
        """
        return self._held(array, self._made_colour)

    def light(self, array: np.ndarray) -> "moderngl.Texture":
        """Of light (h, w, 3) float32, in half floats; its first row has v = 0, and it repeats sideways."""
        return self._held(array, self._made_light)

    def _held(self, array: np.ndarray, make: Any) -> "moderngl.Texture":
        found = self._kept.get(id(array))
        if found is None:
            found = array, make(array)
            self._kept[id(array)] = found
            self._bytes += array.nbytes
        self._kept.move_to_end(id(array))
        while self._bytes > _MOST_CACHED_BYTES and len(self._kept) > 8:
            _, (old, texture) = self._kept.popitem(last=False)
            self._bytes -= old.nbytes
            texture.release()
        return found[1]

    def _made_colour(self, array: np.ndarray) -> "moderngl.Texture":
        upright = np.ascontiguousarray(array[::-1])
        texture = self._context.texture((array.shape[1], array.shape[0]), 4, upright, internal_format=_SRGB_ALPHA)
        texture.build_mipmaps()
        texture.filter = (self._context.LINEAR_MIPMAP_LINEAR, self._context.LINEAR)
        return texture

    def _made_light(self, array: np.ndarray) -> "moderngl.Texture":
        halves = np.ascontiguousarray(np.minimum(array, 60000.0), np.float16)
        texture = self._context.texture((array.shape[1], array.shape[0]), 3, halves, dtype="f2", alignment=2)
        texture.filter = (self._context.LINEAR, self._context.LINEAR)
        texture.repeat_y = False
        return texture


class DrawnMesh:
    """One mesh in the driver's memory."""

    def __init__(self, context: "moderngl.Context", mesh: Mesh, textures: TextureStore) -> None:
        self.mesh = mesh
        self._context = context
        self._vertices = context.buffer(packed_vertices(mesh))
        self._indices = context.buffer(np.ascontiguousarray(mesh.triangles, np.int32))
        self._texture = None if mesh.texture is None else textures.colour(mesh.texture)
        self._arrays: list[moderngl.VertexArray] = []

    @property
    def cut_out(self) -> bool:
        """Whether it has holes."""
        return self.mesh.cut_out and self._texture is not None

    def draw(self, program: "moderngl.Program") -> None:
        """All triangles; texture 0 is the mesh's own."""
        values = {
            "textured": self._texture is not None,
            "kind": _KINDS[self.mesh.kind],
            "roughness": float(self.mesh.roughness),
            "person": int(self.mesh.person),
            "diffuse": 0,
        }
        set_uniforms(program, **values)
        if self._texture is not None:
            self._texture.use(0)
        used = [(name, size) for name, size in _ATTRIBUTES]
        layout = " ".join(f"{size // 4}f4" if name in program else f"{size}x" for name, size in used)
        names = [name for name, _ in used if name in program]
        array = self._context.vertex_array(program, [(self._vertices, layout, *names)], self._indices, 4)
        array.render()
        self._arrays.append(array)

    def release(self) -> None:
        """Give its memory back."""
        for thing in (*self._arrays, self._vertices, self._indices):
            thing.release()


def drawn(context: "moderngl.Context", meshes: Iterable[Mesh], textures: TextureStore) -> list[DrawnMesh]:
    """The meshes that have triangles, uploaded."""
    return [DrawnMesh(context, mesh, textures) for mesh in meshes if len(mesh.triangles)]


def release_all(meshes: Sequence[DrawnMesh]) -> None:
    """Give the memory of all of them back."""
    for mesh in meshes:
        mesh.release()
