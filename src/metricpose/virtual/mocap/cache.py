"""One NPZ file of every clean mocap pose on the canonical rig, from which training draws.

Arrays: `quaternions` (N, 21, 4) float32, x y z w (scalar last), global, z up, yaw as recorded; `clip` (N,) int32, index
into the arrays per clip `names`, `kinds`, `sources`, `splits` (train / val / test); `frame` (N,) int32, 30 per second.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from metricpose._errors import FileError, InputError
from metricpose.virtual.mocap.cleaning import heads_levelled, thinned, whole_frames
from metricpose.virtual.mocap.folder import RigClip, rig_clips

SPLITS = ("train", "val", "test")


@dataclass(frozen=True, kw_only=True, eq=False)
class MocapCache:
    """The arrays of a cache; see the module for their shapes."""

    quaternions: np.ndarray
    clip: np.ndarray
    frame: np.ndarray
    names: np.ndarray
    kinds: np.ndarray
    sources: np.ndarray
    splits: np.ndarray

    def __len__(self) -> int:
        return len(self.quaternions)

    def rotations(self, split: str) -> np.ndarray:
        """(M, 21, 3, 3) float32 of the frames of `split`."""
        return quaternions_to_rotmat(self.quaternions[self.mask(split)])

    def mask(self, split: str) -> np.ndarray:
        """(N,) True for the frames of `split`."""
        if split not in SPLITS:
            raise InputError(f"mocap split: expected one of {', '.join(SPLITS)}, got {split!r}")
        return (self.splits == split)[self.clip]


def quaternions_to_rotmat(quaternions: np.ndarray) -> np.ndarray:
    """(..., 4) x y z w -> (..., 3, 3) float32."""
    matrices = Rotation.from_quat(quaternions.reshape(-1, 4).astype(np.float64)).as_matrix()
    return matrices.reshape(*quaternions.shape[:-1], 3, 3).astype(np.float32)


def rotmat_to_quaternions(rotations: np.ndarray) -> np.ndarray:
    """(..., 3, 3) -> (..., 4) float32, x y z w with w >= 0."""
    quaternions = Rotation.from_matrix(rotations.reshape(-1, 3, 3)).as_quat(canonical=True)
    return quaternions.reshape(*rotations.shape[:-2], 4).astype(np.float32)


def packaged_splits() -> Mapping[str, str]:
    """Clip name -> train, val, test, or `duplicate` (left out): the committed division, see docs/data_splits.md."""
    text = resources.files("metricpose.virtual.mocap").joinpath("splits.json").read_text(encoding="utf-8")
    return {name: split for split, names in json.loads(text)["clips"].items() for name in names}


def cleaned(clip: RigClip) -> RigClip:
    """The clip without broken frames, heads levelled, thinned."""
    clip = clip.at(whole_frames(clip))
    levelled = RigClip(
        name=clip.name,
        kind=clip.kind,
        source=clip.source,
        rotations=heads_levelled(clip.rotations),
        frames=clip.frames,
    )
    return levelled.at(thinned(levelled.rotations))


def built_cache(clips: Iterable[RigClip], splits: Mapping[str, str]) -> MocapCache:
    """The cache of clean clips; clips marked `duplicate` are left out. InputError for a clip without a split."""
    kept = []
    for clip in clips:
        if clip.name not in splits:
            raise InputError(f"mocap clip {clip.name!r} is in no split; add it to virtual/mocap/splits.json")
        if splits[clip.name] in SPLITS and len(clip):
            kept.append(clip)
    if not kept:
        raise InputError("mocap cache: expected at least one clip with frames in a split, got none")
    return MocapCache(
        quaternions=np.concatenate([rotmat_to_quaternions(clip.rotations) for clip in kept]),
        clip=np.concatenate([np.full(len(clip), i, dtype=np.int32) for i, clip in enumerate(kept)]),
        frame=np.concatenate([clip.frames for clip in kept]).astype(np.int32),
        names=np.array([clip.name for clip in kept]),
        kinds=np.array([clip.kind for clip in kept]),
        sources=np.array([clip.source for clip in kept]),
        splits=np.array([splits[clip.name] for clip in kept]),
    )


def build_cache(root: str | Path, path: str | Path, splits: Mapping[str, str] | None = None) -> MocapCache:
    """Reads the mocap folder `root`, cleans every clip and writes the cache to `path` (atomically); returns it."""
    cache = built_cache(map(cleaned, rig_clips(root)), packaged_splits() if splits is None else splits)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.tmp")
    with partial.open("wb") as file:
        np.savez_compressed(file, **vars(cache))
    partial.replace(path)
    return cache


def read_cache(path: str | Path) -> MocapCache:
    """The cache in the file. Raises FileError (missing, unreadable) and InputError (another kind of file)."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            return MocapCache(**{key: archive[key] for key in archive.files})
    except OSError as error:
        raise FileError(
            f"{path}: cannot read this mocap cache ({error.strerror or error}); recipes/build_mocap_cache.py builds one"
        ) from error
    except (ValueError, TypeError, EOFError) as error:
        raise InputError(f"{path}: expected a mocap cache, got another file ({error})") from error
