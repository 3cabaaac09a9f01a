"""The strict protocol on small worlds whose answer is known."""

import json

import numpy as np
import pytest

from metricpose._errors import InputError
from metricpose.evaluation import comparison, evaluate
from metricpose.evaluation.matching import GATE, paired
from metricpose.evaluation.strict import clustered_mean
from metricpose.geometry.camera import Camera
from metricpose.people.people3d import People3D
from metricpose.skeletons.catalogue import COCO17, H36M17, PANOPTIC15_HEADTOP
from metricpose.skeletons.skeleton import Skeleton

CAMERA = Camera.from_focal((1000, 800), 900)


def people(*places: tuple[float, float, float], skeleton: Skeleton = H36M17, seed: int = 0) -> People3D:
    """People around these roots (x, y, z), each in a pose of its own."""
    rng = np.random.default_rng(seed)
    poses = rng.normal(size=(len(places), len(skeleton), 3)) * 0.3
    joints = poses + np.array(places).reshape(-1, 1, 3)
    if skeleton.root is not None:
        joints[:, skeleton.root] = np.array(places).reshape(-1, 3)
    return from_joints(joints, skeleton)


def from_joints(joints: np.ndarray, skeleton: Skeleton = H36M17, spread: float = 0.5) -> People3D:
    px, _ = CAMERA.project(joints)
    if not len(joints):
        return People3D.empty(skeleton, CAMERA)
    value = People3D(
        joints_cam=joints,
        joint_sigma=np.full(joints.shape[:2], 0.1),
        root_depth_interval=np.zeros((len(joints), 2)),
        joints_px=px,
        joint_scores=np.ones(joints.shape[:2]),
        boxes_px=np.concatenate([px.min(axis=1) - 2, px.max(axis=1) + 2], axis=1),
        scores=np.ones(len(joints)),
        skeleton=skeleton,
        camera=CAMERA,
        camera_source="given",
    )
    return value.replaced(root_depth_interval=value.root_cam[:, 2:] + np.array([-spread, spread]))


def nudged(value: People3D, by: tuple[float, float, float]) -> People3D:
    """Moved in space, while the picture stays what it was."""
    return value.replaced(
        joints_cam=value.joints_cam + np.float32(by),
        root_cam=value.root_cam + np.float32(by),
        root_depth_interval=value.root_depth_interval + np.float32(by[2]),
    )


CROWD = ((0.0, 0.0, 5.0), (1.5, 0.1, 6.0), (-1.5, 0.2, 4.0))
ERRORS = ("mrpe", "mrpe_x", "mrpe_y", "mrpe_z", "mrpe_z_percent", "z_bias_percent", "mpjpe", "pa_mpjpe", "n_mpjpe")


@pytest.mark.parametrize("count", [0, 1, 2, 3])
@pytest.mark.parametrize("skeleton", [H36M17, COCO17], ids=lambda s: s.name)
def test_a_perfect_prediction_has_no_error_no_miss_no_ghost(count: int, skeleton: Skeleton):
    truth = people(*CROWD[:count], skeleton=skeleton)
    row = evaluate([("a", truth[::-1])], [("a", truth)]).overall
    assert (row.people, row.matched, row.misses, row.ghosts) == (count, count, 0, 0)
    for key in ERRORS:
        assert row[key].n == count
        assert row[key].value == (None if count == 0 else pytest.approx(0, abs=1e-3))
    if count:
        assert row["pck_abs"].value == row["pck_abs_all"].value == row["coverage"].value == 100
        assert row["sigma_coverage"].value == 100


def test_one_too_many_is_one_ghost_and_costs_no_figure():
    truth = people(*CROWD[:2])
    extra = from_joints(np.concatenate([truth.joints_cam, truth.joints_cam[:1] + [0.02, 0, 0.3]]))
    row = evaluate([("a", extra)], [("a", truth)]).overall
    assert (row.misses, row.ghosts) == (0, 1)
    assert row["mrpe"].value == pytest.approx(0, abs=1e-3)


def test_one_too_few_is_one_miss_and_fails_all_its_joints():
    truth = people(*CROWD)
    row = evaluate([("a", truth[:2])], [("a", truth)]).overall
    assert (row.matched, row.misses, row.ghosts) == (2, 1, 0)
    assert row["pck_abs"].value == 100
    assert row["pck_abs_all"].value == pytest.approx(200 / 3)


def test_a_picture_without_prediction_is_all_misses():
    truth = people(*CROWD)
    row = evaluate([], [("a", truth), ("b", truth[:1])]).overall
    assert (row.people, row.misses, row.ghosts) == (4, 4, 0)
    assert row["mrpe"].value is None
    assert row["pck_abs_all"].value == 0


def test_no_picture_at_all_is_an_empty_report():
    report = evaluate([], [])
    assert (report.images, report.overall.people, report.overall["mrpe"].n) == (0, 0, 0)
    assert report.to_text().splitlines()[1].split()[:4] == ["all", "0", "0", "0"]


def test_somebody_elsewhere_is_a_miss_and_a_ghost():
    row = evaluate([("a", people((1.5, 0.1, 6.0)))], [("a", people((-1.5, 0.2, 4.0)))]).overall
    assert (row.matched, row.misses, row.ghosts) == (0, 1, 1)


def test_a_wrong_depth_is_an_error_and_no_miss():
    truth = people(*CROWD)
    row = evaluate([("a", nudged(truth, (0, 0, 20)))], [("a", truth)]).overall
    assert (row.misses, row.ghosts) == (0, 0)
    assert row["mrpe_z"].value == pytest.approx(20_000, rel=1e-5)
    assert row["mpjpe"].value == pytest.approx(0, abs=1e-2)
    assert row["coverage"].value == 0


def test_figures_by_hand():
    truth = people(*CROWD[:2])
    row = evaluate([("a", nudged(truth, (0.3, -0.04, 0.6)))], [("a", truth)]).overall
    assert row["mrpe_x"].value == pytest.approx(300, rel=1e-4)
    assert row["mrpe_y"].value == pytest.approx(40, rel=1e-4)
    assert row["mrpe_z"].value == pytest.approx(600, rel=1e-4)
    assert row["mrpe"].value == pytest.approx(1000 * np.sqrt(0.3**2 + 0.04**2 + 0.6**2), rel=1e-4)
    assert row["mrpe_z_percent"].value == pytest.approx((60 / 5 + 60 / 6) / 2, rel=1e-4)
    assert row["z_bias_percent"].value == pytest.approx(11, rel=1e-4)
    assert row["width_percent"].value == pytest.approx((100 / 5 + 100 / 6) / 2, rel=1e-4)
    assert row["pck_abs"].value == 0


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_of_two_at_one_place_in_the_picture_the_nearer_in_space_is_taken(order: list[int]):
    truth = people((0, 0, 5))
    both = from_joints(np.concatenate([truth.joints_cam * 1.3, truth.joints_cam * 1.02]))
    both = both.replaced(joints_px=both.joints_px + np.float32([0, 1])[:, None, None])  # the farther one fits better
    pairs = paired(both[order], truth)
    assert (order[pairs.predicted[0]], order[pairs.ghosts[0]]) == (1, 0)


@pytest.mark.parametrize("size", [1.0, 0.2])
def test_the_gate_is_in_units_of_the_person(size: float):
    truth = from_joints(people((0, 0, 5)).joints_cam / np.array([1, 1, size]))
    box = truth.boxes_px[0]
    scale = np.sqrt((box[2] - box[0]) * (box[3] - box[1]))
    for shift, found in ((0.99 * GATE, 1), (1.01 * GATE, 0)):
        moved = truth.replaced(joints_px=truth.joints_px + np.float32([shift * scale, 0]))
        assert len(paired(moved, truth).true) == found


def test_without_common_seen_joints_boxes_decide():
    truth = people(*CROWD)
    unseen = truth.replaced(joint_scores=np.zeros_like(truth.joint_scores))
    assert paired(unseen, truth[::-1]).true.tolist() == [2, 1, 0]
    assert len(paired(unseen[0], truth[1]).true) == 0


def test_order_of_people_and_pictures_changes_nothing():
    truth = [("a", people(*CROWD)), ("b", people(*CROWD[:2], seed=1))]
    predicted = [(name, nudged(value, (0.1, 0.2, 0.3))) for name, value in truth]
    shuffled = [(name, value[::-1]) for name, value in reversed(predicted)]
    ours, theirs = evaluate(predicted, truth).overall, evaluate(shuffled, truth).overall
    for key in ERRORS:
        assert ours[key].value == pytest.approx(theirs[key].value, rel=1e-5, abs=1e-4)


def test_other_skeletons_are_compared_on_the_points_they_share():
    truth = people(*CROWD, skeleton=H36M17)
    joints = np.array(truth.joints_cam)
    joints[:, 0] = joints[:, H36M17.hips].mean(axis=1)
    truth = truth.replaced(joints_cam=joints, root_cam=None)
    report = evaluate([("a", truth.to(COCO17, how="names"))], [("a", truth)])
    shared = {name for name, point in zip(H36M17.joints, H36M17.canonical, strict=True) if point in COCO17.canonical}
    assert set(report.joints) == shared | {H36M17.joints[0]}  # the root is the middle of the hips by definition
    assert "spine" not in report.joints
    assert report.overall.misses == 0
    assert report.overall["mpjpe"].value == pytest.approx(0, abs=1e-3)


def test_truth_that_does_not_know_a_joint_leaves_it_out():
    truth = people(*CROWD, skeleton=COCO17)
    partial = truth.to(PANOPTIC15_HEADTOP)
    predicted = people(*CROWD, skeleton=PANOPTIC15_HEADTOP, seed=5)
    joints = np.where(partial.joint_known[..., None], partial.joints_cam, predicted.joints_cam)
    predicted = predicted.replaced(
        joints_cam=joints, root_cam=None, joints_px=partial.joints_px, joint_scores=partial.joint_scores
    )
    row = evaluate([("a", predicted)], [("a", partial)]).overall
    assert row["mpjpe"].value == pytest.approx(0, abs=1e-2)


def test_tags_and_families_are_broken_out():
    truth = [("a", people(*CROWD)), ("b", people(*CROWD[:2], seed=1))]
    predicted = [("a", nudged(truth[0][1], (0, 0, 1))[:2]), ("b", people(*CROWD, seed=1))]
    tags = {"a": [["child"], [], ["child", "sitting"]], "b": [["sitting"], []]}
    report = evaluate(predicted, truth, tags=tags, families={"a": "tele", "b": "wide"})
    assert [row.group for row in report.rows] == ["all", "child", "sitting", "family tele", "family wide"]
    assert [row.people for row in report.rows] == [5, 2, 2, 3, 2]
    assert [row.misses for row in report.rows] == [1, 1, 1, 1, 0]
    assert [row.ghosts for row in report.rows] == [1, None, None, 0, 1]
    assert report.group("child")["mrpe"].value == pytest.approx(1000, rel=1e-4)
    assert report.group("sitting")["mrpe"].value == pytest.approx(0, abs=1e-2)
    assert report.group("sitting")["pck_abs_all"].value == 50


def test_standard_error_counts_pictures_and_equals_its_slow_twin():
    rng = np.random.default_rng(0)
    pictures = [rng.normal(size=n) + rng.normal() for n in (3, 1, 4, 0, 2)]
    mean, error, n = clustered_mean(pictures)
    everyone = np.concatenate(pictures)
    assert (n, mean) == (10, pytest.approx(everyone.mean()))
    squares = sum(sum(x - everyone.mean() for x in p) ** 2 for p in pictures)
    assert error == pytest.approx(np.sqrt(squares * 4 / 3) / 10)
    one_each = [np.array([x]) for x in everyone]
    assert clustered_mean(one_each)[1] == pytest.approx(everyone.std(ddof=1) / np.sqrt(10))
    assert clustered_mean([everyone])[1] is None
    assert clustered_mean([]) == (None, None, 0)


def test_report_as_text_and_json():
    truth = [("a", people(*CROWD)), ("b", people(*CROWD[:2], seed=1)), ("c", people())]
    predicted = [(name, nudged(value, (0.1, 0, 0.5))) for name, value in truth]
    report = evaluate(predicted, truth, families={"a": "wide"}, provenance={"predictions": "people.json"})
    text = report.to_text()
    lines = text.splitlines()
    assert lines[0].split()[:4] == ["people", "miss", "ghost", "MRPE"]
    assert lines[1].startswith("all")
    assert lines[2].startswith("+-")
    assert lines[3].startswith("family wide")
    assert "predictions: people.json" in text
    assert "strict: one to one" in text
    assert max(len(line) for line in lines[:4]) <= 140
    document = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert document["schema"] == "metricpose.report/1"
    assert document["images"] == 3
    first = document["groups"][0]["figures"][0]
    assert (first["metric"], first["unit"], first["n"]) == ("mrpe", "mm", 5)
    table = comparison({"ours": report, "theirs": report}).splitlines()
    assert table[1].split()[1:] == table[2].split()[1:]


def test_errors_say_what_to_do():
    truth = people(*CROWD)
    with pytest.raises(InputError, match=r"truth's 1 pictures, got 'b' \(1 such\); leave out"):
        evaluate([("b", truth)], [("a", truth)])
    with pytest.raises(InputError, match="'a' twice in the truth"):
        evaluate([], [("a", truth), ("a", truth)])
    with pytest.raises(InputError, match="one skeleton in the predictions, got coco17, h36m17"):
        evaluate([("a", truth), ("b", truth.to(COCO17))], [("a", truth), ("b", truth)])
    with pytest.raises(InputError, match="tags for the 3 people of 'a', got 1"):
        evaluate([], [("a", truth)], tags={"a": [["child"]]})
    for tags in ("abc", 5, ["child", "", ""], [[1], [], []], {"child": 3}):
        with pytest.raises(InputError, match=r"expected tags of 'a' such as \[\[\"child\"\], \[\]\], got "):
            evaluate([], [("a", truth)], tags={"a": tags})
    with pytest.raises(InputError, match=r"expected the family of 'a' to be a word, got \['tele'\]"):
        evaluate([], [("a", truth)], families={"a": ["tele"]})
    with pytest.raises(InputError, match=r"'a' at \(1000, 800\) px as in the truth, got \(500, 400\)"):
        evaluate([("a", truth.replaced(camera=CAMERA.resized((500, 400))))], [("a", truth)])
    alone = Skeleton(name="tail", joints=("tail",), parents=(-1,), mirror=(0,))
    with pytest.raises(InputError, match="got none of tail and h36m17"):
        evaluate([("a", people((0, 0, 5), skeleton=H36M17)[[]].replaced(**_nobody(alone)))], [("a", truth)])
    with pytest.raises(InputError, match="expected a group among all, got 'child'"):
        evaluate([], [("a", truth)]).group("child")
    with pytest.raises(InputError, match=r"expected a metric among mrpe, .*got 'auc'"):
        evaluate([], [("a", truth)]).overall["auc"]


def _nobody(skeleton: Skeleton) -> dict[str, object]:
    none = np.zeros((0, len(skeleton)))
    pairs = {"joints_cam": none[..., None].repeat(3, -1), "joints_px": none[..., None].repeat(2, -1)}
    return {"skeleton": skeleton, "joint_sigma": none, "joint_scores": none, **pairs}
