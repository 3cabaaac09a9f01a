"""The pool of poses: shares, groups, mirrors and the recombination of parts."""

import pytest

torch = pytest.importorskip("torch", reason="virtual data needs the train extra")

from metricpose._errors import InputError  # noqa: E402
from metricpose.virtual.kinematics import posed  # noqa: E402
from metricpose.virtual.pose_pool import (  # noqa: E402
    ARMS,
    GROUP_OF_KIND,
    GROUPS,
    PoseAugmentation,
    augmented,
    group_of,
    pooled,
    rotvec_to_rotmat,
)
from metricpose.virtual.pose_source import mirrored  # noqa: E402
from metricpose.virtual.procedural import ProceduralPoses  # noqa: E402
from metricpose.virtual.rig import LANDMARKS, NODES  # noqa: E402

NONE = PoseAugmentation(mirrored=0.0, arms_swapped=0.0, head_turned=0.0, jittered=0.0)
STANDING, LYING = GROUPS.index("standing"), GROUPS.index("lying")
CHEST, NECK, HEAD = (NODES.index(name) for name in ("chest", "neck", "head"))


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _poses(n: int, seed: int = 0) -> torch.Tensor:
    return rotvec_to_rotmat(torch.randn(n, len(NODES), 3, generator=_generator(seed)))


def _groups(n: int, group: int = STANDING) -> torch.Tensor:
    return torch.full((n,), group, dtype=torch.long)


def _angles_deg(rotations: torch.Tensor) -> torch.Tensor:
    trace = rotations.diagonal(dim1=-1, dim2=-2).sum(-1)
    return torch.rad2deg(torch.arccos(((trace - 1) / 2).clamp(-1, 1)))


def test_rotation_vectors_against_the_matrix_exponential() -> None:
    rotvec = torch.randn(20, 3, generator=_generator(), dtype=torch.float32)
    skew = torch.linalg.cross(rotvec[:, None].expand(-1, 3, -1), torch.eye(3).expand(20, 3, 3)).transpose(1, 2)
    torch.testing.assert_close(rotvec_to_rotmat(rotvec), torch.matrix_exp(skew), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(rotvec_to_rotmat(torch.zeros(3)), torch.eye(3))


def test_shares_are_of_the_draws_whatever_the_sizes() -> None:
    few, many = _poses(5), _poses(300, seed=1)
    pool = pooled([(few, _groups(5), 0.7), (many, _groups(300, LYING), 0.3)])
    assert len(pool) == 305
    _, group = pool.draw(4000, _generator(), None)
    assert (group == STANDING).float().mean() == pytest.approx(0.7, abs=0.03)


def test_draws_without_augmentation_are_poses_of_the_pool_with_their_group() -> None:
    poses, groups = _poses(7), torch.arange(7) % 5
    rotations, group = pooled([(poses, groups, 1.0)]).draw(60, _generator(), None)
    same = (rotations[:, None] == poses[None]).flatten(2).all(-1)
    assert (same.sum(1) == 1).all()
    assert same.any(0).all()
    assert torch.equal(groups[same.int().argmax(1)], group)


@pytest.mark.parametrize("parts", [[], [(torch.zeros(0, 21, 3, 3), torch.zeros(0, dtype=torch.long), 1.0)]])
def test_an_empty_part_is_refused(parts: list) -> None:
    with pytest.raises(InputError, match=r"pose pool: expected at least one pose in every part, got none; check"):
        pooled(parts)


def test_every_procedural_kind_has_its_group() -> None:
    assert set(GROUP_OF_KIND) <= set(ProceduralPoses().kinds)
    assert {group_of(kind) for kind in ProceduralPoses().kinds} == set(GROUPS)
    assert group_of("kneeling") == "crouching"
    assert group_of("walking") == "standing"


def test_a_mirrored_pose_has_the_mirror_image_of_its_landmarks() -> None:
    poses = _poses(10)
    torch.testing.assert_close(mirrored(mirrored(poses)), poses)
    nodes, landmarks = torch.zeros(len(NODES), 3), torch.zeros(len(LANDMARKS), 3)
    for names, offsets in ((NODES, nodes), ([name for name, _ in LANDMARKS], landmarks)):
        for index, name in enumerate(names):
            side = {"left": 1.0, "right": -1.0}.get(name.split("_")[0], 0.0)
            offsets[index] = torch.tensor([0.1 + 0.01 * len(name.split("_", 1)[-1]), 0.2 * side, 0.3])
    made = posed(nodes.expand(10, -1, -1), landmarks.expand(10, -1, -1), poses)[1]
    seen = posed(nodes.expand(10, -1, -1), landmarks.expand(10, -1, -1), mirrored(poses))[1]
    names = [name for name, _ in LANDMARKS]
    other = {"left": "right", "right": "left"}
    swap = [names.index("_".join([other.get(part, part) for part in name.split("_")])) for name in names]
    torch.testing.assert_close(seen, made[:, swap] * torch.tensor([1.0, -1.0, 1.0]), atol=1e-5, rtol=0)


def _varied(poses: torch.Tensor, group: torch.Tensor | None = None, **changes: float) -> torch.Tensor:
    options = PoseAugmentation(**vars(NONE) | changes)
    return augmented(poses, _groups(len(poses)) if group is None else group, options, _generator(3))


def test_no_augmentation_changes_nothing() -> None:
    assert torch.equal(_varied(_poses(20)), _poses(20))


def test_augmented_poses_are_rotations_and_a_seed_gives_the_same() -> None:
    poses = _poses(50)
    one, same = (augmented(poses, _groups(50), PoseAugmentation(), _generator()) for _ in range(2))
    assert torch.equal(one, same)
    torch.testing.assert_close(one @ one.transpose(-1, -2), torch.eye(3).expand_as(one), atol=1e-5, rtol=0)
    assert (torch.linalg.det(one) > 0.99).all()
    assert torch.equal(poses, _poses(50))


def test_half_are_mirrored() -> None:
    poses = _poses(1000)
    varied = _varied(poses, mirrored=0.5)
    seen = (varied == mirrored(poses)).flatten(1).all(1)
    assert ((varied == poses).flatten(1).all(1) != seen).all()
    assert seen.float().mean() == pytest.approx(0.5, abs=0.06)


def _arms_from_chest(poses: torch.Tensor) -> torch.Tensor:
    return (poses[:, CHEST].transpose(-1, -2)[:, None] @ poses[:, list(ARMS)]).flatten(1)


def test_arms_are_taken_over_as_they_are_to_the_chest() -> None:
    poses = _poses(40)
    varied = _varied(poses, arms_swapped=1.0)
    rest = [node for node in range(len(NODES)) if node not in ARMS]
    assert torch.equal(varied[:, rest], poses[:, rest])
    near = torch.cdist(_arms_from_chest(varied), _arms_from_chest(poses))
    assert near.amin(1).max() < 0.02
    assert len(set(near.argmin(1).tolist())) > 20
    assert (near.argmin(1) != torch.arange(40)).float().mean() > 0.8


def test_lying_people_neither_give_nor_take_arms() -> None:
    poses, group = _poses(40), torch.where(torch.arange(40) < 20, LYING, STANDING)
    varied = _varied(poses, group, arms_swapped=1.0)
    assert torch.equal(varied[:20], poses[:20])
    near = torch.cdist(_arms_from_chest(varied[20:]), _arms_from_chest(poses))
    assert (near.argmin(1) >= 20).all()


def test_turned_heads_turn_neck_and_head_alone() -> None:
    poses = _poses(3000)
    varied = _varied(poses, head_turned=1.0, head_turn_deg=20.0)
    rest = [node for node in range(len(NODES)) if node not in (NECK, HEAD)]
    assert torch.equal(varied[:, rest], poses[:, rest])
    turned = _angles_deg(varied[:, [NECK, HEAD]] @ poses[:, [NECK, HEAD]].transpose(-1, -2))
    assert turned.square().mean().sqrt() == pytest.approx(20, rel=0.05)
    torch.testing.assert_close(turned[:, 0], turned[:, 1], atol=0.1, rtol=0)


def test_jitter_has_the_stated_deviation_at_every_joint() -> None:
    poses = _poses(1500)
    turned = _angles_deg(_varied(poses, jittered=1.0, jitter_deg=5.0) @ poses.transpose(-1, -2))
    assert turned.square().mean(0).sqrt().numpy() == pytest.approx(5, rel=0.1)


@pytest.mark.parametrize("change", ["head_turned", "jittered", "arms_swapped"])
def test_shares_of_augmentation_are_of_people(change: str) -> None:
    poses = _poses(1000)
    touched = (_varied(poses, **{change: 0.3}) != poses).flatten(1).any(1)
    assert touched.float().mean() == pytest.approx(0.3, abs=0.05)
