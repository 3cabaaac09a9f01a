"""The second stage's losses: values worked out by hand, and candidates that find their truth."""

import dataclasses

import pytest

torch = pytest.importorskip("torch", reason="torch comes with metricpose[train]")

from metricpose._errors import InputError  # noqa: E402
from metricpose.losses.voxel import (  # noqa: E402
    VoxelLossOptions,
    VoxelTruth,
    depth_loss,
    joint_loss,
    matched_truth,
    root_loss,
    root_targets,
    voxel_loss,
)
from metricpose.models.volumes import Volume, VolumeOptions  # noqa: E402
from metricpose.models.voxel_pose import VoxelPeople  # noqa: E402
from tests.models.voxel_made import joints_about, small_stage, voxel_input, world_camera  # noqa: E402

BOX = VolumeOptions(size_m=(1.6, 1.6, 1.6), cells=(8, 8, 8))
VOLUME = Volume(BOX, torch.tensor([0.0, 0.0, 4.0]), torch.eye(3))


def truth_of(*pictures) -> VoxelTruth:
    """Pictures of two people each at focal length 1000 px; None stands for nobody."""
    real = torch.tensor([[root is not None for root in roots] for roots in pictures])
    places = torch.tensor([[[0.3, 0.2, 4.3] if root is None else root for root in roots] for roots in pictures])
    joints = torch.as_tensor(joints_about(places.numpy())).float().unflatten(0, real.shape)
    return VoxelTruth(joints_cam=joints, roots_cam=places, canonical_depth=places[..., 2], real=real)


def answer(truth, volumes, picture, people, step=0.0) -> VoxelPeople:
    """Says the truth of `people` of the pictures, `step` m aside."""
    index = torch.tensor(picture, dtype=torch.long), torch.tensor(people, dtype=torch.long)
    heat = [
        root_targets(v.cells_cam(), r[m], 0.2) for v, r, m in zip(volumes, truth.roots_cam, truth.real, strict=True)
    ]
    joints, roots = truth.joints_cam[index] + step, truth.roots_cam[index]
    return VoxelPeople(
        picture=index[0], root_cam=roots, joints_cam=joints, scores=torch.ones(len(roots)),
        covered=torch.ones(joints.shape[:2], dtype=torch.bool), outermost=torch.zeros(joints.shape[:2]),
        candidates_cam=roots + 0.1, canonical_depth=truth.canonical_depth + step,
        root_heat=torch.stack(heat).unflatten(1, BOX.cells), volumes=volumes,
    )  # fmt: skip


TRUTH = truth_of(([0.1, 0.0, 4.0], [-0.5, 0.1, 3.7]), ([0.0, 0.0, 4.2], None))


def test_depth_by_hand():
    """Eq. (4), over those who are real."""
    said, true = torch.tensor([[2.0, 5.0], [7.0, 1.0]]), torch.tensor([[3.0, 3.0], [7.5, 99.0]])
    assert depth_loss(said, true, torch.tensor([[True, True], [True, False]])).item() == pytest.approx(3.5 / 3)
    assert depth_loss(said, true, torch.zeros(2, 2, dtype=torch.bool)).item() == 0


def test_the_true_heat_is_one_at_roots_and_joined_by_the_maximum():
    roots = torch.tensor([[0.1, 0.1, 4.1], [0.3, 0.1, 4.1]])  # in the centres of neighbouring cells
    heat = root_targets(VOLUME.cells_cam(), roots, 0.2).reshape(BOX.cells)
    assert heat[4, 4, 4] == pytest.approx(1.0) and heat[5, 4, 4] == pytest.approx(1.0)
    assert heat[6, 4, 4].item() == pytest.approx(torch.exp(torch.tensor(-0.5)).item(), abs=1e-4)
    assert not root_targets(VOLUME.cells_cam(), roots[:0], 0.2).any()


def test_roots_by_hand():
    """Eq. (6)."""
    assert root_loss(torch.tensor([[1.0, 0.0, 0.5, 0.5]]), torch.tensor([[1.0, 1.0, 0.0, 0.5]])).item() == 1.25 / 4


def test_joints_by_hand():
    """Eq. (8): an L1 norm over x, y, z, a mean over joints; nobody costs nothing."""
    said, true = torch.zeros(1, 2, 3), torch.tensor([[[0.1, -0.2, 0.3], [0.0, 0.0, 1.0]]])
    assert joint_loss(said, true).item() == pytest.approx((0.6 + 1.0) / 2)
    assert joint_loss(said[:0], true[:0]).item() == 0


def test_candidates_are_matched_one_to_one_within_their_picture():
    picture = torch.tensor([0, 0, 0, 1, 1])
    candidates = torch.tensor([[-0.5, 0.1, 3.6], [0.0, 0.0, 4.0], [0.15, 0.0, 4.0], [0.0, 0.0, 3.0], [-0.5, 0.1, 3.7]])
    found, people = matched_truth(picture, candidates, TRUTH.roots_cam, TRUTH.real, 0.5)
    assert dict(zip(found.tolist(), people.tolist(), strict=True)) == {0: 1, 2: 0}
    wide = matched_truth(picture, candidates, TRUTH.roots_cam, TRUTH.real, 5.0)
    assert dict(zip(*(value.tolist() for value in wide), strict=True)) == {0: 1, 2: 0, 4: 0}
    nobody = matched_truth(picture[:0], candidates[:0], TRUTH.roots_cam, TRUTH.real, 0.5)
    assert [len(value) for value in nobody] == [0, 0]


def test_the_truth_costs_nothing_whatever_the_order():
    terms = voxel_loss(answer(TRUTH, (VOLUME, VOLUME), [0, 0, 1], [1, 0, 0]), TRUTH, VoxelLossOptions())
    assert all(value.item() == pytest.approx(0.0, abs=1e-6) for value in terms.values())


def test_the_total_is_the_weighted_sum():
    said = answer(TRUTH, (VOLUME, VOLUME), [0, 1], [1, 0], step=0.1)
    terms = voxel_loss(said, TRUTH, VoxelLossOptions(depth=2.0, roots=3.0, joints=5.0))
    assert terms["depth"].item() == pytest.approx(0.1, abs=1e-5)
    assert terms["joints"].item() == pytest.approx(0.3, abs=1e-5)
    assert terms["total"].item() == pytest.approx(2 * 0.1 + 5 * 0.3, abs=1e-5)


def test_ghosts_and_unseen_people_are_not_asked_for():
    """Who is not real is no target: neither of depth nor of heat nor of joints."""
    terms = voxel_loss(answer(TRUTH, (VOLUME, VOLUME), [0, 0, 1, 1], [0, 1, 0, 1]), TRUTH, VoxelLossOptions())
    assert terms["total"].item() == pytest.approx(0.0, abs=1e-6)


def test_a_few_steps_lower_every_term():
    """On one scene: the terms pull where they should."""
    camera, roots = world_camera(), [[0.2, 0.1, 4.0], [-0.8, 0.0, 5.0]]
    truth = truth_of(roots)
    truth = dataclasses.replace(truth, canonical_depth=truth.canonical_depth * 1000 / camera.focal_px[0])
    stage = small_stage().train()
    torch.nn.init.zeros_(stage.root_net.net.out.weight)
    torch.nn.init.constant_(stage.depth_estimator.out.bias, 3.0)
    seen = voxel_input((camera, roots))
    weights, history = list(stage.parameters()), []
    for _ in range(12):
        terms = voxel_loss(stage(seen), truth, VoxelLossOptions(match_m=9.0))
        gradients = torch.autograd.grad(terms["total"], weights)
        with torch.no_grad():
            for weight, gradient in zip(weights, gradients, strict=True):
                weight -= 0.01 * gradient.sign()
        history.append({name: value.item() for name, value in terms.items()})
    for name in ("depth", "roots", "joints"):
        assert history[-1][name] < 0.9 * history[0][name], (name, history[::4])


def test_widths_that_cannot_be_are_refused():
    with pytest.raises(InputError, match="voxel losses: expected sigma_m and match_m above 0 m, got 0.0 and 0.5"):
        VoxelLossOptions(sigma_m=0.0)
