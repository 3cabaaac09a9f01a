"""MuPoTS-3D: the worked example of docs/protocols.md to the last digit, and the quirks one by one.

The example, all in mm. True people A, B and C have one shape (SHAPE), roots at (0, 0, 4000), (300, 0, 4000) and
(3000, 0, 5000). In the picture B lies 25 px to the right of A, and C 800 px.

Predictions, in the file's order:
  P0, score 0.90: A's shape with every bone 1.25 times as long, root 100 too far; 10 px to the right of A.
  P1, score 0.80: B's shape, root 200 too far; 10 px to the left of A.
  P2, score 0.95: somewhere, 300 px to the left of A, metres from everybody: a ghost.

Pairing, in the order of the truth:
  A: P0 has all 13 matching joints within 40 px, P1 has all 13 too: a tie, and the first, P0, is taken.
  B: P0 is taken; P1 is 35 px away, 13 joints: taken (without the tie's rule B would have had P0).
  C: nothing within 40 px: a miss. P2 is nobody's: a ghost, which costs nothing but in AP_root.

With the true lengths of bones, P0 has exactly A's shape, P1 B's:
  PCK_rel  A 14/14, B 14/14, C 0/14: all 28/42 = 2/3, matched 1.
  AUC_rel  errors are 0, which is < t for 30 of the 31 thresholds: A 30/31, B 30/31, C 0: all 20/31, matched 30/31.
  PCK_abs  A: every joint is 100 off: 14/14. B: 200 off: 0. All 14/42 = 1/3, matched 1/2.
  PCK_root A: 100 < 150, yes. B: 200, no. All 1/3, matched 1/2.
  AP_root  by score: P2 no (precision 0/1), P0 yes (100 < 250; 1/2), P1 yes (200 < 250; 2/3): (1/2 + 2/3) / 3 = 7/18.
  AR_root  2/3.

With the bones as predicted, a joint of P0 that is d from the pelvis has the error d/4 (root-relative), in mm:
  top of the head 700 -> 175; neck 490 -> 122.5; shoulders |(200, 490)| = 529.2 -> 132.3; elbows |(200, 200)| -> 70.7;
  wrists |(200, 20)| = 201.0 -> 50.2; hips 110 -> 27.5; knees |(110, 400)| = 414.8 -> 103.7;
  ankles |(110, 800)| = 807.5 -> 201.9.
  PCK_rel  A fails at the head's top and the ankles: 11/14. All 25/42, matched 25/28.
  AUC_rel  thresholds above the error, of 0, 5, ... 150: head 0, neck 6 (125 ... 150), a shoulder 4, an elbow 16,
           a wrist 20, a hip 25, a knee 10, an ankle 0: A (6 + 2 * 75) / (14 * 31) = 156/434, B 30/31 = 420/434.
           All 576/1302, matched 576/868.
  PCK_abs  with 100 in depth: neck 158, shoulders 166 fail; elbows 122, wrists 112, hips 104, knees 144 do not;
           A 8/14. All 8/42, matched 8/28.
"""

import numpy as np
import pytest

from metricpose._errors import InputError
from metricpose.evaluation.protocols import mupots
from metricpose.evaluation.protocols.flat import gathered
from metricpose.evaluation.protocols.mupots_pairing import OUTWARDS, PARENTS, official_partners, with_true_bones
from metricpose.geometry import Camera
from metricpose.people import PeopleFrame
from metricpose.skeletons import CATALOGUE
from tests.evaluation.protocols.frames_made import row, table

MUPOTS = CATALOGUE["mupots17"]
SHAPE = 0.001 * np.array(
    [
        (0, -700, 0), (0, -490, 0), (-200, -490, 0), (-200, -200, 0), (-200, -20, 0), (200, -490, 0), (200, -200, 0),
        (200, -20, 0), (-110, 0, 0), (-110, 400, 0), (-110, 800, 0), (110, 0, 0), (110, 400, 0), (110, 800, 0),
        (0, 0, 0), (0, -240, 0), (0, -600, 0),
    ],
)  # fmt: skip
A, B, C = (0.0, 0.0, 4.0), (0.3, 0.0, 4.0), (3.0, 0.0, 5.0)
FLAT_PX = 900.0 + 250.0 * SHAPE[:, :2]


def people(name, joints, right_px, **more) -> PeopleFrame:
    pixels = FLAT_PX + np.array([(x, 0.0) for x in right_px]).reshape(-1, 1, 2)
    joints = np.array(joints).reshape(-1, 17, 3)
    return PeopleFrame(
        name=name, sequence=name.split("/")[0], skeleton=MUPOTS, joints_cam=joints, joints_px=pixels, **more
    )


def example() -> tuple[PeopleFrame, PeopleFrame]:
    roots = np.array([A, B, C])[:, None]
    truth = people("TS1/img_000000.jpg", roots + SHAPE, (0, 25, 800), joints_universal=0.9 * (roots + SHAPE))
    said = [(0, 0, 4.1) + 1.25 * SHAPE, (0.3, 0, 4.2) + SHAPE, (-3.0, 0, 6.0) + SHAPE]
    return truth, people("TS1/img_000000.jpg", said, (10, -10, -300), scores=(0.9, 0.8, 0.95))


def judged(true_scale=True, rescaled=True):
    truth, predicted = example()
    result = mupots.judge([truth], [predicted])
    scale = "true scale" if true_scale else "universal scale"
    return row(table(result, "official", scale, "official" if rescaled else "as predicted"), "TS1"), result


def test_worked_example_with_true_bones():
    found, _ = judged()
    assert (found.people, found.matched, found.missed, found.ghosts) == (3, 2, 1, None)
    expected = {
        "pck": 28 / 42,
        "auc": 20 / 31,
        "pck_abs": 14 / 42,
        "pck_root": 1 / 3,
        "pck_matched": 1.0,
        "auc_matched": 30 / 31,
        "pck_abs_matched": 1 / 2,
        "pck_root_matched": 1 / 2,
        "ap_root": 7 / 18,
        "ar_root": 2 / 3,
    }
    assert dict(found.values) == pytest.approx({key: 100 * value for key, value in expected.items()}, rel=1e-12)


def test_official_ap_root_leaves_out_the_first_step_and_the_strict_one_does_not():
    """Truth as prediction: 3 hits in 3, of which RootNet's sum leaves out the best ranked one: 2/3."""
    truth, _ = example()
    result = mupots.judge([truth], [truth.replaced(scores=(0.9, 0.8, 0.95), joints_universal=None)])
    official = row(table(result, "official", "true scale", "as predicted"), "TS1").values["ap_root"]
    assert official == pytest.approx(200 / 3)
    assert row(table(result, "strict"), "TS1").values["ap_root"] == pytest.approx(100.0)


def test_worked_example_with_the_bones_as_predicted():
    found, _ = judged(rescaled=False)
    expected = {
        "pck": 25 / 42,
        "auc": 576 / 1302,
        "pck_abs": 8 / 42,
        "pck_root": 1 / 3,
        "pck_matched": 25 / 28,
        "auc_matched": 576 / 868,
        "pck_abs_matched": 8 / 28,
        "pck_root_matched": 1 / 2,
        "ap_root": 7 / 18,
        "ar_root": 2 / 3,
    }
    assert dict(found.values) == pytest.approx({key: 100 * value for key, value in expected.items()}, rel=1e-12)


def test_worked_example_in_the_universal_scale():
    """The truth is 0.9 as large and 0.9 as far: shapes fit all the same when bones are lent, places no longer do."""
    found, _ = judged(true_scale=False)
    assert found.values["pck_matched"] == pytest.approx(100.0)
    # A's true root is at 3600, P0 says 4100; B's at (270, 0, 3600), P1 says (300, 0, 4200).
    assert found.values["pck_root"] == found.values["pck_abs"] == found.values["ap_root"] == 0.0


def test_worked_example_in_the_strict_mode():
    _, result = judged()
    strict = row(table(result, "strict"), "TS1")
    assert (strict.people, strict.matched, strict.missed, strict.ghosts) == (3, 2, 1, 1)
    assert strict.values["f1"] == pytest.approx(100 * 2 * 2 / 6)
    assert result.ghosts == ("TS1/img_000000.jpg",)


def test_mean_of_sequences_and_pooled_differ():
    truth, predicted = example()
    other = people("TS2/img_000000.jpg", A + SHAPE, (0,), joints_universal=[0.9 * (A + SHAPE)])
    result = mupots.judge([truth, other], [predicted.replaced(scores=None), other])
    found = table(result, "official", "true scale", "official")
    assert [r.label for r in found.rows] == ["TS1", "TS2", "mean", "pooled"]
    assert row(found, "mean").values["pck"] == pytest.approx(100 * (28 / 42 + 1) / 2)
    assert row(found, "pooled").values["pck"] == pytest.approx(100 * 42 / 56)
    assert (row(found, "pooled").people, row(found, "mean").missed) == (4, 1)


def test_a_truth_with_the_universal_scale_here_and_there_is_refused():
    truth, predicted = example()
    other = people("TS2/img_000000.jpg", A + SHAPE, (0,))
    with pytest.raises(InputError, match=r"picture 'TS2/img_000000.jpg': expected joints_universal in the truth"):
        mupots.judge([truth, other], [predicted, other])


def partners(truth: PeopleFrame, predicted: PeopleFrame) -> list[int]:
    true, guess = gathered([truth], MUPOTS, MUPOTS), gathered([predicted], MUPOTS, MUPOTS)
    return official_partners(guess, true, np.flatnonzero(true.judged)).tolist()


@pytest.mark.parametrize(("right_px", "expected"), [(39.999, 0), (40.0, -1), (-40.0, -1), (-39.0, 0)])
def test_forty_pixels_are_too_many(right_px, expected):
    assert partners(people("a", A + SHAPE, (0,)), people("a", A + SHAPE, (right_px,))) == [expected]


def test_one_joint_of_the_thirteen_is_enough_and_the_others_do_not_count():
    truth = people("a", A + SHAPE, (0,))
    for joint, expected in ((13, 0), (1, 0), (0, -1), (14, -1), (15, -1), (16, -1)):
        pixels = FLAT_PX[None] + 5000.0
        pixels[0, joint] = FLAT_PX[joint]
        assert partners(truth, truth.replaced(joints_px=pixels)) == [expected]


def test_more_joints_win_over_nearer_ones_and_order_over_sense():
    """The first person takes what suits the second better, as the loop does not look ahead."""
    truth = people("a", [A + SHAPE, A + SHAPE], (0, 30))
    assert partners(truth, people("a", [A + SHAPE], (30,))) == [0, -1]
    far = FLAT_PX + 39.0
    near = FLAT_PX.copy()
    near[13] += 1000.0
    predicted = people("a", [A + SHAPE, A + SHAPE], (0, 0)).replaced(joints_px=np.array([near, far]))
    assert partners(people("a", A + SHAPE, (0,)), predicted) == [1]


def slow_partners(true_px, predicted_px):
    taken, found = set(), []
    for t in true_px:
        best, score = -1, 0
        for j, p in enumerate(predicted_px):
            near = sum(1 for k in range(1, 14) if abs(t[k][0] - p[k][0]) < 40 and abs(t[k][1] - p[k][1]) < 40)
            if j not in taken and near > score:
                best, score = j, near
        if best >= 0:
            taken.add(best)
        found.append(best)
    return found


@pytest.mark.parametrize("seed", range(20))
def test_pairing_agrees_with_plain_loops(seed):
    generator = np.random.default_rng(seed)
    p, t = generator.integers(0, 5, 2)
    px = generator.uniform(0, 150, (p + t, 17, 2)).round(-1)  # multiples of 10: ties, and exact 40s
    truth, predicted = (people("a", [A + SHAPE] * n, (0,) * n) for n in (t, p))
    found = partners(truth.replaced(joints_px=px[p:]), predicted.replaced(joints_px=px[:p]))
    assert found == slow_partners(px[p:], px[:p])


def test_lent_bones_have_the_true_lengths_and_the_predicted_directions():
    generator = np.random.default_rng(3)
    predicted, true = generator.normal(size=(2, 5, 17, 3))
    moved = with_true_bones(predicted, true)
    np.testing.assert_array_equal(moved[:, 14], predicted[:, 14])
    for joint in OUTWARDS:
        bones = [x[:, joint] - x[:, PARENTS[joint]] for x in (moved, predicted, true)]
        lengths = [np.linalg.norm(bone, axis=-1) for bone in bones]
        np.testing.assert_allclose(lengths[0], lengths[2])
        np.testing.assert_allclose(bones[0] / lengths[0][:, None], bones[1] / lengths[1][:, None])


def test_a_bone_without_length_falls_on_its_parent():
    moved = with_true_bones(np.zeros((1, 17, 3)), SHAPE[None])
    np.testing.assert_array_equal(moved, 0.0)


def test_people_who_are_not_judged_are_not_in_the_loop():
    truth, predicted = example()
    result = mupots.judge([truth.replaced(judged=[False, True, True])], [predicted])
    found = row(table(result, "official", "true scale", "official"), "TS1")
    # B now takes P0, which is nearer in the picture by order: both have 13 joints, P0 is the first.
    assert (found.people, found.matched) == (2, 1)
    assert found.values["pck_root"] == 0.0  # P0 stands 316 mm from B


def test_predictions_without_pixels_are_projected_or_refused():
    camera = Camera(intrinsics_px=np.array([[1000.0, 0, 960], [0, 1000.0, 540], [0, 0, 1]]), image_size=(1920, 1080))
    joints = np.array([A + SHAPE])
    truth = PeopleFrame(name="TS1/a", skeleton=MUPOTS, joints_cam=joints, joints_px=camera.project(joints)[0])
    bare = PeopleFrame(name="TS1/a", skeleton=MUPOTS, joints_cam=joints)
    found = table(mupots.judge([truth.replaced(camera=camera)], [bare]), "official", "official").rows[0]
    assert (found.matched, found.values["pck_abs"]) == (1, 100.0)
    with pytest.raises(InputError, match=r"picture 'TS1/a': expected joints_px in the predictions, .* or a camera"):
        mupots.judge([truth], [bare])


def test_missing_joints_are_named():
    truth, _ = example()
    places = A + np.zeros((1, 17, 3))
    coco = PeopleFrame(name=truth.name, skeleton=CATALOGUE["coco17"], joints_cam=places, joints_px=places[..., :2])
    with pytest.raises(InputError, match=r"coco17 without head_top, neck, pelvis, spine, head"):
        mupots.judge([truth], [coco])


def test_nobody_at_all_and_nobody_predicted():
    empty = PeopleFrame(
        name="TS1/a", sequence="TS1", skeleton=MUPOTS, joints_cam=np.zeros((0, 17, 3)), joints_px=np.zeros((0, 17, 2))
    )
    nothing = row(table(mupots.judge([empty], [empty]), "official", "official"), "TS1")
    assert (nothing.people, nothing.values["pck"]) == (0, None)
    truth, _ = example()
    result = mupots.judge([truth], [empty.replaced(name=truth.name)])
    found = row(table(result, "official", "true scale", "official"), "TS1")
    figures = [found.values[key] for key in ("pck", "pck_matched", "ap_root")]
    assert (found.missed, figures) == (3, [0.0, None, 0.0])
