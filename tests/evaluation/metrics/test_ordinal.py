"""Order in depth: by hand and against loops."""

import itertools

import numpy as np
import pytest

from metricpose import InputError
from metricpose.evaluation import metrics
from tests.evaluation.metrics.people import COUNTS, made, mean


def relation(difference: float, threshold: float) -> int:
    return 0 if abs(difference) < threshold else (1 if difference > 0 else -1)


@pytest.mark.parametrize("frames", COUNTS)
def test_pcod_equals_its_loop_in_both_readings(frames: int) -> None:
    random = np.random.default_rng(frames)
    true = [random.uniform(3, 4, size=count) for count in (3, 0, 1, 2, 5)[: frames + 2]]
    predicted = [depths + random.normal(0, 0.4, size=len(depths)) for depths in true]
    loose, exact = [], []
    for p, t in zip(predicted, true, strict=True):
        for i, j in itertools.combinations(range(len(t)), 2):
            a, b = p[i] - p[j], t[i] - t[j]
            loose.append(a * b > 0 or (abs(a) < 0.3 and abs(b) < 0.3))
            exact.append(relation(a, 0.3) == relation(b, 0.3))
    assert metrics.pcod(predicted, true) == pytest.approx(mean(loose))
    assert metrics.pcod(predicted, true, reading="three_relations") == pytest.approx(mean(exact))


def test_pcod_by_hand() -> None:
    true, predicted = [[3.0, 3.1, 5.0]], [[3.2, 3.0, 3.3]]
    # 0-1: order wrong, both near: right. 0-2: order right; but same against farther. 1-2: order right, exactly 0.3.
    assert metrics.pcod(predicted, true) == pytest.approx(1)
    assert metrics.pcod([[3.2, 3.0, 3.31]], true, reading="three_relations") == pytest.approx(2 / 3)
    assert metrics.pcod([[1.0, 2.0], [2.0, 2.0]], [[3.0, 3.0], [3.0, 4.0]]) == 0  # no order is none of the two
    assert metrics.pcod([[3.2, 2.8, 2.0]], true) == pytest.approx(0)  # 0-1 is 0.4 m apart, the wrong way


def test_pcod_counts_who_is_missing_as_wrong_and_leaves_out_who_is_not_known() -> None:
    assert metrics.pcod([[1.0, np.nan, 3.0]], [[1.0, 2.0, 3.0]]) == pytest.approx(1 / 3)
    assert metrics.pcod([[1.0, 2.0, 3.0]], [[1.0, np.nan, 3.0]]) == pytest.approx(1)
    exact = metrics.pcod([[1.0, np.nan, 3.0]], [[1.0, 1.1, 3.0]], reading="three_relations")
    assert exact == pytest.approx(1 / 3)


def test_pcod_does_not_pair_people_of_different_frames() -> None:
    assert metrics.pcod([[1.0, 2.0], [9.0, 5.0]], [[1.0, 2.0], [5.0, 9.0]]) == pytest.approx(0.5)
    assert np.isnan(metrics.pcod([[1.0], [2.0]], [[2.0], [1.0]]))
    assert np.isnan(metrics.pcod([], []))
    assert np.isnan(metrics.pcod([[]], [[]]))


def test_order_does_not_see_scale_of_depth() -> None:
    random = np.random.default_rng(0)
    true = [np.cumsum(random.uniform(0.4, 2, size=4)) for _ in range(5)]
    assert metrics.pcod([10 * depths + 1 for depths in true], true, reading="three_relations") == 1
    assert metrics.pcod([-depths for depths in true], true) == 0


def test_pcod_refuses_lists_that_do_not_fit() -> None:
    with pytest.raises(InputError, match=r"PCOD: predicted: frame 1: expected 2 people, as of the truth, got 1"):
        metrics.pcod([[1.0], [2.0]], [[1.0], [2.0, 3.0]])
    with pytest.raises(InputError, match="expected reading 'order_or_same' or 'three_relations', got 'loose'"):
        metrics.pcod([], [], reading="loose")  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("count", COUNTS)
def test_joint_order_equals_its_loop(count: int) -> None:
    predicted, true, _, _, known = made(count, joints=6)
    expected = []
    for p, t, k in zip(predicted[..., 2], true[..., 2], known, strict=True):
        pairs = [(i, j) for i, j in itertools.combinations(range(6), 2) if k[i] and k[j]]
        expected.append(mean([relation(p[i] - p[j], 0.1) == relation(t[i] - t[j], 0.1) for i, j in pairs]))
    values = metrics.joint_order_accuracy(predicted, true, known)
    assert values.shape == (count,)
    assert values == pytest.approx(expected, nan_ok=True)


def test_joint_order_sees_a_pose_turned_inside_out_and_nothing_sideways() -> None:
    predicted, true, _, _, _ = made(3)
    inverted = true * [1, 1, -1]
    assert metrics.joint_order_accuracy(inverted, true, threshold=0.0) == pytest.approx([0, 0, 0])
    assert metrics.joint_order_accuracy(true + 7, true) == pytest.approx([1, 1, 1])
    sideways = metrics.joint_order_accuracy(predicted * [5, 0, 1], true)
    assert sideways == pytest.approx(metrics.joint_order_accuracy(predicted, true))
    assert metrics.joint_order_accuracy(true.reshape(3, 1, 17, 3), true.reshape(3, 1, 17, 3)).shape == (3, 1)
    gone = np.where(np.arange(17)[:, None] == 4, np.nan, true)
    assert metrics.joint_order_accuracy(gone, true) == pytest.approx([1 - 16 / 136] * 3)
    assert np.isnan(metrics.joint_order_accuracy(true[:, :1], true[:, :1])).all()
