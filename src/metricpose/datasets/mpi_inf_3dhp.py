"""MPI-INF-3DHP (vcai.mpi-inf.mpg.de/3dhp-dataset; Mehta et al., 3DV 2017), as its scripts download and unpack it.

    <root>/S1/Seq1/annot.mat                  cells by camera: annot2 {14} (T, 56) px, annot3 {14} and univ_annot3 {14}
                                              (T, 84) mm in that camera's frame, 28 joints
    <root>/S1/Seq1/camera.calibration         text; x_cam = R x + t in mm, world y up
    <root>/S1/Seq1/imageFrames/video_0/frame_000001.jpg                     (pictures, not needed)
    <root>/mpi_inf_3dhp_test_set/TS1/annot_data.mat         HDF5: annot2 (2, 17, 1, T) px, annot3 and univ_annot3
                                              (3, 17, 1, T) mm, valid_frame (1, T), activity_annotation (1, T), bb_crop
    <root>/mpi_inf_3dhp_test_set/TS1/imageSequence/img_000001.jpg           (pictures, not needed)

univ_annot3 is the pose scaled to the height of one skeleton. The test set ships no calibration beside its annotations:
the camera is found from its 2D and 3D joints. Hips and spine of annot2 lie 1 to 2 px from the projections of annot3's
(released records show it); all other joints agree to 0.2 px. The layout of camera.calibration, the names of the test
pictures, the numbers of activities and the sizes of the test pictures are from memory of the release.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from metricpose._errors import FileError, InputError
from metricpose.datasets.calibrated import (
    METRES_PER_MM,
    Y_UP_FROM_Z_UP,
    check_metres,
    fitted_pinhole,
    pinhole,
)
from metricpose.datasets.files import required
from metricpose.datasets.human36m import check_every
from metricpose.datasets.matlab import read_mat, read_mat73
from metricpose.geometry import Camera
from metricpose.io.calibration import motion_of
from metricpose.io.fields import located, numbers, shown
from metricpose.people import PeopleFrame
from metricpose.skeletons import CATALOGUE

SOURCE = "https://vcai.mpi-inf.mpg.de/3dhp-dataset (get_dataset.sh, get_testset.sh)"
LICENCE = "MPI-INF-3DHP: non-commercial research"

JOINTS17_OF_28 = (7, 5, 14, 15, 16, 9, 10, 11, 23, 24, 25, 18, 19, 20, 4, 3, 6)
"""Places of mpi_inf_3dhp17 among the 28 joints of the training set."""

CAMERA_NUMBERS = tuple(range(14))
CHEST_HEIGHT_CAMERAS = (0, 1, 2, 4, 5, 6, 7, 8)
"""The cameras with which most train (VNect's)."""

TEST_SEQUENCES = ("TS1", "TS2", "TS3", "TS4", "TS5", "TS6")
ACTIVITIES = ("Stand/Walk", "Exercise", "Sit on Chair", "Crouch/Reach", "On the Floor", "Sports", "Misc.")
"""By activity_annotation, which begins with 1."""

_SKELETON28, _SKELETON17 = CATALOGUE["mpi_inf_3dhp28"], CATALOGUE["mpi_inf_3dhp17"]


def read_mpi_inf_3dhp_train(
    root: str | Path,
    *,
    sequences: Sequence[str] | None = None,
    cameras: Sequence[int] = CHEST_HEIGHT_CAMERAS,
    every: int = 1,
) -> Iterator[PeopleFrame]:
    """The training sequences before each camera: one person, 28 joints, metres in the camera frame.

    Names are those of the pictures below `root`, "S1/Seq1/imageFrames/video_0/frame_000001.jpg"; `frame` counts from 0.

    Args:
        root: folder of S1 to S8.
        sequences: such as "S1/Seq1"; all that are there, if not given.
        cameras: by number.
        every: of the pictures of a clip those whose frame it divides.

    Raises FileError (a missing file, and where to get it), InputError (bad content; the text names the file and the
    camera) and MissingExtraError (no scipy).
    """
    check_every(every)
    for name in _train_sequences(Path(root), sequences):
        annotations = required(root, f"{name}/annot.mat", SOURCE)
        lenses = read_3dhp_calibration(required(root, f"{name}/camera.calibration", SOURCE))
        cells = read_mat(annotations, ("annot2", "annot3", "univ_annot3"))
        for number in cameras:
            if number not in lenses:
                raise InputError(f"{name}/camera.calibration: expected the camera {number}, got {sorted(lenses)}")
            with located(f"{annotations}: camera {number}"):
                clip = {key: _of_camera(held, number, key) for key, held in cells.items()}
                check_lengths({key: len(held) for key, held in clip.items()})
                check_metres(clip["annot3"], "annot3")
            for frame in range(0, len(clip["annot2"]), every):
                picture = f"{name}/imageFrames/video_{number}/frame_{frame + 1:06d}.jpg"
                yield PeopleFrame(
                    name=picture,
                    sequence=f"{name}/video_{number}",
                    frame=frame,
                    skeleton=_SKELETON28,
                    joints_cam=clip["annot3"][frame, None],
                    joints_universal=clip["univ_annot3"][frame, None],
                    joints_px=clip["annot2"][frame, None],
                    joint_scores=np.ones((1, len(_SKELETON28))),
                    ids=(0,),
                    camera=lenses[number],
                    image_path=Path(root) / picture,
                    licence=LICENCE,
                )


def read_mpi_inf_3dhp_test(
    root: str | Path, *, sequences: Sequence[str] = TEST_SEQUENCES, every: int = 1
) -> Iterator[PeopleFrame]:
    """The test sequences: one person, 17 joints, metres in the camera frame; `judged` where valid_frame.

    Names are "TS1/img_000001.jpg"; `frame` counts from 0, `group` is the activity. The camera is found from annot2 and
    annot3 of the valid frames.

    Args:
        root: folder of TS1 to TS6, or the one above (mpi_inf_3dhp_test_set/).
        sequences: which of them.
        every: of the pictures of a sequence those whose frame it divides.

    Raises as `read_mpi_inf_3dhp_train` (h5py in place of scipy).
    """
    check_every(every)
    for name in sequences:
        path = required(root, (f"{name}/annot_data.mat", f"mpi_inf_3dhp_test_set/{name}/annot_data.mat"), SOURCE)
        arrays = read_mat73(path, ("annot2", "annot3", "univ_annot3", "valid_frame", "activity_annotation"))
        with located(path):
            poses = {key: _test_poses(arrays[key], 2 if key == "annot2" else 3, key) for key in list(arrays)[:3]}
            valid = np.ravel(arrays["valid_frame"]) > 0
            activity = np.ravel(arrays["activity_annotation"])
            check_lengths({**{k: len(v) for k, v in poses.items()}, "valid_frame": len(valid)})
            check_lengths({"valid_frame": len(valid), "activity_annotation": len(activity)})
            check_metres(poses["annot3"][valid], "annot3")
            camera = fitted_pinhole(poses["annot3"][valid], poses["annot2"][valid], _test_size(name), "annot2, annot3")
        for frame in range(0, len(valid), every):
            picture = f"img_{frame + 1:06d}.jpg"
            yield PeopleFrame(
                name=f"{name}/{picture}",
                sequence=name,
                group=_activity(activity[frame]),
                frame=frame,
                skeleton=_SKELETON17,
                joints_cam=poses["annot3"][frame, None],
                joints_universal=poses["univ_annot3"][frame, None],
                joints_px=poses["annot2"][frame, None],
                joint_scores=np.ones((1, len(_SKELETON17))),
                judged=valid[frame, None],
                ids=(0,),
                camera=camera,
                image_path=path.parent / "imageSequence" / picture,
                licence=LICENCE,
            )


def read_3dhp_calibration(path: str | Path) -> dict[int, Camera]:
    """The cameras of a camera.calibration by number, with `cam_from_world` in metres, our world z up.

    Each is a block of lines: name, sensor, size, animated, intrinsic (4, 4), extrinsic (4, 4) mm, radial.

    Raises FileError and InputError (the text names the camera).
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "no text"
        raise FileError(f"{path}: cannot read this calibration ({reason}); get it from {SOURCE}") from error
    cameras: dict[int, Camera] = {}
    for block in re.split(r"^name\s+", text, flags=re.MULTILINE)[1:]:
        name, *lines = block.splitlines()
        with located(f"{path}: camera {name.strip()}"):
            number = int(_row(name, 1, "name")[0])
            if number in cameras:
                raise InputError("expected each camera once, got it again; remove one of the two")
            rows = {line.split()[0]: line.split(maxsplit=1)[-1] for line in lines if line.split()}
            cameras[number] = _camera(rows)
    if not cameras:
        raise InputError(f"{path}: expected blocks of lines that begin with name, got none; is it camera.calibration?")
    return cameras


def _camera(rows: dict[str, str]) -> Camera:
    absent = next((key for key in ("size", "intrinsic", "extrinsic") if key not in rows), None)
    if absent is not None:
        raise InputError(f"expected a line {absent!r}, got {shown(sorted(rows))}; the file is damaged")
    width, height = _row(rows["size"], 2, "size")
    matrix = _row(rows["intrinsic"], 16, "intrinsic").reshape(4, 4)
    motion = _row(rows["extrinsic"], 16, "extrinsic").reshape(4, 4)
    return pinhole(
        matrix[[0, 1], [0, 1]],
        matrix[:2, 2],
        (int(width), int(height)),
        cam_from_world=motion_of(motion[:3, :3] @ Y_UP_FROM_Z_UP, METRES_PER_MM * motion[:3, 3]),
    )


def _row(text: str, count: int, what: str) -> np.ndarray:
    try:
        values = [float(word) for word in text.split()]
    except ValueError:
        raise InputError(f"{what}: expected {count} numbers, got {shown(text)}; the file is damaged") from None
    return numbers(values, (count,), what)


def check_lengths(lengths: dict[str, int]) -> None:
    """InputError where arrays that go together have several lengths."""
    if len(set(lengths.values())) > 1:
        got = ", ".join(f"{key} {length}" for key, length in lengths.items())
        raise InputError(f"expected as many frames in each array, got {got}; the file is damaged")


def _train_sequences(root: Path, names: Sequence[str] | None) -> list[str]:
    if names is not None:
        return list(names)
    found = sorted(f"{path.parent.parent.name}/{path.parent.name}" for path in root.glob("S*/Seq*/annot.mat"))
    return found or [required(root, "S1/Seq1/annot.mat", SOURCE).parent.relative_to(root).as_posix()]


def _of_camera(cells: np.ndarray, number: int, key: str) -> np.ndarray:
    """(T, 28, 2 or 3): pixels, or metres."""
    held = np.ravel(cells)
    if held.dtype != object or len(held) <= number:
        raise InputError(f"{key}: expected a cell for each of 14 cameras, got {np.shape(cells)}; check the file")
    dims = 2 if key == "annot2" else 3
    rows = np.asarray(held[number])
    rows = numbers(rows, (len(rows) if rows.ndim else 0, dims * len(_SKELETON28)), key, finite=False)
    return rows.reshape(-1, len(_SKELETON28), dims) * (1.0 if dims == 2 else METRES_PER_MM)


def _test_poses(array: np.ndarray, dims: int, key: str) -> np.ndarray:
    """(T, 17, 2 or 3): pixels, or metres."""
    expected = (dims, len(_SKELETON17), 1)
    if array.ndim != 4 or array.shape[:3] != expected:
        raise InputError(f"{key}: expected ({dims}, 17, 1, frames), got {array.shape}; check the file")
    return np.moveaxis(array[:, :, 0], 2, 0).swapaxes(1, 2) * (1.0 if dims == 2 else METRES_PER_MM)


def _test_size(name: str) -> tuple[int, int]:
    return (1920, 1080) if name in ("TS5", "TS6") else (2048, 2048)


def _activity(number: float) -> str | None:
    return ACTIVITIES[int(number) - 1] if 1 <= number <= len(ACTIVITIES) else None
