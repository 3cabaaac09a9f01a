"""Named points on the rig: limbs point where the points say, knees and elbows bend as they did, names are found."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="virtual data needs the train extra")

from metricpose._errors import InputError  # noqa: E402
from metricpose.bodies.bank import BodyBank  # noqa: E402
from metricpose.virtual.kinematics import posed  # noqa: E402
from metricpose.virtual.mocap.cleaning import angles_deg  # noqa: E402
from metricpose.virtual.mocap.from_points import (  # noqa: E402
    HELPFUL,
    NEEDED,
    named_points,
    rotations_of_points,
    upright_axes,
)
from metricpose.virtual.procedural import ProceduralPoses  # noqa: E402
from metricpose.virtual.rig import LANDMARKS, NODES  # noqa: E402

LIMBS = [
    (f"{side}_{a}", f"{side}_{b}")
    for side in ("left", "right")
    for a, b in (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))
]


def _points(rotations: torch.Tensor) -> dict[str, np.ndarray]:
    """Landmarks (N, 3) of one adult in these poses, by name."""
    bank = BodyBank.load()
    adult = int(np.abs(bank.age_years - 30).argmin())
    offsets = (torch.tensor(values[adult]).expand(len(rotations), -1, -1) for values in (
        bank.node_offsets, bank.landmark_offsets))  # fmt: skip
    _, landmarks = posed(*offsets, rotations)
    return {name: landmarks[:, i].double().numpy() for i, (name, _) in enumerate(LANDMARKS)}


@pytest.fixture(scope="module")
def poses() -> torch.Tensor:
    return ProceduralPoses().draw(300, torch.Generator().manual_seed(0))


def _needed(points: dict[str, np.ndarray], helpful: bool = True) -> dict[str, np.ndarray]:
    return {name: points[name] for name in NEEDED + (HELPFUL if helpful else ())}


@pytest.mark.parametrize("helpful", [True, False])
def test_limbs_point_where_the_points_say(poses: torch.Tensor, helpful: bool) -> None:
    points = _points(poses)
    rotations = rotations_of_points(_needed(points, helpful))
    assert rotations.shape == (300, 21, 3, 3)
    np.testing.assert_allclose(
        rotations @ rotations.swapaxes(-1, -2), np.broadcast_to(np.eye(3), rotations.shape), atol=1e-5
    )
    np.testing.assert_allclose(np.linalg.det(rotations), 1.0, atol=1e-5)
    again = _points(torch.tensor(rotations))
    for start, end in LIMBS:
        was, now = (p[end] - p[start] for p in (points, again))
        cos = (was * now).sum(-1) / np.linalg.norm(was, axis=-1) / np.linalg.norm(now, axis=-1)
        assert cos.min() > 0.9999, (start, end)


def test_joints_come_out_near_where_they_were(poses: torch.Tensor) -> None:
    points = _points(poses)
    again = _points(torch.tensor(rotations_of_points(_needed(points))))
    for name, _ in LANDMARKS[:17]:
        assert np.linalg.norm(points[name] - again[name], axis=-1).mean() < 0.05, name


def test_what_bends_tells_how_thighs_and_heads_are_turned(poses: torch.Tensor) -> None:
    rotations = rotations_of_points(_needed(_points(poses)))
    for node, most in (("left_thigh", 6.0), ("right_shin", 6.0), ("left_upper_arm", 10.0), ("head", 5.0)):
        index = NODES.index(node)
        assert np.percentile(angles_deg(rotations[:, index], poses[:, index].numpy()), 80) < most, node


def test_a_rest_pose_is_the_rest_pose() -> None:
    rest = torch.eye(3).expand(1, 21, 3, 3).contiguous()
    rotations = rotations_of_points(_needed(_points(rest), helpful=False))[0]
    for node in ("left_thigh", "right_shin", "left_forearm", "right_upper_arm", "left_foot"):
        assert angles_deg(rotations[NODES.index(node)], np.eye(3)) < 9, node  # the spine at rest leans a little


def test_turning_the_world_turns_the_answer(poses: torch.Tensor) -> None:
    turn = np.array([[0.6, -0.8, 0.0], [0.8, 0.6, 0.0], [0.0, 0.0, 1.0]])
    points = _needed(_points(poses))
    turned = rotations_of_points({name: values @ turn.T for name, values in points.items()})
    np.testing.assert_allclose(turned, turn @ rotations_of_points(points), atol=1e-4)


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("sign", [1, -1])
def test_up_is_where_shoulders_stand_over_ankles(poses: torch.Tensor, axis: int, sign: int) -> None:
    standing = _points(torch.eye(3).expand(5, 21, 3, 3).contiguous())
    there = np.roll(np.eye(3), axis, axis=0)
    if sign < 0:  # a half turn about x
        there = there @ np.diag([1.0, -1.0, -1.0])
    turn = upright_axes({name: values @ there.T for name, values in standing.items()})
    assert np.linalg.det(turn) == pytest.approx(1.0)
    np.testing.assert_allclose(turn @ there @ [0.0, 0.0, 1.0], [0.0, 0.0, 1.0], atol=1e-12)


def test_people_who_lie_do_not_tell_what_is_up() -> None:
    lying = ProceduralPoses().draw_kind("lying_supine", 20, torch.Generator().manual_seed(1))
    slanted = np.linalg.qr(np.array([[1.0, 1, 1], [1, -1, 0], [1, 1, -2]]))[0]
    points = {name: values @ slanted.T for name, values in _points(lying).items()}
    with pytest.raises(InputError, match="expected people who mostly stand, so that the axis that is up can be told"):
        upright_axes(points)


MIXAMO = {
    "shoulder": "mixamorig:{}Arm", "elbow": "mixamorig:{}ForeArm", "wrist": "mixamorig:{}Hand",
    "hip": "mixamorig:{}UpLeg", "knee": "mixamorig:{}Leg", "ankle": "mixamorig:{}Foot",
}  # fmt: skip
BLENDER = {
    "shoulder": "upper_arm.{}", "elbow": "forearm.{}", "wrist": "hand.{}", "hip": "thigh.{}", "knee": "shin.{}",
    "ankle": "foot.{}",
}  # fmt: skip
SMPL = {joint: f"{{}}_{joint.title()}" for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")}
GAIT = {"shoulder": "{}SHO", "elbow": "{}ELB", "wrist": "{}WRA", "hip": "{}HJC", "knee": "{}KNE", "ankle": "{}ANK"}


@pytest.mark.parametrize(
    ("table", "sides"), [(MIXAMO, ("Left", "Right")), (BLENDER, ("L", "R")), (SMPL, ("L", "R")), (GAIT, ("L", "R"))]
)
def test_joints_are_found_by_the_names_of_other_programs(table: dict[str, str], sides: tuple[str, str]) -> None:
    names = [name.format(side) for side in sides for name in table.values()]
    decoys = ["mixamorig:LeftShoulder", "shoulder.R", "Hips", "Spine"]
    positions = np.arange(len(names) + 4, dtype=float)[None, :, None] * np.ones(3)
    found = named_points([*decoys, *names] if table in (MIXAMO, BLENDER) else [*names, "a", "b", "c", "d"], positions)
    offset = 4 if table in (MIXAMO, BLENDER) else 0
    expected = [f"{side}_{joint}" for side in ("left", "right") for joint in table]
    assert {joint: found[joint][0, 0] - offset for joint in expected} == {j: i for i, j in enumerate(expected)}


def test_hips_come_from_four_markers_on_the_pelvis() -> None:
    names = [f"{side}{name}" for side in "LR" for name in ("SHO", "ELB", "WRA", "KNE", "ANK", "ASI", "PSI")]
    positions = np.zeros((1, len(names), 3))
    for name, place in {
        "LASI": (0, 0.12, 1),
        "RASI": (0, -0.12, 1),
        "LPSI": (-0.15, 0.04, 1),
        "RPSI": (-0.15, -0.04, 1),
    }.items():
        positions[0, names.index(name)] = place
    found = named_points(names, positions)
    np.testing.assert_allclose(found["left_hip"][0], [-0.19 * 0.24, 0.36 * 0.24, 1 - 0.3 * 0.24], atol=1e-12)
    np.testing.assert_allclose(found["right_hip"][0], [-0.19 * 0.24, -0.36 * 0.24, 1 - 0.3 * 0.24], atol=1e-12)


def test_missing_joints_are_named() -> None:
    names = [f"left_{joint}" for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")] + ["M1"] * 8
    with pytest.raises(InputError) as caught:
        named_points(names, np.zeros((1, len(names), 3)))
    assert str(caught.value) == (
        "expected points named as joints, got none for right_shoulder, right_elbow, right_wrist, right_hip, "
        "right_knee, right_ankle; it has left_shoulder, left_elbow, left_wrist, left_hip, left_knee, left_ankle, "
        "M1, M1, M1, M1, M1, M1 and 2 more"
    )
