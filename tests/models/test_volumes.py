"""Volumes of cells: where they are, what is seen there, and eq. (5) written twice."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch comes with metricpose[train]")

from metricpose._errors import InputError  # noqa: E402
from metricpose.geometry import Fisheye  # noqa: E402
from metricpose.models.gated_cells import GatedCells  # noqa: E402
from metricpose.models.level_frame import cam_from_level  # noqa: E402
from metricpose.models.volumes import (  # noqa: E402
    Volume,
    VolumeOptions,
    feature_volume,
    gated_volume,
    sampled,
    seen_px,
)
from tests.models.voxel_made import LENS, SIZE, STRIDE, voxel_input, without_tilt, without_world, world_camera  # noqa: E402

FINE = VolumeOptions(size_m=(3.0, 3.2, 2.4), cells=(15, 16, 12))
CAMERAS = {
    "world": world_camera(roll_deg=8, yaw_deg=40),
    "lens": world_camera(lens=LENS),
    "fisheye": world_camera(lens=Fisheye((0.05, -0.01, 0.0, 0.0)), focal_px=90),
    "tilt alone": without_world(world_camera(pitch_deg=30)),
    "nothing known": without_tilt(world_camera()),
}


def volume_about(camera, centre_cam, options=FINE) -> Volume:
    axes = torch.as_tensor(cam_from_level(camera)[:3, :3]).float()
    return Volume(options, torch.tensor(centre_cam), axes)


def scene(camera, *roots):
    seen = voxel_input((camera, list(roots)))
    depths = torch.tensor([root[2] for root in roots])
    return seen.joint_maps[0], seen.boxes_px[0], depths


def test_cells_fill_the_box_and_z_runs_fastest():
    volume = Volume(VolumeOptions(size_m=(2.0, 4.0, 1.0), cells=(2, 4, 1)), torch.tensor([1.0, 0.0, 5.0]), torch.eye(3))
    cells = volume.cells_cam().reshape(2, 4, 1, 3)
    assert volume.options.cell_m == (1.0, 1.0, 1.0)
    torch.testing.assert_close(cells[0, 0, 0], torch.tensor([0.5, -1.5, 5.0]))
    torch.testing.assert_close(cells[1, 3, 0], torch.tensor([1.5, 1.5, 5.0]))
    torch.testing.assert_close(cells.mean((0, 1, 2)), volume.centre_cam)
    turned = torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])  # right is the camera's z
    steps = volume._replace(cam_from_axes=turned).cells_cam().reshape(2, 4, 1, 3)[1, 0, 0]
    torch.testing.assert_close(steps, torch.tensor([1.0 - 1.5, 0.0, 5.0 + 0.5]))


def test_sampling_is_bilinear_between_cell_centres():
    """Slow twin: four products a point; the maps are 0 beyond their outermost centres' neighbours."""
    maps = torch.rand(2, 5, 7)
    px = torch.rand(40, 2) * torch.tensor([40.0, 32.0]) - 6.0
    for point, value in zip(px, sampled(maps, px, STRIDE).T, strict=True):
        x, y = ((point + 0.5) / STRIDE - 0.5).tolist()
        expected = torch.zeros(2)
        for column in range(7):
            for row in range(5):
                expected += maps[:, row, column] * max(0.0, 1 - abs(x - column)) * max(0.0, 1 - abs(y - row))
        torch.testing.assert_close(value, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", CAMERAS)
def test_the_gated_volume_is_the_equation(name):
    """Slow twin: cell by cell, person by person; nearby boxes overlap."""
    camera = CAMERAS[name]
    options = VolumeOptions(size_m=(3.0, 3.0, 2.0), cells=(5, 6, 4))
    maps, boxes, depths = scene(camera, [0.1, 0.2, 4.0], [0.3, 0.1, 4.4], [-0.8, 0.1, 5.0])
    volume = volume_about(camera, [0.0, 0.2, 4.5], options)
    got = gated_volume(maps, STRIDE, camera, volume, boxes, depths, 0.3).flatten(1).T
    assert (got > 0.01).sum() > 5
    for cell_cam, features in zip(volume.cells_cam().numpy(), got, strict=True):
        px, seen = camera.project(np.asarray(cell_cam, dtype=np.float64))
        weight = 0.0
        for box, depth in zip(boxes.numpy(), depths.numpy(), strict=True):
            in_box = box[0] <= px[0] <= box[2] and box[1] <= px[1] <= box[3]
            in_picture = -0.5 < px[0] < SIZE[0] - 0.5 and -0.5 < px[1] < SIZE[1] - 0.5
            if seen and in_box and in_picture:
                weight = max(weight, np.exp(-((cell_cam[2] - depth) ** 2) / (2 * 0.3**2)))
        expected = weight * sampled(maps, torch.as_tensor(px).float()[None], STRIDE)[:, 0]
        torch.testing.assert_close(features, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", CAMERAS)
@pytest.mark.parametrize("sigma_m", [0.05, 0.2, 1.0])
def test_the_fast_projection_is_the_plain_one(name, sigma_m):
    """With one memory for all, cameras must not be taken for each other."""
    gated = GatedCells()
    for camera in (CAMERAS["world"], CAMERAS[name], CAMERAS["lens"]):
        maps, boxes, depths = scene(camera, [0.1, 0.2, 4.0], [0.3, 0.1, 4.4], [-0.8, 0.1, 5.0])
        volume = volume_about(camera, [0.0, 0.2, 4.5])
        plain = gated_volume(maps, STRIDE, camera, volume, boxes, depths, sigma_m)
        for _ in range(2):  # first met, then remembered
            fast = gated(maps, STRIDE, camera, volume, boxes, depths, sigma_m)
            assert plain.max() > 0.3
            torch.testing.assert_close(fast, plain, atol=1e-5, rtol=0)


def test_the_fast_projection_has_the_plain_ones_gradients():
    """To the depths, so that eq. (6) teaches DE, and to the maps; also after a look in inference mode."""
    camera, gated = CAMERAS["lens"], GatedCells()
    maps, boxes, depths = scene(camera, [0.1, 0.2, 4.0], [0.7, 0.1, 4.4])
    volume = volume_about(camera, [0.0, 0.2, 4.5])
    with torch.inference_mode():
        gated(maps, STRIDE, camera, volume, boxes, depths, 0.2)
    asked = torch.rand(4, *FINE.cells)
    gradients = []
    for project in (gated_volume, gated):
        inputs = maps.clone().requires_grad_(), depths.clone().requires_grad_()
        (project(inputs[0], STRIDE, camera, volume, boxes, inputs[1], 0.2) * asked).sum().backward()
        gradients.append([value.grad for value in inputs])
    for plain, fast in zip(*gradients, strict=True):
        assert plain.abs().max() > 0.01
        torch.testing.assert_close(fast, plain, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("name", CAMERAS)
@pytest.mark.parametrize("root", [[0.3, 0.2, 4.2], [-0.9, -0.1, 3.7], [0.0, 0.4, 5.0]])
def test_a_person_is_found_where_they_are(name, root):
    """The mean of the gated volume is highest within a cell of the true root: the joints about the hips agree there."""
    camera = CAMERAS[name]
    maps, boxes, depths = scene(camera, root)
    volume = volume_about(camera, [0.0, 0.1, 4.3])
    mean = gated_volume(maps, STRIDE, camera, volume, boxes, depths, 0.2)[:3].mean(0)
    off_cam = volume.cells_cam()[mean.argmax()] - torch.tensor(root)
    off = off_cam @ volume.cam_from_axes  # along the volume's axes
    assert (off.abs() <= torch.tensor(FINE.cell_m)).all(), off


@pytest.mark.parametrize("project", [gated_volume, GatedCells()], ids=["plain", "fast"])
class TestCorners:
    def test_nobody_leaves_it_empty(self, project):
        camera = CAMERAS["world"]
        maps = torch.ones(3, 32, 48)
        out = project(
            maps, STRIDE, camera, volume_about(camera, [0.0, 0.0, 4.0]), torch.zeros(0, 4), torch.zeros(0), 0.2
        )
        assert out.shape == (3, *FINE.cells) and not out.any()

    def test_behind_the_camera_and_out_of_the_picture_it_is_empty(self, project):
        """Also where the maps go on beyond the picture, as those of padded batches do."""
        camera = CAMERAS["nothing known"]
        volume = volume_about(camera, [0.0, 0.0, 0.0])
        everywhere = torch.tensor([[-1e4, -1e4, 1e4, 1e4]])
        maps = torch.ones(1, 64, 96)
        out = project(maps, STRIDE, camera, volume, everywhere, torch.tensor([0.0]), 5.0).flatten()
        cells = volume.cells_cam()
        px = cells[:, :2] / cells[:, 2:] * camera.focal_px[0] + (torch.tensor(SIZE) - 1) / 2
        inside = (cells[:, 2] > 0) & (px > -0.5).all(1) & (px < torch.tensor(SIZE) - 0.5).all(1)
        assert torch.equal(out > 0, inside) and 10 < inside.sum() < 1000

    def test_one_cell(self, project):
        camera, options = CAMERAS["world"], VolumeOptions(size_m=(0.1, 0.1, 0.1), cells=(1, 1, 1))
        maps, boxes, depths = scene(camera, [0.0, 0.0, 4.0])
        out = project(maps, STRIDE, camera, volume_about(camera, [0.0, 0.0, 4.0], options), boxes, depths, 0.2)
        there = sampled(maps, camera.project(torch.tensor([[0.0, 0.0, 4.0]]))[0], STRIDE)
        assert there[0] > 0.7
        torch.testing.assert_close(out, there.reshape(4, 1, 1, 1), atol=1e-5, rtol=1e-5)

    def test_a_person_beyond_the_far_face_is_not_in_it(self, project):
        camera = CAMERAS["world"]
        maps, boxes, depths = scene(camera, [0.0, 0.0, 9.0])
        assert project(maps, STRIDE, camera, volume_about(camera, [0.0, 0.0, 4.0]), boxes, depths, 0.2).max() < 1e-5


def test_pens_volume_is_not_gated():
    """A cell takes what is seen there, whatever its depth; and nothing where it is not seen."""
    camera = CAMERAS["lens"]
    maps, _, _ = scene(camera, [0.0, 0.2, 4.0])
    volume = volume_about(camera, [0.1, 0.0, 3.0])
    features = feature_volume(maps, STRIDE, camera, volume)
    px, seen = seen_px(volume.cells_cam(), camera)
    torch.testing.assert_close(features.flatten(1), sampled(maps, px, STRIDE) * seen)
    on_ray = volume.cells_cam()[features[0].argmax()]
    assert features[0].max() > 0.5 and (on_ray[:2] / on_ray[2] - torch.tensor([0.0, 0.05])).abs().max() < 0.05
    about_the_camera = volume_about(camera, [0.0, 0.0, 0.0])
    behind = about_the_camera.cells_cam()[:, 2] <= 0
    everywhere = feature_volume(torch.ones(1, 32, 48), STRIDE, camera, about_the_camera).flatten()
    assert behind.any() and not everywhere[behind].any() and everywhere[~behind].any()


@pytest.mark.parametrize(
    ("size_m", "cells", "text"),
    [
        ((1.0, 1.0, 1.0), (4, 0, 4), r"expected three whole numbers of cells, 1 or more, got \(4, 0, 4\)"),
        ((1.0, 1.0, 1.0), (4, 4), "expected three whole numbers of cells"),
        ((1.0, 1.0, 1.0), (4, 4.5, 4), "expected three whole numbers of cells"),
        ((1.0, -1.0, 1.0), (4, 4, 4), r"expected three sides above 0 m, got \(1.0, -1.0, 1.0\); give metres"),
        ((1.0, float("inf"), 1.0), (4, 4, 4), "expected three sides above 0 m"),
    ],
)
def test_boxes_that_are_none_are_refused(size_m, cells, text):
    with pytest.raises(InputError, match=text):
        VolumeOptions(size_m=size_m, cells=cells)
