"""Workers that draw pictures in processes of their own, each with a time limit: a graphics driver that hangs costs one
picture, not the night."""

import multiprocessing as mp
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar

from metricpose._errors import InputError

T = TypeVar("T")
_POLL_S = 0.2
_GRACE_S = 5.0


@dataclass(frozen=True, kw_only=True)
class Done(Generic[T]):
    """What a worker made of a seed."""

    seed: int
    value: T


@dataclass(frozen=True, kw_only=True)
class Failed:
    """A seed without a picture, and one line why."""

    seed: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class WatchOptions:
    """Attributes:
    workers: processes; one per core.
    seconds: that one picture may take.
    start_seconds: that the first may take with what a worker must load.
    restarts: failures in a row, of one worker, after which the rest is given up: something else is wrong.
    """

    workers: int = 1
    seconds: float = 60.0
    start_seconds: float = 300.0
    restarts: int = 5


def watched(
    prepare: Callable[[], Callable[[int], T]], seeds: Iterable[int], options: WatchOptions | None = None
) -> Iterator[Done[T] | Failed]:
    """What the workers make of the seeds, in the order in which they are done; a failed one is told and passed over.

    Args:
        prepare: called once in each new process; returns the function from seed to value. Both it and the values
            must be picklable, so it is a function of a module or a partial of one.
        seeds: taken one by one, as workers come free.
        options: number of processes and limits.

    A worker over its limit is killed and a new one started; so is one that died. Workers end when the iterator is
    closed or done.
    """
    options = options or WatchOptions()
    if options.workers < 1 or min(options.seconds, options.start_seconds) <= 0:
        raise InputError(f"workers: expected at least one and limits over 0 s, got {options}")
    waiting = iter(seeds)
    workers = [_Worker(prepare, options) for _ in range(options.workers)]
    try:
        busy = [worker for worker in workers if worker.take(waiting)]
        while busy:
            wait([worker.connection for worker in busy], _POLL_S)
            for worker in list(busy):
                answer = worker.answer()
                if answer is None:
                    continue
                yield answer
                if worker.failures > options.restarts or not worker.take(waiting):
                    busy.remove(worker)
    finally:
        for worker in workers:
            worker.end()


class _Worker:
    """One process that works on one seed at a time, started again whenever it hangs or dies."""

    def __init__(self, prepare: Callable[[], Callable[[int], Any]], options: WatchOptions) -> None:
        self._prepare, self._options = prepare, options
        self._context = mp.get_context("spawn")
        self._process: Any = None
        self._seed, self._due = 0, 0.0
        self.failures = 0
        self.connection: Connection

    def take(self, seeds: Iterator[int]) -> bool:
        """Start on the next seed; False where there is none."""
        seed = next(seeds, None)
        if seed is None:
            return False
        limit = self._options.seconds
        if self._process is None:
            self._start()
            limit = max(limit, self._options.start_seconds)
        self._seed, self._due = seed, time.monotonic() + limit
        with suppress(OSError):  # a worker that died is found when its answer is read
            self.connection.send(seed)
        return True

    def answer(self) -> Done | Failed | None:
        """What became of the seed, or None: still at work."""
        try:
            if self.connection.poll():
                fine, value = self.connection.recv()
                if fine:
                    self.failures = 0
                    return Done(seed=self._seed, value=value)
                return self._failed(value, restart=False)
        except (EOFError, OSError):
            code = self._exit_code()
            return self._failed(f"the worker ended with exit code {code}", restart=True)
        if time.monotonic() < self._due:
            return None
        return self._failed("no picture within the time limit; the worker was stopped", restart=True)

    def end(self) -> None:
        """Stop the process, by force if it does not listen."""
        if self._process is None:
            return
        with suppress(OSError):
            self.connection.send(None)
        self.connection.close()
        if self._process.is_alive() and time.monotonic() < self._due:
            self._process.join(_GRACE_S if self.failures == 0 else 0.0)
        if self._process.is_alive():
            self._process.kill()
        self._process.join()
        self._process.close()
        self._process = None

    def _start(self) -> None:
        self.connection, theirs = self._context.Pipe()
        self._process = self._context.Process(target=_work, args=(self._prepare, theirs), daemon=True)
        self._process.start()
        theirs.close()

    def _failed(self, reason: str, *, restart: bool) -> Failed:
        self.failures += 1
        if restart:
            self._due = 0.0
            self.end()
        return Failed(seed=self._seed, reason=reason)

    def _exit_code(self) -> int | None:
        self._process.join(_GRACE_S)
        return self._process.exitcode


def _work(prepare: Callable[[], Callable[[int], Any]], connection: Connection) -> None:
    """The worker's life: prepare once, then answer seeds until there are no more."""
    os.environ.setdefault("LP_NUM_THREADS", "1")
    draw: Callable[[int], Any] | None = None
    while True:
        try:
            seed = connection.recv()
        except (EOFError, OSError):
            return
        if seed is None:
            return
        try:
            draw = draw or prepare()
            answer = True, draw(seed)
        except Exception as fault:  # noqa: BLE001 - one bad picture must not end the others
            answer = False, f"{type(fault).__name__}: {' '.join(str(fault).split())}"
        connection.send(answer)
