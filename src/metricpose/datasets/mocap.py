"""Motion capture as labelled points over time, whatever its file: BVH, ASF/AMC, TRC, C3D.

No camera saw these clips, so they are no frames of people: `PointTracks` are what they have in common.
"""

from pathlib import Path

import numpy as np

from metricpose._errors import FileError, InputError
from metricpose.datasets.c3d import read_c3d
from metricpose.io.asf_amc import read_asf_amc
from metricpose.io.bvh import CMU_METRES_PER_UNIT, read_bvh
from metricpose.io.mocap_clip import MocapClip
from metricpose.io.trc import PointTracks, read_trc

_SUFFIXES = (".bvh", ".amc", ".trc", ".c3d")


def clip_points(clip: MocapClip) -> PointTracks:
    """The joint centres of a clip as points: (T, J, 3) metres in the file's own axes (CMU: y up).

    Frames are counted from 1, as in TRC, and time from 0. A clip without a translation keeps its root at 0.
    """
    frames = np.arange(len(clip))
    return PointTracks(
        names=clip.joint_names,
        positions_m=clip.positions_m(),
        frames=frames + 1,
        times_s=frames / clip.fps,
        fps=clip.fps,
    )


def read_points(
    path: str | Path,
    *,
    asf_path: str | Path | None = None,
    metres_per_unit: float = CMU_METRES_PER_UNIT,
    amc_fps: float = 120.0,
) -> PointTracks:
    """The points of a .bvh, .amc, .trc or .c3d file, in metres and the file's own axes.

    Args:
        path: the file; its suffix says what it is.
        asf_path: the skeleton of an .amc; if not given, the .asf beside it that its name begins with, or the only one.
        metres_per_unit: of a .bvh, which states no unit (default: the CMU laboratory's).
        amc_fps: of an .amc, which states no rate.

    Raises FileError (missing, unreadable), InputError (another suffix, bad content, which .asf is not clear) and
    MissingExtraError (C3D without the extra `datasets`).
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix == ".bvh":
        return clip_points(read_bvh(path, metres_per_unit=metres_per_unit))
    if suffix == ".amc":
        return clip_points(read_asf_amc(asf_beside(path) if asf_path is None else asf_path, path, fps=amc_fps))
    if suffix == ".trc":
        return read_trc(path)
    if suffix == ".c3d":
        return read_c3d(path)
    raise InputError(f"{path}: expected a name that ends in {', '.join(_SUFFIXES)}, got {suffix or 'no suffix'}")


def asf_beside(path: Path) -> Path:
    """01_02.amc -> 01.asf of the same folder."""
    found = sorted(path.parent.glob("*.asf")) if path.parent.is_dir() else []
    named = [asf for asf in found if path.stem == asf.stem or path.stem.startswith(f"{asf.stem}_")]
    candidates = named or found
    if not candidates:
        raise FileError(f"{path}: expected an .asf skeleton beside it, got none; CMU ships 01.asf with 01_02.amc")
    if len(candidates) > 1:
        names = ", ".join(asf.name for asf in candidates)
        raise InputError(f"{path}: expected one .asf skeleton beside it, got {names}; name it (asf_path)")
    return candidates[0]
