"""Joint angles against scipy, their meaning, their limits and the mirror."""

import math

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from metricpose.virtual.joints import (
    AXIAL,
    BEHIND_ELEVATION_DEG,
    LIMITS_DEG,
    angles_of,
    limited,
    rotations_of,
    turned,
    turns,
)
from metricpose.virtual.pose_source import mirrored
from metricpose.virtual.rig import NODES


def _shape(name, n):
    return (n,) if name.split("_")[0] in AXIAL else (n, 2)


def _random_angles(n, seed=0, beyond=0.0):
    rng = np.random.default_rng(seed)
    angles = {
        name: torch.deg2rad(torch.from_numpy(rng.uniform(low - beyond, high + beyond, _shape(name, n))))
        for name, (low, high) in LIMITS_DEG.items()
    }
    return angles | {"pelvis": torch.from_numpy(Rotation.random(n, random_state=seed).as_matrix()).reshape(n, 3, 3)}


def _rest(n=1, **degrees):
    """Arms hanging, the rest straight, but for the named angles, alike on both sides."""
    zero = {name: torch.zeros(_shape(name, n)) for name in LIMITS_DEG}
    given = {name: torch.full(_shape(name, n), math.radians(value)) for name, value in degrees.items()}
    return rotations_of(zero | given | {"pelvis": torch.eye(3).expand(n, 3, 3)})


def _axis(rotations, part, axis):
    return rotations[0, NODES.index(part), :, "xyz".index(axis)].numpy().round(5)


@pytest.mark.parametrize("people", [0, 1, 20])
def test_angles_to_rotations_and_back(people):
    angles = limited(_random_angles(people))
    again = angles_of(rotations_of(angles))
    for name, value in angles.items():
        torch.testing.assert_close(again[name], value, atol=1e-9, rtol=0, msg=name)


def test_three_axis_turns_equal_scipy():
    rng = np.random.default_rng(1)
    y, x, z = rng.uniform(-1.5, 1.5, (3, 40))
    rotation = turned(*(torch.from_numpy(a) for a in (y, x, z)))
    np.testing.assert_allclose(rotation, Rotation.from_euler("YXZ", np.stack((y, x, z), 1)).as_matrix(), atol=1e-12)
    np.testing.assert_allclose(torch.stack(turns(rotation)), (y, x, z), atol=1e-9)


def test_angles_mean_what_their_names_say():
    assert _axis(_rest(hip_flexion=90), "left_thigh", "z").tolist() == [-1, 0, 0]  # -z, the thigh, forwards
    assert _axis(_rest(knee_flexion=90), "right_shin", "z").tolist() == [1, 0, 0]  # the shin backwards
    assert _axis(_rest(), "left_upper_arm", "y").tolist() == [0, 0, -1]  # hanging
    assert _axis(_rest(), "left_upper_arm", "z").tolist() == [0, 1, 0]  # palms (-z) face the body
    raised = _rest(arm_elevation=90)
    assert _axis(raised, "left_upper_arm", "y").tolist() == [0, 1, 0]
    np.testing.assert_allclose(raised[:, NODES.index("left_upper_arm")], torch.eye(3)[None], atol=1e-6)  # the T-pose
    assert _axis(_rest(arm_elevation=90, arm_plane=90), "right_upper_arm", "y").tolist() == [-1, 0, 0]  # forwards
    assert _axis(_rest(elbow_flexion=90), "left_forearm", "y").tolist() == [1, 0, 0]
    assert _axis(_rest(spine_flexion=30), "chest", "z")[0] > 0.4  # bends forwards
    assert _axis(_rest(head_twist=30), "head", "x")[1] > 0.4  # looks left
    assert _axis(_rest(hip_abduction=20), "left_thigh", "z")[1] < 0  # the foot goes left
    assert _axis(_rest(hip_abduction=20), "right_thigh", "z")[1] > 0
    assert _axis(_rest(hip_turn_out=20), "right_foot", "x")[1] < 0
    assert _axis(_rest(ankle_dorsiflexion=20), "left_foot", "x")[2] > 0
    assert _axis(_rest(clavicle_elevation=20), "left_clavicle", "y")[2] > 0
    assert _axis(_rest(arm_twist=60, elbow_flexion=90), "left_forearm", "y")[1] < 0  # turned in: hand to the belly


def test_a_mirrored_pose_swaps_the_sides():
    angles = limited(_random_angles(10, seed=2))
    seen = angles_of(mirrored(rotations_of(angles)))
    for name in ("arm_plane", "arm_twist", "elbow_flexion", "wrist_ulnar", "hip_turn_out", "knee_flexion"):
        torch.testing.assert_close(seen[name], angles[name].flip(1), atol=1e-9, rtol=0)
    torch.testing.assert_close(seen["spine_flexion"], angles["spine_flexion"])
    torch.testing.assert_close(seen["neck_twist"], -angles["neck_twist"])
    torch.testing.assert_close(mirrored(mirrored(rotations_of(angles))), rotations_of(angles))


def test_limits_hold_and_leave_good_poses_alone():
    wild = limited(_random_angles(200, seed=3, beyond=60))
    for name, (low, high) in LIMITS_DEG.items():
        degrees = torch.rad2deg(wild[name])
        assert degrees.min() >= low - 1e-4, name
        assert degrees.max() <= high + 1e-4, name
    behind = torch.rad2deg(wild["arm_plane"]) < -30
    assert torch.rad2deg(wild["arm_elevation"])[behind].max() <= BEHIND_ELEVATION_DEG + 1e-4
    again = limited(wild)
    assert all(torch.equal(again[name], value) for name, value in wild.items())
