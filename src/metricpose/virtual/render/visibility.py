"""Which joints of a rendered person are seen: the surface that the picture shows must be the joint's own, within 3 cm.

A joint lies in the body (hip) or on it (nose). What is compared is therefore not its own depth, but that of the
surface around it: vertices of the person (skin and cloth, not hair) that face the camera, lie near the joint's ray,
near the joint, and belong to a part that meets there: not to a hand that is held before a hip.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy.spatial import KDTree

from metricpose.geometry import Camera
from metricpose.virtual.render.mesh import Mesh
from metricpose.virtual.rig import LANDMARKS, NODES, PARENTS

DEPTH_TOLERANCE_M = 0.03
_RAY_M = (0.015, 0.03)  # how far from the ray of a point on the skin, and in the body, its surface is looked for
_REACH_M = (0.03, 0.06)  # and how much further from the point than the nearest skin
_DEEP = 1.6  # times the nearest skin's distance, where the body is thicker towards the camera
_FACING = -0.2  # least cosine between a skin point's normal and the way to the camera: ears are seen from the front
_SURFACE = frozenset(
    ("nose", "left_eye", "right_eye", "left_ear", "right_ear", "head_top", "left_hand_tip", "right_hand_tip")
    + tuple(name for name, _ in LANDMARKS if name.endswith(("heel", "toe")))
)
_ON_SKIN_M = 0.008  # from the nearest vertex: a point on the skin
_FAR_M = 0.5
_NORMAL_OF = 8  # vertices that a skin point's normal is the mean of


@dataclass(frozen=True, kw_only=True, eq=False)
class _Surface:
    """Vertices (V, ...) of one person in the camera's frame."""

    points: np.ndarray
    normals: np.ndarray
    part: np.ndarray  # node whose part each vertex is nearest to
    skin: np.ndarray  # indices of those that are no cloth

    @cached_property
    def tree(self) -> KDTree:
        return KDTree(self.points)

    @cached_property
    def skin_tree(self) -> KDTree:
        return KDTree(self.points[self.skin])

    def nearest_skin(self, place: np.ndarray) -> tuple[float, np.ndarray]:
        """How far the skin is from a place, at most half a metre, and the vertices of it that are nearest."""
        if not len(self.skin):
            return _FAR_M, self.skin
        away, rows = self.skin_tree.query(place, k=min(_NORMAL_OF, len(self.skin)))
        return min(float(np.min(away)), _FAR_M), self.skin[np.atleast_1d(rows)]


def seen_points(
    points_world: Mapping[str, np.ndarray],
    meshes: tuple[Mesh, ...],
    person: int,
    camera: Camera,
    person_ids: np.ndarray,
    depth_m: np.ndarray,
    others_world: np.ndarray | None = None,
) -> np.ndarray:
    """(27 + K,) bool, for each landmark of the rig (`virtual.rig.LANDMARKS`) and each other point: seen in the picture.

    Args:
        points_world: the person's landmarks and nodes, (3,) metres by name.
        meshes: of this person.
        person: number in `person_ids`.
        camera: of the picture, with `cam_from_world`.
        person_ids: (H, W) whose each pixel is.
        depth_m: (H, W) z in the camera's frame.
        others_world: (K, 3) further points of the body.
    """
    matrix = np.eye(4) if camera.cam_from_world is None else camera.cam_from_world
    rotation, shift = matrix[:3, :3], matrix[:3, 3]
    cam = {name: rotation @ point + shift for name, point in points_world.items()}
    places = np.stack([cam[name] for name, _ in LANDMARKS])
    if others_world is not None:
        places = np.concatenate([places, others_world @ rotation.T + shift])
    seen = np.zeros(len(places), bool)
    inside, at = _pixels(places, camera)
    near = {int(j): _own_depths(True, at[j], person, person_ids, depth_m) for j in np.flatnonzero(inside)}
    if not any(len(depths) for depths in near.values()):
        return seen
    surface = _surface(meshes, rotation, shift, cam)
    points = [_Point(places[j], name in _SURFACE, _meeting(j)) for j, (name, _) in enumerate(LANDMARKS)]
    points += [_other_point(place, surface, cam) for place in places[len(LANDMARKS) :]]
    for j in near:
        depths = near[j] if points[j].on_skin else _own_depths(False, at[j], person, person_ids, depth_m)
        seen[j] = len(depths) > 0 and _shown(points[j], surface, depths)
    return seen


class _Point(NamedTuple):
    """A point (3,) in the camera's frame, whether it lies on the skin, and the nodes whose parts meet there."""

    place: np.ndarray
    on_skin: bool
    parts: np.ndarray


def _other_point(place: np.ndarray, surface: "_Surface", cam: dict) -> _Point:
    """A point that is none of the rig's: of the part that it is nearest to, and of that part's neighbours."""
    node = int(_nearest_part(place[None], cam)[0])
    parts = {node, max(PARENTS[node], 0), *(child for child, parent in enumerate(PARENTS) if parent == node)}
    return _Point(place, surface.nearest_skin(place)[0] < _ON_SKIN_M, np.array(sorted(parts)))


def _own_depths(on_skin: bool, at: np.ndarray, person: int, person_ids: np.ndarray, depth_m: np.ndarray) -> np.ndarray:
    """What the picture shows of the person at a point's pixel; at its neighbours, too, for points of the skin.

    Those may lie on the outline (a nose in profile), where the nearest pixel is as often the background's.
    """
    reach = 1 if on_skin else 0
    rows, columns = (slice(max(0, k - reach), k + reach + 1) for k in (int(at[1]), int(at[0])))
    return depth_m[rows, columns][person_ids[rows, columns] == person]


def in_picture(joints_cam: np.ndarray, joints_px: np.ndarray, image_size: tuple[int, int]) -> np.ndarray:
    """(...,) bool: before the camera and within the picture's outermost pixels."""
    width, height = image_size
    x, y = joints_px[..., 0], joints_px[..., 1]
    return (joints_cam[..., 2] > 0) & (x >= -0.5) & (x < width - 0.5) & (y >= -0.5) & (y < height - 0.5)


def _pixels(points_cam: np.ndarray, camera: Camera) -> tuple[np.ndarray, np.ndarray]:
    """Which points (N, 3) are in the picture, and the nearest pixel (N, 2) of each (any for the others)."""
    px, sound = camera.project(points_cam)
    inside = np.asarray(sound, bool) & in_picture(points_cam, px, camera.image_size)
    return inside, np.where(inside[:, None], np.rint(np.nan_to_num(px, posinf=0.0, neginf=0.0)), 0.0).astype(int)


def _surface(meshes: tuple[Mesh, ...], rotation: np.ndarray, shift: np.ndarray, cam: dict) -> _Surface:
    chosen = [mesh for mesh in meshes if mesh.kind in ("skin", "cloth", "eye") and mesh.normals_world is not None]
    points = np.concatenate([mesh.vertices_world @ rotation.T + shift for mesh in chosen])
    return _Surface(
        points=points,
        normals=np.concatenate([np.asarray(mesh.normals_world) @ rotation.T for mesh in chosen]),
        part=_nearest_part(points, cam),
        skin=np.flatnonzero(np.concatenate([np.full(len(m.vertices_world), m.kind != "cloth") for m in chosen])),
    )


def _ends(cam: dict) -> np.ndarray:
    """(21, 3) the far end of each node's part."""
    tips = {"head": "head_top"} | {f"{s}_hand": f"{s}_hand_tip" for s in ("left", "right")}
    tips |= {f"{s}_toes": f"{s}_big_toe" for s in ("left", "right")}
    ends = []
    for index, node in enumerate(NODES):
        children = [child for child, parent in enumerate(PARENTS) if parent == index]
        straight = [child for child in children if "clavicle" not in NODES[child] and "thigh" not in NODES[child]]
        ends.append(cam[tips[node]] if node in tips else cam[NODES[(straight or children)[0]]])
    return np.stack(ends)


def _nearest_part(points: np.ndarray, cam: dict) -> np.ndarray:
    """(V,) the node whose part, a line from it to its far end, is nearest to each point."""
    starts = np.stack([cam[node] for node in NODES])
    ways = _ends(cam) - starts
    squared = np.maximum((ways**2).sum(1), 1e-9)
    along = np.clip((points @ ways.T - (starts * ways).sum(1)) / squared, 0.0, 1.0)  # (V, 21)
    # |p - s - t w|^2, written out: no (V, 21, 3) is made
    offset = (points**2).sum(1)[:, None] - 2 * points @ starts.T + (starts**2).sum(1)
    to_way = points @ ways.T - (starts * ways).sum(1)
    return (offset - 2 * along * to_way + along**2 * squared).argmin(1)


def _meeting(landmark: int) -> np.ndarray:
    """Nodes whose parts meet at a landmark: its own, that node's parent, and their other children near by."""
    node = NODES.index(LANDMARKS[landmark][1])
    parts = {node, PARENTS[node] if PARENTS[node] >= 0 else node}
    if NODES[node].endswith(("thigh", "upper_arm")):  # the trunk's parts end there
        trunk = ("pelvis", "spine") if NODES[node].endswith("thigh") else ("chest", "neck")
        parts |= {NODES.index(name) for name in trunk}
    if NODES[node].endswith("foot"):
        parts |= {child for child, parent in enumerate(PARENTS) if parent == node}
    return np.array(sorted(parts))


def _shown(point: _Point, surface: _Surface, shown_m: np.ndarray) -> bool:
    """Whether a surface at one of the depths `shown_m` (N,) on the joint's ray is the joint's own."""
    joint, on_skin, parts = point
    nearest, close = surface.nearest_skin(joint)
    if on_skin:
        normal = surface.normals[close].mean(0)
        to_camera = -joint / np.linalg.norm(joint)
        if normal @ to_camera < _FACING * np.linalg.norm(normal):
            return False
    reach = nearest + _REACH_M[0] if on_skin else _DEEP * nearest + _REACH_M[1]
    near = np.array(surface.tree.query_ball_point(joint, reach), dtype=int)
    near = near[np.isin(surface.part[near], parts)]
    points, normals = surface.points[near], surface.normals[near]
    way = joint / np.linalg.norm(joint)
    from_ray = np.linalg.norm(points - (points @ way)[:, None] * way, axis=1)
    facing = (normals * points).sum(1) < 0.0
    local = (from_ray < _RAY_M[0 if on_skin else 1]) & facing
    return bool((np.abs(points[local, 2, None] - shown_m) <= DEPTH_TOLERANCE_M).any())
