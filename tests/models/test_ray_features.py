"""What the network sees: rotations to the person's own axes, the anchor distance, and what must not matter."""

import pytest

torch = pytest.importorskip("torch", reason="torch comes with metricpose[train]")

from metricpose.models.ray_features import (  # noqa: E402
    BONE_LENGTHS_M,
    BONES,
    FEATURE_COUNT,
    anchor_distance,
    person_frame,
    ray_features,
    turned_to_z,
)
from tests.models.people_seen import seen_people  # noqa: E402


def _directions() -> torch.Tensor:
    random = torch.nn.functional.normalize(torch.randn(200, 3, generator=torch.Generator().manual_seed(1)), dim=-1)
    awkward = torch.tensor([[0.0, 0, 1], [1, 0, 0], [0, -1, 0], [1e-7, 0, 1], [1, 1e-7, 1e-7], [0.6, 0, -0.8]])
    return torch.nn.functional.normalize(torch.cat([random[random[:, 2] > -0.9], awkward]).double(), dim=-1)


def test_turned_to_z_is_a_rotation_that_takes_the_direction_to_z() -> None:
    directions = _directions()
    turns = turned_to_z(directions)
    eye = torch.eye(3, dtype=torch.float64).expand_as(turns)
    torch.testing.assert_close(turns @ turns.mT, eye, atol=1e-9, rtol=0)
    torch.testing.assert_close(torch.linalg.det(turns), torch.ones(len(turns), dtype=torch.float64))
    z = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64).expand_as(directions)
    torch.testing.assert_close((turns @ directions[..., None])[..., 0], z, atol=1e-9, rtol=0)


def test_turned_to_z_takes_the_shortest_arc() -> None:
    directions = _directions()
    axes = torch.linalg.cross(directions, torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64).expand_as(directions))
    # What lies on the axis of the shortest turn stays where it is.
    torch.testing.assert_close((turned_to_z(directions) @ axes[..., None])[..., 0], axes, atol=1e-9, rtol=0)


@pytest.mark.parametrize("factor", [0.25, 0.5, 2.0, 3.0])
def test_the_anchor_is_inverse_to_the_size_in_the_picture(factor: float) -> None:
    rays, scores, _ = seen_people(2, 6, seed=3)
    points = person_frame(rays, scores).points.double()
    ratio = anchor_distance(points * factor, scores.double()) / anchor_distance(points, scores.double())
    torch.testing.assert_close(ratio, torch.full_like(ratio, 1 / factor), rtol=1e-4, atol=0)


def test_the_anchor_is_the_distance_of_limbs_seen_at_full_mean_length() -> None:
    # A chain of limbs in the plane, each as long as the mean adult's, at 4 m; nothing else is seen.
    points = torch.zeros(1, 1, 17, 2, dtype=torch.float64)
    scores = torch.zeros(1, 1, 17, dtype=torch.float64)
    for joint, x in ((5, 0.0), (7, 0.28), (9, 0.53)):
        points[0, 0, joint, 0], scores[0, 0, joint] = x / 4.0, 1.0
    angle = torch.tensor([0.28, 0.25], dtype=torch.float64) / 4.0
    assert tuple(BONES[:2]) == ((5, 7), (7, 9))
    ratio = angle / torch.tensor(BONE_LENGTHS_M[:2], dtype=torch.float64)
    torch.testing.assert_close(ratio, torch.full_like(ratio, 0.25))
    assert abs(float(anchor_distance(points, scores)[0, 0]) / 4.0 - 1) < 0.05  # the extent counts as one weak limb


def test_the_anchor_is_finite_whatever_is_seen() -> None:
    rays, scores, _ = seen_people(1, 4)
    for seen in (0, 1, 2):
        few = torch.zeros_like(scores)
        few[..., :seen] = 0.5
        anchor = person_frame(rays, few).anchor
        assert torch.isfinite(anchor).all()
        assert (anchor > 0).all()


def test_unseen_rays_leave_no_trace() -> None:
    rays, scores, camera = seen_people(3, 4, seed=5)
    other = torch.where((scores > 0)[..., None], rays, torch.nn.functional.normalize(torch.rand_like(rays), dim=-1))
    before, after = ray_features(rays, scores, camera), ray_features(other, scores, camera)
    torch.testing.assert_close(before.features, after.features, atol=1e-5, rtol=0)
    torch.testing.assert_close(before.candidates, after.candidates, atol=1e-5, rtol=0)


def test_without_knowledge_what_stands_in_the_camera_row_leaves_no_trace() -> None:
    rays, scores, camera = seen_people(2, 3)
    camera = torch.zeros_like(camera)
    other = camera.clone()
    other[:, [0, 1, 2, 4, 5, 7]] = torch.tensor([0.6, -0.8, 0.0, 0.2, 3.0, 0.1])  # flags stay 0
    torch.testing.assert_close(ray_features(rays, scores, camera).features, ray_features(rays, scores, other).features)


def test_the_ground_tells_the_distance_of_those_who_stand_on_it() -> None:
    # A level camera at 1.6 m; ankles 0.08 m over the ground, 6 m away.
    rays, scores, camera = seen_people(1, 1)
    scores = torch.ones_like(scores)
    rays[0, 0, 15] = torch.nn.functional.normalize(torch.tensor([0.0, 1.6 - 0.08, 6.0]), dim=0)
    seen = ray_features(rays, scores, camera)
    distance = seen.frame.anchor * seen.candidates[..., 0].exp()
    person_z = seen.frame.rotation[0, 0, 2]
    truth = torch.tensor([0.0, 1.52, 6.0]) @ person_z  # along the person's middle ray
    torch.testing.assert_close(distance[0, 0], truth, rtol=1e-4, atol=0)


def test_features_are_as_many_as_stated_and_finite_at_the_edges() -> None:
    rays, scores, camera = seen_people(2, 3)
    rays = torch.nn.functional.normalize(rays + torch.tensor([50.0, 0.0, 0.0]), dim=-1)  # 89 degrees off the axis
    features = ray_features(rays, scores, camera).features
    assert features.shape == (2, 3, FEATURE_COUNT)
    assert torch.isfinite(features).all()
