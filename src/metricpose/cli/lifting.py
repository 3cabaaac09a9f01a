"""Lifting of one picture of a run, with the camera chosen for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metricpose.cli.arguments import ArgumentParser, Namespace, named_path
from metricpose.cli.cameras import CameraChooser, add_camera_arguments

if TYPE_CHECKING:
    from metricpose.geometry.camera import Camera
    from metricpose.inference import ExtrinsicsDoubt, RayLifter
    from metricpose.people import People2D, People3D


def add_lifting_arguments(parser: ArgumentParser) -> None:
    """Declare what names the camera, and --lifter-weights."""
    add_camera_arguments(parser)
    parser.add_argument(
        "--lifter-weights",
        type=named_path,
        metavar="FILE",
        help="ray_lifter.onnx (or .safetensors, with torch) or the folder that `metricpose adapt` wrote",
    )


def loaded_lifter(weights: str | None) -> "RayLifter":
    """The shipped lifter, or that of --lifter-weights: a file by its suffix, or the ONNX file of a folder."""
    from metricpose.inference import RayLifter

    if weights is None:
        return RayLifter.load()
    path = Path(weights)
    path = path / "ray_lifter.onnx" if path.is_dir() else path
    return RayLifter.load(path, engine="torch" if path.suffix == ".safetensors" else "onnx")


@dataclass(frozen=True, kw_only=True, eq=False)
class Lifting:
    """The lifter, how cameras are chosen, and how far stated extrinsics are to be doubted.

    `made_for` is the camera that the lifter was adapted to, if it was; another one is warned of, once.
    """

    lifter: "RayLifter"
    choose: CameraChooser
    doubt: "ExtrinsicsDoubt"
    made_for: "Camera | None" = None

    @classmethod
    def of(cls, args: Namespace, given: "Camera | None") -> "Lifting":
        """What the arguments of `add_lifting_arguments` ask for."""
        from metricpose.inference import ExtrinsicsDoubt
        from metricpose.inference.adapted import camera_adapted_to

        tilt_deg, height = args.doubt
        doubt = ExtrinsicsDoubt(tilt_deg=tilt_deg, height=height)
        lifter = loaded_lifter(args.lifter_weights)
        made_for = None if args.lifter_weights is None else camera_adapted_to(lifter.facts)
        return cls(lifter=lifter, choose=CameraChooser.of(args, given), doubt=doubt, made_for=made_for)

    def __call__(
        self, people: "People2D", *, own: "Camera | None" = None, exif: Mapping[str, Any] | None = None
    ) -> "People3D":
        """The people of one picture, whose file states the camera `own` or has the EXIF tags `exif`."""
        chosen = self.choose(people.image_size, own=own, exif=exif)
        self._check_made_for(chosen.camera)
        return self.lifter(
            people,
            chosen.camera,
            camera_source=chosen.source,
            focal_sigma=chosen.focal_sigma,
            doubt=self.doubt,
        )

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
