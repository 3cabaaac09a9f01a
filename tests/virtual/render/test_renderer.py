"""Pictures whose labels can be worked out by hand, and laws of light and labels."""

from functools import cache

import numpy as np
import pytest

from metricpose._errors import InputError
from metricpose.geometry import BrownConrady, Camera
from metricpose.virtual.render.environment import Environment, Panorama, panorama_environment, picture_environment
from metricpose.virtual.render.furniture import box
from metricpose.virtual.render.light import Light, light_of_panorama
from metricpose.virtual.render.mesh import Mesh
from metricpose.virtual.render.renderer import Renderer
from tests.virtual.render.gl_fixtures import context_or_skip
from tests.virtual.render.shapes import looking, person, sphere

pytestmark = pytest.mark.gl
SIZE = (128, 128)


@cache
def renderer(size=SIZE) -> Renderer:
    context_or_skip()
    return Renderer(size)


def studio(main=(0.0, 0.0, 1.0), power=1.0, smooth=1.0, **fields) -> Environment:
    """Even light from everywhere and a main light, and nothing behind."""
    sh = np.zeros((9, 3), np.float32)
    sh[0] = smooth / 0.282095
    direction = np.asarray(main, np.float32) / np.linalg.norm(main)
    light = Light(smooth_sh=sh, main_direction_world=direction, main_irradiance=np.full(3, power), main_radius_rad=0.01)
    return Environment(name="studio", light=light, **{"exposure": 1.0, **fields})


def centroid(mask):
    rows, columns = np.nonzero(mask)
    return np.array([columns.mean(), rows.mean()])


@pytest.mark.parametrize("centre", [(0.0, 0.0, 4.0), (0.4, -0.3, 4.0), (-0.5, 0.45, 3.0)])
def test_a_small_ball_lies_where_the_camera_projects_it(centre) -> None:
    camera = Camera(
        intrinsics_px=np.array([[230.0, 4.0, 58.3], [0, 250.0, 71.9], [0, 0, 1]]),
        image_size=SIZE,
        cam_from_world=looking((0, 0, 1), (5, 1, 0.4), SIZE, 200, roll_deg=20).cam_from_world,
    )
    matrix = camera.cam_from_world
    world = matrix[:3, :3].T @ (np.array(centre) - matrix[:3, 3])
    radius = 0.06
    rendered = renderer().render([sphere(world, radius, person=1, rings=40)], camera, studio())
    # Balls off the axis are seen as ellipses: the slow twin samples the surface that the camera sees.
    fine = np.stack(np.meshgrid(*[np.arange(-0.5, 127.5, 0.125) + 0.0625] * 2), -1)
    rays = camera.rays(fine)
    along = rays @ np.array(centre)
    hit = along**2 - (rays**2).sum(-1) * (np.dot(centre, centre) - radius**2) > 0
    np.testing.assert_allclose(centroid(rendered.person_ids == 1), fine[hit].mean(0), atol=0.1)
    pixel = camera.project(np.array(centre))[0]
    np.testing.assert_allclose(fine[hit].mean(0), pixel, atol=0.1)


def test_depth_is_the_z_of_a_slanted_plane() -> None:
    camera = looking((0, 0, 1.5), (3, 0, 0.5), SIZE, 120)
    floor = box((40, 40, 0.2), (0, 0, -0.1))
    depth = renderer().render([floor], camera, studio()).depth_m
    pixels = np.stack(np.meshgrid(np.arange(128), np.arange(128)), -1).astype(float)
    rays = camera.rays(pixels)
    to_world = camera.cam_from_world[:3, :3].T
    down = (rays @ to_world.T)[..., 2]
    expected = np.where(down < 0, -1.5 / np.minimum(down, -1e-9), 0.0)
    near = (expected > 0) & (expected < 12)
    np.testing.assert_allclose(depth[near], expected[near], rtol=2e-4)
    assert (depth[down > 0] == 0).all()


def test_the_nearest_person_owns_a_pixel_and_amodal_masks_see_through() -> None:
    camera = looking((0, 0, 1), (4, 0, 1), SIZE, 150)
    balls = [sphere((3, 0.1, 1), 0.3, person=2), sphere((5, 0, 1), 0.6, person=1), box((0.1, 3, 0.4), (2, 0, 0.8))]
    rendered = renderer().render(balls, camera, studio(), amodal=True)
    alone = [renderer().render([ball], camera, studio()).person_ids == ball.person for ball in balls[:2]]
    assert rendered.amodal is not None and rendered.amodal.shape == (2, 128, 128)
    np.testing.assert_array_equal(rendered.amodal[0], alone[1])
    np.testing.assert_array_equal(rendered.amodal[1], alone[0])
    ids = rendered.person_ids
    assert set(np.unique(ids)) == {0, 1, 2}
    assert (ids[alone[0] & (rendered.depth_m > 2.2)] == 2).all()
    assert (ids[rendered.depth_m < 2.2] == 0).all()  # the bar before them is nobody


def test_nobody_is_an_ordinary_picture() -> None:
    rendered = renderer().render([], looking((0, 0, 1), (4, 0, 1), SIZE, 150), studio(), amodal=True)
    assert rendered.rgb.shape == (128, 128, 3) and not rendered.person_ids.any() and not rendered.depth_m.any()
    assert rendered.amodal is not None and len(rendered.amodal) == 0


def test_six_people_each_have_a_mask() -> None:
    camera = looking((0, 0, 1), (4, 0, 1), SIZE, 120)
    row = [sphere((4, 0.5 * (k - 3.5), 1), 0.2, person=k, rings=8) for k in range(1, 7)]
    masks = renderer().render(row, camera, studio(), amodal=True).amodal
    assert masks is not None and all(mask.sum() > 50 for mask in masks)
    columns = [centroid(mask)[0] for mask in masks]
    assert columns == sorted(columns, reverse=True)  # +y is to the left


def test_lens_distortion_moves_picture_and_labels_as_the_camera_says() -> None:
    lens = BrownConrady((-0.25, 0.05, 0.002, -0.001))
    camera = looking((0, 0, 1), (4, 0, 1), SIZE, 110, distortion=lens)
    world = np.array([4.0, 1.5, 2.2])
    rendered = renderer().render([sphere(world, 0.05, person=1)], camera, studio(), amodal=True)
    pixel = camera.project(camera.cam_from_world[:3, :3] @ world + camera.cam_from_world[:3, 3])[0]
    np.testing.assert_allclose(centroid(rendered.person_ids == 1), pixel, atol=0.5)
    np.testing.assert_allclose(centroid(rendered.amodal[0]), pixel, atol=0.5)
    lit = rendered.rgb.sum(-1).astype(float) - np.median(rendered.rgb.sum(-1))
    y, x = np.mgrid[:128, :128]
    weights = np.clip(lit, 0, None)
    np.testing.assert_allclose([(weights * x).sum(), (weights * y).sum()] / weights.sum(), pixel, atol=0.3)


def test_shadows_fall_away_from_the_light() -> None:
    camera = looking((0, 0, 6), (0.01, 0, 0), SIZE, 150)  # from above, its x is -y of the world
    floor = Mesh(**{**vars(box((8, 8, 0.1), (0, 0, -0.05), colour=(0.5, 0.5, 0.5))), "kind": "ground"})
    things = [floor, sphere((0, 0, 0.8), 0.25, person=1)]
    lit = renderer().render(things, camera, studio(main=(0, 0.6, 0.8), power=2.0))
    dark = (lit.rgb[..., 1] < 0.75 * np.median(lit.rgb[..., 1])) & (lit.person_ids == 0)
    assert dark.sum() > 40
    place = camera.project(camera.cam_from_world[:3, :3] @ (0, -0.6, 0) + camera.cam_from_world[:3, 3])[0]
    np.testing.assert_allclose(centroid(dark), place, atol=4.0)


def test_the_ground_of_a_panorama_takes_the_shadow() -> None:
    size = 64
    radiance = np.full((size, 2 * size, 3), 0.5, np.float32)
    radiance[12:15, 30:33] = 400.0
    panorama = Panorama.of(radiance, "sun", enlarged=1)
    camera = looking((0, 0, 1.6), (4, 0, 0.3), SIZE, 110)
    plain = renderer().render([], camera, panorama_environment(panorama))
    with_ball = renderer().render([sphere((4, 0, 0.5), 0.3)], camera, panorama_environment(panorama))
    sun = panorama.light.main_direction_world
    middle = np.array([4, 0, 0.5]) - 0.5 / sun[2] * sun
    column, row = np.rint(camera.project(camera.cam_from_world[:3, :3] @ middle + camera.cam_from_world[:3, 3])[0])
    assert with_ball.rgb[int(row), int(column), 1] < 0.7 * plain.rgb[int(row), int(column), 1]
    # Nothing changes away from the ball, and the ground is no measured surface.
    np.testing.assert_allclose(with_ball.rgb[:20], plain.rgb[:20], atol=1)
    assert not plain.depth_m.any()


def test_a_panorama_is_seen_in_its_directions_and_level() -> None:
    radiance = np.full((64, 128, 3), 0.3, np.float32)
    radiance[32:] = 0.02  # below the horizon
    radiance[26:30, 88:92] = 30.0  # a lamp: azimuth -73 to -62 degrees, elevation 6 to 17
    panorama = Panorama.of(radiance, "lamp", enlarged=1)
    for roll_deg, turn_deg in ((0, 0), (25, 40)):
        azimuth = np.deg2rad(180 - 90 / 128 * 360 + turn_deg)
        elevation = np.deg2rad(90 - 28 / 64 * 180)
        way = np.array([np.cos(azimuth) * np.cos(elevation), np.sin(azimuth) * np.cos(elevation), np.sin(elevation)])
        eye = np.array([0, 0, 1.6])
        camera = looking(eye, eye + way * (1, 1, 0) + (0.05, 0.1, 0.1), SIZE, 130, roll_deg=roll_deg)
        environment = panorama_environment(panorama, turn_deg=turn_deg)
        rgb = renderer().render([], camera, environment).rgb[..., 1].astype(float)
        lamp = centroid(rgb > 0.9 * rgb.max())
        np.testing.assert_allclose(lamp, camera.project(camera.cam_from_world[:3, :3] @ way)[0], atol=1.5)
        up = camera.rays(np.stack(np.meshgrid(np.arange(128.0), np.arange(128.0)), -1)) @ camera.cam_from_world[:3, 2]
        assert rgb[up > 0.05].min() > rgb[up < -0.05].max() + 20


def test_a_flat_picture_comes_back_as_it_was() -> None:
    picture = np.random.default_rng(0).integers(30, 220, (8, 8, 3)).astype(np.uint8).repeat(16, 0).repeat(16, 1)
    camera = looking((0, 0, 1.6), (4, 0, 1.6), SIZE, 110)
    environment = picture_environment(picture, camera, name="wall.jpg")
    rendered = renderer().render([], camera, environment)
    np.testing.assert_allclose(rendered.rgb.astype(int), picture.astype(int), atol=2)


def test_holes_show_what_is_behind_in_picture_and_labels() -> None:
    corners = np.array([[3, 1, 0], [3, -1, 0], [3, -1, 2], [3, 1, 2]], np.float32)
    texture = np.full((64, 64, 4), 255, np.uint8)
    texture[:32, :, 3] = 0  # the upper half of the texture is open
    card = Mesh(
        vertices_world=corners,
        triangles=np.array([[0, 1, 2], [0, 2, 3]], np.int32),
        uv=np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32),
        texture=texture,
        person=1,
        kind="hair",
        cut_out=True,
        both_sides=True,
    )
    camera = looking((0, 0, 1), (3, 0, 1), SIZE, 150)
    rendered = renderer().render([card, sphere((5, 0, 1.3), 0.3, person=2)], camera, studio(), amodal=True)
    assert set(np.unique(rendered.person_ids[:62])) == {0, 2}
    assert set(np.unique(rendered.person_ids[66:108, 20:108])) == {1}
    assert rendered.amodal is not None and not rendered.amodal[0][:62].any() and rendered.amodal[1].any()


def test_backs_are_drawn_only_where_a_mesh_has_two_sides() -> None:
    camera = looking((0, 0, 1), (3, 0, 1), SIZE, 150)
    one = Mesh(
        vertices_world=np.array([[3, 1, 0], [3, -1, 0], [3, 0, 2]], np.float32),
        triangles=np.array([[0, 1, 2]], np.int32),
        person=1,
    )
    faces = [one, Mesh(**{**vars(one), "triangles": one.triangles[:, ::-1]})]
    seen = [renderer().render([face], camera, studio()).person_ids.any() for face in faces]
    assert seen == [True, False]  # counter-clockwise as seen is the outside
    both = Mesh(**{**vars(faces[1]), "both_sides": True})
    assert renderer().render([both], camera, studio()).person_ids.any()


def test_a_picture_is_the_same_when_made_again() -> None:
    camera = looking((0, 0, 1.5), (3.5, 0, 1), SIZE, 100)
    panorama = Panorama.of(np.linspace(0, 1, 64 * 128 * 3).reshape(64, 128, 3), "ramp", enlarged=2)
    environment = panorama_environment(panorama, turn_deg=30)
    first, _, second = (
        renderer().render(people, camera, environment)
        for people in (person((3.5, 0, 0), 1), [], person((3.5, 0, 0), 1))
    )
    np.testing.assert_array_equal(first.rgb, second.rgb)
    np.testing.assert_array_equal(first.depth_m, second.depth_m)


def test_what_cannot_be_drawn_is_refused() -> None:
    camera = looking((0, 0, 1), (3, 0, 1), SIZE, 150)
    with pytest.raises(InputError, match=r"expected a camera of size \(128, 128\), got \(64, 64\)"):
        renderer().render([], camera.resized((64, 64)), studio())
    with pytest.raises(InputError, match="expected a camera with cam_from_world"):
        renderer().render([], camera.replaced(cam_from_world=None), studio())
    with pytest.raises(InputError, match="numbered 1 to 255, got 300"):
        renderer().render([sphere((3, 0, 1), 0.2, person=300)], camera, studio())
    strong = camera.replaced(distortion=BrownConrady((-0.9, 0.0, 0.0, 0.0)))
    with pytest.raises(InputError, match="use a weaker distortion"):
        renderer().render([], strong, studio())


def test_even_light_is_measured_as_even() -> None:
    light = light_of_panorama(np.ones((32, 64, 3), np.float32))
    environment = Environment(name="even", light=light, exposure=1.0, ground_z_m=-100.0)
    camera = looking((0, 0, 1), (3, 0, 1), SIZE, 150)
    white = np.full((1, 3), 0.5, np.float32)
    ball = sphere((3, 0, 1), 0.5, rings=16)
    ball = Mesh(**{**vars(ball), "colours": white.repeat(len(ball.vertices_world), 0), "roughness": 1.0})
    rgb = renderer().render([ball], camera, environment).rgb
    # Albedo 0.5 under radiance 1 sends 0.5; a little is mirrored.
    from metricpose.virtual.render.tone import film_curve, srgb_from_linear

    expected = int(srgb_from_linear(film_curve(np.array(0.5 + 0.04 * 0.4))))
    assert abs(int(rgb[64, 64, 1]) - expected) <= 3
