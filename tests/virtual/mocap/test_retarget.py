"""Retargeting laws, on clips made here and on the CMU files where they are at hand."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from metricpose._errors import InputError
from metricpose.io.asf_amc import read_asf_amc
from metricpose.io.bvh import read_bvh
from metricpose.io.mocap_clip import MocapClip
from metricpose.virtual.mocap.retarget import ASF_NAMES, retargeted
from metricpose.virtual.rig import MIRROR, NODES

WORLD = np.array([[0.0, 0, 1], [1, 0, 0], [0, 1, 0]])
"""Ours from the mocap's: x forward, y left, z up from x left, y up, z forward."""

# node of the rig, its rest direction, the mocap joint at the limb's far end
LIMBS = [
    (
        f"{side}_{part}",
        rest if side == "left" or part in ("thigh", "shin") else tuple(-np.array(rest)),
        end.format(Side),
    )
    for side, Side in (("left", "Left"), ("right", "Right"))
    for part, rest, end in (
        ("upper_arm", (0, 1, 0), "{}Elbow"),
        ("forearm", (0, 1, 0), "{}Wrist"),
        ("thigh", (0, 0, -1), "{}Knee"),
        ("shin", (0, 0, -1), "{}Ankle"),
    )
]


def _node(rotations: np.ndarray, name: str) -> np.ndarray:
    return rotations[:, NODES.index(name)]


def _limb_directions(clip: MocapClip, end: str) -> np.ndarray:
    own = {bvh: asf for asf, bvh in ASF_NAMES.items()} if clip.joint_names[0] == "root" else {}
    positions, joint = clip.positions_m(), clip.index(own.get(end, end))
    bones = (positions[:, joint] - positions[:, clip.parents[joint]]) @ WORLD.T
    return bones / np.linalg.norm(bones, axis=-1, keepdims=True)


def _assert_limbs_agree(clip: MocapClip) -> None:
    rotations = retargeted(clip)
    for node, rest, end in LIMBS:
        np.testing.assert_allclose(_node(rotations, node) @ rest, _limb_directions(clip, end), atol=1e-5, err_msg=node)


def _assert_rotations(rotations: np.ndarray) -> None:
    np.testing.assert_allclose(
        rotations @ rotations.swapaxes(-1, -2), np.broadcast_to(np.eye(3), rotations.shape), atol=1e-5
    )
    assert (np.linalg.det(rotations) > 0).all()


def test_the_mocaps_rest_pose_is_the_rigs_but_for_its_splayed_legs(cmu_clip):
    rotations = retargeted(cmu_clip())
    assert rotations.shape == (2, 21, 3, 3)
    assert rotations.dtype == np.float32
    splay = np.degrees(np.arctan2(0.14, 0.40))
    for side, sign in (("left", 1), ("right", -1)):
        thigh = Rotation.from_euler("x", sign * splay, degrees=True).as_matrix()
        np.testing.assert_allclose(_node(rotations, f"{side}_thigh")[0], thigh, atol=1e-6)
    upper = [i for i, node in enumerate(NODES) if not any(part in node for part in ("thigh", "shin", "foot", "toes"))]
    np.testing.assert_allclose(rotations[0, upper], np.tile(np.eye(3), (len(upper), 1, 1)), atol=1e-6)


def test_with_the_splay_taken_back_the_whole_body_stands_at_rest(cmu_clip):
    hips, splay = {}, np.arctan2(0.14, 0.40)
    knee = np.arctan2(0.14, 0.39) - splay
    for side, sign in (("Left", 1), ("Right", -1)):
        hips[f"{side}Hip"] = [0, 0, -sign * splay]
        hips[f"{side}Knee"] = [0, 0, -sign * knee]
    np.testing.assert_allclose(retargeted(cmu_clip(hips)), np.tile(np.eye(3), (2, 21, 1, 1)), atol=1e-6)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000))
def test_limb_directions_come_out_exactly_and_rotations_stay_rotations(cmu_clip, seed):
    rng = np.random.default_rng(seed)
    clip = cmu_clip({joint: rng.normal(size=(3, 3)) for joint in cmu_clip().joint_names}, frames=3)
    _assert_limbs_agree(clip)
    _assert_rotations(retargeted(clip))


def test_turning_the_mocaps_world_turns_the_answer(cmu_clip):
    clip = cmu_clip({"LeftKnee": [0.5, 0, 0], "Hips": [0.2, 0.1, 0]})
    turn = Rotation.from_euler("y", 70, degrees=True).as_matrix()
    ours = Rotation.from_euler("z", 70, degrees=True).as_matrix()
    turned = replace(clip, rotations=turn @ clip.rotations)
    np.testing.assert_allclose(retargeted(turned), ours @ retargeted(clip), atol=1e-6)


@pytest.mark.parametrize(("side", "other"), [("Left", "Right"), ("Right", "Left")])
def test_a_mirrored_motion_gives_the_mirrored_pose(cmu_clip, side, other):
    motion = {
        f"{side}Shoulder": np.array([0.3, -0.4, 0.5]),
        f"{side}Hip": np.array([-0.9, 0.2, 0.1]),
        "Hips": [0.1, 0, 0],
    }
    # A mirror at the y-z plane keeps turns about x and reverses the others.
    reflected = {joint.replace(side, other): np.array(v) * [1, -1, -1] for joint, v in motion.items()}
    flip = np.diag([1.0, -1.0, 1.0])
    expected = flip @ retargeted(cmu_clip(motion))[:, list(MIRROR)] @ flip
    np.testing.assert_allclose(retargeted(cmu_clip(reflected)), expected, atol=1e-6)


def test_a_step_forward_of_the_left_leg_is_the_rigs_left_thigh_forward(cmu_clip):
    rotations = retargeted(cmu_clip({"LeftHip": [-0.6, 0, 0]}))
    assert (_node(rotations, "left_thigh") @ [0, 0, -1])[0, 0] > 0.4
    assert abs((_node(rotations, "right_thigh") @ [0, 0, -1])[0, 0]) < 1e-6


def test_hanging_rest_arms_change_nothing(cmu_clip):
    """The BVH conversion measures arm angles from hanging arms, with the axes of each arm turned along."""
    clip = cmu_clip({"LeftShoulder": [0.2, -0.5, 0.9], "LeftElbow": [0, -0.7, 0.4]})
    arm = [clip.index(name) for name in ("LeftElbow", "LeftWrist", "lhand", "LFingers", "LThumb", "End_LThumb")]
    frames_of = [clip.index(name) for name in ("LeftShoulder", "LeftElbow", "LeftWrist", "lhand", "LFingers", "LThumb")]
    down = Rotation.from_euler("z", -90, degrees=True).as_matrix()
    offsets, rotations = clip.offsets_m.copy(), clip.rotations.copy()
    offsets[arm] = offsets[arm] @ down.T
    rotations[:, frames_of] = rotations[:, frames_of] @ down.T
    hanging = replace(clip, offsets_m=offsets, rotations=rotations)
    np.testing.assert_allclose(hanging.positions_m(), clip.positions_m(), atol=1e-9)
    np.testing.assert_allclose(retargeted(hanging), retargeted(clip), atol=1e-6)


def test_the_laboratorys_own_names_mean_the_same(cmu_clip):
    clip = cmu_clip({"RightElbow": [0, 0.7, 0.4]})
    asf = {bvh: name for name, bvh in ASF_NAMES.items()} | {
        f"End_{bvh}": f"End_{name}" for name, bvh in ASF_NAMES.items()
    }
    renamed = replace(clip, joint_names=tuple(asf[name] for name in clip.joint_names))
    np.testing.assert_array_equal(retargeted(renamed), retargeted(clip))


def test_a_missing_joint_is_named(cmu_clip):
    clip = cmu_clip(name="odd")
    odd = replace(clip, joint_names=tuple(name.replace("LeftKnee", "Kneecap") for name in clip.joint_names))
    with pytest.raises(InputError, match="'odd' has no joint 'LeftKnee'; it has Hips"):
        retargeted(odd)


def test_no_frames_give_no_poses(cmu_clip):
    assert retargeted(cmu_clip(frames=0)).shape == (0, 21, 3, 3)


MOCAP = Path(os.environ.get("METRICPOSE_SHARED", Path(__file__).parents[4] / "shared" / "data"), "mocap")
with_mocap = pytest.mark.skipif(not MOCAP.exists(), reason="needs the CMU clips: set METRICPOSE_SHARED")


def _real(kind: str) -> MocapClip:
    if kind == "bvh":
        return read_bvh(MOCAP / "cmu_bvh" / "07_01.bvh")
    return read_asf_amc(MOCAP / "cmu_asfamc" / "03" / "03.asf", MOCAP / "cmu_asfamc" / "03" / "03_02.amc", fps=30)


@with_mocap
@pytest.mark.parametrize("kind", ["bvh", "asf"])
def test_real_walkers_face_where_they_go_on_flat_soles_with_hinged_knees(kind):
    clip = _real(kind)
    rotations = retargeted(clip)
    _assert_limbs_agree(clip)
    assert clip.root_translation_m is not None
    way = WORLD @ (clip.root_translation_m[-1] - clip.root_translation_m[0])
    forward = _node(rotations, "pelvis")[:, :, 0].mean(0)
    assert forward[:2] @ way[:2] > 0.9 * np.linalg.norm(forward[:2]) * np.linalg.norm(way[:2])
    for side in ("left", "right"):
        pitch = np.degrees(np.arcsin(_node(rotations, f"{side}_foot")[:, 2, 0]))
        assert abs(np.median(pitch[np.abs(pitch) < 25])) < 12  # a foot on the (uneven) ground, not in swing
        shin = _node(rotations, f"{side}_thigh").swapaxes(-1, -2) @ _node(rotations, f"{side}_shin") @ [0, 0, -1]
        assert shin[:, 0].max() < 0.15  # knees never bend forward
        assert shin[:, 0].min() < -0.6
        forearm = _node(rotations, f"{side}_upper_arm").swapaxes(-1, -2) @ _node(rotations, f"{side}_forearm")
        assert (forearm[:, 0, 1] * (1 if side == "left" else -1)).min() > -0.02  # elbows never bend backward
