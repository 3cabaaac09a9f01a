"""Human3.6M (vision.imar.ro/human3.6m) as one NPZ of poses in the world, the form that VideoPose3D made common.

    <root>/data_3d_h36m.npz      positions_3d: {"S9": {"Directions 1": (T, 32 or 17, 3) metres, world z up}}, an object
                                 array, which is read without running what it asks for
    <root>/cameras.h5            or another file of cameras, see human36m_cameras.py

The poses are seen by each of the four cameras. human36m_mmpose.py and human36m_moon.py have the other two common forms.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from metricpose._errors import InputError
from metricpose.datasets.calibrated import check_metres, projected
from metricpose.datasets.files import required
from metricpose.datasets.human36m_cameras import CAMERA_FILES, CAMERA_IDS, camera_of, read_human36m_cameras
from metricpose.datasets.safe_pickle import read_object_npz
from metricpose.geometry.rigid import transformed
from metricpose.io.fields import located, shown
from metricpose.people import PeopleFrame
from metricpose.skeletons import CATALOGUE

SOURCE = "http://vision.imar.ro/human3.6m (after registration), converted by VideoPose3D's data/prepare_data_h36m.py"
SOURCE_CAMERAS = (
    "cameras.h5 of github.com/una-dinosauria/3d-pose-baseline, or camera-parameters.json of "
    "github.com/karfly/human36m-camera-parameters"
)
LICENCE = "Human3.6M: academic use, by its own agreement"

JOINTS17_OF_32 = (0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27)
"""Places of h36m17 among the 32 joints of the motion files; the others double them, or are toes and hands."""

ACTIVITIES = (
    *("Directions", "Discussion", "Eating", "Greeting", "Phoning", "Photo", "Posing", "Purchases"),
    *("Sitting", "SittingDown", "Smoking", "Waiting", "WalkDog", "Walking", "WalkTogether"),
)

_SKELETON = CATALOGUE["h36m17"]
_ALIASES = {"TakingPhoto": "Photo", "WalkingDog": "WalkDog", "WalkingTogether": "WalkTogether"}


def read_human36m(
    root: str | Path,
    *,
    subjects: Sequence[str] = ("S9", "S11"),
    actions: Sequence[str] | None = None,
    camera_ids: Sequence[str] = CAMERA_IDS,
    every: int = 1,
    cameras: str | Path | None = None,
) -> Iterator[PeopleFrame]:
    """Each subject's actions before each camera: one person, 17 joints, metres in the camera frame.

    Names are "S9/Directions 1/54138969/000000" with the number of the picture from 0, which is `frame`; `sequence` is
    the name without it, `group` the activity ("Directions"). `joints_px` are projections, and may lie outside.

    Args:
        root: folder of data_3d_h36m.npz.
        subjects: whose poses; actions: which of them, all if not given; camera_ids: seen by which cameras.
        every: of the pictures of a clip those whose number it divides (Moon: 64).
        cameras: the file of cameras, if it does not lie in `root`.

    Raises FileError (a missing file, and where to get it) and InputError (bad content; the text names the clip).
    """
    check_every(every)
    path = required(root, "data_3d_h36m.npz", SOURCE)
    lenses = read_human36m_cameras(cameras if cameras is not None else required(root, CAMERA_FILES, SOURCE_CAMERAS))
    positions = read_object_npz(path).get("positions_3d")
    with located(path):
        clips = _clips(positions, subjects, actions)
    for (subject, action), joints_world in clips.items():
        for camera_id in camera_ids:
            camera = camera_of(lenses, subject, camera_id, f"{path}: {subject}/{action}")
            assert camera.cam_from_world is not None  # each of the files has it
            for frame in range(0, len(joints_world), every):
                joints_cam = transformed(joints_world[frame, None], camera.cam_from_world)
                yield PeopleFrame(
                    name=f"{subject}/{action}/{camera_id}/{frame:06d}",
                    sequence=f"{subject}/{action}/{camera_id}",
                    group=activity_of(action),
                    frame=frame,
                    skeleton=_SKELETON,
                    joints_cam=joints_cam,
                    joints_px=projected(camera, joints_cam),
                    joint_scores=np.ones((1, len(_SKELETON))),
                    ids=(0,),
                    camera=camera,
                    licence=LICENCE,
                )


def activity_of(action: str) -> str:
    """The activity of a clip's name: "Directions 1" and "Directions_1" -> "Directions", "TakingPhoto" -> "Photo"."""
    bare = re.sub(r"[ _]\d+$", "", action)
    return _ALIASES.get(bare, bare)


def check_every(every: int) -> None:
    """InputError for a step below 1."""
    if every < 1:
        raise InputError(f"every: expected 1 or more, got {every}")


def _clips(positions: Any, subjects: Sequence[str], actions: Sequence[str] | None) -> dict[tuple[str, str], np.ndarray]:
    if not isinstance(positions, Mapping):
        raise InputError("expected positions_3d, a dictionary by subject, got another file; is it data_3d_h36m.npz?")
    clips = {}
    for subject in subjects:
        held = positions.get(subject)
        if not isinstance(held, Mapping):
            raise InputError(f"positions_3d: expected the subject {subject}, got {shown(sorted(map(str, positions)))}")
        absent = [action for action in actions or () if action not in held]
        if absent:
            raise InputError(f"positions_3d: {subject}: expected {absent[0]!r}, got {shown(sorted(map(str, held)))}")
        for action in actions if actions is not None else held:
            clips[subject, str(action)] = _joints_world(held[action], f"{subject}/{action}")
    return clips


def _joints_world(value: Any, where: str) -> np.ndarray:
    joints = np.asarray(value)
    if joints.dtype.kind not in "iuf" or joints.ndim != 3 or joints.shape[1] not in (17, 32) or joints.shape[2] != 3:
        raise InputError(f"{where}: expected joints (pictures, 32 or 17, 3), got {joints.shape} of {joints.dtype}")
    if not np.isfinite(joints).all():
        raise InputError(f"{where}: expected finite joints, got NaN or infinity; the file is damaged")
    joints17 = joints[:, JOINTS17_OF_32] if joints.shape[1] == 32 else joints
    check_metres(joints17, where)
    return joints17.astype(np.float64)
