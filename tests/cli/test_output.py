"""Tables, lines and progress."""

import io
import json

import pytest

from metricpose.cli import progress as progress_module
from metricpose.cli.output import one_line, table, write_json
from metricpose.cli.progress import progress


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_table_aligns_numbers_to_the_right() -> None:
    assert table(("name", "mm"), [("a", "7"), ("bcdef", "1234")]).splitlines() == [
        "name     mm",
        "-----  ----",
        "a         7",
        "bcdef  1234",
    ]


def test_table_without_rows_is_its_head() -> None:
    assert table(("name", "mm"), []).splitlines() == ["name  mm", "----  --"]


def test_one_line() -> None:
    assert one_line(" a\n  b\tc ") == "a b c"


def test_json_refuses_nan() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json({"x": float("nan")})


def test_json_parses(capsys: pytest.CaptureFixture[str]) -> None:
    write_json({"x": [1, None]})
    assert json.loads(capsys.readouterr().out) == {"x": [1, None]}


def test_progress_yields_everything_and_draws_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_module, "_BAR_SECONDS", 0.0)
    stream = _Terminal()
    assert list(progress([1, 2], label="lifting", stream=stream)) == [1, 2]
    assert "lifting [###############...............] 1/2" in stream.getvalue()
    assert stream.getvalue().endswith("\r\x1b[K")


def test_progress_writes_plain_lines_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_module, "_LINE_SECONDS", 0.0)
    stream = io.StringIO()
    assert list(progress(iter("ab"), label="reading", stream=stream)) == ["a", "b"]
    assert stream.getvalue() == "reading: 1\nreading: 2\n"


def test_short_work_says_nothing_elsewhere() -> None:
    stream = io.StringIO()
    assert list(progress([1, 2], label="lifting", total=2, stream=stream)) == [1, 2]
    assert stream.getvalue() == ""
