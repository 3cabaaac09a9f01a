"""Eq. (7): the mean place of a distribution, axis by axis and all at once."""

import pytest

torch = pytest.importorskip("torch", reason="torch comes with metricpose[train]")

from metricpose.models.soft_argmax import soft_argmax  # noqa: E402
from metricpose.models.volumes import VolumeOptions  # noqa: E402

CUBE = VolumeOptions(size_m=(2.0, 2.0, 2.0), cells=(16, 16, 16))


def all_at_once(logits, volume, sharpness):
    """Slow twin: the softmax of the whole volume, times every cell's place; and a walk over the outermost cells."""
    share = (logits * sharpness).flatten(2).double().softmax(-1)
    offsets = (share[..., None] * volume.offsets(share)).sum(2)
    outermost = torch.zeros(share.shape[:2], dtype=share.dtype)
    for number, index in enumerate(torch.cartesian_prod(*(torch.arange(n) for n in volume.cells)).reshape(-1, 3)):
        if any(i in (0, n - 1) for i, n in zip(index.tolist(), volume.cells, strict=True)):
            outermost += share[..., number]
    return offsets.float(), outermost.float()


@pytest.mark.parametrize("sharpness", [1.0, 100.0])
@pytest.mark.parametrize("cells", [(6, 5, 7), (4, 1, 3), (2, 2, 2), (1, 1, 1)])
def test_the_fast_one_is_the_plain_one(cells, sharpness):
    volume = VolumeOptions(size_m=(1.0, 2.0, 3.0), cells=cells)
    logits = torch.randn(2, 3, *cells, generator=torch.Generator().manual_seed(0))
    got, (offsets, outermost) = soft_argmax(logits, volume, sharpness), all_at_once(logits, volume, sharpness)
    torch.testing.assert_close(got.offsets, offsets, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(got.outermost, outermost, atol=1e-5, rtol=1e-5)


def test_of_a_gaussian_it_is_the_mean():
    """Not the cell nearest to it: quantisation is what the mean undoes. Sharper by s is narrower by its root."""
    means = torch.tensor([[[0.013, -0.21, 0.3], [-0.4, 0.07, 0.111]]])
    distance2 = (CUBE.offsets(means) - means[..., None, :]).square().sum(-1)
    logits = (-distance2 / (2 * 0.15**2)).reshape(1, 2, *CUBE.cells)
    torch.testing.assert_close(soft_argmax(logits, CUBE).offsets, means, atol=2e-3, rtol=0)
    torch.testing.assert_close(soft_argmax(logits / 4, CUBE, 4.0).offsets, means, atol=2e-3, rtol=0)
    assert soft_argmax(logits, CUBE).outermost.max() < 0.01


def test_a_place_beyond_the_faces_is_told():
    """The mean cannot leave the cube; the outermost cells say that it would."""
    raised_hand = torch.tensor([0.1, 0.0, 1.3])
    logits = -(CUBE.offsets(raised_hand) - raised_hand).square().sum(-1).reshape(1, 1, *CUBE.cells) / (2 * 0.1**2)
    got = soft_argmax(logits, CUBE)
    assert got.offsets.abs().max() < 1.0 and got.outermost > 0.9


def test_nothing_said_is_the_middle():
    got = soft_argmax(torch.full((1, 1, 16, 16, 16), 7.0), CUBE)
    torch.testing.assert_close(got.offsets, torch.zeros(1, 1, 3), atol=1e-5, rtol=0)
    assert got.outermost.item() == pytest.approx(1 - (14 / 16) ** 3, abs=1e-5)


def test_large_logits_stay_finite():
    logits = 1e4 * torch.randn(1, 1, 4, 4, 4)
    cube = VolumeOptions(size_m=(2.0, 2.0, 2.0), cells=(4, 4, 4))
    best = cube.offsets(logits)[logits.flatten().argmax()]
    torch.testing.assert_close(soft_argmax(logits, cube, 100.0).offsets[0, 0], best)
