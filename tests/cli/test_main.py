"""Dispatch, error lines and exit codes of the command."""

import os
import subprocess
import sys

import pytest

from metricpose._errors import InputError
from metricpose.cli import main as command
from metricpose.cli.main import main
from metricpose.cli.verbs import VERBS


def _error_line(capsys: pytest.CaptureFixture[str]) -> str:
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1, err
    assert err.startswith("metricpose: error: ")
    return err.removeprefix("metricpose: error: ").rstrip("\n")


@pytest.mark.parametrize("arguments", [[], ["-h"], ["--help"], ["help"]])
def test_the_overview_names_every_verb(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert all(f"  {name}" in out for name in VERBS)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    import metricpose

    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"metricpose {metricpose.__version__}\n"


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_that_explains_its_arguments(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, "--help"]) == 0
    assert f"usage: metricpose {verb}" in capsys.readouterr().out


def test_a_misspelt_verb_is_answered_with_the_right_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lfit"]) == 2
    assert _error_line(capsys) == "unknown verb 'lfit': did you mean `metricpose lift`?"


def test_a_foreign_verb_is_answered_with_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["xyzzy"]) == 2
    assert _error_line(capsys) == f"unknown verb 'xyzzy': expected one of {', '.join(VERBS)}"


def test_a_wrong_call_is_one_line_that_names_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "lift", "--people", "0"]) == 2
    expected = "argument --people: expected a whole number of at least 1, got '0' (see `metricpose bench --help`)"
    assert _error_line(capsys) == expected


def test_an_error_of_several_lines_becomes_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _let_dispatch_raise(monkeypatch, InputError("a file:\n  line 2"))
    assert main(["doctor"]) == 2
    assert _error_line(capsys) == "a file: line 2"


def test_a_fault_of_ours_is_said_without_a_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("METRICPOSE_DEBUG", raising=False)
    _let_dispatch_raise(monkeypatch, ZeroDivisionError("division by zero"))
    assert main(["doctor"]) == 3
    assert _error_line(capsys).startswith("internal fault, ZeroDivisionError: division by zero (please report it")


def test_the_traceback_is_shown_when_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METRICPOSE_DEBUG", "1")
    _let_dispatch_raise(monkeypatch, InputError("bad"))
    assert main(["doctor"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_an_interruption_leaves_with_130(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    _let_dispatch_raise(monkeypatch, KeyboardInterrupt())
    assert main(["doctor"]) == 130
    assert _error_line(capsys) == "interrupted"


def test_a_reader_that_went_away_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as gone:
        done = subprocess.run(
            [sys.executable, "-m", "metricpose", "--help"], stdout=gone, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (done.returncode, done.stderr) == (141, "")


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from metricpose.cli.main import main; main(['--help']); main(['lift', '--help']);"
        "print([name for name in ('numpy', 'onnxruntime', 'PIL', 'torch', 'scipy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def _let_dispatch_raise(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def raising(arguments: list[str]) -> int:
        raise error

    monkeypatch.setattr(command, "_dispatch", raising)
