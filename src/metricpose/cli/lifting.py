"""Lifting of one picture of a run, with the camera chosen for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from metricpose.cli.arguments import Namespace
from metricpose.cli.cameras import CameraChooser

if TYPE_CHECKING:
    from metricpose.geometry.camera import Camera
    from metricpose.inference import ExtrinsicsDoubt, RayLifter
    from metricpose.people import People2D, People3D


@dataclass(frozen=True, kw_only=True, eq=False)
class Lifting:
    """The lifter, how cameras are chosen, and how far stated extrinsics are to be doubted."""

    lifter: "RayLifter"
    choose: CameraChooser
    doubt: "ExtrinsicsDoubt"

    @classmethod
    def of(cls, args: Namespace, given: "Camera | None") -> "Lifting":
        """What the arguments of `add_camera_arguments` ask for, with the shipped weights."""
        from metricpose.inference import ExtrinsicsDoubt, RayLifter

        tilt_deg, height = args.doubt
        doubt = ExtrinsicsDoubt(tilt_deg=tilt_deg, height=height)
        return cls(lifter=RayLifter.load(), choose=CameraChooser.of(args, given), doubt=doubt)

    def __call__(
        self, people: "People2D", *, own: "Camera | None" = None, exif: Mapping[str, Any] | None = None
    ) -> "People3D":
        """The people of one picture, whose file states the camera `own` or has the EXIF tags `exif`."""
        chosen = self.choose(people.image_size, own=own, exif=exif)
        return self.lifter(
            people,
            chosen.camera,
            camera_source=chosen.source,
            focal_sigma=chosen.focal_sigma,
            doubt=self.doubt,
        )
