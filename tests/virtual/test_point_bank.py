"""Points that hang on the rig's nodes, and what a detector makes of them."""

from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="virtual data needs the train extra")

from metricpose._errors import FileError, InputError  # noqa: E402
from metricpose.skeletons.catalogue import COCO17  # noqa: E402
from metricpose.virtual.noise import NoiseOptions, detected  # noqa: E402
from metricpose.virtual.point_bank import PointBank  # noqa: E402
from metricpose.virtual.point_layout import COCO, PointLayout  # noqa: E402
from metricpose.virtual.pose_pool import rotvec_to_rotmat  # noqa: E402
from tests.virtual.made_points import made_points  # noqa: E402

BANK = made_points(3)
LAYOUT = PointLayout.of(BANK.names)


def _posed(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    nodes = torch.randn(5, 21, 3, generator=generator)
    return torch.tensor([2, 0, 1, 1, 0]), nodes, rotvec_to_rotmat(torch.randn(5, 21, 3, generator=generator))


def test_points_are_the_sum_of_what_each_node_holds() -> None:
    body, nodes, rotations = _posed()
    slow = torch.zeros(5, len(BANK.names), 3)
    for person in range(5):
        pairs = zip(BANK.point, BANK.node, BANK.share, BANK.moments[body[person]], strict=True)
        for point, node, share, moment in pairs:
            slow[person, point] += rotations[person, node] @ moment + share * nodes[person, node]
    torch.testing.assert_close(BANK.posed(body, nodes, rotations), slow)


def test_points_turn_and_move_with_the_person() -> None:
    body, nodes, rotations = _posed()
    turn = rotvec_to_rotmat(torch.tensor([0.3, -1.0, 2.0]))
    shift = torch.tensor([1.0, -2.0, 0.5])
    moved = BANK.posed(body, nodes @ turn.T + shift, turn @ rotations)
    torch.testing.assert_close(moved, BANK.posed(body, nodes, rotations) @ turn.T + shift, atol=1e-5, rtol=0)


def test_a_file_brings_it_back(tmp_path: Path) -> None:
    BANK.save(tmp_path / "bank.npz")
    again = PointBank.load(tmp_path / "bank.npz")
    assert again.names == BANK.names
    assert torch.equal(again.point, BANK.point)
    assert (again.moments - BANK.moments).abs().max() <= 0.51e-4
    with pytest.raises(FileError, match=r"point bank: expected a file of recipes/build_point_bank.py, got "):
        PointBank.load(tmp_path / "none.npz")


def test_shares_that_do_not_sum_to_one_are_refused() -> None:
    with pytest.raises(InputError, match="point bank: expected shares of each point that sum to 1; build the file"):
        replace(BANK, share=BANK.share * 0.9)


def test_each_point_is_near_a_joint_and_its_image_near_the_joints_image() -> None:
    names = (*COCO17.joints, *BANK.names)
    near = {name: COCO17.joints[joint] for name, joint in zip(names, LAYOUT.near, strict=True)}
    assert near["left_heel"] == "left_ankle"
    assert near["right_index_tip"] == "right_wrist"
    assert near["mouth_left"] == near["mouth_right"] == "nose"
    assert LAYOUT.near[:17] == COCO.near
    for name, image in zip(names, LAYOUT.mirror, strict=True):
        assert LAYOUT.mirror[image] == names.index(name)
        if image != names.index(name):
            assert LAYOUT.near[image] == COCO17.mirror[LAYOUT.near[names.index(name)]]


def _seen(options: NoiseOptions, hidden: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """True points (B, P, 152, 2), detected ones and scores."""
    truth = 400 + 200 * torch.rand(300, 2, 152, 2, generator=torch.Generator().manual_seed(1))
    hidden = torch.zeros(300, 2, 17, dtype=torch.bool) if hidden is None else hidden
    inside, stature = torch.ones(300, 2, 152, dtype=torch.bool), torch.full((300, 2), 170.0)
    generator = torch.Generator().manual_seed(0)
    found = detected(truth, hidden, inside, stature, torch.full((300, 2), 1000.0), options, generator, LAYOUT)
    return truth, found.joints_px, found.scores


def test_other_points_share_the_faults_of_the_joint_near_them() -> None:
    options = NoiseOptions(person_swapped=0.0, part_swapped=0.0, joint_spread=0.0, person_spread=0.0)
    truth, found, scores = _seen(options)
    near = list(LAYOUT.near)
    assert torch.equal(scores, scores[..., near])
    error = found - truth
    heel, ankle = 17 + BANK.names.index("left_heel"), COCO17.index("left_ankle")
    assert near[heel] == ankle
    both = torch.stack([error[:, :, heel].flatten(), error[:, :, ankle].flatten()])
    assert 0.55 < float(torch.corrcoef(both)[0, 1]) < 0.85  # half of the variance is shared
    assert 0.85 < float(both[0].std() / both[1].std()) < 1.15


def test_a_swapped_person_has_all_points_swapped() -> None:
    exact = NoiseOptions(median_multiplier=0.0, floor_px=0.0, person_swapped=1.0, part_swapped=0.0)
    truth, found, _ = _seen(exact)
    torch.testing.assert_close(found, truth[:, :, list(LAYOUT.mirror)])
