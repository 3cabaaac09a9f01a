"""Output folders, made ready before the long work."""

import os
from pathlib import Path

from metricpose._errors import FileError


def made_folder(path: str | Path) -> Path:
    """The folder `path`, made with its parents where it is not there; FileError where it cannot be or is closed."""
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise FileError(f"{folder}: expected a folder, got a file of this name; choose another with -o") from error
    except OSError as error:
        raise FileError(f"{folder}: cannot make this folder ({error.strerror}); choose another with -o") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise FileError(f"{folder}: cannot write into this folder (Permission denied); choose another with -o")
    return folder


def made_place(path: Path) -> None:
    """Make the folder of a file that is to be written; FileError where the file cannot be."""
    if path.is_dir():
        raise FileError(f"{path}: expected the name of a file to write, got a folder; name a file in it with -o")
    made_folder(path.parent)
