"""People found earlier by any detector, from a file, by the name of the picture."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath

import numpy as np

from metricpose._errors import InputError
from metricpose.geometry.camera import Camera
from metricpose.inference.detectors.protocol import checked_picture
from metricpose.io.records import ImagePeople2D
from metricpose.people import People2D
from metricpose.skeletons import Skeleton

_MOST_NAMES = 3


class PrecomputedDetector:
    """Looks people up: by the picture's name as the file has it, else by its last part, else by that without suffix."""

    name = "precomputed"
    licence = "that of the detector that made the file"

    def __init__(self, file: str | Path) -> None:
        """Read a file of 2D people in any format that `metricpose lift` reads.

        Raises:
            FileError, InputError: the file cannot be read, or holds no picture.
        """
        from metricpose.io import read_people2d

        self._file, records = str(file), read_people2d(file)
        if not records:
            raise InputError(f"{self._file}: expected 2D people of at least one picture, got none")
        self.skeleton: Skeleton = records[0].people.skeleton
        self._by_name = _by_name(records)

    def __call__(self, image: np.ndarray, *, name: str | None = None) -> People2D:
        """See `Detector`; InputError also where the file lacks the picture, or has it in another size."""
        height, width = checked_picture(image).shape[:2]
        if name is None:
            raise InputError("detector 'precomputed': expected the name of the picture, got none; give name=")
        record = self._record(name)
        if record is None:
            some = ", ".join(sorted(self._by_name)[:_MOST_NAMES])
            raise InputError(f"{self._file}: expected people of the picture {name!r}, got none; it has {some} ...")
        found = record.people
        if found.image_size != (width, height):
            stated = "{} x {}".format(*found.image_size)
            raise InputError(
                f"{self._file}: the people of {name!r} are of a picture of {stated} px, expected {width} x {height} px "
                "as the picture has; detect again"
            )
        return found

    def camera(self, name: str) -> Camera | None:
        """The camera that the file states for the picture, or None."""
        record = self._record(name)
        return None if record is None else record.camera

    def _record(self, name: str) -> ImagePeople2D | None:
        return next((self._by_name[key] for key in _keys(name) if key in self._by_name), None)


def _keys(name: str) -> tuple[str, str, str]:
    path = PurePath(name)
    return name, path.name, path.stem


def _by_name(records: Sequence[ImagePeople2D]) -> Mapping[str, ImagePeople2D]:
    """Records by every key of their picture's name; full names first, and keys that two pictures share left out."""
    keys = [dict.fromkeys(_keys(record.image)) for record in records]
    often = Counter(key for names in keys for key in names)
    short = {key: r for names, r in zip(keys, records, strict=True) for key in names if often[key] == 1}
    return short | {record.image: record for record in records}
