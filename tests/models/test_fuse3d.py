"""Folding batch norms changes the speed of an answer and not the answer."""

import copy

import pytest

torch = pytest.importorskip("torch", reason="torch comes with metricpose[train]")

from metricpose._errors import InputError  # noqa: E402
from metricpose.models.fuse3d import fused_  # noqa: E402
from tests.models.voxel_made import small_stage, voxel_input, world_camera  # noqa: E402


@pytest.mark.parametrize(
    ("part", "size"),
    [("root_net.net", (2, 4, 8, 8, 4)), ("pose_net.net", (1, 4, 7, 6, 5)), ("depth_estimator", (2, 4, 24, 40))],
)
def test_the_answer_stays(part, size):
    net = small_stage().get_submodule(part)
    fused = fused_(copy.deepcopy(net))
    x = torch.rand(size)
    with torch.no_grad():
        before, after = net(x), fused(x)
    assert before.std() > 1e-3
    torch.testing.assert_close(after, before, atol=1e-4, rtol=1e-4)
    assert not any(isinstance(module, torch.nn.BatchNorm2d | torch.nn.BatchNorm3d) for module in fused.modules())


def test_the_whole_stage_stays():
    stage = small_stage()
    seen = voxel_input((world_camera(), [[0.2, 0.1, 4.0], [-0.8, 0.0, 5.0]]))
    with torch.no_grad():
        before, after = stage(seen), fused_(copy.deepcopy(stage))(seen)
    torch.testing.assert_close(after.root_heat, before.root_heat, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(after.joints_cam, before.joints_cam, atol=1e-4, rtol=1e-4)


def test_weights_lie_channels_last():
    fused = fused_(small_stage())
    volume, picture = fused.root_net.net.front[1].first[0].weight, fused.depth_estimator.stages[1][0].conv1.weight
    assert volume.is_contiguous(memory_format=torch.channels_last_3d)
    assert picture.is_contiguous(memory_format=torch.channels_last)


def test_a_network_in_training_is_refused():
    with pytest.raises(InputError, match=r"expected a module in eval mode, got one in training; call \.eval\(\) first"):
        fused_(small_stage().train())
