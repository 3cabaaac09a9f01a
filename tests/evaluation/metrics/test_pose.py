"""Errors of joints, shares and areas: by hand, against loops, and what they must and must not see."""

import numpy as np
import pytest
from hypothesis import given, settings

from metricpose import InputError
from metricpose.evaluation import metrics
from tests.evaluation.metrics.people import COUNTS, made, mean, procrustes_errors, relative_errors, scaled_errors
from tests.strategies import random_rotations, seeds

few = settings(max_examples=20, deadline=None)
STEPS_MM = range(0, 151, 5)


def on_a_line(*errors_mm: float) -> tuple[np.ndarray, ...]:
    """One person whose joints are so far off along x, with roots and known for the root-relative metrics."""
    predicted = np.zeros((1, len(errors_mm), 3))
    predicted[0, :, 0] = np.array(errors_mm) / 1000
    return predicted, np.zeros_like(predicted), np.zeros((1, 3)), np.zeros((1, 3))


@pytest.mark.parametrize("count", COUNTS)
def test_root_relative_metrics_equal_their_loops(count: int) -> None:
    people = made(count)
    errors = relative_errors(*people)
    twins = {
        metrics.mpjpe: [mean(e) for e in errors],
        metrics.n_mpjpe: [mean(e) for e in scaled_errors(*people)],
        metrics.pck: [mean([x < 0.15 for x in e]) for e in errors],
        metrics.auc_3dhp: [mean([mean([x < mm / 1000 for x in e]) for mm in STEPS_MM]) for e in errors],
        metrics.auc_metrabs: [mean([max(0.0, 1 - x / 0.15) for x in e]) for e in errors],
    }
    for function, expected in twins.items():
        values = function(*people)
        assert values.shape == (count,)
        assert values == pytest.approx(expected, abs=1e-9), function.__name__


@pytest.mark.parametrize("count", COUNTS)
def test_aligned_metrics_equal_their_loops(count: int) -> None:
    predicted, true, _, _, known = made(count)
    errors = procrustes_errors(predicted, true, known)
    twins = {
        metrics.pa_mpjpe: [mean(e) for e in errors],
        metrics.cps: [float(all(x < 0.2 for x in e)) for e in errors],
        metrics.auc_cps: [max(0.0, 1 - max(e) / 0.3) for e in errors],
        metrics.cps_steps: [sum(all(x < mm / 1000 for x in e) for mm in range(1, 301)) for e in errors],
    }
    for function, expected in twins.items():
        values = function(predicted, true, known)
        assert values.shape == (count,)
        assert values == pytest.approx(expected, abs=1e-9), function.__name__


def test_thousands_in_blocks_are_as_one_by_one() -> None:
    people = made(1025)  # two blocks and a block of one
    predicted, true, root, true_root, known = people
    some = [0, 511, 512, 1023, 1024]
    errors, aligned = (
        relative_errors(*(a[some] for a in people)),
        procrustes_errors(predicted[some], true[some], known[some]),
    )
    assert metrics.mpjpe(*people)[some] == pytest.approx([mean(e) for e in errors], abs=1e-9)
    assert metrics.pa_mpjpe(predicted, true, known)[some] == pytest.approx([mean(e) for e in aligned], abs=1e-9)
    alone = [float(metrics.n_mpjpe(*(a[i] for a in people))) for i in some]
    assert metrics.n_mpjpe(*people)[some] == pytest.approx(alone, abs=1e-12)
    folded = [a.reshape(41, 25, *a.shape[1:]) for a in (predicted, true, known)]
    assert metrics.pa_mpjpe(*folded).reshape(-1) == pytest.approx(metrics.pa_mpjpe(predicted, true, known))
    assert metrics.mpjpe(predicted, true, root, true_root, known[0])[7] == pytest.approx(
        metrics.mpjpe(predicted[7], true[7], root[7], true_root[7], known[0])
    )


def test_a_threshold_is_strict_unless_it_is_asked_to_be_inclusive() -> None:
    people = on_a_line(0, 149, 150, 151)
    assert metrics.pck(*people) == pytest.approx(0.5)
    assert metrics.pck(*people, inclusive=True) == pytest.approx(0.75)
    assert metrics.pck(*people, threshold=0.1) == pytest.approx(0.25)


def test_both_areas_by_hand() -> None:
    exact = on_a_line(0, 0)
    assert metrics.auc_3dhp(*exact) == pytest.approx(30 / 31)  # nothing is nearer than 0 mm
    assert metrics.auc_metrabs(*exact) == pytest.approx(1)
    # 5 mm passes at 10, 15, ... 150: 29 steps; 12 mm at 15, ... 150: 28; 150 mm never.
    people = on_a_line(5, 12, 150, 700)
    assert metrics.auc_3dhp(*people) == pytest.approx((29 + 28) / 31 / 4)
    assert metrics.auc_metrabs(*people) == pytest.approx((145 + 138) / 150 / 4)


def test_one_wrong_joint_spoils_a_correct_pose() -> None:
    _, true, _, _, known = made(3, seed=1)
    known[:] = True
    wrong = true.copy()
    wrong[1, 5] += [0.0, 0.6, 0.0]
    assert metrics.cps(true, true, known).tolist() == [1, 1, 1]
    assert metrics.cps(wrong, true, known).tolist() == [1, 0, 1]
    known[1, 5] = False
    assert metrics.cps(wrong, true, known).tolist() == [1, 1, 1]
    assert metrics.cps_steps(true, true) == pytest.approx([300, 300, 300])
    assert metrics.auc_cps(true, true) == pytest.approx([1, 1, 1])


def test_shares_of_errors_at_hand_by_hand() -> None:
    error = np.array([[0.0, 0.2], [0.1, 0.2004], [np.nan, 0.0]])
    assert metrics.all_within(error).tolist() == [0, 0, 0]  # 200 mm is not within 200 mm
    assert metrics.all_within(error, threshold=0.201).tolist() == [1, 1, 0]
    assert metrics.all_within_steps(error).tolist() == [100, 100, 0]
    assert metrics.all_within_area(error) == pytest.approx([1 / 3, 0.332, 0])
    assert metrics.share_within(error) == pytest.approx([0.5, 0.5, 0.5])
    assert metrics.area_continuous(error) == pytest.approx([0.5, 1 / 6, 0.5])


@few
@given(seeds)
def test_what_does_not_matter_changes_nothing(seed: int) -> None:
    random = np.random.default_rng(seed)
    predicted, true, root, true_root, known = made(3, seed)
    turn, shift = random_rotations(random, 3), random.normal(size=(3, 1, 3))

    def moved(points, by=shift):
        return points @ turn + by

    for function in (metrics.mpjpe, metrics.n_mpjpe, metrics.pck, metrics.auc_3dhp, metrics.auc_metrabs):
        world = function(
            moved(predicted),
            moved(true, 0),
            *(moved(r[:, None], b)[:, 0] for r, b in ((root, shift), (true_root, 0))),
            known,
        )
        assert world == pytest.approx(function(predicted, true, root, true_root, known), abs=1e-9), function.__name__
    for function in (metrics.pa_mpjpe, metrics.cps, metrics.auc_cps):
        assert function(moved(predicted) * 1.7, true, known) == pytest.approx(
            function(predicted, true, known), abs=1e-9
        )
        order = random.permutation(17)
        shuffled = function(predicted[:, order], true[:, order], known[:, order])
        assert shuffled == pytest.approx(function(predicted, true, known), abs=1e-9)


def test_what_matters_is_seen() -> None:
    _, true, _, true_root, known = made(2)
    known[:] = True
    mirrored, larger = true * [-1, 1, 1], true * 1.2
    assert (metrics.pa_mpjpe(mirrored, true, known) > 0.1).all()
    assert metrics.cps(mirrored, true, known).tolist() == [0, 0]
    assert (metrics.mpjpe(larger, true, 1.2 * true_root, true_root, known) > 0.05).all()
    assert metrics.n_mpjpe(larger, true, 1.2 * true_root, true_root, known) == pytest.approx([0, 0], abs=1e-9)
    assert (metrics.auc_metrabs(larger, true, 1.2 * true_root, true_root, known) < 0.7).all()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_flat_straight_and_single_joints_are_aligned_exactly(count: int) -> None:
    random = np.random.default_rng(count)
    turn = random_rotations(random, count)
    for axes in (0, 1, 2):
        true = np.zeros((count, 6, 3))
        true[..., :axes] = random.normal(size=(count, 6, axes))
        predicted = 0.3 * true @ turn + 2.0
        assert metrics.pa_mpjpe(predicted, true) == pytest.approx(np.zeros(count), abs=1e-9)
    one = np.zeros((count, 6), dtype=bool)
    one[:, 2] = True
    assert metrics.pa_mpjpe(*made(count, joints=6)[:2], one) == pytest.approx(np.zeros(count), abs=1e-12)


def test_who_is_not_known_is_not_measured_and_who_is_not_predicted_fails() -> None:
    predicted, true, root, true_root, known = made(2)
    known[:], known[0] = True, False
    true[0], predicted[0] = np.nan, np.nan
    relative = (predicted, true, root, true_root, known)
    for function in (metrics.mpjpe, metrics.n_mpjpe, metrics.pck, metrics.auc_3dhp, metrics.auc_metrabs):
        values = function(*relative)
        assert np.isnan(values[0]), function.__name__
        assert np.isfinite(values[1]), function.__name__
    for function in (metrics.pa_mpjpe, metrics.cps, metrics.auc_cps, metrics.cps_steps):
        values = function(predicted, true, known)
        assert np.isnan(values[0]), function.__name__
        assert np.isfinite(values[1]), function.__name__
    gone = predicted.copy()
    gone[1, 3] = np.nan
    whole, less = (metrics.pck(p, *relative[1:], threshold=99.0)[1] for p in (predicted, gone))
    assert (whole, less) == (1.0, pytest.approx(16 / 17))
    assert np.isnan(metrics.mpjpe(gone, *relative[1:])[1])
    with pytest.raises(InputError, match="similarity: expected finite points, got NaN"):
        metrics.pa_mpjpe(gone, true, known)


def test_torch_in_torch_out() -> None:
    torch = pytest.importorskip("torch", reason="torch comes with the train extra")
    people = made(3)
    tensors = [torch.from_numpy(a) for a in people]
    for function in (metrics.mpjpe, metrics.n_mpjpe, metrics.pck, metrics.auc_3dhp, metrics.auc_metrabs):
        values = function(*tensors)
        assert isinstance(values, torch.Tensor)
        assert values.numpy() == pytest.approx(function(*people)), function.__name__
    for function in (metrics.pa_mpjpe, metrics.cps, metrics.auc_cps, metrics.cps_steps, metrics.pck_abs):
        values = function(tensors[0], tensors[1], tensors[4])
        assert isinstance(values, torch.Tensor)
        assert values.numpy() == pytest.approx(function(people[0], people[1], people[4])), function.__name__
    for function in (metrics.mrpe, metrics.mrpe_percent, metrics.mrpe_z_percent, metrics.pck_root):
        assert function(tensors[2], tensors[3]).numpy() == pytest.approx(function(people[2], people[3]))
