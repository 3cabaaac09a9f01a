"""Human3.6M, MPI-INF-3DHP and 3DPW: readings, joints, rows, and figures worked out by hand."""

import numpy as np
import pytest

from metricpose._errors import InputError
from metricpose.evaluation.protocols import human36m, mpi_inf_3dhp, threedpw
from tests.evaluation.protocols.frames_made import frame, row, table

ROOT = [(0, 0, 4.0)]
HEAD_UP = np.zeros((1, 17, 3))
HEAD_UP[0, 10, 1] = -0.17  # the head of h36m17, one joint of 17 and of the 14


def h36m(subject: str, action: str, numbers, moved=0.0, **more):
    sequence = f"{subject}/{action} 1/54138969"
    return [
        frame(f"{sequence}/{n:06d}", ROOT, sequence=sequence, group=action, frame=n, ids=(0,), moved=moved, **more)
        for n in numbers
    ]


def both(moved_s9=0.0, moved_s11=0.0, numbers=(0, 1, 64)):
    truth = h36m("S9", "Walking", numbers) + h36m("S11", "Directions", numbers)
    return truth, h36m("S9", "Walking", numbers, moved_s9) + h36m("S11", "Directions", numbers, moved_s11)


def test_both_readings_name_both_metrics():
    result = human36m.judge(*both(HEAD_UP))
    assert [t.mode for t in result.tables] == ["official"] * 6 + ["strict"]
    pavllo = table(result, "official", "VideoPose3D", "17")
    assert [c.heading for c in pavllo.columns][:4] == ["P1 MPJPE", "P2 PA-MPJPE", "N-MPJPE", "MPJVE"]
    assert [c.heading for c in table(result, "official", "Moon: P1", "17").columns] == ["P1 PA-MPJPE"]
    assert table(result, "official", "Moon: P2", "14").columns[0].heading == "P2 MPJPE"


def test_rows_follow_the_papers_actions_and_figures_count_17_and_14_joints():
    result = human36m.judge(*both(HEAD_UP))
    for joints in (17, 14):
        found = table(result, "official", "VideoPose3D", f"{joints} joints")
        assert [r.label for r in found.rows] == ["Directions", "Walking", "mean", "pooled"]
        assert row(found, "Walking").values["mpjpe"] == pytest.approx(170 / joints)
        assert row(found, "mean").values["mpjpe"] == pytest.approx(170 / joints / 2)
        assert row(found, "Directions").values["mpjpe"] == pytest.approx(0, abs=1e-9)
        assert row(found, "Walking").values["mpjve"] == pytest.approx(0, abs=1e-9)
        assert row(found, "Walking").values["mrpe"] == pytest.approx(0, abs=1e-9)


def test_the_14_joints_leave_out_root_spine_and_neck_base():
    spine = np.zeros((1, 17, 3))
    spine[0, [7, 9]] = 0.2
    result = human36m.judge(*both(spine))
    assert row(table(result, "official", "Video", "14"), "pooled").values["mpjpe"] == pytest.approx(0, abs=1e-9)
    assert row(table(result, "official", "Video", "17"), "pooled").values["mpjpe"] > 10


def test_moon_takes_every_64th_picture_and_s11_alone_for_p1():
    result = human36m.judge(*both(HEAD_UP, 0.0))
    assert row(table(result, "official", "Moon: P2", "17"), "pooled").people == 4
    p1 = table(result, "official", "Moon: P1", "17")
    assert [r.label for r in p1.rows] == ["Directions", "pooled"]
    assert (row(p1, "pooled").people, row(p1, "pooled").values["pa_mpjpe"]) == (2, pytest.approx(0, abs=1e-6))
    assert row(table(result, "official", "Video", "17"), "pooled").people == 6


def test_velocity_needs_consecutive_pictures():
    truth = h36m("S9", "Walking", (0, 1, 3))
    predicted = [f.replaced(joints_cam=f.joints_cam + HEAD_UP * f.frame) for f in truth]
    result = human36m.judge(truth, predicted)
    assert row(table(result, "official", "Video", "17"), "Walking").values["mpjve"] == pytest.approx(170 / 17)
    result = human36m.judge(truth[1:], predicted[1:])
    assert row(table(result, "official", "Video", "17"), "Walking").values["mpjve"] is None


def test_other_subjects_are_no_test_set():
    with pytest.raises(InputError, match=r"expected .* test subjects S9 and S11, got none .* of S1: give the test set"):
        human36m.judge(*[h36m("S1", "Walking", (0, 1, 2))] * 2)
    truth = h36m("S1", "Walking", (0, 1)) + h36m("S9", "Walking", (0,))
    result = human36m.judge(truth, truth)
    assert row(table(result, "official", "Video", "17"), "pooled").people == 1
    assert len(result.people.rows) == 1
    unnamed = [frame("clip/000000", ROOT, sequence="clip")]
    assert human36m.judge(unnamed, unnamed).tables[0].rows[0].people == 1


def test_root_relative_predictions_have_no_places():
    truth, predicted = both(HEAD_UP)
    predicted = [f.replaced(joints_cam=f.joints_cam - ROOT[0], joints_px=None) for f in predicted]
    found = table(human36m.judge(truth, predicted), "official", "Video", "17")
    assert [c.key for c in found.columns] == ["mpjpe", "pa_mpjpe", "n_mpjpe", "mpjve"]
    assert row(found, "Walking").values["mpjpe"] == pytest.approx(10)


def test_of_several_predictions_the_best_score_counts_and_the_others_are_strict_ghosts():
    truth = h36m("S9", "Walking", (0,))
    two = frame(truth[0].name, ROOT * 2, moved=np.stack([HEAD_UP[0], 0 * HEAD_UP[0]]), scores=(0.9, 0.8))
    result = human36m.judge(truth, [two])
    assert row(table(result, "official", "Video", "17"), "Walking").values["mpjpe"] == pytest.approx(10)
    assert result.tables[-1].rows[0].ghosts == 1


def test_missing_joints_of_human36m_are_named():
    truth = h36m("S9", "Walking", (0,))
    with pytest.raises(InputError, match="coco17 without spine, thorax, neck_base, head; give them, or judge with"):
        human36m.judge(truth, [frame(truth[0].name, ROOT, skeleton="coco17")])


def dhp(sequence: str, number: int = 0, moved=0.0, **more):
    name = f"{sequence}/img_{number:06d}.jpg"
    return frame(name, ROOT, sequence=sequence, frame=number, moved=moved, skeleton="mpi_inf_3dhp17", **more)


def universal(of, scale=0.5):
    return of.replaced(joints_universal=scale * of.joints_cam)


def test_scenes_gather_sequences_and_the_mean_differs_from_the_pool():
    off = np.zeros((1, 17, 3))
    off[0, [0, 2], 2] = 0.16  # two of the 14 joints fail
    truth = [universal(dhp(s)) for s in ("TS1", "TS2", "TS3", "TS6")] + [universal(dhp("TS1", 1))]
    predicted = [f.replaced(joints_cam=f.joints_universal) for f in truth]
    predicted[0] = predicted[0].replaced(joints_cam=predicted[0].joints_cam + off)
    result = mpi_inf_3dhp.judge(truth, predicted)
    scenes = table(result, "official", "by scene", "universal")
    assert [r.label for r in scenes.rows][:3] == list(mpi_inf_3dhp.SCENES)
    green = row(scenes, mpi_inf_3dhp.SCENES[0])
    assert (green.people, green.values["pck"]) == (3, pytest.approx(100 * (12 / 14 + 2) / 3))
    assert green.values["mpjpe"] == pytest.approx(320 / 14 / 3)
    assert green.values["mpjpe_17"] == pytest.approx(320 / 17 / 3)
    assert row(scenes, "outdoor").values["auc"] == pytest.approx(100 * 30 / 31)
    single = table(result, "official", "by sequence", "universal")
    assert row(single, "mean").values["pck"] == pytest.approx((100 * 26 / 28 + 300) / 4)
    assert row(single, "pooled").values["pck"] == pytest.approx(100 * 68 / 70)
    assert row(table(result, "official", "by sequence", "true scale"), "TS6").values["pck"] < 100


def test_exactly_150_mm_is_too_far_and_spine_and_head_do_not_count():
    for metres, joints, expected in ((0.15, [0], 13), (0.149, [0], 14), (0.4, [15, 16], 14)):
        off = np.zeros((1, 17, 3))
        off[0, joints, 0] = metres
        truth = dhp("TS1").replaced(joints_cam=np.arange(17).reshape(1, 17, 1) / 16 + np.zeros((1, 17, 3)))
        result = mpi_inf_3dhp.judge([truth], [truth.replaced(joints_cam=truth.joints_cam + off)])
        found = row(table(result, "official", "by sequence"), "TS1").values["pck"]
        assert found == pytest.approx(100 * expected / 14)


def test_misses_fail_for_pck_and_are_left_out_of_mpjpe():
    truth = [dhp("TS1"), dhp("TS1", 1)]
    found = row(table(mpi_inf_3dhp.judge(truth, [truth[0], dhp("TS1", 1)[[]]]), "official", "by sequence"), "TS1")
    assert (found.missed, found.values["pck"], found.values["mpjpe"]) == (1, 50.0, pytest.approx(0, abs=1e-9))


def test_frames_that_are_not_valid_do_not_count():
    truth = [dhp("TS1"), dhp("TS1", 1, judged=[False])]
    result = mpi_inf_3dhp.judge(truth, [truth[0], dhp("TS1", 1, moved=0.3)])
    found = row(table(result, "official", "by sequence"), "TS1")
    assert (found.people, found.values["pck"]) == (1, 100.0)
    assert result.tables[-1].rows[0].ghosts == 0


PAIR = [(0, 0, 4.0), (1.5, 0, 4.0)]


def walk(moved=0.0, ids=(3, 5), **more):
    return [
        frame(f"w/{n}", PAIR, sequence="w", frame=n, skeleton="smpl24", ids=ids, moved=moved, **more) for n in range(4)
    ]


def test_3dpw_pairs_by_id_and_counts_14_joints():
    off = np.zeros((1, 24, 3))
    off[0, [4, 3]] = 0.1  # a knee, and a spine joint that does not count
    swapped = [f[[1, 0]] for f in walk(off)]
    found = row(table(threedpw.judge(walk(), swapped), "official"), "w")
    assert found.values["mpjpe"] == pytest.approx(1000 * 0.1 * np.sqrt(3) / 14)
    assert found.values["accel"] == pytest.approx(0, abs=1e-9)
    assert (found.people, found.matched) == (8, 8)


def test_3dpw_without_ids_pairs_as_whole_picture_methods_do():
    swapped = [f[[1, 0]].replaced(ids=None) for f in walk()]
    result = threedpw.judge(walk(), swapped)
    assert row(table(result, "official"), "w").values["mpjpe"] == pytest.approx(0, abs=1e-9)
    assert "one to one" in table(result, "official").notes[0]
    relative = [f.replaced(ids=None, joints_px=None, joints_cam=f.joints_cam - f.joints_cam[:, :1]) for f in walk()]
    with pytest.raises(InputError, match=r"expected the truth's ids, or people in the camera frame"):
        threedpw.judge(walk(), relative)


def test_3dpw_of_root_relative_poses_with_ids_has_no_strict_table():
    relative = [f.replaced(joints_px=None, joints_cam=f.joints_cam - f.joints_cam[:, :1]) for f in walk()]
    result = threedpw.judge(walk(), relative)
    assert [t.mode for t in result.tables] == ["official"]
    assert result.people is None
    assert "cannot be told apart" in result.provenance["strict"]


def test_3dpw_has_two_roots():
    off = np.zeros((1, 24, 3))
    off[0, 0] = 0.07  # the pelvis alone
    for root, expected in (("hips", 0.0), ("pelvis", 1000 * 0.07 * np.sqrt(3))):
        result = threedpw.judge(walk(), walk(off), threedpw.Options(root=root))
        assert row(table(result, "official"), "w").values["mpjpe"] == pytest.approx(expected, abs=1e-9)
    with pytest.raises(InputError, match="root: expected hips or pelvis, got 'neck'"):
        threedpw.judge(walk(), walk(), threedpw.Options(root="neck"))


@pytest.mark.parametrize("protocol", [human36m, mpi_inf_3dhp, threedpw])
def test_nobody_in_any_picture_is_ordinary(protocol):
    skeleton = {human36m: "h36m17", mpi_inf_3dhp: "mpi_inf_3dhp17", threedpw: "smpl24"}[protocol]
    empty = [frame("TS1/a", [], sequence="TS1", skeleton=skeleton)]
    result = protocol.judge(empty, empty)
    assert all(r.people == 0 and set(r.values.values()) == {None} for t in result.tables for r in t.rows)
