"""The shaders, compiled once for a context."""

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import moderngl

_LIT = ("mesh.frag", "background.frag", "sky.frag")


def fragment_text(name: str, cut_out: bool = False) -> str:
    """A fragment shader's source; those that need light have `light.glsl` before them.

    Holes are a variant: a shader that may discard is run before the depth test, on all that is hidden as well.
    """
    folder = files("metricpose.virtual.render") / "shaders"
    parts = (*(("light.glsl",) if name in _LIT else ()), name)
    head = "#version 330 core\n" + ("#define CUT_OUT\n" if cut_out else "")
    return head + "".join((folder / part).read_text(encoding="utf-8") for part in parts)


@cache
def program(context: "moderngl.Context", vertex: str, fragment: str, cut_out: bool = False) -> "moderngl.Program":
    """A program of two shaders, by their file names."""
    folder = files("metricpose.virtual.render") / "shaders"
    return context.program(
        vertex_shader=(folder / vertex).read_text(encoding="utf-8"), fragment_shader=fragment_text(fragment, cut_out)
    )


def set_uniforms(target: "moderngl.Program", **values: Any) -> None:
    """Set uniforms by name: numbers, rows of numbers, or matrices (written column by column).

    Names that the compiler left out, as nothing uses them, are passed over.
    """
    for name, value in values.items():
        if name not in target:
            continue
        uniform: Any = target[name]
        array = np.asarray(value)
        if array.ndim == 2 and array.shape[0] == array.shape[1]:
            array = array.T
        if array.ndim >= 1:
            # Compilers cut arrays after the last element that is used.
            count = uniform.array_length * uniform.dimension
            uniform.write(np.ascontiguousarray(array, np.float32).ravel()[:count].tobytes())
        else:
            uniform.value = value
