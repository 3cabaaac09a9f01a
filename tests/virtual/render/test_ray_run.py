"""Ray's workers answer as `watchdog`'s do, and nothing that goes wrong with them costs more than a shard or hangs."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from metricpose._errors import InputError, MissingExtraError
from metricpose.virtual.render import ray_run
from metricpose.virtual.render.ray_run import ray_watched
from metricpose.virtual.render.shard_run import ShardOptions, made_set, options_digest
from metricpose.virtual.render.shards import write_shard
from metricpose.virtual.render.watchdog import Done, Failed, WatchOptions, watched
from tests.virtual.render.test_shards import picture

HANG_S = 1000.0


def tries(folder: Path, seed: int) -> int:
    """How often a seed was tried."""
    return len(list(folder.glob(f"{seed}-*")))


def prepared(trouble: dict[int, str], folder: Path, preparing: str = "") -> Callable[[int], int]:
    """A worker that doubles seeds, gets into the trouble of some, and leaves a mark for each try in the folder."""
    if preparing:
        raise RuntimeError(preparing)

    def draw(seed: int) -> int:
        tried = tries(folder, seed)
        (folder / f"{seed}-{tried}").touch()
        what = trouble.get(seed)
        if what == "hang":
            time.sleep(HANG_S)
        if what == "die" or (what == "die once" and not tried):
            os._exit(7)
        if what == "raise":
            raise ValueError("two\nlines")
        return 2 * seed

    return draw


def by_seed(answers) -> tuple[dict, dict[int, str]]:
    """What was made, and why the rest was not."""
    answers = list(answers)
    assert len({answer.seed for answer in answers}) == len(answers)
    done = {answer.seed: answer.value for answer in answers if isinstance(answer, Done)}
    return done, {answer.seed: answer.reason for answer in answers if isinstance(answer, Failed)}


@pytest.mark.slow
def test_a_worker_that_hangs_dies_or_raises_costs_its_seed_only(tmp_path: Path, monkeypatch, capfd) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    trouble = {1: "hang", 3: "die once", 4: "raise", 5: "die"}
    options = WatchOptions(workers=2, seconds=4.0, start_seconds=4.0, restarts=2)
    done, failed = by_seed(ray_watched(partial(prepared, trouble, tmp_path), range(8), options))
    assert done == {0: 0, 2: 4, 3: 6, 6: 12, 7: 14}
    assert set(failed) == {1, 4, 5}
    assert failed[1] == "no picture within the time limit; the worker was stopped"
    assert failed[4] == "ValueError: two lines"
    assert "the worker was lost, 3 of 3 times" in failed[5]
    assert [tries(tmp_path, seed) for seed in range(6)] == [1, 1, 1, 2, 1, 3]
    assert capfd.readouterr() == ("", "")
    assert not list(home.iterdir())


def tiny_shards(options: ShardOptions) -> Callable[[int], Path]:
    """Shards without a renderer; the third cannot be made."""

    def make(shard: int) -> Path:
        if shard == 2:
            raise InputError("nobody to be seen")
        pictures = [(i, picture(options.seed_of(i))) for i in options.indices(shard)]
        return write_shard(options.folder, shard, pictures, options_sha256=options_digest(options))

    return make


@pytest.mark.slow
def test_both_engines_make_the_same_set(tmp_path: Path) -> None:
    sets = []
    for name, engine in (("processes", watched), ("ray", ray_watched)):
        (tmp_path / name).mkdir()
        options = ShardOptions(folder=tmp_path / name, count=7, per_shard=2, seed=3)
        done, failed = by_seed(made_set(options, WatchOptions(workers=2), prepare=tiny_shards, engine=engine))
        files = {file.name: file.read_bytes() for file in options.folder.iterdir()}
        sets.append((sorted((seed, path.name) for seed, path in done.items()), failed, files))
    assert sets[0] == sets[1]
    assert [seed for seed, _ in sets[1][0]] == [0, 1, 3]
    assert "manifest.json" in sets[1][2]


CLUSTER = """
import os, sys  # a cluster that ends with a line on stdin
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
import ray
context = ray.init(address="local", num_cpus=2, include_dashboard=False, object_store_memory=100 * 2**20,
                   logging_level="error", log_to_driver=False)
print(context.address_info["gcs_address"], flush=True)
sys.stdin.readline()
"""


@pytest.mark.slow
def test_a_cluster_that_is_there_is_joined_and_when_it_goes_the_rest_is_told(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("RAY_gcs_rpc_server_reconnect_timeout_s", "5")  # Ray waits 60 s for a cluster to come back
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN", "0123456789abcdef" * 2)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    with subprocess.Popen([sys.executable, "-c", CLUSTER], **pipes) as cluster:
        address = cluster.stdout.readline().strip()
        options = WatchOptions(workers=99, seconds=60.0)
        answers = ray_watched(partial(prepared, {3: "hang"}, tmp_path), range(4), options, address=address)
        made = [next(answers) for _ in range(3)]
        assert sorted(answer.seed for answer in made) == [0, 1, 2]
        cluster.communicate("end\n")
        assert list(answers) == [Failed(seed=3, reason="the connection to the cluster was lost")]


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_an_address_without_a_cluster_is_refused_at_once(tmp_path: Path) -> None:
    address = f"127.0.0.1:{closed_port()}"
    text = f"Ray: expected a cluster at '{address}' that this machine is part of, got no answer (Connection refused)"
    with pytest.raises(InputError) as refused:
        next(ray_watched(partial(prepared, {}, tmp_path), [1], address=address))
    assert str(refused.value).startswith(text)
    assert "or take the address local" in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "address", ["", "head", "head:", ":6379", "head:0", "head:٦", "ray://head:10001", "http://a:1"]
)
def test_what_is_no_address_is_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(InputError, match="expected an address HOST:PORT, auto or local, got"):
        next(ray_watched(partial(prepared, {}, tmp_path), [1], address=address))


@pytest.mark.slow
def test_a_port_that_says_nothing_is_refused_in_time(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(ray_run, "_CONNECT_S", 5.0)
    monkeypatch.setattr(ray_run, "_GRACE_S", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(InputError, match="no word from the cluster within 5 s; start it with `ray start`"):
            next(ray_watched(partial(prepared, {}, tmp_path), [1], address=address))


def test_without_ray_the_extra_is_named(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"pip install metricpose\[ray\]"):
        next(ray_watched(partial(prepared, {}, tmp_path), [1]))


def test_no_seeds_need_no_cluster(tmp_path: Path) -> None:
    assert list(ray_watched(partial(prepared, {}, tmp_path), [], address="nowhere")) == []


def test_limits_must_be_positive(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least one and limits over 0 s"):
        next(ray_watched(partial(prepared, {}, tmp_path), [1], WatchOptions(workers=0)))


class Ray:
    """Stands in for the module: actors in this process, whose calls are made when asked for; 'die' loses the actor."""

    class Lost(Exception):
        pass

    exceptions = SimpleNamespace(RayError=Lost)

    def __init__(self, *, placed: int = 99, here: dict[str, str] | None = None) -> None:
        self.placed, self.here, self.killed = placed, here, 0

    def remote(self, **options):
        assert options == {"num_cpus": 1, "max_restarts": 0, "max_task_retries": 0}
        return lambda kind: SimpleNamespace(remote=partial(self.actor, kind))

    def actor(self, kind, prepare):
        self.placed -= 1
        placed, maker = self.placed >= 0, kind(prepare)
        suits = partial(maker.suits) if self.here is None else lambda _: maker.suits(self.here)
        return SimpleNamespace(
            suits=SimpleNamespace(remote=lambda *args: (placed, suits, args)),
            made=SimpleNamespace(remote=lambda *args: (placed, maker.made, args)),
        )

    def wait(self, refs, timeout):
        assert refs
        return [ref for ref in refs if ref[0]], []

    def get(self, ref):
        try:
            return ref[1](*ref[2])
        except SystemExit as end:
            raise self.Lost("page one\nthe process is gone\n") from end

    def kill(self, actor):
        self.killed += 1


def shared_out(ray: Ray, prepare, seeds, count: int = 2, restarts: int = 2) -> tuple[dict, dict[int, str], str]:
    work = ray_run._Work(ray, prepare, seeds, WatchOptions(restarts=restarts), count)
    answers = []
    while work.left:
        answers += work.round()
    return *by_seed(answers), work.end_reason


def dying(dead: set[int]) -> Callable[[int], int]:
    def draw(seed: int) -> int:
        if seed in dead:
            raise SystemExit(7)
        return seed

    return draw


def test_a_worker_prepares_once() -> None:
    prepares: list[int] = []

    def prepare() -> Callable[[int], int]:
        prepares.append(1)
        return dying(set())

    done, _, _ = shared_out(Ray(), prepare, range(9))
    assert len(done) == 9
    assert len(prepares) == 2  # workers


def test_a_lost_seed_is_tried_again_after_the_others_and_only_so_often() -> None:
    ray = Ray()
    done, failed, reason = shared_out(ray, partial(dying, {0}), range(20), count=1)
    assert list(done) == list(range(1, 20))
    assert failed == {0: "the worker was lost, 3 of 3 times: Lost: the process is gone"}
    assert ray.killed == 3
    assert not reason


def test_workers_that_always_die_end_with_a_reason() -> None:
    done, failed, reason = shared_out(Ray(), partial(dying, set(range(50))), range(50))
    assert not done
    assert len(failed) < 50
    assert reason == "no worker is left: Lost: the process is gone"


def test_what_never_works_is_given_up(tmp_path: Path) -> None:
    done, failed, reason = shared_out(Ray(), partial(prepared, {}, tmp_path, "no driver"), range(50))
    assert not done
    assert len(failed) == 6  # 2 workers, 3 in a row each
    assert set(failed.values()) == {"RuntimeError: no driver"}
    assert reason == "no worker is left: RuntimeError: no driver"


def test_workers_without_a_core_are_not_waited_for(monkeypatch) -> None:
    monkeypatch.setattr(ray_run, "_PLACE_S", 0.0)
    ray = Ray(placed=0)
    done, failed, reason = shared_out(ray, partial(dying, set()), range(5))
    assert (done, failed) == ({}, {})
    assert ray.placed == -2  # two workers, each started once
    assert reason == "no worker is left: the cluster gave no free core for a worker within 0 s"
    done, failed, _ = shared_out(Ray(placed=1), partial(dying, set()), range(5))
    assert list(done) == list(range(5))
    assert not failed


def test_machines_of_other_versions_take_no_part() -> None:
    done, _, reason = shared_out(Ray(here={"metricpose": "9"}), partial(dying, set()), range(5))
    assert not done
    assert "metricpose " in reason
    assert "(expected 9), moderngl" in reason
    assert reason.endswith("; install the same on every machine")


def test_a_shard_on_another_machine_s_disk_has_failed(tmp_path: Path) -> None:
    options = ShardOptions(folder=tmp_path, count=1)

    def elsewhere(prepare, seeds, limits):
        yield from (Done(seed=seed, value=tmp_path / "shard-000000.tar") for seed in seeds)

    _, failed = by_seed(made_set(options, prepare=tiny_shards, engine=elsewhere))
    assert "expected a folder that every machine shares; choose one" in failed[0]


def test_ray_is_not_imported_here() -> None:
    code = "import sys, metricpose.virtual.render.ray_run; sys.exit('ray' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
