"""A picture in, people in metres out: detector, camera and lifter as one value."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from metricpose.geometry.camera import Camera
from metricpose.inference.detectors import AgrOptions, Detector, detector_named
from metricpose.inference.exif import read_exif
from metricpose.inference.intrinsics import intrinsics
from metricpose.inference.lifter import RayLifter
from metricpose.people import People3D
from metricpose.skeletons import Skeleton
from metricpose.skeletons.catalogue import COCO17


@dataclass(frozen=True, kw_only=True, eq=False)
class PoseEstimator:
    """Finds the people of a picture, and says where they are in metres in the camera's frame.

    Attributes:
        detector: finds people, in pixels.
        lifter: takes them to metres.
    """

    detector: Detector
    lifter: RayLifter

    def __call__(
        self,
        image: np.ndarray | str | Path,
        *,
        camera: Camera | None = None,
        fov_deg: float | None = None,
        exif: Mapping[str, Any] | None = None,
        name: str | None = None,
        skeleton: Skeleton | str = COCO17,
    ) -> People3D:
        """The people of one picture, by falling score.

        Args:
            image: uint8 RGB (H, W, 3), or the path of a picture, whose EXIF then tells of the camera.
            camera: a calibration; with its height and tilt, distances are several times better.
            fov_deg: horizontal field of view in degrees, where there is no calibration.
            exif: tags by name, as `metricpose.inference.exif.read_exif` gives them.
            name: of the picture, for a detector that looks people up.
            skeleton: of the people in metres, of the catalogue or one's own.

        Raises:
            FileError, InputError: the picture cannot be read, or is none; the camera is not of its size.
        """
        if isinstance(image, (str, Path)):
            from metricpose.io.image import read_image

            image, exif, name = read_image(image), exif or read_exif(image), name or str(image)
        people = self.detector(image, name=name)
        found = intrinsics(people.image_size, given=camera, exif=exif, fov_deg=fov_deg)
        return self.lifter(
            people, found.camera, camera_source=found.source, focal_sigma=found.focal_sigma, skeleton=skeleton
        )


def load(
    weights: str | Path = "base", *, detector: Detector | str | None = None, threads: int | None = None
) -> PoseEstimator:
    """An estimator that works offline, on the CPU, with the weights that the package carries.

    Args:
        weights: of our own detector: "base", "base-research" (research only), or a file.
        detector: another one in its place, or its name: "rtmlib", "mediapipe" and so on.
        threads: of ONNX Runtime; as many as there are cores if not given.

    Raises:
        FileError: there are no such weights.
        WeightsError: they are damaged, or of another network.
        InputError: there is no detector of this name.
        MissingExtraError: its package is not installed.
    """
    if detector is None or detector == "agr":
        detector = detector_named("agr", agr=AgrOptions(weights=weights, threads=threads))
    elif isinstance(detector, str):
        detector = detector_named(detector)
    return PoseEstimator(detector=detector, lifter=RayLifter.load(threads=threads))
