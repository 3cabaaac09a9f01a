"""The place of a person from the rays: exact where the rays are, blind to what has no weight."""

import pytest
import torch

from metricpose.models.ray_position import LEAST_M, ray_position


@pytest.fixture
def people() -> torch.Tensor:
    """(5, 17, 3) m, in front of a camera, some near and seen from aside."""
    generator = torch.Generator().manual_seed(3)
    bodies = 0.5 * torch.randn(5, 17, 3, generator=generator)
    places = torch.tensor([[0.0, 0.0, 2.5], [2.0, 1.0, 3.0], [-1.0, 0.5, 9.0], [0.3, -0.2, 3.0], [4.0, 0.0, 5.0]])
    return bodies.clamp(-1.2, 1.2) + places[:, None]


def norm_of(points: torch.Tensor) -> torch.Tensor:
    return points[..., :2] / points[..., 2:]


def test_exact_rays_give_the_exact_place(people):
    shift = torch.tensor([0.4, -0.3, 2.0])
    found = ray_position(people - shift, norm_of(people), torch.ones(5, 17))
    torch.testing.assert_close(found, shift.expand(5, 3), atol=2e-3, rtol=0)  # the pull where rays say little


def test_the_twin_by_least_squares(people):
    generator = torch.Generator().manual_seed(4)
    relative = people - people.mean(1, keepdim=True)
    norm = norm_of(people) + 0.01 * torch.randn(5, 17, 2, generator=generator)
    weight = torch.rand(5, 17, generator=generator)
    found = ray_position(relative, norm, weight)
    for k in range(5):
        rows, right = [], []
        for (x, y), (a, b, c), w in zip(norm[k].tolist(), relative[k].tolist(), weight[k].tolist(), strict=True):
            rows += [[w**0.5, 0.0, -(w**0.5) * x], [0.0, w**0.5, -(w**0.5) * y]]
            right += [w**0.5 * (x * c - a), w**0.5 * (y * c - b)]
        expected = torch.linalg.lstsq(torch.tensor(rows).double(), torch.tensor(right).double()[:, None]).solution
        torch.testing.assert_close(found[k], expected[:, 0].float(), atol=5e-3, rtol=2e-3)


def test_what_has_no_weight_changes_nothing(people):
    weight = (torch.arange(17) < 9).float().expand(5, 17)
    spoilt = norm_of(people).clone()
    spoilt[:, 9:] = 7.0
    seen = ray_position(people, norm_of(people), weight)
    torch.testing.assert_close(ray_position(people, spoilt, weight), seen)


@pytest.mark.parametrize("seen", [0, 1])
def test_too_few_rays_still_put_the_person_before_the_camera(people, seen):
    relative = people - people.mean(1, keepdim=True)
    weight = (torch.arange(17) < seen).float().expand(5, 17)
    found = ray_position(relative, norm_of(people), weight)
    nearest = (relative[..., 2] + found[:, None, 2]).amin(1)
    assert found.isfinite().all()
    assert (nearest >= LEAST_M - 1e-5).all()


def test_gradients_reach_both_and_are_finite(people):
    relative = (people - people.mean(1, keepdim=True)).requires_grad_()
    norm = norm_of(people).requires_grad_()
    ray_position(relative, norm, torch.ones(5, 17)).sum().backward()
    for value in (relative, norm):
        assert value.grad is not None and value.grad.isfinite().all() and (value.grad != 0).any()
