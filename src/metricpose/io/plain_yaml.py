"""The part of YAML in which calibrations are written: nested keys, lists, [..], {..}, numbers and texts; no libraries.

OpenCV's FileStorage writes `%YAML:1.0`, which is no YAML, and tags such as `!!opencv-matrix`, which safe loaders
refuse. Directives, tags and comments are skipped here. Anchors, block texts and several documents are not read.
"""

import re
from typing import Any

from metricpose._errors import InputError

_TAG = re.compile(r"^(![^\s\[{]*)\s*")
_KEY = re.compile(r"""^("[^"]*"|'[^']*'|[^\s\[\]{},#"'][^\[\]{},#]*?)\s*:(?=\s|$)\s*(.*)$""", re.DOTALL)
_QUOTED = re.compile(r"""(?<![^\s\[{,:])(?:"(?:[^"\\]|\\.)*"|'[^']*')""")  # begins a value: no apostrophe in a word
_SPECIAL = {"": None, "~": None, "null": None, "true": True, "false": False}


def parsed_yaml(text: str) -> Any:
    """Dictionaries, lists, numbers, texts, booleans and None. InputError names the line that is not understood."""
    lines = _logical_lines(text)
    if not lines:
        raise InputError("expected YAML, got an empty file; check the program that wrote it")
    value, rest = _block(lines, 0)
    if rest < len(lines):
        raise _fault(lines[rest])
    return value


# A line: its number, its indentation and its text, with brackets closed.
_Line = tuple[int, int, str]


def _logical_lines(text: str) -> list[_Line]:
    """Lines without comments, directives and markers; those within brackets are joined to the one that opens them."""
    lines: list[_Line] = []
    depth = 0
    for number, raw in enumerate(text.splitlines(), start=1):
        bare = _without_comment(raw)
        if not bare.strip() or (not depth and bare.startswith(("%", "---", "..."))):
            continue
        if depth:
            first, indent, start = lines[-1]
            lines[-1] = (first, indent, f"{start} {bare.strip()}")
        else:
            lines.append((number, len(bare) - len(bare.lstrip()), bare.strip()))
        outside = _QUOTED.sub("", bare)
        depth += sum(outside.count(c) for c in "[{") - sum(outside.count(c) for c in "]}")
    if depth > 0:
        raise InputError(f"line {lines[-1][0]}: expected the brackets to be closed, got the end of the file")
    return lines


def _without_comment(line: str) -> str:
    masked = _QUOTED.sub(lambda found: "x" * len(found.group()), line)
    found = re.search(r"(^|\s)#", masked)
    return (line if found is None else line[: found.start()]).rstrip()


def _block(lines: list[_Line], at: int) -> tuple[Any, int]:
    """The value that begins at a line, and the line after it."""
    if _is_item(lines[at][2]):
        return _sequence(lines, at)
    if _KEY.match(lines[at][2]):
        return _mapping(lines, at)
    return _inline(lines[at]), at + 1


def _mapping(lines: list[_Line], at: int) -> tuple[dict[str, Any], int]:
    indent, values = lines[at][1], {}
    while at < len(lines) and lines[at][1] == indent and not _is_item(lines[at][2]):
        number, _, text = lines[at]
        found = _KEY.match(text)
        if found is None:
            raise _fault(lines[at])
        key, rest = _unquoted(found.group(1)), _TAG.sub("", found.group(2))
        values[key], at = _value(lines, at, (number, indent, rest), items_at=indent)
    return values, at


def _sequence(lines: list[_Line], at: int) -> tuple[list[Any], int]:
    indent, values = lines[at][1], []
    while at < len(lines) and lines[at][1] == indent and _is_item(lines[at][2]):
        number, _, text = lines[at]
        rest = _TAG.sub("", text[1:].lstrip())
        if _is_item(rest) or (_KEY.match(rest) and rest[0] not in "[{"):
            # "- key: value": the block goes on in the following lines, at the place of its first key.
            lines = [*lines[:at], (number, indent + len(text) - len(rest), rest), *lines[at + 1 :]]
            value, at = _block(lines, at)
        else:
            value, at = _value(lines, at, (number, indent, rest), items_at=indent + 1)
        values.append(value)
    return values, at


def _value(lines: list[_Line], at: int, line: _Line, items_at: int) -> tuple[Any, int]:
    """What follows a key or a dash: on its line, or as a block further in; items may stand at `items_at`."""
    if line[2]:
        return _inline(line), at + 1
    following = lines[at + 1] if at + 1 < len(lines) else None
    if following and (following[1] > line[1] or (_is_item(following[2]) and following[1] >= items_at)):
        return _block(lines, at + 1)
    return None, at + 1


def _is_item(text: str) -> bool:
    return text == "-" or text.startswith("- ")


def _inline(line: _Line) -> Any:
    value, rest = _flow(line, line[2].strip())
    if rest:
        raise _fault(line)
    return value


def _flow(line: _Line, text: str) -> tuple[Any, str]:
    """The value at the start of `text`, and what comes after it."""
    if text.startswith("["):
        return _flow_list(line, text[1:].lstrip())
    if text.startswith("{"):
        return _flow_mapping(line, text[1:].lstrip())
    quoted = _QUOTED.match(text)
    if quoted:
        return _unquoted(quoted.group()), text[quoted.end() :].lstrip()
    inside = line[2].startswith(("[", "{"))
    end = re.search(r"[,\]}]", text) if inside else None
    stop = len(text) if end is None else end.start()
    return _scalar(text[:stop].strip()), text[stop:]


def _flow_list(line: _Line, text: str) -> tuple[list[Any], str]:
    values = []
    while not text.startswith("]"):
        value, text = _flow(line, text)
        values.append(value)
        text = _after_comma(line, text, "]")
    return values, text[1:].lstrip()


def _flow_mapping(line: _Line, text: str) -> tuple[dict[str, Any], str]:
    values = {}
    while not text.startswith("}"):
        key, colon, rest = text.partition(":")
        if not colon:
            raise _fault(line)
        values[_unquoted(key.strip())], text = _flow(line, rest.lstrip())
        text = _after_comma(line, text, "}")
    return values, text[1:].lstrip()


def _after_comma(line: _Line, text: str, closing: str) -> str:
    if text.startswith(","):
        return text[1:].lstrip()
    if not text.startswith(closing):
        raise _fault(line)
    return text


def _unquoted(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def _scalar(text: str) -> Any:
    if text.lower() in _SPECIAL:
        return _SPECIAL[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    special = {".inf": float("inf"), "-.inf": float("-inf"), ".nan": float("nan")}
    return special.get(text.lower(), text)


def _fault(line: _Line) -> InputError:
    shown = line[2] if len(line[2]) <= 60 else f"{line[2][:57]}..."
    return InputError(f"line {line[0]}: expected `key: value`, a list or a number, got {shown!r}; check the file")
