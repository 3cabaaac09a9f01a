"""V2V: its size is the papers', and volumes of any size come back in that size."""

import pytest

torch = pytest.importorskip("torch", reason="torch comes with metricpose[train]")

from metricpose._errors import InputError  # noqa: E402
from metricpose.models.agr_net import parameter_count  # noqa: E402
from metricpose.models.v2v import V2V, V2VOptions  # noqa: E402


@pytest.mark.parametrize(("joints", "out"), [(17, 1), (17, 17)])
def test_it_has_the_parameters_of_the_papers_network(joints, out):
    with torch.device("meta"):
        assert parameter_count(V2V(joints, out)) == pytest.approx(3.33e6, rel=0.01)
        assert parameter_count(V2V(joints, out, V2VOptions(width=16))) < 0.9e6


@pytest.mark.parametrize("cells", [(8, 8, 4), (7, 5, 3), (6, 9, 1), (1, 1, 1)])
def test_shapes(cells):
    assert V2V(3, 2, V2VOptions(width=4)).eval()(torch.rand(2, 3, *cells)).shape == (2, 2, *cells)


def test_every_weight_matters():
    """A block that nothing passes through would have no gradient."""
    torch.manual_seed(0)
    net = V2V(3, 2, V2VOptions(width=4))
    net(torch.rand(2, 3, 8, 8, 8)).square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in net.parameters())


def test_a_shifted_volume_has_a_shifted_answer():
    """By as many cells as are pooled into one, away from the faces that the answer feels."""
    torch.manual_seed(0)
    net = V2V(1, 1, V2VOptions(width=4)).eval()
    volume = torch.zeros(1, 1, 16, 16, 16)
    volume[0, 0, 5:7, 5:7, 5:7] = 1.0
    with torch.no_grad():
        nothing = net(torch.zeros_like(volume))
        here, there = (net(v) - nothing for v in (volume, volume.roll(4, dims=2)))
    inner = (slice(None), slice(None), slice(6, 8), slice(4, 8), slice(4, 8))
    assert here[inner].abs().max() > 0
    moved = there[:, :, 10:12, 4:8, 4:8]
    assert torch.corrcoef(torch.stack([here[inner].flatten(), moved.flatten()]))[0, 1] > 0.99


@pytest.mark.parametrize("width", [0, -2, 5])
def test_odd_widths_are_refused(width):
    with pytest.raises(InputError, match=f"V2V width: expected an even number of channels, 2 or more, got {width}"):
        V2VOptions(width=width)


def test_the_first_convolution_is_the_papers_or_smaller():
    with pytest.raises(InputError, match="V2V front: expected an odd side, 1 or more, got 4; the papers' is 7"):
        V2VOptions(front=4)
    papers, smaller = (parameter_count(V2V(17, 17, V2VOptions(width=8, **front))) for front in ({}, {"front": 3}))
    assert papers - smaller == 17 * 4 * (7**3 - 3**3)
    with pytest.raises(InputError, match="V2V stem: expected 1 channel or more, got 0; None is half of the width"):
        V2VOptions(stem=0)
    narrow, wide = (V2V(17, 17, V2VOptions(width=8, stem=stem)).front[0][0] for stem in (None, 17))
    assert (narrow.out_channels, wide.out_channels) == (4, 17)
