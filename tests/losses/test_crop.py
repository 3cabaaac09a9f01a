"""The crop network's losses: least at the truth, and sides are asked for."""

from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch", reason="torch comes with metricpose[train]")

from metricpose.losses.crop import CropLossOptions, CropTargets, crop_loss, place_shares  # noqa: E402

PAIRS = [(0, 1)]
OPTIONS = CropLossOptions()


def targets(joints, seen=True, inside=True):
    joints = torch.tensor([joints], dtype=torch.float32)
    flags = torch.ones(joints.shape[:2], dtype=torch.bool)
    return CropTargets(joints_px=joints, inside=flags & inside, seen=flags & seen)


def said(joints, sharpness=1.0):
    """Maps whose softmax is a Gaussian about joints."""
    shares = place_shares(torch.tensor([joints], dtype=torch.float32), (16, 16), OPTIONS.sigma)
    return SimpleNamespace(
        joint_logits=sharpness * shares.clamp_min(1e-9).log(), seen_logits=torch.full((1, len(joints)), 5.0)
    )


def test_shares_sum_to_one_and_are_about_the_place():
    shares = place_shares(torch.tensor([[[21.5, 41.5]]]), (16, 16), 0.03)[0, 0]
    assert float(shares.sum()) == pytest.approx(1)
    row, column = divmod(int(shares.argmax()), 16)
    assert (4 * column + 1.5, 4 * row + 1.5) == (21.5, 41.5)


def test_the_truth_loses_least():
    truth = [[20.0, 30.0], [40.0, 30.0], [30.0, 10.0]]
    best = crop_loss(said(truth), targets(truth), PAIRS, OPTIONS)
    for wrong in ([[24.0, 30.0], *truth[1:]], [truth[1], truth[0], truth[2]]):
        assert crop_loss(said(wrong), targets(truth), PAIRS, OPTIONS)["total"] > best["total"] + 0.1
    assert best["sides"] < 0.01 and best["sides_right"] == 1


def test_both_joints_on_one_limb_know_no_sides():
    truth = [[20.0, 30.0], [40.0, 30.0]]
    together = crop_loss(said([[20.0, 30.0], [20.0, 30.0]]), targets(truth), PAIRS, OPTIONS)
    assert float(together["sides"]) == pytest.approx(0.693, abs=1e-3)
    exchanged = crop_loss(said(truth[::-1]), targets(truth), PAIRS, OPTIONS)
    assert exchanged["sides"] > 3 and exchanged["sides_right"] == 0


def test_joints_on_one_place_ask_for_no_sides():
    truth = [[20.0, 30.0], [21.0, 30.0]]
    assert crop_loss(said(truth[::-1]), targets(truth), PAIRS, OPTIONS)["sides"] == 0


def test_what_is_outside_or_unknown_teaches_no_place():
    truth = [[20.0, 30.0], [40.0, 30.0]]
    here, there = (
        crop_loss(said(x), targets(truth, inside=False), PAIRS, OPTIONS) for x in (truth, [[50.0, 50.0]] * 2)
    )
    assert here["places"] == there["places"] == 0


def test_hidden_joints_count_less():
    truth = [[20.0, 30.0], [40.0, 30.0]]
    half = targets(truth)
    half.seen[0, 1] = False
    wrong_hidden = crop_loss(said([truth[0], [50.0, 30.0]]), half, PAIRS, OPTIONS)["places"]
    wrong_seen = crop_loss(said([[10.0, 30.0], truth[1]]), half, PAIRS, OPTIONS)["places"]
    assert wrong_hidden < wrong_seen


def test_seen_is_learnt():
    truth = [[20.0, 30.0], [40.0, 30.0]]
    assert (
        crop_loss(said(truth), targets(truth, seen=False), PAIRS, OPTIONS)["seen"]
        > crop_loss(said(truth), targets(truth), PAIRS, OPTIONS)["seen"]
    )
