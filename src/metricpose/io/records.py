"""What files of people hold: one record for each picture."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from metricpose._errors import InputError
from metricpose.geometry import Camera
from metricpose.people import People2D, People3D


@dataclass(frozen=True, kw_only=True, eq=False)
class ImagePeople2D:
    """The people of one picture, in pixels.

    Attributes:
        image: name of the picture, as the file gives it.
        people: the people in it.
        camera: the camera that the file states for it, or None.
        extra: what else the file says about the picture; JSON values under keys that the schema does not use.
    """

    image: str
    people: People2D
    camera: Camera | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_name(self.image)


@dataclass(frozen=True, kw_only=True, eq=False)
class ImagePeople3D:
    """The people of one picture, in metres in its camera's frame.

    Attributes:
        image: name of the picture.
        people: the people in it, with their camera.
        extra: what else is to be said about the picture; JSON values under keys that the schema does not use.
    """

    image: str
    people: People3D
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_name(self.image)


def _check_name(image: object) -> None:
    if not isinstance(image, str) or not image:
        raise InputError(f"image: expected the name of a picture, got {image!r:.60}")
