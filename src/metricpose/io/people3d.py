"""Files of people in metres, JSON or NPZ by their name."""

from collections.abc import Sequence
from pathlib import Path

from metricpose._errors import InputError
from metricpose.io.people3d_json import read_people3d_json, write_people3d_json
from metricpose.io.people3d_npz import read_people3d_npz, write_people3d_npz
from metricpose.io.records import ImagePeople3D
from metricpose.skeletons import Skeleton


def read_people3d(path: str | Path) -> list[ImagePeople3D]:
    """The pictures of a file written by `write_people3d`, in its order: NPZ by its suffix, else JSON.

    Raises:
        FileError: the file is missing or unreadable.
        InputError: its content is not what it must be; the text says where.
    """
    return (read_people3d_npz if Path(path).suffix.lower() == ".npz" else read_people3d_json)(path)


def write_people3d(path: str | Path, records: Sequence[ImagePeople3D], skeleton: Skeleton | str = "coco17") -> None:
    """Write pictures with people in metres, atomically, in their order, as .json or .npz.

    All must have one skeleton; `skeleton` is only for a file without pictures. People without ids get their place
    in the picture as id. InputError for another suffix, FileError where the file cannot be written.
    """
    check_people3d_suffix(path)
    (write_people3d_npz if Path(path).suffix.lower() == ".npz" else write_people3d_json)(path, records, skeleton)


def check_people3d_suffix(path: str | Path) -> None:
    """InputError for a name that `write_people3d` would refuse; worth asking before long work."""
    suffix = Path(path).suffix.lower()
    if suffix not in (".json", ".npz"):
        raise InputError(f"{path}: expected a name that ends in .json or .npz, got {suffix or 'no suffix'}; add one")
