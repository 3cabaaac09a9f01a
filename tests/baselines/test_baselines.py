"""The baselines: exact where their assumption holds, worked by hand, never without an answer."""

import numpy as np
import pytest

from baselines import AnkleRay, Baseline, BoxSize, LimbLength, StatureBlindOracle
from baselines.rays import angles
from metricpose._errors import InputError
from metricpose.evaluation import evaluate
from metricpose.geometry.camera import Camera
from metricpose.geometry.distortion import BrownConrady
from metricpose.people.people2d import People2D
from metricpose.people.people3d import People3D
from metricpose.skeletons.catalogue import COCO17, H36M17
from metricpose.skeletons.skeleton import Skeleton

SIZE = (1600, 1200)
LIMBS = {"upper_arm": 0.29, "forearm": 0.25, "thigh": 0.42, "shank": 0.41, "side": 0.50}


def person_world(x: float = 0, y: float = 0, ground: float = 0) -> np.ndarray:
    """COCO-17 of someone of mean limbs who stands at x, y, ankles 8 cm above the ground, arms spread; z up."""
    hip = 0.08 + LIMBS["shank"] + LIMBS["thigh"]
    shoulder, reach = hip + LIMBS["side"], LIMBS["upper_arm"]
    places = {"nose": (0, shoulder + 0.2), "eye": (0.03, shoulder + 0.23), "ear": (0.07, shoulder + 0.21)}
    places |= {"shoulder": (0.18, shoulder), "elbow": (0.18 + reach, shoulder)}
    places |= {"wrist": (0.18 + reach + LIMBS["forearm"], shoulder), "hip": (0.18, hip)}
    places |= {"knee": (0.18, hip - LIMBS["thigh"]), "ankle": (0.18, 0.08)}
    sides = {"left": 1.0, "right": -1.0, "nose": 0.0}
    points = []
    for name in COCO17.joints:
        side, _, part = name.partition("_")
        across, up = places[part or side]
        points.append([x, y + sides[side] * across, up + ground])
    return np.array(points)


def camera_at(height: float, pitch_deg: float = 0, focal: float = 1000) -> Camera:
    """At (0, 0, height), looking along +x, down by the pitch."""
    pitch = np.deg2rad(pitch_deg)
    right, down = np.array([0.0, -1, 0]), np.array([-np.sin(pitch), 0, -np.cos(pitch)])
    rotation = np.stack([right, down, np.cross(right, down)])
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = rotation, -rotation @ [0, 0, height]
    return Camera.from_focal(SIZE, focal).replaced(cam_from_world=pose)


def seen_by(camera: Camera, *bodies: np.ndarray) -> tuple[People2D, np.ndarray]:
    """The picture of bodies given in the world, and their roots (P, 3) in the camera frame."""
    pose = camera.cam_from_world
    assert pose is not None
    cam = np.array(bodies).reshape(-1, 17, 3) @ pose[:3, :3].T + pose[:3, 3]
    return of_joints(camera, cam), cam[:, [COCO17.index("left_hip"), COCO17.index("right_hip")]].mean(axis=1)


def of_joints(camera: Camera, joints_cam: np.ndarray, skeleton: Skeleton = COCO17) -> People2D:
    if not len(joints_cam):
        return People2D.empty(skeleton, SIZE)
    px, _ = camera.project(joints_cam)
    return People2D(
        boxes_px=np.concatenate([px.min(axis=1) - 0.5, px.max(axis=1) + 0.5], axis=1),
        joints_px=px,
        joint_scores=np.ones(px.shape[:2]),
        scores=np.ones(len(px)),
        skeleton=skeleton,
        image_size=SIZE,
    )


def without(people: People2D, *joints: str) -> People2D:
    hidden = [people.skeleton.index(j) for j in joints]
    scores = np.array(people.joint_scores)
    scores[:, hidden] = 0
    return people.replaced(joint_scores=scores)


BLIND: list[Baseline] = [BoxSize(), LimbLength(), AnkleRay()]


@pytest.mark.parametrize("baseline", BLIND, ids=lambda b: type(b).__name__)
@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_everyone_gets_a_finite_root_on_the_root_ray(baseline: Baseline, count: int):
    camera = camera_at(1.5, 5)
    people, true = seen_by(camera, *[person_world(5 + 2 * i, i) for i in range(count)])
    roots = baseline.roots(people, camera)
    assert roots.root_depth.shape == (count,)
    assert np.isfinite(roots.root_cam).all()
    assert (roots.root_depth > 0).all()
    assert roots.root_cam[:, 2] == pytest.approx(roots.root_depth)
    if count:
        px, _ = camera.project(roots.root_cam)
        true_px, _ = camera.project(true)
        assert px == pytest.approx(true_px, abs=0.5)


@pytest.mark.parametrize("baseline", BLIND, ids=lambda b: type(b).__name__)
def test_nothing_seen_still_gets_an_answer(baseline: Baseline):
    camera = camera_at(1.5)
    people, _ = seen_by(camera, person_world(5))
    blind = people.replaced(joint_scores=np.zeros_like(people.joint_scores))
    assert np.isfinite(baseline(blind, camera).root_cam).all()


@pytest.mark.parametrize("baseline", BLIND, ids=lambda b: type(b).__name__)
def test_zooming_picture_and_camera_together_changes_nothing(baseline: Baseline):
    camera = camera_at(1.5, 10, focal=600)
    people, _ = seen_by(camera, person_world(5), person_world(8, 1))
    size = (2 * SIZE[0], 2 * SIZE[1])
    larger = people.replaced(joints_px=2 * people.joints_px + 0.5, boxes_px=2 * people.boxes_px + 0.5, image_size=size)
    resized = baseline.roots(larger, camera.resized(size)).root_depth
    assert resized == pytest.approx(baseline.roots(people, camera).root_depth, rel=1e-4)


@pytest.mark.parametrize("baseline", BLIND, ids=lambda b: type(b).__name__)
def test_distortion_of_the_lens_is_taken_out(baseline: Baseline):
    camera = camera_at(1.5, 5)
    bent = camera.replaced(distortion=BrownConrady(coefficients=(-0.15, 0.02, 0.001, 0.0)))
    bodies = person_world(7, 3.5), person_world(9, -5)
    straight = baseline.roots(seen_by(camera, *bodies)[0], camera).root_depth
    picture, _ = seen_by(bent, *bodies)
    known, ignored = (np.abs(baseline.roots(picture, lens).root_depth / straight - 1) for lens in (bent, camera))
    assert (known < 0.005).all()
    assert (ignored > 0.015).all()


def test_box_size_is_the_formula_of_rootnet():
    camera = Camera.from_focal(SIZE, (1000, 1200))
    people = of_joints(
        camera, np.tile([0.0, 0, 5], (2, 17, 1)) + np.random.default_rng(0).normal(size=(2, 17, 3)) * 0.1
    )
    people = people.replaced(boxes_px=np.array([[100, 100, 300, 600], [0, 0, 500, 300.0]]))
    # The paper's: square box with the longer side, 1.25 times; k = sqrt(fx fy A_real / A_box). With fx = fy:
    square = BoxSize().roots(people, Camera.from_focal(SIZE, 1000)).root_depth
    assert square == pytest.approx(np.sqrt(1000 * 1000 * 2 * 2 / (1.25 * 500) ** 2))
    # With fx != fy the square is one on the plane z = 1: 500 / 1200 high, and 500 / 1000 wide.
    assert BoxSize().roots(people, camera).root_depth == pytest.approx(
        [2 / (1.25 * 500 / 1200), 2 / (1.25 * 500 / 1000)]
    )


@pytest.mark.parametrize("distance", [3.0, 6.0, 20.0])
def test_limb_length_is_right_for_mean_limbs_that_lie_square(distance: float):
    camera = camera_at(0.9)
    people, true = seen_by(camera, person_world(distance))
    depth = LimbLength().roots(people, camera).root_depth
    assert depth == pytest.approx(true[:, 2], rel=0.06 if distance < 5 else 0.02)


def test_limb_length_gives_depth_and_not_distance():
    camera = camera_at(0.9, focal=500)
    people, true = seen_by(camera, person_world(6, 6))
    assert LimbLength().roots(people, camera).root_depth == pytest.approx(true[:, 2], rel=0.03)


def test_limb_length_is_not_fooled_by_limbs_that_point_at_the_camera():
    camera = camera_at(0.9)
    body = person_world(8)
    for side in ("left", "right"):
        for joint, ahead in (("elbow", 0.28), ("wrist", 0.52), ("knee", 0.4)):
            shoulder = body[COCO17.index(f"{side}_shoulder" if joint != "knee" else f"{side}_hip")]
            body[COCO17.index(f"{side}_{joint}")] = shoulder - [ahead, 0, 0.02]
    people, true = seen_by(camera, body)
    assert LimbLength().roots(people, camera).root_depth == pytest.approx(true[:, 2], rel=0.15)


def test_limbs_are_found_by_canonical_names_in_any_skeleton():
    camera = camera_at(0.9)
    people, true = seen_by(camera, person_world(8))
    shank = [H36M17.canonical.index(j) for j in ("left_knee", "left_ankle")]
    h36m = people.to(H36M17)
    h36m = h36m.replaced(joint_scores=np.where(np.isin(np.arange(17), shank), h36m.joint_scores, 0))
    assert LimbLength().roots(h36m, camera).root_depth == pytest.approx(true[:, 2], rel=0.02)


def test_without_limbs_the_box_answers():
    camera = camera_at(1.5)
    skeleton = Skeleton(name="head", joints=("nose",), parents=(-1,), mirror=(0,))
    face = People2D(
        boxes_px=[[0, 0, 100, 100]],
        joints_px=[[[50, 50]]],
        joint_scores=[[1.0]],
        scores=[1.0],
        skeleton=skeleton,
        image_size=SIZE,
    )
    expected = BoxSize().roots(face, camera).root_depth
    assert LimbLength().roots(face, camera).root_depth == pytest.approx(expected)
    assert AnkleRay().roots(face, camera).root_depth == pytest.approx(expected)


@pytest.mark.parametrize("height", [0.5, 1.5, 6.0])
@pytest.mark.parametrize("pitch", [-5, 0, 15, 40])
def test_ankle_ray_is_exact_for_whoever_stands_upright(height: float, pitch: float):
    camera = camera_at(height, pitch)
    people, true = seen_by(camera, person_world(6, 0.5), person_world(9, -1))
    assert AnkleRay().roots(people, camera).root_depth == pytest.approx(true[:, 2], rel=0.01)


def test_ankle_ray_takes_the_foot_on_the_ground():
    camera = camera_at(2.0, 10)
    body = person_world(6)
    body[COCO17.index("left_ankle"), 2] += 0.3
    people, true = seen_by(camera, body)
    assert AnkleRay().roots(people, camera).root_depth == pytest.approx(true[:, 2], rel=0.01)
    other = without(people, "right_ankle")
    assert AnkleRay().roots(other, camera).root_depth[0] > 1.1 * true[0, 2]


def test_ankle_ray_is_fooled_by_a_platform():
    camera = camera_at(2.0, 10)
    people, true = seen_by(camera, person_world(6, ground=0.5))
    assert AnkleRay().roots(people, camera).root_depth[0] > 1.2 * true[0, 2]


def test_ankle_ray_that_misses_the_ground_falls_back():
    camera = camera_at(0.5, 0)
    people, _ = seen_by(camera, person_world(6, ground=3), person_world(300), person_world(6))
    depth, limbs = AnkleRay().roots(people, camera).root_depth, LimbLength().roots(people, camera).root_depth
    assert depth[:2] == pytest.approx(limbs[:2])
    assert depth[2] != pytest.approx(limbs[2], rel=1e-6)
    hidden = without(people, "left_ankle", "right_ankle")
    assert AnkleRay().roots(hidden, camera).root_depth == pytest.approx(LimbLength().roots(hidden, camera).root_depth)


def test_ankle_ray_straight_down_falls_back():
    camera = camera_at(6, 90)
    people, _ = seen_by(camera, person_world(0, 0))
    assert AnkleRay().roots(people, camera).root_depth == pytest.approx(LimbLength().roots(people, camera).root_depth)


def test_ankle_ray_needs_a_world():
    camera = camera_at(2.0)
    people, _ = seen_by(camera, person_world(6))
    with pytest.raises(InputError, match="expected a camera with cam_from_world, got none; use the limb lengths"):
        AnkleRay()(people, camera.replaced(cam_from_world=None))


def test_turning_the_world_changes_nothing():
    camera, body = camera_at(2.0, 10), person_world(6, 0.5)
    people, _ = seen_by(camera, body)
    yaw = np.eye(4)
    yaw[:2, :2] = [[0.6, -0.8], [0.8, 0.6]]
    turned = camera.replaced(cam_from_world=camera.cam_from_world @ yaw)
    assert AnkleRay().roots(people, turned).root_depth == pytest.approx(AnkleRay().roots(people, camera).root_depth)


def truth_of(camera: Camera, *bodies: np.ndarray) -> People3D:
    people, root = seen_by(camera, *bodies)
    pose = camera.cam_from_world
    assert pose is not None
    return People3D(
        joints_cam=np.array(bodies) @ pose[:3, :3].T + pose[:3, 3],
        joint_sigma=np.zeros(people.joint_scores.shape),
        root_depth_interval=np.repeat(root[:, 2:], 2, axis=1),
        joints_px=people.joints_px,
        joint_scores=people.joint_scores,
        boxes_px=people.boxes_px,
        scores=people.scores,
        skeleton=COCO17,
        camera=camera,
        camera_source="given",
    )


def test_the_oracle_knows_all_but_stature():
    camera = camera_at(1.5, 5)
    truth = truth_of(camera, person_world(6), person_world(8, 1))
    people, _ = seen_by(camera, person_world(6), person_world(8, 1))
    oracle = StatureBlindOracle(truth=truth, statures=np.array([1.7, 1.0]), mean_stature=1.7)
    assert oracle(people, camera).root_cam[:, 2] == pytest.approx(truth.root_cam[:, 2] * [1, 1.7], rel=1e-6)
    px, _ = camera.project(oracle.people3d().joints_cam)
    assert px == pytest.approx(truth.joints_px, abs=1e-2)
    row = evaluate([("a", oracle.people3d())], [("a", truth)]).overall
    assert row["mrpe_z_percent"].value == pytest.approx(35, rel=1e-4)
    assert row["pa_mpjpe"].value == pytest.approx(0, abs=0.01)


def test_the_oracle_refuses_what_does_not_fit():
    camera = camera_at(1.5)
    truth = truth_of(camera, person_world(6))
    with pytest.raises(InputError, match=r"expected 1 statures for the true people, got shape \(2,\)"):
        StatureBlindOracle(truth=truth, statures=np.ones(2), mean_stature=1.7)
    with pytest.raises(InputError, match="expected positive statures in metres"):
        StatureBlindOracle(truth=truth, statures=np.zeros(1), mean_stature=1.7)
    oracle = StatureBlindOracle(truth=truth, statures=np.ones(1), mean_stature=1.7)
    with pytest.raises(InputError, match="expected the truth's 1 people in order, got 0"):
        oracle(People2D.empty(COCO17, SIZE), camera)


@pytest.mark.parametrize("count", [0, 2])
def test_answers_can_be_evaluated_like_ours(count: int):
    camera = camera_at(1.5, 5)
    bodies = [person_world(6), person_world(8, 1)][:count]
    people, true = seen_by(camera, *bodies)
    answer = AnkleRay()(people, camera)
    assert answer.root_cam == pytest.approx(true, rel=0.02, abs=0.02)
    if count:
        row = evaluate([("a", answer)], [("a", truth_of(camera, *bodies))]).overall
        assert (row.matched, row.misses, row.ghosts) == (2, 0, 0)
        assert row["mrpe_z_percent"].value < 1


def test_small_angles_are_exact():
    first, second = np.array([0.0, 0, 1]), np.array([1e-7, 0, 1])
    assert angles(first, second) == pytest.approx(1e-7, rel=1e-6)
    assert angles(first, -first) == pytest.approx(np.pi)
