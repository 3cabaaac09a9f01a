"""Joints that a method leaves out for some people: refused, or failures that better no figure."""

import importlib

import numpy as np
import pytest

from metricpose._errors import InputError
from metricpose.evaluation.protocols import human36m, mpi_inf_3dhp, mupots, panoptic, threedpw, virtual
from metricpose.evaluation.protocols.names import PROTOCOLS
from metricpose.geometry import Camera
from tests.evaluation.protocols.frames_made import frame, table

ROOTS = [(-1.0, 0, 4.0), (1, 0, 5.0)]
FOOT, ROOT = 3, 0
ERRORS = ("mpjpe", "pa_mpjpe", "n_mpjpe")
SHARES = ("pck", "auc", "pck_abs")


def without(of, *gaps):
    """The frame without the joints of `gaps`: (person, joint); its pixels stay."""
    joints = of.joints_cam.copy()
    for person, joint in gaps:
        joints[person, joint] = np.nan
    return of.replaced(joints_cam=joints)


def strictly(truth, predicted, fail=True):
    options = virtual.Options(missing_joints="fail" if fail else "refuse")
    result = virtual.judge(truth, predicted, options)
    return result.tables[-1].rows[-1].values, result


def notes_of(result, *words):
    return [note for t in result.tables for note in t.notes if all(word in note for word in words)]


def test_two_people_one_of_whom_lacks_a_foot():
    """A: one joint 34 mm off. B: one joint 200 mm off, and no right foot: 15 of 17 joints are near."""
    moved = np.zeros((2, 17, 3))
    moved[0, 5, 0], moved[1, 5, 0] = 0.034, 0.2
    truth, whole = [frame("a", ROOTS)], frame("a", ROOTS, moved=moved)
    found, result = strictly(truth, [without(whole, (1, FOOT))])
    assert found["mpjpe"] == pytest.approx(34 / 17)  # A alone
    assert found["pck"] == pytest.approx((100 + 100 * 15 / 17) / 2)
    assert found["pck_abs"] == pytest.approx(found["pck"])
    # Of 31 thresholds 30 are above 0 and 24 above 34 mm.
    assert found["auc"] == pytest.approx(100 * ((16 * 30 + 24) + 15 * 30) / (17 * 31) / 2)
    assert (found["recall"], found["f1"], found["mrpe"]) == (100.0, 100.0, pytest.approx(0))
    values = result.people.values
    assert values["pck"].tolist() == pytest.approx([100.0, 100 * 15 / 17])
    for key in ERRORS:
        assert np.isfinite(values[key]).tolist() == [True, False], key
    assert np.isnan(result.people.joint_error_m[1, FOOT])
    assert np.argwhere(result.people.joint_failed).tolist() == [[1, FOOT]]
    assert len(notes_of(result, "1 of 2 found people lack", "no MPJPE, PA-MPJPE, N-MPJPE")) == 1
    assert result.provenance["missing_joints"] == "fail"


def test_nobody_whole_means_no_mean_error():
    truth = [frame("a", ROOTS)]
    found, result = strictly(truth, [without(truth[0], (0, FOOT), (1, FOOT + 1))])
    assert [found[key] for key in ERRORS] == [None] * 3
    assert found["pck"] == pytest.approx(100 * 16 / 17)
    assert notes_of(result, "2 of 2 found people lack")


def test_a_joint_that_nobody_has_fails_too():
    """Refused only where people differ: there it is left out for all; with fail it betters nothing."""
    truth = [frame("a", ROOTS)]
    footless = [without(truth[0], (0, FOOT), (1, FOOT))]
    assert strictly(truth, footless, fail=False)[0]["pck"] == 100.0
    assert strictly(truth, footless)[0]["pck"] == pytest.approx(100 * 16 / 17)


def test_a_joint_that_the_truth_does_not_know_is_not_asked_for():
    truth = without(frame("a", ROOTS), (1, FOOT))
    found, result = strictly([truth], [truth])
    assert (found["mpjpe"], found["pck"]) == (pytest.approx(0), 100.0)
    assert not notes_of(result, "lack")


@pytest.mark.parametrize("pixels", [True, False])
@pytest.mark.parametrize("seed", range(12))
def test_leaving_out_joints_never_betters_a_share(seed, pixels):
    generator = np.random.default_rng(seed)
    truth = [frame(str(i), ROOTS, pixels=pixels) for i in range(3)]
    moved = generator.normal(0, 0.1, (3, 2, 17, 3)) * (np.arange(17) > 0)[:, None]
    before = [frame(str(i), ROOTS, moved=moved[i], pixels=pixels) for i in range(3)]
    last = strictly(truth, before)[1].people.values
    for _ in range(3):
        gaps = [(int(generator.integers(2)), int(generator.integers(17))) for _ in range(4)]
        picture = int(generator.integers(3))
        before[picture] = without(before[picture], *gaps)
        now = strictly(truth, before)[1].people.values
        for key in (*SHARES, "pck_root"):
            assert (now[key] <= last[key] + 1e-9).all(), key
        for key in (*ERRORS, "mrpe"):
            same = np.isfinite(now[key])
            np.testing.assert_allclose(now[key][same], last[key][same])
        last = now


@pytest.mark.parametrize("pixels", [True, False])
def test_without_a_root_the_pose_has_no_origin(pixels):
    truth = [frame("a", ROOTS, pixels=pixels)]
    found, result = strictly(truth, [without(truth[0], (1, ROOT))])
    values = result.people.values
    assert values["pck"].tolist() == [100.0, 0.0]
    assert values["pck_root"].tolist() == [100.0, 0.0]
    assert np.isfinite(values["mrpe"]).tolist() == [True, False]
    assert found["ap_root"] == pytest.approx(50.0)
    assert found["recall"] == (100.0 if pixels else 50.0)
    assert notes_of(result, "1 predictions have no root")
    assert result.people.joint_failed.sum(axis=1).tolist() == [0, 17 if pixels else 0]  # a miss has no joints at all


def test_leaving_out_every_root_does_not_excuse_from_places():
    truth = [frame("a", ROOTS)]
    found, _ = strictly(truth, [without(truth[0], (0, ROOT), (1, ROOT))])
    assert (found["mrpe"], found["pck_root"], found["ap_root"], found["pck"]) == (None, 0.0, 0.0, 0.0)
    assert found["pck_abs"] == pytest.approx(100 * 16 / 17)


def test_a_stated_root_is_the_origin_where_the_joint_is_missing():
    truth = [frame("a", ROOTS)]
    stated = truth[0].replaced(root_cam=np.asarray(ROOTS, float))
    found, _ = strictly(truth, [without(stated, (1, ROOT))])
    assert (found["pck"], found["pck_root"]) == (pytest.approx((100 + 100 * 16 / 17) / 2), 100.0)


def test_a_person_without_any_joint_is_a_failure_and_nobody_with_one_is_refused():
    truth = frame("a", ROOTS)
    found, _ = strictly([truth], [without(truth, *((1, j) for j in range(17)))])
    assert (found["pck"], found["mpjpe"]) == (50.0, pytest.approx(0))
    with pytest.raises(InputError, match=r"picture 'a': person 0: joint 'root'"):
        strictly([truth], [truth.replaced(joints_cam=np.full_like(truth.joints_cam, np.nan))])


def test_half_a_joint_is_refused_in_any_case():
    truth = frame("a", ROOTS)
    joints = truth.joints_cam.copy()
    joints[1, FOOT, 2] = np.nan
    with pytest.raises(InputError, match=r"person 1: joint 'right_foot': expected finite numbers"):
        strictly([truth], [truth.replaced(joints_cam=joints)])


def test_movement_is_of_whole_people():
    truth = [frame(str(i), [ROOTS[0]], frame=i, ids=(0,)) for i in range(6)]
    predicted = [without(f, (0, FOOT)) if f.name == "2" else f for f in truth]
    people = strictly(truth, predicted)[1].people
    assert np.isfinite(people.values["mpjve"]).tolist() == [False, True, False, False, True, True]
    assert np.isfinite(people.values["accel"]).tolist() == [False, False, False, False, False, True]


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_protocol_has_the_option(name):
    options = importlib.import_module(PROTOCOLS[name][0]).Options
    assert options().missing_joints == "refuse"
    assert options(missing_joints="fail").fails
    with pytest.raises(InputError, match=r"^missing_joints: expected refuse or fail, got 'drop'"):
        options(missing_joints="drop")


def test_the_refusal_says_the_way_out():
    truth = frame("a", ROOTS)
    with pytest.raises(InputError, match=r"for nobody, or count missing ones as failures \(.*--missing-joints fail\)"):
        strictly([truth], [without(truth, (1, FOOT))], fail=False)


def singles(skeleton, **more):
    """Three pictures of one person each."""
    return [
        frame(f"S9/{i}", [(0, 0, 4.0 + i)], skeleton=skeleton, sequence="S9", frame=i, ids=(0,), **more)
        for i in range(3)
    ]


def test_human36m_leaves_such_people_out_of_the_means_of_their_joints():
    truth = singles("h36m17", group="Eating")
    predicted = [without(f, (0, 7)) if f.frame == 0 else f for f in truth]  # the spine: of 17 joints, not of 14
    result = human36m.judge(truth, predicted, human36m.Options(missing_joints="fail"))
    lacking = {n: table(result, "official", "VideoPose3D", f"{n} joints") for n in (17, 14)}
    assert any("1 of 3 found people lack" in note for note in lacking[17].notes)
    assert not any("lack" in note for note in lacking[14].notes)
    sparse = table(result, "official", "Moon: P2", "17 joints")  # picture 0 alone
    assert sparse.rows[-1].values["mpjpe"] is None
    assert any("1 of 1 found people lack" in note for note in sparse.notes)
    assert table(result, "official", "Moon: P2", "14 joints").rows[-1].values["mpjpe"] == pytest.approx(0)


def test_threedpw_leaves_such_people_out_of_the_means():
    truth = singles("smpl24")
    predicted = [without(f, (0, 21)) if f.frame == 0 else f for f in truth]
    predicted[1] = predicted[1].replaced(joints_cam=predicted[1].joints_cam + np.eye(24)[20][:, None] * [0.14, 0, 0])
    result = threedpw.judge(truth, predicted, threedpw.Options(missing_joints="fail"))
    official = table(result, "official", "14 joints")
    assert official.rows[-1].values["mpjpe"] == pytest.approx(140 / 14 / 2)
    assert any("1 of 3 found people lack" in note for note in official.notes)


def test_mpi_inf_3dhp_counts_failures():
    truth = singles("mpi_inf_3dhp17")
    predicted = [without(f, (0, 4)) if f.frame == 0 else f for f in truth]
    result = mpi_inf_3dhp.judge(truth, predicted, mpi_inf_3dhp.Options(missing_joints="fail"))
    official = table(result, "official", "by sequence")
    assert official.rows[-1].values["pck"] == pytest.approx(100 * (2 + 13 / 14) / 3)
    assert official.rows[-1].values["mpjpe"] == pytest.approx(0)
    assert any("1 of 3 found people lack" in note for note in official.notes)


def test_mupots_fails_what_hangs_on_a_missing_joint_where_bones_are_lent():
    """Without the right elbow: with true bones the wrist fails, too."""
    truth = singles("mupots17")
    predicted = [without(f.replaced(joints_px=None, camera=None), (0, 3)) if f.frame == 0 else f for f in truth]
    predicted[0] = predicted[0].replaced(joints_px=truth[0].joints_px)
    result = mupots.judge(truth, predicted, mupots.Options(missing_joints="fail"))
    for words, right in (("with the true lengths", 12), ("bones as predicted", 13)):
        official = table(result, "official", words)
        for key in ("pck", "pck_matched", "pck_abs"):
            assert official.rows[-1].values[key] == pytest.approx(100 * (2 + right / 14) / 3), (words, key)
        assert any("1 of 3 found people lack" in note for note in official.notes)


def test_mupots_projects_what_is_there():
    camera = Camera.from_focal((1001, 1001), 1000.0)
    truth = singles("mupots17")
    predicted = [without(f.replaced(joints_px=None, camera=camera), (0, 3)) for f in truth]
    result = mupots.judge(truth, predicted, mupots.Options(missing_joints="fail"))
    assert table(result, "official", "bones as predicted").rows[-1].values["pck"] == pytest.approx(100 * 13 / 14)


def test_panoptic_has_no_official_tables_then():
    truth = [frame("a", ROOTS, skeleton="panoptic15_nose"), frame("b", ROOTS, skeleton="panoptic15_nose")]
    fail = panoptic.Options(missing_joints="fail")
    assert len(panoptic.judge(truth, truth, fail).tables) == 3
    result = panoptic.judge(truth, [truth[0], without(truth[1], (0, 5))], fail)
    assert [t.mode for t in result.tables] == ["strict"]
    assert notes_of(result, "no official tables: ")
    assert result.provenance["official"].startswith("not measured: ")
