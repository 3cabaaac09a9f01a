"""Resampled means, and two methods side by side."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metricpose._errors import InputError
from metricpose.evaluation import bootstrap
from metricpose.evaluation.against import against
from metricpose.evaluation.bootstrap import interval, resampled_means, resampling_units
from metricpose.evaluation.protocols.result import Column, PersonErrors, ProtocolResult, Row, Table

MPJPE = Column(key="mpjpe", heading="MPJPE", unit="mm", about="joint error")
PCK = Column(key="pck_all", heading="PCKall", unit="%", about="joints within 150 mm, misses fail", better="higher")


def method(
    mpjpe: list[float], pck: list[float] | None = None, *, sequences: list[str] | None = None, ghosts: int = 0
) -> ProtocolResult:
    """One person per picture; NaN in mpjpe is a miss."""
    errors = np.array(mpjpe, float)
    count = len(errors)
    pcks = np.where(np.isfinite(errors), 100.0, 0.0) if pck is None else np.array(pck)
    people = PersonErrors(
        frames=tuple(f"{i:03d}.jpg" for i in range(count)),
        rows=np.zeros(count, int),
        predicted=np.where(np.isfinite(errors), 0, -1),
        sequences=tuple(sequences or ["S1"] * count),
        distance_m=np.full(count, 4.0),
        values={"mpjpe": errors, "pck_all": pcks},
        joint_error_m=errors[:, None] / 1000,
        joints=("nose",),
    )
    row = Row(label="all", values={}, people=count, matched=count, missed=0, ghosts=ghosts, kind="pooled")
    tables = (
        Table(title="official", mode="official", columns=(replace(MPJPE, heading="official"),), rows=(row,)),
        Table(title="strict", mode="strict", columns=(MPJPE, PCK), rows=(row,)),
    )
    return ProtocolResult(protocol="made", tables=tables, people=people, ghosts=("000.jpg",) * ghosts)


def test_units_are_sequences_where_there_are_ten() -> None:
    sequences = [f"S{i // 2}" for i in range(20)]
    frames = [f"{i // 4}.jpg" for i in range(20)]
    units = resampling_units(sequences, frames)
    assert (units.what, units.count) == ("sequence", 10)
    assert units.of_person.tolist() == [i // 2 for i in range(20)]
    fewer = resampling_units(sequences[:18], frames[:18])
    assert (fewer.what, fewer.count) == ("picture", 5)
    assert fewer.of_person.tolist() == [i // 4 for i in range(18)]


def test_very_many_pictures_are_drawn_in_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "MOST_UNITS", 4)
    units = resampling_units([""] * 9, [str(i) for i in range(9)])
    assert (units.what, units.count) == ("run of 3 pictures", 3)
    assert units.of_person.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]


@settings(max_examples=30, deadline=None)
@given(
    of_person=st.lists(st.integers(0, 4), min_size=1, max_size=12),
    seed=st.integers(0, 100),
    holes=st.integers(0, 2**12 - 1),
)
def test_means_are_those_of_people_drawn_one_by_one(of_person: list[int], seed: int, holes: int) -> None:
    labels = [str(unit) for unit in of_person]
    units = resampling_units([""] * len(labels), labels)
    values = np.random.default_rng(seed).normal(size=(len(labels), 2))
    values[[i for i in range(len(labels)) if holes >> i & 1], 1] = np.nan
    fast = resampled_means(values, units, resamples=6, seed=seed)
    draws = np.random.default_rng(seed).integers(0, units.count, size=(6, units.count))
    for resample, drawn in enumerate(draws):
        people = [p for unit in drawn for p in range(len(labels)) if units.of_person[p] == unit]
        for column in range(2):
            known = [values[p, column] for p in people if np.isfinite(values[p, column])]
            slow = sum(known) / len(known) if known else np.nan
            assert fast[resample, column] == pytest.approx(slow, abs=1e-12, nan_ok=True)


def test_memory_bounds_do_not_change_the_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    units = resampling_units([""] * 7, list("abcdefg"))
    values = np.arange(7.0)[:, None]
    whole = resampled_means(values, units, resamples=50, seed=3)
    monkeypatch.setattr(bootstrap, "_DRAWS_AT_ONCE", 20)
    assert np.array_equal(resampled_means(values, units, resamples=50, seed=3), whole)
    assert not np.array_equal(resampled_means(values, units, resamples=50, seed=4), whole)


def test_the_spread_is_the_standard_error() -> None:
    """Of 400 independent people with values 0 and 1: sqrt(p (1 - p) / n) = 0.025."""
    units = resampling_units([""] * 400, [str(i) for i in range(400)])
    means = resampled_means((np.arange(400) % 2)[:, None], units, seed=0)
    assert means.std() == pytest.approx(0.025, rel=0.06)
    ends = interval(means[:, 0])
    assert ends == pytest.approx((0.5 - 1.96 * 0.025, 0.5 + 1.96 * 0.025), abs=0.004)


def test_copies_within_a_cluster_add_no_certainty() -> None:
    """A hundred copies of each of 20 sequences' values leave the spread where 20 values put it."""
    once, labels = np.random.default_rng(0).normal(size=20), [f"S{i}" for i in range(20)]
    alone = resampled_means(once[:, None], resampling_units(labels, labels), seed=1)
    copied = [label for label in labels for _ in range(100)]
    many = resampled_means(np.repeat(once, 100)[:, None], resampling_units(copied, copied), seed=1)
    assert many == pytest.approx(alone)


def test_nobody_has_no_interval() -> None:
    units = resampling_units([], [])
    means = resampled_means(np.zeros((0, 2)), units, resamples=5, seed=0)
    assert means.shape == (5, 2)
    assert interval(means[:, 0]) is None


@pytest.mark.parametrize(
    ("values", "resamples", "message"),
    [
        (np.zeros((2, 1)), 5, r"expected values \(3, K\), got shape \(2, 1\)"),
        (np.zeros(3), 5, r"expected values \(3, K\), got shape \(3,\)"),
        (np.zeros((3, 1)), 0, "at least 1 resample, got 0"),
    ],
)
def test_what_cannot_be_resampled(values: np.ndarray, resamples: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        resampled_means(values, resampling_units([""] * 3, ["a", "b", "c"]), resamples=resamples, seed=0)


def test_a_sequence_for_each_person() -> None:
    with pytest.raises(InputError, match="expected a sequence for each of 2 people, got 1"):
        resampling_units([""], ["a", "b"])


def test_a_constant_gain_is_certain() -> None:
    """B is 10 mm worse for everybody: whoever is drawn, the difference is -10."""
    errors = [50.0, 80.0, 120.0, 30.0]
    found = against(method(errors), method([e + 10 for e in errors]), names=("ours", "theirs"))
    first = found.differences[0]
    assert (first.a, first.b) == (70.0, 80.0)
    assert (first.low, first.high) == pytest.approx((-10.0, -10.0))
    assert (first.a_better, first.clear, first.people, first.over) == (1.0, "A", 4, "all")
    assert first.column.heading == "MPJPE"  # the strict mode's


def test_paired_is_sharper_than_apart() -> None:
    """People differ by 50 mm, methods by 1 mm: pairing shows it."""
    rng = np.random.default_rng(0)
    people, noise = rng.normal(100, 50, 200), rng.normal(1.0, 2.0, 200)
    first = against(method(list(people)), method(list(people + noise))).differences[0]
    assert first.low is not None and first.high is not None
    assert first.high - first.low == pytest.approx(2 * 1.96 * 2.0 / np.sqrt(200), rel=0.15)
    assert first.clear == "A"


def test_misses_leave_errors_and_fail_pck() -> None:
    """Person 1 is missed by A, person 2 by B: errors are over 0 and 3, PCK and misses over all."""
    a, b = method([10, np.nan, 30, 50]), method([20, 20, np.nan, 40], ghosts=2)
    error, pck, missed = against(a, b).differences
    assert (error.a, error.b, error.people, error.over) == (30.0, 30.0, 2, "both")
    assert (pck.a, pck.b, pck.people, pck.over) == (75.0, 75.0, 4, "all")
    assert (missed.a, missed.b, missed.over, missed.clear) == (25.0, 25.0, "all", None)
    found = against(a, b)
    assert (found.found_by_both, found.missed, found.ghosts) == (2, (1, 1), (0, 2))


def test_higher_is_better_where_the_column_says_so() -> None:
    a, b = method([10.0] * 5, [90.0] * 5), method([10.0] * 5, [80.0] * 5)
    error, pck, _ = against(a, b).differences
    assert (error.a_better, error.clear) == (0.5, None)
    assert (pck.difference, pck.a_better, pck.clear) == (10.0, 1.0, "A")
    assert against(b, a).differences[1].clear == "B"


def test_changing_sides_changes_the_sign() -> None:
    rng = np.random.default_rng(5)
    a, b = method(list(rng.uniform(30, 90, 12))), method(list(rng.uniform(30, 90, 12)))
    there, back = against(a, b).differences[0], against(b, a).differences[0]
    assert there.low is not None and back.high is not None and there.a_better is not None and back.a_better is not None
    assert there.low == pytest.approx(-back.high)
    assert there.a_better == pytest.approx(1 - back.a_better)


def test_people_are_paired_by_name_whatever_their_order() -> None:
    a, b = method([10.0, 20.0, 30.0]), method([11.0, 22.0, 33.0])
    assert b.people is not None
    turned = replace(
        b.people,
        frames=b.people.frames[::-1],
        values={key: value[::-1] for key, value in b.people.values.items()},
        joint_error_m=b.people.joint_error_m[::-1],
    )
    assert against(a, replace(b, people=turned)).to_json() == against(a, b).to_json()


def test_one_picture_has_no_interval() -> None:
    found = against(method([10.0]), method([20.0]))
    assert (found.differences[0].difference, found.differences[0].low, found.differences[0].clear) == (
        -10.0,
        None,
        None,
    )
    assert "-10.00" in found.to_text()
    json.dumps(found.to_json(), allow_nan=False)


def test_nobody_found_by_both() -> None:
    error, _, missed = against(method([np.nan, 10.0]), method([10.0, np.nan])).differences
    assert (error.a, error.people, error.over) == (None, 0, "both")
    assert missed.difference == 0.0


def test_nobody_at_all() -> None:
    found = against(method([]), method([]))
    assert (found.people, found.units) == (0, 0)
    assert all(difference.a is None for difference in found.differences)
    json.dumps(found.to_json(), allow_nan=False)


def test_text_and_json_say_how() -> None:
    sequences = [f"S{i % 11}" for i in range(33)]
    a, b = (method([10.0 + i + k for i in range(33)], sequences=sequences) for k in (0, 5))
    found = against(a, b, names=("ours.json", "theirs.mat"), resamples=100, seed=7)
    text = found.to_text()
    assert "paired percentile bootstrap by sequence (11 of them), 100 resamples, seed 7" in text
    assert "A: ours.json; 0 missed, 0 invented" in text
    assert "-5.00 to -5.00" in text
    said = found.to_json()
    assert (said["resampled_by"], said["units"], said["seed"]) == ("sequence", 11, 7)
    assert said["differences"][0] | {"low": -5.0, "high": -5.0} == {
        "metric": "mpjpe",
        "heading": "MPJPE",
        "unit": "mm",
        "better": "lower",
        "about": "joint error",
        "a": 26.0,
        "b": 31.0,
        "low": -5.0,
        "high": -5.0,
        "a_better": 1.0,
        "people": 33,
        "over": "all",
        "difference": -5.0,
        "clear": "A",
    }


def test_only_results_of_one_protocol_on_one_truth() -> None:
    a = method([10.0, 20.0])
    with pytest.raises(InputError, match="expected results of one protocol, got made and other"):
        against(a, replace(a, protocol="other"))
    with pytest.raises(InputError, match=r"person 0 of '001.jpg' not judged for theirs; judge both on one truth"):
        against(a, method([10.0]), names=("ours", "theirs"))
    with pytest.raises(InputError, match=r"person 0 of '001.jpg' not judged for ours"):
        against(method([10.0]), a, names=("ours", "theirs"))
    with pytest.raises(InputError, match="errors of single people in the result of A, got none; protocol made"):
        against(replace(a, people=None), a)
