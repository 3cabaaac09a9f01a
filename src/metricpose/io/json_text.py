"""Strict JSON: no NaN or infinity is written, and numbers are short and exact."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from metricpose._errors import InputError
from metricpose.io._text import read_text


def read_json(path: str | Path) -> Any:
    """The document in the file. FileError: missing or unreadable. InputError: not JSON.

    NaN and Infinity, which are no JSON but which Python programs write, come back as floats: whoever reads the
    numbers refuses them and can then say whose they are. Numbers too large for a float come back as infinity.
    """
    return parsed_json(read_text(path, "JSON"), path)


def parsed_json(text: str, path: str | Path) -> Any:
    """The document in `text`, which came from `path`."""
    if not text.strip():
        raise InputError(f"{path}: expected JSON, got an empty file; check the program that wrote it")
    try:
        return json.loads(text)
    except json.JSONDecodeError as fault:
        place = f"line {fault.lineno}, column {fault.colno}"
        raise InputError(f"{path}: expected JSON, got a fault at {place} ({fault.msg}); was it cut short?") from None
    except (RecursionError, ValueError) as fault:
        raise InputError(f"{path}: expected JSON, got something unreadable ({fault}); check the file") from None


def json_text(document: Any) -> str:
    """`document` on one line. InputError for NaN, infinity, or something that JSON does not have."""
    try:
        return json.dumps(document, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as fault:
        raise InputError(f"JSON: expected finite numbers, texts, lists and dictionaries, but {fault}") from None


def plain_numbers(array: np.ndarray) -> Any:
    """The array as nested lists whose numbers print shortly and read back to the same array.

    A float32 0.3 gives 0.3, not 0.30000001192092896. NaN and infinity become None.
    """
    array = np.asarray(array)
    exact = array.astype(np.float64)
    if array.dtype == np.float32 and array.size:
        exact = array.astype(np.str_).astype(np.float64)
    if np.isfinite(exact).all():
        return exact.tolist()
    nullable = exact.astype(object)
    nullable[~np.isfinite(exact)] = None
    return nullable.tolist()
