"""Detection over whole sets: by hand to the last digit, against plain loops, in every number of people."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metricpose import InputError
from metricpose.evaluation import metrics
from tests.evaluation.metrics.people import distance, mean
from tests.strategies import seeds

THRESHOLDS = (0.025, 0.05, 0.075, 0.1, 0.125, 0.15)
few = settings(max_examples=25, deadline=None)


def made_set(seed: int, counts: list[tuple[int, int]], joints: int = 4, spread: float = 0.08):
    """Frames of (P, Q) people: predictions are disturbed copies of random true people. Scores have many ties."""
    random = np.random.default_rng(seed)
    predicted, scores, true, known = [], [], [], []
    for p, q in counts:
        t = random.normal(size=(q, joints, 3))
        source = t[random.integers(0, q, size=p)] if q else random.normal(size=(p, joints, 3))
        predicted.append(source + random.normal(size=source.shape) * spread * random.uniform(0, 2, size=(p, 1, 1)))
        scores.append(random.integers(0, 4, size=p) / 4)
        true.append(t)
        known.append(random.random((q, joints)) < 0.8)
    return predicted, scores, true, known


def ranked_nearest(predicted, scores, true, known):
    """(score, error, target) of each prediction in a frame with people, best first; and the number of people."""
    entries, people = [], 0
    for p, s, t, k in zip(predicted, scores, true, known, strict=True):
        listed = [i for i in range(len(t)) if k[i].any()]
        for i in range(len(p)):
            best = (float("inf"), None)
            for q in listed:
                error = mean([distance(p[i, j], t[q, j]) for j in range(len(k[q])) if k[q, j]])
                if error < best[0]:
                    best = (error, people + q)
            if listed:
                entries.append((float(s[i]), *best))
        people += len(t)
    return sorted(entries, key=lambda entry: -entry[0]), sum(int(k[i].any()) for k in known for i in range(len(k)))


def hits_of(entries, threshold: float) -> list[bool]:
    used, hits = set(), []
    for _, error, target in entries:
        hits.append(error < threshold and target not in used)
        if hits[-1]:
            used.add(target)
    return hits


def envelope_ap(hits: list[bool], people: int) -> float:
    """For each recall that is reached, the best precision at it or beyond."""
    precision = [sum(hits[: n + 1]) / (n + 1) for n in range(len(hits))]
    return sum(max(precision[n:]) / people for n in range(len(hits)) if hits[n])


counts = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=6)


@few
@given(seeds, counts)
def test_panoptic_equals_its_loop(seed: int, frames: list[tuple[int, int]]) -> None:
    people = made_set(seed, frames)
    found = metrics.panoptic_detection(*people)
    entries, total = ranked_nearest(*people)
    assert (found.people, found.predictions) == (total, len(entries))
    if total == 0:
        assert np.isnan([*found.ap, *found.recall, found.recall_500, found.mpjpe]).all()
        return
    hits = [hits_of(entries, threshold) for threshold in THRESHOLDS]
    assert found.ap == pytest.approx([envelope_ap(h, total) for h in hits])
    assert found.recall == pytest.approx([sum(h) / total for h in hits])
    assert found.mean_ap == pytest.approx(mean(found.ap))
    close = hits_of(entries, 0.5)
    assert found.recall_500 == pytest.approx(sum(close) / total)
    assert found.mpjpe == pytest.approx(mean([e[1] for e, h in zip(entries, close, strict=True) if h]), nan_ok=True)


@few
@given(seeds, counts)
def test_roots_equal_their_loop(seed: int, frames: list[tuple[int, int]]) -> None:
    predicted, scores, true, _ = made_set(seed, frames, joints=1, spread=0.2)
    roots, true_roots = [p[:, 0] for p in predicted], [t[:, 0] for t in true]
    found = metrics.root_detection(roots, scores, true_roots)
    entries, total = ranked_nearest(predicted, scores, true, [np.ones((len(t), 1), dtype=bool) for t in true])
    hits = hits_of(entries, 0.25)
    assert (found.people, found.predictions, found.hits) == (total, len(entries), sum(hits))
    if total == 0:
        assert np.isnan([found.ap, found.ap_released, found.ar]).all()
        return
    precision = [sum(hits[: n + 1]) / (n + 1) for n in range(len(hits))]
    recall = [sum(hits[: n + 1]) / total for n in range(len(hits))]
    area = sum(p * (r - before) for p, r, before in zip(precision, recall, [0, *recall], strict=False))
    released = sum(precision[n + 1] * (recall[n + 1] - recall[n]) for n in range(len(hits) - 1))
    assert found.ap == pytest.approx(area)
    assert found.ap_released == pytest.approx(released)
    assert found.ar == pytest.approx(recall[-1] if recall else 0)
    assert metrics.ap_root(roots, scores, true_roots) == pytest.approx(area)
    assert metrics.ar_root(roots, scores, true_roots) == pytest.approx(found.ar)


def test_roots_by_hand_with_a_tie_a_ghost_a_double_and_a_miss() -> None:
    true = [[[0, 0, 3], [0, 0, 5]], [[0, 0, 4]]]
    predicted = [[[0, 0, 3.1], [0, 0, 3.2], [9, 9, 9]], [[0, 0, 4.25], [0, 0, 4.0]]]
    scores = [[0.9, 0.9, 0.8], [0.7, 0.6]]
    # Ranked: hit; its double (the truth is used); ghost; 250 mm is not nearer than 250 mm; hit. 5 m away is a miss.
    found = metrics.root_detection(predicted, scores, true)
    assert found.ap == pytest.approx((1 / 1 + 2 / 5) / 3)
    assert found.ap_released == pytest.approx(2 / 5 / 3)
    assert found.ar == pytest.approx(2 / 3)
    precision, recall = metrics.precision_recall_of_roots(predicted, scores, true)
    assert precision == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4, 2 / 5])
    assert recall == pytest.approx([1 / 3, 1 / 3, 1 / 3, 1 / 3, 2 / 3])


def test_equal_scores_keep_the_order_of_the_file() -> None:
    true, ghost, right = [[[0, 0, 3]]], [0, 0, 9], [0, 0, 3]
    assert metrics.ap_root([[ghost, right]], [[0.5, 0.5]], true) == pytest.approx(1 / 2)
    assert metrics.ap_root([[right, ghost]], [[0.5, 0.5]], true) == pytest.approx(1)


def test_the_envelope_raises_precision_before_later_hits() -> None:
    true = [np.zeros((2, 1, 3)) + [[[0, 0, 0]], [[5, 0, 0]]]]
    predicted = [np.array([[[9.0, 0, 0]], [[0, 0, 0]], [[5, 0, 0]]])]
    found = metrics.panoptic_detection(predicted, [[0.9, 0.8, 0.7]], true)
    # Hits at ranks 2 and 3: precisions 1/2 and 2/3, and the first is raised to 2/3.
    assert found.ap == pytest.approx([2 / 3] * 6)
    roots = metrics.root_detection([predicted[0][:, 0]], [[0.9, 0.8, 0.7]], [true[0][:, 0]])
    assert roots.ap == pytest.approx((1 / 2 + 2 / 3) / 2)


def test_a_prediction_whose_truth_is_taken_does_not_turn_to_the_next() -> None:
    true = [[[0, 0, 3.0], [0, 0, 3.2]]]
    predicted = [[[0, 0, 3.01], [0, 0, 3.05]]]  # both nearest to the first; the second also within 250 mm of the other
    assert metrics.ar_root(predicted, [[0.9, 0.8]], true) == pytest.approx(0.5)


def test_frames_without_people_cost_nothing_unless_asked() -> None:
    predicted, scores = [[[0, 0, 3]], [[0, 0, 4]]], [[0.5], [0.9]]
    true = [[[0, 0, 3]], []]
    assert metrics.root_detection(predicted, scores, true).ap == pytest.approx(1)
    asked = metrics.root_detection(predicted, scores, true, empty_frames=True)
    assert (asked.ap, asked.predictions) == (pytest.approx(0.5), 2)


def test_who_is_not_known_is_left_out_and_a_prediction_that_is_nan_is_a_ghost() -> None:
    true = np.zeros((2, 3, 3)) + np.array([0.0, 4.0])[:, None, None]
    predicted = true.copy()
    known = np.array([[True, True, False], [False] * 3])
    predicted[0, 2] = 99.0
    found = metrics.panoptic_detection([predicted], [[0.9, 0.5]], [true], [known])
    assert (found.people, found.recall_500, found.mpjpe) == (1, 1.0, 0.0)
    predicted[0, 1] = np.nan
    assert metrics.panoptic_detection([predicted], [[0.9, 0.5]], [true], [known]).recall_500 == 0
    spoilt = np.where(known[..., None], true, np.nan)
    assert metrics.panoptic_detection([true], [[0.9, 0.5]], [spoilt]).people == 1


@few
@given(seeds)
def test_only_the_order_of_scores_matters_and_people_move_together(seed: int) -> None:
    predicted, scores, true, known = made_set(seed, [(3, 2), (1, 3), (2, 0), (0, 2)])
    found = metrics.panoptic_detection(predicted, scores, true, known)
    moved = metrics.panoptic_detection(
        [p + 7 for p in predicted], [np.exp(s) for s in scores], [t + 7 for t in true], known
    )
    assert moved.ap == pytest.approx(found.ap)
    assert moved.mpjpe == pytest.approx(found.mpjpe)
    away = metrics.panoptic_detection([p + 0.7 for p in predicted], scores, true, known)
    assert away.mean_ap == 0


def test_without_predictions_or_people() -> None:
    nobody = metrics.root_detection([[]], [[]], [[[0, 0, 3]]])
    assert (nobody.ap, nobody.ar, nobody.people) == (0, 0, 1)
    assert np.isnan(metrics.root_detection([[[0, 0, 3]]], [[0.5]], [[]]).ap)
    assert np.isnan(metrics.panoptic_detection([], [], []).mean_ap)
    empty = metrics.panoptic_detection([np.zeros((0, 4, 3))], [[]], [np.zeros((2, 4, 3))])
    assert (empty.mean_ap, empty.recall_500) == (0, 0)
    assert np.isnan(empty.mpjpe)


@pytest.mark.parametrize("predicted, scores, true, text", [
    ([[[0, 0, 1]]], [[0.5, 0.4]], [[[0, 0, 1]]],
     r"AP_root: scores: frame 0: expected 1 people, as of the predictions, got 2"),
    ([[[0, 0, 1]]], [], [[[0, 0, 1]]], r"AP_root: scores: expected a list of 1 frames, as of the predictions, got 0"),
    ([[[0, 0, 1]]], [[0.5]], [], r"AP_root: expected 0 frames as in the truth, got 1"),
    ([[], [[0, 0, 1], [0, 0, 2]]], [[], [0.5, np.nan]], [[], [[0, 0, 1]]], r"AP_root: frame 1: .* got NaN"),
    ([[], [[0, 1]]], [[], [0.5]], [[], []], r"AP_root: predicted: frame 1: expected shape \(people, 3\), got \(1, 2\)"),
])  # fmt: skip
def test_lists_that_do_not_fit_are_refused_with_the_frame(predicted, scores, true, text) -> None:
    with pytest.raises(InputError, match=text):
        metrics.root_detection(predicted, scores, true)


def test_skeletons_that_differ_are_refused() -> None:
    one = np.zeros((1, 4, 3))
    with pytest.raises(InputError, match="AP: expected 5 joints as in the truth, got 4; convert them"):
        metrics.panoptic_detection([one], [[1.0]], [np.zeros((1, 5, 3))])
    with pytest.raises(InputError, match=r"AP: true: frame 2: expected shape \(people, 4, 3\), got \(1, 5, 3\)"):
        metrics.panoptic_detection([one] * 3, [[1.0]] * 3, [one, [], np.zeros((1, 5, 3))])
