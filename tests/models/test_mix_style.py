"""MixStyle: other styles in training, nothing at all in use."""

import pytest

torch = pytest.importorskip("torch", reason="torch comes with metricpose[train]")

from metricpose.models.mix_style import MixStyle  # noqa: E402


def features():
    return torch.rand(6, 4, 8, 8, generator=torch.Generator().manual_seed(0)) * torch.arange(1, 7)[:, None, None, None]


def test_in_use_nothing_changes():
    x = features()
    assert torch.equal(MixStyle(1.0).eval()(x), x)
    assert torch.equal(MixStyle(0.0).train()(x), x)


def test_means_and_spreads_are_those_of_the_batch_and_shapes_stay():
    torch.manual_seed(0)
    x = features()
    out = MixStyle(1.0).train()(x)
    assert not torch.allclose(out, x)
    low, high = x.mean((2, 3)).amin(0), x.mean((2, 3)).amax(0)
    means = out.mean((2, 3))
    assert ((means >= low - 1e-3) & (means <= high + 1e-3)).all()
    for k in range(6):  # every channel is the old one in another scale: the same picture
        for c in range(4):
            both = torch.stack([x[k, c].flatten(), out[k, c].flatten()])
            assert float(torch.corrcoef(both)[0, 1]) == pytest.approx(1, abs=1e-4)
