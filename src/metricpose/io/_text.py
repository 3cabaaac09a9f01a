"""Text files read with one clear error where they cannot be."""

from pathlib import Path

from metricpose._errors import FileError


def read_text(path: str | Path, kind: str) -> str:
    """The file's text; raises FileError (missing, a folder, unreadable, not text)."""
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise FileError(f"{path}: cannot read this {kind} file ({error.strerror}); check the path") from error
    except UnicodeDecodeError as error:
        raise FileError(f"{path}: expected a {kind} text file, got binary data; check the path") from error
