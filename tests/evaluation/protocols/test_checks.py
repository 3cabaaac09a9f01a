"""What is refused, and the line that says which record."""

import numpy as np
import pytest

from metricpose._errors import InputError
from metricpose.evaluation.protocols import virtual
from metricpose.evaluation.protocols.checks import checked
from metricpose.people import PeopleFrame
from metricpose.skeletons import CATALOGUE, Skeleton
from tests.evaluation.protocols.frames_made import frame, pose_of, row

ROOTS = [(0, 0, 4.0), (1, 0, 5.0)]


def refused(truth, predicted, match, **options):
    with pytest.raises(InputError, match=match) as caught:
        checked("strict", truth, predicted, **options)
    assert "\n" not in str(caught.value)


def test_no_truth_is_refused():
    refused([], [], r"^strict: expected pictures in the truth, got none")


@pytest.mark.parametrize("side", ["truth", "predictions"])
def test_a_picture_twice_is_refused(side):
    once, twice = [frame("a", ROOTS)], [frame("a", ROOTS), frame("a", ROOTS)]
    truth, predicted = (twice, once) if side == "truth" else (once, twice)
    refused(truth, predicted, rf"picture 'a': expected each picture once in the {side}, got it again")


def test_a_double_id_is_refused_by_the_frame_itself():
    with pytest.raises(InputError, match=r"^a: expected one id per person, each once, got \(3, 3\)"):
        frame("a", ROOTS, ids=(3, 3))


def test_pictures_that_the_truth_lacks_are_refused():
    refused(
        [frame("a", ROOTS)], [frame("a", ROOTS), frame("b", ROOTS)], r"picture 'b': expected a picture of the truth"
    )


def test_missing_pictures_are_refused_or_misses():
    truth = [frame("a", ROOTS), frame("b", ROOTS), frame("c", ROOTS[:1])]
    predicted = [frame("a", ROOTS)]
    refused(truth, predicted, r"picture 'b': expected predictions for all 3 pictures of the truth, .* and 1 others")
    pair = checked("strict", truth, predicted, allow_missing=True)
    assert (pair.absent, [len(p) for p in pair.predicted]) == (("b", "c"), [2, 0, 0])
    result = virtual.judge(truth, predicted, virtual.Options(allow_missing=True))
    assert (result.tables[0].rows[0].matched, result.tables[0].rows[0].missed) == (2, 3)


def test_predictions_come_in_the_order_of_the_truth():
    pair = checked("strict", [frame("b", ROOTS), frame("a", [])], [frame("a", []), frame("b", ROOTS[:1])])
    assert [(p.name, len(p)) for p in pair.predicted] == [("b", 1), ("a", 0)]


@pytest.mark.parametrize("side", ["truth", "predictions"])
def test_mixed_skeletons_are_refused_but_not_of_empty_pictures(side):
    plain = [frame("a", ROOTS), frame("b", ROOTS)]
    mixed = [frame("a", ROOTS), frame("b", ROOTS, skeleton="coco17")]
    truth, predicted = (mixed, plain) if side == "truth" else (plain, mixed)
    refused(truth, predicted, rf"picture 'b': expected skeleton 'h36m17', as of the {side} before it, got 'coco17'")
    checked("strict", plain, [frame("a", [], skeleton="coco17"), frame("b", ROOTS)])


@pytest.mark.parametrize("size", [1000.0, 0.001, 100.0])
@pytest.mark.parametrize("side", ["truth", "predictions"])
def test_a_person_in_other_units_among_people_is_refused(size, side):
    right = frame("a", ROOTS, pixels=False)
    joints = right.joints_cam.copy()
    joints[1] = right.joints_cam[1] * size
    wrong = right.replaced(joints_cam=joints)
    truth, predicted = (wrong, right) if side == "truth" else (right, wrong)
    refused([truth], [predicted], rf"picture 'a': person 1: expected people in metres in the {side}, .* are the units")


@pytest.mark.parametrize("factor", [0.01, 0.1, 10.0, 100.0])
def test_a_whole_file_in_other_units_is_refused(factor):
    plain = frame("a", ROOTS)
    refused([plain], [plain.replaced(joints_cam=factor * plain.joints_cam)], "are the units right, or mixed")


def test_roots_without_a_pose_and_people_who_are_not_judged_may_have_any_size():
    roots = np.repeat(np.asarray(ROOTS, float)[:, None], 17, axis=1)
    checked("strict", [frame("a", ROOTS)], [frame("a", ROOTS).replaced(joints_cam=roots)])
    junk = frame("a", ROOTS).joints_cam * np.array([1.0, 500.0])[:, None, None]
    checked("strict", [frame("a", ROOTS).replaced(joints_cam=junk, judged=[True, False])], [frame("a", ROOTS)])


def test_nan_of_one_person_is_refused_and_a_joint_that_nobody_has_is_not():
    plain = frame("a", ROOTS)
    joints = plain.joints_cam.copy()
    joints[1, 3] = np.nan
    text = r"picture 'a': person 1: joint 'right_foot': expected finite numbers as for other people, got NaN"
    refused([plain], [plain.replaced(joints_cam=joints)], text)
    joints[0, 3] = np.nan
    checked("strict", [plain], [plain.replaced(joints_cam=joints)])
    joints[0, 3, :2] = 0.0
    refused([plain], [plain.replaced(joints_cam=joints)], r"person 0: joint 'right_foot'")
    refused([plain], [plain.replaced(joints_cam=np.full_like(joints, np.nan))], r"person 0: joint 'root'")


@pytest.mark.parametrize("field", ["scores", "root_cam"])
def test_nan_scores_and_roots_are_refused(field):
    plain = frame("a", ROOTS)
    value = np.ones(2) if field == "scores" else np.asarray(ROOTS, float)
    value[1] = np.nan
    refused(
        [plain], [plain.replaced(**{field: value})], rf"picture 'a': person 1: expected numbers in {field}, got NaN"
    )


def test_joints_that_are_not_stated_are_refused():
    flat = PeopleFrame(name="a", skeleton=CATALOGUE["h36m17"], joints_px=np.zeros((1, 17, 2)))
    refused([frame("a", ROOTS)], [flat], r"picture 'a': expected joints in metres in the predictions, got none")
    deep = frame("a", ROOTS, pixels=False)
    refused([deep], [frame("a", ROOTS)], r"expected joints in pixels in the truth, got none", dimensions=2)
    checked("lsp", [flat], [flat.replaced(joints_px=np.full((1, 17, 2), np.nan))], dimensions=2)


def test_the_line_names_the_picture_and_person_far_down_the_file():
    truth = [frame(str(i), ROOTS[: i % 3]) for i in range(9)]
    joints = truth[8].joints_cam.copy()
    joints[1, 0] = np.nan
    refused(truth, [*truth[:8], truth[8].replaced(joints_cam=joints)], r"picture '8': person 1")


def test_no_common_joint_is_refused():
    eyes = frame("a", ROOTS, skeleton="coco17")
    odd = Skeleton(name="odd", joints=("x", "y", "z", "u", "v"), parents=(-1, 0, 0, 0, 0), mirror=(0, 1, 2, 3, 4))
    strange = PeopleFrame(name="a", skeleton=odd, joints_cam=4.0 + pose_of(odd)[None], root_cam=[(0, 0, 4.0)])
    with pytest.raises(InputError, match=r"expected joints in common, got none of odd and coco17"):
        virtual.judge([eyes], [strange])


def test_rows_are_named_by_sequence():
    truth = [frame("a", ROOTS, sequence="s10"), frame("b", ROOTS, sequence="s2")]
    result = virtual.judge(truth, [frame("a", ROOTS), frame("b", ROOTS)])
    assert [r.label for r in result.tables[0].rows] == ["s2", "s10", "mean", "pooled"]
    assert row(result.tables[0], "pooled").people == 4
