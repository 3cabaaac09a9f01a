"""LSP, MPII and COCO: shares by group of joints, handed people, pycocotools."""

import sys

import numpy as np
import pytest

from metricpose._errors import InputError, MissingExtraError
from metricpose.evaluation.protocols import coco, lsp, lspet, mpii
from metricpose.people import PeopleFrame
from metricpose.skeletons import CATALOGUE
from tests.evaluation.protocols.frames_made import row, table


def flat(skeleton: str, people: int = 1, name: str = "a", seed: int = 0, **more) -> PeopleFrame:
    points = CATALOGUE[skeleton]
    joints = np.random.default_rng(seed).uniform(0, 200, (people, len(points), 2))
    joints[..., 0] += 1000 * np.arange(people)[:, None]
    if skeleton == "lsp14":
        joints[:, 9], joints[:, 2] = joints[:, 0] + (0, 10), joints[:, 0] + (0, 110)  # a torso of 100 px
    return PeopleFrame(name=name, skeleton=points, joints_px=joints, **more)


def moved(of: PeopleFrame, joints, px: float, person: int = 0) -> PeopleFrame:
    places = of.joints_px.copy()
    places[person, joints, 0] += px
    return of.replaced(joints_px=places)


def test_pck_counts_the_torso_in_groups():
    truth = flat("lsp14")
    predicted = moved(moved(truth, [7], 20.001), [10, 4], 19.999)  # the right elbow fails
    found = row(table(lsp.judge([truth], [predicted]), "official", "PCK@0.2"), "all")
    assert found.values["pck"] == pytest.approx(100 * 13 / 14)
    assert (found.values["pck_elbow"], found.values["pck_knee"], found.values["pck_head"]) == (50.0, 100.0, 100.0)


def standing_or_not(degrees: float, name: str) -> PeopleFrame:
    """LSP-14 with the torso turned from upright."""
    truth = flat("lsp14", name=name)
    places, c, s = truth.joints_px.copy(), np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    for joint, across, up in ((9, 20, 100), (8, -20, 100), (3, 10, 0), (2, -10, 0)):
        places[0, joint] = 500 + c * across + s * up, 500 + s * across - c * up
    return truth.replaced(joints_px=places)


def test_lspet_tells_upright_people_from_others():
    truth = [standing_or_not(angle, f"{k}") for k, angle in enumerate((0, 29, -29, 31, 180))]
    predicted = [moved(frame, [7], 500.0) if k > 2 else frame for k, frame in enumerate(truth)]
    found = table(lspet.judge(truth, predicted), "official", "PCK@0.2")
    assert (row(found, "upright").people, row(found, "other").people) == (3, 2)
    assert row(found, "upright").values["pck"] == 100.0
    assert row(found, "other").values["pck"] == pytest.approx(100 * 13 / 14)


def test_pck_weighs_labelled_joints_not_people():
    truth = flat("lsp14", name="a"), flat("lsp14", name="b", seed=1)
    places = truth[1].joints_px.copy()
    places[0, [7, 6, 11, 0, 1]] = np.nan  # the right elbow, both wrists, a leg
    truth = [truth[0], truth[1].replaced(joints_px=places)]
    guess = [moved(truth[0], [7, 10], 50.0), flat("lsp14", name="b", seed=1)]
    found = row(table(lsp.judge(truth, guess), "official", "PCK@0.2"), "all")
    assert found.values["pck_elbow"] == pytest.approx(100 * 1 / 3)
    assert found.values["pck"] == pytest.approx(100 * (12 + 9) / (14 + 9))


def test_a_joint_or_a_person_not_predicted_fails():
    truth = [flat("lsp14", name="a"), flat("lsp14", name="b")]
    unseen = truth[0].joints_px.copy()
    unseen[0, 13] = np.nan
    result = lsp.judge(truth, [truth[0].replaced(joints_px=unseen), truth[1][[]]])
    found = row(table(result, "official", "PCK"), "all")
    assert (found.missed, found.values["pck_head"], found.values["pck"]) == (1, 0.0, pytest.approx(100 * 13 / 28))
    strict = row(table(result, "strict"), "all")
    assert (strict.matched, strict.values["pck"]) == (1, pytest.approx(100 * 13 / 28))


def test_pcp_wants_both_ends_within_half_the_limb():
    truth = flat("lsp14")
    length = np.linalg.norm(truth.joints_px[0, 6] - truth.joints_px[0, 7])
    for part, right in ((0.49, 2), (0.51, 1)):
        result = lsp.judge([truth], [moved(truth, [6], part * length)])
        assert row(table(result, "official", "PCP"), "all").values["pcp_forearms"] == 50.0 * right
    assert len(lsp.judge([truth], [truth], lsp.Options(pcp=False)).tables) == 2


def test_people_without_a_torso_are_left_out():
    places = flat("lsp14").joints_px.copy()
    places[0, 9] = np.nan
    truth = [flat("lsp14", name="a").replaced(joints_px=places), flat("lsp14", name="b")]
    assert row(table(lsp.judge(truth, truth), "official", "PCK"), "all").people == 1


def test_pckh_leaves_pelvis_and_thorax_out_and_wants_head_sizes():
    truth = flat("mpii16", head_px=[60.0])
    predicted = moved(moved(truth, [6, 7], 500.0), [9], 30.5)
    found = row(table(mpii.judge([truth], [predicted]), "official"), "all")
    assert found.values["pckh"] == pytest.approx(100 * 13 / 14)
    assert found.values["pckh_head"] == 50.0
    with pytest.raises(InputError, match=r"mpii: picture 'a': expected head sizes \(head_px\) in the truth"):
        mpii.judge([flat("mpii16")], [predicted])


def test_handed_people_come_by_id_or_in_order_or_are_refused():
    truth = flat("mpii16", 3, head_px=[60.0] * 3, ids=(4, 5, 6))
    by_id = truth[[2, 0]]
    found = row(table(mpii.judge([truth], [by_id]), "official"), "all")
    assert (found.matched, found.missed, found.values["pckh"]) == (2, 1, pytest.approx(200 / 3))
    text = r"mpii: picture 'a': expected a prediction for each of its 3 people, .* got 2"
    with pytest.raises(InputError, match=text):
        mpii.judge([truth], [by_id.replaced(ids=None)])
    shuffled = truth[[1, 0, 2]].replaced(ids=None)
    result = mpii.judge([truth], [shuffled])
    assert row(table(result, "official"), "all").values["pckh"] < 50
    assert row(table(result, "strict"), "all").values["pckh"] == 100.0


def test_strict_ghosts_in_the_picture_and_people_who_are_not_judged():
    truth = flat("mpii16", 2, head_px=[60.0, np.nan], judged=[True, False], ids=(0, 1))
    strict = row(table(mpii.judge([truth], [flat("mpii16", 2)]), "strict"), "all")
    assert (strict.people, strict.matched, strict.ghosts) == (1, 1, 0)
    single = flat("mpii16", head_px=[60.0])
    result = mpii.judge([single], [flat("mpii16", 2, scores=[0.9, 0.1])])
    assert row(table(result, "strict"), "all").ghosts == 1
    assert result.ghosts == ("a",)
    assert row(table(result, "official"), "all").ghosts is None


def test_coco_without_pycocotools_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "pycocotools.coco", None)
    with pytest.raises(MissingExtraError, match=r"COCO's evaluation needs .* pip install metricpose\[datasets\]"):
        coco.judge([flat("coco17")], [flat("coco17")])


def coco_truth(people: int = 2, **more) -> PeopleFrame:
    truth = flat("coco17", people, **more)
    low, high = truth.joints_px.min(axis=1), truth.joints_px.max(axis=1)
    return truth.replaced(
        areas_px=0.6 * np.prod(high - low, axis=-1), boxes_px=np.concatenate([low, high], axis=1), joint_scores=None
    )


def test_coco_of_exact_predictions_and_of_a_miss_and_a_ghost():
    pytest.importorskip("pycocotools")
    truth = coco_truth()
    official = table(coco.judge([truth], [truth]), "official")
    exact = row(official, "all")
    assert (exact.matched, exact.missed, exact.ghosts) == (None, None, None)
    assert "; areas of masks; " in official.notes[0]
    assert [exact.values[k] for k in ("ap", "ap_50", "ar", "ap_l")] == pytest.approx([100.0] * 4)
    assert exact.values["ap_m"] is None
    elsewhere = flat("coco17", 3)[[0, 2]].replaced(scores=[0.5, 0.9])
    result = coco.judge([truth], [elsewhere])
    found = row(table(result, "official"), "all")
    # The ghost ranks first: precision 1/2 up to a recall of 1/2, of 101 recalls 51.
    assert found.values["ap"] == pytest.approx(100 * 51 / 101 / 2)
    assert found.values["ar"] == pytest.approx(50.0)
    strict = row(table(result, "strict"), "all")
    assert (strict.matched, strict.missed, strict.ghosts) == (1, 1, 1)
    assert strict.values["oks"] == pytest.approx(50.0)


def test_coco_agrees_with_our_own_average_precision():
    pytest.importorskip("pycocotools")
    from metricpose.evaluation import metrics

    generator, truth, predicted, ours = np.random.default_rng(2), [], [], []
    for index in range(12):
        people = coco_truth(int(generator.integers(1, 4)), name=str(index), seed=index)
        noise = generator.normal(0, 1, people.joints_px.shape) * generator.uniform(0, 40, (len(people), 1, 1))
        scores = generator.random(len(people))
        guess = people.replaced(joints_px=people.joints_px + noise, scores=scores, areas_px=None)
        truth.append(people)
        predicted.append(guess)
        known = np.ones(people.joints_px.shape[:2], dtype=bool)
        ours.append(
            metrics.OksFrame(
                predicted_px=guess.joints_px,
                scores=scores,
                true_px=people.joints_px,
                known=known,
                areas_px=people.areas_px,
            )
        )
    found = row(table(coco.judge(truth, predicted), "official"), "all").values
    expected = metrics.oks_ap(ours)
    assert 5 < found["ap"] < 95
    assert found["ap"] == pytest.approx(100 * expected.mean_ap, abs=1e-6)
    assert found["ar"] == pytest.approx(100 * expected.mean_recall, abs=1e-6)


def test_coco_ignores_crowds_and_people_who_are_not_judged():
    pytest.importorskip("pycocotools")
    truth = coco_truth(3, crowd=[False, True, False], judged=[True, True, False])
    for said in (coco_truth(3), coco_truth(3)[[0]]):
        result = coco.judge([truth], [said])
        found = row(table(result, "official"), "all")
        assert (found.people, found.values["ap"]) == (1, pytest.approx(100.0))
        assert row(table(result, "strict"), "all").ghosts == 0


def test_coco_of_nobody(capsys):
    pytest.importorskip("pycocotools")
    truth = coco_truth()
    nobody = truth[[]]
    assert row(table(coco.judge([truth], [nobody]), "official"), "all").values["ap"] == 0.0
    assert row(table(coco.judge([nobody], [nobody]), "official"), "all").values["ap"] is None
    coco.judge([truth], [truth])
    assert capsys.readouterr().out == ""
