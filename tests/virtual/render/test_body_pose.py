"""Posing: a skeleton of points alone, whose kinematics must be the canonical rig's; and rotations' small algebra."""

import numpy as np
import pytest
import torch

from metricpose._errors import InputError
from metricpose.virtual.kinematics import posed
from metricpose.virtual.render import body_pose
from metricpose.virtual.render.body_pose import (
    BodyRig,
    about,
    measured_offsets,
    node_turns,
    posed_body,
    powered,
    rest_body,
    skinned,
    swing_and_twist,
)
from metricpose.virtual.rig import LANDMARKS, NODES

# Bones of the left side and the middle, as (name, parent, head): person frame, metres, arms half down, feet apart.
# Bones within a limb lie on the line of its joints, where twisting them moves nothing.
MIDDLE = [
    ("root", None, (0, 0, 1.0)), ("spine05", "root", (0, 0, 1.02)), ("spine04", "spine05", (0, 0, 1.08)),
    ("spine03", "spine04", (0, 0, 1.15)), ("spine02", "spine03", (0, 0, 1.24)), ("spine01", "spine02", (0, 0, 1.35)),
    ("neck01", "spine01", (0, 0, 1.47)), ("neck02", "neck01", (0.01, 0, 1.5)), ("neck03", "neck02", (0.01, 0, 1.53)),
    ("head", "neck03", (0.02, 0, 1.56)),
]  # fmt: skip
LEFT = [
    ("clavicle", "spine01", (0.02, 0.03, 1.42)), ("shoulder01", "clavicle", (0.0, 0.18, 1.41)),
    ("upperarm01", "shoulder01", (0.0, 0.18, 1.41)), ("upperarm02", "upperarm01", (0.0, 0.27, 1.31)),
    ("lowerarm01", "upperarm02", (0.0, 0.36, 1.21)), ("lowerarm02", "lowerarm01", (0.02, 0.445, 1.125)),
    ("wrist", "lowerarm02", (0.04, 0.53, 1.04)),
    ("pelvis", "root", (0, 0.05, 0.97)), ("upperleg01", "pelvis", (0, 0.09, 0.93)),
    ("upperleg02", "upperleg01", (0, 0.105, 0.715)), ("lowerleg01", "upperleg02", (0, 0.12, 0.5)),
    ("lowerleg02", "lowerleg01", (-0.01, 0.13, 0.295)), ("foot", "lowerleg02", (-0.02, 0.14, 0.09)),
    *[(f"finger{f}-{j}", "wrist" if j == 1 else f"finger{f}-{j - 1}", (0.06 - 0.02 * f, 0.56 + 0.03 * j, 1 - 0.03 * j))
      for f in range(1, 6) for j in (1, 2, 3)],
    *[(f"toe{i}-1", "foot", (0.1 - 0.01 * i, 0.11 + 0.02 * i, 0.02)) for i in range(1, 6)],
]  # fmt: skip
HEAD_POINTS = {
    "nose": (0.14, 0, 1.6),
    "left_eye": (0.12, 0.03, 1.63),
    "left_ear": (0.03, 0.075, 1.61),
    "top": (0.03, 0, 1.76),
}
FOOT_POINTS = {
    "left_heel": (-0.06, 0.13, 0.03),
    "left_big_toe": (0.15, 0.13, 0.01),
    "left_small_toe": (0.11, 0.2, 0.01),
}
JOINTS = {"shoulder": "upperarm01", "elbow": "lowerarm01", "wrist": "wrist", "hip": "upperleg01", "knee": "lowerleg01",
          "ankle": "foot"}  # fmt: skip


def mirrored(point):
    return (point[0], -point[1], point[2])


def skeleton():
    """A rig whose vertices are its bone heads and some points, each on one bone; and its body at rest."""
    bones = [(name, parent, head) for name, parent, head in MIDDLE]
    for letter, flip in (("L", tuple), ("R", mirrored)):
        bones += [
            (f"{n}.{letter}", p if p in dict((m[0], 0) for m in MIDDLE) else f"{p}.{letter}", flip(h))
            for n, p, h in LEFT
        ]
    names = [bone[0] for bone in bones]
    points = [(name, name, head) for name, _, head in bones]
    points += [(k, "head", v) for k, v in HEAD_POINTS.items()]
    points += [(k, "foot.L" if "heel" in k else "toe1-1.L", v) for k, v in FOOT_POINTS.items()]
    for name, bone, at in [p for p in points if p[0].startswith("left")]:
        points.append((name.replace("left", "right"), bone.replace(".L", ".R"), mirrored(at)))
    at = {name: index for index, (name, _, _) in enumerate(points)}
    keypoints = {name: name for name in ("nose", *(n for n in at if n.startswith(("left_", "right_"))))}
    for joint, bone in JOINTS.items():
        keypoints |= {f"left_{joint}": f"{bone}.L", f"right_{joint}": f"{bone}.R"}
    weights = np.zeros((len(points), len(names)), np.float32)
    weights[np.arange(len(points)), [names.index(bone) for _, bone, _ in points]] = 1
    regressor = np.zeros((len(keypoints), len(points)), np.float32)
    regressor[np.arange(len(keypoints)), [at[source] for source in keypoints.values()]] = 1
    rig = BodyRig(
        bones=tuple(names),
        parents=tuple(-1 if parent is None else names.index(parent) for _, parent, _ in bones),
        skin_weights=weights,
        keypoints=tuple(keypoints),
        keypoint_weights=regressor,
    )
    vertices = np.array([point for _, _, point in points], float)
    return rig, rest_body(rig, vertices, vertices[: len(names)])


RIG, BODY = skeleton()


def random_rotations(rng, count=21, most=1.2):
    axes = rng.normal(size=(count, 3))
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    return np.stack([about(axis, angle) for axis, angle in zip(axes, rng.uniform(0, most, count), strict=True)])


def kinematics(rotations):
    nodes, marks = (torch.tensor(offsets)[None] for offsets in measured_offsets(BODY.points))
    at_nodes, at_marks = posed(nodes, marks, torch.tensor(rotations)[None])
    return dict(zip(NODES, at_nodes[0].numpy(), strict=True)) | {
        name: point for (name, _), point in zip(LANDMARKS, at_marks[0].numpy(), strict=True)
    }


def test_the_identity_is_the_canonical_t_pose():
    points = posed_body(RIG, BODY, np.tile(np.eye(3), (21, 1, 1)), finger_curl=0.0).points
    assert points["pelvis"].tolist() == [0, 0, 0]
    for side, sign in (("left", 1), ("right", -1)):
        arm = points[f"{side}_wrist"] - points[f"{side}_shoulder"]
        leg = points[f"{side}_ankle"] - points[f"{side}_hip"]
        np.testing.assert_allclose(arm / np.linalg.norm(arm), (0, sign, 0), atol=1e-6)
        np.testing.assert_allclose(leg / np.linalg.norm(leg), (0, 0, -1), atol=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_limbs_agree_with_the_kinematics_of_the_same_body(seed):
    rng = np.random.default_rng(seed)
    rotations = random_rotations(rng)
    trunk = [i for i, node in enumerate(NODES) if "_" not in node]
    rotations[trunk] = rotations[0]  # a trunk that does not bend: what it spreads over five bones is tested below
    got, expected = posed_body(RIG, BODY, rotations, finger_curl=0.0).points, kinematics(rotations)
    # Fingers follow the wrist; toe landmarks hang on the toes, whose pivots are five and not one.
    loose = {name for name in expected if "toe" in name}
    for name in set(expected) - loose:
        np.testing.assert_allclose(got[name], expected[name], atol=1e-5, err_msg=name)


@pytest.mark.parametrize("seed", range(4))
def test_a_bent_trunk_stays_within_centimetres(seed):
    rotations = random_rotations(np.random.default_rng(seed), most=0.5)
    got, expected = posed_body(RIG, BODY, rotations, finger_curl=0.0).points, kinematics(rotations)
    assert max(np.linalg.norm(got[name] - expected[name]) for name in ("spine", "chest", "neck", "head")) < 0.03


def test_turning_the_world_turns_the_answer():
    rng = np.random.default_rng(5)
    rotations, turn = random_rotations(rng), about(np.array([0, 0, 1.0]), 1.1)
    plain, turned = posed_body(RIG, BODY, rotations), posed_body(RIG, BODY, turn @ rotations)
    np.testing.assert_allclose(turned.vertices, plain.vertices @ turn.T, atol=1e-5)


def test_a_mirrored_pose_mirrors_the_body():
    from metricpose.virtual.rig import MIRROR

    flip = np.diag([1.0, -1, 1])
    rotations = random_rotations(np.random.default_rng(6))
    plain = posed_body(RIG, BODY, rotations).points
    other = posed_body(RIG, BODY, flip @ rotations[list(MIRROR)] @ flip).points
    for name in ("left_wrist", "left_knee", "left_hand_tip", "left_ear", "left_heel"):
        np.testing.assert_allclose(other[name.replace("left", "right")], flip @ plain[name], atol=1e-5, err_msg=name)


def test_fingers_bend_towards_the_palm():
    """In the T-pose palms look down: curled finger tips are lower than straight ones, on both hands."""
    rest = np.tile(np.eye(3), (21, 1, 1))
    straight, curled = (posed_body(RIG, BODY, rest, finger_curl=c).points for c in (0.0, 0.5))
    for side in ("left", "right"):
        assert curled[f"{side}_hand_tip"][2] < straight[f"{side}_hand_tip"][2] - 0.005


def test_the_forearm_takes_half_of_the_hands_twist():
    rotations = np.tile(np.eye(3), (21, 1, 1))
    rotations[NODES.index("left_hand")] = about(np.array([0, 1.0, 0]), 1.0)
    turns = body_pose.bone_rotations(RIG, BODY, rotations, 0.0)
    still = body_pose.bone_rotations(RIG, BODY, np.tile(np.eye(3), (21, 1, 1)), 0.0)
    bone = RIG.bone("lowerarm02.L")
    angle = np.arccos((np.trace(turns[bone] @ still[bone].T) - 1) / 2)
    assert angle == pytest.approx(0.5, abs=0.02)


def test_swing_and_twist_make_the_rotation_again():
    rng = np.random.default_rng(0)
    for rotation in random_rotations(rng, 20, 3.0):
        axis = rng.normal(size=3)
        axis /= np.linalg.norm(axis)
        swing, twist = swing_and_twist(rotation, axis)
        np.testing.assert_allclose(swing @ twist, rotation, atol=1e-9)
        np.testing.assert_allclose(twist @ axis, axis, atol=1e-9)


@pytest.mark.parametrize("angle", [0.0, 1e-9, 0.7, np.pi - 1e-7, np.pi])
def test_half_a_rotation_twice_is_the_rotation(angle):
    rotation = about(np.array([0.6, 0, 0.8]), angle)
    half = powered(rotation, 0.5)
    np.testing.assert_allclose(half @ half, rotation, atol=1e-6)
    np.testing.assert_allclose(powered(rotation, 1.0), rotation)
    np.testing.assert_allclose(powered(rotation, 0.0), np.eye(3))


def test_skinning_has_a_slow_twin():
    rng = np.random.default_rng(0)
    vertices, weights = rng.normal(size=(5, 3)), rng.dirichlet(np.ones(3), 5).astype(np.float32)
    transforms = rng.normal(size=(3, 3, 4))
    slow = [
        sum(w * (t[:, :3] @ v + t[:, 3]) for w, t in zip(row, transforms, strict=True))
        for v, row in zip(vertices, weights, strict=True)
    ]
    np.testing.assert_allclose(skinned(vertices, weights, transforms), slow, atol=1e-5)


def test_turns_are_rotations():
    turns = node_turns(BODY.points)
    np.testing.assert_allclose(turns @ turns.transpose(0, 2, 1), np.tile(np.eye(3), (21, 1, 1)), atol=1e-9)


def test_a_batch_is_refused():
    with pytest.raises(InputError, match=r"expected rotations \(21, 3, 3\), got \(2, 21, 3, 3\)"):
        posed_body(RIG, BODY, np.zeros((2, 21, 3, 3)))
