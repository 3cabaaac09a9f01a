"""Workers that hang, die or raise cost their own seed only."""

import os
import time
from functools import partial

import pytest

from metricpose._errors import InputError
from metricpose.virtual.render.watchdog import Done, Failed, WatchOptions, watched


def prepared(trouble):
    """A worker that doubles seeds, and gets into the trouble of some."""

    def draw(seed: int) -> int:
        what = trouble.get(seed)
        if what == "hang":
            time.sleep(1000)
        if what == "die":
            os._exit(7)
        if what == "raise":
            raise ValueError("two\nlines")
        return 2 * seed

    return draw


def broken():
    raise RuntimeError("no driver")


def run(trouble, seeds, **options):
    settings = WatchOptions(**{"seconds": 1.5, "start_seconds": 60.0, **options})
    return list(watched(partial(prepared, trouble), seeds, settings))


def test_a_worker_that_hangs_dies_or_raises_costs_one_seed() -> None:
    # Seed 0 comes first, so that the hanging one has the short limit.
    answers = run({1: "hang", 3: "die", 4: "raise"}, range(6))
    assert [answer.value for answer in answers if isinstance(answer, Done)] == [0, 4, 10]
    reasons = {answer.seed: answer.reason for answer in answers if isinstance(answer, Failed)}
    assert set(reasons) == {1, 3, 4}
    assert "within the time limit" in reasons[1]
    assert "exit code 7" in reasons[3]
    assert reasons[4] == "ValueError: two lines"


def test_two_workers_share_the_seeds() -> None:
    answers = run({}, range(8), workers=2)
    assert sorted(answer.seed for answer in answers) == list(range(8))
    assert all(isinstance(answer, Done) and answer.value == 2 * answer.seed for answer in answers)


def test_no_seeds_start_no_worker() -> None:
    assert run({}, []) == []


def test_what_never_works_is_given_up() -> None:
    answers = list(watched(broken, range(100), WatchOptions(restarts=3)))
    assert len(answers) == 4 and all(isinstance(answer, Failed) for answer in answers)
    assert "no driver" in answers[0].reason


def test_limits_must_be_positive() -> None:
    with pytest.raises(InputError, match="at least one and limits over 0 s"):
        run({}, [1], workers=0)
