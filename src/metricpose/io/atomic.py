"""Files written whole or not at all: beside the target first, then renamed over it."""

import os
import secrets
import stat
from pathlib import Path

from metricpose._errors import FileError


def write_text(path: str | Path, text: str) -> None:
    """Write `text` as UTF-8; whoever reads meanwhile sees the old file or the new one. FileError if it cannot be."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write `data`; whoever reads meanwhile sees the old file or the new one. FileError if it cannot be written.

    A link keeps pointing to its target, which is replaced. Pipes and devices are written to directly.
    """
    target = Path(os.path.realpath(path))
    try:
        if _is_stream(target):
            target.write_bytes(data)
        else:
            _replace(target, data)
    except OSError as error:
        raise FileError(f"{path}: cannot write this file ({error.strerror or error}); check the folder") from error


def _is_stream(target: Path) -> bool:
    """Whether the target exists as something that a rename would destroy, such as /dev/stdout."""
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _replace(target: Path, data: bytes) -> None:
    temporary = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.tmp")
    try:
        # "x" keeps the permissions that the user's umask asks for, which tempfile would not.
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
