"""Muon for convolutions: orthogonal updates, of torch's Muon on matrices, and a state that can be saved."""

import pytest

torch = pytest.importorskip("torch", reason="torch comes with metricpose[train]")

from metricpose.training.muon import ConvMuon, orthogonal  # noqa: E402


@pytest.mark.parametrize("shape", [(8, 40), (40, 8), (16, 16)])
def test_singular_values_are_near_one(shape):
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    values = torch.linalg.svdvals(orthogonal(matrix))
    assert values.min() > 0.5 and values.max() < 1.3


def test_the_update_keeps_the_matrix_singular_vectors():
    matrix = torch.randn(6, 20, generator=torch.Generator().manual_seed(2))
    u, _, v = torch.linalg.svd(matrix, full_matrices=False)
    found = u.T @ orthogonal(matrix) @ v.T
    assert (found - torch.diag(torch.diagonal(found))).abs().max() < 0.05


def test_equals_torchs_muon_on_a_matrix():
    """The independent twin, for one step on a matrix, with the same scale."""
    start = torch.randn(12, 30, generator=torch.Generator().manual_seed(3))
    grad = torch.randn(12, 30, generator=torch.Generator().manual_seed(4))
    ours, theirs = (torch.nn.Parameter(start.clone()) for _ in range(2))
    ours.grad, theirs.grad = grad.clone(), grad.clone()
    ConvMuon([ours], 1e-2, weight_decay=0.1, gain=1.0).step()
    torch.optim.Muon([theirs], 1e-2, weight_decay=0.1, momentum=0.95, adjust_lr_fn="match_rms_adamw").step()
    moved, expected = ours.detach() - start, theirs.detach() - start
    assert (moved - expected).norm() < 0.03 * expected.norm() and expected.norm() > 1e-3


def test_a_kernel_is_the_matrix_of_its_output_channels():
    start = torch.randn(4, 3, 3, 3, generator=torch.Generator().manual_seed(5))
    grad = torch.randn(start.shape, generator=torch.Generator().manual_seed(6))
    kernel, matrix = torch.nn.Parameter(start.clone()), torch.nn.Parameter(start.flatten(1).clone())
    kernel.grad, matrix.grad = grad, grad.flatten(1)
    for parameter in (kernel, matrix):
        ConvMuon([parameter], 1e-2, weight_decay=0.0).step()
    assert torch.allclose(kernel.flatten(1), matrix, atol=1e-6)


def test_it_learns():
    torch.manual_seed(0)
    layer, x = torch.nn.Conv2d(2, 8, 3, bias=False), torch.randn(4, 2, 9, 9)
    target = torch.nn.Conv2d(2, 8, 3, bias=False)(x).detach()
    optimiser, losses = ConvMuon(layer.parameters(), 1e-2, weight_decay=0.0), []
    for _ in range(60):
        loss = (layer(x) - target).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.2 * losses[0]
