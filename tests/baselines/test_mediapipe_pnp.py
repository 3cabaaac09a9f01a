"""MediaPipe's landmarks: put where they came from, and read from a file that may be wrong."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from baselines.mediapipe_pnp import Landmarks, MediapipePnp, read_landmarks, write_landmarks
from metricpose._errors import FileError, InputError
from metricpose.geometry.camera import Camera
from metricpose.people.people2d import People2D
from metricpose.skeletons.catalogue import COCO17, MEDIAPIPE33
from recipes.mediapipe_landmarks import landmarks_of

CAMERA = Camera.from_focal((1000, 800), 900.0)
HIPS = [MEDIAPIPE33.index("left_hip"), MEDIAPIPE33.index("right_hip")]


def bodies(count: int) -> np.ndarray:
    """(P, 33, 3) m about the middle of the hips."""
    joints = np.random.default_rng(1).normal(size=(count, 33, 3)) * (0.25, 0.4, 0.2)
    return joints - joints[:, HIPS].mean(axis=1, keepdims=True)


def seen(joints_cam: np.ndarray) -> People2D:
    px, _ = CAMERA.project(joints_cam)
    return People2D(
        boxes_px=np.concatenate([px.min(axis=1), px.max(axis=1)], axis=-1).reshape(-1, 4),
        joints_px=px,
        joint_scores=np.full(px.shape[:2], 0.9),
        scores=np.ones(len(px)),
        skeleton=MEDIAPIPE33,
        image_size=(1000, 800),
    )


@pytest.mark.parametrize("turning", [True, False])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_world_landmarks_are_put_where_the_picture_shows_them(count: int, turning: bool):
    world_m = bodies(count)
    places = np.array([[0.5, -0.3, 4], [-1, 0.2, 6], [1.5, 0, 9]])[:count]
    true = world_m + places[:, None]
    answer = MediapipePnp(world_m=world_m, turning=turning)(seen(true), CAMERA)
    np.testing.assert_allclose(answer.joints_cam, true, atol=2e-3)
    np.testing.assert_allclose(answer.root_cam, places, atol=2e-3)
    assert (answer.skeleton, answer.camera) == (MEDIAPIPE33, CAMERA)


def test_hidden_landmarks_do_not_count():
    world_m = bodies(1)
    people = seen(world_m + [0, 0, 5.0])
    px, scores = people.joints_px.copy(), people.joint_scores.copy()
    px[:, 5:10], scores[:, 5:10] = 0, 0
    answer = MediapipePnp(world_m=world_m)(people.replaced(joints_px=px, joint_scores=scores), CAMERA)
    np.testing.assert_allclose(answer.joints_cam, world_m + [0, 0, 5.0], atol=2e-3)


def test_nobody_and_somebody_without_a_landmark_have_answers():
    nobody = MediapipePnp(world_m=np.zeros((0, 33, 3)))(People2D.empty(MEDIAPIPE33, (1000, 800)), CAMERA)
    assert len(nobody) == 0
    world_m = bodies(1)
    people = seen(world_m + [0, 0, 5.0])
    blind = MediapipePnp(world_m=world_m)(people.replaced(joint_scores=np.zeros((1, 33))), CAMERA)
    assert np.isfinite(blind.joints_cam).all()
    assert blind.root_cam[0, 2] > 0
    np.testing.assert_allclose(blind.joints_root, world_m, atol=1e-5)


def test_only_the_people_of_the_landmarks_are_taken():
    method = MediapipePnp(world_m=bodies(2))
    with pytest.raises(InputError, match="expected 2 people in mediapipe33, .* got 0 in mediapipe33"):
        method(People2D.empty(MEDIAPIPE33, (1000, 800)), CAMERA)
    with pytest.raises(InputError, match="got 0 in coco17"):
        method(People2D.empty(COCO17, (1000, 800)), CAMERA)


def test_landmarks_are_read_as_they_were_written(tmp_path: Path):
    entries = [
        Landmarks(image="cam01.mp4#000000", people=seen(bodies(1) + [0, 0, 4.0]), world_m=bodies(1)),
        Landmarks(
            image="b", people=People2D.empty(MEDIAPIPE33, (10, 10)), world_m=np.zeros((0, 33, 3))
        ),
    ]  # fmt: skip
    write_landmarks(tmp_path / "m.json", entries)
    found = read_landmarks(tmp_path / "m.json")
    assert list(found) == ["cam01.mp4#000000", "b"]
    np.testing.assert_allclose(found["cam01.mp4#000000"].world_m, entries[0].world_m, atol=1e-6)
    np.testing.assert_allclose(found["cam01.mp4#000000"].people.joints_px, entries[0].people.joints_px)
    assert found["b"].world_m.shape == (0, 33, 3)
    assert len(found["cam01.mp4#000000"].chosen([0]).people) == 1


def test_bad_files_are_refused_with_the_picture(tmp_path: Path):
    path = tmp_path / "m.json"
    write_landmarks(path, [Landmarks(image="a.jpg", people=seen(bodies(1) + [0, 0, 4.0]), world_m=bodies(1))])
    document = json.loads(path.read_text())

    def refused(change, match: str) -> None:
        broken = json.loads(path.read_text())
        change(broken["images"])
        other = tmp_path / "other.json"
        other.write_text(json.dumps(broken))
        with pytest.raises(InputError, match=match):
            read_landmarks(other)

    assert document["schema"] == "metricpose.people2d/1"
    refused(lambda images: images[0].pop("world_m"), r"a\.jpg: world_m: expected world landmarks, got none; write")
    refused(lambda images: images[0].update(world_m=[[1, 2]]), r"a\.jpg: world_m: expected 1 x 33 x 3 numbers")
    refused(lambda images: images.append(images[0]), r"a\.jpg: expected each picture once, got it twice")
    thousand = (1000 * bodies(1)).tolist()
    refused(lambda images: images[0].update(world_m=thousand), r"a\.jpg: world_m: expected metres .* got a coordinate")
    with pytest.raises(FileError, match=r"nowhere\.json"):
        read_landmarks(tmp_path / "nowhere.json")


def test_landmarks_of_another_skeleton_are_refused():
    with pytest.raises(InputError, match="a: expected landmarks in mediapipe33, got coco17"):
        Landmarks(image="a", people=People2D.empty(COCO17, (10, 10)), world_m=np.zeros((0, 33, 3)))


def marks(rows: np.ndarray) -> SimpleNamespace:
    named = [SimpleNamespace(x=x, y=y, z=z, visibility=0.8) for x, y, z in rows]
    return SimpleNamespace(landmark=named)


def test_what_mediapipe_says_becomes_pixels_and_metres():
    shares = np.random.default_rng(0).uniform(0.2, 0.8, (33, 3))
    world_m = bodies(1)[0]
    answer = SimpleNamespace(pose_landmarks=marks(shares), pose_world_landmarks=marks(world_m))
    image = np.zeros((40, 80, 3), np.uint8)
    found = landmarks_of("a", image, lambda _: answer)
    np.testing.assert_allclose(found.people.joints_px[0], shares[:, :2] * (80, 40) - 0.5, atol=1e-4)
    np.testing.assert_allclose(found.world_m[0], world_m)
    nobody = landmarks_of("a", image, lambda _: SimpleNamespace(pose_landmarks=None, pose_world_landmarks=None))
    assert (len(nobody.people), nobody.world_m.shape) == (0, (0, 33, 3))
