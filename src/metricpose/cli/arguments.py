"""Argument parsing that answers a wrong call with one line, as every other error."""

import argparse
import math
from argparse import Namespace
from typing import NoReturn

from metricpose._errors import InputError

__all__ = ["ArgumentParser", "Namespace", "field_of_view", "named_path", "positive_float", "positive_int", "share"]


class ArgumentParser(argparse.ArgumentParser):
    """An `argparse` parser that raises `InputError` instead of printing its usage and leaving."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the call and where the help is."""
        raise InputError(f"{message} (see `{self.prog} --help`)")


def named_path(text: str) -> str:
    """A path; an empty one, as an unset variable of a shell gives it, would mean the current folder."""
    if not text:
        raise argparse.ArgumentTypeError("expected a path, got an empty text")
    return text


def positive_int(text: str) -> int:
    """A whole number of at least 1."""
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, got {text!r}")
    return value


def positive_float(text: str) -> float:
    """A finite number above 0."""
    value = _number(text)
    if not 0.0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text!r}")
    return value


def field_of_view(text: str) -> float:
    """Degrees strictly between 0 and 180."""
    value = _number(text)
    if not 0.0 < value < 180.0:
        raise argparse.ArgumentTypeError(f"expected degrees between 0 and 180, got {text!r}")
    return value


def share(text: str) -> float:
    """A number from 0 to 1."""
    value = _number(text)
    if not 0.0 <= value <= 1.0:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to 1, got {text!r}")
    return value


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
