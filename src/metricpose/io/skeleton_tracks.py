"""One person's joints over time, in a z-up world: what TRC, C3D and BVH files and people in metres have in common.

TRC and BVH are y up: their x, y, z are the world's y, z, x, as Pose2Sim writes them. C3D keeps the laboratory's own
axes, z up as a rule. Of people whose camera's place is not known, the world is the camera's upright frame: x along the
optical axis, y left, z up.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from metricpose._errors import InputError
from metricpose.geometry import Camera
from metricpose.geometry.rigid import inverted, transformed
from metricpose.io.mocap_clip import MocapClip
from metricpose.io.named_joints import joints_by_name, skeleton_named_by
from metricpose.io.records import ImagePeople3D
from metricpose.io.trc import PointTracks
from metricpose.people import People3D
from metricpose.skeletons import Skeleton

_WORLD_FROM_CAM = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])


@dataclass(frozen=True, kw_only=True, eq=False)
class SkeletonTracks:
    """T frames of one person.

    Attributes:
        skeleton: what the J joints are.
        joints_world: (T, J, 3) metres, z up; NaN where not known.
        fps: frames per second.
        first_frame: number of the first one.
        left_out: names of points in the file that are no joints of the skeleton.
    """

    skeleton: Skeleton
    joints_world: np.ndarray
    fps: float
    first_frame: int = 1
    left_out: tuple[str, ...] = ()

    def points(self, *, y_up: bool) -> PointTracks:
        """The known joints as labelled points, in a y-up or in the z-up world."""
        known = np.flatnonzero(np.isfinite(self.joints_world).all(axis=-1).any(axis=0))
        if not len(known):
            raise InputError(f"{self.skeleton.name}: expected at least one known joint to write, got none")
        frames = self.first_frame + np.arange(len(self.joints_world))
        positions = self.joints_world[:, known]
        return PointTracks(
            names=tuple(self.skeleton.joints[joint] for joint in known),
            positions_m=positions[..., [1, 2, 0]] if y_up else positions,
            frames=frames,
            times_s=(frames - 1) / self.fps,
            fps=self.fps,
        )


def tracks_of_points(
    points: PointTracks, where: str, *, y_up: bool, skeleton: Skeleton | None = None, scale: float = 1.0
) -> SkeletonTracks:
    """The points that are joints of `skeleton` (None: the one that their names tell), lengths times `scale`."""
    found = skeleton_named_by(points.names, where) if skeleton is None else skeleton
    positions = scale * (points.positions_world if y_up else points.positions_m)
    joints, left_out = joints_by_name(points.names, positions, found, where)
    first = int(points.frames[0]) if len(points.frames) else 1
    return SkeletonTracks(
        skeleton=found, joints_world=joints, fps=points.fps, first_frame=first, left_out=tuple(left_out)
    )


def tracks_of_clip(clip: MocapClip, where: str, *, skeleton: Skeleton | None = None) -> SkeletonTracks:
    """The joints of a BVH clip; where its names are those of no skeleton, its bones as the points they turn about."""
    bones = [place for place, name in enumerate(clip.joint_names) if not name.startswith("End_")]
    names = tuple(clip.joint_names[place] for place in bones)
    positions = clip.positions_m()[:, bones]
    frames = 1 + np.arange(len(positions))
    points = PointTracks(
        names=names, positions_m=positions, frames=frames, times_s=(frames - 1) / clip.fps, fps=clip.fps
    )
    return tracks_of_points(points, where, y_up=True, skeleton=skeleton)


def tracks_of_people(
    records: Sequence[ImagePeople3D], where: str, *, person: int | None = None, fps: float = 30.0
) -> SkeletonTracks:
    """One person of a file of pictures, one frame for each; NaN where they are not in one.

    `person` is a track id, else an id; None where nobody else is there. InputError names those there are.
    """
    if not records:
        raise InputError(f"{where}: expected pictures with people, got none")
    chosen = [_index_of(record.people, person) for record in records]
    several = [record.image for record, rows in zip(records, chosen, strict=True) if len(rows) > 1]
    if several or not any(chosen):
        ids = sorted({i for record in records for i in _ids(record.people)})
        got = f"several in {several[0]}" if several else f"none called {person}" if person is not None else "nobody"
        raise InputError(f"{where}: expected one person a picture, got {got}; choose one of {ids} with --person")
    skeleton = records[0].people.skeleton
    joints = np.full((len(records), len(skeleton), 3), np.nan)
    for frame, (record, rows) in enumerate(zip(records, chosen, strict=True)):
        if rows:
            joints[frame] = _world(record.people.joints_cam[rows[0]].astype(np.float64), record.people.camera)
    return SkeletonTracks(skeleton=skeleton, joints_world=joints, fps=fps)


def people_of_tracks(tracks: SkeletonTracks, camera: Camera, where: str) -> list[ImagePeople3D]:
    """A picture for each frame, named frame_000001, ..., of a camera whose place in the world is known."""
    if camera.cam_from_world is None:
        raise InputError(f"{where}: expected a camera with its place (cam_from_world), got none; give another --camera")
    joints_cam = transformed(tracks.joints_world, camera.cam_from_world)
    return [
        ImagePeople3D(image=f"frame_{tracks.first_frame + i:06d}", people=_person(joints, tracks.skeleton, camera))
        for i, joints in enumerate(joints_cam)
    ]


def _person(joints_cam: np.ndarray, skeleton: Skeleton, camera: Camera) -> People3D:
    """One person exactly, or nobody where no joint is known."""
    known = np.asarray(np.isfinite(joints_cam).all(axis=-1))
    if not known.any():
        return People3D.empty(skeleton, camera)
    safe = np.where(known[:, None], joints_cam, 1.0)
    joints_px, seen = camera.project(safe)
    scores = (np.asarray(seen) & known).astype(np.float32)
    joints_px = np.where(scores[:, None] > 0, joints_px, 0.0)
    shown = joints_px[scores > 0] if scores.any() else np.array([[0.0, 0.0]])
    root = safe[known].mean(axis=0)
    made = People3D(
        joints_cam=joints_cam[None],
        joint_sigma=np.where(known, 0.0, np.inf)[None],
        root_cam=root[None],
        root_depth_interval=np.array([[root[2], root[2]]]),
        joints_px=joints_px[None],
        joint_scores=scores[None],
        boxes_px=np.concatenate([shown.min(0) - 1.0, shown.max(0) + 1.0])[None],
        scores=np.ones(1),
        skeleton=skeleton,
        camera=camera,
        camera_source="given",
        ids=(0,),
    )
    try:
        rooted = made.replaced(root_cam=None)
    except InputError:  # a root that is not known, or a skeleton without one
        return made
    return rooted.replaced(root_depth_interval=rooted.root_cam[:, [2, 2]])


def _ids(people: People3D) -> tuple[int, ...]:
    ids = people.ids if people.ids is not None else tuple(range(len(people)))
    return tuple(ids[p] if (track := people.track_ids[p]) is None else track for p in range(len(people)))


def _index_of(people: People3D, person: int | None) -> list[int]:
    return [row for row, own in enumerate(_ids(people)) if person in (None, own)]


def _world(joints_cam: np.ndarray, camera: Camera) -> np.ndarray:
    if camera.cam_from_world is None:
        return joints_cam @ _WORLD_FROM_CAM.T
    return transformed(joints_cam, np.asarray(inverted(np.asarray(camera.cam_from_world))))
