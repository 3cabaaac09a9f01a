"""The verbs generate and bench: what they write parses, and a seed is a seed."""

import json
from pathlib import Path

import pytest

from metricpose.cli.main import main
from metricpose.io import read_people2d, read_people3d


def test_generate_writes_the_same_scenes_for_the_same_seed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch", reason="virtual data needs the train extra")
    for name in ("one", "two"):
        assert main(["generate", "-o", str(tmp_path / name), "--scenes", "4", "--seed", "5", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["scenes"] == 4
    for file in ("people2d.json", "truth.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    seen, truth = read_people2d(tmp_path / "one" / "people2d.json"), read_people3d(tmp_path / "one" / "truth.json")
    assert [record.image for record in seen] == [record.image for record in truth]
    assert all(len(record.extra["tags"]) == len(record.people) for record in truth)
    assert seen[0].camera is not None
    assert seen[0].camera.height_m is not None


@pytest.mark.usefixtures("batch_lifter")
def test_bench_lift_has_the_stated_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "lift", "--people", "1", "3", "--repeats", "1", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["bench"] == "lift"
    assert {"cpu", "cores"} <= set(said["machine"])
    assert [row["people"] for row in said["rows"]] == [1, 3, 300]
    keys = {"name", "people", "median_ms", "p10_ms", "p90_ms", "per_second", "peak_mb"}
    assert all(set(row) == keys for row in said["rows"])
    assert all(row["p10_ms"] <= row["median_ms"] <= row["p90_ms"] for row in said["rows"])
