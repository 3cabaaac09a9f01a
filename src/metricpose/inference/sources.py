"""INPUT... of a run as pictures, in order of name; what cannot be read is told of and does not stop the rest."""

import glob
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from metricpose._errors import FileError, InputError, MetricposeError

PICTURE_SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".gif", ".jp2")
)
VIDEO_SUFFIXES = frozenset((".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv", ".3gp"))


@dataclass(frozen=True, kw_only=True)
class Source:
    """A file with one picture or with the frames of a video; `name` is unique in the run."""

    name: str
    path: Path

    @property
    def is_video(self) -> bool:
        """Whether it is taken for a video, by its suffix."""
        return self.path.suffix.lower() in VIDEO_SUFFIXES


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """One picture: its name, uint8 RGB (H, W, 3), and its EXIF tags by name (none for a frame of a video)."""

    name: str
    image: np.ndarray
    exif: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, eq=False)
class Unread:
    """What could not be read, and why."""

    name: str
    error: MetricposeError


def expanded(inputs: Sequence[str | Path]) -> list[Source | Unread]:
    """The files behind paths of files, folders (their own files, not those of folders in them) and glob patterns.

    In order of name; a file that is named twice is there once. Names are the last parts of the paths, or as much of
    the paths as tells the files apart. A path that leads to nothing is `Unread`.
    """
    files: dict[Path, None] = {}
    unread: list[Unread] = []
    for given in inputs:
        try:
            files |= dict.fromkeys(_files(given))
        except MetricposeError as error:
            unread.append(Unread(name=str(given), error=error))
    sources = sorted(_named(_distinct(files)), key=lambda source: f"{source.name}#" if source.is_video else source.name)
    return [*unread, *sources]


def pictures(sources: Iterable[Source | Unread], *, every: int = 1) -> Iterator[Picture | Unread]:
    """The pictures, one at a time; of a video every `every`-th frame, as ``clip.mp4#000123``.

    A picture that cannot be read comes as `Unread`; so does the rest of a video that breaks off, after the frames
    that could be read. Raises InputError where `every` is less than 1.
    """
    if every < 1:
        raise InputError(f"every: expected a whole number of at least 1, got {every}")
    return _pictures(sources, every)


def _pictures(sources: Iterable[Source | Unread], every: int) -> Iterator[Picture | Unread]:
    for source in sources:
        if isinstance(source, Unread):
            yield source
            continue
        try:
            yield from _frames(source, every) if source.is_video else (_still(source),)
        except MetricposeError as error:
            yield Unread(name=source.name, error=error)


def _still(source: Source) -> Picture:
    from metricpose.inference.exif import read_exif
    from metricpose.io.image import read_image

    return Picture(name=source.name, image=read_image(source.path), exif=read_exif(source.path))


def _frames(source: Source, every: int) -> Iterator[Picture]:
    from metricpose.io.video import read_video

    for frame in read_video(source.path):
        if frame.index % every == 0:
            yield Picture(name=f"{source.name}#{frame.index:06d}", image=frame.image)


def _files(given: str | Path) -> list[Path]:
    """The files behind one input, or why there are none."""
    path = Path(given)
    if path.is_dir():
        return _in_folder(path)
    if path.exists() or not glob.has_magic(str(given)):
        return [path]  # a file that is missing is told of when it is read, under its own name
    matches = [Path(match) for match in sorted(glob.glob(str(given), recursive=True))]  # noqa: PTH207  may be absolute
    found = [file for match in matches for file in (_in_folder(match) if match.is_dir() else [match])]
    if not found:
        raise FileError(f"{given}: expected a pattern that fits some files, got none; check it, and its quotes")
    return found


def _in_folder(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if entry.is_file() and not entry.name.startswith("."))
    except OSError as error:
        raise FileError(f"{folder}: cannot read this folder ({error.strerror}); check its permissions") from error
    fit = [folder / name for name in names if Path(name).suffix.lower() in PICTURE_SUFFIXES | VIDEO_SUFFIXES]
    if not fit:
        raise InputError(
            f"{folder}: expected a folder with pictures or videos, got {len(names)} files and none of these"
        )
    return fit


def _distinct(files: Iterable[Path]) -> list[Path]:
    """Each file once, however its path is written."""
    return list({_whole(file): file for file in files}.values())


def _whole(file: Path) -> Path:
    """The whole path; a link at its end is kept, as it may be there for its name."""
    return file.parent.resolve() / file.name


def _named(files: Sequence[Path]) -> Iterator[Source]:
    """Names of one part, and of one part more where two are the same, until they all differ."""
    sources = [Source(name=file.name, path=file) for file in files]
    parts = [_whole(file).parts for file in files]
    for length in range(2, max(map(len, parts), default=0) + 1):
        often = Counter(source.name for source in sources)
        if max(often.values()) == 1:
            break
        sources = [
            replace(source, name="/".join(whole[-length:])) if often[source.name] > 1 else source
            for source, whole in zip(sources, parts, strict=True)
        ]
    yield from sources
