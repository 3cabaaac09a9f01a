"""Human3.6M in the JSON of Moon et al. (ICCV 2019; RootNet, PoseNet and those after them).

    <root>/annotations/Human36M_subject9_data.json       {"images": [{"id", "file_name", "width", "height", "subject",
                                                         "action_idx", "subaction_idx", "cam_idx", "frame_idx"}],
                                                         "annotations": [{"id", "image_id", "bbox", "keypoints_vis"}]}
    <root>/annotations/Human36M_subject9_camera.json     {"1": {"R", "t", "f", "c"}}: x_cam = R x + t, mm, no lens
    <root>/annotations/Human36M_subject9_joint_3d.json   {action: {subaction: {frame: 17 x [x, y, z]}}}, mm, world
    <root>/images/s_09_act_02_subact_01_ca_01/s_09_act_02_subact_01_ca_01_000001.jpg      (pictures, not needed)

The 17 joints are h36m17. frame_idx counts from 0, pictures from 1. Moon's code tests every 64th frame.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from metricpose._errors import InputError
from metricpose.datasets.calibrated import (
    METRES_PER_MM,
    check_metres,
    check_once,
    corner_boxes,
    flags,
    pinhole,
    projected,
)
from metricpose.datasets.files import required
from metricpose.datasets.human36m import LICENCE, check_every
from metricpose.datasets.human36m_cameras import CAMERA_IDS
from metricpose.geometry import Camera
from metricpose.geometry.rigid import transformed
from metricpose.io.calibration import motion_of
from metricpose.io.fields import located, member, numbers, shown, whole_number
from metricpose.io.json_text import read_json
from metricpose.people import PeopleFrame
from metricpose.skeletons import CATALOGUE

SOURCE = "github.com/mks0601/3DMPPE_ROOTNET_RELEASE (README: Human3.6M parsed data)"

ACTIVITIES = (
    *("Directions", "Discussion", "Eating", "Greeting", "Phoning", "Posing", "Purchases", "Sitting", "SittingDown"),
    *("Smoking", "Photo", "Waiting", "Walking", "WalkDog", "WalkTogether"),
)
"""By action_idx, which begins with 2."""

_SKELETON = CATALOGUE["h36m17"]
_JOINTS = len(_SKELETON)


def read_human36m_moon(
    root: str | Path, *, subjects: Sequence[str] = ("S9", "S11"), every: int = 64
) -> Iterator[PeopleFrame]:
    """The pictures of the subjects whose frame_idx `every` divides: one person, metres in the camera frame.

    `name` is file_name; `sequence` "S9/Directions subaction 1/54138969", `group` the activity. `joints_px` are
    projections; `joint_scores` 1 where keypoints_vis, else 0.5: the joint is stated, but not seen.

    Raises FileError (a missing file, and where to get it) and InputError (bad content; the text names the picture).
    """
    check_every(every)
    for subject in subjects:
        stem = f"Human36M_subject{subject.removeprefix('S')}"
        paths = [
            required(root, (f"annotations/{stem}_{kind}.json", f"{stem}_{kind}.json"), SOURCE)
            for kind in ("data", "camera", "joint_3d")
        ]
        data, camera_document, joints = (read_json(path) for path in paths)
        with located(paths[1]):
            cameras = _cameras(camera_document)
        with located(paths[0]):
            pairs = list(_pairs(data, every))
        for image, entry in pairs:
            with located(f"{paths[0]}: {image['file_name']}"):
                yield _frame(Path(root), subject, image, entry, cameras, joints)


def _pairs(data: Any, every: int) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    images = member(data, "images", list)
    check_once([member(image, "id", int) for image in images], "images: id")
    check_once([member(image, "file_name", str) for image in images], "images: file_name")
    by_id = {image["id"]: image for image in images}
    entries = member(data, "annotations", list)
    check_once([member(entry, "image_id", int) for entry in entries], "annotations: image_id")
    for entry in entries:
        image = by_id.get(entry["image_id"])
        if image is None:
            raise InputError(f"annotations: image_id: expected the id of a picture, got {shown(entry['image_id'])}")
        if member(image, "frame_idx", int) % every == 0:
            yield image, entry


def _cameras(document: Any) -> dict[str, Mapping[str, np.ndarray]]:
    cameras = {}
    for index in member({"cameras": document}, "cameras", dict):
        with located(f"camera {index}"):
            held = member(document, index, dict)
            cameras[index] = {
                "motion": motion_of(
                    numbers(member(held, "R", list), (3, 3), "R"),
                    METRES_PER_MM * numbers(np.ravel(member(held, "t", list)), (3,), "t"),
                ),
                "focal": numbers(np.ravel(member(held, "f", list)), (2,), "f"),
                "centre": numbers(np.ravel(member(held, "c", list)), (2,), "c"),
            }
    return cameras


def _frame(
    root: Path,
    subject: str,
    image: dict[str, Any],
    entry: dict[str, Any],
    cameras: Mapping[str, Mapping[str, np.ndarray]],
    joints: Any,
) -> PeopleFrame:
    camera_number, camera = _camera(image, cameras)
    action, subaction, frame = (member(image, key, int) for key in ("action_idx", "subaction_idx", "frame_idx"))
    if not 2 <= action < 2 + len(ACTIVITIES):
        raise InputError(f"action_idx: expected 2 to 16, got {action}; check the file")
    activity = ACTIVITIES[action - 2]
    of_clip = member(member(joints, str(action), dict), str(subaction), dict)
    joints_world = METRES_PER_MM * numbers(
        member(of_clip, str(frame), list), (_JOINTS, 3), f"joint_3d of frame {frame}"
    )
    check_metres(joints_world[None], "joint_3d")
    assert camera.cam_from_world is not None  # made so in _camera
    joints_cam = transformed(joints_world, camera.cam_from_world)[None]
    visible = flags(member(entry, "keypoints_vis", list), _JOINTS, "keypoints_vis")
    return PeopleFrame(
        name=image["file_name"],
        sequence=f"{subject}/{activity} subaction {subaction}/{CAMERA_IDS[camera_number - 1]}",
        group=activity,
        frame=frame,
        skeleton=_SKELETON,
        joints_cam=joints_cam,
        joints_px=projected(camera, joints_cam),
        joint_scores=np.where(visible, 1.0, 0.5)[None],
        boxes_px=corner_boxes(numbers(member(entry, "bbox", list), (4,), "bbox")),
        ids=(0,),
        camera=camera,
        image_path=root / "images" / image["file_name"],
        licence=LICENCE,
    )


def _camera(image: dict[str, Any], cameras: Mapping[str, Mapping[str, np.ndarray]]) -> tuple[int, Camera]:
    number = member(image, "cam_idx", int)
    if str(number) not in cameras or not 1 <= number <= len(CAMERA_IDS):
        raise InputError(f"cam_idx: expected one of the cameras {', '.join(sorted(cameras))}, got {number}")
    held = cameras[str(number)]
    size = (whole_number(image.get("width"), "width"), whole_number(image.get("height"), "height"))
    return number, pinhole(held["focal"], held["centre"], size, cam_from_world=held["motion"])
