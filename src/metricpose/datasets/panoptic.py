"""CMU Panoptic (domedb.perception.cs.cmu.edu), as its own script downloads and unpacks it.

    <root>/<sequence>/calibration_<sequence>.json
    <root>/<sequence>/hdPose3d_stage1_coco19/body3DScene_XXXXXXXX.json
    <root>/<sequence>/hdImgs/<camera>/<camera>_XXXXXXXX.jpg           (pictures, not needed)

A scene is {"bodies": [{"id", "joints19": [x, y, z, confidence, ...]}]}, centimetres in a world with y down; a joint
that was not found has confidence -1. x_cam = R x + t, with the lens's distortion. Joo et al., ICCV 2015.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from metricpose._errors import InputError
from metricpose.datasets.files import required
from metricpose.geometry import Camera
from metricpose.geometry.rigid import transformed
from metricpose.io.fields import located, member, numbers, shown, whole_number
from metricpose.io.json_text import read_json
from metricpose.io.panoptic_json import METRES_PER_CM, PANOPTIC_FROM_WORLD, read_panoptic_cameras
from metricpose.people import PeopleFrame
from metricpose.skeletons import CATALOGUE

VIRTUALPOSE_CAMERAS = ("00_16", "00_30")
"""The two HD cameras of monocular tables (SMAP, VirtualPose)."""

VOXELPOSE_CAMERAS = ("00_03", "00_06", "00_12", "00_13", "00_23")
"""The five HD cameras of multi-view tables (VoxelPose)."""

SOURCE = "http://domedb.perception.cs.cmu.edu (getData.sh of panoptic-toolbox)"
LICENCE = "CMU Panoptic: non-commercial research"

_SCENES = "hdPose3d_stage1_coco19"
_SKELETON = CATALOGUE["panoptic19"]


def read_panoptic(
    root: str | Path,
    *,
    sequences: Sequence[str] | None = None,
    cameras: Sequence[str] = VIRTUALPOSE_CAMERAS,
    every: int = 1,
    min_confidence: float = 0.1,
    min_joints_in_view: int = 1,
) -> Iterator[PeopleFrame]:
    """The scenes of the sequences as each camera sees them: 19 joints in metres in the camera frame.

    Joints up to `min_confidence` (VoxelPose: 0.1) are not labelled: NaN, with the score 0. `joints_px` are projections
    through the lens, NaN behind the camera; they may lie outside the picture. `judged` are the people whose root is
    labelled, and of whom so many labelled joints lie in the picture. A sequence is one
    camera's ("160906_pizza1/00_16"); `group` is the activity ("pizza").

    Args:
        root: folder of the sequences, or one sequence.
        sequences: names; if not given, all that are there.
        cameras: HD cameras, by their names in the calibration.
        every: of the scenes of a sequence, in order, each `every`-th is given (VoxelPose and VirtualPose: 12).
        min_confidence: joints must have more.
        min_joints_in_view: see above.

    Raises FileError (a missing file, and where to get it) and InputError (bad content, an unknown camera).
    """
    if every < 1:
        raise InputError(f"every: expected 1 or more, got {every}")
    for folder in _sequences(Path(root), sequences):
        calibration = required(folder, f"calibration_{folder.name}.json", SOURCE)
        known = read_panoptic_cameras(calibration)
        absent = [name for name in cameras if name not in known]
        if absent:
            raise InputError(
                f"{calibration}: expected the camera {absent[0]!r}, got {shown(sorted(known))}; name another"
            )
        for scene in _scenes(folder)[::every]:
            people = _people(scene, min_confidence)
            for name in cameras:
                yield _frame(folder, scene, name, known[name], *people, min_joints_in_view)


def activity(sequence: str) -> str:
    """The activity in a sequence's name: "160906_pizza1" and "170407_haggling_a1" -> "pizza", "haggling"."""
    found = re.match(r"(?:\d+_)?([A-Za-z]+)", sequence)
    return found[1].lower() if found else sequence


def _sequences(root: Path, names: Sequence[str] | None) -> list[Path]:
    if names is not None:
        return [required(root, name, SOURCE) for name in names]
    if (root / _SCENES).is_dir():
        return [root]
    found = sorted(scenes.parent for scenes in root.glob(f"*/{_SCENES}"))
    return found or [required(root, f"<sequence>/{_SCENES}", SOURCE)]


def _scenes(folder: Path) -> list[Path]:
    scenes = sorted(required(folder, _SCENES, SOURCE).glob("body3DScene_*.json"))
    return scenes or [required(folder, f"{_SCENES}/body3DScene_XXXXXXXX.json", SOURCE)]


def _people(scene: Path, min_confidence: float) -> tuple[np.ndarray, np.ndarray, tuple[int, ...]]:
    """Joints (P, 19, 3) in metres in our z-up world, NaN where not labelled; labelled (P, 19); ids."""
    document = read_json(scene)
    with located(scene):
        bodies = member(document, "bodies", list)
        rows = np.array([_joints(body, index) for index, body in enumerate(bodies)]).reshape(-1, len(_SKELETON), 4)
        ids = tuple(whole_number(member(body, "id", (int, float)), f"bodies[{i}]: id") for i, body in enumerate(bodies))
        doubled = next((i for i in ids if ids.count(i) > 1), None)
        if doubled is not None:
            raise InputError(f"expected each id once, got {doubled} again; the scene is damaged")
    labelled = rows[..., 3] > min_confidence
    joints_world = METRES_PER_CM * rows[..., :3] @ PANOPTIC_FROM_WORLD  # M^T x, for rows
    return np.where(labelled[..., None], joints_world, np.nan), labelled, ids


def _joints(body: Any, index: int) -> np.ndarray:
    with located(f"bodies[{index}]"):
        return numbers(member(body, "joints19", list), (4 * len(_SKELETON),), "joints19").reshape(-1, 4)


def _frame(
    folder: Path,
    scene: Path,
    name: str,
    camera: Camera,
    joints_world: np.ndarray,
    labelled: np.ndarray,
    ids: tuple[int, ...],
    min_joints_in_view: int,
) -> PeopleFrame:
    assert camera.cam_from_world is not None  # the format has it
    joints_cam = transformed(joints_world, camera.cam_from_world)
    joints_px, seen = camera.project(np.where(labelled[..., None], joints_cam, 1.0))
    seen &= labelled
    inside = seen & (joints_px >= 0).all(-1) & (joints_px <= np.array(camera.image_size) - 1).all(-1)
    number = scene.stem.removeprefix("body3DScene_")
    picture = Path("hdImgs", name, f"{name}_{number}.jpg")
    return PeopleFrame(
        name=f"{folder.name}/{name}/{picture.name}",
        sequence=f"{folder.name}/{name}",
        group=activity(folder.name),
        frame=int(number) if number.isdigit() else None,
        skeleton=_SKELETON,
        joints_cam=joints_cam,
        joints_px=np.where(seen[..., None], joints_px, np.nan),
        joint_scores=labelled.astype(float),
        judged=labelled[:, _SKELETON.index("mid_hip")] & (inside.sum(axis=1) >= min_joints_in_view),
        ids=ids,
        camera=camera,
        image_path=folder / picture if (folder / picture).is_file() else None,
        licence=LICENCE,
    )
