"""The packaged bodies: some 4,000 people, infants to elders, as rest offsets of the canonical rig (numpy only).

A body is what forward kinematics needs: where each node lies in its parent part and each landmark in its part, in the
canonical T-pose (`metricpose.virtual.rig`: x forward, y left, z up). Measured from Anny; see docs/weights/bodies.md.
"""

from dataclasses import dataclass, fields, replace
from importlib.resources import files
from pathlib import Path

import numpy as np

from metricpose._errors import FileError, InputError

NODE_COUNT, LANDMARK_COUNT = 21, 27
SPLITS = ("train", "val", "test")

_STEP_M = 1e-4  # lengths are stored as multiples of 0.1 mm in 16 bits: float16 would lose 0.5 mm near 1 m
_LENGTHS = ("node_offsets", "landmark_offsets", "radii", "sole_m", "stature_m")
_SHAPES = {"node_offsets": (NODE_COUNT, 3), "landmark_offsets": (LANDMARK_COUNT, 3), "radii": (NODE_COUNT,)}


@dataclass(frozen=True, kw_only=True, eq=False)
class BodyBank:
    """N bodies. Lengths in metres, float32. Raises InputError when the arrays do not fit each other."""

    node_offsets: np.ndarray
    """(N, 21, 3) rest offset of each node from its parent node; the pelvis (row 0, the middle of the hips) is zero"""
    landmark_offsets: np.ndarray
    """(N, 27, 3) rest offset of each landmark from its node"""
    radii: np.ndarray
    """(N, 21) radius of the part that starts at each node: median distance of its skin from its axis"""
    sole_m: np.ndarray
    """(N,) height of the ankles over the soles of a standing person"""
    stature_m: np.ndarray
    """(N,) head top over soles, standing straight"""
    age_years: np.ndarray
    """(N,)"""
    sex: np.ndarray
    """(N,) 0 male ... 1 female"""
    split: np.ndarray
    """(N,) "train", "val" or "test": no body is in two"""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = np.asarray(getattr(self, field.name))
            object.__setattr__(self, field.name, value if field.name == "split" else value.astype(np.float32))
        for field in fields(self):
            self._check(field.name)

    def _check(self, name: str) -> None:
        value = getattr(self, name)
        expected = (len(self.stature_m), *_SHAPES.get(name, ()))
        if value.shape != expected:
            raise InputError(f"BodyBank.{name}: expected shape {expected}, got {value.shape}")
        if name == "split":
            if not set(value.tolist()) <= set(SPLITS):
                raise InputError(f"BodyBank.split: expected {', '.join(SPLITS)}, got {sorted(set(value.tolist()))}")
        elif not np.isfinite(value).all():
            raise InputError(f"BodyBank.{name}: expected finite numbers, got NaN or infinity")

    def __len__(self) -> int:
        return len(self.stature_m)

    def __getitem__(self, index: np.ndarray | slice | list[int]) -> "BodyBank":
        """The bodies that a mask, a slice or a list of indices names."""
        return replace(self, **{field.name: getattr(self, field.name)[index] for field in fields(self)})

    def of_split(self, split: str) -> "BodyBank":
        """The bodies of "train", "val" or "test"."""
        if split not in SPLITS:
            raise InputError(f"BodyBank.of_split: expected one of {', '.join(SPLITS)}, got {split!r}")
        return self[self.split == split]

    @classmethod
    def load(cls, path: Path | str | None = None) -> "BodyBank":
        """The packaged bodies, or those of a file that `save` wrote. Raises FileError when it cannot be read."""
        source = files("metricpose") / "weights" / "bodies.npz" if path is None else Path(path)
        try:
            with source.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
                arrays = {field.name: stored[field.name] for field in fields(cls)}
        except (OSError, KeyError, ValueError) as error:
            raise FileError(f"bodies: expected a file written by BodyBank.save, got {source}: {error}") from error
        lengths = {name: arrays[name] * np.float32(_STEP_M) for name in _LENGTHS}
        return cls(**arrays | lengths | {"split": np.array(SPLITS)[arrays["split"]]})

    def save(self, path: Path | str) -> None:
        """Writes the bodies, lengths rounded to 0.1 mm."""
        arrays = {name: np.rint(getattr(self, name) / _STEP_M).astype(np.int16) for name in _LENGTHS}
        codes = np.array([SPLITS.index(name) for name in self.split.tolist()], dtype=np.uint8)
        arrays |= {"age_years": self.age_years.astype(np.float16), "sex": self.sex.astype(np.float16), "split": codes}
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as stream:
            np.savez_compressed(stream, **arrays)
