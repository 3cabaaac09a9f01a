"""Output folders."""

from pathlib import Path

from metricpose._errors import FileError


def made_folder(path: str | Path) -> Path:
    """The folder `path`, made with its parents where it is not there; FileError where it cannot be."""
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"{folder}: cannot make this folder ({error.strerror}); choose another with -o") from error
    return folder
