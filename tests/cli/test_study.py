"""`metricpose study`: what it writes, goes on from, and refuses."""

import json
import sys

import pytest

from metricpose.cli.main import main
from metricpose.study import studies
from metricpose.study.studies import TINY


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setattr(studies, "QUICK", TINY)


@pytest.mark.slow
def test_writes_a_page_a_plot_and_cells_and_goes_on(tiny, tmp_path, capsys):
    call = ["study", "cameras", "--quick", "--methods", "de,tbs", "-o", str(tmp_path)]
    assert main(call) == 0
    shown = capsys.readouterr()
    page = (tmp_path / "study_cameras.md").read_text()
    assert shown.out.strip() == page.strip() and "8 of 8: " in shown.err
    assert "### TBS: box size, corrected" in page and "| 14 | - | 170.3 | 294.6 |" in page
    assert (tmp_path / "study_cameras.png").stat().st_size > 1000
    assert len(list((tmp_path / "cells").glob("*.json"))) == 8
    assert main([*call, "--json"]) == 0
    again = capsys.readouterr()
    document = json.loads(again.out)
    assert "8 of 8 cells are there already" in again.err and len(document["rows"]) == 2 * 4 * 4
    assert {verdict["holds"] for verdict in document["verdicts"]} <= {True, False}


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (["weather"], "invalid choice: 'weather'"),
        (["cameras", "--seeds", "0"], "expected 1 seed or more, got 0"),
        (
            ["cameras", "--methods", "magic"],
            "expected methods of de, tbs, tif, bdr, ray, ray_posed, volumes, got magic",
        ),
        (["cameras", "--assets", "x"], "study cameras: expected no --pictures, --assets or --panoramas"),
        (["poses"], "study poses: expected a mocap cache"),
        (["poses", "--mocap-cache", "no.npz"], "no.npz: cannot read this mocap cache"),
        (["backgrounds", "--pictures", "nowhere"], "nowhere/train: expected shards of rendered people, got none"),
    ],
)
def test_refuses_in_one_line(call, text, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["study", *call]) == 2
    error = capsys.readouterr().err
    assert text in error and error.count("\n") == 1
    assert not (tmp_path / "runs").exists()


def test_backgrounds_without_a_renderer_say_what_is_missing(capsys, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "moderngl", None)
    monkeypatch.setitem(sys.modules, "anny", None)
    assert main(["study", "backgrounds", "--quick", "-o", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert "pip install metricpose[" in error
