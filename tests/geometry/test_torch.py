"""The same code on torch tensors: equal to numpy, differentiable, never leaving torch."""

import numpy as np
import pytest

from metricpose import BrownConrady, Camera, Fisheye
from metricpose.geometry import aligned, boxes, similarity
from metricpose.geometry.rays import ground_depth
from metricpose.geometry.rigid import inverted, rotation_between, transformed
from metricpose.skeletons import converter, skeleton_named
from tests.strategies import random_rotations

torch = pytest.importorskip("torch", reason="torch comes with metricpose[train]")

K = np.array([[500.0, 3.0, 320.0], [0.0, 510.0, 240.0], [0.0, 0.0, 1.0]])
LENSES = [None, BrownConrady((-0.28, 0.09, 3e-4, -2e-4, -0.012)), Fisheye((0.05, -0.01, 0.004, -0.001))]
rng = np.random.default_rng(0)
POINTS = rng.normal(size=(4, 5, 3)) * [1, 0.7, 1] + [0, 0, 5]


def _both(function, *arrays, dtype=torch.float64):
    """Check that torch gives what numpy gives, as torch tensors of the same dtype."""
    tensors = function(*(torch.tensor(a, dtype=dtype) for a in arrays))
    expected = function(*arrays)
    for tensor, array in zip(*(v if isinstance(v, tuple) else (v,) for v in (tensors, expected)), strict=True):
        assert isinstance(tensor, torch.Tensor)
        assert tensor.dtype in (dtype, torch.bool)
        np.testing.assert_allclose(tensor.numpy(), array, atol=1e-9 if dtype == torch.float64 else 1e-2)


@pytest.mark.parametrize("lens", LENSES)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_camera_in_torch_is_the_camera_in_numpy(lens, dtype):
    camera = Camera(intrinsics_px=K, image_size=(640, 480), distortion=lens)
    px, _ = camera.project(POINTS)
    _both(camera.project, POINTS, dtype=dtype)
    _both(camera.rays_marked, px, dtype=dtype)
    _both(camera.unproject, px, POINTS[..., 2], dtype=dtype)


@pytest.mark.parametrize("lens", LENSES)
def test_gradients_of_project_and_unproject(lens):
    camera = Camera(intrinsics_px=K, image_size=(640, 480), distortion=lens)
    points = torch.tensor(POINTS[0], requires_grad=True)
    px = camera.project(points)[0].detach().requires_grad_()
    depth = torch.tensor(POINTS[0, :, 2], requires_grad=True)
    assert torch.autograd.gradcheck(lambda p: camera.project(p)[0], points)
    assert torch.autograd.gradcheck(camera.unproject, (px, depth), atol=1e-4)


@pytest.mark.parametrize("lens", LENSES)
def test_gradients_are_finite_on_the_axis_behind_and_beyond_the_lens(lens):
    camera = Camera(intrinsics_px=K, image_size=(640, 480), distortion=lens)
    points = torch.tensor([[0.0, 0, 1], [0, 0, -1], [1, 1, 0], [0, 0, 0], [90, 0, 1]], requires_grad=True)
    camera.project(points)[0].sum().backward()
    assert torch.isfinite(points.grad).all()
    px = torch.tensor([[320.0, 240], [1e6, 0], [-5000, 3]], requires_grad=True)
    camera.rays(px).sum().backward()
    assert torch.isfinite(px.grad).all()


def test_alignment_in_torch_and_its_gradients():
    source, target = rng.normal(size=(2, 3, 7, 3))
    _both(similarity, source, target)
    _both(aligned, source, target)
    tensors = torch.tensor(source, requires_grad=True), torch.tensor(target, requires_grad=True)
    assert torch.autograd.gradcheck(aligned, tensors)


def test_rigid_motion_rays_and_boxes_in_torch():
    motion = np.tile(np.eye(4), (4, 1, 1))
    motion[:, :3, :3], motion[:, :3, 3] = random_rotations(rng, 4), rng.normal(size=(4, 3))
    units = motion[:, :3, 0], motion[:, :3, 1]
    _both(inverted, motion)
    _both(transformed, POINTS, motion)
    _both(rotation_between, *units)
    _both(ground_depth, POINTS, np.array([0, -1.0, 0]), np.array(1.5))
    some = np.sort(rng.uniform(0, 9, size=(5, 2, 2)), axis=1).reshape(5, 4)
    _both(boxes.iou_matrix, some, some[:3])
    _both(lambda b: boxes.clipped(boxes.expanded(b, 1.5), (8, 8)), some)
    _both(boxes.around_joints, POINTS[..., :2], (POINTS[..., 2] > 5) * 1.0)


def test_joint_conversion_in_torch():
    convert = converter(skeleton_named("coco17"), skeleton_named("body25"))
    joints, scores = rng.normal(size=(2, 17, 3)), rng.uniform(size=(2, 17))
    _both(convert, joints, scores)
    tensor = torch.tensor(joints, requires_grad=True)
    convert(tensor)[:, convert.covered.tolist()].sum().backward()
    assert torch.isfinite(tensor.grad).all()
