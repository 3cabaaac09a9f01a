"""The AGR network's losses: zero where nothing is wrong, blind where nothing is known, lower the nearer."""

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch comes with metricpose[train]")

from metricpose.losses.agr import (  # noqa: E402
    AgrLossOptions,
    agr_loss,
    place_loss,
    quality_focal,
    side_loss,
    turn_loss,
)
from metricpose.models.agr_net import AgrMaps  # noqa: E402
from metricpose.training.agr_samples import SKELETON  # noqa: E402
from metricpose.training.agr_setup import PAIRS  # noqa: E402
from metricpose.training.agr_targets import agr_targets  # noqa: E402
from metricpose.training.agr_windows import WindowOptions, drawn_windows  # noqa: E402
from tests.training.agr_made import sample  # noqa: E402

PLAIN = WindowOptions(size=128, empty_share=0.0)
NAMES = ("joints", "places", "anchors", "boxes", "offsets", "sides", "turns", "visible", "mask")


@pytest.fixture(scope="module")
def targets():
    return agr_targets(drawn_windows([sample((120, 130))], np.zeros(2, int), PLAIN, 1))


def said(targets, shift: float = 0.0) -> AgrMaps:
    """A network's answer that is right but for `shift`."""

    def logit(p):
        return torch.logit(p.clamp(1e-4, 1 - 1e-4)) + shift

    return AgrMaps(
        joint_logits=logit(targets.joint_maps), anchor_logits=logit(targets.anchor_map),
        mask_logits=logit(targets.mask[:, None]), box_sides=targets.box_sides + 3 * shift,
        joint_offsets=targets.offsets + 3 * shift, visible_logits=logit(targets.visible),
    )  # fmt: skip


def test_the_right_answer_costs_least(targets):
    right, wrong = (agr_loss(said(targets, shift), targets, AgrLossOptions(pairs=PAIRS)) for shift in (0.0, -2.0))
    assert right["boxes"] == 0 and right["offsets"] == 0 and right["joints"] < 1e-3
    for name in NAMES:
        assert name in ("places", "sides", "turns") or right[name] < wrong[name], (
            name
        )  # these do not feel a common shift
    assert right["total"] == pytest.approx(
        float(sum(getattr(AgrLossOptions(), name) * right[name] for name in NAMES)), rel=1e-5
    )


def test_sides_and_turns_feel_an_exchange(targets):
    """Left and right exchanged: nothing is more wrong. On one place: half as wrong, and there is a way out."""
    pairs = torch.tensor(PAIRS).T
    mirror = torch.tensor(SKELETON.mirror)
    right = said(targets)
    everywhere = torch.ones_like(targets.joint_maps)

    def turns(offsets):
        return float(turn_loss(offsets, targets, pairs))

    def sides(logits):
        return float(side_loss(logits, targets.joint_maps, everywhere, pairs))

    exchanged = targets.offsets.unflatten(1, (-1, 2))[:, mirror].flatten(1, 2)
    middle = (targets.offsets + exchanged) / 2
    assert turns(targets.offsets) < 0.1 and turns(exchanged) > 1.9 and turns(middle) == pytest.approx(1.0, abs=0.01)
    both = (right.joint_logits + right.joint_logits[:, mirror]) / 2
    assert sides(right.joint_logits) < 0.1 and sides(right.joint_logits[:, mirror]) > 3
    assert sides(both) == pytest.approx(np.log(2), abs=0.01)
    collapsed = middle.clone().requires_grad_()
    turn_loss(collapsed, targets, pairs).backward()
    assert collapsed.grad.abs().max() > 0


def test_places_compete(targets):
    """The same peak in the wrong place costs more; and without judged cells nothing is said."""
    judged, channels = targets.judged[:, None], targets.judged_joints[:, :, None, None]
    logits = said(targets).joint_logits
    right = place_loss(logits, targets.joint_maps, judged, channels)
    assert right < place_loss(logits.roll(6, dims=-1), targets.joint_maps, judged, channels)
    assert place_loss(logits, targets.joint_maps, 0 * judged, channels) == 0


def test_what_is_not_judged_has_no_gradient(targets):
    blind = dataclasses.replace(
        targets, judged=0 * targets.judged, mask_judged=0 * targets.mask_judged, near=0 * targets.near,
        boxed=0 * targets.boxed, weights=0 * targets.weights, visible_judged=0 * targets.visible_judged,
    )  # fmt: skip
    answer = AgrMaps(*(value.clone().requires_grad_() for value in said(targets, 1.0)))
    agr_loss(answer, blind, AgrLossOptions(pairs=PAIRS))["total"].backward()
    assert all(value.grad is None or not value.grad.any() for value in answer)


def test_quality_focal_is_its_formula():
    logits, target = torch.tensor([0.3, -2.0]), torch.tensor([0.8, 0.0])
    p = logits.sigmoid()
    expected = (target - p) ** 2 * -(target * p.log() + (1 - target) * (1 - p).log())
    assert torch.allclose(quality_focal(logits, target), expected)
