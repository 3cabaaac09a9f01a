"""Lifting of the pictures of one run, each with the camera chosen for it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from metricpose.cli.cameras import CameraChooser
from metricpose.cli.progress import progress

if TYPE_CHECKING:
    from metricpose.inference import RayLifter
    from metricpose.io.records import ImagePeople2D, ImagePeople3D


def lifted_records(
    lifter: "RayLifter", records: Sequence["ImagePeople2D"], choose: CameraChooser
) -> list["ImagePeople3D"]:
    """Lift every picture, in order."""
    return [lifted_record(lifter, record, choose) for record in progress(records, label="lifting")]


def lifted_record(lifter: "RayLifter", record: "ImagePeople2D", choose: CameraChooser) -> "ImagePeople3D":
    """Lift one picture; what else its entry held is kept."""
    from metricpose.io.records import ImagePeople3D

    chosen = choose(record.people.image_size, own=record.camera)
    people = lifter(record.people, chosen.camera, camera_source=chosen.source, focal_sigma=chosen.focal_sigma)
    return ImagePeople3D(image=record.image, people=people, extra=record.extra)
