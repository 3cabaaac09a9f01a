"""Windows on people and answers turned back: labels stay exact through every turn, shift, size and mirror."""

import math

import numpy as np
import pytest
import torch

from metricpose._errors import FileError
from metricpose.losses.multi_skeleton import MultiSkeletonLossOptions, centred, multi_skeleton_loss
from metricpose.models.multi_skeleton import Answer, Joints
from metricpose.skeletons import skeleton_named
from metricpose.skeletons.joint_sets import JointSet
from metricpose.training.aimed_people import (
    AimedPeople,
    WindowOptions,
    drawn_affines,
    drawn_windows,
    read_aimed_people,
    windows,
)
from metricpose.training.crop_patches import affines
from metricpose.training.multi_skeleton_judging import disagreement_mm, mean_figures, skeleton_figures, turned_back

JOINTS = JointSet(skeletons=(skeleton_named("coco17"), skeleton_named("h36m17")))
PX = 48


@pytest.fixture
def people() -> AimedPeople:
    generator = torch.Generator().manual_seed(5)
    bodies = 0.4 * torch.randn(6, len(JOINTS), 3, generator=generator)
    labelled = torch.zeros(6, len(JOINTS), dtype=torch.bool)
    labelled[:3, JOINTS.slices[0]] = True
    labelled[3:, JOINTS.slices[1]] = True
    return AimedPeople(
        pictures=torch.randint(0, 255, (6, 3, PX, PX), generator=generator, dtype=torch.uint8),
        focal_px=torch.linspace(40, 90, 6),
        joints_cam=bodies + torch.tensor([0.0, 0.0, 4.0]),
        labelled=labelled,
        whole=torch.ones(6, dtype=torch.bool),
    )


def ones(value: float) -> torch.Tensor:
    return torch.full((6,), value)


def some_affines(side: float) -> tuple[torch.Tensor, torch.Tensor]:
    angle = torch.tensor([0.0, 0.3, -0.6, 1.0, 2.0, -3.0])
    return affines(angle, ones(1.2), ones(side), torch.arange(12.0).reshape(6, 2) - 5, PX, 32)


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_window_cameras_see_joints_where_the_affine_map_puts_the_patch(people, side):
    linear, shift = some_affines(side)
    made = windows(people, linear, shift, 32, JOINTS)
    patch_px = people.joints_cam[..., :2] / people.joints_cam[..., 2:] * people.focal_px[:, None, None] + (PX - 1) / 2
    expected = torch.einsum("bxy,bjy->bjx", linear, patch_px) + shift[:, None]
    if side < 0:
        expected = expected[:, list(JOINTS.mirror)]
    torch.testing.assert_close(made.targets.joints_px, expected, atol=1e-3, rtol=0)


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_answers_turned_back_are_those_of_the_patch(people, side):
    linear, shift = some_affines(side)
    made = windows(people, linear, shift, 32, JOINTS)
    torch.testing.assert_close(turned_back(made.targets.joints_cam, linear, JOINTS), people.joints_cam)


def test_a_mirrored_window_has_mirrored_pixels_and_labels(people):
    plain = windows(people, *affines(ones(0), ones(1), ones(1), torch.zeros(6, 2), PX, 32), 32, JOINTS)
    other = windows(people, *affines(ones(0), ones(1), ones(-1), torch.zeros(6, 2), PX, 32), 32, JOINTS)
    torch.testing.assert_close(other.pictures, plain.pictures.flip(-1), atol=1e-4, rtol=0)
    left, right = JOINTS.skeletons[0].index("left_wrist"), JOINTS.skeletons[0].index("right_wrist")
    mirror = torch.tensor([-1.0, 1.0, 1.0])
    torch.testing.assert_close(other.targets.joints_cam[:, left], plain.targets.joints_cam[:, right] * mirror)
    torch.testing.assert_close(other.targets.labelled, plain.targets.labelled)


def test_a_quarter_turn_and_the_size_change_the_lens_not_the_distance(people):
    turned = windows(people, *affines(ones(math.pi / 2), ones(1.5), ones(1), torch.zeros(6, 2), PX, 32), 32, JOINTS)
    plain = windows(people, *affines(ones(0), ones(1), ones(1), torch.zeros(6, 2), PX, 32), 32, JOINTS)
    torch.testing.assert_close(turned.focal_px, plain.focal_px * 1.5)
    torch.testing.assert_close(turned.targets.joints_cam[..., 2], plain.targets.joints_cam[..., 2])


def test_drawn_windows_depend_on_the_generator_alone_and_some_are_cut(people):
    options = WindowOptions(size=32)
    first, again = (drawn_windows(people, options, torch.Generator().manual_seed(1), JOINTS) for _ in range(2))
    torch.testing.assert_close(first.pictures, again.pictures)
    linear, _ = drawn_affines(4000, PX, options, torch.Generator().manual_seed(2))
    size = torch.linalg.det(linear).abs().sqrt() * PX / 32
    usual = float(size.median())
    assert 0.15 < float((size > 1.3 * usual).float().mean()) < 0.35


def answer_of(joints_cam: torch.Tensor, px: torch.Tensor) -> Answer:
    return Answer(Joints(px, joints_cam - 4.0, joints_cam), None, None)


def test_exact_answers_lose_nothing_and_unlabelled_joints_do_not_count(people):
    made = windows(people, *some_affines(1.0), 32, JOINTS).targets
    options = MultiSkeletonLossOptions()
    exact = multi_skeleton_loss(answer_of(made.joints_cam, made.joints_px), made, options)
    assert float(exact["total"]) < 1e-6
    spoilt = torch.where(made.labelled[..., None], made.joints_cam, made.joints_cam + 3.0)
    assert float(multi_skeleton_loss(answer_of(spoilt, made.joints_px), made, options)["total"]) < 1e-6
    worse = multi_skeleton_loss(answer_of(made.joints_cam * 1.1, made.joints_px), made, options)
    assert min(float(worse["relative"]), float(worse["absolute"])) > 0.01


def test_a_shift_of_all_joints_is_no_relative_error_and_far_ones_teach_nothing(people):
    made = windows(people, *some_affines(1.0), 32, JOINTS).targets
    far = (made.joints_cam + torch.tensor([0.0, 0.0, 9.0])).requires_grad_()
    lost = multi_skeleton_loss(answer_of(far, made.joints_px), made, MultiSkeletonLossOptions())
    assert float(lost["relative"].detach()) < 1e-5
    lost["absolute"].backward()
    assert far.grad is not None and float(far.grad[..., 2].abs().max()) == 0


def test_the_tie_counts_all_joints(people):
    made = windows(people, *some_affines(1.0), 32, JOINTS).targets
    plain = answer_of(made.joints_cam, made.joints_px)
    tied = plain._replace(tied=plain.joints.relative + 0.2)
    lost = multi_skeleton_loss(tied, made, MultiSkeletonLossOptions(tie=0.5))
    assert float(lost["tie"]) == pytest.approx(0.1)


def test_centred_is_from_the_weighted_mean():
    points = torch.tensor([[[0.0, 0, 0], [2.0, 4, 6], [100.0, 0, 0]]])
    torch.testing.assert_close(centred(points, torch.tensor([[1.0, 1, 0]]))[0, 0], torch.tensor([-1.0, -2, -3]))


def test_figures_of_exact_and_of_shifted_people(people):
    true = people.joints_cam.double().numpy()
    exact = mean_figures(skeleton_figures(true, true, JOINTS))
    assert exact["mpjpe_mm"] == pytest.approx(0, abs=1e-6) and exact["cps200"] == 100
    far = skeleton_figures(true + np.array([0, 0, 0.4]), true, JOINTS)["h36m17"]
    assert far["mpjpe_mm"] == pytest.approx(0, abs=1e-6)
    assert 8 < far["mrpe_z_percent"] < 13 and far["z_bias_percent"] == pytest.approx(far["mrpe_z_percent"])


def test_heads_disagree_by_what_parts_them():
    places = {name: np.full(3, float(n)) for n, name in enumerate(dict.fromkeys(JOINTS.distinct))}
    found = np.stack([places[name] for name in JOINTS.distinct])[None]
    assert disagreement_mm(found, JOINTS) == {"depth_mm": 0.0, "across_mm": 0.0}
    apart = found.copy()
    apart[:, JOINTS.slices[1], 2] += 0.02
    assert disagreement_mm(apart, JOINTS) == {"depth_mm": pytest.approx(10.0), "across_mm": 0.0}
    one = JointSet(skeletons=JOINTS.skeletons[:1])
    assert math.isnan(disagreement_mm(found[:, :17], one)["depth_mm"])


def test_files_are_read_with_their_own_skeleton_labelled(tmp_path, people):
    names = list(dict.fromkeys(JOINTS.points))
    points = np.random.default_rng(0).random((2, len(names), 3)).astype(np.float32)
    np.savez(
        tmp_path / "set.npz", names=np.array(names), skeleton=np.array("h36m17"), points_cam=points,
        patch=np.zeros((2, PX, PX, 3), np.uint8), focal_px=np.ones(2, np.float32),
        inside=np.ones((2, len(names)), bool),
    )  # fmt: skip
    read = read_aimed_people(tmp_path / "set.npz", JOINTS)
    assert read.labelled[0].tolist() == [False] * 17 + [True] * 17
    np.testing.assert_array_equal(read.joints_cam[:, 20], points[:, names.index(JOINTS.points[20])])
    assert read.pictures.shape == (2, 3, PX, PX) and read.whole.all()
    (tmp_path / "torn.npz").write_bytes(b"PK nothing")
    with pytest.raises(FileError, match=r"torn\.npz: expected people of recipes/multi_skeleton_people"):
        read_aimed_people(tmp_path / "torn.npz", JOINTS)
