"""SimpleBaseline without its network: whatever pose it states is put where the picture shows it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import metricpose
from baselines.simple_mlp import SimpleMlp
from metricpose._errors import FileError, WeightsError
from metricpose.geometry.camera import Camera
from metricpose.geometry.distortion import BrownConrady
from metricpose.people.people2d import People2D
from metricpose.skeletons.catalogue import BODY25, COCO17

CAMERA = Camera.from_focal((1000, 800), 900.0)
HIPS = [COCO17.index("left_hip"), COCO17.index("right_hip")]


class Stating:
    """An engine that states poses, and keeps what it was asked."""

    def __init__(self, joints_root: np.ndarray) -> None:
        self.joints_root = joints_root
        self.given: Mapping[str, np.ndarray] = {}

    def run(self, output_names: Sequence[str], input_feed: Mapping[str, np.ndarray]) -> Sequence[Any]:
        assert list(output_names) == ["joints_root"]
        self.given = input_feed
        return [self.joints_root.astype(np.float32)]


def bodies(count: int) -> np.ndarray:
    joints = np.random.default_rng(2).normal(size=(count, 17, 3)) * (0.25, 0.4, 0.2)
    return joints - joints[:, HIPS].mean(axis=1, keepdims=True)


def seen(joints_cam: np.ndarray, camera: Camera = CAMERA) -> People2D:
    px, _ = camera.project(joints_cam)
    return People2D(
        boxes_px=np.concatenate([px.min(axis=1), px.max(axis=1)], axis=-1).reshape(-1, 4),
        joints_px=px,
        joint_scores=np.ones(px.shape[:2]),
        scores=np.ones(len(px)),
        skeleton=COCO17,
        image_size=(1000, 800),
        ids=tuple(range(5, 5 + len(px))),
    )


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_true_pose_is_put_at_its_true_place(count: int):
    places = np.array([[0.5, -0.3, 4], [-1, 0.2, 6], [1.5, 0, 9]])[:count]
    true = bodies(count) + places[:, None]
    answer = SimpleMlp(engine=Stating(bodies(count)))(seen(true), CAMERA)
    np.testing.assert_allclose(answer.joints_cam, true, atol=2e-3)
    np.testing.assert_allclose(answer.root_cam, places, atol=2e-3)
    assert answer.ids == tuple(range(5, 5 + count))


def test_nobody_is_not_asked_about():
    engine = Stating(np.zeros((0, 17, 3)))
    assert len(SimpleMlp(engine=engine)(People2D.empty(BODY25, (1000, 800)), CAMERA)) == 0
    assert not engine.given


def test_the_network_sees_unit_rays_without_distortion_and_unseen_joints_straight_ahead():
    bent = CAMERA.replaced(distortion=BrownConrady(coefficients=(-0.1, 0.01, 0.0, 0.0)))
    true = bodies(1) + [0.4, 0.2, 4]
    people = seen(true, bent)
    scores = people.joint_scores.copy()
    scores[0, 3] = 0
    engine = Stating(bodies(1))
    SimpleMlp(engine=engine)(people.replaced(joint_scores=scores), bent)
    rays, told = engine.given["rays"], engine.given["scores"]
    assert (rays.dtype, told.dtype) == (np.float32, np.float32)
    expected = true / np.linalg.norm(true, axis=-1, keepdims=True)
    expected[0, 3] = (0, 0, 1)
    np.testing.assert_allclose(rays, expected, atol=1e-4)
    np.testing.assert_allclose(told, scores)


def test_somebody_with_one_joint_stands_where_the_box_says():
    people = seen(bodies(1) + [0, 0, 5])
    scores = np.zeros((1, 17))
    scores[0, 0] = 1
    answer = SimpleMlp(engine=Stating(bodies(1)))(people.replaced(joint_scores=scores), CAMERA)
    sides = (people.boxes_px[0, 2:] - people.boxes_px[0, :2]) / 900
    assert answer.root_cam[0, 2] == pytest.approx(2 / (1.25 * sides.max()), rel=1e-5)
    np.testing.assert_allclose(answer.joints_root, bodies(1), atol=1e-5)


def test_files_that_are_none_are_refused(tmp_path: Path):
    with pytest.raises(FileError, match=r"none\.onnx: no such weights file; make it with `metricpose train simple_bas"):
        SimpleMlp.load(tmp_path / "none.onnx")
    (tmp_path / "bad.onnx").write_bytes(b"no network")
    with pytest.raises(WeightsError, match=r"bad\.onnx: expected an ONNX SimpleBaseline, got"):
        SimpleMlp.load(tmp_path / "bad.onnx")
    assert metricpose.__file__ is not None
    other = Path(metricpose.__file__).parent / "weights" / "ray_lifter.onnx"
    with pytest.raises(
        WeightsError, match=r"expected a SimpleBaseline with inputs \['rays', 'scores'\], got another network"
    ):
        SimpleMlp.load(other)
