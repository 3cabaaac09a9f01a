"""Worlds of a split: the same for the same options, poses in their shares, bodies of one split."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="virtual data needs the train extra")

import metricpose.virtual.world as world_module  # noqa: E402
from metricpose._errors import InputError  # noqa: E402
from metricpose.virtual.pose_pool import GROUPS  # noqa: E402
from metricpose.virtual.world import World, WorldOptions, built_world  # noqa: E402


def _built(**options: object) -> World:
    return built_world(WorldOptions(**{"procedural_count": 60, "prior_count": 30} | options))  # type: ignore[arg-type]


def test_the_same_options_make_the_same_world() -> None:
    one, same, other, held_out = _built(), _built(), _built(seed=1), _built(split="val")
    assert torch.equal(one.poses.rotations, same.poses.rotations)
    assert torch.equal(one.poses.group, same.poses.group)
    assert not torch.equal(one.poses.rotations, other.poses.rotations)
    assert not torch.equal(one.poses.rotations, held_out.poses.rotations)


def test_without_mocap_the_prior_takes_its_share() -> None:
    world = _built(mocap_share=0.3, prior_share=0.2, procedural_share=0.5)
    assert len(world.poses) == 90
    assert float(world.poses.weight[:30].sum()) == pytest.approx(0.5)
    assert (world.poses.group[:30] == GROUPS.index("standing")).all()
    assert len(set(world.poses.group[30:].tolist())) > 2


def test_acrobats_have_their_share_and_group() -> None:
    world = _built(mocap_share=0.0, prior_share=0.0, procedural_share=0.75, acrobatic_share=0.25)
    acrobats = world.poses.group == GROUPS.index("acrobatic")
    assert float(world.poses.weight[acrobats].sum()) == pytest.approx(0.25)
    assert torch.equal(acrobats, torch.arange(120) >= 60)
    everyday = _built(mocap_share=0.0, prior_share=0.0, procedural_share=1.0).poses
    assert torch.equal(everyday.rotations, world.poses.rotations[:60])


def test_mocap_comes_from_its_own_split(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    class Clips:
        def __init__(self, cache: Path, split: str) -> None:
            asked.append((cache, split))
            self.rotations = torch.eye(3).expand(4, 21, 3, 3)

    monkeypatch.setattr(world_module, "MocapPoses", Clips)
    world = _built(split="val", mocap_cache=Path("cache.npz"), mocap_share=0.6, prior_share=0.0, procedural_share=0.4)
    assert asked == [(Path("cache.npz"), "val")]
    assert float(world.poses.weight[:4].sum()) == pytest.approx(0.6)
    assert len(world.poses) == 64


def test_no_body_is_in_two_splits() -> None:
    bodies = {split: _built(split=split, prior_share=0.0, mocap_share=0.0).bodies for split in ("train", "val", "test")}
    chosen = [set(torch.cat([b.adults, b.children]).tolist()) for b in bodies.values()]
    assert all(chosen)
    assert sum(map(len, chosen)) == len(set.union(*chosen))


def test_a_world_without_poses_is_refused() -> None:
    with pytest.raises(InputError, match="expected at least one pose"):
        _built(mocap_share=0.0, prior_share=0.0, procedural_share=0.0)


def test_an_unknown_split_is_refused() -> None:
    with pytest.raises(InputError, match=r"WorldOptions\.split: expected one of train, val, test, got 'dev'"):
        WorldOptions(split="dev")
