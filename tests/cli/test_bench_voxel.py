"""`metricpose bench voxel`: plain and fast rows for each number of people, of any second stage."""

import json
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="torch comes with metricpose[train]")

from metricpose.cli.kept_memory import keep_memory
from metricpose.cli.main import main
from tests.inference.test_voxel_lifter import written


def test_it_has_the_stated_schema(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call = ["bench", "voxel", "--people", "1", "2", "--repeats", "1", "--weights", str(written(tmp_path)), "--json"]
    assert main(call) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [(row["name"], row["people"]) for row in rows] == [
        (name, people) for people in (1, 2) for name in ("voxel plain", "voxel fast")
    ]
    keys = {"name", "people", "median_ms", "p10_ms", "p90_ms", "times_faster", "gflop", "peak_mb"}
    assert all(set(row) == keys for row in rows)
    assert [row["times_faster"] for row in rows[::2]] == [1.0, 1.0]
    assert rows[0]["gflop"] == pytest.approx(rows[1]["gflop"], rel=0.01)
    assert rows[2]["gflop"] > rows[0]["gflop"] > 0


def test_weights_are_refused_where_there_are_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.safetensors").write_bytes(b"x")
    assert main(["bench", "voxel", "--weights", str(tmp_path / "x.safetensors")]) == 2
    assert "expected safetensors of a second stage" in capsys.readouterr().err
    assert main(["bench", "lift", "--weights", "x"]) == 2
    assert "bench lift: expected no --weights, which are of estimate and voxel" in capsys.readouterr().err


def test_memory_can_be_kept_or_not() -> None:
    """Asking twice is the same, and never an error; whether it can be asked for depends on the system."""
    assert keep_memory() is keep_memory()
