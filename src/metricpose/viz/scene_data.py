"""A run as the plain values that the scene page draws: metres in a level frame, and words.

The page's frame: x right, y forward along the ground, z up, the camera above the origin. Where the camera's tilt is
not known its own up is taken for up; where its height is not known the ground lies under the lowest joint of the run.
"""

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from metricpose.geometry import Camera
from metricpose.io.records import ImagePeople3D
from metricpose.people import People3D
from metricpose.skeletons import Skeleton
from metricpose.viz.captions import camera_note, count, distance
from metricpose.viz.overlay import colour_of
from metricpose.viz.strokes import joint_sides, strokes

# Where nothing is known and nobody is there, a camera is held about so high.
_USUAL_HEIGHT_M = 1.5
_PICTURE_SIDE, _PICTURE_QUALITY = 640, 80


def scene_data(
    records: Sequence[ImagePeople3D],
    truth: Mapping[str, ImagePeople3D],
    pictures: Mapping[str, np.ndarray],
) -> dict[str, Any]:
    """Everything that the page needs to know; `truth` and `pictures` are by the name of the picture."""
    known = [*records, *truth.values()]
    skeletons = list(dict.fromkeys(record.people.skeleton for record in known))
    height = _assumed_height(known)
    return {
        "skeletons": [_skeleton(skeleton) for skeleton in skeletons],
        "frames": [
            _frame(record, truth.get(record.image), pictures.get(record.image), skeletons, height) for record in records
        ],
    }


def level_from_cam(camera: Camera) -> np.ndarray:
    """Rotation (3, 3) from the camera's frame to the level frame of the page."""
    up = np.array([0.0, -1.0, 0.0]) if camera.up is None else np.asarray(camera.up, np.float64)
    ahead = np.array([0.0, 0.0, 1.0])
    if abs(up @ ahead) > 0.999:  # it looks straight down or up: the picture's top is ahead
        ahead = np.array([0.0, -1.0, 0.0])
    forward = ahead - (ahead @ up) * up
    forward /= np.linalg.norm(forward)
    return np.stack([np.cross(forward, up), forward, up])


def _assumed_height(records: Sequence[ImagePeople3D]) -> float:
    """Height of a camera of unknown height above the lowest joint of all pictures with such cameras."""
    lowest = [
        float(np.nanmin(people.joints_cam @ level_from_cam(people.camera).T[:, 2]))
        for people in (record.people for record in records)
        if people.camera.height_m is None and people.joint_known.any()
    ]
    return max(0.0, -min(lowest)) if lowest else _USUAL_HEIGHT_M


def _skeleton(skeleton: Skeleton) -> dict[str, Any]:
    lines = [[stroke.start, stroke.end, stroke.side] for stroke in strokes(skeleton)]
    return {"name": skeleton.name, "joints": skeleton.joints, "sides": joint_sides(skeleton), "strokes": lines}


def _frame(
    record: ImagePeople3D,
    truth: ImagePeople3D | None,
    picture: np.ndarray | None,
    skeletons: Sequence[Skeleton],
    assumed_height: float,
) -> dict[str, Any]:
    people, camera = record.people, record.people.camera
    rotation = level_from_cam(camera)
    height = assumed_height if camera.height_m is None else camera.height_m
    place = _Place(rotation, height)
    true_depths = _true_depths(people, None if truth is None else truth.people)
    return {
        "name": record.image,
        "note": f"{count(len(people))}; {camera_note(camera, people.camera_source)}",
        "assumed": people.camera_source == "default",
        "level": camera.up is not None,
        "grounded": camera.height_m is not None,
        "camera": _camera(camera, place),
        "people": [_person(people, p, skeletons, place, true_depths[p]) for p in range(len(people))],
        "truth": [] if truth is None else _true_people(truth.people, skeletons, place),
        "picture": None if picture is None else _jpeg(picture),
    }


class _Place:
    """Moves points of the camera's frame to the page's, and rounds them to millimetres."""

    def __init__(self, rotation: np.ndarray, height: float) -> None:
        self._rotation, self._height = rotation, height

    def __call__(self, points_cam: np.ndarray) -> list[Any]:
        points = np.asarray(points_cam, np.float64) @ self._rotation.T + (0.0, 0.0, self._height)
        return np.round(points, 3).tolist()

    def joints(self, joints_cam: np.ndarray, known: np.ndarray) -> list[Any]:
        """Joints (J, 3), None for those of which nothing is known."""
        return [place if there else None for place, there in zip(self(joints_cam), known, strict=True)]


def _camera(camera: Camera, place: _Place) -> dict[str, Any]:
    """Where the camera stands, and the corners of its picture at z = 1 m (at most, for very wide lenses)."""
    width, height = camera.image_size
    corners_px = np.array([(-0.5, -0.5), (width - 0.5, -0.5), (width - 0.5, height - 0.5), (-0.5, height - 0.5)])
    rays = camera.rays(corners_px)
    rays = rays / np.maximum(1.0, np.linalg.norm(rays, axis=-1, keepdims=True) / 2.0)
    return {
        "at": place(np.zeros(3)),
        "ahead": place(np.array([0.0, 0.0, 1.0])),
        "corners": place(rays),
        "focal": camera.focal_px[1] / height,
        "aspect": width / height,
    }


def _person(
    people: People3D, person: int, skeletons: Sequence[Skeleton], place: _Place, true_depth: float | None
) -> dict[str, Any]:
    root, known = people.root_cam[person].astype(np.float64), people.joint_known[person]
    near, far = (float(z) for z in people.root_depth_interval[person])
    # The interval is of the depth; the root moves on its ray.
    ray = root / root[2] if root[2] > 0.0 else np.array([0.0, 0.0, 1.0])
    return {
        "label": _label(people, person),
        "colour": "#{:02x}{:02x}{:02x}".format(*colour_of(people, person)),
        "skeleton": skeletons.index(people.skeleton),
        "joints": place.joints(people.joints_cam[person], known),
        "sigmas": [round(float(s), 3) if there else None for s, there in zip(people.joint_sigma[person], known)],
        "seen": [int(score > 0.0) for score in people.joint_scores[person]],
        "root": place(root),
        "interval": place(np.stack([ray * near, ray * far])),
        "distance": distance(people, person),
        "depth": round(float(root[2]), 3),
        "near": round(near, 3),
        "far": round(far, 3),
        "sideways": round(float(root[0]), 3),
        "score": round(float(people.scores[person]), 3),
        "true": true_depth,
    }


def _true_people(truth: People3D, skeletons: Sequence[Skeleton], place: _Place) -> list[dict[str, Any]]:
    return [
        {
            "skeleton": skeletons.index(truth.skeleton),
            "joints": place.joints(truth.joints_cam[p], truth.joint_known[p]),
            "root": place(truth.root_cam[p]),
        }
        for p in range(len(truth))
    ]


def _true_depths(people: People3D, truth: People3D | None) -> list[float | None]:
    """The true depth of each person, where the truth holds somebody of the same id."""
    if truth is None or truth.ids is None or people.ids is None:
        return [None] * len(people)
    depths = {identity: round(float(truth.root_cam[p, 2]), 3) for p, identity in enumerate(truth.ids)}
    return [depths.get(identity) for identity in people.ids]


def _label(people: People3D, person: int) -> str:
    track = people.track_ids[person]
    number = track if track is not None else people.ids[person] if people.ids is not None else person
    return f"#{number}"


def _jpeg(picture: np.ndarray) -> str:
    image = Image.fromarray(np.ascontiguousarray(picture))
    image.thumbnail((_PICTURE_SIDE, _PICTURE_SIDE))
    file = io.BytesIO()
    image.save(file, format="JPEG", quality=_PICTURE_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode('ascii')}"
