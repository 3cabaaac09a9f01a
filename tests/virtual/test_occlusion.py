"""Who hides whom: made-up pairs of people, a slow twin, furniture and the far side of the head."""

import math

import pytest

torch = pytest.importorskip("torch", reason="virtual data needs the train extra")

from metricpose.virtual.occlusion import (  # noqa: E402
    OcclusionOptions,
    behind_bodies,
    behind_furniture,
    far_side_of_head,
    in_picture,
)

NOSE, LEFT_EYE, RIGHT_EYE, LEFT_EAR, RIGHT_EAR = range(5)
LEFT_WRIST, HIPS, LEFT_HIP, LEFT_KNEE, LEFT_ANKLE = 9, (11, 12), 11, 13, 15
OPTIONS = OcclusionOptions()

FRONT_VIEW = torch.tensor(
    [
        (0, 0), (3, -3), (-3, -3), (6, 0), (-6, 0), (15, 20), (-15, 20), (22, 50), (-22, 50), (24, 75), (-24, 75),
        (8, 80), (-8, 80), (9, 120), (-9, 120), (9, 160), (-9, 160),
    ],
    dtype=torch.float32,
)  # fmt: skip
"""Somebody 170 px tall standing before the camera: pixels about the nose."""


def _scene(*people: tuple[float, float]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """One scene of standing people at (x px, depth m)."""
    px = torch.stack([FRONT_VIEW + torch.tensor([x, 0.0]) for x, _ in people])[None]
    depth = torch.tensor([[depth] * 17 for _, depth in people])[None]
    return px, depth, torch.full((1, len(people)), 170.0), torch.ones(1, len(people), dtype=torch.bool)


def test_a_person_behind_another_is_hidden_and_the_one_in_front_is_not() -> None:
    hidden = behind_bodies(*_scene((200, 3.0), (200, 5.0)), OPTIONS)[0]
    assert not hidden[0].any()
    assert hidden[1, [NOSE, *HIPS, LEFT_KNEE, LEFT_ANKLE]].all()
    assert not hidden[1, LEFT_WRIST]  # it looks out at the side


@pytest.mark.parametrize(
    "people", [((200, 3.0), (400, 5.0)), ((200, 3.0), (200, 3.1)), ((200, 3.0), (200, 3.0))], ids=str
)
def test_people_side_by_side_or_equally_far_hide_nothing(people: tuple[tuple[float, float], ...]) -> None:
    assert not behind_bodies(*_scene(*people), OPTIONS).any()


def test_one_leg_hides_no_more_than_its_width() -> None:
    hidden = behind_bodies(*_scene((200, 3.0), (216, 5.0)), OPTIONS)[0, 1]
    assert hidden[[14, 16]].all()  # their right leg is behind the other's left one
    assert not hidden[[LEFT_KNEE, LEFT_ANKLE]].any()


def test_somebody_absent_hides_nobody_and_nor_does_another_scene() -> None:
    px, depth, radius, present = _scene((200, 3.0), (200, 5.0))
    assert not behind_bodies(px, depth, radius, torch.tensor([[False, True]]), OPTIONS).any()
    apart = [value.transpose(0, 1) for value in (px, depth, radius, present)]
    assert not behind_bodies(*apart, OPTIONS).any()


def test_an_arm_hides_behind_the_own_trunk_only_well_behind_it() -> None:
    px, depth, radius, present = _scene((200, 3.0))
    px[0, 0, LEFT_WRIST] = torch.tensor([200.0, 50.0])
    for behind, expected in ((0.15, False), (0.25, True)):
        depth[0, 0, LEFT_WRIST] = 3.0 + behind
        hidden = behind_bodies(px, depth, radius, present, OPTIONS)[0, 0]
        assert bool(hidden[LEFT_WRIST]) is expected
        assert hidden.sum() == int(expected)


def _hidden_slowly(px, depth, stature, present) -> list[list[bool]]:
    """Of one scene, joint by joint."""
    people, hidden = range(len(present)), []
    for seen in people:
        hidden.append([present[seen] and any(
            _covers(px[other], depth[other], stature[other], px[seen][joint], depth[seen][joint], seen == other)
            for other in people if present[other]
        ) for joint in range(17)])  # fmt: skip
    return hidden


def _covers(px, depth, stature, point, z, own: bool) -> bool:
    middle = [(px[11][axis] + px[12][axis]) / 2 for axis in (0, 1)]
    trunk = (middle, px[0], (depth[11] + depth[12]) / 2, depth[0], 0.085)
    legs = [(px[hip], px[hip + 4], depth[hip], depth[hip + 4], 0.045) for hip in (11, 12)]
    for start, end, near, far, radius in (trunk, *legs):
        ax, ay = end[0] - start[0], end[1] - start[1]
        along = ((point[0] - start[0]) * ax + (point[1] - start[1]) * ay) / (ax * ax + ay * ay)
        along = min(1.0, max(0.0, along))
        distance = math.hypot(point[0] - start[0] - along * ax, point[1] - start[1] - along * ay)
        front = near + along * (far - near)
        if distance < radius * stature and z > front + 0.12 + (0.06 if own else 0.0):
            return True
    return False


def test_the_slow_twin_agrees() -> None:
    generator = torch.Generator().manual_seed(0)
    px = 150 * torch.rand(6, 4, 17, 2, generator=generator)
    depth = 3 + 2 * torch.rand(6, 4, 17, generator=generator)
    stature = 100 + 200 * torch.rand(6, 4, generator=generator)
    present = torch.rand(6, 4, generator=generator) < 0.7
    hidden = behind_bodies(px, depth, stature, present, OPTIONS)
    assert 0.1 < hidden[present].float().mean() < 0.9
    for scene in range(6):
        values = (value[scene].tolist() for value in (px, depth, stature, present))
        assert hidden[scene].tolist() == _hidden_slowly(*values)


def _head(nose: tuple[float, float, float], ear: tuple[float, float, float]) -> torch.Tensor:
    """Joints (1, 1, 17, 3) of a head at (0, 0, 4) m, its left ear and nose at these places from its middle."""
    joints = torch.zeros(1, 1, 17, 3)
    left, front = torch.tensor(ear), torch.tensor(nose)
    joints[0, 0, LEFT_EAR], joints[0, 0, RIGHT_EAR] = left, -left
    joints[0, 0, NOSE] = front
    joints[0, 0, LEFT_EYE], joints[0, 0, RIGHT_EYE] = 0.8 * front + 0.45 * left, 0.8 * front - 0.45 * left
    joints[0, 0, 5:, 2] = 1.0
    return joints + torch.tensor([0.0, 0.0, 4.0])


def _unseen(joints: torch.Tensor) -> list[int]:
    return far_side_of_head(joints)[0, 0].nonzero()[:, 0].tolist()


def test_a_face_hides_nothing_and_its_back_hides_the_face() -> None:
    assert _unseen(_head((0, 0, -0.1), (0.07, 0, 0))) == []
    assert _unseen(_head((0, 0, 0.1), (-0.07, 0, 0))) == [NOSE, LEFT_EYE, RIGHT_EYE]


def test_a_profile_hides_the_far_ear() -> None:
    assert _unseen(_head((0.1, 0, 0), (0, 0, 0.07))) == [LEFT_EAR]
    assert _unseen(_head((-0.1, 0, 0), (0, 0, -0.07))) == [RIGHT_EAR]


def _furnished(n: int = 400, **shares: float) -> tuple[torch.Tensor, torch.Tensor]:
    """(places (n, 17, 2) in each person's own box, hidden (n, 17))."""
    generator = torch.Generator().manual_seed(1)
    px = 50 + 300 * torch.rand(n, 1, 17, 2, generator=generator)
    none = {"table_share": 0.0, "side_share": 0.0, "box_share": 0.0}
    hidden = behind_furniture(px, OcclusionOptions(**none | shares), generator)[:, 0]
    low, high = px.amin(2), px.amax(2)
    return ((px - low[:, :, None]) / (high - low)[:, :, None])[:, 0], hidden


def test_no_furniture_hides_nothing() -> None:
    assert not _furnished()[1].any()


def test_a_table_hides_what_is_below_its_edge() -> None:
    place, hidden = _furnished(table_share=1.0)
    assert hidden.any(1).all()
    _assert_beyond_an_edge(place[..., 1], hidden)


def test_a_wall_hides_what_is_beyond_its_edge_on_either_side() -> None:
    place, hidden = _furnished(side_share=1.0)
    right = (place[..., 0] * hidden).sum(1) / hidden.sum(1) > 0.5
    assert right.float().mean() == pytest.approx(0.5, abs=0.1)
    _assert_beyond_an_edge(torch.where(right[:, None], place[..., 0], 1 - place[..., 0]), hidden)


def _assert_beyond_an_edge(place: torch.Tensor, hidden: torch.Tensor) -> None:
    highest_seen = torch.where(hidden, -1.0, place).amax(1)
    lowest_hidden = torch.where(hidden, place, 2.0).amin(1)
    assert (highest_seen < lowest_hidden).all()
    assert (lowest_hidden > 0.3).all()


def test_a_box_hides_what_lies_in_it() -> None:
    place, hidden = _furnished(box_share=1.0)
    for axis in (0, 1):
        low = torch.where(hidden, place[..., axis], 2.0).amin(1)
        high = torch.where(hidden, place[..., axis], -1.0).amax(1)
        assert (high - low <= 0.6).all()
    assert hidden.any(1).float().mean() > 0.5
    assert hidden.float().mean() < 0.3


def test_shares_are_of_people() -> None:
    _, hidden = _furnished(2000, table_share=0.2, side_share=0.1)
    assert hidden.any(1).float().mean() == pytest.approx(0.3, abs=0.035)


def test_the_picture_ends_at_the_middle_of_its_last_pixels() -> None:
    joints = torch.tensor([[0, 0], [639, 479], [-0.01, 5], [5, -0.01], [639.01, 5], [5, 479.01]])
    inside = in_picture(joints[None, None], torch.tensor([[640.0, 480.0]]))
    assert inside[0, 0].tolist() == [True, True, False, False, False, False]
