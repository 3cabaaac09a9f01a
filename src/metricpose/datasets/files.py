"""Files that a data set must have: found, or named together with the place where the owners give them out."""

from pathlib import Path

from metricpose._errors import FileError


def required(root: str | Path, names: str | tuple[str, ...], where: str) -> Path:
    """The first of `names` (paths below `root`, in order of preference) that is there.

    Args:
        root: the data set's folder.
        names: the file or folder, or the places in which it may lie.
        where: the place where the owners give it out, for the error.

    Raises FileError: no such folder, or none of the names in it.
    """
    root = Path(root)
    places = [names] if isinstance(names, str) else list(names)
    if not root.is_dir():
        raise FileError(f"{root}: expected the data set's folder with {places[0]}, got no folder; get it from {where}")
    found = next((root / name for name in places if (root / name).exists()), None)
    if found is None:
        others = f" (or {', '.join(places[1:])})" if len(places) > 1 else ""
        raise FileError(f"{root / places[0]}: missing{others}; get it from {where}")
    return found


def optional(root: str | Path, names: str | tuple[str, ...]) -> Path | None:
    """The first of `names` below `root` that is there, or None."""
    names = (names,) if isinstance(names, str) else names
    return next((Path(root) / name for name in names if (Path(root) / name).exists()), None)
