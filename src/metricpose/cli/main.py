"""Finds the verb, runs it, and turns errors into one line and an exit code.

Exit codes: 0 done; 1 done in part (some inputs failed and were reported); 2 wrong call or wrong input; 3 a fault of
ours; 130 interrupted; 141 the reader of the output went away.
"""

import difflib
import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from typing import cast

import metricpose
from metricpose._errors import InputError, MetricposeError
from metricpose.cli.arguments import ArgumentParser
from metricpose.cli.output import fail, write_line
from metricpose.cli.verbs import VERBS, Verb


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with `argv` (default: the process's arguments); return the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        code = _dispatch(arguments)
        sys.stdout.flush()
        return code
    except MetricposeError as error:
        _show_traceback_when_asked()
        fail(str(error))
        return 2
    except BrokenPipeError:
        # Else the interpreter complains once more when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        fail("interrupted")
        return 130
    except Exception as error:  # noqa: BLE001  the last door: a fault of ours must not drown the user in a traceback
        _show_traceback_when_asked()
        fail(
            f"internal fault, {type(error).__name__}: {' '.join(str(error).split())} "
            "(please report it with the output of METRICPOSE_DEBUG=1 and of `metricpose doctor`)"
        )
        return 3


def _dispatch(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        write_line(_overview())
        return 0
    if arguments[0] in ("-V", "--version"):
        write_line(f"metricpose {metricpose.__version__}")
        return 0
    name, rest = arguments[0], arguments[1:]
    if name not in VERBS:
        raise InputError(_unknown(name))
    return _run_verb(name, rest)


def _run_verb(name: str, arguments: list[str]) -> int:
    verb = cast(Verb, importlib.import_module(f"metricpose.cli.{name}"))
    parser = ArgumentParser(prog=f"metricpose {name}", description=verb.__doc__)
    verb.add_arguments(parser)
    try:
        parsed = parser.parse_args(arguments)
    except SystemExit as leaving:  # --help
        return int(leaving.code or 0)
    return verb.run(parsed)


def _overview() -> str:
    width = max(map(len, VERBS))
    lines = ["usage: metricpose VERB [...]", "", f"{metricpose.__doc__}", ""]
    lines += [f"  {name:<{width}}  {summary}" for name, summary in VERBS.items()]
    lines += ["", "metricpose VERB --help says more. First steps: metricpose demo"]
    lines += ["Exit codes: 0 done, 1 some inputs failed, 2 wrong call or input, 3 internal fault."]
    return "\n".join(lines)


def _unknown(name: str) -> str:
    close = difflib.get_close_matches(name, VERBS, n=1)
    hint = f"did you mean `metricpose {close[0]}`?" if close else f"expected one of {', '.join(VERBS)}"
    return f"unknown verb {name!r}: {hint}"


def _show_traceback_when_asked() -> None:
    if os.environ.get("METRICPOSE_DEBUG"):
        traceback.print_exc()
