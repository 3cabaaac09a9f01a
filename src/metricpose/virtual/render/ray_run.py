"""Shards shared out on a Ray cluster: the answers of `watchdog.watched`, from workers on many machines.

Ray runs in a process of its own, which this one watches: it takes over the signals, streams and logging of a process,
and waits for minutes (then exits) where no cluster answers.
"""

import importlib.util
import multiprocessing as mp
import os
import secrets
import signal
import socket
import textwrap
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from metricpose._errors import InputError, MissingExtraError
from metricpose.virtual.render.shards import versions
from metricpose.virtual.render.watchdog import Done, Failed, WatchOptions

T = TypeVar("T")
LOCAL = "local"
_REACH_S = 5.0  # for a port to open
_CONNECT_S = 90.0  # for a cluster to answer, or to start
_PLACE_S = 120.0  # for a worker to be given a core and start
_SILENT_S = 90.0  # between words of the process that holds Ray; it speaks every _POLL_S
_POLL_S = 0.5
_GRACE_S = 15.0
_STORE_BYTES = 100 * 2**20  # of a local cluster's object store; only numbers and paths pass through it


def ray_watched(
    prepare: Callable[[], Callable[[int], T]],
    seeds: Iterable[int],
    options: WatchOptions | None = None,
    *,
    address: str = LOCAL,
) -> Iterator[Done[T] | Failed]:
    """What the workers of a Ray cluster make of the seeds, in the order in which they are done; one answer per seed.

    A worker that is lost (it died, or its machine did) costs the seed it was at, which is tried again after the others,
    at most `options.restarts` times. A seed over its limit is ended with its worker and not tried again. Workers whose
    machine has other versions of what makes the pixels take no part.

    Args:
        prepare: called once in each worker; returns the function from seed to value. Both it and the values must be
            picklable, and importable on every machine.
        seeds: all different.
        options: at most so many workers, one core each, and their limits.
        address: HOST:PORT of a cluster that this machine is part of; "auto" finds it; "local" starts one here that ends
            with the iterator.

    Raises:
        MissingExtraError: Ray is not installed.
        InputError: no cluster at the address; told within limits of seconds.
    """
    options = options or WatchOptions()
    if options.workers < 1 or min(options.seconds, options.start_seconds) <= 0:
        raise InputError(f"workers: expected at least one and limits over 0 s, got {options}")
    left = dict.fromkeys(seeds)
    if not left:
        return
    if importlib.util.find_spec("ray") is None:
        raise MissingExtraError("sharing shards out on a Ray cluster", "ray")
    _check_reachable(address)
    holder = _Holder(address, prepare, tuple(left), options)
    try:
        holder.connect()
        for answers in holder.rounds():
            for answer in answers:
                del left[answer.seed]
                yield answer
        for seed in left:
            yield Failed(seed=seed, reason=holder.end_reason)
    finally:
        holder.end()


def _check_reachable(address: str) -> None:
    """Ray itself would take two minutes to find a closed port."""
    if address in (LOCAL, "auto"):
        return
    host, _, port = address.rpartition(":")
    if not host or "/" in host or not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise InputError(f"Ray: expected an address HOST:PORT, auto or local, got {address!r}")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_REACH_S).close()
    except OSError as error:
        raise _no_cluster(address, f"no answer ({error.strerror or error})") from error


def _no_cluster(address: str, got: str) -> InputError:
    if address == LOCAL:
        return InputError(f"Ray: expected a cluster to start on this machine, got {got}; leave --ray out to do without")
    return InputError(
        f"Ray: expected a cluster at {address!r} that this machine is part of, got {got}; "
        "start it with `ray start`, or take the address local"
    )


class _Holder:
    """The process that holds Ray, as seen from here."""

    def __init__(self, address: str, prepare: Callable[[], Any], seeds: tuple[int, ...], options: WatchOptions) -> None:
        self._address, self.end_reason = address, ""
        context = mp.get_context("spawn")
        self._connection, theirs = context.Pipe()
        arguments = (address, prepare, seeds, options, theirs)
        self._process: Any = context.Process(target=_hold, args=arguments, daemon=True)
        self._process.start()
        theirs.close()

    def connect(self) -> None:
        """Wait for the cluster; InputError if there is none."""
        first = self._message(_CONNECT_S)
        if first is not None:
            raise _no_cluster(self._address, first if isinstance(first, str) else "an answer too early")

    def rounds(self) -> Iterator[list[Done[Any] | Failed]]:
        """Answers as they come; at the end, `end_reason` says why there are no more."""
        while not isinstance(message := self._message(_SILENT_S), str):
            yield message
        self.end_reason = message

    def end(self) -> None:
        """Ray is shut down when the process finds the pipe closed; by force if it does not."""
        self._connection.close()
        self._process.join(_GRACE_S)
        if self._process.is_alive():
            self._process.kill()
        self._process.join()
        self._process.close()

    def _message(self, seconds: float) -> Any:
        try:
            if self._connection.poll(seconds):
                return self._connection.recv()
        except (EOFError, OSError):
            return "the connection to the cluster was lost"
        return f"no word from the cluster within {seconds:.0f} s"


def _hold(
    address: str, prepare: Callable[[], Any], seeds: tuple[int, ...], options: WatchOptions, connection: Connection
) -> None:
    """The life of that process: None once the cluster is there, a list of answers each round, a text at the end."""
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0"}
    if address == LOCAL:  # whoever reaches a cluster can run code on it; without these Ray leaves a token in the home
        os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the other process is told, and closes the pipe
    _silence()
    import ray

    try:
        count = _connected(ray, address, min(options.workers, len(seeds)))
    except Exception as fault:  # noqa: BLE001 - whatever Ray raises, the other process must say it in one line
        connection.send(_line(fault))
        return
    with suppress(OSError):  # nobody listens any more
        connection.send(None)
        work = _Work(ray, prepare, seeds, options, count)
        while work.left and not connection.poll():
            connection.send(work.round())
        connection.send(work.end_reason)
    ray.shutdown()


def _silence() -> None:
    """Ray tells of every dead worker on stdout, whatever its options say."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)


def _connected(ray: Any, address: str, workers: int) -> int:
    """Connect; how many workers there is room for."""
    init = partial(ray.init, logging_level="error", log_to_driver=False)
    if address == LOCAL:
        init(address=LOCAL, num_cpus=workers, object_store_memory=_STORE_BYTES, include_dashboard=False)
        return workers
    init(address=address)
    return max(1, min(workers, int(ray.cluster_resources().get("CPU", 0))))


@dataclass(frozen=True, kw_only=True)
class _Lost:
    """A worker's end that is not the fault of its seed (None: it had none yet); `final`: do not start it again."""

    seed: int | None
    reason: str
    final: bool = False


class _Work:
    """All seeds and workers."""

    def __init__(self, ray: Any, prepare: Callable[[], Any], seeds: Iterable[int], options: WatchOptions, count: int):
        self._ray, self._options = ray, options
        self._waiting, self._losses = deque(seeds), Counter[int]()
        self._workers = [_Worker(ray, prepare, options) for _ in range(count)]
        self.end_reason = ""

    @property
    def left(self) -> bool:
        """Whether anything is to be done that somebody can do."""
        return bool(self._workers) and (bool(self._waiting) or any(worker.seed is not None for worker in self._workers))

    def round(self) -> list[Done[Any] | Failed]:
        """Give out seeds, wait a moment, and gather what there is."""
        for worker in self._workers:
            if self._waiting and worker.idle:
                worker.take(self._waiting.popleft())
        self._ray.wait([worker.ref for worker in self._workers if not worker.idle], timeout=_POLL_S)
        answers: list[Done[Any] | Failed] = []
        for worker in list(self._workers):
            answer = worker.answer()
            if isinstance(answer, _Lost):
                answers += self._after(answer)
            elif answer is not None:
                answers.append(answer)
            if worker.given_up:
                self._workers.remove(worker)
                self.end_reason = f"no worker is left: {worker.fault}"
        return answers

    def _after(self, lost: _Lost) -> list[Done[Any] | Failed]:
        if lost.seed is None:
            return []
        self._losses[lost.seed] += 1
        times = self._losses[lost.seed]
        if times <= self._options.restarts:
            self._waiting.append(lost.seed)
            return []
        return [Failed(seed=lost.seed, reason=f"the worker was lost, {times} of {times} times: {lost.reason}")]


class _Worker:
    """One actor that works on one seed at a time, replaced whenever it hangs or dies."""

    def __init__(self, ray: Any, prepare: Callable[[], Any], options: WatchOptions) -> None:
        self._ray, self._prepare, self._options = ray, prepare, options
        self.failures, self.fault, self.given_up = 0, "", False
        self._start()

    @property
    def idle(self) -> bool:
        """Ready for a seed."""
        return self.ref is None

    def take(self, seed: int) -> None:
        """Start on a seed; the first may take as long as what a worker must load."""
        limit = max(self._options.seconds, self._options.start_seconds if self._fresh else 0.0)
        self.seed, self._due = seed, time.monotonic() + limit
        self.ref = self._actor.made.remote(seed)

    def answer(self) -> Done[Any] | Failed | _Lost | None:
        """What became of the seed; None: still at work, or idle."""
        if self.idle:
            return None
        if not self._ray.wait([self.ref], timeout=0)[0]:
            return None if time.monotonic() < self._due else self._overdue()
        seed, ref = self.seed, self.ref
        try:
            fine, value = self._ray.get(ref)
        except self._ray.exceptions.RayError as error:
            return self._lost(_Lost(seed=seed, reason=_line(error)))
        self.seed = self.ref = None
        if seed is None:
            return None if fine else self._lost(_Lost(seed=None, reason=value, final=True))
        self._fresh = False
        self._count(0 if fine else self.failures + 1, "" if fine else value)
        return Done(seed=seed, value=value) if fine else Failed(seed=seed, reason=value)

    def _start(self) -> None:
        actors = self._ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0)(_Maker)
        self._actor = actors.remote(self._prepare)
        self.seed: int | None = None
        self.ref: Any = self._actor.suits.remote(versions())
        self._fresh, self._due = True, time.monotonic() + _PLACE_S

    def _overdue(self) -> Failed | _Lost:
        if self.seed is None:
            reason = f"the cluster gave no free core for a worker within {_PLACE_S:.0f} s"
            return self._lost(_Lost(seed=None, reason=reason, final=True))
        seed, reason = self.seed, "no picture within the time limit; the worker was stopped"
        self._lost(_Lost(seed=seed, reason=reason))
        return Failed(seed=seed, reason=reason)

    def _lost(self, lost: _Lost) -> _Lost:
        self._ray.kill(self._actor)
        self._count(self.failures + 1, lost.reason)
        self.given_up = self.given_up or lost.final
        if self.given_up:
            self.seed = self.ref = None
        else:
            self._start()
        return lost

    def _count(self, failures: int, fault: str) -> None:
        self.failures, self.fault = failures, fault
        self.given_up = failures > self._options.restarts


class _Maker:
    """What a worker runs; all slow things are made once, with the first seed."""

    def __init__(self, prepare: Callable[[], Callable[[int], Any]]) -> None:
        os.environ.setdefault("LP_NUM_THREADS", "1")
        self._prepare = prepare
        self._make: Callable[[int], Any] | None = None

    def suits(self, expected: dict[str, str]) -> tuple[bool, str]:
        """Whether this machine has the versions that `expected` has; shards of others would be another set."""
        here = versions()
        names = [name for name in sorted(expected | here) if here.get(name) != expected.get(name)]
        other = ", ".join(f"{name} {here.get(name)} (expected {expected.get(name)})" for name in names)
        return not names, f"{socket.gethostname()} has {other}; install the same on every machine"

    def made(self, seed: int) -> tuple[bool, Any]:
        """(True, value), or (False, one line why)."""
        try:
            self._make = self._make or self._prepare()
            return True, self._make(seed)
        except Exception as fault:  # noqa: BLE001 - one bad picture must not end the others
            return False, f"{type(fault).__name__}: {' '.join(str(fault).split())}"


def _line(fault: BaseException) -> str:
    """Of Ray's pages of text, what they end with."""
    last = next((line for line in reversed(str(fault).splitlines()) if line.strip()), "")
    return f"{type(fault).__name__}: {textwrap.shorten(last, 200, placeholder=' ...')}"
