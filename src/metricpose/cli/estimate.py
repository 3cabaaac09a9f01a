"""Find the people in pictures, folders and videos, and say where they are in metres in the camera frame."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from metricpose._errors import MetricposeError
from metricpose.cli.arguments import ArgumentParser, Namespace, named_path, positive_int
from metricpose.cli.cameras import add_camera_arguments, given_camera
from metricpose.cli.folders import made_folder
from metricpose.cli.output import Faults
from metricpose.cli.progress import progress

if TYPE_CHECKING:
    from metricpose.cli.lifting import Lifting
    from metricpose.inference.detectors import Detector
    from metricpose.inference.sources import Picture
    from metricpose.io.records import ImagePeople3D


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument(
        "inputs", nargs="+", type=named_path, metavar="INPUT", help="pictures, folders, videos, patterns in quotes"
    )
    parser.add_argument(
        "-o", "--output", required=True, type=Path, metavar="DIR", help="people.json and overlay/ go here"
    )
    parser.add_argument("--detector", choices=("mediapipe", "rtmlib", "precomputed"), help="default: mediapipe")
    parser.add_argument("--detections", metavar="FILE", help="2D people found before, for the detector precomputed")
    add_camera_arguments(parser)
    parser.add_argument("--every", type=positive_int, default=1, metavar="N", help="of a video, every Nth frame")
    parser.add_argument("--no-overlay", action="store_true", help="write people.json only")
    parser.add_argument("--json", action="store_true", help="write the table of people as JSON")


def run(args: Namespace) -> int:
    """Detect, lift, draw and write; a picture that cannot be used is reported and the others go on."""
    from metricpose.cli.lifting import Lifting
    from metricpose.cli.people_table import say_people
    from metricpose.inference.detectors import detector_named
    from metricpose.io.people3d import write_people3d

    detector = detector_named(
        args.detector or ("precomputed" if args.detections else "mediapipe"), detections=args.detections
    )
    lift = Lifting.of(args, given_camera(args))
    folder, faults = made_folder(args.output), Faults()
    records = list(_estimated(args, detector, lift, folder, faults))
    if records or not faults.count:
        write_people3d(folder / "people.json", records)
        say_people(records, folder / "people.json", as_json=args.json, failed=faults.count)
    return faults.exit_code(len(records))


def _estimated(
    args: Namespace, detector: "Detector", lift: "Lifting", folder: Path, faults: Faults
) -> Iterator["ImagePeople3D"]:
    from metricpose.inference.sources import Unread, expanded, pictures

    overlays = folder if args.no_overlay else made_folder(folder / "overlay")
    for picture in progress(pictures(expanded(args.inputs), every=args.every), label="pictures"):
        if isinstance(picture, Unread):
            faults(picture.error)
            continue
        try:
            record = _lifted(picture, detector, lift)
        except MetricposeError as error:
            faults(error, where=picture.name)
            continue
        if not args.no_overlay:
            _draw(record, picture, overlays)  # a folder that cannot be written is no fault of the picture
        yield record


def _lifted(picture: "Picture", detector: "Detector", lift: "Lifting") -> "ImagePeople3D":
    from metricpose.inference.detectors.precomputed import PrecomputedDetector
    from metricpose.io.records import ImagePeople3D

    own = detector.camera(picture.name) if isinstance(detector, PrecomputedDetector) else None
    people = lift(detector(picture.image, name=picture.name), own=own, exif=picture.exif)
    return ImagePeople3D(image=picture.name, people=people, extra={"detector": detector.name})


def _draw(record: "ImagePeople3D", picture: "Picture", folder: Path) -> None:
    from metricpose.io.atomic import write_bytes
    from metricpose.viz import overlay

    path = folder / picture.name
    if path.suffix.lower() not in (".jpg", ".jpeg"):
        path = path.with_name(f"{path.name}.jpg")
    made_folder(path.parent)
    drawn = io.BytesIO()
    overlay(record.people, picture.image).save(drawn, format="JPEG", quality=90)
    write_bytes(path, drawn.getvalue())
