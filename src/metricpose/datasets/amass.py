"""AMASS clips (amass.is.tue.mpg.de): parameters of a body over time as NPZ, posed by a body that the user supplies.

    poses (T, 72, 156 or 165)      axis-angle of SMPL, SMPL-H or SMPL-X
    trans (T, 3)                   metres, world with z up
    betas (16,) or (10,)           shape
    gender                         "male", "female" or "neutral", as a text or bytes
    mocap_framerate                frames per second; mocap_frame_rate in the SMPL-X release

The licence of the SMPL family lets no model travel with this package, so joints come from the caller's own.
"""

import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from metricpose._errors import FileError, InputError
from metricpose.geometry import Camera
from metricpose.geometry.rigid import transformed
from metricpose.io.fields import shown
from metricpose.io.trc import PointTracks
from metricpose.people import PeopleFrame
from metricpose.skeletons import Skeleton

_RATES = ("mocap_framerate", "mocap_frame_rate")
_WHERE = "AMASS is had from https://amass.is.tue.mpg.de"


class AmassBody(Protocol):
    """A body model, such as SMPL-H of the package smplx, wrapped by the user."""

    @property
    def skeleton(self) -> Skeleton:
        """What the J joints are."""
        ...

    def __call__(self, poses: np.ndarray, betas: np.ndarray, trans: np.ndarray, gender: str) -> np.ndarray:
        """Joints (T, J, 3) in metres, z up, of poses (T, K) axis-angle, betas (B,) and trans (T, 3) metres."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class AmassClip:
    """What a file holds: `poses` (T, K) axis-angle, `betas` (B,), `trans_m` (T, 3) z up, `gender`, `fps`, its stem."""

    name: str
    poses: np.ndarray
    betas: np.ndarray
    trans_m: np.ndarray
    gender: str
    fps: float

    def __len__(self) -> int:
        return len(self.poses)


def read_amass(path: str | Path) -> AmassClip:
    """The clip of an AMASS-style NPZ; objects in it are never unpickled.

    Raises FileError (missing, unreadable) and InputError (not NPZ, an array missing, of another shape or not finite).
    """
    arrays = _loaded(path)
    poses = _numbers(arrays, "poses", path)
    if poses.ndim != 2 or poses.shape[1] % 3 or not poses.shape[1]:
        raise InputError(f"{path}: poses: expected (T, 3 x joints) axis-angles, got {poses.shape}; is it AMASS?")
    trans = _numbers(arrays, "trans", path)
    if trans.shape != (len(poses), 3):
        raise InputError(f"{path}: trans: expected ({len(poses)}, 3) metres, as many as poses, got {trans.shape}")
    betas = _numbers(arrays, "betas", path)
    if betas.ndim != 1:
        raise InputError(f"{path}: betas: expected one row of shape parameters, got {betas.shape}")
    return AmassClip(
        name=Path(path).stem,
        poses=poses,
        betas=betas,
        trans_m=trans,
        gender=_gender(arrays, path),
        fps=_rate(arrays, path),
    )


def clip_joints(clip: AmassClip, body: AmassBody) -> PointTracks:
    """The joints of the clip, (T, J, 3) metres in AMASS's own axes (z up), posed by `body`.

    InputError where the body gives another shape, or what is no number.
    """
    joints = np.asarray(body(clip.poses, clip.betas, clip.trans_m, clip.gender), dtype=np.float64)
    expected = (len(clip), len(body.skeleton), 3)
    if joints.shape != expected or not np.isfinite(joints).all():
        got = joints.shape if joints.shape != expected else "NaN or infinity"
        raise InputError(f"clip {clip.name!r}: body: expected finite joints of shape {expected}, got {got}")
    frames = np.arange(len(clip))
    return PointTracks(
        names=body.skeleton.joints, positions_m=joints, frames=frames + 1, times_s=frames / clip.fps, fps=clip.fps
    )


def amass_frames(clip: AmassClip, body: AmassBody, camera: Camera, *, every: int = 1) -> Iterator[PeopleFrame]:
    """The clip before a camera of the user's choice: one person in each frame, joints in metres in the camera frame.

    Frames are called <clip>/<number from 0, 6 digits>; every `every`-th is given. InputError for a camera without
    `cam_from_world`, and as `clip_joints`.
    """
    if camera.cam_from_world is None:
        raise InputError("camera: expected one with cam_from_world (z up, metres), got none; AMASS states no camera")
    if every < 1:
        raise InputError(f"every: expected 1 or more, got {every}")
    joints_cam = transformed(clip_joints(clip, body).positions_m, camera.cam_from_world)
    for frame in range(0, len(clip), every):
        yield PeopleFrame(
            name=f"{clip.name}/{frame:06d}",
            sequence=clip.name,
            frame=frame,
            skeleton=body.skeleton,
            joints_cam=joints_cam[frame, None],
            ids=(0,),
            camera=camera,
            licence="AMASS: non-commercial research, each part by its own licence",
        )


def _loaded(path: str | Path) -> dict[str, np.ndarray]:
    try:
        with Path(path).open("rb") as file:
            archive = np.load(file, allow_pickle=False)
            if isinstance(archive, np.ndarray):
                raise InputError(f"{path}: expected an NPZ with poses, trans and betas, got a single array")
            keys = {"poses", "trans", "betas", "gender", *_RATES} & set(archive.files)
            return {key: archive[key] for key in keys}
    except OSError as error:
        raise FileError(f"{path}: cannot read this NPZ file ({error.strerror or error}); {_WHERE}") from error
    except InputError:
        raise
    except (ValueError, EOFError, KeyError, zipfile.BadZipFile, NotImplementedError) as fault:
        text = " ".join(str(fault).split())
        got = "pickled objects, which are never loaded" if "pickle" in text else f"a damaged file ({text:.80})"
        raise InputError(f"{path}: expected an NPZ of plain arrays, got {got}; {_WHERE}") from None


def _array(arrays: Mapping[str, np.ndarray], key: str, path: str | Path) -> np.ndarray:
    if key not in arrays:
        raise InputError(f"{path}: expected the array {key!r}, got {shown(sorted(arrays))}; is it a clip of AMASS?")
    return arrays[key]


def _numbers(arrays: Mapping[str, np.ndarray], key: str, path: str | Path) -> np.ndarray:
    array = _array(arrays, key, path)
    if array.dtype.kind not in "iuf" or not np.isfinite(array).all():
        raise InputError(f"{path}: {key}: expected finite numbers, got {array.dtype} or NaN; check the file")
    return array.astype(np.float64)


def _gender(arrays: Mapping[str, np.ndarray], path: str | Path) -> str:
    value = _array(arrays, "gender", path)
    text = value.item() if value.size == 1 else None
    text = text.decode("ascii", "replace") if isinstance(text, bytes) else text
    if not isinstance(text, str) or text not in ("male", "female", "neutral"):
        raise InputError(f"{path}: gender: expected male, female or neutral, got {shown(value.tolist())}; correct it")
    return text


def _rate(arrays: Mapping[str, np.ndarray], path: str | Path) -> float:
    key = next((key for key in _RATES if key in arrays), _RATES[0])
    rate = _numbers(arrays, key, path)
    if rate.size != 1 or not rate.item() > 0:
        raise InputError(f"{path}: {key}: expected one positive rate, got {shown(rate.tolist())}; correct it")
    return float(rate.item())
