"""A small reader of Wavefront OBJ: vertices, texture coordinates, polygons.

Our own, because a binding (`mhclo`) counts the file's vertices in the file's order: general mesh loaders merge, split
or reorder them at texture seams and forget which vertex was which.
"""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from metricpose._errors import FileError, InputError


@dataclass(frozen=True, kw_only=True, eq=False)
class ObjMesh:
    """One mesh: a corner for every pair of vertex and texture coordinate that a face uses.

    Attributes:
        vertices: (N, 3) float32 in the file's order, units and axes.
        vertex_of: (C,) int32: which vertex a corner is.
        uv: (C, 2) float32, (0, 0) lower left, or None without any.
        triangles: (T, 3) int32 corners, polygons cut into fans.
    """

    vertices: np.ndarray
    vertex_of: np.ndarray
    uv: np.ndarray | None
    triangles: np.ndarray


def read_obj(path: Path | str) -> ObjMesh:
    """The mesh of an .obj file. Raises FileError when it cannot be read, InputError when it is not one."""
    try:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise FileError(f"mesh: cannot read {path}: {error.strerror or error}") from error
    return parsed_obj(text, str(path))


def parsed_obj(text: str, source: str) -> ObjMesh:
    """As `read_obj`, of a text; `source` is named in errors."""
    vertices: list[list[float]] = []
    uv: list[list[float]] = []
    faces: list[tuple[int, list[tuple[int, int]]]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words:
            continue
        try:
            if words[0] == "v":
                vertices.append(_floats(words[1:4], 3))
            elif words[0] == "vt":
                uv.append(_floats(words[1:3], 2))
            elif words[0] == "f":
                faces.append((number, [_corner(word, len(vertices), len(uv)) for word in words[1:]]))
        except ValueError as error:
            raise InputError(
                f"mesh {source}, line {number}: expected an OBJ line, got {line.strip()[:60]!r}"
            ) from error
    if not vertices or not faces:
        raise InputError(f"mesh {source}: expected vertices and faces, got {len(vertices)} and {len(faces)}")
    return _welded(source, vertices, uv, faces)


def _floats(words: list[str], count: int) -> list[float]:
    values = [float(word) for word in words]
    if len(values) != count or not np.isfinite(values).all():
        raise ValueError(words)
    return values


def _corner(word: str, vertices: int, uv: int) -> tuple[int, int]:
    """(vertex, texture coordinate or -1) of `12`, `12/7`, `12//3` or `12/7/3`; negative numbers count from the end."""
    parts = word.split("/")
    texture = _index(parts[1], uv) if len(parts) > 1 and parts[1] else -1
    return _index(parts[0], vertices), texture


def _index(word: str, count: int) -> int:
    index = int(word)
    if index == 0:
        raise ValueError(word)
    return index - 1 if index > 0 else count + index


def _welded(source: str, vertices: list, uv: list, faces: list[tuple[int, list[tuple[int, int]]]]) -> ObjMesh:
    corners: dict[tuple[int, int], int] = {}
    triangles: list[tuple[int, int, int]] = []
    for number, face in faces:
        if len(face) < 3 or any(not 0 <= v < len(vertices) or t >= len(uv) for v, t in face):
            raise InputError(
                f"mesh {source}, line {number}: expected at least 3 corners among {len(vertices)} vertices and "
                f"{len(uv)} texture coordinates, got others"
            )
        polygon = [corners.setdefault(corner, len(corners)) for corner in face]
        triangles += [(polygon[0], b, c) for b, c in pairwise(polygon[1:])]
    used = np.array(list(corners), dtype=np.int32)
    textured = bool(uv) and bool((used[:, 1] >= 0).all())
    return ObjMesh(
        vertices=np.array(vertices, dtype=np.float32),
        vertex_of=used[:, 0],
        uv=np.array(uv, dtype=np.float32)[used[:, 1]] if textured else None,
        triangles=np.array(triangles, dtype=np.int32),
    )
