"""The lifter's losses: values worked out by hand, what minimises them, and what they do not depend on."""

import math

import pytest

torch = pytest.importorskip("torch", reason="torch comes with metricpose[train]")

from metricpose.losses.lifting import LiftingLossOptions, lifting_loss, pinball  # noqa: E402
from metricpose.models.ray_lifter import Lifted  # noqa: E402

ONES = LiftingLossOptions(distance=1.0, bounds=1.0, pose=1.0, shape=1.0, direction=1.0, error=1.0)


def _truth(people: int = 1) -> torch.Tensor:
    """(1, P, 17, 3) m: hips at (+-0.1, 0, 4 + number), the other joints at random about them."""
    truth = torch.randn(1, people, 17, 3, generator=torch.Generator().manual_seed(0)) * 0.3
    truth[:, :, 11], truth[:, :, 12] = torch.tensor([0.1, 0.0, 0.0]), torch.tensor([-0.1, 0.0, 0.0])
    return truth + torch.tensor([0.0, 0.0, 4.0]) + torch.arange(people)[:, None, None] * torch.tensor([0.0, 0.0, 1.0])


def _lifted(joints_cam: torch.Tensor, bound: float = 0.1, error: float = 0.05) -> Lifted:
    root = joints_cam[:, :, (11, 12)].mean(2)
    bounds = torch.tensor([-bound, bound]).expand(*root.shape[:2], 2)
    return Lifted(
        joints_cam=joints_cam,
        joint_sigma=torch.full(joints_cam.shape[:3], error / 1.596),
        root_cam=root,
        root_depth_interval=root[..., 2:] * bounds.exp(),
        log_bounds=bounds,
        joint_error=torch.full(joints_cam.shape[:3], error),
    )


@pytest.mark.parametrize(
    ("value", "bound", "quantile", "loss"), [(3.0, 1.0, 0.05, 0.1), (1.0, 3.0, 0.05, 1.9), (2.0, 2.0, 0.95, 0.0)]
)
def test_pinball_by_hand(value: float, bound: float, quantile: float, loss: float) -> None:
    assert float(pinball(torch.tensor(value), torch.tensor(bound), quantile)) == pytest.approx(loss)


@pytest.mark.parametrize("quantile", [0.05, 0.5, 0.95])
def test_pinball_is_least_at_the_quantile(quantile: float) -> None:
    values = torch.randn(2001, generator=torch.Generator().manual_seed(0)).exp()
    bounds = torch.linspace(0.0, 8.0, 4001)
    losses = torch.stack([pinball(values, bound, quantile).mean() for bound in bounds])
    assert float(bounds[losses.argmin()]) == pytest.approx(float(values.quantile(quantile)), abs=0.02)


def test_the_truth_costs_only_its_bounds_and_its_doubt() -> None:
    truth = _truth()
    terms = lifting_loss(_lifted(truth), truth, torch.ones(1, 1, dtype=torch.bool), ONES)
    assert float(terms["distance"]) == pytest.approx(0.0, abs=1e-6)
    assert float(terms["pose"]) == pytest.approx(1e-4, rel=1e-3)  # the root of what keeps the gradient finite
    assert float(terms["shape"]) == pytest.approx(1e-4, rel=1e-3)
    assert float(terms["bounds"]) == pytest.approx(2 * 0.05 * 0.1, rel=1e-3)
    assert float(terms["error"]) == pytest.approx(math.log(0.05) + 1e-4 / 0.05, rel=1e-3)
    assert float(terms["total"]) == pytest.approx(sum(float(terms[name]) for name in terms if name != "total"))


def test_a_person_too_far_and_too_large_by_a_tenth() -> None:
    truth = _truth()
    terms = lifting_loss(_lifted(truth * 1.1), truth, torch.ones(1, 1, dtype=torch.bool), ONES)
    relative = (truth - truth[:, :, (11, 12)].mean(2, keepdim=True)).norm(dim=-1)
    assert float(terms["distance"]) == pytest.approx(math.log(1.1), rel=1e-4)
    assert float(terms["pose"]) == pytest.approx(0.1 * float(relative.mean()), rel=1e-2)
    assert float(terms["shape"]) == pytest.approx(
        1e-4, rel=0.05
    )  # the shape is right: at the true scale nothing is left
    # The truth lies 0.1 below in the logarithm, a little less than log(1.1): just inside the lower bound's far side.
    low, high = 0.1 - math.log(1.1), -0.1 - math.log(1.1)
    assert float(terms["bounds"]) == pytest.approx(0.05 * low + 0.05 * -high, rel=1e-3)


def test_each_weight_scales_its_own_term() -> None:
    truth, real = _truth(2), torch.ones(1, 2, dtype=torch.bool)
    lifted = _lifted(truth * 1.2 + torch.tensor([0.0, 0.0, 0.3]))
    ones = lifting_loss(lifted, truth, real, ONES)
    for name in ("distance", "bounds", "pose", "shape", "error"):
        tripled = lifting_loss(lifted, truth, real, LiftingLossOptions(**{**vars(ONES), name: 3.0}))
        for other in ones.keys() - {"total"}:
            assert float(tripled[other]) == pytest.approx((3 if other == name else 1) * float(ones[other]))


def test_those_who_are_not_real_cost_nothing() -> None:
    truth = _truth(3)
    lifted = _lifted(truth * 1.3)
    spoilt = truth.clone()
    spoilt[:, 1] = float("nan")
    real = torch.tensor([[True, False, True]])
    some = lifting_loss(_lifted((truth * 1.3)[:, [0, 2]]), truth[:, [0, 2]], torch.ones(1, 2, dtype=torch.bool), ONES)
    for name, value in lifting_loss(lifted, spoilt, real, ONES).items():
        assert float(value) == pytest.approx(float(some[name]))


def test_a_turn_of_everything_about_the_camera_changes_nothing() -> None:
    truth, real = _truth(2), torch.ones(1, 2, dtype=torch.bool)
    answer = truth * 1.2 + 0.05 * torch.randn(truth.shape, generator=torch.Generator().manual_seed(1))
    turn = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(2))).Q
    before = lifting_loss(_lifted(answer), truth, real, ONES)
    after = lifting_loss(_lifted(answer @ turn), truth @ turn, real, ONES)
    for name, value in before.items():
        assert float(after[name]) == pytest.approx(float(value), rel=1e-4)


def test_the_expected_error_is_learnt_as_the_mean_of_errors() -> None:
    truth, real = _truth(), torch.ones(1, 1, dtype=torch.bool)
    answer = truth.clone()
    answer[:, :, 0, 0] += 0.2

    def cost(expected: float) -> float:
        lifted = _lifted(answer, error=expected)
        return float(lifting_loss(lifted, truth, real, ONES)["error"])

    mean = 0.2 / 17  # one joint of 17 is off by 0.2 m
    assert cost(mean) < min(cost(0.8 * mean), cost(1.25 * mean))


def test_bounds_do_not_pull_at_the_root() -> None:
    truth, real = _truth(), torch.ones(1, 1, dtype=torch.bool)
    answer = (truth * 1.5).requires_grad_()
    only_bounds = LiftingLossOptions(distance=0.0, bounds=1.0, pose=0.0, shape=0.0, error=0.0)
    lifting_loss(_lifted(answer), truth, real, only_bounds)["total"].backward()
    assert answer.grad is not None
    assert not answer.grad.any()


def test_a_person_moved_off_their_rays_costs_even_at_the_true_distance() -> None:
    truth = _truth()
    moved = truth + torch.tensor([0.3, 0.0, 0.0])
    root = truth[:, :, (11, 12)].mean(2, keepdim=True)
    moved = moved * (root.norm() / moved[:, :, (11, 12)].mean(2).norm())  # as far away as before
    real = torch.ones(1, 1, dtype=torch.bool)
    terms = lifting_loss(_lifted(moved), truth, real, ONES)
    assert float(terms["distance"]) == pytest.approx(0.0, abs=1e-6)
    assert float(terms["direction"]) == pytest.approx(0.3, rel=0.02)
    assert float(lifting_loss(_lifted(truth), truth, real, ONES)["direction"]) < 1e-3


def test_the_depth_of_the_misled_weighs_more_and_nothing_else_does() -> None:
    truth = _truth(2)
    lifted, real = _lifted(truth * torch.tensor([1.1, 0.8])[:, None, None]), torch.ones(1, 2, dtype=torch.bool)
    options = LiftingLossOptions(distance=1.0, bounds=1.0, raised=3.0)
    plain = lifting_loss(lifted, truth, real, options)
    misled = lifting_loss(lifted, truth, real, options, torch.tensor([[False, True]]))
    alone = [lifting_loss(lifted, truth, torch.tensor([[i == 0, i == 1]]), options) for i in (0, 1)]
    for name in ("distance", "bounds"):
        assert float(misled[name]) == pytest.approx((float(alone[0][name]) + 3 * float(alone[1][name])) / 2, rel=1e-5)
        assert float(misled[name]) > float(plain[name])
    for name in ("pose", "shape", "direction", "error"):
        assert torch.equal(misled[name], plain[name])


def test_nobody_misled_is_the_plain_loss() -> None:
    truth, real = _truth(2), torch.ones(1, 2, dtype=torch.bool)
    plain = lifting_loss(_lifted(truth * 1.2), truth, real, LiftingLossOptions())
    nobody = lifting_loss(_lifted(truth * 1.2), truth, real, LiftingLossOptions(), torch.zeros(1, 2, dtype=torch.bool))
    assert torch.equal(plain["total"], nobody["total"])
