"""Points of the body read off Anny's mesh: sparse rows over its vertices and bone heads (numpy only).

The rows ship with the package (`weights/body_points.npz`, made by recipes/build_body_points.py from `point_table`); the
mesh does not, so this is for who has Anny (extra `[anny]`).
"""

from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path

import numpy as np

from metricpose._errors import FileError, InputError

_FULL_MESH_VERTICES = 19_158
_KEPT = ((0, 1778), (1794, 8450), (8466, 13606), (14598, 14742))
"""Runs of vertices of MakeHuman's whole base mesh, on which garments hang, that Anny's default mesh keeps, in order."""


@dataclass(frozen=True, kw_only=True, eq=False)
class PointRegressors:
    """P points as affine mixes of V vertices and B bone heads; each row sums to 1.

    Attributes:
        names: the points.
        vertex_count, bone_count: of the mesh they are read from.
        rows, columns, weights: (N,) the entries that are not 0; columns from V on are bone heads.
    """

    names: tuple[str, ...]
    vertex_count: int
    bone_count: int
    rows: np.ndarray
    columns: np.ndarray
    weights: np.ndarray

    def __post_init__(self) -> None:
        sums = np.bincount(self.rows, self.weights, minlength=len(self.names))
        if np.abs(sums - 1.0).max() > 1e-5:
            worst = self.names[int(np.abs(sums - 1.0).argmax())]
            raise InputError(f"regressors: expected rows that sum to 1, got {sums.max():.4f} for {worst}; build anew")

    @classmethod
    def load(cls, path: Path | str | None = None) -> "PointRegressors":
        """The packaged regressors, or those of a file. FileError when it cannot be read."""
        source = files("metricpose") / "weights" / "body_points.npz" if path is None else Path(path)
        try:
            with source.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
                vertex_count, bone_count = (int(n) for n in stored["mesh"])
                return cls(
                    names=tuple(str(name) for name in stored["names"]),
                    vertex_count=vertex_count,
                    bone_count=bone_count,
                    rows=stored["rows"].astype(np.int64),
                    columns=stored["columns"].astype(np.int64),
                    weights=stored["weights"],
                )
        except (OSError, KeyError, ValueError) as error:
            raise FileError(f"regressors: expected a file written by save, got {source}: {error}") from error

    def save(self, path: Path | str) -> None:
        """Writes them; a few hundred bytes for a point."""
        with Path(path).open("wb") as stream:
            np.savez_compressed(
                stream,
                names=np.array(self.names),
                mesh=np.array([self.vertex_count, self.bone_count]),
                rows=self.rows.astype(np.uint8 if len(self.names) < 256 else np.uint16),
                columns=self.columns.astype(np.uint16),
                weights=self.weights.astype(np.float32),
            )

    def on_mesh(self, places: np.ndarray, vertex_count: int) -> "PointRegressors":
        """The same points read off another mesh of `vertex_count` vertices, in which vertex i is number `places[i]`."""
        if len(places) != self.vertex_count:
            raise InputError(f"regressors: expected places of {self.vertex_count} vertices, got {len(places)}")
        on_skin = self.columns < self.vertex_count
        moved = np.where(on_skin, places[np.where(on_skin, self.columns, 0)], self.columns + vertex_count - len(places))
        return replace(self, columns=moved, vertex_count=vertex_count)

    def on_full_mesh(self) -> "PointRegressors":
        """The packaged points read off MakeHuman's whole base mesh (Anny's topology "anny-full")."""
        return self.on_mesh(np.concatenate([np.arange(*run) for run in _KEPT]), _FULL_MESH_VERTICES)

    def dense(self) -> np.ndarray:
        """(P, V + B) float64."""
        weights = np.zeros((len(self.names), self.vertex_count + self.bone_count))
        weights[self.rows, self.columns] = self.weights
        return weights

    def __call__(self, vertices: np.ndarray, bone_heads: np.ndarray) -> np.ndarray:
        """Points (P, 3) of a body's `vertices` (V, 3) and `bone_heads` (B, 3), in their frame."""
        if len(vertices) != self.vertex_count or len(bone_heads) != self.bone_count:
            expected, got = (self.vertex_count, self.bone_count), (len(vertices), len(bone_heads))
            raise InputError(
                f"regressors: expected {expected} vertices and bones, got {got}; use Anny's default topology"
            )
        both = np.concatenate([vertices, bone_heads])
        points = np.zeros((len(self.names), 3))
        np.add.at(points, self.rows, self.weights[:, None] * both[self.columns])
        return points
