"""Turn 2D people and a camera into people in metres in the camera frame."""

from metricpose.cli.arguments import ArgumentParser, Namespace, positive_int
from metricpose.cli.cameras import CameraChooser, add_camera_arguments, given_camera


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument(
        "file", metavar="FILE", help="2D people: our JSON, OpenPose (file or folder), COCO, AlphaPose, MMPose"
    )
    parser.add_argument(
        "-o", "--output", metavar="OUT", help="where to write: .json or .npz (default: FILE's name + .people3d.json)"
    )
    add_camera_arguments(parser)
    parser.add_argument("--format", default="auto", help="format of FILE (default: found out)")
    parser.add_argument("--skeleton", help="skeleton of FILE, for formats that do not say")
    parser.add_argument(
        "--image-size",
        nargs=2,
        type=positive_int,
        metavar=("W", "H"),
        help="size of the pictures, for formats that do not say",
    )
    parser.add_argument("--json", action="store_true", help="write the table of people as JSON")


def run(args: Namespace) -> int:
    """Read, lift, write, and list the people."""
    from metricpose.cli.lifting import lifted_records
    from metricpose.cli.people_table import say_people
    from metricpose.inference import RayLifter
    from metricpose.io import read_people2d, write_people3d

    camera = given_camera(args)
    size = tuple(args.image_size) if args.image_size else None
    records = read_people2d(args.file, format=args.format, image_size=size, skeleton=args.skeleton, camera=camera)
    lifted = lifted_records(RayLifter.load(), records, CameraChooser(given=camera, fov_deg=args.fov))
    output = args.output or f"{args.file.rstrip('/').removesuffix('.json')}.people3d.json"
    write_people3d(output, lifted)
    say_people(lifted, output, as_json=args.json)
    return 0
