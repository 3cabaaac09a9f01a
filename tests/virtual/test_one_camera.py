"""One given camera as a source: its lens and known pose in every scene, the rest drawn; refusals in one line."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="virtual data needs the train extra")

from metricpose._errors import InputError  # noqa: E402
from metricpose.geometry import BrownConrady, Camera, Distortion, Fisheye  # noqa: E402
from metricpose.virtual.lifting_batch import told_batch, unit_rays  # noqa: E402
from metricpose.virtual.one_camera import LensBatch, OneCamera, steepest_fall, tilt_of, with_pose  # noqa: E402
from metricpose.virtual.scene_people import camera_of  # noqa: E402
from metricpose.virtual.scenes import SceneBatch, SceneOptions  # noqa: E402
from metricpose.virtual.seeded import seeded_scenes  # noqa: E402
from metricpose.virtual.world import World  # noqa: E402

UP = np.array([0.1, -0.95, -np.sqrt(1 - 0.01 - 0.9025)])
LENSES = {"pinhole": None, "brown": BrownConrady((-0.3, 0.1, 0.001, 0.0005, 0.0)), "fisheye": Fisheye((0.02, 0, 0, 0))}


def _camera(distortion: Distortion | None = None) -> Camera:
    intrinsics_px = np.array([[900.0, 2.0, 640.0], [0.0, 910.0, 350.0], [0.0, 0.0, 1.0]])
    return Camera(intrinsics_px=intrinsics_px, image_size=(1280, 720), distortion=distortion)


def _drawn(source: OneCamera, n: int = 300, seed: int = 0) -> LensBatch:
    return source.draw(n, torch.Generator().manual_seed(seed))


def _scenes(world: World, source: OneCamera, count: int = 60) -> SceneBatch:
    return seeded_scenes(count, world, SceneOptions(cameras=source), 3)


def test_every_drawn_camera_is_the_given_one() -> None:
    cameras = _drawn(OneCamera(camera=with_pose(_camera(), UP, 2.4)))
    torch.testing.assert_close(cameras.rotation[:, :, 2], torch.tensor(UP).float().expand(300, 3), atol=1e-6, rtol=0)
    torch.testing.assert_close(cameras.height_m, torch.full((300,), 2.4))
    assert (cameras.size_px == torch.tensor([1280.0, 720.0])).all()
    lens = camera_of(cameras, 7, with_extrinsics=False)
    assert np.array_equal(lens.intrinsics_px, _camera().intrinsics_px)
    assert lens.cam_from_world is None
    whole = camera_of(cameras, 7, with_extrinsics=True)
    np.testing.assert_allclose(whole.up, UP, atol=1e-6)  # pyright: ignore[reportArgumentType]
    assert whole.height_m == pytest.approx(2.4, abs=1e-5)


def test_the_worlds_yaw_and_origin_do_not_matter() -> None:
    here = with_pose(_camera(), UP, 2.4)
    turn = np.array([[0.6, -0.8, 0, 3.0], [0.8, 0.6, 0, -7.0], [0, 0, 1, 0], [0, 0, 0, 1]])
    assert here.cam_from_world is not None
    there = here.replaced(cam_from_world=here.cam_from_world @ turn)
    for name in ("rotation", "height_m"):
        ours, theirs = (getattr(_drawn(OneCamera(camera=camera)), name) for camera in (here, there))
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0)


def test_what_is_not_known_is_drawn_and_differs_from_scene_to_scene() -> None:
    nothing = _drawn(OneCamera(camera=_camera()))
    assert nothing.pitch_deg.std() > 5
    assert nothing.height_m.std() > 0.3
    tilt = _drawn(OneCamera(camera=with_pose(_camera(), UP, None)))
    assert tilt.pitch_deg.std() < 1e-3
    assert tilt.height_m.std() > 0.3
    height = _drawn(OneCamera(camera=_camera(), height_m=3.0))
    assert (height.height_m == 3.0).all()
    assert height.pitch_deg.std() > 5


def test_a_doubt_spreads_the_true_pose_about_the_stated_one() -> None:
    source = OneCamera(camera=with_pose(_camera(), UP, 2.4), tilt_sigma_deg=2.0, height_sigma=0.05)
    cameras = _drawn(source, 4000)
    angle = torch.rad2deg(torch.acos((cameras.rotation[:, :, 2] @ torch.tensor(UP).float()).clamp(-1, 1)))
    # As in `camera_knowledge`, sigma is of each axis, and two of them tilt.
    assert angle.square().mean().sqrt() == pytest.approx(2.0 * 2**0.5, rel=0.06)
    assert (cameras.height_m / 2.4).log().std() == pytest.approx(0.05, rel=0.06)


@pytest.mark.parametrize(("pitch", "roll"), [(0.0, 0.0), (35.0, -20.0), (-15.0, 5.0), (89.0, 0.0)])
def test_tilt_and_up_are_two_names_of_one_thing(pitch: float, roll: float) -> None:
    p, r = np.deg2rad([pitch, roll])
    up = np.array([-np.sin(r) * np.cos(p), -np.cos(r) * np.cos(p), -np.sin(p)])
    got = [float(value) for value in tilt_of(torch.tensor(up)[None])]
    assert got == pytest.approx([pitch, roll], abs=1e-6)
    camera = with_pose(_camera(), up, 1.5)
    np.testing.assert_allclose(camera.up, up, atol=1e-9)  # pyright: ignore[reportArgumentType]
    assert camera.height_m == pytest.approx(1.5)


@pytest.mark.parametrize("kind", LENSES)
def test_people_are_seen_through_the_given_lens(small_world: World, kind: str) -> None:
    camera = with_pose(_camera(LENSES[kind]), UP, 2.4)
    scenes = _scenes(small_world, OneCamera(camera=camera))
    assert len({float(x) for x in scenes.joints_cam[:, 0, 0, 0]}) == 60  # as many scenes, none twice
    real = scenes.real
    expected, seen = camera.project(scenes.joints_cam[real].double().numpy())
    np.testing.assert_allclose(scenes.joints_px[real].numpy()[seen], expected[seen], atol=0.05)
    rays = unit_rays(scenes)[real]
    core, reached = camera.rays_marked(scenes.detections.joints_px[real].double().numpy())
    core = core / np.linalg.norm(core, axis=-1, keepdims=True)
    told = (scenes.detections.scores[real] > 0).numpy() & reached
    np.testing.assert_allclose(rays.numpy()[told], core[told], atol=2e-5)
    assert told.mean() > 0.5


def test_joints_beyond_the_lens_model_are_outside_the_picture_and_unseen(small_world: World) -> None:
    narrow = _camera(BrownConrady((-0.9, 0.0, 0.0, 0.0)))  # folds back at radius 0.6; the picture's corners lie beyond
    cameras = _drawn(OneCamera(camera=narrow), 2)
    beyond = torch.tensor([1.0, 0.2, 1.0]).expand(2, 1, 1, 3)
    px = cameras.to_px(beyond)
    assert torch.isfinite(px).all()
    assert (px[..., 0] > 1280).all()
    assert not cameras.to_norm(torch.zeros(2, 1, 2))[1].any()
    scenes = _scenes(small_world, OneCamera(camera=narrow))
    corner = scenes.detections.joints_px.clone()
    corner[:, :, 5] = 0.0
    scenes.detections.joints_px.copy_(corner)
    batch = told_batch(scenes, torch.zeros(60, 8))
    assert (batch.scores[:, :, 5] == 0).all()
    assert torch.equal(batch.rays[:, :, 5], torch.tensor([0.0, 0.0, 1.0]).expand_as(batch.rays[:, :, 5]))
    assert batch.present.any()


def test_who_is_left_with_one_joint_is_left_out(small_world: World) -> None:
    narrow = _camera(BrownConrady((-0.9, 0.0, 0.0, 0.0)))
    scenes = _scenes(small_world, OneCamera(camera=narrow))
    scenes.detections.joints_px[:, 0, 1:] = 0.0
    batch = told_batch(scenes, torch.zeros(60, 8))
    assert not batch.present[:, 0].any()
    assert not batch.real[:, 0].any()
    assert batch.real[:, 1:].any()


def test_a_batch_is_told_the_row_it_is_given(small_world: World) -> None:
    scenes = _scenes(small_world, OneCamera(camera=_camera()))
    row = torch.tensor([0.0, -1.0, 0.0, 1.0, 0.0, 1.6, 1.0, 0.0])
    batch = told_batch(scenes, row.expand(60, 8))
    assert torch.equal(batch.camera, row.expand(60, 8))
    assert torch.equal(batch.misled, scenes.raised[:, : batch.present.shape[1]])


def test_the_steepest_ray_of_a_level_pinhole_is_at_the_bottom_edge() -> None:
    camera = Camera.from_focal((640, 480), 500.0)
    assert steepest_fall(camera, np.array([0.0, -1.0, 0.0])) == pytest.approx(239.5 / 500.0, rel=1e-3)
    assert steepest_fall(camera, np.array([0.0, -np.cos(0.6), np.sin(0.6)])) == 0.0


def _upward(deg: float) -> np.ndarray:
    return np.array([0.0, -np.cos(np.deg2rad(deg)), np.sin(np.deg2rad(deg))])


def test_a_camera_that_sees_no_ground_is_refused() -> None:
    camera = with_pose(Camera.from_focal((640, 480), 500.0), _upward(40.0), 2.4)
    with pytest.raises(InputError) as caught:
        OneCamera(camera=camera)
    assert str(caught.value) == (
        "camera: expected one that sees the ground within 30 m, got one at a height of 2.40 m tilted 40 degrees up, in "
        "whose picture nobody's feet can be; correct its pose, or leave it out with --extrinsics none"
    )
    with pytest.raises(InputError, match="got one tilted 40 degrees up, in whose"):
        OneCamera(camera=with_pose(camera, _upward(40.0), None))
    OneCamera(camera=with_pose(camera, _upward(20.0), 2.4))  # its lowest ray falls by 5.6 degrees: 24 m
    with pytest.raises(InputError, match=r"at a height of 3.50 m"):
        OneCamera(camera=with_pose(camera, _upward(20.0), 3.5))


@pytest.mark.parametrize("height", [0.0, -1.5])
def test_a_camera_at_or_under_the_ground_is_refused(height: float) -> None:
    with pytest.raises(InputError) as caught:
        OneCamera(camera=with_pose(_camera(), UP, height))
    assert str(caught.value) == (
        f"camera height: expected more than 0 m over the ground, got {height:.2f} m; the file's world must be z up "
        "with the ground at z = 0: correct it, give --height, or leave it out with --extrinsics tilt"
    )
    with pytest.raises(InputError, match="camera height: expected more than 0 m"):
        OneCamera(camera=_camera(), height_m=height)
