"""Find the people in pictures, folders and videos, and say where they are in metres in the camera frame."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metricpose._errors import MetricposeError
from metricpose.cli.arguments import ArgumentParser, Namespace, named_path, positive_int
from metricpose.cli.cameras import given_camera
from metricpose.cli.detectors import add_detector_arguments, chosen_detector, detector_facts
from metricpose.cli.folders import made_folder
from metricpose.cli.lifting import Lifting, add_lifting_arguments
from metricpose.cli.output import Faults, note
from metricpose.cli.progress import progress

if TYPE_CHECKING:
    import numpy as np

    from metricpose.inference.detectors import Detector
    from metricpose.inference.sources import Picture
    from metricpose.io.records import ImagePeople3D

_MOST_IN_SCENE = 60
"""Pictures that the 3D page plays; it holds their overlays, 60 kB each."""
_SCENE_PICTURE_PX = 640


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument(
        "inputs", nargs="+", type=named_path, metavar="INPUT", help="pictures, folders, videos, patterns in quotes"
    )
    parser.add_argument(
        "-o", "--output", required=True, type=Path, metavar="DIR", help="people.json, overlay/ and scene.html go here"
    )
    add_detector_arguments(parser)
    add_lifting_arguments(parser)
    parser.add_argument("--every", type=positive_int, default=1, metavar="N", help="of a video, every Nth frame")
    parser.add_argument("--no-overlay", action="store_true", help="write people.json only")
    parser.add_argument("--json", action="store_true", help="write the table of people as JSON")


def run(args: Namespace) -> int:
    """Detect, lift, draw and write; a picture that cannot be used is reported and the others go on."""
    from metricpose.cli.people_table import say_people
    from metricpose.io.people3d import write_people3d

    detector = chosen_detector(args)
    lift = Lifting.of(args, given_camera(args))
    folder, faults = made_folder(args.output), Faults()
    drawn: dict[str, np.ndarray] = {}
    records = list(_estimated(args, detector, lift, folder, faults, drawn))
    if records or not faults.count:
        write_people3d(folder / "people.json", records)
        if not args.no_overlay:
            _write_scene(folder / "scene.html", records, drawn)
        say_people(records, folder / "people.json", as_json=args.json, failed=faults.count)
    return faults.exit_code(len(records))


def _estimated(
    args: Namespace,
    detector: "Detector",
    lift: Lifting,
    folder: Path,
    faults: Faults,
    drawn: "dict[str, np.ndarray]",
) -> Iterator["ImagePeople3D"]:
    """The people of each picture; small overlays of the first pictures go into `drawn`, by name."""
    from metricpose.inference.sources import Unread, expanded, pictures

    overlays, facts = folder if args.no_overlay else made_folder(folder / "overlay"), detector_facts(detector)
    for picture in progress(pictures(expanded(args.inputs), every=args.every), label="pictures"):
        if isinstance(picture, Unread):
            faults(picture.error)
            continue
        try:
            record = _lifted(picture, detector, lift, facts)
        except MetricposeError as error:
            faults(error, where=picture.name)
            continue
        if not args.no_overlay:
            small = _draw(record, picture, overlays)  # a folder that cannot be written is no fault of the picture
            if len(drawn) < _MOST_IN_SCENE:
                drawn[record.image] = small
        yield record


def _lifted(picture: "Picture", detector: "Detector", lift: Lifting, facts: dict[str, Any]) -> "ImagePeople3D":
    from metricpose.inference.detectors.precomputed import PrecomputedDetector
    from metricpose.io.records import ImagePeople3D

    own = detector.camera(picture.name) if isinstance(detector, PrecomputedDetector) else None
    people = lift(detector(picture.image, name=picture.name), own=own, exif=picture.exif)
    return ImagePeople3D(image=picture.name, people=people, extra=facts)


def _draw(record: "ImagePeople3D", picture: "Picture", folder: Path) -> "np.ndarray":
    """Writes the overlay, and returns it small."""
    import numpy as np

    from metricpose.io.atomic import write_bytes
    from metricpose.viz import overlay

    path = folder / picture.name
    if path.suffix.lower() not in (".jpg", ".jpeg"):
        path = path.with_name(f"{path.name}.jpg")
    made_folder(path.parent)
    encoded, drawing = io.BytesIO(), overlay(record.people, picture.image)
    drawing.save(encoded, format="JPEG", quality=90)
    write_bytes(path, encoded.getvalue())
    drawing.thumbnail((_SCENE_PICTURE_PX, _SCENE_PICTURE_PX))
    return np.asarray(drawing.convert("RGB"))


def _write_scene(path: Path, records: "list[ImagePeople3D]", drawn: "dict[str, np.ndarray]") -> None:
    from metricpose.viz.scene_page import write_scene_page

    shown = [record for record in records if record.image in drawn]
    if len(shown) < len(records):
        note(f"{path.name} shows the first {len(shown)} of {len(records)} pictures")
    write_scene_page(path, shown, pictures=drawn)
