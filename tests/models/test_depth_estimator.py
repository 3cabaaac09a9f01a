"""DE: shapes, depths that are above 0, and where they are read."""

import pytest

torch = pytest.importorskip("torch", reason="torch comes with metricpose[train]")

from metricpose._errors import InputError  # noqa: E402
from metricpose.geometry import Camera  # noqa: E402
from metricpose.models.agr_net import parameter_count  # noqa: E402
from metricpose.models.depth_estimator import (  # noqa: E402
    DepthEstimator,
    DepthEstimatorOptions,
    depth_at_roots,
    metres_per_canonical,
)

SMALL = DepthEstimatorOptions(widths=(4, 4, 8, 8), blocks=1, neck=4)


def test_it_is_a_resnet_18_and_a_little():
    """11.2 million parameters of He et al.'s network without its classifier; another stem, and the way back."""
    with torch.device("meta"):
        assert parameter_count(DepthEstimator(17)) == pytest.approx(11.2e6, rel=0.03)


@pytest.mark.parametrize("size", [(32, 48), (17, 31), (1, 1)])
def test_the_map_has_the_heatmaps_size_and_positive_depths(size):
    torch.manual_seed(0)
    net = DepthEstimator(3, SMALL).eval()
    torch.nn.init.normal_(net.out.weight, std=10.0)
    depth = net(torch.rand(2, 3, *size))
    assert depth.shape == (2, 1, *size) and (depth > 0).all()


def test_a_new_network_says_some_metres():
    depth = DepthEstimator(3, SMALL).eval()(torch.rand(1, 3, 16, 16))
    assert ((depth > 4) & (depth < 6)).all()


def test_depths_are_read_at_the_roots():
    """Bilinear between cells; a root out of the picture reads the nearest cell; nobody reads nothing."""
    maps = torch.arange(12.0).reshape(1, 1, 3, 4)
    px = torch.tensor([[[1.5, 1.5], [3.5, 1.5], [13.5, 9.5], [1e4, 9.5], [-50.0, -50.0]]])
    torch.testing.assert_close(depth_at_roots(maps, px, 4), torch.tensor([[0.0, 0.5, 11.0, 11.0, 0.0]]))
    assert depth_at_roots(maps, px[:, :0], 4).shape == (1, 0)


def test_metres_follow_the_focal_length():
    cameras = Camera.from_focal((64, 48), 500.0), Camera.from_focal((64, 48), (400.0, 900.0))
    torch.testing.assert_close(metres_per_canonical(cameras, torch.zeros(1)), torch.tensor([[0.5], [0.6]]))


def test_sizes_that_cannot_be_are_refused():
    with pytest.raises(InputError, match="depth estimator: expected widths, blocks and neck of 1 or more, got"):
        DepthEstimatorOptions(blocks=0)
