"""The exact labels of one rendered picture: joints in every skeleton, visibility, boxes, and what all was made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from metricpose.bodies.point_table import POINTS
from metricpose.geometry import Camera
from metricpose.io.camera_json import camera_to_json
from metricpose.skeletons import CATALOGUE, Skeleton, converter
from metricpose.skeletons.points import body_points
from metricpose.virtual.render.dressed import DressedPerson
from metricpose.virtual.render.people_scene import PeopleScene
from metricpose.virtual.render.renderer import Rendered
from metricpose.virtual.render.visibility import in_picture, seen_points
from metricpose.virtual.rig import LANDMARKS

_NAMES = tuple(name for name, _ in LANDMARKS)
_POINTS = tuple(POINTS)
_NEAR_M = 0.05  # what lies nearer to the camera's plane has no place in the picture

LANDMARKS27 = Skeleton(
    name="landmarks27",
    joints=_NAMES,
    parents=(-1,) * len(_NAMES),
    mirror=tuple(
        _NAMES.index(name.replace("left", "\0").replace("right", "left").replace("\0", "right")) for name in _NAMES
    ),
)
"""All landmarks of a virtual person; "neck" is the body model's own, not any data set's."""


@dataclass(frozen=True, kw_only=True, eq=False)
class JointLabels:
    """Joints of P people in one skeleton: NaN (and False) where the body does not define one.

    Attributes:
        joints_cam: (P, J, 3) metres, camera frame.
        joints_px: (P, J, 2), the lens included; NaN behind the camera.
        visible: (P, J) bool; of a joint that is made from others: all of those are.
        inside: (P, J) bool, in the picture.
        exact: (J,) bool; the others are the usual approximations of `skeletons.convert.RULES`.
    """

    skeleton: Skeleton
    joints_cam: np.ndarray
    joints_px: np.ndarray
    visible: np.ndarray
    inside: np.ndarray
    exact: np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class PictureLabels:
    """What is known of a picture's P people.

    Attributes:
        joints: by skeleton name.
        boxes_px: (P, 4) x0, y0, x1, y1, outer edges of the pixels that show the person; NaN for who is not seen.
        amodal_boxes_px: (P, 4) of the whole person, as if nothing hid them and the picture had no edge.
        areas_px: (P,) pixels that show the person.
    """

    joints: Mapping[str, JointLabels]
    boxes_px: np.ndarray
    amodal_boxes_px: np.ndarray
    areas_px: np.ndarray


def covered_skeletons() -> tuple[str, ...]:
    """Names of the catalogue's skeletons of which the landmarks alone define something: all but few do."""
    return tuple(name for name, target in CATALOGUE.items() if converter(LANDMARKS27, target).covered.any())


def picture_labels(scene: PeopleScene, rendered: Rendered, skeletons: tuple[str, ...] | None = None) -> PictureLabels:
    """The labels of a scene as it was rendered, in `skeletons` (default: all that the people define).

    Joints are the body's own points (docs/skeleton_points.md) where the people carry them, else what the landmarks
    make of them.
    """
    matrix = np.asarray(scene.camera.cam_from_world)
    measured = _measured(scene.people)
    names = skeletons if skeletons is not None else covered_skeletons() if measured is None else tuple(CATALOGUE)
    targets = [CATALOGUE[name] for name in names]
    others = () if measured is None else tuple(sorted(set().union(*map(_beyond_landmarks, targets))))
    columns = [_POINTS.index(name) for name in others]
    seen = np.stack(
        [
            seen_points(
                person.points, person.meshes, i + 1, scene.camera, rendered.person_ids, rendered.depth_m,
                None if measured is None else measured[i, columns],
            )
            for i, person in enumerate(scene.people)
        ]
    )  # fmt: skip
    world = np.stack([np.stack([person.points[name] for name in _NAMES]) for person in scene.people])
    cam, seen_marks = world @ matrix[:3, :3].T + matrix[:3, 3], seen[:, : len(_NAMES)]
    joints = {target.name: _joints(cam, seen_marks, target, scene.camera) for target in (LANDMARKS27, *targets)}
    if measured is not None:
        own = measured @ matrix[:3, :3].T + matrix[:3, 3]
        seen_others = dict(zip(others, seen[:, len(_NAMES) :].T, strict=True))
        joints |= {t.name: _measured_joints(own, seen_others, joints[t.name], scene.camera) for t in targets}
    boxes, areas = modal_boxes(rendered.person_ids, len(scene.people))
    return PictureLabels(
        joints=joints,
        boxes_px=boxes,
        amodal_boxes_px=np.stack([amodal_box(person, scene.camera) for person in scene.people]),
        areas_px=areas,
    )


def _measured(people: Sequence[DressedPerson]) -> np.ndarray | None:
    """(P, N, 3) the points of the bodies in the world, in the order of `POINTS`; None where somebody carries none."""
    points = [person.body_points for person in people if person.body_points is not None]
    return np.stack(points) if len(points) == len(people) else None


def _beyond_landmarks(target: Skeleton) -> set[str]:
    """Points of a skeleton of which the landmarks say nothing."""
    covered = converter(LANDMARKS27, target).covered
    return {name for name, known in zip(body_points(target), covered, strict=True) if not known}


def _measured_joints(
    own_cam: np.ndarray, seen_others: Mapping[str, np.ndarray], by_rule: JointLabels, camera: Camera
) -> JointLabels:
    """Joints that are the bodies' own points; of whether they are seen the landmarks say, where they can."""
    names = body_points(by_rule.skeleton)
    joints_cam = own_cam[:, [_POINTS.index(name) for name in names]]
    joints_px = projected(camera, joints_cam)
    inside = in_picture(joints_cam, joints_px, camera.image_size)
    visible = by_rule.visible.copy()
    for column, name in enumerate(names):
        if name in seen_others:
            visible[:, column] = seen_others[name]
    return JointLabels(
        skeleton=by_rule.skeleton,
        joints_cam=joints_cam,
        joints_px=joints_px,
        visible=visible & inside,
        inside=inside,
        exact=np.ones(len(names), bool),
    )


def _joints(cam: np.ndarray, seen: np.ndarray, target: Skeleton, camera: Camera) -> JointLabels:
    convert = converter(LANDMARKS27, target)
    joints_cam, scores = convert(cam, seen.astype(np.float64))
    joints_px = projected(camera, joints_cam)
    inside = in_picture(joints_cam, joints_px, camera.image_size)  # False for NaN
    return JointLabels(
        skeleton=target,
        joints_cam=joints_cam,
        joints_px=joints_px,
        visible=(scores > 0) & inside,
        inside=inside,
        exact=np.asarray(convert.exact),
    )


def projected(camera: Camera, points_cam: np.ndarray) -> np.ndarray:
    """(..., 2) pixels; NaN for points behind the camera, and where the lens's law has no answer."""
    safe = np.where(np.isfinite(points_cam), points_cam, -1.0)
    px, sound = camera.project(safe)
    good = np.asarray(sound, bool) & (safe[..., 2] > _NEAR_M)
    return np.where(good[..., None], px, np.nan)


def modal_boxes(person_ids: np.ndarray, people: int) -> tuple[np.ndarray, np.ndarray]:
    """Boxes (P, 4) about the pixels of persons 1 to P, NaN where there are none, and how many there are (P,)."""
    boxes, areas = np.full((people, 4), np.nan), np.zeros(people, np.int64)
    for i in range(people):
        mask = person_ids == i + 1
        columns, rows = np.flatnonzero(mask.any(0)), np.flatnonzero(mask.any(1))
        if len(columns):
            boxes[i] = columns[0] - 0.5, rows[0] - 0.5, columns[-1] + 0.5, rows[-1] + 0.5
            areas[i] = int(mask.sum())
    return boxes, areas


def amodal_box(person: DressedPerson, camera: Camera) -> np.ndarray:
    """(4,) about all of the person that is before the camera, beyond the picture's edges too; NaN: nothing is."""
    matrix = np.asarray(camera.cam_from_world)
    # Skin under clothes has vertices, but no triangles: what is not drawn does not count.
    drawn = [mesh.vertices_world[np.unique(mesh.triangles)] for mesh in person.meshes if len(mesh.triangles)]
    px = projected(camera, np.concatenate(drawn) @ matrix[:3, :3].T + matrix[:3, 3])
    px = px[np.isfinite(px).all(1)]
    return np.full(4, np.nan) if len(px) == 0 else np.concatenate([px.min(0), px.max(0)])


def labels_json(scene: PeopleScene, labels: PictureLabels) -> dict[str, Any]:
    """The labels as strict JSON: metres to 0.1 mm, pixels to 0.01, unknown is null."""
    width, height = scene.camera.image_size
    return {
        "width": width,
        "height": height,
        "camera": camera_to_json(scene.camera),
        "skeletons": {
            name: {"joints": list(joints.skeleton.joints), "exact": joints.exact.tolist()}
            for name, joints in labels.joints.items()
        },
        "people": [_person_json(scene, labels, i) for i in range(len(scene.people))],
    }


def _person_json(scene: PeopleScene, labels: PictureLabels, i: int) -> dict[str, Any]:
    person = scene.people[i]
    return {
        "id": i + 1,
        "box_px": rounded(labels.boxes_px[i], 2),
        "amodal_box_px": rounded(labels.amodal_boxes_px[i], 2),
        "area_px": int(labels.areas_px[i]),
        "joints": {
            name: {
                "cam_m": rounded(joints.joints_cam[i], 4),
                "px": rounded(joints.joints_px[i], 2),
                "visible": joints.visible[i].astype(int).tolist(),
                "inside": joints.inside[i].astype(int).tolist(),
            }
            for name, joints in labels.joints.items()
        },
        "pose": scene.groups[i],
        "jumping": scene.jumping[i],
        "body": {
            "identity": f"{person.split}:{person.seed}",
            "age_years": rounded(person.age_years, 2),
            "sex": rounded(person.sex, 3),
            "stature_m": rounded(person.stature_m, 4),
            "ita_degrees": rounded(person.ita_degrees, 1),
            "phenotypes": {name: rounded(value, 4) for name, value in sorted(person.phenotypes.items())},
            "rotations": rounded(person.rotations, 5),
        },
        "assets": [vars(use) for use in person.assets],
    }


def rounded(value: Any, digits: int) -> Any:
    """Numbers as nested lists of rounded floats; None for what is not finite."""
    array = np.asarray(value, np.float64)
    if array.size and np.isfinite(array).all():
        return np.round(array, digits).tolist()
    if array.ndim:
        return [rounded(item, digits) for item in array]
    return None
