"""Figures of a lifter in training, and intervals that cover what they promise after calibration."""

import pytest

torch = pytest.importorskip("torch", reason="torch comes with metricpose[train]")

from metricpose.evaluation.metrics import pa_mpjpe  # noqa: E402
from metricpose.models.ray_lifter import Lifted  # noqa: E402
from metricpose.training.lifter_judging import calibrated, errors_of_people, judged  # noqa: E402
from tests.models.people_seen import small_net  # noqa: E402
from tests.training.tiny import tiny_batch  # noqa: E402


def test_similar_people_have_no_procrustes_error_and_mirrored_ones_have() -> None:
    generator = torch.Generator().manual_seed(0)
    truth = torch.randn(5, 17, 3, generator=generator)
    turn = torch.linalg.qr(torch.randn(3, 3, generator=generator)).Q
    turn = turn * torch.linalg.det(turn)
    moved = 2.5 * truth @ turn + torch.tensor([1.0, 2.0, 3.0])
    assert float(pa_mpjpe(moved, truth).max()) < 1e-5
    assert float(pa_mpjpe(moved * torch.tensor([-1.0, 1.0, 1.0]), truth).mean()) > 0.1


def _answering(joints_cam: torch.Tensor):
    """A model that says `joints_cam`, with the root's depth between 0.9 and 1.1 of it."""

    def model(rays, scores, camera, mask) -> Lifted:
        root = joints_cam[:, :, (11, 12)].mean(2)
        bounds = torch.tensor([0.9, 1.1]).log().expand(*root.shape[:2], 2)
        sigma = torch.ones(joints_cam.shape[:3])
        return Lifted(joints_cam, sigma, root, root[..., 2:] * bounds.exp(), bounds, sigma)

    return model


@pytest.mark.parametrize(("factor", "coverage"), [(1.0, 100.0), (1.05, 100.0), (1.2, 0.0)])
def test_figures_of_people_who_are_too_far(factor: float, coverage: float) -> None:
    data = tiny_batch(torch.Generator().manual_seed(0))
    figures = judged(_answering(data.joints_cam * factor), data)  # pyright: ignore[reportArgumentType]
    relative = data.joints_cam - data.joints_cam[:, :, (11, 12)].mean(2, keepdim=True)
    assert figures["mrpe_z_percent"] == pytest.approx(100 * (factor - 1), abs=1e-3)
    assert figures["mpjpe_mm"] == pytest.approx(
        1000 * (factor - 1) * float(relative[data.real].norm(dim=-1).mean()), abs=0.01
    )
    root = data.joints_cam[:, :, (11, 12)].mean(2)[data.real]
    assert figures["mrpe_mm"] == pytest.approx(1000 * (factor - 1) * float(root.norm(dim=-1).mean()), abs=0.02)
    assert figures["mrpe_z_mm"] == pytest.approx(1000 * (factor - 1) * float(root[:, 2].mean()), abs=0.02)
    assert figures["pa_mpjpe_mm"] == pytest.approx(0.0, abs=0.02)
    assert figures["coverage_percent"] == coverage


def test_errors_are_of_each_real_person_in_order() -> None:
    data = tiny_batch(torch.Generator().manual_seed(0))
    moved = data.joints_cam + torch.arange(4.0)[:, None, None, None] * torch.tensor([0.0, 0.1, 0.0])
    errors = errors_of_people(_answering(moved), data)  # pyright: ignore[reportArgumentType]
    scene = data.real.nonzero()[:, 0]
    torch.testing.assert_close(errors["mrpe_mm"], 100.0 * scene, atol=0.01, rtol=0)
    assert set(errors["coverage_percent"].tolist()) <= {0.0, 100.0}
    assert {name: len(values) for name, values in errors.items()} == dict.fromkeys(errors, int(data.real.sum()))


def test_calibration_makes_intervals_cover_what_they_promise() -> None:
    unknown, known = (tiny_batch(torch.Generator().manual_seed(seed), images=150, people=4) for seed in (1, 2))
    unknown.camera.zero_()
    known.camera[:] = torch.tensor([0.0, -1.0, 0.0, 1.0, 0.0, 1.6, 1.0, 0.0])
    net = calibrated(small_net(gain=1.0), unknown, known)
    assert not torch.equal(net.interval_stretch[0], net.interval_stretch[1])
    # Here the truth lies on one side of the answer, so only the bound of that side can be exact.
    for data in (unknown, known):
        lifted = net(data.rays, data.scores, data.camera, data.present)
        truth = data.joints_cam[:, :, (11, 12)].mean(2)[data.real][:, 2]
        low, high = lifted.root_depth_interval[data.real].unbind(-1)
        assert float((truth < low).float().mean()) <= 0.06
        assert float((truth > high).float().mean()) <= 0.06
        inside = (lifted.joints_cam - lifted.root_cam[:, :, None] - data.joints_cam)[data.real]
        inside = inside + data.joints_cam[:, :, (11, 12)].mean(2)[data.real][:, None]
        share = (inside.norm(dim=-1) <= 2.5003 * lifted.joint_sigma[data.real]).float().mean()
        assert 0.85 < float(share) < 0.95
