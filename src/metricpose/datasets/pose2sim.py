"""Pose2Sim and OpenSim: triangulated points (TRC), and the calibration (TOML) whose cameras saw them.

    <root>/Calib*.toml  or  <root>/calibration/Calib*.toml
    <root>/pose-3d/<trial>.trc                                   one person each; *_P0*.trc, *_P1*.trc for several

The TRC is y up; the calibration's world, with z up, is (z, x, y) of it. Names of points are those of Pose2Sim's body
models (RHip, LBigToe, Neck ...), which are OpenPose's, Halpe's and COCO's joints. Pose2Sim: Pagnon et al., JOSS 2022.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from metricpose._errors import FileError, InputError
from metricpose.geometry import Camera
from metricpose.geometry.rigid import transformed
from metricpose.io.fields import shown
from metricpose.io.pose2sim_toml import read_pose2sim_cameras
from metricpose.io.trc import PointTracks, read_trc
from metricpose.people import PeopleFrame
from metricpose.skeletons import CATALOGUE, Skeleton

_MIDDLE = {
    "hip": ("mid_hip", "hip"),
    "chip": ("mid_hip", "hip"),
    "neck": ("neck", "upper_neck"),
    "head": ("head", "head_top"),
}


def read_pose2sim(
    root: str | Path,
    *,
    trc: str | Path | Sequence[str | Path] | None = None,
    calibration: str | Path | None = None,
    cameras: Sequence[str] | None = None,
    skeleton: Skeleton | None = None,
    picture_name: Callable[[str, int], str] = lambda camera, picture: f"{camera}/{picture:06d}",
) -> Iterator[PeopleFrame]:
    """Each frame of a trial as each camera sees it, camera after camera: joints in metres in the camera frame.

    `joints_px` are the projections through the lens, NaN behind the camera.

    Args:
        root: the project or session.
        trc: of one person, or of each of several with the same frames; if not given, the only one in pose-3d.
        calibration: TOML; if not given, the only Calib*.toml of the root, its `calibration`, or the folder above.
        cameras: names in the calibration; if not given, all.
        skeleton: of the joints; if not given, the one that the points' names tell (`skeleton_of_points`).
        picture_name: from the camera and the number of the picture, from 0: the name of the frame, by which
            predictions find it.

    Raises FileError (a missing file) and InputError (several files to choose from, an unknown camera, bad content).
    """
    root = Path(root)
    known = read_pose2sim_cameras(_calibration(root) if calibration is None else calibration)
    absent = [name for name in cameras or () if name not in known]
    if absent:
        raise InputError(f"{root}: expected the camera {absent[0]!r} in the calibration, got {shown(sorted(known))}")
    paths = [_only_trc(root)] if trc is None else [trc] if isinstance(trc, str | Path) else list(trc)
    people = [read_trc(path) for path in paths]
    skeleton = skeleton_of_points(people[0].names) if skeleton is None else skeleton
    _check_same_frames(people, paths)
    joints_world = np.stack([joints_of_points(tracks, skeleton) for tracks in people], axis=1)
    for name in known if cameras is None else cameras:
        yield from _frames(Path(paths[0]).stem, name, known[name], joints_world, skeleton, picture_name)


def skeleton_of_points(names: Sequence[str]) -> Skeleton:
    """The body model behind Pose2Sim's names: Halpe-26 (Hip and Head), BODY_25 (a hip or a neck, no Head), BODY_25B
    (Head without a middle hip) or COCO-17 (none of them)."""
    words = {name.lower() for name in names}
    hip = bool({"hip", "chip"} & words)
    if "head" in words:
        return CATALOGUE["halpe26" if hip else "body25b"]
    return CATALOGUE["body25" if hip or "neck" in words else "coco17"]


def joints_of_points(tracks: PointTracks, skeleton: Skeleton, markers: Mapping[str, str] | None = None) -> np.ndarray:
    """Joints (T, J, 3) in metres in the calibration's z-up world; NaN for joints that no point stands for.

    `markers` says which point is which joint ({"left_hip": "LHJC", ...}), for OpenSim's own marker sets; if not given,
    points are known by Pose2Sim's names. InputError: a marker or a joint that is not there, or no joint at all.
    """
    if markers is None:
        pairs = [
            (skeleton.joints.index(joint), i)
            for i, name in enumerate(tracks.names)
            if (joint := _joint_named(name, skeleton)) is not None
        ]
    else:
        absent = [marker for marker in markers.values() if marker not in tracks.names]
        if absent:
            raise InputError(
                f"markers: expected points of the file, got {shown(absent[0])}; it has {shown(tracks.names)}"
            )
        pairs = [(skeleton.index(joint), tracks.names.index(marker)) for joint, marker in markers.items()]
    if not pairs:
        raise InputError(
            f"points: expected names such as RHip, got {shown(tracks.names)}; say which is which (markers)"
        )
    result = np.full((len(tracks.positions_m), len(skeleton), 3), np.nan)
    joints, points = zip(*pairs, strict=True)
    result[:, joints] = tracks.positions_world[:, points]
    return result


def _joint_named(point: str, skeleton: Skeleton) -> str | None:
    """RBigToe -> right_big_toe; None where the skeleton has no such joint."""
    word = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in point).strip("_")
    side, _, rest = word.partition("_")
    sided = {"r": f"right_{rest}", "l": f"left_{rest}"}.get(side, word)
    candidates = _MIDDLE.get(point.lower(), (sided,))
    return next((joint for joint in candidates if joint in skeleton.joints), None)


def _frames(
    trial: str,
    name: str,
    camera: Camera,
    joints_world: np.ndarray,
    skeleton: Skeleton,
    picture_name: Callable[[str, int], str],
) -> Iterator[PeopleFrame]:
    if camera.cam_from_world is None:
        raise InputError(f"camera {name!r}: expected rotation and translation in the calibration, got none")
    joints_cam = transformed(joints_world, camera.cam_from_world)
    stated = np.isfinite(joints_cam).all(axis=-1)
    joints_px, seen = camera.project(np.where(stated[..., None], joints_cam, 1.0))
    for picture, (cam, px, known) in enumerate(zip(joints_cam, joints_px, stated, strict=True)):
        there = known.any(axis=1)  # a person who was not triangulated here is not stated
        yield PeopleFrame(
            name=picture_name(name, picture),
            sequence=f"{trial}/{name}",
            group=trial,
            frame=picture,
            skeleton=skeleton,
            joints_cam=cam[there],
            joints_px=np.where((seen[picture] & known)[..., None], px, np.nan)[there],
            joint_scores=known[there].astype(float),
            ids=tuple(int(person) for person in np.flatnonzero(there)),
            camera=camera,
        )


def _calibration(root: Path) -> Path:
    for folder in (root, root / "calibration", root.parent, root.parent / "calibration"):
        found = sorted(folder.glob("Calib*.toml"))
        if len(found) > 1:
            names = ", ".join(path.name for path in found)
            raise InputError(f"{folder}: expected one Calib*.toml, got {names}; name it (calibration)")
        if found:
            return found[0]
    raise FileError(f"{root}: expected Calib*.toml here or in calibration/, got none; run Pose2Sim.calibration()")


def _only_trc(root: Path) -> Path:
    found = sorted((root / "pose-3d").glob("*.trc"))
    if not found:
        raise FileError(f"{root / 'pose-3d'}: expected a .trc file, got none; run Pose2Sim.triangulation()")
    if len(found) > 1:
        raise InputError(
            f"{root / 'pose-3d'}: expected one .trc file, got {len(found)}, such as {found[0].name}; name it (trc)"
        )
    return found[0]


def _check_same_frames(people: Sequence[PointTracks], paths: Sequence[str | Path]) -> None:
    for tracks, path in zip(people, paths, strict=True):
        if not np.array_equal(tracks.frames, people[0].frames):
            raise InputError(f"{path}: expected the frames of {paths[0]}, got others; give people of one trial")
