"""The virtual detector: what it gets wrong, how often, and that its scores know it."""

import pytest

torch = pytest.importorskip("torch", reason="virtual data needs the train extra")

from metricpose.skeletons.catalogue import COCO17  # noqa: E402
from metricpose.virtual.noise import ARMS, FACE, LEGS, Detections, NoiseOptions, detected  # noqa: E402

ALWAYS = NoiseOptions(visible_missing=0.0, hidden_missing=0.0, thresholded=0.0, person_swapped=0.0, part_swapped=0.0)
EXACT = NoiseOptions(
    median_multiplier=0.0, floor_px=0.0, visible_missing=0.0, thresholded=0.0, person_swapped=0.0, part_swapped=0.0
)
MIRROR = list(COCO17.mirror)


def _with(base: NoiseOptions, **changes: float) -> NoiseOptions:
    return NoiseOptions(**vars(base) | changes)


def _truth(b: int, p: int = 2) -> torch.Tensor:
    return 400 + 200 * torch.rand(b, p, 17, 2, generator=torch.Generator().manual_seed(9))


def _seen(
    truth: torch.Tensor,
    options: NoiseOptions,
    *,
    hidden: torch.Tensor | bool = False,
    inside: torch.Tensor | bool = True,
    stature: float = 170.0,
    size: tuple[float, float] = (1000.0, 1000.0),
    seed: int = 0,
) -> Detections:
    shape = truth.shape[:3]
    flags = [torch.as_tensor(value).expand(shape) for value in (hidden, inside)]
    statures = torch.as_tensor(stature).expand(shape[:2])
    sizes = torch.tensor(size).expand(shape[0], 2)
    return detected(truth, *flags, statures, sizes, options, torch.Generator().manual_seed(seed))


def test_a_seed_gives_the_same_answer() -> None:
    truth = _truth(20)
    one, same, other = (_seen(truth, NoiseOptions(), seed=seed) for seed in (0, 0, 1))
    assert torch.equal(one.joints_px, same.joints_px)
    assert torch.equal(one.scores, same.scores)
    assert not torch.equal(one.joints_px, other.joints_px)
    assert not torch.equal(one.scores, other.scores)


def test_errors_grow_with_the_size_of_the_person() -> None:
    truth = _truth(500)
    small, large = (
        (_seen(truth, _with(ALWAYS, floor_px=0.0), stature=stature).joints_px - truth) for stature in (50.0, 100.0)
    )
    torch.testing.assert_close(large, 2 * small, atol=1e-3, rtol=0)
    assert 0.003 < float(small.abs().median()) / 50 < 0.02


def test_tiny_people_keep_an_error_of_the_pixel_grid() -> None:
    error = _seen(_truth(500), ALWAYS, stature=1e-3).joints_px - _truth(500)
    assert float(error.std()) == pytest.approx(ALWAYS.floor_px, rel=0.05)


def test_hidden_joints_are_noisier_less_scored_and_often_missing() -> None:
    truth, hidden = _truth(500), torch.arange(17) % 2 == 0
    found = _seen(truth, _with(ALWAYS, floor_px=0.0, outlier=0.0), hidden=hidden)
    plain = _seen(truth, _with(ALWAYS, floor_px=0.0, outlier=0.0))
    ratio = (found.joints_px - truth)[:, :, hidden] / (plain.joints_px - truth)[:, :, hidden]
    assert float(ratio.median()) == pytest.approx(ALWAYS.hidden_multiplier, rel=1e-2)
    assert torch.equal(found.joints_px[:, :, ~hidden], plain.joints_px[:, :, ~hidden])
    assert found.scores[:, :, hidden].mean() < plain.scores[:, :, hidden].mean() - 0.1
    missing = _seen(truth, _with(ALWAYS, hidden_missing=0.45, visible_missing=0.1), hidden=hidden).scores == 0
    assert missing[:, :, hidden].float().mean() == pytest.approx(0.45 + 0.55 * 0.1, abs=0.02)
    assert missing[:, :, ~hidden].float().mean() == pytest.approx(0.1, abs=0.01)


def test_joints_outside_are_mostly_missing_and_their_places_clipped() -> None:
    truth = _truth(500)
    inside = (truth[..., 0] < 500) & (truth[..., 1] < 450)
    found = _seen(truth, ALWAYS, inside=inside, size=(501.0, 451.0))
    assert (found.scores[~inside] > 0).float().mean() == pytest.approx(ALWAYS.outside_guessed, abs=0.02)
    assert (found.scores[inside] > 0).all()
    assert found.scores[~inside][found.scores[~inside] > 0].mean() < found.scores[inside].mean() - 0.1
    limit = torch.tensor([500.0, 450.0])
    assert ((found.joints_px >= 0) & (found.joints_px <= limit)).all()


def test_scores_are_zero_or_in_range_and_a_threshold_zeroes_the_unsure() -> None:
    scores = _seen(_truth(500), NoiseOptions(), hidden=torch.arange(17) % 3 == 0).scores
    assert ((scores == 0) | ((scores >= 0.02) & (scores <= 1))).all()
    sure = _seen(_truth(500), _with(ALWAYS, thresholded=1.0), hidden=True).scores
    assert (sure[sure > 0] >= 0.1).all()
    assert (sure == 0).any()
    assert not ((_seen(_truth(500), _with(ALWAYS, thresholded=0.0), hidden=True).scores) == 0).any()


def test_a_score_of_a_missing_joint_is_zero() -> None:
    assert (_seen(_truth(50), _with(ALWAYS, visible_missing=1.0)).scores == 0).all()


def _ranks(values: torch.Tensor) -> torch.Tensor:
    ranks = values.argsort(-1).argsort(-1).float()
    return ranks - ranks.mean(-1, keepdim=True)


def test_scores_fall_with_the_true_error() -> None:
    truth, hidden = _truth(400, 4), torch.rand(400, 4, 17, generator=torch.Generator().manual_seed(2)) < 0.3
    found = _seen(truth, ALWAYS, hidden=hidden)
    error = (found.joints_px - truth).norm(dim=-1).flatten(1)
    score = found.scores.flatten(1)
    telling = score.std(1) > 0  # some detectors say 1 to everything
    assert telling.float().mean() == pytest.approx(0.88, abs=0.05)
    a, b = _ranks(error[telling]), _ranks(score[telling])
    correlation = (a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1))
    assert correlation.mean() < -0.3
    assert (correlation < 0).float().mean() > 0.95


def test_without_noise_the_truth_comes_back() -> None:
    torch.testing.assert_close(_seen(_truth(50), EXACT).joints_px, _truth(50))


def test_a_swapped_person_is_the_mirror_image_of_labels() -> None:
    truth = _truth(50)
    assert torch.equal(_seen(truth, _with(EXACT, person_swapped=1.0)).joints_px, truth[:, :, MIRROR])
    assert torch.equal(_seen(truth, _with(EXACT, part_swapped=1.0)).joints_px, truth[:, :, MIRROR])
    assert torch.equal(_seen(truth, _with(EXACT, part_swapped=1.0, person_swapped=1.0)).joints_px, truth)


def test_arms_legs_and_face_swap_each_for_itself() -> None:
    truth = _truth(500)
    found = _seen(truth, _with(EXACT, part_swapped=0.3)).joints_px
    swapped = []
    for part in (list(ARMS), list(LEGS), list(FACE)):
        kept = (found[:, :, part] == truth[:, :, part]).all(-1).all(-1)
        mirrored = (found[:, :, part] == truth[:, :, [MIRROR[joint] for joint in part]]).all(-1).all(-1)
        assert (kept != mirrored).all()
        swapped.append(mirrored)
    assert torch.equal(found[:, :, 0], truth[:, :, 0])
    alone = torch.stack(swapped).float()
    assert alone.mean(dim=(1, 2)).numpy() == pytest.approx(0.3, abs=0.05)
    assert alone.prod(0).mean() == pytest.approx(0.3**3, abs=0.02)


def test_nobody_is_an_ordinary_answer() -> None:
    found = _seen(_truth(3, 0), NoiseOptions())
    assert found.joints_px.shape == (3, 0, 17, 2)
    assert found.scores.shape == (3, 0, 17)
