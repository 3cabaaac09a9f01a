"""The fast second stage against the same maths written plainly: joints within half a millimetre."""

import pytest

torch = pytest.importorskip("torch", reason="torch comes with metricpose[train]")

from metricpose.cli.bench_lift import standing_people  # noqa: E402
from metricpose.geometry import Camera  # noqa: E402
from metricpose.models.fuse3d import fused_  # noqa: E402
from metricpose.models.voxel_answer import answered  # noqa: E402
from metricpose.models.voxel_plain import all_at_once, plain  # noqa: E402
from metricpose.models.voxel_pose import VoxelPose  # noqa: E402
from tests.training.voxel_made import TINY  # noqa: E402

CAMERA = Camera.from_fov((640, 360), 60.0)


@torch.no_grad()
def awake(stage):
    """Weights and statistics of a network that has seen something: every layer matters."""
    generator = torch.Generator().manual_seed(1)
    for value in stage.state_dict().values():
        if value.dtype == torch.float32:
            value.add_(0.05 * torch.rand(value.shape, generator=generator))
    stage.pose_net.net.out.weight.mul_(20.0)  # joints lie apart, not all in the middle
    return stage.eval()


@pytest.mark.parametrize("people", [0, 1, 3])
def test_the_fast_stage_is_the_plain_one(people):
    torch.manual_seed(0)
    stage = awake(VoxelPose(TINY))
    slow = plain(stage)
    seen = TINY.picture.encoded([standing_people(people, CAMERA, seed=4)], [CAMERA])
    with torch.inference_mode():
        expected, got = answered(slow, seen), answered(fused_(stage), seen)
    torch.testing.assert_close(got.joints_cam, expected.joints_cam, atol=5e-4, rtol=0)
    torch.testing.assert_close(got.canonical_depth, expected.canonical_depth, rtol=1e-4, atol=1e-5)
    assert torch.equal(got.found, expected.found) and torch.equal(got.unclaimed, expected.unclaimed)
    if people:
        assert (got.joints_cam - got.root_cam[:, :, None]).abs().amax() > 0.05


def test_it_computes_plainly():
    """Nothing of the fast one is left in the copy, and the copy leaves the stage as it was."""
    stage = VoxelPose(TINY)
    slow = plain(stage)
    assert slow.pose_net.place is all_at_once and stage.pose_net.place is not all_at_once
    assert type(slow.root_net.gated) is not type(stage.root_net.gated)
    assert all(torch.equal(value, stage.state_dict()[name]) for name, value in slow.state_dict().items())
