"""The shaders, compiled once for a context."""

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import moderngl

_LIT = ("mesh.frag", "background.frag")


def shader_text(name: str) -> str:
    """A shader's source; those that need light have `light.glsl` before them."""
    folder = files("metricpose.virtual.render") / "shaders"
    text = (folder / name).read_text(encoding="utf-8")
    if name in _LIT:
        text = "#version 330 core\n" + (folder / "light.glsl").read_text(encoding="utf-8") + text
    return text


@cache
def program(context: "moderngl.Context", vertex: str, fragment: str) -> "moderngl.Program":
    """A program of two shaders, by their file names."""
    return context.program(vertex_shader=shader_text(vertex), fragment_shader=shader_text(fragment))


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
