"""The crop network's losses: least at the truth, and sides are asked for."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch comes with metricpose[train]")

from metricpose.losses.crop import CropLossOptions, CropTargets, crop_loss, edge_loss, place_shares  # noqa: E402
from metricpose.models.crop_net import boxes_of_edges  # noqa: E402

PAIRS = [(0, 1)]
OPTIONS = CropLossOptions()
BOX = (9.5, 13.5, 45.5, 57.5)


def targets(joints, seen=True, inside=True):
    joints = torch.tensor([joints], dtype=torch.float32)
    flags = torch.ones(joints.shape[:2], dtype=torch.bool)
    return CropTargets(
        joints_px=joints, inside=flags & inside, seen=flags & seen, boxes_px=torch.tensor([BOX]), boxed=flags[:, 0]
    )


def said(joints, sharpness=1.0):
    """Maps whose softmax is a Gaussian about joints."""
    shares = place_shares(torch.tensor([joints], dtype=torch.float32), (16, 16), OPTIONS.sigma)
    return SimpleNamespace(
        joint_logits=sharpness * shares.clamp_min(1e-9).log(), seen_logits=torch.full((1, len(joints)), 5.0),
        edge_logits=edges_of(BOX),
    )  # fmt: skip


def edges_of(box):
    """Maps that say a box, each somewhere along its edge."""
    middle = (torch.tensor(box[:2]) + torch.tensor(box[2:])) / 2
    at = [(box[0], middle[1]), (middle[0], box[1]), (box[2], middle[1] + 9), (middle[0] - 7, box[3])]
    return place_shares(torch.tensor([at]), (16, 16), OPTIONS.edge_sigma).clamp_min(1e-9).log()


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


def test_a_boxs_edges_lose_least_where_they_are_wherever_along_the_edge():
    truth = targets([[20.0, 30.0], [40.0, 30.0]])
    best = edge_loss(edges_of(BOX), truth, OPTIONS.edge_sigma)
    for edge in range(4):
        wrong = list(BOX)
        wrong[edge] += 4
        assert edge_loss(edges_of(tuple(wrong)), truth, OPTIONS.edge_sigma) > best + 0.3
    assert boxes_of_edges(edges_of(BOX))[0].tolist() == pytest.approx(BOX, abs=0.1)


def test_whose_box_is_unknown_teaches_none():
    known = targets([[20.0, 30.0], [40.0, 30.0]])
    unknown = CropTargets(**{**vars(known), "boxed": torch.zeros(1, dtype=torch.bool)})
    assert edge_loss(edges_of(BOX), unknown, OPTIONS.edge_sigma) == 0
    both = CropTargets(
        **{name: torch.cat([a, b]) for (name, a), b in zip(vars(known).items(), vars(unknown).values(), strict=True)}
    )
    maps = torch.cat([edges_of(BOX), edges_of((1.5, 1.5, 61.5, 61.5))])
    assert edge_loss(maps, both, OPTIONS.edge_sigma) == pytest.approx(
        edge_loss(edges_of(BOX), known, OPTIONS.edge_sigma)
    )


def test_windows_need_not_be_square():
    maps = torch.zeros(1, 4, 16, 24)
    assert float(edge_loss(maps, targets([[20.0, 30.0], [40.0, 30.0]]), OPTIONS.edge_sigma)) == pytest.approx(
        (math.log(16) + math.log(24)) / 2, abs=1e-4
    )
    assert boxes_of_edges(maps)[0].tolist() == pytest.approx([47.5, 31.5, 47.5, 31.5], abs=1e-4)


def test_an_edge_is_at_the_median_of_what_is_said_of_it():
    logits = torch.randn(3, 4, 16, 24, generator=torch.Generator().manual_seed(0)) * 3
    shares = logits.flatten(2).softmax(-1).reshape(logits.shape).double().numpy()
    for box, maps in zip(boxes_of_edges(logits).numpy(), shares, strict=True):
        for edge, map_ in enumerate(maps):
            line = map_.sum(edge % 2)  # left, right: over rows
            outer_px = np.arange(len(line) + 1) * 4 - 0.5
            assert box[edge] == pytest.approx(np.interp(0.5, np.r_[0, line.cumsum()], outer_px), abs=1e-3)


def test_of_two_places_an_edge_is_at_the_likelier_one():
    near, far = edges_of(BOX), edges_of((1.5, 1.5, 61.5, 61.5))
    mixed = (0.7 * near.flatten(2).softmax(-1) + 0.3 * far.flatten(2).softmax(-1)).log().reshape(near.shape)
    assert boxes_of_edges(mixed)[0].tolist() == pytest.approx(BOX, abs=2.0)  # the means are 5 px and more away
