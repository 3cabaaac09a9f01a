"""CMU Panoptic: both readings worked out by hand, and the activities."""

import numpy as np
import pytest

from metricpose._errors import InputError
from metricpose.evaluation.protocols import panoptic
from metricpose.skeletons import CATALOGUE
from tests.evaluation.protocols.frames_made import frame, pose_of, row, table

ROOTS = np.array([(0, 0, 4.0), (1.0, 0, 4.0)])


def truth(name="a", roots=ROOTS, **more):
    return frame(name, roots, skeleton="panoptic19", **({"group": "pizza", "sequence": "s"} | more))


def said(roots, name="a", **more):
    return frame(name, roots, skeleton="panoptic19", **more)


def test_virtualpose_forgives_misses_ghosts_and_doubles():
    """P0 is 30 from A, P1 60 from A too, P2 600 from B: two predictions count, B is no miss."""
    predicted = said([ROOTS[0] + (0.03, 0, 0), ROOTS[0] + (0, 0, 0.06), ROOTS[1] + (0.6, 0, 0)], scores=(1, 1, 1))
    result = panoptic.judge([truth()], [predicted])
    found = row(table(result, "official", "VirtualPose"), "Pizza")
    assert found.values["mrpe"] == pytest.approx((30 + 60) / 2)
    assert (found.values["mrpe_x"], found.values["mrpe_z"]) == (pytest.approx(15), pytest.approx(30))
    assert found.values["mpjpe"] == pytest.approx(0, abs=1e-9)
    assert (found.people, found.matched, found.missed, found.ghosts) == (2, 1, None, None)


@pytest.mark.parametrize(("apart", "counts"), [(0.499, True), (0.501, False)])
def test_virtualpose_keeps_what_is_under_500_mm(apart, counts):
    result = panoptic.judge([truth(roots=ROOTS[:1])], [said([ROOTS[0] + (0, 0, apart)])])
    found = row(table(result, "official", "VirtualPose"), "Pizza").values["mrpe"]
    assert found == (pytest.approx(1000 * apart) if counts else None)


def test_voxelpose_counts_precision_and_recall():
    """By score: P1 40 from B (a hit from AP50 on), P0 10 from A (a hit everywhere), P2 10 from A again (taken).

    AP25: P1 is none, P0 is (precision 1/2): 1/2 * 1/2 = 1/4. AP50 and above: 1 and 1: 1. Mean (1/4 + 5) / 6.
    """
    predicted = said(
        [ROOTS[0] + (0.01, 0, 0), ROOTS[1] + (0, 0.04, 0), ROOTS[0] + (0, 0.01, 0)], scores=(0.8, 0.9, 0.7)
    )
    result = panoptic.judge([truth()], [predicted])
    values = row(table(result, "official", "VoxelPose"), "Pizza").values
    assert values["ap_25"] == pytest.approx(25.0)
    assert [values[f"ap_{t}"] for t in (50, 75, 100, 125, 150)] == pytest.approx([100.0] * 5)
    assert values["map"] == pytest.approx(100 * (0.25 + 5) / 6)
    assert values["recall_500"] == 100.0
    assert values["mpjpe_in_place"] == pytest.approx((40 + 10) / 2)
    strict = row(table(result, "strict"), "Pizza")
    assert (strict.matched, strict.ghosts) == (2, 1)


def test_joints_that_are_not_confident_do_not_count():
    scores = np.ones((1, 19))
    scores[0, 5] = 0.1  # not above 0.1: the left wrist
    wrist = np.zeros((1, 19, 3))
    wrist[0, 5] = 0.3
    frames = [truth(roots=ROOTS[:1], joint_scores=scores)], [said(ROOTS[:1], moved=wrist)]
    assert row(table(panoptic.judge(*frames), "official", "Voxel"), "Pizza").values["mpjpe_in_place"] == 0.0
    counted = panoptic.judge(*frames, panoptic.Options(min_confidence=0.05))
    found = row(table(counted, "official", "Voxel"), "Pizza").values["mpjpe_in_place"]
    assert found == pytest.approx(300 * np.sqrt(3) / 15)


def test_rows_are_activities_in_the_papers_order():
    groups = ("pizza", "Ultimatum", "haggling", "mafia", "dance")
    frames = [truth(str(i), roots=ROOTS[: 1 + i % 2], group=g) for i, g in enumerate(groups)]
    for found in panoptic.judge(frames, frames).tables:
        assert [r.label for r in found.rows] == ["Haggling", "Mafia", "Ultimatum", "Pizza", "dance", "mean", "pooled"]
        assert row(found, "pooled").people == 7


def test_the_head_top_replaces_the_nose_and_other_joints_must_be_there():
    top = CATALOGUE["panoptic15_headtop"]
    joints = ROOTS[:1, None] + pose_of(CATALOGUE["panoptic19"])[: len(top)]
    predicted = frame("a", ROOTS[:1], skeleton=top.name).replaced(joints_cam=joints)
    result = panoptic.judge([truth(roots=ROOTS[:1])], [predicted])
    found = table(result, "official", "Voxel")
    assert row(found, "Pizza").values["mpjpe_in_place"] == pytest.approx(0, abs=1e-9)
    assert "14 joints" in found.notes[0]
    joints = said(ROOTS).joints_cam.copy()
    joints[:, 5] = np.nan
    with pytest.raises(InputError, match=r"panoptic: expected 14 joints .* got panoptic19 without left_wrist"):
        panoptic.judge([truth()], [said(ROOTS).replaced(joints_cam=joints)])


@pytest.mark.parametrize("people", [0, 1, 2, 3])
def test_any_number_of_people(people):
    roots = np.array([(i, 0, 4.0) for i in range(people)]).reshape(-1, 3)
    frames = [truth(roots=roots)]
    values = row(table(panoptic.judge(frames, frames), "official", "Voxel"), "Pizza").values
    assert values["map"] == (pytest.approx(100) if people else None)


def test_a_true_person_without_a_confident_root_is_left_out_of_what_needs_it():
    """B's middle of the hips is not confident: figures of places and relative ones are A's alone, none is lost."""
    scores = np.ones((2, 19))
    scores[1, 2] = 0.0
    predicted = [said(ROOTS + (0.03, 0, 0), scores=(0.5, 0.9))]
    result = panoptic.judge([truth(joint_scores=scores)], predicted)
    near = row(table(result, "official", "VirtualPose"), "Pizza").values
    assert (near["mrpe"], near["mpjpe"]) == (pytest.approx(30), pytest.approx(0, abs=1e-9))
    assert row(table(result, "official", "Voxel"), "Pizza").values["mpjpe_in_place"] == pytest.approx(30)
    strict = row(table(result, "strict"), "Pizza")
    assert (strict.matched, strict.missed, strict.ghosts) == (2, 0, 0)
    values = strict.values
    assert [values[key] for key in ("pck", "pck_abs", "pck_root", "ap_root")] == pytest.approx([100.0] * 4)
    assert values["auc"] == pytest.approx(3000 / 31)
    missed = panoptic.judge([truth(joint_scores=scores)], [predicted[0][:1]])
    values = row(table(missed, "strict"), "Pizza").values
    assert [values[key] for key in ("recall", "pck", "pck_abs", "ap_root")] == pytest.approx([50.0, 100.0, 50.0, 100.0])
