"""AIST++ key points (google.github.io/aistplusplus_dataset), as its annotation archive unpacks.

    <root>/keypoints3d/<sequence>.pkl     keypoints3d, keypoints3d_optim: (T, 17, 3) COCO-17, centimetres, world
    <root>/keypoints2d/<sequence>.pkl     keypoints2d (9, T, 17, 3): x, y, confidence in the cameras c01 ... c09
    <root>/cameras/mapping.txt            <sequence> <setting>, one in each line
    <root>/cameras/<setting>.json         [{"name", "size", "matrix", "rotation", "translation", "distortions"}], cm
    <root>/ignore_list.txt                sequences with bad annotations, one in each line

One dancer at 60 fps. `rotation` is a Rodrigues vector, camera from world; the world's y is up, so cameras carry no
place in a z-up world. Li et al., AI Choreographer, ICCV 2021. Pickles are read without unpickling anything but arrays
and plain containers.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from metricpose._errors import InputError
from metricpose.datasets.files import optional, required
from metricpose.datasets.safe_pickle import read_pickle
from metricpose.geometry import Camera
from metricpose.geometry.rigid import transformed
from metricpose.io._text import read_text
from metricpose.io.calibration import lens_of, motion_of, rotation_of
from metricpose.io.fields import located, member, numbers, shown
from metricpose.io.json_text import read_json
from metricpose.people import PeopleFrame
from metricpose.skeletons import CATALOGUE

SOURCE = "https://google.github.io/aistplusplus_dataset/download.html (annotations)"
LICENCE = "AIST++ annotations: CC BY 4.0; the videos by AIST's own terms"

CAMERAS = tuple(f"c{number:02d}" for number in range(1, 10))

_METRES_PER_CM = 0.01
_COCO17 = CATALOGUE["coco17"]


def read_aist(
    root: str | Path,
    *,
    sequences: Sequence[str] | None = None,
    cameras: Sequence[str] = ("c01",),
    joints: Literal["keypoints3d_optim", "keypoints3d"] = "keypoints3d_optim",
    every: int = 1,
) -> Iterator[PeopleFrame]:
    """Each frame of the sequences as each camera sees it: COCO-17 in metres in the camera frame, and projected.

    `keypoints3d_optim` are the smoothed ones, `keypoints3d` the triangulated ones, with NaN for joints not found. A
    sequence is one camera's, called as its video ("gBR_sBM_c01_d04_mBR0_ch01"); names are <video>/<frame, 6 digits>,
    and `group` is the genre ("BR"). A frame without any joint holds nobody.

    Raises FileError (a missing file, and where to get it) and InputError (bad content, an unknown camera or setting).
    """
    root = Path(root)
    for sequence in _sequences(root, "keypoints3d", sequences, every):
        path = required(root, f"keypoints3d/{sequence}.pkl", SOURCE)
        document = read_pickle(path)
        with located(path):
            world = _METRES_PER_CM * _array(document, joints, (None, 17, 3))
        known = _cameras(root, sequence)
        for name in cameras:
            camera, cam_from_world = _named(known, name, root)
            joints_cam = transformed(world, cam_from_world)
            stated = np.isfinite(joints_cam).all(axis=-1)
            joints_px, seen = camera.project(np.where(stated[..., None], joints_cam, 1.0))
            joints_px = np.where((seen & stated)[..., None], joints_px, np.nan)
            for frame in range(0, len(world), every):
                there = stated[frame, None].any(axis=1)
                yield PeopleFrame(
                    **_head(sequence, name, frame, camera),
                    joints_cam=np.where(stated[frame, :, None], joints_cam[frame], np.nan)[None][there],
                    joints_px=joints_px[frame, None][there],
                    joint_scores=stated[frame, None][there].astype(float),
                    ids=(0,) if there[0] else (),
                )


def read_aist_detections(
    root: str | Path, *, sequences: Sequence[str] | None = None, cameras: Sequence[str] = ("c01",), every: int = 1
) -> Iterator[PeopleFrame]:
    """The same frames with the detected 2D joints that the data set ships (keypoints2d): input for a lifter."""
    root = Path(root)
    for sequence in _sequences(root, "keypoints2d", sequences, every):
        path = required(root, f"keypoints2d/{sequence}.pkl", SOURCE)
        document = read_pickle(path)
        with located(path):
            found = _array(document, "keypoints2d", (len(CAMERAS), None, 17, 3))
        known = _cameras(root, sequence)
        for name in cameras:
            camera, _ = _named(known, name, root)
            for frame, rows in list(enumerate(found[CAMERAS.index(name)]))[::every]:
                stated = np.isfinite(rows).all(axis=-1)
                scores = np.where(stated, np.clip(rows[:, 2], 0.0, 1.0), 0.0)
                there = [0] if (scores > 0).any() else []
                yield PeopleFrame(
                    **_head(sequence, name, frame, camera),
                    joints_px=np.where(scores[:, None] > 0, rows[:, :2], np.nan)[None][there],
                    joint_scores=scores[None][there],
                    scores=scores.mean(keepdims=True)[there],
                    ids=tuple(there),
                )


def _sequences(root: Path, kind: str, names: Sequence[str] | None, every: int) -> list[str]:
    if every < 1:
        raise InputError(f"every: expected 1 or more, got {every}")
    if names is not None:
        return list(names)
    listed = optional(root, "ignore_list.txt")
    ignored = set() if listed is None else set(read_text(listed, "text").split())
    found = sorted(path.stem for path in required(root, kind, SOURCE).glob("*.pkl"))
    if not found:
        required(root, f"{kind}/<sequence>.pkl", SOURCE)
    return [name for name in found if name not in ignored]


def _cameras(root: Path, sequence: str) -> dict[str, tuple[Camera, np.ndarray]]:
    """Cameras of the sequence's setting, without a place, and their cam_from_world in metres."""
    mapping_path = required(root, "cameras/mapping.txt", SOURCE)
    rows = [line.split() for line in read_text(mapping_path, "text").splitlines() if line.strip()]
    setting = next((row[1] for row in rows if len(row) == 2 and row[0] == sequence), None)
    if setting is None:
        raise InputError(f"{mapping_path}: expected a line '{sequence} <setting>', got none; is it the whole file?")
    path = required(root, f"cameras/{setting}.json", SOURCE)
    document = read_json(path)
    with located(path):
        if not isinstance(document, list):
            raise InputError(f"expected a list of cameras, got {shown(document)}; check the file")
        return {member(entry, "name", str): _camera(entry, index) for index, entry in enumerate(document)}


def _camera(entry: Mapping[str, Any], index: int) -> tuple[Camera, np.ndarray]:
    with located(f"cameras[{index}]"):
        width, height = numbers(member(entry, "size", list), (2,), "size").astype(int).tolist()
        coefficients = member(entry, "distortions", list, [])
        camera = Camera(
            intrinsics_px=numbers(member(entry, "matrix", list), (3, 3), "matrix"),
            image_size=(width, height),
            distortion=lens_of(numbers(coefficients, (len(coefficients),), "distortions"), fisheye=False),
        )
        rotation = rotation_of(numbers(member(entry, "rotation", list), (3,), "rotation"))
        translation = numbers(member(entry, "translation", list), (3,), "translation")
        return camera, motion_of(rotation, _METRES_PER_CM * translation)


def _named(known: Mapping[str, tuple[Camera, np.ndarray]], name: str, root: Path) -> tuple[Camera, np.ndarray]:
    if name not in known or name not in CAMERAS:
        raise InputError(f"{root / 'cameras'}: expected the camera {name!r}, got {shown(sorted(known))}; name another")
    return known[name]


def _head(sequence: str, name: str, frame: int, camera: Camera) -> dict[str, Any]:
    video = sequence.replace("_cAll_", f"_{name}_")
    return {
        "name": f"{video}/{frame:06d}",
        "sequence": video,
        "group": sequence[1:3] if sequence.startswith("g") else None,
        "frame": frame,
        "skeleton": _COCO17,
        "camera": camera,
        "licence": LICENCE,
    }


def _array(document: Any, key: str, shape: tuple[int | None, ...]) -> np.ndarray:
    """The array under `key`, float64; infinities are refused, NaN is what is not known."""
    if not isinstance(document, Mapping) or key not in document:
        got = sorted(map(str, document)) if isinstance(document, Mapping) else type(document).__name__
        raise InputError(f"expected the field {key!r}, got {shown(got)}; is it a file of AIST++?")
    array = np.asarray(document[key])
    fits = array.ndim == len(shape) and all(want in (None, got) for want, got in zip(shape, array.shape, strict=True))
    if not fits or array.dtype.kind not in "iuf" or np.isinf(array).any():
        words = " x ".join("any" if n is None else str(n) for n in shape)
        raise InputError(f"{key}: expected {words} numbers, got {array.dtype} of shape {array.shape}; check the file")
    return array.astype(np.float64)
