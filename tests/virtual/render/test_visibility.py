"""Which joints are seen, against what one knows of people before a camera."""

from functools import cache

import numpy as np
import pytest

from metricpose.geometry import Camera
from metricpose.virtual.render.environment import Environment
from metricpose.virtual.render.furniture import box
from metricpose.virtual.render.light import Light
from metricpose.virtual.render.mesh import Mesh
from metricpose.virtual.render.renderer import Renderer
from metricpose.virtual.render.visibility import in_picture, seen_points
from metricpose.virtual.rig import LANDMARKS, NODES
from tests.virtual.render.gl_fixtures import context_or_skip
from tests.virtual.render.scene_fakes import TPOSE, Dresses
from tests.virtual.render.shapes import looking

NAMES = [name for name, _ in LANDMARKS]
FACE = {"nose", "left_eye", "right_eye"}
SIZE = (320, 320)


@cache
def renderer() -> Renderer:
    context_or_skip()
    return Renderer(SIZE)


@cache
def dresses() -> Dresses:
    return Dresses()


def lit() -> Environment:
    sh = np.zeros((9, 3), np.float32)
    sh[0] = 3.0
    light = Light(
        smooth_sh=sh, main_direction_world=np.array([0, 0, 1.0]), main_irradiance=np.ones(3), main_radius_rad=0.02
    )
    return Environment(name="even", light=light, exposure=1.0)


def seen_from(eye, rotations=TPOSE, props=()) -> set[str]:
    """Names of the landmarks of a person at the origin that a camera at `eye` sees."""
    person = dresses().dressed_person(1, rotations).placed(np.eye(3), np.zeros(3), 1)
    camera = looking(eye, (0.0, 0.0, 0.0), SIZE, 380.0)
    drawn = renderer().render([*person.meshes, *props], camera, lit())
    seen = seen_points(person.points, person.meshes, 1, camera, drawn.person_ids, drawn.depth_m)
    return {name for name, shown in zip(NAMES, seen, strict=True) if shown}


LIMBS = {f"{s}_{j}" for s in ("left", "right") for j in ("elbow", "wrist", "hip", "knee", "shoulder")}


@pytest.mark.gl
def test_from_before_a_spread_person_is_seen_with_the_face() -> None:
    assert seen_from((3.5, 0.0, 0.1)) >= LIMBS | FACE


@pytest.mark.gl
def test_from_behind_the_limbs_are_seen_and_the_face_is_not() -> None:
    seen = seen_from((-3.5, 0.0, 0.1))
    assert seen >= LIMBS
    assert not seen & FACE


@pytest.mark.gl
def test_from_the_left_the_right_arm_is_behind_the_trunk() -> None:
    seen = seen_from((0.0, 3.5, 0.1))
    assert {"left_hip", "left_knee"} <= seen
    assert not seen & {"right_hip", "right_shoulder", "right_knee", "right_ear"}


@pytest.mark.gl
def test_a_box_hides_what_is_behind_it_and_nothing_else() -> None:
    crate = box((0.1, 2.0, 0.8), (0.6, 0.0, -0.65))
    seen = seen_from((3.5, 0.0, 0.1), props=[crate])
    assert not any("knee" in name or "ankle" in name for name in seen)
    assert {"left_shoulder", "left_elbow", "nose"} <= seen


@pytest.mark.gl
@pytest.mark.parametrize("before", [True, False])
def test_an_own_arm_hides_the_other_side_of_the_body(before: bool) -> None:
    """Both forearms laid forward, seen from the front end: the elbow behind the hand is not seen."""
    rotations = TPOSE.copy()
    if before:
        for side, turn in (("left", -1.0), ("right", 1.0)):
            forward = np.array([[0.0, -turn, 0.0], [turn, 0.0, 0.0], [0.0, 0.0, 1.0]])
            for part in ("upper_arm", "forearm", "hand"):
                rotations[NODES.index(f"{side}_{part}")] = forward
    person = dresses().dressed_person(1, rotations).points
    height = float(person["left_elbow"][2])
    eye = np.array([6.0, float(person["left_elbow"][1]), height])
    person_ = dresses().dressed_person(1, rotations).placed(np.eye(3), np.zeros(3), 1)
    camera = looking(eye, (0.0, eye[1], height), SIZE, 600.0)
    drawn = renderer().render(person_.meshes, camera, lit())
    seen = seen_points(person_.points, person_.meshes, 1, camera, drawn.person_ids, drawn.depth_m)
    assert seen[NAMES.index("left_elbow")] != before


def test_in_the_picture_means_within_the_outermost_pixels() -> None:
    px = np.array([[-0.5, 0.0], [-0.51, 0.0], [9.49, 4.49], [9.5, 0.0], [0.0, 4.5], [np.nan, 0.0], [5.0, 2.0]])
    cam = np.ones((7, 3))
    cam[6, 2] = -1.0
    assert in_picture(cam, px, (10, 5)).tolist() == [True, False, True, False, False, False, False]


def test_nobody_is_seen_where_the_pixels_are_of_another() -> None:
    person = dresses().dressed_person(1, TPOSE).placed(np.eye(3), np.array([4.0, 0.0, 0.0]), 1)
    camera = Camera.from_focal((64, 64), 60.0).replaced(
        cam_from_world=np.array([[0, -1, 0, 0], [0, 0, -1, 0], [1, 0, 0, 0], [0, 0, 0, 1.0]])
    )
    nothing = np.zeros((64, 64))
    assert not seen_points(person.points, person.meshes, 1, camera, nothing.astype(np.uint8), nothing).any()
    other = np.full((64, 64), 2, np.uint8)
    assert not seen_points(person.points, person.meshes, 1, camera, other, nothing + 4.0).any()


def patch(centre, normal, *, size: float = 0.02) -> Mesh:
    """Nine vertices across the camera's view, all with one normal."""
    y, z = np.meshgrid(np.linspace(-size, size, 3), np.linspace(-size, size, 3))
    vertices = np.asarray(centre) + np.stack([0 * y.ravel(), y.ravel(), z.ravel()], -1)
    return Mesh(
        vertices_world=vertices.astype(np.float32),
        triangles=np.array([[0, 1, 3]], np.int32),
        normals_world=np.tile(np.asarray(normal, np.float32), (9, 1)),
        kind="skin",
    )


def seen_in(landmark: str, points, meshes, depth_m: float) -> bool:
    """Whether a landmark is seen by a camera at the world's origin that looks along +x at one even depth."""
    camera = Camera.from_focal((64, 64), 60.0).replaced(
        cam_from_world=np.array([[0, -1, 0, 0], [0, 0, -1, 0], [1, 0, 0, 0], [0, 0, 0, 1.0]])
    )
    ids = np.ones((64, 64), np.uint8)
    seen = seen_points(points, meshes, 1, camera, ids, np.full((64, 64), depth_m, np.float32))
    return bool(seen[NAMES.index(landmark)])


def test_a_hand_before_the_hip_is_not_the_hip() -> None:
    points = dict(dresses().dressed_person(1, TPOSE).placed(np.eye(3), np.array([4.0, 0.0, 0.0]), 1).points)
    hip, toward = points["left_hip"], (-1.0, 0.0, 0.0)
    for k, name in enumerate(("left_hand", "left_hand_tip")):
        points[name] = hip + (-0.18, 0.0, 0.03 - 0.06 * k)
    meshes = (patch(hip - (0.08, 0, 0), toward), patch(hip - (0.18, 0, 0), toward))
    assert seen_in("left_hip", points, meshes, float(hip[0]) - 0.08)
    assert not seen_in("left_hip", points, meshes, float(hip[0]) - 0.18)


def test_skin_that_faces_away_is_not_seen_through_what_lies_just_before_it() -> None:
    points = dresses().dressed_person(1, TPOSE).placed(np.eye(3), np.array([4.0, 0.0, 0.0]), 1).points
    nose = points["nose"]
    before = patch(nose - (0.02, 0.0, 0.0), (-1.0, 0.0, 0.0), size=0.01)
    for normal, seen in (((-1.0, 0.0, 0.0), True), ((1.0, 0.0, 0.0), False)):
        meshes = (patch(nose, normal, size=0.004), before)
        assert seen_in("nose", points, meshes, float(nose[0]) - 0.02) is seen


def others_seen_from(eye, others: dict[str, np.ndarray], props=()) -> set[str]:
    """Names of further points, in the person frame, that a camera at `eye` sees of a person at the origin."""
    person = dresses().dressed_person(1, TPOSE).placed(np.eye(3), np.zeros(3), 1)
    camera = looking(eye, (0.0, 0.0, 0.0), SIZE, 380.0)
    drawn = renderer().render([*person.meshes, *props], camera, lit())
    places = np.stack(list(others.values()))
    seen = seen_points(person.points, person.meshes, 1, camera, drawn.person_ids, drawn.depth_m, places)
    assert np.array_equal(
        seen[: len(NAMES)],
        seen_points(person.points, person.meshes, 1, camera, drawn.person_ids, drawn.depth_m),
    )
    return {name for name, shown in zip(others, seen[len(NAMES) :], strict=True) if shown}


@pytest.mark.gl
@pytest.mark.parametrize("eye", [(3.5, 0.0, 0.1), (-3.5, 0.0, 0.1), (0.0, 3.5, 0.1)])
def test_a_point_that_is_no_landmark_is_seen_as_the_landmark_at_its_place(eye) -> None:
    points = dresses().dressed_person(1, TPOSE).points
    inner = {name: points[name] for name in LIMBS if "hip" not in name and "shoulder" not in name}
    assert others_seen_from(eye, inner) == seen_from(eye) & set(inner)


@pytest.mark.gl
def test_points_in_the_trunk_are_seen_from_all_sides_but_through_nothing() -> None:
    points = dresses().dressed_person(1, TPOSE).points
    trunk = {"belly": (points["spine"] + points["chest"]) / 2, "knee": points["left_knee"]}
    assert others_seen_from((3.5, 0.0, 0.1), trunk) == others_seen_from((-3.5, 0.0, 0.1), trunk) == set(trunk)
    wall = box((0.1, 0.6, 0.5), (0.8, 0.0, 0.2))
    assert others_seen_from((3.5, 0.0, 0.1), trunk, props=[wall]) == {"knee"}
    away = {"nowhere": points["pelvis"] + (0.0, 0.0, 40.0)}
    assert not others_seen_from((3.5, 0.0, 0.1), away)


@pytest.mark.gl
def test_a_point_on_the_skin_is_not_seen_from_behind() -> None:
    points = dresses().dressed_person(1, TPOSE).points
    middle = (points["left_ear"] + points["right_ear"]) / 2
    radius = np.linalg.norm(points["nose"] - middle)
    forehead = {"forehead": middle + radius * np.array([0.96, 0.0, 0.28])}
    assert others_seen_from((3.5, 0.0, 0.1), forehead) == {"forehead"}
    assert not others_seen_from((-3.5, 0.0, 0.1), forehead)


@pytest.mark.gl
def test_skin_on_the_far_side_of_a_thin_part_is_not_seen_through_it() -> None:
    points = dresses().dressed_person(1, TPOSE).points
    back_of_hand = {"back of the hand": points["left_hand_tip"] + (-0.02, 0.0, 0.0)}  # 2 cm: the hand's radius
    assert others_seen_from((-3.5, 0.0, 0.1), back_of_hand)
    assert not others_seen_from((3.5, 0.0, 0.1), back_of_hand)
