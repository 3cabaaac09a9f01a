"""Human3.6M in mmpose's conversion: pictures at 10 or 50 per second, their poses, and a file of cameras.

    <root>/annotation_body3d/fps50/h36m_test.npz     imgname (N,), center (N, 2), scale (N,), part (N, 17, 3) pixels
                                                     with 1 where labelled, S (N, 17, 4) metres in the camera frame
    <root>/annotation_body3d/cameras.pkl             see human36m_cameras.py
    <root>/images/S1/S1_Directions_1.54138969/S1_Directions_1.54138969_000001.jpg       (pictures, not needed)

or a COCO-like JSON with `keypoints` (17 x, y, v) and `keypoints_3d` (17 x, y, z, 1: metres in the world). The list of
joint names in that JSON says left for right in the legs: joints are h36m17 all the same (left shoulders lie on the side
of left hips that way, and the NPZ agrees). Numbers of pictures count from 1: 000001 is frame 0.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from metricpose._errors import InputError
from metricpose.datasets.calibrated import centred_boxes, check_metres, check_once, corner_boxes
from metricpose.datasets.files import required
from metricpose.datasets.human36m import LICENCE, activity_of, check_every
from metricpose.datasets.human36m_cameras import Cameras, camera_of, read_human36m_cameras
from metricpose.datasets.safe_pickle import read_object_npz
from metricpose.geometry import Camera
from metricpose.geometry.rigid import transformed
from metricpose.io.fields import located, member, numbers, shown
from metricpose.io.json_text import read_json
from metricpose.people import PeopleFrame
from metricpose.skeletons import CATALOGUE

SOURCE = "http://vision.imar.ro/human3.6m, converted by mmpose's tools/dataset_converters/preprocess_h36m.py"

_SKELETON = CATALOGUE["h36m17"]
_JOINTS = len(_SKELETON)
_PLACES = (
    "annotation_body3d/fps50/h36m_test.npz",
    "annotation_body3d/fps10/h36m_test.npz",
    "h36m_test.npz",
    "test_h36m_body3d.npz",
)
_NAME = re.compile(r"(?P<subject>S\d+)_(?P<action>.+)\.(?P<camera>\d{8})_(?P<number>\d+)$")


def read_human36m_mmpose(
    root: str | Path, *, annotations: str | Path | None = None, cameras: str | Path | None = None, every: int = 1
) -> list[PeopleFrame]:
    """The pictures of the file, one person in each, metres in the camera frame, with their cameras.

    `name` is the picture's as the file gives it; `sequence` ("S1/Directions 1/54138969"), `group` and `frame` are read
    from it. Both kinds of file give `joints_cam`; joints with 0 in place of 1 are not labelled.

    Args:
        root: see above.
        annotations: the NPZ or JSON; if not given, the NPZ of the test pictures below `root`.
        cameras: cameras.pkl; if not given, it lies beside `annotations`, in the folder above, or in `root`.
        every: pictures whose frame it divides.

    Raises FileError (a missing file, and where to get it) and InputError (bad content; the text names the picture).
    """
    check_every(every)
    path = Path(annotations) if annotations is not None else required(root, _PLACES, SOURCE)
    lenses = read_human36m_cameras(_cameras_beside(Path(root), path) if cameras is None else cameras)
    document = read_json(path) if path.suffix.lower() == ".json" else read_object_npz(path)
    with located(path):
        frames = (_of_json if path.suffix.lower() == ".json" else _of_npz)(document, Path(root), lenses)
        check_once([frame.name for frame in frames], "pictures")
        if frames:
            check_metres(np.concatenate([frame.joints_cam for frame in frames if frame.joints_cam is not None]), "S")
    return [frame for frame in frames if frame.frame is None or frame.frame % every == 0]


def _cameras_beside(root: Path, path: Path) -> Path:
    for folder in (path.parent, path.parent.parent, root / "annotation_body3d"):
        if (folder / "cameras.pkl").is_file():
            return folder / "cameras.pkl"
    return required(root, "cameras.pkl", SOURCE)


def _of_npz(arrays: dict[str, Any], root: Path, lenses: Cameras) -> list[PeopleFrame]:
    names = [str(name) for name in np.ravel(_member(arrays, "imgname"))]
    rows_px = numbers(_member(arrays, "part"), (len(names), _JOINTS, 3), "part", finite=False)
    rows_cam = numbers(_member(arrays, "S"), (len(names), _JOINTS, 4), "S", finite=False)
    centres = numbers(_member(arrays, "center"), (len(names), 2), "center")
    boxes = centred_boxes(centres, numbers(_member(arrays, "scale"), (len(names),), "scale"))
    frames = []
    for name, px, cam, box in zip(names, rows_px, rows_cam, boxes, strict=True):
        joints_cam = np.where(cam[:, 3:] > 0, cam[:, :3], np.nan)
        frames.append(_frame(root, name, _parts(name), lenses, joints_cam, px, box))
    return frames


def _of_json(document: Any, root: Path, lenses: Cameras) -> list[PeopleFrame]:
    images = member(document, "images", list)
    check_once([member(image, "id", int) for image in images], "images: id")
    names = {image["id"]: member(image, "file_name", str) for image in images}
    frames = []
    for index, entry in enumerate(member(document, "annotations", list)):
        with located(f"annotations[{index}]"):
            name = names.get(member(entry, "image_id", int))
            if name is None:
                raise InputError(f"image_id: expected the id of a picture in images, got {shown(entry['image_id'])}")
            px = numbers(member(entry, "keypoints", list), (3 * _JOINTS,), "keypoints").reshape(-1, 3)
            world = numbers(member(entry, "keypoints_3d", list), (4 * _JOINTS,), "keypoints_3d").reshape(-1, 4)
            box = corner_boxes(numbers(member(entry, "bbox", list), (4,), "bbox"))[0]
            parts = _parts(name)
            camera = _camera(lenses, parts, name)
            assert camera.cam_from_world is not None  # cameras.pkl has it
            joints_cam = transformed(np.where(world[:, 3:] > 0, world[:, :3], np.nan), camera.cam_from_world)
            frames.append(_frame(root, name, parts, lenses, joints_cam, px, box))
    return frames


def _member(arrays: dict[str, Any], key: str) -> np.ndarray:
    value = arrays.get(key)
    if not isinstance(value, np.ndarray):
        raise InputError(f"expected the array {key!r}, got {shown(sorted(arrays))}; is it mmpose's file of 3D poses?")
    return value


def _parts(name: str) -> dict[str, str]:
    found = _NAME.match(Path(name).stem)
    if found is None:
        raise InputError(f"{name}: expected a name like S1_Directions_1.54138969_000001.jpg; rename the picture")
    return found.groupdict()


def _camera(lenses: Cameras, parts: dict[str, str], name: str) -> Camera:
    return camera_of(lenses, parts["subject"], parts["camera"], name)


def _frame(
    root: Path,
    name: str,
    parts: dict[str, str],
    lenses: Cameras,
    joints_cam: np.ndarray,
    rows_px: np.ndarray,
    box: Sequence[float] | np.ndarray,
) -> PeopleFrame:
    labelled = rows_px[:, 2] > 0
    action = parts["action"].replace("_", " ")
    picture = Path(name) if len(Path(name).parts) > 1 else Path(parts["subject"], name.rsplit("_", 1)[0], name)
    return PeopleFrame(
        name=name,
        sequence=f"{parts['subject']}/{action}/{parts['camera']}",
        group=activity_of(action),
        frame=int(parts["number"]) - 1,
        skeleton=_SKELETON,
        joints_cam=joints_cam[None],
        joints_px=np.where(labelled[:, None], rows_px[:, :2], np.nan)[None],
        joint_scores=labelled.astype(np.float64)[None],
        boxes_px=np.asarray(box)[None],
        ids=(0,),
        camera=_camera(lenses, parts, name),
        image_path=root / "images" / picture,
        licence=LICENCE,
    )
