"""Clips kept as axis-angle vectors in one NPZ file, in the manner of Human3.6M's motion-forecasting sets.

Keys `rotvec:ACTION/CLIP` (T, J, 3), `joint_names`, `parents`, `offsets_m`. These files use row vectors (global = local
@ parent's), so each matrix is transposed here into the column convention. There is no root translation.
"""

from pathlib import Path

import numpy as np

from metricpose._errors import FileError, InputError
from metricpose.io._rotations import rotvec_to_rotmat
from metricpose.io.mocap_clip import MocapClip, rotations_accumulated


def read_expmap(path: str | Path, *, fps: float = 30.0) -> tuple[MocapClip, ...]:
    """All clips of the file, in its order, named ACTION/CLIP. Raises FileError and InputError."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {key: archive[key] for key in archive.files}
    except OSError as error:
        raise FileError(f"{path}: cannot read this NPZ file ({error.strerror or error}); check the path") from error
    except (ValueError, EOFError, AttributeError) as error:
        raise InputError(f"{path}: expected an NPZ file of plain arrays, got something else ({error})") from error
    missing = [key for key in ("joint_names", "parents", "offsets_m") if key not in arrays]
    if missing:
        found = ", ".join(arrays) or "none"
        raise InputError(f"{path}: expected the array {missing[0]!r} in this NPZ file, got {found}")
    keys = [key for key in arrays if key.startswith("rotvec:")]
    return tuple(_clip(key.removeprefix("rotvec:"), arrays[key], arrays, fps, path) for key in keys)


def _clip(name: str, rotvec: np.ndarray, arrays: dict[str, np.ndarray], fps: float, path: str | Path) -> MocapClip:
    parents = tuple(int(p) for p in arrays["parents"])
    if rotvec.ndim != 3 or rotvec.shape[1:] != (len(parents), 3):
        raise InputError(f"{path}: {name}: expected rotation vectors (T, {len(parents)}, 3), got {rotvec.shape}")
    if not np.isfinite(rotvec).all():
        raise InputError(f"{path}: {name}: expected finite rotation vectors, got NaN or infinity")
    rows = rotvec_to_rotmat(rotvec.astype(np.float64))
    return MocapClip(
        name=name,
        joint_names=tuple(str(n) for n in arrays["joint_names"]),
        parents=parents,
        offsets_m=arrays["offsets_m"].astype(np.float64),
        rotations=rotations_accumulated(rows.swapaxes(-1, -2), parents),
        root_translation_m=None,
        fps=fps,
    )
