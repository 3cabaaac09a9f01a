import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metricpose import BrownConrady, Camera, Fisheye, InputError
from tests.strategies import cameras, random_rotations, seeds

few = settings(max_examples=40, deadline=None)
K = np.array([[500.0, 0.0, 320.0], [0.0, 510.0, 240.0], [0.0, 0.0, 1.0]])


def _points_ahead(seed: int, camera: Camera) -> np.ndarray:
    """Points within the picture, as rays of a pinhole, at 0.5 to 20 m."""
    generator = np.random.default_rng(seed)
    px = generator.uniform(-0.5, np.asarray(camera.image_size) - 0.5, size=(7, 2))
    return camera.undistorted().unproject(px, generator.uniform(0.5, 20.0, size=7))


@few
@given(cameras(), seeds)
def test_unproject_undoes_project(camera, seed):
    points = _points_ahead(seed, camera)
    px, in_front = camera.project(points)
    back = camera.unproject(px, points[:, 2])
    _, valid = camera.rays_marked(px)
    assert np.all(valid[in_front])
    np.testing.assert_allclose(back[in_front], points[in_front], rtol=1e-6, atol=1e-6)


@few
@given(cameras(), seeds)
def test_project_is_the_textbook_formula_without_a_lens(camera, seed):
    points = _points_ahead(seed, camera)
    px, in_front = camera.undistorted().project(points)
    for point, pixel in zip(points, px, strict=True):  # slow twin: one homogeneous product a point
        u, v, w = camera.intrinsics_px @ point
        np.testing.assert_allclose(pixel, (u / w, v / w), atol=1e-9 * max(camera.image_size))
    assert in_front.all()


@few
@given(cameras(), seeds)
def test_flipped_sees_the_mirrored_points_at_mirrored_pixels(camera, seed):
    points = _points_ahead(seed, camera)
    px, in_front = camera.project(points)
    mirrored, still = camera.flipped().project(points * [-1, 1, 1])
    np.testing.assert_array_equal(still, in_front)
    np.testing.assert_allclose(mirrored[:, 0], camera.image_size[0] - 1 - px[:, 0], atol=1e-6)
    np.testing.assert_allclose(mirrored[:, 1], px[:, 1], atol=1e-6)


@few
@given(cameras())
def test_flipping_twice_is_the_identity(camera):
    twice = camera.flipped().flipped()
    np.testing.assert_allclose(twice.intrinsics_px, camera.intrinsics_px, atol=1e-9)
    assert twice.distortion == camera.distortion
    for now, before in ((twice.cam_from_world, camera.cam_from_world), (twice.up_cam, camera.up_cam)):
        assert (now is None) == (before is None)
        assert before is None or np.allclose(now, before)


@few
@given(cameras())
def test_flipping_keeps_height_and_mirrors_up(camera):
    flipped = camera.flipped()
    assert flipped.height_m == pytest.approx(camera.height_m)
    assert (flipped.up is None) == (camera.up is None)
    assert camera.up is None or np.allclose(flipped.up, camera.up * [-1, 1, 1])


def test_a_mirrored_centred_camera_stays_centred():
    for size in ((640, 480), (641, 1), (1, 1)):
        camera = Camera.from_focal(size, 300.0)
        np.testing.assert_array_equal(camera.flipped().intrinsics_px, camera.intrinsics_px)
        np.testing.assert_allclose(camera.resized((320, 100)).intrinsics_px[:2, 2], (159.5, 49.5))


@few
@given(cameras(), seeds, st.floats(0.1, 3.0))
def test_cropped_and_resized_see_the_same_points_at_moved_pixels(camera, seed, zoom):
    points = _points_ahead(seed, camera)
    px, _ = camera.project(points)
    cropped, _ = camera.cropped((3.25, -2.0, 103.25, 48.0)).project(points)
    np.testing.assert_allclose(cropped, px - [3.25, -2.0], atol=1e-6)
    size = tuple(max(1, round(zoom * side)) for side in camera.image_size)
    scale = np.asarray(size) / np.asarray(camera.image_size)
    resized, _ = camera.resized(size).project(points)
    np.testing.assert_allclose(resized, scale * (px + 0.5) - 0.5, atol=1e-5)


def test_resizing_moves_pixels_as_averaging_does():
    """Halving a picture by 2x2 means puts the blob at pixels 4..5 onto pixel 2."""
    camera = Camera(intrinsics_px=[[100, 0, 4.5], [0, 100, 4.5], [0, 0, 1]], image_size=(10, 10))
    px, _ = camera.resized((5, 5)).project(np.array([0.0, 0.0, 1.0]))
    np.testing.assert_allclose(px, (2.0, 2.0))


def test_cropping_is_slicing():
    camera = Camera(intrinsics_px=K, image_size=(640, 480)).cropped((100, 50, 300, 250))
    assert camera.image_size == (200, 200)
    np.testing.assert_allclose(camera.intrinsics_px[:2, 2], (220, 190))


@pytest.mark.parametrize("axis, side", [("x", 640), ("y", 480), ("diagonal", 800)])
def test_from_fov_spans_the_side_from_edge_to_edge(axis, side):
    camera = Camera.from_fov((640, 480), 70.0, axis)
    assert camera.focal_px[0] == camera.focal_px[1] == pytest.approx(side / 2 / np.tan(np.deg2rad(35)))
    left = camera.rays(np.array([-0.5, 239.5]))
    assert 2 * np.rad2deg(np.arctan(-left[0])) == pytest.approx(camera.fov_deg[0])
    np.testing.assert_array_equal(camera.intrinsics_px[:2, 2], (319.5, 239.5))


def test_focal_length_may_differ_by_axis():
    assert Camera.from_focal((64, 48), (50, 60)).focal_px == (50.0, 60.0)


def test_height_centre_and_up_from_extrinsics():
    # 1.5 m up at (2, 3), looking along world y, level: x_cam = x, y_cam = -z, z_cam = y.
    rotation = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    cam_from_world = np.eye(4)
    cam_from_world[:3, :3], cam_from_world[:3, 3] = rotation, -rotation @ [2.0, 3.0, 1.5]
    camera = Camera(intrinsics_px=K, image_size=(640, 480), cam_from_world=cam_from_world, up_cam=[0, 0, -1.0])
    assert camera.height_m == pytest.approx(1.5)
    np.testing.assert_allclose(camera.centre_world, (2, 3, 1.5))
    np.testing.assert_allclose(camera.up, (0, -1, 0))
    np.testing.assert_allclose(camera.replaced(cam_from_world=None).up, (0, 0, -1))


def test_what_is_not_known_is_none():
    camera = Camera.from_fov((640, 480), 60.0)
    assert (camera.up, camera.height_m, camera.centre_world) == (None, None, None)


def test_points_behind_and_in_the_camera_plane_are_flagged_and_finite():
    points = np.array([[1.0, 1, -2], [1, 1, 0], [0, 0, 0], [0, 0, 1]])
    for distortion in (None, BrownConrady((-0.3, 0.1, 0, 0)), Fisheye((0.1, 0, 0, 0))):
        px, in_front = Camera(intrinsics_px=K, image_size=(640, 480), distortion=distortion).project(points)
        np.testing.assert_array_equal(in_front, [False, False, False, True])
        assert np.isfinite(px).all()


def test_no_points_are_an_ordinary_case():
    for distortion in (None, BrownConrady((-0.3, 0.1, 0, 0)), Fisheye((0.1, 0, 0, 0))):
        camera = Camera(intrinsics_px=K, image_size=(640, 480), distortion=distortion)
        px, in_front = camera.project(np.zeros((0, 17, 3)))
        assert px.shape == (0, 17, 2)
        assert in_front.shape == (0, 17)
        assert camera.rays(px).shape == (0, 17, 3)
        assert camera.unproject(px, np.zeros((0, 17))).shape == (0, 17, 3)


def test_dtype_follows_the_points_and_lists_are_taken():
    camera = Camera.from_fov((640, 480), 60.0)
    assert camera.project(np.ones((2, 3), np.float32))[0].dtype == np.float32
    assert camera.rays(np.ones((2, 2), np.int64)).dtype == np.float64
    assert camera.unproject([3, 4], 2.0).shape == (3,)


def test_a_point_outside_the_lens_models_cone_is_not_in_front():
    """k1 < 0 alone folds back at r = 1 / sqrt(3 |k1|) = 1.29: beyond it, far points would reappear in the picture."""
    camera = Camera(intrinsics_px=K, image_size=(640, 480), distortion=BrownConrady((-0.2, 0, 0, 0)))
    _, in_front = camera.project(np.array([[1.28, 0, 1.0], [1.31, 0, 1.0], [2.2, 0, 1.0]]))
    np.testing.assert_array_equal(in_front, [True, False, False])
    rays, valid = camera.rays_marked(np.array([[320.0, 240.0], [1200.0, 240.0]]))
    np.testing.assert_array_equal(valid, [True, False])
    assert np.isfinite(rays).all()


def test_yaw_of_the_world_changes_neither_up_nor_height():
    generator = np.random.default_rng(0)
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = random_rotations(generator), (1, 2, 3)
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(1), -np.sin(1)], [np.sin(1), np.cos(1)]]
    one = Camera(intrinsics_px=K, image_size=(640, 480), cam_from_world=pose)
    other = one.replaced(cam_from_world=pose @ turn)
    np.testing.assert_allclose(one.up, other.up)
    assert one.height_m == pytest.approx(other.height_m)


def test_fields_are_copies_that_nobody_can_change():
    matrix = K.copy()
    camera = Camera(intrinsics_px=matrix, image_size=(640, 480))
    matrix[0, 0] = 1.0
    assert camera.focal_px == (500.0, 510.0)
    with pytest.raises(ValueError, match="read-only"):
        camera.intrinsics_px[0, 0] = 1.0
    with pytest.raises(AttributeError):
        camera.image_size = (1, 1)  # pyright: ignore


def _with(row: int, column: int, value: float) -> np.ndarray:
    matrix = K.copy()
    matrix[row, column] = value
    return matrix


MIRRORED = np.diag([-1.0, 1, 1, 1])


@pytest.mark.parametrize(
    "changes, text",
    [
        ({"intrinsics_px": np.eye(4)}, r"camera matrix: expected shape \(3, 3\), got \(4, 4\)"),
        ({"intrinsics_px": "no"}, "camera matrix: expected numbers"),
        ({"intrinsics_px": _with(0, 2, np.nan)}, "camera matrix: expected finite"),
        ({"intrinsics_px": _with(0, 0, 0.0)}, "singular"),
        ({"intrinsics_px": _with(1, 1, -500.0)}, "mirrored"),
        ({"intrinsics_px": _with(2, 2, 2.0)}, r"camera matrix: expected \[\[fx, s, cx\]"),
        ({"intrinsics_px": _with(1, 0, 2.0)}, r"camera matrix: expected \[\[fx, s, cx\]"),
        ({"image_size": (0, 480)}, "image size: expected two positive whole numbers"),
        ({"image_size": (640.5, 480)}, "image size"),
        ({"image_size": 640}, "image size"),
        ({"image_size": (np.inf, 480)}, "image size"),
        ({"distortion": (0.1, 0, 0, 0)}, "distortion: expected BrownConrady, Fisheye or None, got tuple"),
        ({"cam_from_world": MIRRORED}, "mirrored"),
        ({"cam_from_world": 2 * np.eye(4)}, "last row"),
        ({"cam_from_world": np.diag([2.0, 2, 2, 1])}, "no rotation"),
        ({"cam_from_world": np.eye(3)}, r"cam_from_world: expected shape \(4, 4\)"),
        ({"up_cam": [0, 0, 2.0]}, "up_cam: expected a unit vector, got length 2"),
        ({"up_cam": [0, np.nan, 1]}, "up_cam: expected finite"),
    ],
)
def test_malformed_cameras_are_refused_with_the_reason(changes, text):
    with pytest.raises(InputError, match=text) as caught:
        Camera(**{"intrinsics_px": K, "image_size": (640, 480), **changes})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("make, text", [
    (lambda: Camera.from_fov((640, 480), 180.0), "more than 0 and less than 180 degrees, got 180"),
    (lambda: Camera.from_fov((640, 480), float("nan")), "field of view"),
    (lambda: Camera.from_fov((640, 480), 60.0, "z"), "axis: expected 'x', 'y' or 'diagonal', got 'z'"),
    (lambda: Camera.from_focal((640, 480), -3.0), "fx > 0"),
    (lambda: Camera.from_fov((640, 480), 60.0).cropped((5, 5, 5, 9)), "crop box: expected x1 > x0"),
    (lambda: Camera.from_fov((640, 480), 60.0).cropped((5, 5, np.nan, 9)), "crop box: expected four finite"),
    (lambda: Camera.from_fov((640, 480), 60.0).resized((0, 5)), "image size"),
])  # fmt: skip
def test_malformed_requests_are_refused_with_the_reason(make, text):
    with pytest.raises(InputError, match=text):
        make()
