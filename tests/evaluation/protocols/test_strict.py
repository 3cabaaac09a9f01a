"""The strict mode: one to one, misses and ghosts counted, nothing chosen or moved by the truth."""

import numpy as np
import pytest

from metricpose._errors import InputError
from metricpose.evaluation.against import against
from metricpose.evaluation.protocols import virtual
from metricpose.evaluation.protocols.pairs import best_pairs, pairs_in_pictures
from metricpose.people import PeopleFrame, match
from metricpose.skeletons import CATALOGUE, converter
from tests.evaluation.protocols.frames_made import frame, pose_of, row

ROOTS = [(-1.0, 0, 4.0), (0, 0, 4.0), (1, 0, 5.0)]


def strict(truth, predicted, **options):
    result = virtual.judge(truth, predicted, virtual.Options(**options))
    return result.tables[0].rows[-1], result


@pytest.mark.parametrize("people", [0, 1, 2, 3])
def test_exact_predictions_are_perfect(people):
    truth = [frame("a", ROOTS[:people])]
    found, result = strict(truth, truth)
    assert (found.people, found.matched, found.missed, found.ghosts) == (people, people, 0, 0)
    good = {"precision": 100, "recall": 100, "f1": 100, "pck": 100, "pck_abs": 100, "pck_root": 100, "ap_root": 100}
    bad = {"mpjpe": 0, "mrpe": 0, "mrpe_x": 0, "n_mpjpe": 0, "pa_mpjpe": 0}
    for key, value in (good | bad).items():
        assert found.values[key] == (None if people == 0 else pytest.approx(value, abs=1e-6)), key
    assert len(result.people.rows) == people


def test_misses_are_failures_and_ghosts_cost_f1():
    truth = [frame("a", ROOTS)]
    predicted = [frame("a", [ROOTS[0], (0.03, 0, 4.04), (-2.0, 1.5, 3.0)])]
    found, result = strict(truth, predicted)
    assert (found.matched, found.missed, found.ghosts) == (2, 1, 1)
    assert found.values["mrpe"] == pytest.approx(50 / 2)  # of matched people: 0 and |(30, 0, 40)|
    assert found.values["mrpe_z"] == pytest.approx(40 / 2)
    assert found.values["pck"] == pytest.approx(200 / 3)  # all: the miss fails
    for key in ("precision", "recall", "f1"):
        assert found.values[key] == pytest.approx(200 / 3)
    people = result.people
    assert (people.frames, people.rows.tolist(), people.predicted.tolist()) == (("a",) * 3, [0, 1, 2], [0, 1, -1])
    np.testing.assert_allclose(people.distance_m, np.linalg.norm(ROOTS, axis=-1))
    assert np.isnan(people.values["mpjpe"][2])
    assert people.values["pck_abs"].tolist() == [100.0, 100.0, 0.0]
    assert np.isnan(people.joint_error_m[2]).all()
    assert result.ghosts == ("a",)


def test_more_predictions_never_help():
    """Copies of a prediction are ghosts: F1 falls, nothing else gains."""
    truth, once = [frame("a", ROOTS[:1])], frame("a", [(-1.05, 0, 4.0)])
    twice = once[[0, 0]]
    one, two = strict(truth, [once])[0], strict(truth, [twice])[0]
    assert (two.ghosts, two.values["recall"], two.values["mrpe"]) == (1, 100.0, one.values["mrpe"])
    assert two.values["precision"] == 50.0
    assert two.values["f1"] < one.values["f1"]


def test_depth_never_forbids_a_pair_in_the_picture():
    """Twice as far along the same ray: a large error, no miss and no ghost."""
    truth = frame("a", ROOTS[:1])
    far = truth.replaced(joints_cam=2 * truth.joints_cam)
    found = strict([truth], [far])[0]
    assert (found.matched, found.ghosts) == (1, 0)
    assert found.values["mrpe"] == pytest.approx(1000 * np.linalg.norm(ROOTS[0]))


def test_without_pixels_roots_decide_up_to_half_the_distance():
    truth = [frame("a", [(0, 0, 4.0)])]
    for z, matched in ((5.99, 1), (6.01, 0)):
        found, result = strict(truth, [frame("a", [(0, 0, z)], pixels=False)])
        assert (found.matched, found.ghosts) == (matched, 1 - matched)
    assert "by the roots, at most 0.5 of the true distance" in result.tables[0].title


def test_the_best_whole_pairing_is_taken_not_the_nearest_first():
    truth = [frame("a", [(0, 0, 4.0), (0.4, 0, 4.0)], pixels=False)]
    predicted = [frame("a", [(0.3, 0, 4.0), (0.9, 0, 4.0)], pixels=False)]
    result = strict(truth, predicted)[1]
    assert result.people.predicted.tolist() == [0, 1]


def test_people_who_are_not_judged_take_up_predictions():
    truth = frame("a", ROOTS, judged=[True, False, True])
    found = strict([truth], [frame("a", ROOTS)])[0]
    assert (found.people, found.matched, found.ghosts, found.values["precision"]) == (2, 2, 0, 100.0)
    assert found.values["ap_root"] == pytest.approx(100.0)
    doubled = frame("a", [ROOTS[0], ROOTS[1], ROOTS[1], ROOTS[2]])
    assert strict([truth], [doubled])[0].ghosts == 1  # each takes one


def test_people_who_are_judged_choose_first():
    truth = frame("a", [(0, 0, 4.0), (0.1, 0, 4.0)], judged=[False, True])
    found = strict([truth], [frame("a", [(0, 0, 4.0)])])[0]
    assert (found.matched, found.ghosts) == (1, 0)


def test_a_crowd_takes_up_all_in_its_box():
    truth = frame("a", ROOTS[:2], crowd=[False, True], boxes_px=[(0, 0, 300, 900), (400, 0, 900, 1500)])
    joints = truth.joints_cam.copy()
    joints[1] = np.nan
    truth = truth.replaced(joints_cam=joints, joints_px=np.where(np.isnan(joints[..., :2]), np.nan, truth.joints_px))
    many = frame("a", [ROOTS[0], (0, 0, 4.0), (0.1, 0, 4.0), (3.0, 0, 4.0)])
    found = strict([truth], [many])[0]
    assert (found.people, found.matched, found.ghosts) == (1, 1, 1)


def test_root_relative_poses_of_single_people_have_no_places():
    truth = [frame(str(i), [(0, 0, 4.0)], frame=i, ids=(0,)) for i in range(3)]
    relative = [frame(str(i), [(0, 0, 1.0)], pixels=False) for i in range(3)]
    relative = [f.replaced(joints_cam=f.joints_cam - [0, 0, 1.0]) for f in relative]
    found, result = strict(truth, relative)
    assert found.values["mpjpe"] == pytest.approx(0, abs=1e-9)
    assert "mrpe" not in found.values
    assert any("root-relative" in note for note in result.tables[0].notes)
    crowd = frame("0", ROOTS)
    with pytest.raises(InputError, match=r"root-relative poses of several people .* state where they are"):
        strict([crowd], [crowd.replaced(joints_cam=crowd.joints_cam - np.array(ROOTS)[:, None], joints_px=None)])


def test_other_skeletons_are_compared_at_the_same_points_alone():
    truth = frame("a", ROOTS)
    names = CATALOGUE["h36m17"], CATALOGUE["coco17"]
    joints = converter(*names)(truth.joints_cam)
    shared = np.isfinite(joints).all(axis=(0, 2))
    joints[:, ~shared] = truth.joints_cam[:, :1] + 0.3  # the eyes and the like, wherever they are
    coco = PeopleFrame(
        name="a", skeleton=names[1], joints_cam=joints, joints_px=1000 * joints[..., :2] / joints[..., 2:] + 500
    )
    found, result = strict([truth], [coco])
    assert found.values["mpjpe"] == pytest.approx(0, abs=1e-9)
    assert set(result.people.joints) == {
        *("root", "right_hip", "right_knee", "right_foot", "left_hip", "left_knee", "left_foot"),
        *("left_shoulder", "left_elbow", "left_wrist", "right_shoulder", "right_elbow", "right_wrist"),
    }


def test_movement_is_of_consecutive_pictures_of_one_person():
    """Two people swap rows; one is missed in picture 2; number 5 is missing: steps 0-1, 1-2 and 3-4 alone."""
    truth, predicted = [], []
    for number in (0, 1, 2, 3, 4, 6):
        ids = (4, 9) if number % 2 else (9, 4)
        roots = [(i - 6.5, 0, 5.0) for i in ids]
        shift = np.array([0.01 * number**2 if i == 4 else 0.0 for i in ids])
        moved = np.zeros((2, 17, 3))
        moved[:, 1:, 0] = shift[:, None]  # all joints but the root
        truth.append(frame(str(number), roots, sequence="s", frame=number, ids=ids))
        said = frame(str(number), roots, moved=moved)
        predicted.append(said[[ids.index(4)]] if number == 2 else said)
    result = strict(truth, predicted)[1]
    people, key = result.people, [(int(f), truth[[0, 1, 2, 3, 4, 6].index(int(f))].ids[r]) for f, r in zip(
        result.people.frames, result.people.rows, strict=True)]  # fmt: skip
    speed = {k: v for k, v in zip(key, people.values["mpjve"], strict=True) if np.isfinite(v)}
    assert set(speed) == {(1, 4), (2, 4), (3, 4), (4, 4), (1, 9), (4, 9)}
    assert speed[(3, 4)] == pytest.approx(1000 * 0.01 * (9 - 4) * 16 / 17)
    assert speed[(1, 9)] == pytest.approx(0, abs=1e-9)
    accel = {k: v for k, v in zip(key, people.values["accel"], strict=True) if np.isfinite(v)}
    assert set(accel) == {(2, 4), (3, 4), (4, 4)}
    assert accel[(4, 4)] == pytest.approx(1000 * 0.02 * 16 / 17)


def test_results_of_two_methods_can_be_compared():
    truth = [frame(str(i), ROOTS, sequence=f"s{i}") for i in range(3)]
    worse = [frame(str(i), np.array(ROOTS) + [0, 0, 0.1]) for i in range(3)]
    a, b = (virtual.judge(truth, p) for p in (truth, worse))
    found = {d.column.key: d for d in against(a, b).differences}
    assert found["mrpe"].difference == pytest.approx(-100.0)
    assert found["pck_abs"].a == 100.0


def test_a_stated_root_is_the_place_and_the_joints_root_the_origin_of_the_pose():
    truth = [frame("a", ROOTS)]
    found = strict(truth, [frame("a", ROOTS, root_cam=np.array(ROOTS) + [0, 0, 0.05])])[0]
    assert found.values["mrpe"] == pytest.approx(50.0)
    assert found.values["mpjpe"] == pytest.approx(0, abs=1e-9)


def test_intervals_are_of_matched_people():
    truth = [frame("a", ROOTS)]
    predicted = [frame("a", ROOTS[:2], root_depth_interval=[(3.0, 5.0), (4.5, 6.0)])]
    people = strict(truth, predicted)[1].people
    np.testing.assert_array_equal(people.interval, [(3, 5), (4.5, 6), (np.nan, np.nan)])
    np.testing.assert_array_equal(people.true_depth_m, [4, 4, 5])
    assert strict(truth, truth)[1].people.interval is None


def test_groups_may_make_the_rows():
    truth = [frame("a", ROOTS, group="dance"), frame("b", ROOTS, group="box")]
    result = strict(truth, truth, by_group=True)[1]
    assert [r.label for r in result.tables[0].rows] == ["box", "dance", "mean", "pooled"]
    assert row(result.tables[0], "box").people == 3


def test_pairs_in_pictures_agrees_with_loops():
    first, second = np.array([2, 0, 3, 1]), np.array([1, 4, 2, 0])
    rows = list(zip(*pairs_in_pictures(first, second), strict=True))
    expected = []
    for f in range(4):
        starts = first[:f].sum(), second[:f].sum()
        expected += [(starts[0] + i, starts[1] + j) for i in range(first[f]) for j in range(second[f])]
    assert rows == expected


@pytest.mark.parametrize("seed", range(40))
def test_best_pairs_agree_with_the_search_of_each_picture(seed):
    generator = np.random.default_rng(seed)
    first, second = generator.integers(0, 5, (2, 6))
    p, t = pairs_in_pictures(first, second)
    cost = generator.random(len(p)).round(1 if seed % 2 else 6)
    allowed = generator.random(len(p)) < 0.7
    picture = np.repeat(np.arange(6), first)[p]
    found = best_pairs(p[allowed], t[allowed], cost[allowed], picture[allowed])
    price = {(a, b): x for a, b, x, ok in zip(p, t, cost, allowed, strict=True) if ok}
    assert len(set(found[0])) == len(found[0])
    assert len(set(found[1])) == len(found[1])
    for f in range(6):
        matrix = np.where(allowed, cost, np.inf)[picture == f].reshape(first[f], second[f])
        rows, columns = match(matrix)
        mine = [pair for pair in zip(*found, strict=True) if first[: f + 1].sum() > pair[0] >= first[:f].sum()]
        assert len(mine) == len(rows)
        assert sum(price[pair] for pair in mine) == pytest.approx(matrix[rows, columns].sum())


def test_a_pose_is_of_the_size_of_a_person():
    assert 0.5 < np.ptp(pose_of(CATALOGUE["h36m17"])[:, 1]) < 2
