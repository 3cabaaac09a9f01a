"""Finds a recipe, a function `name(options, device)` in a file `name.py`, and fills in its options."""

import dataclasses
import importlib.util
import inspect
import types
import typing
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from metricpose._errors import FileError, InputError

FOLDER = Path("recipes")


def recipe_path(name: str) -> Path:
    """`name` as a path, or as the name of a file in ./recipes."""
    path = Path(name) if name.endswith(".py") else FOLDER / f"{name}.py"
    if path.is_file():
        return path
    known = sorted(file.stem for file in FOLDER.glob("*.py") if not file.stem.startswith("_"))
    there = f"one of {', '.join(known)}" if known else "a path (there is no folder ./recipes here)"
    raise FileError(f"recipe {name!r}: expected {there}, got no such file {path}; give the recipe's name or path")


def recipe_function(path: Path) -> tuple[Callable[..., Any], type]:
    """The function that bears the file's name, and the dataclass of its options (the type of its first argument)."""
    spec = importlib.util.spec_from_file_location(f"metricpose_recipe_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise FileError(f"recipe {path}: expected a Python file that can be imported")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except SyntaxError as fault:
        raise InputError(
            f"recipe {path}: expected Python, got {fault.msg} at line {fault.lineno}; correct it"
        ) from None
    function = getattr(module, path.stem, None)
    if function is None:
        raise InputError(
            f"recipe {path}: expected a function {path.stem}(options, device), got none; rename one of them"
        )
    options = next(iter(inspect.get_annotations(function, eval_str=True).values()), None)
    if not (isinstance(options, type) and dataclasses.is_dataclass(options)):
        raise InputError(f"recipe {path}: expected a first argument annotated with a dataclass of options")
    return function, options


def filled_options(options: type, settings: Sequence[str]) -> Any:
    """An instance of the dataclass `options` with `settings`, each `name=value`, read as the field's type."""
    hints = typing.get_type_hints(options)
    changes: dict[str, Any] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals or name not in hints:
            raise InputError(f"--set {setting}: expected NAME=VALUE with NAME one of {', '.join(hints)}")
        changes[name] = _value(text, hints[name], setting)
    return options(**changes)


def _value(text: str, kind: Any, setting: str) -> Any:
    if isinstance(kind, types.UnionType):
        if text.lower() == "none" and type(None) in typing.get_args(kind):
            return None
        kind = next(part for part in typing.get_args(kind) if part is not type(None))
    try:
        return {"true": True, "false": False}[text.lower()] if kind is bool else kind(text)
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"--set {setting}: expected a value of type {getattr(kind, '__name__', kind)}") from error
