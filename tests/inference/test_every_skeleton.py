"""The lifter in every skeleton: shipped weights, an engine that reads COCO's joints alone, mixed calls."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from metricpose import Camera, InputError, People2D
from metricpose.cli.bench_lift import standing_people
from metricpose.inference import RayLifter
from metricpose.inference.joint_subset import with_joints
from metricpose.people import People3D
from metricpose.skeletons import CATALOGUE, Skeleton, skeleton_named
from metricpose.skeletons.catalogue import COCO17

CAMERA = Camera.from_fov((1280, 720), 60.0)
PEOPLE = standing_people(4, CAMERA, seed=2)


@pytest.fixture(scope="module")
def lifter() -> RayLifter:
    return RayLifter.load(threads=1)


def _same(one: People3D, other: People3D, tolerance: float = 1e-4) -> None:
    for name in ("joints_cam", "joint_sigma", "root_cam", "root_depth_interval"):
        np.testing.assert_allclose(
            getattr(one, name), getattr(other, name), rtol=tolerance, atol=tolerance, err_msg=name
        )


@pytest.mark.weights
@pytest.mark.parametrize("name", CATALOGUE)
def test_people_come_and_go_in_any_skeleton_of_the_catalogue(lifter: RayLifter, name: str) -> None:
    seen = PEOPLE.to(name)
    lifted = lifter(seen, CAMERA, skeleton=name)
    assert lifted.skeleton == skeleton_named(name)
    assert lifted.joint_known.all()
    assert np.isfinite(lifted.joints_cam).all()
    np.testing.assert_array_equal(lifted.joint_scores, seen.joint_scores)
    inside = (lifted.root_depth_interval[:, 0] < lifted.root_cam[:, 2]) & (
        lifted.root_cam[:, 2] < lifted.root_depth_interval[:, 1]
    )
    assert inside.all()
    coco = lifter(seen, CAMERA)
    assert coco.skeleton == COCO17
    assert np.linalg.norm(lifted.root_cam - coco.root_cam, axis=1).max() < 0.2


@pytest.mark.weights
def test_joints_of_one_name_are_one_point_in_every_skeleton(lifter: RayLifter) -> None:
    coco = lifter(PEOPLE, CAMERA)
    for name in ("body25", "halpe26", "mediapipe33", "panoptic19"):
        other = lifter(PEOPLE, CAMERA, skeleton=name)
        for joint, place in enumerate(COCO17.joints):
            there = other.skeleton.index(place)
            np.testing.assert_allclose(other.joints_cam[:, there], coco.joints_cam[:, joint], atol=1e-4)
            np.testing.assert_allclose(other.joint_sigma[:, there], coco.joint_sigma[:, joint], rtol=1e-5)


@pytest.mark.weights
def test_joints_that_are_left_out_are_as_unseen_ones(lifter: RayLifter) -> None:
    names = ["left_shoulder", "right_shoulder", "left_hip", "right_hip", "left_knee"]
    for name in ("coco17", "body25", "mpii16"):
        seen = PEOPLE.to(name)
        chosen = [joint for joint in seen.skeleton.joints if joint in names]
        unseen = np.array([joint not in chosen for joint in seen.skeleton.joints])
        moved = seen.replaced(
            joint_scores=np.where(unseen, 0, seen.joint_scores),
            joints_px=np.where(unseen[:, None], 7.0, seen.joints_px),
        )
        _same(lifter(with_joints(seen, chosen), CAMERA), lifter(moved, CAMERA))


@pytest.mark.weights
def test_pictures_of_several_skeletons_share_a_call(lifter: RayLifter) -> None:
    pictures = [(PEOPLE, CAMERA), (PEOPLE.to("h36m17")[:2], CAMERA), (PEOPLE[:0], CAMERA), (PEOPLE[1:], CAMERA)]
    together = lifter.many(pictures, skeleton="smpl24")
    assert [len(people) for people in together] == [4, 2, 0, 3]
    for (people, camera), one in zip(pictures, together, strict=True):
        assert one.skeleton.name == "smpl24"
        _same(one, lifter(people, camera, skeleton="smpl24"))


@pytest.mark.weights
def test_torch_gives_the_same_answer_in_another_skeleton(lifter: RayLifter) -> None:
    pytest.importorskip("torch", reason="torch comes with metricpose[train]")
    by_torch = RayLifter.load(engine="torch", device="cpu")
    for name in ("smpl24", "mediapipe33"):
        seen = PEOPLE.to("halpe26")
        _same(by_torch(seen, CAMERA, skeleton=name), lifter(seen, CAMERA, skeleton=name))


@pytest.mark.weights
def test_what_was_never_measured_is_refused(lifter: RayLifter) -> None:
    odd = Skeleton(name="odd", joints=("nose", "tail"), parents=(-1, 0), mirror=(0, 1))
    with pytest.raises(InputError, match=r"^acae: expected measured points, got tail of odd; correct its canonical"):
        lifter(PEOPLE, CAMERA, skeleton=odd)
    with pytest.raises(InputError, match=r"^unknown skeleton 'coco71': expected one of coco17, "):
        lifter(PEOPLE, CAMERA, skeleton="coco71")


class _CocoAlone:
    """An engine of earlier weights: everybody 5 m away, on their rays."""

    def run(self, output_names: Sequence[str], input_feed: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        assert set(input_feed) == {"rays", "scores", "camera"}
        rays = input_feed["rays"]
        joints_cam = rays / rays[..., 2:] * 5.0
        root = joints_cam[..., 11:13, :].mean(axis=-2)
        values = {
            "joints_cam": joints_cam,
            "joint_sigma": np.full(rays.shape[:3], 0.1, np.float32),
            "root_cam": root,
            "root_depth_interval": root[..., 2:] * np.array([0.9, 1.1], np.float32),
        }
        return [values[name] for name in output_names]


def test_earlier_weights_are_converted_before_and_after() -> None:
    former = RayLifter(_CocoAlone())
    coco = former(PEOPLE, CAMERA)
    _same(former(PEOPLE.to("body25"), CAMERA), coco)
    seen = former(PEOPLE, CAMERA, skeleton="h36m17")
    expected = coco.to("h36m17")
    np.testing.assert_allclose(seen.joints_cam, expected.joints_cam)
    np.testing.assert_allclose(seen.joint_sigma, expected.joint_sigma)


def test_nobody_comes_in_the_skeleton_that_is_asked_for() -> None:
    nobody = RayLifter(_CocoAlone(), every_skeleton=True)(
        People2D.empty(skeleton_named("body25"), CAMERA.image_size), CAMERA, skeleton="smpl24"
    )
    assert (len(nobody), nobody.skeleton.name) == (0, "smpl24")
