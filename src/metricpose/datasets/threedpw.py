"""3DPW (virtualhumans.mpi-inf.mpg.de/3DPW), as its two archives unpack.

    <root>/sequenceFiles/<train, validation or test>/<sequence>.pkl
    <root>/imageFiles/<sequence>/image_XXXXX.jpg                        (pictures, not needed)

A pickle holds, of P people over T pictures: jointPositions P x (T, 72) SMPL-24 in metres in the world, cam_poses
(T, 4, 4) camera from world, cam_intrinsics (3, 3), campose_valid P x (T,), poses2d P x (T, 3, 18) joints of OpenPose's
COCO model with confidence, genders, betas and poses. It is read without unpickling anything but arrays and plain
containers. von Marcard et al., ECCV 2018.
The world's up is not stated, so cameras carry no place in it.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from metricpose._errors import InputError
from metricpose.datasets.files import required
from metricpose.datasets.safe_pickle import read_pickle
from metricpose.geometry import Camera
from metricpose.geometry.rigid import rigidity_fault, transformed
from metricpose.io.fields import located, shown
from metricpose.people import PeopleFrame
from metricpose.skeletons import CATALOGUE

SOURCE = "https://virtualhumans.mpi-inf.mpg.de/3DPW (sequenceFiles.zip)"
LICENCE = "3DPW: non-commercial research"

Split = Literal["train", "validation", "test"]

_SMPL24, _COCO17 = CATALOGUE["smpl24"], CATALOGUE["coco17"]

# OpenPose's COCO model: nose, neck, right arm, left arm, right leg, left leg, eyes and ears (right first).
_COCO17_OF_COCO18 = [0, 15, 14, 17, 16, 5, 2, 6, 3, 7, 4, 11, 8, 12, 9, 13, 10]


def read_threedpw(
    root: str | Path, *, split: Split = "test", sequences: Sequence[str] | None = None, every: int = 1
) -> Iterator[PeopleFrame]:
    """The pictures of a split: SMPL-24 joints in metres in the camera frame, with their projections in pixels.

    `judged` are the people whose camera pose is valid (campose_valid); ids are the places in the file. The size of the
    picture is twice the principal point, which lies in the middle in this data set.

    Raises FileError (a missing file, and where to get it) and InputError (a field that is missing or of another shape).
    """
    for path in _files(Path(root), split, sequences, every):
        document = read_pickle(path)
        with located(path):
            clip = _Clip(document)
        for frame in range(0, clip.length, every):
            joints_cam = transformed(clip.joints_world[:, frame], clip.cam_from_world[frame])
            joints_px, seen = clip.camera.project(joints_cam)
            yield PeopleFrame(
                **_head(Path(root), path.stem, frame, clip),
                ids=tuple(range(len(joints_cam))),
                skeleton=_SMPL24,
                joints_cam=joints_cam,
                joints_px=np.where(seen[..., None], joints_px, np.nan),
                joint_scores=np.ones(joints_cam.shape[:2]),
                judged=clip.valid[:, frame],
            )


def read_threedpw_detections(
    root: str | Path, *, split: Split = "test", sequences: Sequence[str] | None = None, every: int = 1
) -> Iterator[PeopleFrame]:
    """The same pictures with the 2D joints that the data set ships (poses2d) as COCO-17: input for a lifter.

    A joint with confidence 0 is NaN, and a person without any is left out; ids agree with those of `read_threedpw`.
    """
    for path in _files(Path(root), split, sequences, every):
        document = read_pickle(path)
        with located(path):
            clip = _Clip(document)
            found = clip.found_px()
        for frame in range(0, clip.length, every):
            rows = found[:, frame][:, _COCO17_OF_COCO18]
            there = (rows[..., 2] > 0).any(axis=1)
            scores = rows[there, :, 2]
            yield PeopleFrame(
                **_head(Path(root), path.stem, frame, clip),
                ids=tuple(int(i) for i in np.flatnonzero(there)),
                skeleton=_COCO17,
                joints_px=np.where(scores[..., None] > 0, rows[there, :, :2], np.nan),
                joint_scores=scores,
                scores=scores.mean(axis=1),
            )


class _Clip:
    """The checked content of one pickle."""

    def __init__(self, document: Any) -> None:
        if not isinstance(document, Mapping):
            raise InputError(f"expected a dictionary of 3DPW, got {shown(type(document).__name__)}; check the file")
        self._document = document
        self.cam_from_world = self._array(self._member("cam_poses"), (None, 4, 4), "cam_poses")
        self.length = len(self.cam_from_world)
        positions = self._each("jointPositions", (self.length, 3 * len(_SMPL24)))
        self.joints_world = positions.reshape(len(positions), self.length, len(_SMPL24), 3)
        self.valid = self._each("campose_valid", (self.length,)) > 0
        if len(self.valid) != len(self.joints_world):
            raise InputError(f"campose_valid: expected {len(self.joints_world)} people, got {len(self.valid)}")
        for frame, matrix in enumerate(self.cam_from_world):
            fault = rigidity_fault(matrix, tolerance=1e-2)
            if fault is not None:
                raise InputError(f"cam_poses[{frame}]: expected a rigid motion, but {fault}; the file is damaged")
        self.camera = _camera(self._array(self._member("cam_intrinsics"), (3, 3), "cam_intrinsics"))

    def found_px(self) -> np.ndarray:
        """(P, T, 18, 3) x, y, confidence."""
        found = self._each("poses2d", (self.length, 3, 18))
        if len(found) != len(self.joints_world):
            raise InputError(f"poses2d: expected {len(self.joints_world)} people, got {len(found)}")
        return found.swapaxes(2, 3)

    def _member(self, key: str) -> Any:
        if key not in self._document:
            raise InputError(f"expected the field {key!r}, got {shown(sorted(map(str, self._document)))}; is it 3DPW?")
        return self._document[key]

    def _each(self, key: str, shape: tuple[int, ...]) -> np.ndarray:
        people = self._member(key)
        rows = [self._array(value, shape, f"{key}[{person}]") for person, value in enumerate(people)]
        return np.array(rows).reshape(len(rows), *shape)

    @staticmethod
    def _array(value: Any, shape: tuple[int | None, ...], what: str) -> np.ndarray:
        try:
            array = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError):
            raise InputError(f"{what}: expected numbers, got {shown(type(value).__name__)}") from None
        if array.ndim != len(shape) or any(
            want not in (None, got) for want, got in zip(shape, array.shape, strict=True)
        ):
            words = " x ".join("any" if n is None else str(n) for n in shape)
            raise InputError(f"{what}: expected {words} numbers, got {array.shape}; check the file")
        if not np.isfinite(array).all():
            raise InputError(f"{what}: expected finite numbers, got NaN or infinity; the file is damaged")
        return array


def _camera(matrix: np.ndarray) -> Camera:
    width, height = np.rint(2.0 * matrix[:2, 2]).astype(int)
    return Camera(intrinsics_px=matrix, image_size=(int(width), int(height)))


def _head(root: Path, sequence: str, frame: int, clip: _Clip) -> dict[str, Any]:
    picture = f"image_{frame:05d}.jpg"
    path = root / "imageFiles" / sequence / picture
    return {
        "name": f"{sequence}/{picture}",
        "sequence": sequence,
        "frame": frame,
        "camera": clip.camera,
        "image_path": path if path.is_file() else None,
        "licence": LICENCE,
    }


def _files(root: Path, split: str, sequences: Sequence[str] | None, every: int) -> list[Path]:
    if every < 1:
        raise InputError(f"every: expected 1 or more, got {every}")
    if split not in ("train", "validation", "test"):
        raise InputError(f"split: expected train, validation or test, got {shown(split)}")
    folder = required(root, f"sequenceFiles/{split}", SOURCE)
    if sequences is not None:
        return [required(folder, f"{name}.pkl", SOURCE) for name in sequences]
    return sorted(folder.glob("*.pkl")) or [required(folder, "<sequence>.pkl", SOURCE)]
