"""Lifting of the pictures of one run, each with the camera chosen for it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from metricpose.cli.cameras import CameraChooser
from metricpose.cli.progress import progress

if TYPE_CHECKING:
    from metricpose.inference import ExtrinsicsDoubt, RayLifter
    from metricpose.io.records import ImagePeople2D, ImagePeople3D


def lifted_records(
    lifter: "RayLifter",
    records: Sequence["ImagePeople2D"],
    choose: CameraChooser,
    doubt_deg_height: Sequence[float] = (0.0, 0.0),
) -> list["ImagePeople3D"]:
    """Lift every picture, in order; the doubt is about the extrinsics: degrees of tilt, and relative height."""
    from metricpose.inference import ExtrinsicsDoubt

    tilt_deg, height = doubt_deg_height
    doubt = ExtrinsicsDoubt(tilt_deg=tilt_deg, height=height)
    return [lifted_record(lifter, record, choose, doubt) for record in progress(records, label="lifting")]


def lifted_record(
    lifter: "RayLifter", record: "ImagePeople2D", choose: CameraChooser, doubt: "ExtrinsicsDoubt"
) -> "ImagePeople3D":
    """Lift one picture; what else its entry held is kept."""
    from metricpose.io.records import ImagePeople3D

    chosen = choose(record.people.image_size, own=record.camera, exif=record.extra.get("exif"))
    people = lifter(
        record.people, chosen.camera, camera_source=chosen.source, focal_sigma=chosen.focal_sigma, doubt=doubt
    )
    return ImagePeople3D(image=record.image, people=people, extra=record.extra)
