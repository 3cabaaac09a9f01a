"""Labels against hand-worked cases and against the definitions of the skeletons."""

import json
from dataclasses import replace

import numpy as np
import pytest

from metricpose.bodies.point_table import POINTS
from metricpose.geometry import BrownConrady, Camera
from metricpose.io.camera_json import camera_from_json
from metricpose.skeletons import CATALOGUE
from metricpose.skeletons.points import body_points
from metricpose.virtual.render import labels as labels_module
from metricpose.virtual.render.labels import (
    LANDMARKS27,
    amodal_box,
    covered_skeletons,
    labels_json,
    modal_boxes,
    picture_labels,
    projected,
    rounded,
)
from metricpose.virtual.render.people_scene import PeopleScene, SceneOptions, people_scene
from metricpose.virtual.render.renderer import Rendered
from tests.virtual.render.scene_fakes import Dresses, standing_poses


@pytest.fixture(scope="module")
def scene() -> PeopleScene:
    options = SceneOptions(augmentation=None, people=(0.0, 0.0, 1.0), sizes=((96, 64),), distortion_share=1.0)
    return people_scene(3, Dresses(), standing_poses(), options)


def blank(scene: PeopleScene) -> Rendered:
    width, height = scene.camera.image_size
    ids = np.zeros((height, width), np.uint8)
    ids[10:20, 30:35] = 1
    return Rendered(
        rgb=np.zeros((height, width, 3), np.uint8), person_ids=ids, depth_m=np.zeros((height, width), np.float32),
        amodal=None, exposure=1.0, driver="none",
    )  # fmt: skip


def test_joints_are_where_the_camera_sees_the_points(scene) -> None:
    labels = picture_labels(scene, blank(scene))
    matrix = scene.camera.cam_from_world
    coco = CATALOGUE["coco17"]
    for i, person in enumerate(scene.people):
        for j, name in enumerate(coco.joints):
            cam = matrix @ np.array([*person.points[name], 1.0])
            assert labels.joints["coco17"].joints_cam[i, j] == pytest.approx(cam[:3], abs=1e-6)
            x, y = cam[:2] / cam[2]
            k1 = scene.camera.distortion.coefficients[0]
            bent = 1 + k1 * (x * x + y * y)  # the radial law, written out
            (fx, _, cx), (_, fy, cy), _ = scene.camera.intrinsics_px
            px = labels.joints["coco17"].joints_px[i, j]
            if np.isfinite(px).all():
                assert px == pytest.approx((fx * x * bent + cx, fy * y * bent + cy), abs=1e-4)


def test_skeletons_have_the_middle_of_the_hips_and_nothing_invented(scene) -> None:
    labels = picture_labels(scene, blank(scene))
    assert set(labels.joints) == {"landmarks27", *covered_skeletons()}
    body25, marks = labels.joints["body25"], labels.joints["landmarks27"]
    left, right = (marks.joints_cam[:, LANDMARKS27.index(f"{side}_hip")] for side in ("left", "right"))
    assert body25.joints_cam[:, CATALOGUE["body25"].index("mid_hip")] == pytest.approx((left + right) / 2)
    mediapipe = labels.joints["mediapipe33"]
    unknown = [CATALOGUE["mediapipe33"].index(name) for name in ("left_thumb", "mouth_left")]
    assert np.isnan(mediapipe.joints_cam[:, unknown]).all()
    assert np.isnan(mediapipe.joints_px[:, unknown]).all()
    assert not mediapipe.visible[:, unknown].any()
    assert not mediapipe.inside[:, unknown].any()
    assert not labels.joints["h36m17"].exact.all()


@pytest.fixture(scope="module")
def measured(scene) -> PeopleScene:
    """The same people, who carry the points of every skeleton: the landmarks, and others 5 cm over the pelvis."""
    people = [
        replace(p, body_points=np.stack([p.points.get(name, p.points["pelvis"] + (0, 0, 0.05)) for name in POINTS]))
        for p in scene.people
    ]
    return replace(scene, people=tuple(people))


def test_people_who_carry_the_points_have_every_joint_of_every_skeleton(scene, measured) -> None:
    labels, by_rule = picture_labels(measured, blank(scene)), picture_labels(scene, blank(scene))
    assert set(labels.joints) == {"landmarks27", *CATALOGUE}
    matrix = np.asarray(scene.camera.cam_from_world)
    for name, target in CATALOGUE.items():
        joints = labels.joints[name]
        columns = [list(POINTS).index(point) for point in body_points(target)]
        world = np.stack([person.body_points[columns] for person in measured.people])
        np.testing.assert_allclose(joints.joints_cam, world @ matrix[:3, :3].T + matrix[:3, 3])
        assert joints.exact.all()
        assert not (joints.visible & ~joints.inside).any()
    assert np.array_equal(labels.joints["coco17"].visible, by_rule.joints["coco17"].visible)
    assert np.array_equal(labels.joints["landmarks27"].joints_cam, by_rule.joints["landmarks27"].joints_cam)


def test_of_points_beyond_the_landmarks_the_picture_says_whether_they_are_seen(measured, monkeypatch) -> None:
    asked = []

    def seen(*given) -> np.ndarray:
        asked.append(given[-1])
        return np.ones(27 + len(given[-1]), bool)

    monkeypatch.setattr(labels_module, "seen_points", seen)
    joints = picture_labels(measured, blank(measured), ("lsp14", "smpl24")).joints["lsp14"]
    assert np.array_equal(joints.visible, joints.inside)
    beyond = {"lsp_neck"} | {name for name in body_points(CATALOGUE["smpl24"]) if name.startswith("smpl_")}
    assert len(asked) == len(measured.people) and len(asked[0]) >= len(beyond - {"smpl_left_hip", "smpl_right_hip"})


def test_where_one_carries_no_points_the_landmarks_make_the_joints(scene, measured) -> None:
    mixed = replace(measured, people=(scene.people[0], *measured.people[1:]))
    assert not picture_labels(mixed, blank(scene)).joints["h36m17"].exact.all()


def test_only_skeletons_asked_for_are_made(scene) -> None:
    assert set(picture_labels(scene, blank(scene), ("lsp14",)).joints) == {"landmarks27", "lsp14"}


def test_modal_boxes_are_the_outer_edges_of_the_pixels() -> None:
    ids = np.zeros((8, 10), np.uint8)
    ids[2, 3] = ids[5, 7] = 2
    boxes, areas = modal_boxes(ids, 2)
    assert np.isnan(boxes[0]).all()
    assert boxes[1].tolist() == [2.5, 1.5, 7.5, 5.5]
    assert areas.tolist() == [0, 2]


def test_amodal_boxes_go_beyond_the_picture(scene) -> None:
    person = scene.people[0]
    camera = Camera.from_focal((64, 64), 500.0).replaced(
        cam_from_world=np.array([[0, -1, 0, 0], [0, 0, -1, 0], [1, 0, 0, 0], [0, 0, 0, 1.0]])
    )
    moved = person.placed(np.eye(3), np.array([5.0, 0, 0]) - person.points["pelvis"], 1)
    vertices = np.concatenate([mesh.vertices_world for mesh in moved.meshes])
    u, v = 31.5 - 500 * vertices[:, 1] / vertices[:, 0], 31.5 - 500 * vertices[:, 2] / vertices[:, 0]
    assert amodal_box(moved, camera) == pytest.approx((u.min(), v.min(), u.max(), v.max()), abs=1e-3)
    behind = person.placed(np.eye(3), np.array([-5.0, 0, 0]) - person.points["pelvis"], 1)
    assert np.isnan(amodal_box(behind, camera)).all()


def test_what_is_behind_the_camera_has_no_pixel() -> None:
    camera = Camera.from_focal((64, 64), 50.0).replaced(distortion=BrownConrady((0.01, 0.0, 0.0, 0.0)))
    px = projected(camera, np.array([[0.0, 0.0, -1.0], [0.0, 0.0, 2.0], [np.nan] * 3]))
    assert np.isnan(px[[0, 2]]).all()
    assert px[1] == pytest.approx((31.5, 31.5))


def test_the_json_is_strict_and_has_the_camera_and_every_licence(scene) -> None:
    document = labels_json(scene, picture_labels(scene, blank(scene)))
    read = json.loads(json.dumps(document, allow_nan=False))
    camera = camera_from_json(read["camera"], (read["width"], read["height"]))
    assert camera.cam_from_world == pytest.approx(scene.camera.cam_from_world)
    first = read["people"][0]
    assert first["box_px"] == [29.5, 9.5, 34.5, 19.5]
    assert first["area_px"] == 50
    assert [use["licence"] for use in first["assets"]] == ["CC0-1.0"]
    assert first["body"]["identity"] == f"train:{scene.people[0].seed}"
    assert first["joints"]["mediapipe33"]["cam_m"][CATALOGUE["mediapipe33"].index("left_thumb")] == [None] * 3
    assert len(read["skeletons"]["coco17"]["joints"]) == 17


def test_people_are_labelled_by_their_own_pixels(scene) -> None:
    swapped = replace(blank(scene), person_ids=np.full((64, 96), 2, np.uint8))
    labels = picture_labels(scene, swapped, ())
    assert labels.boxes_px[1].tolist() == [-0.5, -0.5, 95.5, 63.5]
    assert not labels.joints["landmarks27"].visible[0].any()


def test_rounding_keeps_the_shape_and_turns_the_unknown_into_none() -> None:
    assert rounded(np.array([[1.23456, np.nan], [np.inf, 2.0]]), 2) == [[1.23, None], [None, 2.0]]
    assert rounded(np.zeros((0, 4)), 2) == []
    assert rounded(1.005, 1) == 1.0
    assert rounded(float("nan"), 1) is None
