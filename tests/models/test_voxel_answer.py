"""Whose candidate is whose: near in the picture, near in depth, one to one; and an answer for those who have none."""

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch", reason="torch comes with metricpose[train]")

from metricpose.models.root_net import Roots  # noqa: E402
from metricpose.models.voxel_answer import answered, claimed, roots_by_depth  # noqa: E402
from tests.models.voxel_made import small_stage, voxel_input, without_tilt, world_camera  # noqa: E402

ROOTS = [[0.2, 0.1, 4.0], [-0.8, 0.0, 5.0]]
DEPTHS = torch.tensor([[4.0, 5.0]])


def claims(candidates, scores=None, depths=DEPTHS, roots=ROOTS):
    """Pairs (candidate, person) of candidates (N, 3) m in one picture of the people at `roots`."""
    places = torch.tensor(candidates, dtype=torch.float32).reshape(-1, 3)
    found = Roots(
        torch.zeros(len(places), dtype=torch.long), places, torch.ones(len(places)) if scores is None else scores
    )
    rows, people = claimed(voxel_input((world_camera(), roots)), 0, depths, found, torch.arange(len(places)))
    return sorted(zip(rows.tolist(), people.tolist(), strict=True))


def test_each_candidate_goes_to_the_person_it_is_seen_on():
    assert claims([[-0.8, 0.0, 5.0], [0.2, 0.1, 4.0]]) == [(0, 1), (1, 0)]
    assert claims([[-0.75, 0.05, 4.7], [0.25, 0.1, 4.3]]) == [(0, 1), (1, 0)]


def test_a_candidate_on_nobody_is_nobodys():
    assert claims([[2.5, 0.1, 5.0]]) == []
    assert claims([[0.2, 0.1, -4.0]]) == []  # its pixel would be a person's, but it is behind the camera
    assert claims([]) == []


def test_of_two_candidates_on_one_person_the_one_at_their_depth_is_theirs():
    assert claims([[0.3, 0.15, 6.0], [0.2, 0.1, 4.0]]) == [(1, 0)]
    assert claims([[0.2, 0.1, 4.0], [0.21, 0.1, 4.0]], torch.tensor([0.3, 0.9])) == [(1, 0)]


def test_two_people_in_one_place_of_the_picture_are_told_apart_by_depth():
    roots = [[0.0, 0.0, 3.0], [0.0, 0.0, 6.0]]
    depths = torch.tensor([[3.1, 5.8]])
    assert claims([[0.0, 0.0, 6.1], [0.0, 0.0, 2.9]], depths=depths, roots=roots) == [(0, 1), (1, 0)]


def test_a_root_lies_on_its_ray_at_its_depth():
    seen = voxel_input((world_camera(), ROOTS))
    torch.testing.assert_close(
        roots_by_depth(seen, DEPTHS)[0].double(), torch.tensor(ROOTS).double(), atol=1e-3, rtol=0
    )


def scene():
    return voxel_input((world_camera(), ROOTS), (without_tilt(world_camera()), [[0.0, 0.0, 3.0]]))


def stage_with(least_score):
    options = small_stage().options
    return small_stage(replace(options, roots=replace(options.roots, least_score=least_score, most_people=10)))


def test_everybody_is_answered_and_padding_is_zeros():
    for least_score in (1e9, -1e9):
        seen = scene()
        with torch.no_grad():
            got = answered(stage_with(least_score), seen)
        assert got.joints_cam.shape == (2, 2, 4, 3) and got.root_cam.shape == (2, 2, 3)
        assert got.joints_cam[seen.present].abs().sum((-1, -2)).min() > 0
        for name in ("joints_cam", "root_cam", "outermost", "found", "scores"):
            assert not getattr(got, name)[~seen.present].any(), name


def test_without_a_candidate_a_person_stands_where_de_says():
    stage, seen = stage_with(1e9), scene()
    with torch.no_grad():
        got = answered(stage, seen)
    assert not got.found.any() and not got.scores.any() and not got.unclaimed.any()
    focal = torch.tensor([[camera.focal_px[0]] for camera in seen.cameras])
    places = roots_by_depth(seen, got.canonical_depth * focal / 1000)
    reach = torch.tensor(stage.options.pose.volume.size_m).norm() / 2
    assert (got.joints_cam - places[:, :, None])[seen.present].norm(dim=-1).max() <= reach


def test_candidates_are_somebodys_or_counted():
    stage, seen = stage_with(-1e9), scene()
    with torch.no_grad():
        got, plain = answered(stage, seen), stage(seen)
    for picture in range(2):
        assert int(got.unclaimed[picture] + got.found[picture].sum()) == int((plain.picture == picture).sum())
    assert not (got.scores[~got.found]).any()


def test_nobody_in_the_picture():
    with torch.no_grad():
        got = answered(stage_with(-1e9), voxel_input((world_camera(), [])))
    assert got.joints_cam.shape == (1, 0, 4, 3) and got.found.shape == (1, 0) and not got.unclaimed.any()
