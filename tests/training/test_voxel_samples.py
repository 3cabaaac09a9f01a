"""Scenes as samples: maps and truth speak of the same people in the same picture, and only truth knows who is real."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the train extra")

from metricpose._errors import InputError  # noqa: E402
from metricpose.geometry import BrownConrady, Camera  # noqa: E402
from metricpose.models.voxel_picture import PictureOptions  # noqa: E402
from metricpose.people import People2D  # noqa: E402
from metricpose.skeletons.catalogue import COCO17  # noqa: E402
from metricpose.training.voxel_samples import (  # noqa: E402
    VoxelSampleOptions,
    in_chunks,
    told_camera,
    told_samples,
    voxel_samples,
)
from metricpose.virtual.camera_knowledge import NOTHING, KnowledgeOptions, camera_rows  # noqa: E402
from metricpose.virtual.one_camera import OneCamera  # noqa: E402
from tests.training.voxel_made import FAULTLESS, FAULTY, PICTURE, exact_rows, made_scenes  # noqa: E402

OPTIONS = VoxelSampleOptions(picture=PICTURE, least_cells=6.0)


def each_person(samples):
    """(picture, person) of everybody who is real."""
    return [tuple(pair) for pair in samples.truth.real.nonzero().tolist()]


def test_a_true_joint_projects_onto_its_peak():
    scenes = made_scenes(12)
    samples = told_samples(scenes, exact_rows(scenes), OPTIONS)
    looked_at = 0
    for picture, person in each_person(samples):
        camera, maps = samples.seen.cameras[picture], samples.seen.joint_maps[picture]
        px = camera.project(samples.truth.joints_cam[picture, person].double())[0].numpy()
        inside = ((px > 0) & (px < np.array(camera.image_size) - 1)).all(1)
        for joint in np.flatnonzero(inside & (samples.scores[picture, person] > 0).numpy()):
            column, row = np.rint((px[joint] + 0.5) / PICTURE.stride - 0.5).astype(int)
            own = float(samples.scores[picture, person, joint])
            # The narrowest peak has a sigma of one cell, and the nearest cell is 0.71 cells away at most.
            assert maps[joint, row, column] >= own * np.exp(-0.26), (picture, person, joint)
            looked_at += 1
    assert looked_at > 100


def test_the_true_root_is_seen_where_the_depth_is_read():
    scenes = made_scenes(12)
    samples = told_samples(scenes, exact_rows(scenes), OPTIONS)
    for picture, person in each_person(samples):
        camera = samples.seen.cameras[picture]
        hips_px = camera.project(samples.truth.joints_cam[picture, person, 11:13].double())[0]
        if bool((samples.scores[picture, person, 11:13] > 0).all()):
            # Between the hips' pixels and the middle's there is perspective alone.
            off = (hips_px.mean(0) - samples.seen.roots_px[picture, person]).abs().max()
            assert off < 1e-2, (picture, person)


def test_canonical_depth_is_that_at_a_focal_length_of_1000():
    scenes = made_scenes(6)
    samples = told_samples(scenes, exact_rows(scenes), OPTIONS)
    for picture, person in each_person(samples):
        fx, fy = samples.seen.cameras[picture].focal_px
        z = float(samples.truth.joints_cam[picture, person, 11:13, 2].mean())
        assert float(samples.truth.roots_cam[picture, person, 2]) == pytest.approx(z, rel=1e-5)
        assert float(samples.truth.canonical_depth[picture, person]) == pytest.approx(
            z * 1000 / (fx * fy) ** 0.5, rel=1e-5
        )


def test_truth_is_of_real_people_alone_and_the_rest_is_seen_all_the_same():
    scenes = made_scenes(40, FAULTY)
    samples = told_samples(scenes, exact_rows(scenes), replace(OPTIONS, least_cells=0.0))
    assert int(samples.seen.present.sum()) == int(scenes.present.sum()) > int(scenes.real.sum())
    assert int(samples.truth.real.sum()) == int(scenes.real.sum())
    assert not (samples.truth.real & ~samples.seen.present).any()
    shown = torch.cat([scenes.joints_cam[k][scenes.real[k]] for k in range(40)])
    assert torch.equal(samples.truth.joints_cam[samples.truth.real], shown)


def test_what_the_network_sees_does_not_depend_on_truth():
    scenes = made_scenes(10, FAULTY)
    moved = replace(
        scenes, joints_cam=scenes.joints_cam.flip(0) + 5, joints_px=scenes.joints_px + 30, real=~scenes.real,
        visible=~scenes.visible, stature_m=scenes.stature_m * 2,
    )  # fmt: skip
    one, two = (told_samples(some, exact_rows(scenes), OPTIONS).seen for some in (scenes, moved))
    for name in ("joint_maps", "boxes_px", "roots_px", "present"):
        assert torch.equal(getattr(one, name), getattr(two, name)), name


def test_small_people_are_left_out_of_both():
    scenes = made_scenes(30, FAULTY)
    few = told_samples(scenes, exact_rows(scenes), replace(OPTIONS, least_cells=20.0))
    boxes = few.seen.boxes_px[few.seen.present]
    assert (boxes[:, 2:] - boxes[:, :2]).amax(-1).min() >= 20 * PICTURE.stride - 1e-3
    everybody = told_samples(scenes, exact_rows(scenes), replace(OPTIONS, least_cells=0.0))
    assert 0 < int(few.truth.real.sum()) < int(everybody.truth.real.sum())


def test_nobody_large_enough_is_an_ordinary_sample():
    scenes = made_scenes(3)
    nobody = told_samples(scenes, exact_rows(scenes), replace(OPTIONS, least_cells=1e6))
    assert nobody.seen.present.shape == nobody.truth.real.shape == (3, 0)
    assert not nobody.seen.joint_maps.any()


def test_chunks_are_the_whole():
    scenes = made_scenes(7, FAULTY)
    whole = told_samples(scenes, exact_rows(scenes), OPTIONS)
    parts = list(in_chunks(scenes, exact_rows(scenes), OPTIONS, 3))
    assert [len(part.seen.cameras) for part in parts] == [3, 3, 1]
    assert torch.equal(torch.cat([part.seen.joint_maps for part in parts]), whole.seen.joint_maps)
    shown = torch.cat([part.truth.joints_cam[part.truth.real] for part in parts])
    assert torch.equal(shown, whole.truth.joints_cam[whole.truth.real])


def test_the_same_generator_state_gives_the_same_samples():
    scenes, noisy = made_scenes(5), replace(OPTIONS, knowledge=KnowledgeOptions(none=0.3, exact=0.0))
    one, two = (voxel_samples(scenes, noisy, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(one.seen.joint_maps, two.seen.joint_maps)
    for a, b in zip(one.seen.cameras, two.seen.cameras, strict=True):
        ups = [None if camera.up is None else camera.up.tolist() for camera in (a, b)]
        assert ups[0] == ups[1]


def test_a_camera_is_told_as_its_row_says():
    scenes = made_scenes(4)
    rows = exact_rows(scenes)
    for number in range(4):
        camera = told_camera(scenes.cameras, number, rows[number])
        assert camera.up is not None and camera.height_m == pytest.approx(float(rows[number, 5]), rel=1e-5)
        np.testing.assert_allclose(camera.up, rows[number, :3].numpy(), atol=1e-5)
        tilt_only = rows[number].clone()
        tilt_only[5:] = 0
        told = told_camera(scenes.cameras, number, tilt_only)
        assert told.height_m is None and told.up is not None
    unknown = camera_rows(scenes.cameras, NOTHING, torch.Generator().manual_seed(0))
    assert told_camera(scenes.cameras, 0, unknown[0]).up is None


def test_a_users_lens_is_the_samples_lens():
    lens = Camera.from_fov((640, 480), 70.0).replaced(distortion=BrownConrady((-0.2, 0.05, 0.0, 0.0)))
    scenes = made_scenes(4, replace(FAULTLESS, cameras=OneCamera(camera=lens)))
    samples = told_samples(scenes, exact_rows(scenes), OPTIONS)
    for camera in samples.seen.cameras:
        assert camera.distortion == lens.distortion and camera.image_size == (171, 128)
    for picture, person in each_person(samples):
        px = samples.seen.cameras[picture].project(samples.truth.joints_cam[picture, person].double())[0]
        here = (samples.scores[picture, person] > 0).numpy()
        box = samples.seen.boxes_px[picture, person]
        assert ((px[here] >= box[:2] - 0.1) & (px[here] <= box[2:] + 0.1)).all()


def test_a_picture_is_fitted_with_its_camera():
    camera = Camera.from_fov((1080, 1920), 50.0)
    points = np.array([[[0.2, -0.4, 4.0]] * 17, [[-0.5, 0.3, 6.0]] * 17]) + np.linspace(0, 0.3, 17)[:, None]
    px = camera.project(points)[0]
    people = People2D(
        boxes_px=np.concatenate([px.min(1), px.max(1)], -1), joints_px=px, joint_scores=np.ones((2, 17)),
        scores=np.ones(2), skeleton=COCO17, image_size=camera.image_size,
    )  # fmt: skip
    fitted, smaller = PictureOptions().fitted(people, camera)
    assert smaller.image_size == fitted.image_size == (288, 512)
    np.testing.assert_allclose(fitted.joints_px, smaller.project(points)[0], atol=1e-3)
    empty, _ = PictureOptions().fitted(People2D.empty(COCO17, camera.image_size), camera)
    assert len(empty) == 0


def test_error_texts():
    with pytest.raises(InputError, match=r"picture: expected sides that are multiples of the stride, got \(481, 256\)"):
        PictureOptions(size_px=(481, 256))
    people = People2D.empty(COCO17, (640, 480))
    with pytest.raises(InputError, match=r"one picture size, got \(640, 480\) and \(320, 240\); use camera.resized"):
        PICTURE.fitted(people, Camera.from_fov((320, 240), 60.0))
