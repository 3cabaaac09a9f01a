"""Lifting of one picture of a run, with the camera chosen for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from metricpose._errors import InputError
from metricpose.cli.arguments import ArgumentParser, Namespace, named_path
from metricpose.cli.cameras import CameraChooser, add_camera_arguments
from metricpose.cli.kept_memory import keep_memory

if TYPE_CHECKING:
    from metricpose.geometry.camera import Camera
    from metricpose.inference import RayLifter
    from metricpose.inference.voxel import VoxelLifter
    from metricpose.people import People2D, People3D
    from metricpose.people.people3d import CameraSource
    from metricpose.skeletons import Skeleton


class Lift(Protocol):
    """2D people of one picture to people in metres."""

    def __call__(
        self, people: "People2D", camera: "Camera", *, camera_source: "CameraSource", focal_sigma: float
    ) -> "People3D": ...


def add_lifting_arguments(parser: ArgumentParser) -> None:
    """Declare what names the camera, --lifter, --lifter-weights and --to."""
    add_camera_arguments(parser)
    parser.add_argument(
        "--lifter",
        choices=("ray", "voxel"),
        default="ray",
        help="ray (default), or voxel: VirtualPose's second stage, for comparison; slower, needs the extra [train]",
    )
    parser.add_argument(
        "--lifter-weights",
        type=named_path,
        metavar="FILE",
        help="ray_lifter.onnx (or .safetensors, with torch) or the folder that `metricpose adapt` wrote; for the voxel "
        "lifter voxel_pose.safetensors",
    )
    parser.add_argument("--to", metavar="NAME", help="skeleton of the people in metres (default coco17)")


def loaded_lifter(weights: str | None) -> "RayLifter":
    """The shipped lifter, or that of --lifter-weights: a file by its suffix, or the ONNX file of a folder."""
    from metricpose.inference import RayLifter

    if weights is None:
        return RayLifter.load()
    path = Path(weights)
    path = path / "ray_lifter.onnx" if path.is_dir() else path
    return RayLifter.load(path, engine="torch" if path.suffix == ".safetensors" else "onnx")


def _voxel_lifter(args: Namespace) -> "VoxelLifter":
    if any(args.doubt):
        raise InputError(
            "--doubt: expected none with --lifter voxel, which takes a camera's pose as exact; leave it out, or use "
            "--extrinsics none"
        )
    from metricpose.inference.voxel import SHIPPED, VoxelLifter

    keep_memory()
    path = None if args.lifter_weights is None else Path(args.lifter_weights)
    return VoxelLifter.load(path / SHIPPED if path is not None and path.is_dir() else path)


def _converted(lift: Lift, skeleton: "Skeleton") -> Lift:
    """A lifter of COCO-17 whose answer is converted."""

    def converted(
        people: "People2D", camera: "Camera", *, camera_source: "CameraSource", focal_sigma: float
    ) -> "People3D":
        return lift(people, camera, camera_source=camera_source, focal_sigma=focal_sigma).to(skeleton)

    return converted


@dataclass(frozen=True, kw_only=True, eq=False)
class Lifting:
    """The lifter, with how far stated extrinsics are to be doubted, and how cameras are chosen.

    `made_for` is the camera that the lifter was adapted to, if it was; another one is warned of, once.
    """

    lift: Lift
    choose: CameraChooser
    made_for: "Camera | None" = None

    @classmethod
    def of(cls, args: Namespace, given: "Camera | None") -> "Lifting":
        """What the arguments of `add_lifting_arguments` ask for."""
        choose = CameraChooser.of(args, given)
        from metricpose.inference.adapted import camera_adapted_to
        from metricpose.skeletons import skeleton_named

        skeleton = None if args.to is None else skeleton_named(args.to)
        if args.lifter == "voxel":
            voxel = _voxel_lifter(args)
            lift = voxel if skeleton is None else _converted(voxel, skeleton)
            return cls(lift=lift, choose=choose, made_for=camera_adapted_to(voxel.facts))
        from metricpose.inference import ExtrinsicsDoubt

        tilt_deg, height = args.doubt
        doubt = ExtrinsicsDoubt(tilt_deg=tilt_deg, height=height)
        lifter = loaded_lifter(args.lifter_weights)
        made_for = None if args.lifter_weights is None else camera_adapted_to(lifter.facts)
        asked = {} if skeleton is None else {"skeleton": skeleton}
        return cls(lift=partial(lifter, doubt=doubt, **asked), choose=choose, made_for=made_for)

    def __call__(
        self, people: "People2D", *, own: "Camera | None" = None, exif: Mapping[str, Any] | None = None
    ) -> "People3D":
        """The people of one picture, whose file states the camera `own` or has the EXIF tags `exif`."""
        chosen = self.choose(people.image_size, own=own, exif=exif)
        self._check_made_for(chosen.camera)
        return self.lift(people, chosen.camera, camera_source=chosen.source, focal_sigma=chosen.focal_sigma)

    def _check_made_for(self, camera: "Camera") -> None:
        if self.made_for is None:
            return
        from metricpose.inference.adapted import departures

        found = departures(camera, self.made_for)
        if found:
            self.choose.warn_once(
                f"--lifter-weights was adapted to another camera; this one has {', '.join(found)}: use the shipped "
                "weights, or adapt to this one",
                about="another camera",
            )
