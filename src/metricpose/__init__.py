"""Metric 3D people from one camera: 2D people and a camera in, people in metres in the camera frame out."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from metricpose._errors import FileError, InputError, MetricposeError, MissingExtraError, WeightsError

if TYPE_CHECKING:
    from metricpose.geometry import BrownConrady, Camera, Fisheye
    from metricpose.inference import PoseEstimator, RayLifter, load
    from metricpose.io import read_image
    from metricpose.people import People2D, People3D
    from metricpose.skeletons import Skeleton, skeleton_named

__version__ = "0.1.0"

__all__ = [
    "BrownConrady",
    "Camera",
    "FileError",
    "Fisheye",
    "InputError",
    "MetricposeError",
    "MissingExtraError",
    "People2D",
    "People3D",
    "PoseEstimator",
    "RayLifter",
    "Skeleton",
    "WeightsError",
    "load",
    "read_image",
    "skeleton_named",
]

# Looked up on first use, so that `import metricpose` stays cheap: numpy alone takes longer than all the rest.
_LAZY = {
    "BrownConrady": "metricpose.geometry",
    "Camera": "metricpose.geometry",
    "Fisheye": "metricpose.geometry",
    "People2D": "metricpose.people",
    "People3D": "metricpose.people",
    "PoseEstimator": "metricpose.inference",
    "RayLifter": "metricpose.inference",
    "Skeleton": "metricpose.skeletons",
    "load": "metricpose.inference",
    "read_image": "metricpose.io",
    "skeleton_named": "metricpose.skeletons",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_LAZY[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
