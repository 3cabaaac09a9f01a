"""The verb `assets`."""

import json

import pytest

from metricpose.cli.main import main
from tests.virtual.render.test_assets import MHCLO, make_asset


def test_it_says_where_the_files_are(capsys):
    assert main(["assets"]) == 0
    assert "github.com/makehumancommunity/makehuman-assets" in capsys.readouterr().out


def test_it_lists_what_is_there_and_what_is_left_out(tmp_path, capsys):
    make_asset(tmp_path, "clothes", "suit", texture=False)
    make_asset(tmp_path, "hair", "alien", mhclo=MHCLO.replace("verts 0\n1", "verts 0\n99999"))
    assert main(["assets", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert "clothes" in out and "suit" in out
    assert "3 files are of another sha256 than we know" in out
    assert "left out: garment" in out and "alien.mhclo" in out


def test_json(tmp_path, capsys):
    make_asset(tmp_path, "clothes", "suit")
    assert main(["assets", str(tmp_path), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    (entry,) = report["assets"]
    assert (entry["name"], entry["licence"], entry["textured"]) == ("suit", "CC0-1.0", True)
    assert "clothes/male_casualsuit02/male_casualsuit02.mhclo" in report["absent"]


@pytest.mark.parametrize("name", ["none", "."])
def test_no_assets_is_one_line_and_two(tmp_path, capsys, name):
    assert main(["assets", str(tmp_path / name)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "assets: expected" in error
