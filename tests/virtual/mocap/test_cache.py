import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from metricpose._errors import FileError, InputError
from metricpose.virtual.mocap.cache import (
    SPLITS,
    build_cache,
    built_cache,
    cleaned,
    packaged_splits,
    quaternions_to_rotmat,
    read_cache,
    rotmat_to_quaternions,
)
from metricpose.virtual.mocap.cleaning import HEAD_RAISED_DEG, heads_levelled, thinned, whole_frames
from metricpose.virtual.mocap.clips import MocapPoses
from metricpose.virtual.mocap.folder import RigClip, rig_clips
from metricpose.virtual.rig import NODES

HEAD, LEFT_HAND, LEFT_SHIN = (NODES.index(name) for name in ("head", "left_hand", "left_shin"))


def _turning(frames: int, step_deg: float = 5.0, source: str = "bvh", name: str = "a") -> RigClip:
    """Someone turning on the spot."""
    angle = step_deg * np.arange(frames)
    yaw = Rotation.from_euler("z", angle[:, None], degrees=True).as_matrix() if frames else np.zeros((0, 3, 3))
    rotations = np.repeat(yaw[:, None], len(NODES), 1).astype(np.float32)
    return RigClip(name=name, kind="turning", source=source, rotations=rotations, frames=np.arange(frames))


def _bent(clip: RigClip, frames, node: int, axis: str, deg: float) -> RigClip:
    rotations = clip.rotations.copy()
    rotations[frames, node] = rotations[frames, node] @ Rotation.from_euler(axis, deg, degrees=True).as_matrix()
    return RigClip(name=clip.name, kind=clip.kind, source=clip.source, rotations=rotations, frames=clip.frames)


def test_a_smooth_clip_is_whole():
    assert whole_frames(_turning(10)).all()


def test_a_flip_takes_the_frames_on_both_sides():
    flipped = _bent(_turning(10), slice(6, 10), LEFT_SHIN, "y", 60)
    assert np.flatnonzero(~whole_frames(flipped)).tolist() == [5, 6]


def test_hands_may_turn_faster_than_shins_but_no_wrist_breaks():
    assert whole_frames(_bent(_turning(10), slice(6, 10), LEFT_HAND, "y", 70)).all()
    broken = _bent(_turning(10), slice(None), LEFT_HAND, "x", 100)
    assert not whole_frames(broken).any()


def test_the_rest_pose_at_the_start_of_an_expmap_clip_goes():
    assert np.flatnonzero(~whole_frames(_turning(4, source="expmap"))).tolist() == [0]
    assert whole_frames(_turning(0)).shape == (0,)


def test_heads_are_raised_and_a_badly_mounted_one_faces_ahead():
    raised = heads_levelled(_turning(5, 0).rotations)[:, HEAD]
    np.testing.assert_allclose(np.degrees(np.arcsin(raised[:, 2, 0])), HEAD_RAISED_DEG, atol=1e-4)
    twisted = heads_levelled(_bent(_turning(5, 0), slice(None), HEAD, "z", 50).rotations)[:, HEAD]
    assert np.degrees(np.arctan2(twisted[0, 1, 0], twisted[0, 0, 0])) == pytest.approx(12, abs=0.5)
    once = heads_levelled(_bent(_turning(5, 0), slice(2), HEAD, "z", 50).rotations)[:, HEAD]
    assert np.degrees(np.arctan2(once[0, 1, 0], once[0, 0, 0])) == pytest.approx(50, abs=0.5)


def test_slow_stretches_are_thinned_so_that_neighbours_differ():
    assert thinned(_turning(100, 0.75).rotations, 4.0).tolist() == list(range(0, 100, 6))
    assert thinned(_turning(100, 4.5).rotations, 4.0).tolist() == list(range(100))
    assert thinned(_turning(5, 0).rotations).tolist() == [0]
    assert thinned(_turning(0).rotations).tolist() == []


def test_quaternions_keep_rotations():
    rotations = Rotation.random(50, rng=np.random.default_rng(0)).as_matrix().reshape(5, 10, 3, 3)
    quaternions = rotmat_to_quaternions(rotations)
    assert quaternions.dtype == np.float32
    assert (quaternions[..., 3] >= 0).all()
    np.testing.assert_allclose(quaternions_to_rotmat(quaternions), rotations, atol=1e-6)


def test_a_cache_survives_its_file_and_splits_by_clip(tmp_path, monkeypatch):
    clips = [_turning(6, name="a"), _turning(4, name="b"), _turning(3, name="c"), _turning(0, name="d")]
    monkeypatch.setattr("metricpose.virtual.mocap.cache.rig_clips", lambda root: iter(clips))
    splits = {"a": "train", "b": "test", "c": "duplicate", "d": "train"}
    built = build_cache(tmp_path, tmp_path / "deep" / "cache.npz", splits)
    read = read_cache(tmp_path / "deep" / "cache.npz")
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["cache.npz"]
    assert read.names.tolist() == ["a", "b"]
    assert len(read) == 10
    np.testing.assert_array_equal(read.quaternions, built.quaternions)
    np.testing.assert_allclose(read.rotations("test"), cleaned(clips[1]).rotations, atol=1e-6)
    assert [int(read.mask(split).sum()) for split in SPLITS] == [6, 0, 4]


def test_mocap_poses_face_forward_and_repeat_for_a_seed(tmp_path, monkeypatch):
    monkeypatch.setattr("metricpose.virtual.mocap.cache.rig_clips", lambda root: iter([_turning(30, 17)]))
    build_cache(tmp_path, tmp_path / "cache.npz", {"a": "val"})
    poses = MocapPoses(tmp_path / "cache.npz", "val")
    assert "CMU" in poses.licence
    first, again = (poses.draw(50, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(first, again)
    assert first.shape == (50, 21, 3, 3)
    torch.testing.assert_close(first[:, 0], torch.eye(3).expand(50, 3, 3), atol=1e-5, rtol=0)
    assert poses.draw(0, torch.Generator()).shape == (0, 21, 3, 3)
    assert len(MocapPoses(tmp_path / "cache.npz", "val")) == 30


def test_an_empty_split_is_refused_by_name(tmp_path, monkeypatch):
    monkeypatch.setattr("metricpose.virtual.mocap.cache.rig_clips", lambda root: iter([_turning(30, 17)]))
    build_cache(tmp_path, tmp_path / "cache.npz", {"a": "val"})
    with pytest.raises(InputError, match="cache.npz: expected poses in the split 'train', got none"):
        MocapPoses(tmp_path / "cache.npz", "train")
    with pytest.raises(InputError, match="expected one of train, val, test, got 'dev'"):
        MocapPoses(tmp_path / "cache.npz", "dev")


def test_clips_outside_the_division_and_empty_caches_are_refused():
    with pytest.raises(InputError, match="mocap clip 'a' is in no split"):
        built_cache([_turning(3)], {})
    with pytest.raises(InputError, match="expected at least one clip with frames in a split, got none"):
        built_cache([_turning(3)], {"a": "duplicate"})


def test_files_that_are_no_cache_are_refused(tmp_path):
    with pytest.raises(FileError, match=r"cannot read this mocap cache .* recipes/build_mocap_cache\.py"):
        read_cache(tmp_path / "none.npz")
    np.savez(tmp_path / "other.npz", x=np.zeros(2))
    with pytest.raises(InputError, match="expected a mocap cache, got another file"):
        read_cache(tmp_path / "other.npz")
    with pytest.raises(FileError, match="expected mocap .* here, found none"):
        next(rig_clips(tmp_path))


def test_in_the_packaged_division_no_walker_is_on_two_sides():
    splits = packaged_splits()
    assert set(splits.values()) == {*SPLITS, "duplicate"}
    by_clip = {"01", "03"}  # one person each: the only climber, the only one on uneven ground
    persons: dict[str, set[str]] = {}
    for name, split in splits.items():
        if "/" not in name and name.split("_")[0] not in by_clip:
            persons.setdefault(name.split("_")[0], set()).add(split)
    assert {person: found for person, found in persons.items() if len(found) > 1} == {}
