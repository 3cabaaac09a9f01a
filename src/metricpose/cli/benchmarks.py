"""Which reader reads the truth of which protocol: known by the files in the benchmark's folder."""

import importlib
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

from metricpose._errors import FileError, InputError
from metricpose.cli.progress import progress

if TYPE_CHECKING:
    from metricpose.io.records import ImagePeople3D
    from metricpose.people import PeopleFrame


@dataclass(frozen=True, kw_only=True)
class Layout:
    """One layout of a benchmark. files: patterns below its folder, any of which tells it; reader: module and function
    of metricpose.datasets; cameras: the reader's keyword for the names of cameras, if it has one."""

    files: tuple[str, ...]
    reader: str
    cameras: str | None = None


BENCHMARKS: Mapping[str, tuple[Layout, ...]] = {
    "human36m": (
        Layout(files=("data_3d_h36m.npz",), reader="human36m:read_human36m", cameras="camera_ids"),
        Layout(
            files=("annotations/Human36M_subject*_data.json", "Human36M_subject*_data.json"),
            reader="human36m_moon:read_human36m_moon",
        ),
        Layout(
            files=("annotation_body3d/*/h36m_test.npz", "h36m_test.npz", "test_h36m_body3d.npz"),
            reader="human36m_mmpose:read_human36m_mmpose",
        ),
    ),
    "mpi_inf_3dhp": (
        Layout(
            files=("TS*/annot_data.mat", "mpi_inf_3dhp_test_set/TS*/annot_data.mat"),
            reader="mpi_inf_3dhp:read_mpi_inf_3dhp_test",
        ),
        Layout(
            files=("annotations/mpi_inf_3dhp_*.npz", "mpi_inf_3dhp_*.npz", "test_3dhp_*.npz"),
            reader="mpi_inf_3dhp_mmpose:read_mpi_inf_3dhp_mmpose",
        ),
    ),
    "mupots": (
        Layout(files=("TS*/annot.mat", "MultiPersonTestSet/TS*/annot.mat"), reader="mupots:read_mupots"),
        Layout(files=("MuPoTS-3D.json",), reader="mupots_json:read_mupots_json"),
    ),
    "panoptic": (Layout(files=("*/calibration_*.json",), reader="panoptic:read_panoptic", cameras="cameras"),),
    "threedpw": (Layout(files=("sequenceFiles",), reader="threedpw:read_threedpw"),),
    "coco": (Layout(files=("annotations/person_keypoints_*.json",), reader="coco:read_coco"),),
    "lsp": (
        Layout(files=("joints.mat",), reader="lsp:read_lsp"),
        Layout(files=("annotations.json",), reader="lsp:read_lspet_resized"),
    ),
    "lspet": (Layout(files=("joints.mat", "annotations.json"), reader="lsp:read_lspet"),),
    "mpii": (
        Layout(files=("mpii_human_pose*.mat", "mpii_human_pose*/*.mat"), reader="mpii:read_mpii"),
        Layout(files=("annot/*.json",), reader="mpii_json:read_mpii_json"),
    ),
}
"""By benchmark; the first layout whose files are there is read, or the first one says what is missing."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """The part of a benchmark that is judged; None: as the reader has it. dataset: of BENCHMARKS, if the protocol does
    not tell it."""

    dataset: str | None = None
    split: str | None = None
    sequences: tuple[str, ...] | None = None
    cameras: tuple[str, ...] | None = None
    every: int | None = None

    @property
    def chosen(self) -> dict[str, Any]:
        """The options that were given, by their names on the command line."""
        values = {key: getattr(self, key) for key in ("split", "sequences", "cameras", "every")}
        return {key: value for key, value in values.items() if value is not None}


def true_frames(protocol: str, truth: Path, part: Part) -> list["PeopleFrame"]:
    """The pictures of a people3d file, or of a benchmark's folder or file of annotations.

    Raises FileError (nothing there, a file of the benchmark is missing) and InputError (bad content, an option that the
    benchmark does not have, a protocol that belongs to no benchmark).
    """
    if not truth.exists():
        raise FileError(
            f"{truth}: expected the truth, a benchmark's folder or a people3d file, got nothing there; check the path"
        )
    if truth.is_file() and _is_people3d(truth):
        _refuse(part.chosen, "a people3d file")
        return _of_people3d(truth)
    name = part.dataset or protocol
    if name not in BENCHMARKS:
        raise InputError(
            f"evaluate: expected a people3d file, or --dataset with one of {', '.join(BENCHMARKS)}, as truth for the "
            f"protocol {protocol!r}, got {str(truth)!r} alone; name the data set"
        )
    return list(progress(_read(name, truth, part), label="reading the truth"))


def _read(name: str, truth: Path, part: Part) -> Iterable["PeopleFrame"]:
    root = truth if truth.is_dir() else truth.parent
    layout = next((layout for layout in BENCHMARKS[name] if _fits(layout, root)), BENCHMARKS[name][0])
    module, function = layout.reader.split(":")
    reader: Callable[..., Iterable[PeopleFrame]] = getattr(
        importlib.import_module(f"metricpose.datasets.{module}"), function
    )
    known = inspect.signature(reader).parameters
    keywords = {key: key for key in ("split", "sequences", "every") if key in known}
    keywords |= {"cameras": layout.cameras} if layout.cameras else {}
    _refuse({key: value for key, value in part.chosen.items() if key not in keywords}, f"{name} as it lies there")
    options = {keywords[key]: value for key, value in part.chosen.items()}
    if truth.is_file():
        if "annotations" not in known:
            raise InputError(f"{truth}: expected the folder of {name}, or a people3d file, got another file; name one")
        options["annotations"] = truth
    return reader(root, **options)


def _fits(layout: Layout, root: Path) -> bool:
    return any(next(root.glob(pattern), None) is not None for pattern in layout.files)


def _refuse(options: Mapping[str, Any], what: str) -> None:
    for key in options:
        raise InputError(f"evaluate: expected no --{key}, as {what} has nothing to choose by it; leave it out")


def _is_people3d(path: Path) -> bool:
    """Whether a file says so itself; benchmarks have JSON and NPZ files, too."""
    from metricpose.io.people3d_json import PEOPLE3D_SCHEMA

    if path.suffix.lower() == ".npz":
        import numpy as np

        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:  # np.load leaves a bad one open
                return "schema" in arrays.files
        except (OSError, ValueError, BadZipFile):
            return False
    if path.suffix.lower() != ".json":
        return False
    with path.open("rb") as file:  # the schema is the first member; benchmarks have files of a gigabyte
        return PEOPLE3D_SCHEMA.encode() in file.read(4096)


def _of_people3d(path: Path) -> list["PeopleFrame"]:
    from metricpose.io import read_people3d
    from metricpose.people import PeopleFrame

    return [
        PeopleFrame.of_people3d(
            record.image,
            record.people,
            sequence=_sequence(record),
            group=_word(record, "group") or _word(record, "family"),
            image_path=_beside(path, record.image),
        )
        for record in read_people3d(path)
    ]


def _sequence(record: "ImagePeople3D") -> str:
    """As the file says, else the video or the folder that the picture is of."""
    said = _word(record, "sequence")
    if said is not None:
        return said
    video, _, number = record.image.rpartition("#")
    if video and number.isdigit():
        return video
    folder = str(PurePosixPath(record.image).parent)
    return "" if folder == "." else folder


def _word(record: "ImagePeople3D", key: str) -> str | None:
    value = record.extra.get(key)
    return value if isinstance(value, str) else None


def _beside(path: Path, image: str) -> Path | None:
    """The picture, where its name is a path from the file's folder."""
    place = path.parent / image
    return place if place.is_file() else None
