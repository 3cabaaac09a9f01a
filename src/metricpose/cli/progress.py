"""Progress of long work: a bar on a terminal, a few plain lines elsewhere, always on stderr."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TextIO, TypeVar

T = TypeVar("T")
_BAR_WIDTH = 30
_BAR_SECONDS = 0.1
_LINE_SECONDS = 10.0


def progress(items: Iterable[T], *, label: str, total: int | None = None, stream: TextIO | None = None) -> Iterator[T]:
    """Yield the items, saying on `stream` (default stderr) how many of `total` are done."""
    out = sys.stderr if stream is None else stream
    total = len(items) if total is None and hasattr(items, "__len__") else total  # type: ignore[arg-type]
    on_terminal = out.isatty()
    interval = _BAR_SECONDS if on_terminal else _LINE_SECONDS
    shown, done = time.monotonic(), 0
    try:
        for item in items:
            yield item
            done += 1
            if time.monotonic() - shown >= interval:
                shown = time.monotonic()
                out.write(_bar(label, done, total) if on_terminal else _line(label, done, total))
                out.flush()
    finally:
        if on_terminal:
            out.write("\r\x1b[K")  # the bar makes way for what comes next
            out.flush()


def _line(label: str, done: int, total: int | None) -> str:
    return f"{label}: {done}{'' if total is None else f' of {total}'}\n"


def _bar(label: str, done: int, total: int | None) -> str:
    if not total:
        return f"\r\x1b[K{label} {done}"
    filled = min(_BAR_WIDTH, _BAR_WIDTH * done // total)
    return f"\r\x1b[K{label} [{'#' * filled}{'.' * (_BAR_WIDTH - filled)}] {done}/{total}"
