"""Poses that a user brings: motion capture or people in metres, as clips on the canonical rig, split for judging.

Clips with the joints of the CMU laboratory keep their rotations; all others are read as named points
(`virtual.mocap.from_points`).
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from metricpose._errors import FileError, InputError, MetricposeError
from metricpose.datasets.mocap import asf_beside, clip_points, read_points
from metricpose.io.asf_amc import read_asf_amc
from metricpose.io.bvh import read_bvh
from metricpose.io.fields import located
from metricpose.io.mocap_clip import MocapClip
from metricpose.io.people3d import read_people3d
from metricpose.io.records import ImagePeople3D
from metricpose.io.trc import PointTracks
from metricpose.virtual.mocap.cache import cleaned
from metricpose.virtual.mocap.cleaning import thinned
from metricpose.virtual.mocap.folder import RigClip
from metricpose.virtual.mocap.from_points import NEEDED, named_points, rotations_of_points, upright_axes
from metricpose.virtual.mocap.retarget import retargeted
from metricpose.virtual.pose_source import facing_forward

SUFFIXES = (".bvh", ".amc", ".trc", ".c3d", ".json", ".npz")
FEWEST_POSES = 30
_MOST_POSES = 60_000
_HELD_OUT = {"val": 3, "test": 4}  # of every five clips
_BLOCKS = {"train": (0.0, 0.7), "val": (0.7, 0.85), "test": (0.85, 1.0)}  # of the time of each of few clips

Fault = Callable[[Exception], None]


@dataclass(frozen=True, kw_only=True, eq=False)
class OwnPoses:
    """Clips of poses that differ: names, and rotations (T, 21, 3, 3) of each, z up, facing +x, in their order.

    Raises InputError for fewer than FEWEST_POSES poses in all.
    """

    names: tuple[str, ...]
    clips: tuple[Tensor, ...]

    def __post_init__(self) -> None:
        if len(self) < FEWEST_POSES:
            raise InputError(
                f"poses: expected at least {FEWEST_POSES} that differ, got {len(self)}; give more, or longer clips"
            )

    def __len__(self) -> int:
        return sum(len(clip) for clip in self.clips)

    @property
    def fingerprint(self) -> str:
        """Tells these poses from others."""
        digest = hashlib.sha256()
        for clip in self.clips:
            digest.update(clip.contiguous().numpy().tobytes())
        return digest.hexdigest()

    @property
    def held_out_by(self) -> str:
        """How `of_split` divides them, in words."""
        if len(self.clips) < 5:
            return "the last 15 % of each clip"
        return f"{len(range(_HELD_OUT['test'], len(self.clips), 5))} of {len(self.clips)} clips"

    def of_split(self, split: str) -> Tensor:
        """Poses (N, 21, 3, 3) of "train", "val" or "test": every fifth clip, or of fewer than five a part of each."""
        if len(self.clips) < 5:
            low, high = _BLOCKS[split]
            return torch.cat([clip[round(low * len(clip)) : round(high * len(clip))] for clip in self.clips])
        places = {place: name for name, place in _HELD_OUT.items()}
        return torch.cat([clip for i, clip in enumerate(self.clips) if places.get(i % 5, "train") == split])


def read_own_poses(path: str | Path, on_fault: Fault | None = None) -> OwnPoses:
    """The poses of a file, or of all files below a folder, whose suffixes are among SUFFIXES.

    With `on_fault`, files of a folder that cannot be used are told to it and left out.

    Raises FileError (missing, unreadable, no such file in the folder), InputError (bad content, joints without a known
    name, people whose camera's tilt is unknown, too few poses), MissingExtraError (C3D without the extra `datasets`).
    """
    path = Path(path)
    if not path.is_dir():
        clips = [(path.stem, _clip(path))]
    else:
        files = sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES)
        if not files:
            raise FileError(f"{path}: expected files ending in {', '.join(SUFFIXES)} in this folder, got none")
        clips = list(_readable(files, on_fault))
    step = max(1, -(-sum(len(rotations) for _, rotations in clips) // _MOST_POSES))
    return OwnPoses(
        names=tuple(name for name, _ in clips),
        clips=tuple(facing_forward(torch.from_numpy(rotations[::step])) for _, rotations in clips),
    )


def _readable(files: Sequence[Path], on_fault: Fault | None) -> Iterator[tuple[str, np.ndarray]]:
    read = 0
    for file in files:
        try:
            clip = _clip(file)
        except MetricposeError as error:
            if on_fault is None:
                raise
            on_fault(error)
            continue
        read += 1
        yield file.stem, clip
    if not read:
        raise InputError(f"poses: expected a file that can be read, got none of {len(files)}; give others")


def _clip(path: Path) -> np.ndarray:
    """Rotations (T, 21, 3, 3) of the poses of one file that differ."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise InputError(f"{path}: expected poses, a file ending in {', '.join(SUFFIXES)}, got {suffix or 'no suffix'}")
    if suffix in (".bvh", ".amc"):
        rotations = _of_motion(read_bvh(path) if suffix == ".bvh" else read_asf_amc(asf_beside(path), path), path)
    elif suffix in (".json", ".npz"):
        rotations = _of_people(read_people3d(path), path)
    else:
        rotations = _of_tracks(read_points(path), path)
    return rotations[thinned(rotations)]


def _of_motion(clip: MocapClip, path: Path) -> np.ndarray:
    """By the clip's own rotations where its joints are those of CMU, else by where its joints are."""
    try:
        rotations = retargeted(clip)
    except InputError:  # a joint of CMU's tree is not there
        return _of_tracks(clip_points(clip), path)
    frames = np.arange(len(rotations))
    return cleaned(RigClip(name=clip.name, kind="", source="", rotations=rotations, frames=frames)).rotations


def _of_tracks(tracks: PointTracks, path: Path) -> np.ndarray:
    """The frames in which every needed point was seen, turned upright."""
    with located(path):
        points = _whole(named_points(tracks.names, tracks.positions_m))
        turn = upright_axes(points)
        return rotations_of_points({joint: values @ turn.T for joint, values in points.items()})


def _of_people(records: Sequence[ImagePeople3D], path: Path) -> np.ndarray:
    """Everybody of whom all needed joints are there, in pictures whose camera's tilt is known."""
    parts, untilted = [], 0
    for record in records:
        people, up = record.people, record.people.camera.up
        untilted += up is None and len(people) > 0
        if up is not None and len(people):
            joints_world = people.joints_cam.astype(np.float64) @ _upright_from_cam(up).T
            parts.append(joints_world)
    with located(path):
        if not parts:
            got = f"{untilted} pictures without" if untilted else "nobody"
            raise InputError(f"expected people whose camera's tilt is known, got {got}; lift them with --camera")
        names = records[0].people.skeleton.canonical  # a file has one skeleton
        return rotations_of_points(_whole(named_points(names, np.concatenate(parts))))


def _upright_from_cam(up_cam: np.ndarray) -> np.ndarray:
    """A rotation (3, 3) from the camera's frame to one with z up; which way is ahead does not matter."""
    side = np.cross(up_cam, np.eye(3)[np.abs(up_cam).argmin()])
    side /= np.linalg.norm(side)
    return np.stack([side, np.cross(up_cam, side), up_cam])


def _whole(points: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The frames in which all needed points are finite, and of the helpful ones those that are finite there."""
    kept = np.all([np.isfinite(points[joint]).all(-1) for joint in NEEDED], axis=0)
    if not kept.any():
        raise InputError("expected a frame in which every joint was seen, got none; fill the gaps, or leave it out")
    cut = {joint: values[kept] for joint, values in points.items()}
    return {joint: values for joint, values in cut.items() if np.isfinite(values).all()}
