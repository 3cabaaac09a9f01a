"""Turns a missing optional package into the name of the extra that brings it."""

from collections.abc import Iterator
from contextlib import contextmanager

from metricpose._errors import MissingExtraError


@contextmanager
def needs_extra(what: str, extra: str) -> Iterator[None]:
    """Within, an import that fails for a package of somebody else's raises `MissingExtraError`."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in ("metricpose", ""):
            raise
        raise MissingExtraError(what, extra) from error
