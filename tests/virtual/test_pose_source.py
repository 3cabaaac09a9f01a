import pytest
import torch

from metricpose.virtual.pose_pool import rotvec_to_rotmat
from metricpose.virtual.pose_source import facing_forward


def _body(*rotvec: float) -> torch.Tensor:
    """A stiff body, turned as a whole."""
    return rotvec_to_rotmat(torch.tensor(rotvec)).expand(1, 21, 3, 3)


@pytest.mark.parametrize("yaw", [-3.0, -1.0, 0.0, 2.0, 3.1])
def test_yaw_goes_and_the_rest_of_the_pose_stays(yaw):
    leaning = _body(0.3, 0.0, 0.0) @ _body(0.0, 0.4, 0.0)
    turned = rotvec_to_rotmat(torch.tensor([0.0, 0.0, yaw])) @ leaning
    torch.testing.assert_close(facing_forward(turned), facing_forward(leaning), atol=1e-5, rtol=0)
    pelvis = facing_forward(turned)[0, 0]
    assert abs(pelvis[1, 0]) < 1e-6
    assert pelvis[0, 0] > 0
    torch.testing.assert_close(pelvis[2], leaning[0, 0, 2], atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("pitch", "crown_x"),
    [(1.5, 1.0), (-1.5, -1.0)],
    ids=["face down: rising forward, the head leads", "face up: sitting up, the feet lead"],
)
@pytest.mark.parametrize("yaw", [0.0, 1.0, -2.5])
def test_who_lies_faces_where_they_would_on_rising(pitch, crown_x, yaw):
    lying = rotvec_to_rotmat(torch.tensor([0.0, 0.0, yaw])) @ _body(0.0, pitch, 0.0)
    crown = facing_forward(lying)[0, 0, :, 2]
    torch.testing.assert_close(crown[:2], torch.tensor([crown_x, 0.0]), atol=0.02, rtol=0)


def test_facing_forward_twice_is_once_and_nobody_is_ordinary():
    generator = torch.Generator().manual_seed(0)
    rotations = rotvec_to_rotmat(torch.randn(100, 21, 3, generator=generator))
    once = facing_forward(rotations)
    torch.testing.assert_close(facing_forward(once), once, atol=1e-5, rtol=0)
    assert facing_forward(rotations[:0]).shape == (0, 21, 3, 3)
