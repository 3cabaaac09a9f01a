"""Poses of a user's files: the same motion from BVH, TRC and people in metres, splits that share nothing, refusals."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra")
pytest.importorskip("scipy", reason="scipy comes with metricpose[train]")

from metricpose._errors import FileError, InputError  # noqa: E402
from metricpose.geometry import Camera  # noqa: E402
from metricpose.io import ImagePeople3D, write_people3d  # noqa: E402
from metricpose.training.own_poses import FEWEST_POSES, OwnPoses, read_own_poses  # noqa: E402
from metricpose.virtual.mocap.cleaning import angles_deg  # noqa: E402
from metricpose.virtual.one_camera import OneCamera, with_pose  # noqa: E402
from metricpose.virtual.rig import NODES  # noqa: E402
from metricpose.virtual.scene_people import camera_of, true_people  # noqa: E402
from metricpose.virtual.scenes import SceneOptions  # noqa: E402
from metricpose.virtual.seeded import seeded_scenes  # noqa: E402
from metricpose.virtual.world import WorldOptions, built_world  # noqa: E402

LIMBS = ("left_upper_arm", "right_forearm", "left_thigh", "right_shin")


def bvh_text(frames: int, step_deg: float = 5.0, left_arm: str = "LeftArm") -> str:
    """Somebody with Mixamo's names and y up who raises the left arm and bends the right knee, a step each frame."""

    def joint(name: str, offset: str, turn: str, child: str) -> str:
        channels = f"1 {turn}" if turn else "0"
        return f"JOINT {name} {{ OFFSET {offset} CHANNELS {channels} {child} }}"

    parts, end = [], "End Site { OFFSET 0 -10 0 }"
    for side, x in (("Left", 1), ("Right", -1)):
        forearm = joint(f"{side}ForeArm", "0 -28 0", "", joint(f"{side}Hand", "0 -25 0", "", end))
        shin = joint(f"{side}Leg", "0 -42 0", "Xrotation", joint(f"{side}Foot", "0 -42 0", "", end))
        parts.append(joint(left_arm if x > 0 else "RightArm", f"{20 * x} 50 0", "Zrotation", forearm))
        parts.append(joint(f"{side}UpLeg", f"{10 * x} 0 0", "", shin))
    root = f"ROOT Hips {{ OFFSET 0 0 0 CHANNELS 3 Xposition Yposition Zposition {' '.join(parts)} }}"
    # The root's place; then left arm and knee, right arm and knee.
    rows = [f"0 90 0 {step_deg * t} 0 0 {step_deg * t}" for t in range(frames)]
    return "\n".join([f"HIERARCHY\n{root}\nMOTION\nFrames: {frames}\nFrame Time: 0.01", *rows, ""])


@pytest.fixture
def bvh(tmp_path: Path) -> Path:
    path = tmp_path / "wave.bvh"
    path.write_text(bvh_text(34))
    return path


def _direction(poses: torch.Tensor, node: str, rest: tuple[float, float, float]) -> np.ndarray:
    return (poses[:, NODES.index(node)] @ torch.tensor(rest)).numpy()


def test_a_bvh_of_any_rig_is_read_by_where_its_joints_are(bvh: Path) -> None:
    poses = read_own_poses(bvh)
    (clip,) = poses.clips
    assert poses.names == ("wave",)
    assert len(clip) == 34
    raised = _direction(clip, "left_upper_arm", (0.0, 1.0, 0.0))
    np.testing.assert_allclose(raised[0], [0, 0, -1], atol=1e-5)  # hanging; z is up, the person faces +x
    assert raised[-1, 1] > 0.2  # to the person's left and up
    assert raised[-1, 2] > 0.9
    np.testing.assert_allclose(_direction(clip, "right_upper_arm", (0.0, -1.0, 0.0))[-1], [0, 0, -1], atol=1e-5)
    shin = _direction(clip, "right_shin", (0.0, 0.0, -1.0))
    assert shin[18, 0] < -0.9  # the foot goes back, as knees bend


def test_people_in_metres_give_the_poses_that_they_were_made_of(tmp_path: Path) -> None:
    up = np.array([0.1, -0.95, -np.sqrt(1 - 0.01 - 0.9025)])
    camera = with_pose(Camera.from_focal((1280, 720), 900.0), up, 2.4)
    world = built_world(WorldOptions(split="test", mocap_share=0, prior_share=0, procedural_count=60))
    scenes = seeded_scenes(40, world, SceneOptions(cameras=OneCamera(camera=camera), size_jitter=0.0), 1)
    records = [
        ImagePeople3D(
            image=f"{i:03d}", people=true_people(scenes, i, camera_of(scenes.cameras, i, with_extrinsics=True))
        )
        for i in range(40)
    ]
    write_people3d(tmp_path / "people.json", records)
    poses = torch.cat(read_own_poses(tmp_path / "people.json").clips)
    limbs = [NODES.index(node) for node in ("left_thigh", "right_shin")]
    gap = angles_deg(poses[:, None, limbs].numpy(), world.poses.rotations[None, :, limbs].numpy()).max(-1).min(1)
    assert np.median(gap) < 12  # but for the yaw, which the pelvis alone tells
    upright = poses[:, NODES.index("chest"), 2, 2]
    assert torch.quantile(upright, 0.7) > 0.9

    tilted = [
        ImagePeople3D(image=r.image, people=replace(r.people, camera=camera.replaced(cam_from_world=None)))
        for r in records
    ]
    write_people3d(tmp_path / "untilted.npz", tilted)
    with pytest.raises(InputError) as caught:
        read_own_poses(tmp_path / "untilted.npz")
    assert str(caught.value) == (
        f"{tmp_path / 'untilted.npz'}: expected people whose camera's tilt is known, got 40 pictures without; lift "
        "them with --camera"
    )


def _clips(count: int, length: int = 20) -> OwnPoses:
    """Clips whose poses carry their number and time in one entry."""
    numbers = torch.arange(count * length, dtype=torch.float32).reshape(count, length)
    clips = torch.zeros(count, length, 21, 3, 3) + numbers[..., None, None, None]
    return OwnPoses(names=tuple(map(str, range(count))), clips=tuple(clips))


@pytest.mark.parametrize("count", [2, 4, 5, 13])
def test_splits_share_no_pose_and_lose_none(count: int) -> None:
    poses = _clips(count)
    parts = {split: set(poses.of_split(split)[:, 0, 0, 0].tolist()) for split in ("train", "val", "test")}
    assert sum(map(len, parts.values())) == len(set().union(*parts.values())) == len(poses)
    assert min(map(len, parts.values())) >= 0.1 * len(poses)
    assert len(parts["train"]) >= 0.5 * len(poses)
    if count >= 5:  # whole clips
        for numbers in parts.values():
            assert all(len({n for n in numbers if n // 20 == clip}) in (0, 20) for clip in range(count))
        assert poses.held_out_by == f"{len(parts['test']) // 20} of {count} clips"
    else:
        assert poses.held_out_by == "the last 15 % of each clip"
        assert max(parts["train"]) > 20 * (count - 1)


def test_a_folder_is_read_whole_and_faults_are_told(bvh: Path, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "more.bvh").write_text(bvh_text(34))
    (tmp_path / "broken.bvh").write_text("HIERARCHY")
    (tmp_path / "notes.txt").write_text("no poses")
    told: list[Exception] = []
    assert read_own_poses(tmp_path, told.append).names == ("more", "wave")
    assert [str(error) for error in told] == [
        f"{tmp_path / 'broken.bvh'}: expected a MOTION section after HIERARCHY, got none; is the file cut off?"
    ]
    with pytest.raises(InputError, match="expected a MOTION section"):
        read_own_poses(tmp_path)
    bvh.unlink()
    (tmp_path / "deep" / "more.bvh").unlink()
    with pytest.raises(InputError, match="poses: expected a file that can be read, got none of 1; give others"):
        read_own_poses(tmp_path, told.append)


def test_what_holds_no_poses_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"x.mp4: expected poses, a file ending in \.bvh, \.amc, .*, got \.mp4"):
        read_own_poses(tmp_path / "x.mp4")
    with pytest.raises(FileError, match=r"gone.bvh"):
        read_own_poses(tmp_path / "gone.bvh")
    with pytest.raises(FileError, match=r"expected files ending in \.bvh, .* in this folder, got none"):
        read_own_poses(tmp_path)
    path = tmp_path / "short.bvh"
    path.write_text(bvh_text(5))
    with pytest.raises(
        InputError, match=f"poses: expected at least {FEWEST_POSES} that differ, got 5; give more, or longer"
    ):
        read_own_poses(path)
    path.write_text(bvh_text(90, left_arm="Tentacle"))
    with pytest.raises(
        InputError, match=r"short.bvh: expected points named as joints, got none for left_shoulder; it has"
    ):
        read_own_poses(path)


def test_c3d_markers_become_poses(tmp_path: Path, bvh: Path) -> None:
    ezc3d = pytest.importorskip("ezc3d", reason="needs the extra datasets")
    from metricpose.datasets.mocap import read_points

    tracks = read_points(bvh)
    document = ezc3d.c3d()
    document["parameters"]["POINT"]["UNITS"]["value"] = ["m"]
    document["parameters"]["POINT"]["RATE"]["value"] = [100.0]
    document["parameters"]["POINT"]["LABELS"]["value"] = list(tracks.names)
    points = np.ones((4, len(tracks.names), len(tracks.frames)))
    points[:3] = tracks.positions_m[..., [2, 0, 1]].transpose(2, 1, 0)  # z up, as laboratories have it
    document["data"]["points"] = points
    document.write(str(tmp_path / "wave.c3d"))
    ours, theirs = (read_own_poses(tmp_path / name).clips[0] for name in ("wave.bvh", "wave.c3d"))
    assert len(ours) == len(theirs)
    for node in LIMBS:
        index = NODES.index(node)
        assert angles_deg(ours[:, index].numpy(), theirs[:, index].numpy()).max() < 0.5, node
