"""Reading of 2D people in any of the formats we know: which one it is, is found out from the content."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from metricpose._errors import FileError, InputError, MetricposeError
from metricpose.geometry import Camera
from metricpose.geometry.camera import checked_image_size
from metricpose.io.alphapose import alphapose_records, is_alphapose
from metricpose.io.coco_results import Pictures, coco_records, is_coco, read_coco_pictures
from metricpose.io.fields import located, shown
from metricpose.io.json_text import read_json
from metricpose.io.mmpose import is_mmpose, mmpose_records
from metricpose.io.openpose import is_openpose, openpose_records, order_of_25
from metricpose.io.options import ReadOptions
from metricpose.io.people2d_json import PEOPLE2D_SCHEMA, people2d_from_document
from metricpose.io.records import ImagePeople2D
from metricpose.skeletons import Skeleton, skeleton_named

FORMATS = ("auto", "metricpose", "openpose", "coco", "alphapose", "mmpose")

_SAMPLE = 32  # files of a folder that are asked for the order of 25 joints


def read_people2d(
    path: str | Path,
    *,
    format: str = "auto",
    image_size: tuple[int, int] | None = None,
    skeleton: Skeleton | str | None = None,
    camera: Camera | None = None,
    images: str | Path | None = None,
    on_error: Callable[[MetricposeError], None] | None = None,
) -> list[ImagePeople2D]:
    """The pictures with 2D people of a file, or of all .json files of a folder in order of name.

    Args:
        path: a file or a folder.
        format: one of `FORMATS`; "auto" looks at the content.
        image_size: width and height of all pictures, for formats that do not hold them.
        skeleton: of formats that do not name it, where the number of joints does not tell.
        camera: for the pictures for which the file states none; its size stands for a missing `image_size`.
        images: COCO data set with names and sizes of the pictures, for COCO results.
        on_error: called with the error of each bad file of a folder, which is then left out; if not given, the
            first bad file ends the reading.

    Raises:
        FileError: missing or unreadable.
        InputError: the content is not what it must be; the text says which file, picture and person.
    """
    if format not in FORMATS:
        raise InputError(f"format: expected one of {', '.join(FORMATS)}, got {shown(format)}")
    options = ReadOptions(
        image_size=None if image_size is None else checked_image_size(image_size),
        skeleton=skeleton_named(skeleton) if isinstance(skeleton, str) else skeleton,
        camera=camera,
    )
    pictures = None if images is None else read_coco_pictures(images)
    if not Path(path).is_dir():
        return _read_file(Path(path), format, options, pictures)
    records: list[ImagePeople2D] = []
    files = _files(Path(path))
    options = replace(options, order_of_25=order_of_25(_openpose_documents(files[:: -(-len(files) // _SAMPLE)])))
    for file in files:
        try:
            records += _read_file(file, format, options, pictures)
        except MetricposeError as error:
            if on_error is None:
                raise
            on_error(error)
    return records


def _files(path: Path) -> list[Path]:
    try:
        files = sorted(file for file in path.iterdir() if file.suffix.lower() == ".json" and file.is_file())
    except OSError as error:
        raise FileError(f"{path}: cannot read this folder ({error.strerror}); check its permissions") from error
    if not files:
        raise InputError(f"{path}: expected .json files of 2D people in this folder, got none; check the path")
    return files


def _openpose_documents(files: list[Path]) -> Iterator[Any]:
    for file in files:
        try:
            document = read_json(file)
        except MetricposeError:
            continue  # reading reports it
        if is_openpose(document):
            yield document


def _read_file(path: Path, format: str, options: ReadOptions, pictures: Pictures | None) -> list[ImagePeople2D]:
    document = read_json(path)
    with located(path):
        return _records(document, path.name.removesuffix(".json"), format, options, pictures)


def _records(
    document: Any, stem: str, format: str, options: ReadOptions, pictures: Pictures | None
) -> list[ImagePeople2D]:
    found = _format_of(document) if format == "auto" else format
    if found == "metricpose":
        records = people2d_from_document(document)
        _check_stated(records, options)
        return [record if record.camera else replace(record, camera=options.camera) for record in records]
    if found == "openpose":
        return openpose_records(document, stem, options)
    if not isinstance(document, list | dict) or (isinstance(document, dict) and found == "alphapose"):
        raise InputError(f"expected a list of {found} results, got {shown(document)}; check the format")
    if found == "coco":
        return coco_records(document, options, pictures)
    if found == "alphapose":
        return alphapose_records(document, options)
    return mmpose_records(document, stem, options)


def _check_stated(records: list[ImagePeople2D], options: ReadOptions) -> None:
    """InputError where the caller says otherwise than a file that states its skeleton and sizes itself."""
    for record in records:
        people = record.people
        if options.skeleton not in (None, people.skeleton):
            raise InputError(
                f"skeleton: expected {options.skeleton.name}, got a file that states {people.skeleton.name}; "
                "leave --skeleton out"
            )
        if options.image_size not in (None, people.image_size):
            raise InputError(
                f"picture {shown(record.image)}: expected {options.image_size} px, got a file that states "
                f"{people.image_size}; leave --image-size out"
            )


def _format_of(document: Any) -> str:
    """The format of a parsed document; the more particular ones are asked first."""
    if isinstance(document, dict) and "schema" in document:
        return "metricpose"
    tests = {"openpose": is_openpose, "mmpose": is_mmpose, "alphapose": is_alphapose, "coco": is_coco}
    found = next((name for name, test in tests.items() if test(document)), None)
    if found is None and document == []:
        raise InputError("expected 2D people, got an empty list, which could be of any format; name it (--format)")
    if found is None:
        raise InputError(
            f"expected 2D people: our JSON ({PEOPLE2D_SCHEMA}), OpenPose ('people'), COCO ('image_id', 'keypoints'), "
            f"AlphaPose (with 'box') or MMPose ('instances', 'keypoint_scores'), got {_outline(document)}"
        )
    return found


def _outline(document: Any) -> str:
    if isinstance(document, dict):
        return f"an object with {shown(sorted(map(str, document)))}; check the file"
    if isinstance(document, list) and isinstance(document[0], dict):
        return f"a list of objects with {shown(sorted(map(str, document[0])))}; check the file"
    return f"{shown(document)}; check the file"
