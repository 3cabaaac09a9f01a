"""Fine-tune the lifter for one camera, in minutes, on virtual people made for it, and report gain and loss.

The folder of -o then holds ray_lifter.onnx (or voxel_pose.safetensors) for `lift` and `estimate` (--lifter-weights
DIR), camera.json, report.txt. Called again, it goes on where it was.
"""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metricpose._errors import InputError
from metricpose.cli.arguments import ArgumentParser, Namespace, named_path, positive_float, positive_int
from metricpose.cli.cameras import CameraChooser, add_belief_arguments, believed
from metricpose.cli.extras import needs_extra
from metricpose.cli.folders import made_folder
from metricpose.cli.kept_memory import keep_memory
from metricpose.cli.output import Faults, note, write_json, write_line

if TYPE_CHECKING:
    from metricpose.geometry.camera import Camera
    from metricpose.training.adaptation_data import Known

_QUICK_STEPS = 3


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument(
        "--camera", required=True, metavar="FILE", help="calibration (JSON, OpenCV YAML, Pose2Sim TOML)"
    )
    parser.add_argument("--camera-name", metavar="NAME", help="which camera of a file that holds several")
    size_help = "size of the pictures, for files that do not hold it, or of another scale"
    parser.add_argument("--image-size", nargs=2, type=positive_int, metavar=("W", "H"), help=size_help)
    parser.add_argument("-o", "--output", required=True, type=Path, metavar="DIR", help="where to write")
    parser.add_argument("--height", type=float, metavar="M", help="of the camera over the ground, where known")
    parser.add_argument(
        "--tilt", type=float, metavar="DEG", help="of the camera downwards, without roll, where known (up: negative)"
    )
    add_belief_arguments(parser)
    parser.add_argument(
        "--stature", metavar="M", help="of the people, where known: one number, or lowest-highest, such as 1.62-1.85"
    )
    parser.add_argument(
        "--poses", type=named_path, metavar="PATH",
        help="poses that the people take: BVH, ASF/AMC, TRC, C3D, or people3d.json/.npz; a file, or a folder of them",
    )  # fmt: skip
    parser.add_argument("--mocap-cache", type=Path, metavar="FILE", help="poses of mocap; else of the shipped prior")
    parser.add_argument(
        "--lifter-weights", type=Path, metavar="FILE", help=".safetensors to start from (default: the shipped ones)"
    )
    parser.add_argument(
        "--lifter",
        choices=("ray", "voxel"),
        default="ray",
        help="which one (default ray); voxel takes far longer to learn",
    )
    parser.add_argument("--minutes", type=positive_float, default=4.0, help="of this call, in all (default 4)")
    parser.add_argument("--steps", type=positive_int, metavar="N", help="so many in all, for the same weights again")
    parser.add_argument("--seed", type=int, default=0, help="of people, scenes and steps (default 0)")
    parser.add_argument("--device", choices=("cpu", "cuda"), help="default: cuda where there is one")
    parser.add_argument(
        "--quick", action="store_true", help=f"{_QUICK_STEPS} steps on little data: to see that it works, in seconds"
    )
    parser.add_argument("--json", action="store_true", help="write the report as JSON")


def run(args: Namespace) -> int:
    """Read what is known, adapt, and write the report; faulty files of poses are reported and left out."""
    faults = Faults()
    camera = _given_camera(args)
    stature_m = None if args.stature is None else _statures(args.stature)
    with needs_extra("adapting to a camera", "train"):
        from metricpose.models.ray_lifter_engine import device_named

        device, known = device_named(args.device), _known(args, camera, stature_m, faults)
    known.one_camera()  # its refusals come before a folder is made
    folder = made_folder(args.output)
    adapted = _adapted_voxel if args.lifter == "voxel" else _adapted_ray
    document = adapted(args, known, folder, device)
    if args.json:
        write_json(document)
    else:
        write_line((folder / "report.txt").read_text(encoding="utf-8").rstrip("\n"))
    lifter = "--lifter voxel " if args.lifter == "voxel" else ""
    note(
        f"written to {folder}: metricpose lift ... --camera {folder / 'camera.json'} {lifter}--lifter-weights {folder}"
    )
    return faults.exit_code(1)


def _adapted_ray(args: Namespace, known: "Known", folder: Path, device: Any) -> dict[str, Any]:
    from metricpose.training.adaptation import AdaptationOptions, adapted
    from metricpose.training.adaptation_data import QUICK, Sizes

    options = AdaptationOptions(
        known=known,
        weights=args.lifter_weights,
        seed=args.seed,
        minutes=args.minutes,
        steps=args.steps or (_QUICK_STEPS if args.quick else None),
        sizes=QUICK if args.quick else Sizes(),
    )
    return adapted(options, folder, device, say=note, report=_reporter(folder / "log.jsonl", args.minutes))


def _adapted_voxel(args: Namespace, known: "Known", folder: Path, device: Any) -> dict[str, Any]:
    from metricpose.training.adaptation_data import QUICK, Sizes
    from metricpose.training.voxel_adaptation import VoxelAdaptationOptions, voxel_adapted

    keep_memory()
    options = VoxelAdaptationOptions(
        known=known,
        weights=args.lifter_weights,
        seed=args.seed,
        minutes=args.minutes,
        steps=args.steps or (_QUICK_STEPS if args.quick else None),
        sizes=QUICK if args.quick else Sizes(),
        judged=8 if args.quick else 40,
    )
    return voxel_adapted(options, folder, device, say=note, report=_reporter(folder / "log.jsonl", args.minutes))


def _given_camera(args: Namespace) -> "Camera":
    """The camera of the call at the size of its pictures, with as much of its pose as is to be believed."""
    from metricpose.io import read_camera

    size = tuple(args.image_size) if args.image_size else None
    camera = read_camera(args.camera, name=args.camera_name, image_size=size)
    if size is not None:
        camera = CameraChooser().fitted(camera, size)
    (width, height), (cx, cy) = camera.image_size, camera.intrinsics_px[:2, 2]
    if not (0 <= cx < width and 0 <= cy < height):
        raise InputError(
            f"{args.camera}: expected a principal point in the picture of {width} x {height} px, got ({cx:.0f}, "
            f"{cy:.0f}); the matrix is of another picture size: correct the size in the file, or the matrix"
        )
    return believed(camera, args.extrinsics)


def _known(args: Namespace, camera: "Camera", stature_m: tuple[float, float] | None, faults: Faults) -> "Known":
    """The camera with --height and --tilt, and what is known of the people."""
    import numpy as np

    from metricpose.inference import ExtrinsicsDoubt
    from metricpose.training.adaptation_data import Known
    from metricpose.training.own_poses import read_own_poses
    from metricpose.virtual.one_camera import up_of, with_pose

    if args.height is not None and not 0 < args.height < np.inf:
        raise InputError(f"--height {args.height:g}: expected the camera's height over the ground, more than 0 m")
    if args.tilt is not None and not -90 <= args.tilt <= 90:
        raise InputError(f"--tilt {args.tilt:g}: expected degrees from -90 (straight up) to 90 (straight down)")
    up = camera.up if args.tilt is None else up_of(args.tilt)
    height = camera.height_m if args.height is None else args.height
    for name, stated in (("--height", camera.height_m), ("--tilt", camera.up)):
        if stated is not None and vars(args)[name[2:]] is not None:
            note(f"{name} replaces what {args.camera} says")
    if up is not None:
        camera = with_pose(camera, up, height)
    elif height is not None:
        note("without its tilt, the camera's height can be shown in training, but not be told to the network")
    tilt_deg, share = args.doubt
    return Known(
        camera=camera,
        doubt=ExtrinsicsDoubt(tilt_deg=tilt_deg, height=share),
        height_m=height if up is None else None,
        stature_m=stature_m,
        poses=None if args.poses is None else read_own_poses(args.poses, faults),
        mocap_cache=args.mocap_cache,
    )


def _statures(text: str) -> tuple[float, float]:
    """Lowest and highest of `1.62-1.85`, or the same twice of `1.75`."""
    low, dash, high = text.partition("-")
    try:
        bounds = float(low), float(high if dash else low)
    except ValueError:
        bounds = 0.0, 0.0
    if not 0.5 <= bounds[0] <= bounds[1] <= 2.5:
        raise InputError(
            f"--stature {text}: expected metres from 0.5 to 2.5, as one number or lowest-highest (1.75, 1.62-1.85)"
        )
    return bounds


def _reporter(log: Path, minutes: float) -> Callable[[int, Mapping[str, float]], None]:
    """Says losses and validation figures on stderr and appends them to `log`, one JSON object a line."""
    began = time.monotonic()

    def report(step: int, figures: Mapping[str, float]) -> None:
        if "total" in figures:
            what = f"loss {figures['total']:.3f}, {(time.monotonic() - began) / 60:.1f} of {minutes:g} minutes"
        else:
            what = f"validation: MRPE {figures['mrpe_mm']:.0f} mm, MPJPE {figures['mpjpe_mm']:.1f} mm"
        note(f"step {step}: {what}")
        with log.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step, **figures}) + "\n")

    return report
