"""Make virtual scenes: what a detector would see (people2d.json) and the exact truth (truth.json).

`generate people` makes pictures of virtual people with exact labels instead, in shards.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from metricpose.cli.arguments import ArgumentParser, Namespace, positive_int, share
from metricpose.cli.extras import needs_extra
from metricpose.cli.folders import made_folder
from metricpose.cli.generate_people import add_people_arguments, run_people
from metricpose.cli.output import write_json, write_line
from metricpose.cli.progress import progress

if TYPE_CHECKING:
    from metricpose.io.records import ImagePeople2D, ImagePeople3D
    from metricpose.virtual.scenes import SceneBatch

_POSES_PER_SOURCE = 20_000


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("what", nargs="?", choices=("scenes", "people"), default="scenes", help="joints, or pictures")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="where to write")
    parser.add_argument("--scenes", type=positive_int, default=100, metavar="N", help="how many (default 100)")
    parser.add_argument(
        "--split", choices=("train", "val", "test"), help="whose bodies and clips (scenes: test, people: train)"
    )
    parser.add_argument("--seed", type=int, default=0, help="the same seed makes the same scenes (default 0)")
    parser.add_argument("--child-share", type=share, default=0.12, metavar="SHARE", help="default 0.12")
    parser.add_argument("--held-out", action="store_true", help="cameras only of the bands that training leaves out")
    parser.add_argument("--no-extrinsics", action="store_true", help="people2d.json says nothing of tilt and height")
    parser.add_argument("--mocap-cache", type=Path, metavar="FILE", help="poses of mocap; else of the shipped prior")
    parser.add_argument("--json", action="store_true", help="write what was made as JSON")
    add_people_arguments(parser)


def run(args: Namespace) -> int:
    """Make the scenes and write both files, or make pictures."""
    if args.what == "people":
        return run_people(args)
    with needs_extra("making virtual scenes", "train"):
        scenes = made_scenes(args)
    from metricpose.io import write_people2d, write_people3d

    seen, truth = scene_records(scenes, with_extrinsics=not args.no_extrinsics)
    folder = made_folder(args.output)
    write_people2d(folder / "people2d.json", seen)
    write_people3d(folder / "truth.json", truth)
    made = {
        "output": str(args.output),
        "scenes": len(seen),
        "detections": sum(len(record.people) for record in seen),
        "people": sum(len(record.people) for record in truth),
    }
    if args.json:
        write_json(made)
    else:
        write_line(
            f"{made['scenes']} scenes, {made['people']} people, {made['detections']} detections in {args.output}"
        )
    return 0


def made_scenes(args: Namespace) -> "SceneBatch":
    """The scenes that the arguments ask for."""
    from metricpose.virtual.cameras import HELD_OUT_BANDS, CameraOptions
    from metricpose.virtual.scenes import SceneOptions
    from metricpose.virtual.seeded import seeded_scenes
    from metricpose.virtual.world import WorldOptions, built_world

    world = built_world(
        WorldOptions(
            split=args.split or "test",
            mocap_cache=args.mocap_cache,
            procedural_count=_POSES_PER_SOURCE,
            prior_count=_POSES_PER_SOURCE,
            seed=args.seed,
        )
    )
    cameras = CameraOptions(required=HELD_OUT_BANDS) if args.held_out else CameraOptions()
    options = SceneOptions(cameras=cameras, child_share=args.child_share)
    return seeded_scenes(args.scenes, world, options, args.seed)


def scene_records(
    scenes: "SceneBatch", *, with_extrinsics: bool
) -> tuple[list["ImagePeople2D"], list["ImagePeople3D"]]:
    """All scenes as the pictures of two files, named in order."""
    from metricpose.io.records import ImagePeople2D, ImagePeople3D
    from metricpose.virtual.scene_people import camera_of, detected_people, family_of, tags_of, true_people

    seen, truth = [], []
    for index in progress(range(len(scenes.present)), label="scenes"):
        name = f"scene_{index:06d}"
        camera = camera_of(scenes.cameras, index, with_extrinsics=True)
        told = camera_of(scenes.cameras, index, with_extrinsics=with_extrinsics)
        seen.append(ImagePeople2D(image=name, people=detected_people(scenes, index, camera), camera=told))
        extra = {"tags": tags_of(scenes, index), "family": family_of(scenes.cameras, index)}
        truth.append(ImagePeople3D(image=name, people=true_people(scenes, index, camera), extra=extra))
    return seen, truth
