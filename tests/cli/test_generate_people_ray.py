"""`metricpose generate people --ray`: what reaches Ray's engine, and what is refused. No cluster is started."""

import socket
import sys
from functools import partial

import pytest

from metricpose.cli.main import main
from metricpose.virtual.render import ray_run
from metricpose.virtual.render.watchdog import Failed


@pytest.fixture
def asked(monkeypatch) -> list:
    """(address, seeds, limits, options) of each call of the engine, which makes nothing."""
    calls: list = []

    def engine(prepare: partial, seeds, limits, *, address: str):
        calls.append((address, list(seeds), limits, prepare.args[0]))
        yield from (Failed(seed=seed, reason="the worker was lost") for seed in seeds)

    monkeypatch.setattr(ray_run, "ray_watched", engine)
    return calls


def generate(*more: str) -> int:
    return main(["generate", "people", "--count", "6", "--per-shard", "2", "--size", "64x96", *more])


def test_the_engine_is_given_absolute_folders_and_room_for_all_shards(tmp_path, asked, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").touch()
    assert generate("-o", "set", "--photos", "photos", "--ray", "head:6379", "--time-limit", "5") == 2
    ((address, seeds, limits, options),) = asked
    assert (address, seeds) == ("head:6379", [0, 1, 2])
    assert (limits.workers, limits.seconds) == (3, 10.0)
    assert options.folder == tmp_path / "set"
    assert options.pictures.scene.photos == tmp_path / "photos"
    assert "shard 2: the worker was lost" in capsys.readouterr().err


def test_workers_are_a_limit(tmp_path, asked) -> None:
    generate("-o", str(tmp_path), "--ray", "auto", "--workers", "2")
    generate("-o", str(tmp_path), "--ray", "local", "--workers", "1")
    assert [(address, limits.workers) for address, _, limits, _ in asked] == [("auto", 2), ("local", 1)]


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_no_cluster_is_one_line(tmp_path, capsys) -> None:
    assert generate("-o", str(tmp_path), "--ray", f"127.0.0.1:{closed_port()}") == 2
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert "Ray: expected a cluster at '127.0.0.1:" in last
    assert "got no answer (Connection refused); start it with `ray start`" in last


def test_without_ray_the_extra_is_named(tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    assert generate("-o", str(tmp_path), "--ray", "local") == 2
    assert "pip install metricpose[ray]" in capsys.readouterr().err


def test_help_says_that_the_folder_is_shared(capsys) -> None:
    assert main(["generate", "--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "must be storage that every machine reaches at the same path" in text
