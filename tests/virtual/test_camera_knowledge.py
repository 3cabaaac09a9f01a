"""What is told of a camera: zeros for the unknown, the truth for the exact, noise of the stated sigma else."""

import math

import pytest

torch = pytest.importorskip("torch", reason="virtual data needs the train extra")

from metricpose.virtual.camera_knowledge import EXACT, NOTHING, KnowledgeOptions, camera_rows  # noqa: E402
from metricpose.virtual.cameras import CameraBatch, CameraOptions, sample_cameras  # noqa: E402

UP, TILT_KNOWN, TILT_SIGMA, HEIGHT, HEIGHT_KNOWN, HEIGHT_SIGMA = slice(0, 3), 3, 4, 5, 6, 7


def _told(n: int, options: KnowledgeOptions, seed: int = 0) -> tuple[CameraBatch, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    cameras = sample_cameras(n, CameraOptions(), generator)
    return cameras, camera_rows(cameras, options, generator)


def test_nothing_known_is_zeros() -> None:
    assert torch.equal(_told(50, NOTHING)[1], torch.zeros(50, 8))


def test_exact_knowledge_is_the_truth() -> None:
    cameras, rows = _told(50, EXACT)
    torch.testing.assert_close(rows[:, UP], cameras.rotation @ torch.tensor([0.0, 0.0, 1.0]))
    torch.testing.assert_close(rows[:, HEIGHT], cameras.height_m)
    assert (rows[:, [TILT_KNOWN, HEIGHT_KNOWN]] == 1).all()
    assert (rows[:, [TILT_SIGMA, HEIGHT_SIGMA]] == 0).all()


def test_shares_are_as_stated_and_height_is_never_known_without_tilt() -> None:
    _, rows = _told(4000, KnowledgeOptions(none=0.3, tilt_only=0.2, exact=0.6))
    tilt, height = rows[:, TILT_KNOWN] == 1, rows[:, HEIGHT_KNOWN] == 1
    assert tilt.float().mean() == pytest.approx(0.7, abs=0.03)
    assert height.float().mean() == pytest.approx(0.5, abs=0.03)
    assert not (height & ~tilt).any()
    assert (rows[~tilt] == 0).all()
    assert (rows[~height][:, HEIGHT:] == 0).all()
    assert (rows[tilt][:, TILT_SIGMA] == 0).float().mean() == pytest.approx(0.6, abs=0.03)
    torch.testing.assert_close(rows[tilt][:, UP].norm(dim=-1), torch.ones(int(tilt.sum())))


def test_noise_has_the_stated_sigma() -> None:
    options = KnowledgeOptions(none=0.0, tilt_only=0.0, exact=0.0)
    cameras, rows = _told(4000, options)
    assert rows[:, TILT_SIGMA].max() <= math.radians(options.tilt_sigma_deg)
    assert rows[:, HEIGHT_SIGMA].max() <= options.height_sigma
    stretch = (rows[:, HEIGHT] / cameras.height_m).log() / rows[:, HEIGHT_SIGMA]
    assert stretch.mean() == pytest.approx(0, abs=0.06)
    assert stretch.std() == pytest.approx(1, abs=0.05)
    cam_up = (cameras.rotation.transpose(1, 2) @ rows[:, UP, None])[..., 0]  # the true up is z here
    tilts = cam_up[:, :2] / rows[:, TILT_SIGMA, None]
    assert tilts.mean(0).abs().max() < 0.06
    assert tilts.std(0).numpy() == pytest.approx(1, abs=0.05)


def test_a_seed_tells_the_same() -> None:
    assert torch.equal(_told(20, KnowledgeOptions())[1], _told(20, KnowledgeOptions())[1])
    assert not torch.equal(_told(20, KnowledgeOptions())[1], _told(20, KnowledgeOptions(), seed=1)[1])
