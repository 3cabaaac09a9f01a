"""The bench of the metrics: each of them is called, on the people it states."""

import json

import numpy as np
import pytest

from metricpose.cli import bench_evaluate, timing
from metricpose.cli.main import main
from metricpose.evaluation import metrics


def test_bench_evaluate_has_a_row_per_metric_and_one_for_all(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timing, "_LEAST_SECONDS", 0.0)
    assert main(["bench", "evaluate", "--people", "7", "--repeats", "1", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["bench"] == "evaluate"
    names = [row["name"] for row in said["rows"]]
    assert names[-1] == "all 3D metrics"
    assert len(set(names)) == len(names)
    assert all(hasattr(metrics, name) for name in names[:-1])
    assert {"pa_mpjpe", "panoptic_detection", "root_detection", "pcod", "mpjve", "reliability_of_sigmas"} <= set(names)
    assert {row["people"] for row in said["rows"]} == {7}


@pytest.mark.parametrize("count", [1, 2, 3, 205])
def test_the_made_people_can_be_judged(count: int) -> None:
    people = bench_evaluate.made_people(count, seed=0)
    assert sum(len(frame) for frame in people.frames(people.root)) == count
    tracks = people.tracks(people.true)
    assert tracks.shape[0] * tracks.shape[1] <= count
    np.testing.assert_array_equal(tracks.reshape(-1, 17, 3), people.true[: tracks.shape[0] * tracks.shape[1]])
    error = metrics.mpjpe(people.predicted, people.true, people.root, people.true_root)
    assert (error > 0.02).all()
