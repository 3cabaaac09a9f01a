"""Turn 2D people and a camera into people in metres in the camera frame."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from metricpose._errors import MetricposeError
from metricpose.cli.arguments import ArgumentParser, Namespace, named_path, positive_int
from metricpose.cli.cameras import given_camera
from metricpose.cli.folders import made_place
from metricpose.cli.lifting import Lifting, add_lifting_arguments
from metricpose.cli.output import Faults
from metricpose.cli.progress import progress

if TYPE_CHECKING:
    from metricpose.io.records import ImagePeople2D, ImagePeople3D

_FORMATS = ("auto", "metricpose", "openpose", "coco", "alphapose", "mmpose")


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument(
        "file", type=named_path, metavar="FILE", help="2D people: a file, or a folder of one file per picture"
    )
    parser.add_argument("-o", "--output", required=True, type=Path, metavar="OUT", help="file to write: .json or .npz")
    add_lifting_arguments(parser)
    parser.add_argument("--format", choices=_FORMATS, default="auto", help="of FILE (default: found out)")
    parser.add_argument("--skeleton", metavar="NAME", help="of FILE, where the number of joints does not tell")
    joints_help = "names of the joints to use, with commas; the others count as unseen (default: all)"
    parser.add_argument("--joints", metavar="A,B,C", help=joints_help)
    size_help = "size of the pictures, for formats that do not hold it"
    parser.add_argument("--image-size", nargs=2, type=positive_int, metavar=("W", "H"), help=size_help)
    parser.add_argument(
        "--images", metavar="COCO", help="data set with names and sizes of the pictures of COCO results"
    )
    parser.add_argument("--json", action="store_true", help="write the table of people as JSON")


def run(args: Namespace) -> int:
    """Read, lift, write, and list the people; bad files and pictures are reported and left out."""
    from metricpose.cli.people_table import say_people
    from metricpose.io.people3d import check_people3d_suffix, write_people3d
    from metricpose.io.sniff import read_people2d

    check_people3d_suffix(args.output)
    camera, faults = given_camera(args), Faults()
    records = read_people2d(
        args.file,
        format=args.format,
        image_size=tuple(args.image_size) if args.image_size else None,
        skeleton=args.skeleton,
        camera=camera,
        images=args.images,
        on_error=faults,
    )
    if faults.count and not records:
        return faults.exit_code(0)
    if args.joints is not None:
        records = _of_joints(records, args.joints)
    made_place(args.output)
    lifted = list(_lifted(records, Lifting.of(args, camera), faults))
    if lifted or not faults.count:
        write_people3d(args.output, lifted)
        say_people(lifted, args.output, as_json=args.json, failed=faults.count)
    return faults.exit_code(len(lifted))


def _of_joints(records: Sequence["ImagePeople2D"], joints: str) -> list["ImagePeople2D"]:
    """The pictures' people with the joints of --joints alone."""
    from dataclasses import replace

    from metricpose.inference.joint_subset import with_joints

    names = [name.strip() for name in joints.split(",")]
    return [replace(record, people=with_joints(record.people, names)) for record in records]


def _lifted(records: Sequence["ImagePeople2D"], lift: Lifting, faults: Faults) -> Iterator["ImagePeople3D"]:
    """Lift each picture; what else its entry held is kept."""
    from metricpose.io.records import ImagePeople3D

    for record in progress(records, label="lifting"):
        try:
            people = lift(record.people, own=record.camera)
        except MetricposeError as error:
            faults(error, where=record.image)
            continue
        yield ImagePeople3D(image=record.image, people=people, extra=record.extra)
