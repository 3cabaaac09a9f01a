"""The bench of the whole way on a picture of dots: its rows, and what it refuses."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from metricpose.cli import bench_estimate
from metricpose.cli.main import main
from tests.inference.dotted import dotted, places

PEOPLE = (250.3, 320.7, 190.0), (620.0, 330.5, 220.0), (1000.2, 290.1, 160.0)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    encoded = io.BytesIO()
    Image.fromarray(dotted((1280, 720), *PEOPLE)).save(encoded, "JPEG", quality=95)
    dots = np.array([places(*person) for person in PEOPLE])
    boxes = np.concatenate([dots.min(1) - 9, dots.max(1) + 9], axis=1)
    monkeypatch.setattr(bench_estimate, "picture", lambda: (encoded.getvalue(), boxes))
    monkeypatch.setattr("metricpose.cli.timing._LEAST_SECONDS", 0.0)


@pytest.mark.usefixtures("flat_lifter", "dotted_network")
def test_rows_for_the_whole_way_and_its_parts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "estimate", "--repeats", "1", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    names = [row["name"] for row in rows]
    parts = ["decode JPEG", "look 1", "its maps to people", "look 2", "lift", "JSON"]
    assert names[:8] == ["estimate (3 found)", "estimate in float32", *parts]
    assert all(row["people"] == 3 for row in rows[:8])
    assert all(row["median_ms"] > 0 and row["peak_mb"] > 0 for row in rows)


@pytest.mark.usefixtures("flat_lifter", "dotted_network")
def test_what_it_cannot_do_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "estimate", "--people", "5"]) == 2
    assert "bench estimate: expected no --people, as its picture shows 3" in capsys.readouterr().err
    assert main(["bench", "lift", "--weights", "base"]) == 2
    assert "bench lift: expected no --weights" in capsys.readouterr().err
