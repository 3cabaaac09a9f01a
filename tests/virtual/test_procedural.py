"""Made poses: within human limits, standing where they stand, the same for the same seed."""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import torch

from metricpose._errors import InputError
from metricpose.bodies.bank import BodyBank
from metricpose.virtual.arms import cleared
from metricpose.virtual.joints import LIMITS_DEG, angles_of, node, pair, rotations_of
from metricpose.virtual.kinematics import posed
from metricpose.virtual.legs import Reference, two_bone
from metricpose.virtual.pose_pool import group_of
from metricpose.virtual.procedural import ACROBATIC_WEIGHTS, ProceduralPoses
from metricpose.virtual.rig import LANDMARKS, NODES, PARENTS

POSES = ProceduralPoses()
_LANDMARK = {name: i for i, (name, _) in enumerate(LANDMARKS)}


def _seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def reference():
    return Reference()


@pytest.fixture(scope="module")
def drawn():
    return {kind: POSES.draw_kind(kind, 64, _seeded(7)) for kind in POSES.kinds}


@cache
def _adults():
    bank = BodyBank.load()
    return bank[bank.age_years >= 18]


def _mean_adult(rotations):
    adults = _adults()
    offsets = (
        torch.from_numpy(a.mean(0)).expand(len(rotations), -1, -1)
        for a in (adults.node_offsets, adults.landmark_offsets)
    )
    return posed(*offsets, rotations)


@pytest.mark.parametrize("kind", POSES.kinds)
def test_every_joint_is_a_rotation_within_its_limits(drawn, kind):
    rotations = drawn[kind]
    eye = torch.eye(3).expand(*rotations.shape)
    torch.testing.assert_close(rotations @ rotations.mT, eye, atol=1e-5, rtol=0)
    assert (torch.linalg.det(rotations) > 0.99).all()
    angles = angles_of(rotations)
    for name, (low, high) in LIMITS_DEG.items():
        degrees = torch.rad2deg(angles[name])
        assert degrees.min() > low - 0.2, name
        assert degrees.max() < high + 0.2, name


@pytest.mark.parametrize("kind", POSES.kinds)
def test_knees_are_hinges(drawn, kind):
    bend = drawn[kind][:, pair("thigh")].mT @ drawn[kind][:, pair("shin")]
    np.testing.assert_allclose(bend[..., 1], torch.tensor([0.0, 1, 0]).expand_as(bend[..., 1]), atol=1e-5)


@pytest.mark.parametrize("kind", ["standing", "leaning", "bending", "wide_stance", "reaching_front"])
def test_both_feet_stand_flat_on_one_level(drawn, kind):
    _, landmarks = _mean_adult(drawn[kind])
    heels = landmarks[:, [_LANDMARK["left_heel"], _LANDMARK["right_heel"]], 2]
    toes = landmarks[:, [_LANDMARK["left_big_toe"], _LANDMARK["right_big_toe"]], 2]
    assert (heels[:, 0] - heels[:, 1]).abs().median() < 0.01
    assert (heels.mean(1) - toes.mean(1)).abs().median() < 0.03
    assert landmarks[..., 2].amin(1).lt(-0.3).all()  # the feet are below the hips


def test_what_is_called_by_a_name_looks_like_it(drawn):
    centre = {kind: _mean_adult(rotations)[1] for kind, rotations in drawn.items()}
    tall = {kind: (points[..., 2].amax(1) - points[..., 2].amin(1)).median() for kind, points in centre.items()}
    assert tall["lying_supine"] < 0.75 < tall["cross_legged"] < tall["sitting"] < 1.45 < tall["standing"]
    assert tall["squatting"] < 1.2
    assert tall["reaching_up"] > 1.75
    assert (drawn["lying_supine"][:, 0, 2, 0] > 0.9).all()  # chest up
    assert (drawn["lying_prone"][:, 0, 2, 0] < -0.9).all()
    hands = centre["arms_overhead"][:, _LANDMARK["left_wrist"], 2]
    assert (hands > centre["arms_overhead"][:, _LANDMARK["neck"], 2]).float().mean() > 0.8


def test_most_upright_people_are_balanced(drawn, reference):
    for kind in ("standing", "bending", "squatting", "arms_overhead"):
        nodes, _ = _mean_adult(drawn[kind])
        feet = nodes[:, [node("left_foot"), node("right_foot"), node("left_toes"), node("right_toes")], :2].mean(1)
        ahead = (reference.upper_centre(drawn[kind])[:, :2] * 0.7 - feet).norm(dim=-1)
        assert ahead.quantile(0.9) < 0.16, kind


def test_faces_look_along_x():
    rotations = POSES.draw(500, _seeded(3))
    forward = rotations[:, 0, :2, 0]
    clear = forward.norm(dim=-1) > 0.6
    np.testing.assert_allclose(forward[clear][:, 1], 0, atol=1e-5)
    assert (forward[clear][:, 0] > 0).all()


def _wrists_to_spine(rotations):
    nodes, _ = _mean_adult(rotations)
    shares = torch.linspace(0, 1, 12)[:, None]
    bends = nodes[:, [0, 1, 2, 3]].unbind(1)
    spine = torch.cat([a[:, None] * (1 - shares) + b[:, None] * shares for a, b in pairwise(bends)], 1)
    return torch.cdist(nodes[:, pair("hand")], spine).amin(-1)


def test_wrists_are_outside_the_trunk():
    for kind in ("standing", "sitting", "lunging"):
        assert _wrists_to_spine(POSES.draw_kind(kind, 400, _seeded(9))).quantile(0.005) > 0.06, kind


def test_an_arm_through_the_trunk_is_turned_out_of_it(reference, drawn):
    angles = angles_of(drawn["standing"][:20])
    through = {"arm_elevation": 0.3, "arm_plane": 0.2, "arm_twist": 1.5, "elbow_flexion": 1.7}
    inside = rotations_of(angles | {name: torch.full((20, 2), value) for name, value in through.items()})
    assert _wrists_to_spine(inside).amax() < 0.11
    assert _wrists_to_spine(cleared(inside, reference.offsets, reference.stature)).amin() > 0.12


def test_bones_keep_their_lengths():
    bank = BodyBank.load()[::400]
    rotations = POSES.draw(len(bank), _seeded(4))
    nodes, _ = posed(torch.from_numpy(bank.node_offsets), torch.from_numpy(bank.landmark_offsets), rotations)
    bones = (nodes[:, 1:] - nodes[:, list(PARENTS[1:])]).norm(dim=-1)
    np.testing.assert_allclose(bones, np.linalg.norm(bank.node_offsets[:, 1:], axis=-1), atol=1e-5)


@pytest.mark.parametrize("people", [0, 1, 40])
def test_draws_are_repeatable_and_leave_the_global_state_alone(people):
    before = torch.get_rng_state()
    first, kinds = POSES.draw_labelled(people, _seeded(5))
    again, kinds_again = POSES.draw_labelled(people, _seeded(5))
    assert first.shape == (people, len(NODES), 3, 3)
    assert torch.equal(first, again)
    assert torch.equal(kinds, kinds_again)
    assert torch.equal(before, torch.get_rng_state())
    assert people == 0 or not torch.equal(first, POSES.draw(people, _seeded(6)))


def test_kinds_are_drawn_by_their_weights():
    poses = ProceduralPoses({"sitting": 3, "lying_side": 1})
    _, kind = poses.draw_labelled(400, _seeded())
    names = [poses.kinds[i] for i in kind.tolist()]
    assert set(names) == {"sitting", "lying_side"}
    assert 0.65 < names.count("sitting") / 400 < 0.85
    assert poses.support("sitting") == "seat"
    assert poses.support(poses.kinds.index("lying_side")) == "lying"


def test_every_kind_is_drawn_by_default():
    everyday = {kind for kind in POSES.kinds if group_of(kind) != "acrobatic"}
    assert set(POSES.weights) == everyday
    assert set(ACROBATIC_WEIGHTS) > set(POSES.kinds) - everyday


def test_unknown_kinds_are_named():
    with pytest.raises(InputError, match=r"expected a kind of standing, .*; got 'flying'"):
        POSES.draw_kind("flying", 1, _seeded())
    with pytest.raises(InputError, match=r"expected weights of standing, .*; got \['flying'\]"):
        ProceduralPoses({"flying": 1})


def test_two_bones_reach_their_end_with_the_knee_towards_the_pole():
    generator = _seeded(8)
    start, pole = torch.randn(30, 3, generator=generator), torch.randn(30, 3, generator=generator)
    end = start + torch.nn.functional.normalize(torch.randn(30, 3, generator=generator), dim=-1) * 0.7
    thigh, shin = two_bone(start, end, pole, 0.4, 0.42)
    knee = start - 0.4 * thigh[..., 2]
    torch.testing.assert_close(knee - 0.42 * shin[..., 2], end, atol=1e-5, rtol=0)
    off = knee - (start + end) / 2
    across = off - (off * (end - start)).sum(-1, keepdim=True) * (end - start) / 0.49
    assert ((across * pole).sum(-1) > 0).all()


def test_an_end_out_of_reach_is_pointed_at():
    thigh, shin = two_bone(torch.zeros(1, 3), torch.tensor([[0.0, 0, -3]]), torch.tensor([[1.0, 0, 0]]), 0.4, 0.4)
    assert thigh[0, 2, 2] > 0.99
    assert shin[0, 2, 2] > 0.99
