"""What a lifter of every skeleton is shown: the same as in inference, from the same detections."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="virtual data needs the train extra")

from metricpose._errors import InputError  # noqa: E402
from metricpose.inference.rays import people_rays  # noqa: E402
from metricpose.people import People2D  # noqa: E402
from metricpose.skeletons import skeleton_named  # noqa: E402
from metricpose.skeletons.acae import AffineAutoencoder  # noqa: E402
from metricpose.virtual.camera_knowledge import EXACT  # noqa: E402
from metricpose.virtual.lifting_batch import lifting_batch  # noqa: E402
from metricpose.virtual.scene_people import camera_of  # noqa: E402
from metricpose.virtual.scenes import SceneBatch, SceneOptions  # noqa: E402
from metricpose.virtual.seeded import seeded_scenes  # noqa: E402
from metricpose.virtual.skeleton_batch import Menu, skeleton_batch  # noqa: E402
from metricpose.virtual.world import World  # noqa: E402
from tests.virtual.made_points import made_points  # noqa: E402


def _generator(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def scenes(small_world: World) -> SceneBatch:
    """200 scenes of people with all points."""
    bodies = replace(small_world.bodies, points=made_points(len(small_world.bodies.stature_m)))
    return seeded_scenes(200, World(poses=small_world.poses, bodies=bodies), SceneOptions(), 5)


def test_coco_is_seen_as_by_the_lifter_of_coco_alone(scenes: SceneBatch) -> None:
    data = skeleton_batch(scenes, EXACT, Menu.of({"coco17": 1.0}), _generator())
    alone = lifting_batch(scenes, EXACT, _generator())
    for name, value in data.lifting._asdict().items():
        torch.testing.assert_close(value, getattr(alone, name), msg=lambda text, name=name: name + text)
    assert not data.other_scores.any()
    assert data.others_cam.shape[:3] == (*alone.real.shape, 135)


@pytest.mark.parametrize("name", ["h36m17", "mediapipe33", "openpose67", "mpii16", "smpl24"])
def test_each_skeleton_is_seen_as_in_inference(scenes: SceneBatch, name: str) -> None:
    skeleton, acae = skeleton_named(name), AffineAutoencoder.load()
    where = acae.places_of(skeleton)
    data = skeleton_batch(scenes, EXACT, Menu.of({name: 1.0}), _generator())
    assert scenes.others is not None
    px = torch.cat([scenes.detections.joints_px, scenes.others.joints_px], 2)[:, :, where]
    scores = torch.cat([scenes.detections.scores, scenes.others.scores], 2)[:, :, where]
    compared = 0
    for scene in range(60):
        who = data.lifting.present[scene].numpy()
        slots = np.flatnonzero(who)
        camera = camera_of(scenes.cameras, scene, with_extrinsics=False)
        boxes = np.tile([0.0, 0.0, *camera.image_size], (len(slots), 1))
        people = People2D(
            boxes_px=boxes, joints_px=px[scene, slots].numpy(), joint_scores=scores[scene, slots].numpy(),
            scores=np.ones(len(slots)), skeleton=skeleton, image_size=camera.image_size,
        )  # fmt: skip
        read = people_rays([(people, camera)])
        pairs = (
            (read.rays, read.scores, data.lifting.rays, data.lifting.scores),
            (read.other_rays, read.other_scores, data.other_rays, data.other_scores),
        )
        for rays, told, theirs, told_there in pairs:
            np.testing.assert_allclose(told, told_there[scene, slots].numpy(), atol=1e-6)
            seen = told > 0
            np.testing.assert_allclose(rays[seen], theirs[scene, slots].numpy()[seen], atol=2e-5)
            compared += int(seen.sum())
    assert compared > 500


def test_scenes_without_other_points_are_refused(many_scenes: SceneBatch) -> None:
    with pytest.raises(InputError, match=r"skeleton batch: expected scenes of bodies with a point bank; set WorldOpt"):
        skeleton_batch(many_scenes, EXACT, Menu.of({"coco17": 1.0}), _generator())


def test_skeletons_come_in_their_shares_and_some_detectors_tell_a_part(scenes: SceneBatch) -> None:
    data = skeleton_batch(scenes, EXACT, Menu.of({"coco17": 1.0, "mpii16": 3.0}), _generator())
    faces = (data.lifting.scores[..., :5] > 0).any(-1).any(-1).float().mean()
    assert 0.15 < float(faces) < 0.35
    whole = skeleton_batch(scenes, EXACT, Menu.of({"coco17": 1.0}), _generator()).lifting.scores > 0
    part = skeleton_batch(scenes, EXACT, Menu.of({"coco17": 1.0}, subsets=1.0), _generator()).lifting.scores > 0
    assert part.shape == whole.shape
    assert not (part & ~whole).any()
    assert 0.3 < float(part.sum() / whole.sum()) < 0.8


def test_truth_of_other_points_hangs_with_the_joints(scenes: SceneBatch) -> None:
    assert scenes.others is not None
    names = AffineAutoencoder.load().points[17:]
    heel = scenes.others.joints_cam[:, :, names.index("left_heel")]
    apart = (heel - scenes.joints_cam[:, :, 15]).norm(dim=-1)[scenes.real]
    assert apart.max() < 0.4
