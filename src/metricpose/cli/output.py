"""What the command writes: results on stdout, everything else on stderr."""

import json
import sys
from collections.abc import Sequence


def write_line(text: str) -> None:
    """A result, for stdout."""
    sys.stdout.write(text + "\n")


def write_json(document: object) -> None:
    """A result for other programs: strict JSON on stdout."""
    write_line(json.dumps(document, indent=1, allow_nan=False))


def note(text: str) -> None:
    """News that is no result, for stderr."""
    sys.stderr.write(text + "\n")


def warn(text: str) -> None:
    """Something the user should know about the result, in one line."""
    note(f"metricpose: warning: {one_line(text)}")


def fail(text: str) -> None:
    """Why something could not be done, in one line."""
    note(f"metricpose: error: {one_line(text)}")


class Faults:
    """Counts and reports the inputs of a run that could not be used, while the others go on.

    The first ten have a line each; in a folder of a thousand with the same fault, the rest is only counted.
    """

    _MOST_LINES = 10

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, error: Exception, *, where: str | None = None) -> None:
        """Report one in a line; `where` names the picture that the error's text does not."""
        self.count += 1
        if self.count <= self._MOST_LINES:
            fail(str(error) if where is None else f"{where}: {error}")

    def exit_code(self, done: int) -> int:
        """0 without faults, 1 if some inputs were `done` all the same, 2 if none was; says how many failed."""
        if self.count > 1:
            note(f"metricpose: {self.count} inputs could not be used")
        return 0 if self.count == 0 else 1 if done else 2


def counted(number: int, one: str, many: str) -> str:
    """The number and what it is of, e.g. `1 person`."""
    return f"{number} {one if number == 1 else many}"


def one_line(text: str) -> str:
    """`text` with its line breaks and runs of blanks made one blank."""
    return " ".join(text.split())


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], *, align: str | None = None) -> str:
    """Columns of text; `align` has one of "<" and ">" per column (default: the first left, the others right)."""
    align = "<" + ">" * (len(headers) - 1) if align is None else align
    cells = [headers, *rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(headers))]
    lines = ["  ".join(f"{c:{a}{w}}" for c, a, w in zip(row, align, widths, strict=True)).rstrip() for row in cells]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)
