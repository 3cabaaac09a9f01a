"""The lifter in users' hands: laws that hold whatever the weights, ordinary and odd people, and every error's text."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

import metricpose
from metricpose import BrownConrady, Camera, FileError, Fisheye, InputError, MissingExtraError, People2D, WeightsError
from metricpose.inference import ExtrinsicsDoubt, RayLifter
from metricpose.inference.knowledge import camera_row
from metricpose.inference.rays import people_rays
from metricpose.people import People3D
from metricpose.skeletons import skeleton_named
from metricpose.skeletons.catalogue import COCO17

pytestmark = pytest.mark.weights

_SIZE = (1280, 720)
BODY_25 = skeleton_named("body25")
# A standing person in the order of COCO-17: right and up of the middle of the feet, metres.
_STANDING_M = np.array(
    [
        [0.0, 1.58], [0.03, 1.61], [-0.03, 1.61], [0.07, 1.58], [-0.07, 1.58], [0.18, 1.40], [-0.18, 1.40],
        [0.24, 1.12], [-0.24, 1.12], [0.26, 0.87], [-0.26, 0.87], [0.1, 0.9], [-0.1, 0.9], [0.11, 0.48],
        [-0.11, 0.48], [0.11, 0.07], [-0.11, 0.07],
    ]
)  # fmt: skip


@pytest.fixture(scope="module")
def lifter() -> RayLifter:
    return RayLifter.load(threads=1)


def _camera(height_m: float | None = 1.6, pitch_deg: float = 5.0, yaw_deg: float = 0.0, **changes) -> Camera:
    """Looks along the world's y, down by `pitch_deg`; extrinsics unknown where `height_m` is None."""
    camera = Camera.from_fov(_SIZE, 60.0).replaced(**changes)
    if height_m is None:
        return camera
    down, yaw = np.deg2rad(pitch_deg), np.deg2rad(yaw_deg)
    tilt = np.array([[1, 0, 0], [0, np.cos(down), np.sin(down)], [0, -np.sin(down), np.cos(down)]])
    upright = tilt.T @ np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    about_z = np.array([[np.cos(yaw), -np.sin(yaw), 0], [np.sin(yaw), np.cos(yaw), 0], [0, 0, 1]])
    rotation = upright @ about_z
    cam_from_world = np.eye(4)
    cam_from_world[:3, :3] = rotation
    cam_from_world[:3, 3] = -rotation @ np.array([3.0, -2.0, height_m])
    return camera.replaced(cam_from_world=cam_from_world)


def _people(count: int, camera: Camera, seed: int = 0, unseen: float = 0.0) -> People2D:
    """People who stand 3 to 9 m before the camera, facing it."""
    random = np.random.default_rng(seed)
    depth = random.uniform(3.0, 9.0, (count, 1))
    across = _STANDING_M[:, 0] + random.uniform(-0.3, 0.3, (count, 1)) * depth
    points = np.stack([across, 1.4 - np.broadcast_to(_STANDING_M[:, 1], across.shape), depth + 0 * across], -1)
    joints_px = camera.project(points)[0] + random.normal(0.0, 1.0, (count, 17, 2))
    scores = random.uniform(0.5, 1.0, (count, 17)) * (random.uniform(size=(count, 17)) >= unseen)
    return People2D(
        boxes_px=np.concatenate([joints_px.min(1) - 5.0, joints_px.max(1) + 5.0], axis=1)
        if count
        else np.zeros((0, 4)),
        joints_px=joints_px,
        joint_scores=scores,
        scores=np.ones(count),
        skeleton=COCO17,
        image_size=camera.image_size,
        ids=tuple(range(10, 10 + count)),
    )


def _same(one: People3D, other: People3D, tolerance: float = 1e-4) -> None:
    for name in ("joints_cam", "joint_sigma", "root_cam", "root_depth_interval"):
        np.testing.assert_allclose(
            getattr(one, name), getattr(other, name), rtol=tolerance, atol=tolerance, err_msg=name
        )


def test_nobody_is_an_ordinary_answer(lifter: RayLifter) -> None:
    camera = _camera()
    nobody = lifter(People2D.empty(COCO17, _SIZE), camera, camera_source="exif")
    assert len(nobody) == 0
    assert nobody.camera is camera
    assert nobody.camera_source == "exif"
    assert lifter.many([]) == []
    assert [len(people) for people in lifter.many([(People2D.empty(BODY_25, _SIZE), camera)] * 2)] == [0, 0]


@pytest.mark.parametrize("count", [1, 2, 64, 65, 200])
def test_everybody_has_an_entry_in_the_same_order(lifter: RayLifter, count: int) -> None:
    camera = _camera()
    people = _people(count, camera, unseen=0.1)
    lifted = lifter(people, camera)
    assert lifted.ids == people.ids
    assert lifted.skeleton == COCO17
    np.testing.assert_array_equal(lifted.joints_px, people.joints_px)
    np.testing.assert_array_equal(lifted.joint_scores, people.joint_scores)
    np.testing.assert_array_equal(lifted.boxes_px, people.boxes_px)
    hips = (lifted.joints_cam[:, 11] + lifted.joints_cam[:, 12]) / 2
    np.testing.assert_allclose(lifted.root_cam, hips, atol=1e-5)
    assert (lifted.root_depth_interval[:, 0] < lifted.root_cam[:, 2]).all()
    assert (lifted.root_cam[:, 2] < lifted.root_depth_interval[:, 1]).all()


def test_a_crowd_is_lifted_in_groups(lifter: RayLifter) -> None:
    camera = _camera()
    crowd = _people(150, camera)
    groups = [lifter(crowd[start : start + 64], camera) for start in (0, 64, 128)]
    whole = lifter(crowd, camera)
    for start, group in zip((0, 64, 128), groups, strict=True):
        _same(whole[start : start + 64], group)


def test_thousands_of_people(lifter: RayLifter) -> None:
    camera = _camera()
    lifted = lifter(_people(3000, camera), camera)
    assert len(lifted) == 3000
    assert np.isfinite(lifted.joints_cam).all()


def test_many_pictures_give_what_each_gives_alone(lifter: RayLifter) -> None:
    cameras = [
        _camera(), _camera(None), _camera(None, up_cam=np.array([0.0, -1.0, 0.0])), _camera(3.0, 20.0),
        _camera(1.2, distortion=BrownConrady((-0.1, 0.02, 0.001, 0.001))),
        _camera(None, distortion=Fisheye((0.01, 0, 0, 0))),
        _camera(2.0, intrinsics_px=np.array([[900.0, 2, 600], [0, 950, 400], [0, 0, 1]])),
    ]  # fmt: skip
    counts = [3, 0, 70, 3, 1, 3, 64]
    pictures = [(_people(n, c, seed=n, unseen=0.4), c) for n, c in zip(counts, cameras, strict=True)]
    doubt = ExtrinsicsDoubt(tilt_deg=1.0, height=0.05)
    for chosen in (pictures, [p for p in pictures if p[1].distortion is None]):
        together = lifter.many(chosen, focal_sigma=0.1, doubt=doubt, camera_source="fov")
        for (people, camera), one in zip(chosen, together, strict=True):
            _same(one, lifter(people, camera, focal_sigma=0.1, doubt=doubt))
            assert one.camera is camera
            assert one.ids == people.ids
            assert one.camera_source == "fov"


def test_zoom_changes_nothing(lifter: RayLifter) -> None:
    camera = _camera()
    people = _people(5, camera)
    double = camera.resized((2 * _SIZE[0], 2 * _SIZE[1]))
    larger = people.replaced(
        joints_px=2 * (people.joints_px + 0.5) - 0.5, boxes_px=2 * (people.boxes_px + 0.5) - 0.5,
        image_size=double.image_size,
    )  # fmt: skip
    _same(lifter(people, camera), lifter(larger, double))


def test_yaw_and_place_of_the_world_change_nothing(lifter: RayLifter) -> None:
    people = _people(5, _camera())
    there = lifter(people, _camera(yaw_deg=0.0))
    for yaw_deg in (40.0, 180.0, -100.0):
        _same(there, lifter(people, _camera(yaw_deg=yaw_deg)))


def test_the_order_of_people_does_not_matter(lifter: RayLifter) -> None:
    camera = _camera()
    people, order = _people(6, camera), [3, 0, 5, 1, 4, 2]
    _same(lifter(people[order], camera), lifter(people, camera)[order])


def test_unseen_joints_pixels_change_nothing(lifter: RayLifter) -> None:
    camera = _camera()
    people = _people(6, camera, unseen=0.3)
    for place in (np.nan, -1e6, 5.0):
        moved = np.where(people.joint_scores[..., None] > 0, people.joints_px, place)
        _same(lifter(people, camera), lifter(people.replaced(joints_px=moved), camera), 1e-3)


def test_unseen_joints_are_less_sure(lifter: RayLifter) -> None:
    camera = _camera()
    people = _people(60, camera)
    ankles = [15, 16]
    hidden = np.array(people.joint_scores)
    hidden[:, ankles] = 0.0
    ratio = lifter(people.replaced(joint_scores=hidden), camera).joint_sigma / lifter(people, camera).joint_sigma
    assert ratio[:, ankles].mean() > 1.1


def test_people_of_whom_only_a_box_is_known_are_there_and_unsure(lifter: RayLifter) -> None:
    camera = _camera(None)
    people = _people(40, camera)
    boxes = people.replaced(joint_scores=np.zeros((40, 17)), joints_px=np.full((40, 17, 2), np.nan))
    seen, guessed = lifter(people, camera), lifter(boxes, camera)
    assert len(guessed) == 40
    assert not guessed.joint_scores.any()
    width = [np.log(lifted.root_depth_interval[:, 1] / lifted.root_depth_interval[:, 0]) for lifted in (seen, guessed)]
    assert (width[1] > 2 * 1.645 * 0.25).all()  # a quarter of the depth at least
    assert (width[1] > width[0]).all()
    assert guessed.joint_sigma.mean() > seen.joint_sigma.mean()
    # One joint is no more than none.
    one = np.zeros((40, 17))
    one[:, 3] = 0.9
    _same(lifter(people.replaced(joint_scores=one), camera), guessed)


@pytest.mark.parametrize("focal_sigma", [0.05, 0.25])
def test_doubt_about_the_focal_length_adds_to_the_depths_in_logarithms(lifter: RayLifter, focal_sigma: float) -> None:
    camera = _camera()
    people = _people(8, camera)
    sure, unsure = lifter(people, camera), lifter(people, camera, focal_sigma=focal_sigma)
    np.testing.assert_array_equal(sure.joints_cam, unsure.joints_cam)
    depth = sure.root_cam[:, 2:].astype(float)
    halves = np.hypot(np.log(sure.root_depth_interval / depth), 1.645 * focal_sigma)
    np.testing.assert_allclose(unsure.root_depth_interval, depth * np.exp(halves * [-1.0, 1.0]), rtol=1e-4)
    arms = np.linalg.norm(sure.joints_root, axis=-1)
    expected = np.sqrt(sure.joint_sigma**2 + (focal_sigma * arms) ** 2 / 3)
    np.testing.assert_allclose(unsure.joint_sigma, expected, rtol=1e-4)


@pytest.mark.parametrize("distortion", [BrownConrady((-0.2, 0.05, 0.002, -0.001)), Fisheye((0.05, 0.01, 0.0, 0.0))])
def test_a_lens_is_seen_through(lifter: RayLifter, distortion) -> None:
    straight, bent = _camera(), _camera(distortion=distortion)
    people = _people(5, straight)
    points = straight.unproject(people.joints_px, np.full((5, 17), 5.0))
    joints_px, visible = bent.project(points)
    assert visible.all()
    _same(lifter(people, straight), lifter(people.replaced(joints_px=joints_px), bent), 2e-3)


def test_joints_beyond_the_lens_model_count_as_unseen(lifter: RayLifter) -> None:
    camera = _camera(None, distortion=BrownConrady((-0.35, 0.0, 0.0, 0.0)))
    people = _people(2, camera)
    far = np.array(people.joints_px)
    far[0, 9] = far[1] = (1e5, 300.0)
    rays = people_rays([(people.replaced(joints_px=far), camera)])
    assert rays.scores[0, 9] == 0
    assert (rays.scores[0, :9] > 0).all()
    assert rays.guessed.tolist() == [False, True]
    np.testing.assert_allclose(np.linalg.norm(rays.rays, axis=-1), 1.0, rtol=1e-6)
    assert np.isfinite(lifter(people.replaced(joints_px=far), camera).joints_cam).all()


def test_other_skeletons_are_answered_in_coco(lifter: RayLifter) -> None:
    camera = _camera()
    coco = _people(4, camera)
    body = coco.to(BODY_25)
    apart = np.linalg.norm(lifter(body, camera).joints_cam - lifter(coco, camera).joints_cam, axis=-1)
    assert 0 < apart.max() < 0.06  # neck and middle of the hips say nothing new, and are read all the same
    assert lifter(body, camera).skeleton == COCO17


@pytest.mark.parametrize("height_m", [-2.0, 0.0, 0.1, 40.0])
def test_cameras_at_odd_heights(lifter: RayLifter, height_m: float) -> None:
    camera = _camera(height_m)
    lifted = lifter(_people(3, camera), camera)
    assert np.isfinite(lifted.joints_cam).all()
    assert (lifted.root_cam[:, 2] > 0).all()


def test_a_camera_on_the_ground_knows_its_tilt_alone(lifter: RayLifter) -> None:
    low = _camera(-1.0)
    assert camera_row(low)[3:].tolist() == [1, 0, 0, 0, 0]
    people = _people(3, low)
    _same(lifter(people, low), lifter(people, low.replaced(cam_from_world=None, up_cam=low.up)))


def test_rows_say_what_is_known_of_the_camera() -> None:
    doubt = ExtrinsicsDoubt(tilt_deg=2.0, height=0.1)
    assert camera_row(_camera(None)).tolist() == [0] * 8
    level = camera_row(_camera(1.5, pitch_deg=0.0), doubt)
    np.testing.assert_allclose(level, [0, -1, 0, 1, np.deg2rad(2.0), 1.5, 1, 0.1], atol=1e-6)
    assert camera_row(_camera(None, up_cam=np.array([0.0, -0.6, -0.8])), doubt)[3:7].tolist()[0] == 1


@pytest.mark.parametrize("values", [{"tilt_deg": -1.0}, {"tilt_deg": 91.0}, {"height": 1.5}, {"height": float("nan")}])
def test_doubt_out_of_range_is_refused(values: dict[str, float]) -> None:
    with pytest.raises(InputError, match=r"extrinsics doubt: expected tilt_deg in 0..90 and height in 0..1, got "):
        ExtrinsicsDoubt(**values)


def test_another_pictures_camera_is_refused(lifter: RayLifter) -> None:
    people = _people(1, _camera()).replaced(image_size=(640, 480))
    text = (
        "lifter: expected people and camera of one picture size, got (640, 480) and (1280, 720); "
        "use camera.resized or camera.cropped"
    )
    for call in (lambda: lifter(people, _camera()), lambda: lifter.many([(people, _camera())])):
        with pytest.raises(InputError) as caught:
            call()
        assert str(caught.value) == text


@pytest.mark.parametrize("focal_sigma", [-0.1, 2.5, float("nan")])
def test_a_focal_sigma_that_is_none_is_refused(lifter: RayLifter, focal_sigma: float) -> None:
    camera = _camera()
    with pytest.raises(InputError, match="expected focal_sigma, a relative standard deviation, in 0..2, got"):
        lifter(_people(1, camera), camera, focal_sigma=focal_sigma)


@pytest.mark.parametrize(("engine", "name"), [("onnx", "ray_lifter.onnx"), ("torch", "ray_lifter.safetensors")])
def test_missing_and_broken_weights_are_told_of(tmp_path: Path, engine, name: str) -> None:
    if engine == "torch":
        pytest.importorskip("torch", reason="torch comes with metricpose[train]")
    path = tmp_path / name
    with pytest.raises(FileError) as caught:
        RayLifter.load(path, engine=engine)
    assert str(caught.value) == (
        f"{path}: no such weights file; expected {name}, written by `metricpose train ray_lifter`"
    )
    shipped = Path(metricpose.__file__).parent / "weights" / name
    for content in (b"", b"nothing of the kind", shipped.read_bytes()[:5000]):
        path.write_bytes(content)
        with pytest.raises(WeightsError, match=f"^{re.escape(str(path))}: expected .* ray lifter, got .*") as refused:
            RayLifter.load(path, engine=engine)
        assert "\n" not in str(refused.value)


def test_weights_of_something_else_are_refused() -> None:
    pytest.importorskip("torch", reason="torch comes with metricpose[train]")
    other = Path(metricpose.__file__).parent / "weights" / "pose_prior.safetensors"
    with pytest.raises(WeightsError, match="expected safetensors of a ray lifter, got another network's"):
        RayLifter.load(other, engine="torch")


@pytest.mark.parametrize(
    "options", [{"engine": "jax"}, {"engine": "onnx", "device": "cpu"}, {"engine": "torch", "threads": 2}]
)
def test_engines_and_options_that_do_not_go_together(options) -> None:
    with pytest.raises(InputError, match=r"^ray lifter: expected engine 'onnx' .* or 'torch' .*, got engine="):
        RayLifter.load(**options)


def test_torch_gives_the_same_answer(lifter: RayLifter) -> None:
    pytest.importorskip("torch", reason="torch comes with metricpose[train]")
    by_torch = RayLifter.load(engine="torch", device="cpu")
    cameras = [_camera(), _camera(None)]
    pictures = [(_people(n, c, seed=n, unseen=0.2), c) for n, c in zip((70, 3), cameras, strict=True)]
    for ours, theirs in zip(by_torch.many(pictures), lifter.many(pictures), strict=True):
        _same(ours, theirs)


def test_a_device_that_is_not_there_is_told_of() -> None:
    pytest.importorskip("torch", reason="torch comes with metricpose[train]")
    with pytest.raises(InputError, match=r"^device: expected one that torch has here, such as 'cpu', got 'abacus' \("):
        RayLifter.load(engine="torch", device="abacus")


def test_without_torch_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "metricpose.models.ray_lifter_engine", None)
    with pytest.raises(MissingExtraError) as caught:
        RayLifter.load(engine="torch")
    assert str(caught.value) == (
        "the torch engine needs an optional part that is not installed: pip install metricpose[train]"
    )


def test_the_lifter_is_a_public_name() -> None:
    assert metricpose.RayLifter is RayLifter
