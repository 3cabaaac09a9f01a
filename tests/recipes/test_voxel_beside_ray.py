"""The table of the two lifters on a suite of a few pictures: both answer everybody, and costs are told."""

import sys

import pytest

pytest.importorskip("torch", reason="torch comes with metricpose[train]")

from tests.inference.test_voxel_lifter import written


def test_a_quick_table(tmp_path, capsys, monkeypatch):
    beside = pytest.importorskip("recipes.voxel_beside_ray")
    monkeypatch.setattr(sys, "argv", ["beside", "--scenes", "2", "--voxel", str(written(tmp_path))])
    beside.main()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("10 pictures, ") and lines[0].endswith(" people, seed 2026")
    rows = [line.split(" | ") for line in lines if line.startswith(("| ray", "| voxel"))]
    assert [row[0].strip("| ") for row in rows] == ["ray", "voxel"] * 2
    assert all(float(cell) > 0 for row in rows for cell in row[2:7])
    assert any(line.startswith("REN has found, % of the 2D people: {'without extrinsics': ") for line in lines)
    assert any(line.startswith("| 1 | ") for line in lines)
