"""What the caller adds to files that do not say everything themselves."""

from collections.abc import Mapping
from dataclasses import dataclass

from metricpose._errors import InputError
from metricpose.geometry import Camera
from metricpose.skeletons import CATALOGUE, Skeleton


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """Picture size, skeleton and camera for formats of 2D people that do not state them."""

    image_size: tuple[int, int] | None = None
    skeleton: Skeleton | None = None
    camera: Camera | None = None
    order_of_25: str | None = None  # skeleton of OpenPose's 25 joints, where other files have told it

    def size(self, stated: tuple[int, int] | None = None) -> tuple[int, int]:
        """The picture's size: as the file states it, else as the caller does, else the camera's."""
        if stated is not None:
            return stated
        if self.image_size is not None:
            return self.image_size
        if self.camera is not None:
            return self.camera.image_size
        raise InputError(
            "picture size: expected width and height, got none (this format does not hold them); "
            "give image_size (--image-size W H) or a camera (--camera FILE)"
        )

    def skeleton_for(self, joints: int, by_count: Mapping[int, tuple[str, int]]) -> tuple[Skeleton, int]:
        """The skeleton of persons with so many joints, and how many of the first ones to take.

        `by_count` has, for each count that the format is known to write, the skeleton's name and that number. A
        skeleton given by the caller must have the count, or be the one that stands there.
        """
        usual = by_count.get(joints)
        given = self.skeleton
        if given is not None:
            if len(given) == joints or (usual is not None and usual[0] == given.name):
                return given, len(given)
            raise InputError(f"joints: expected {len(given)} ({given.name}), got {joints}; name the right skeleton")
        if usual is None:
            known = ", ".join(f"{count} ({name})" for count, (name, _) in sorted(by_count.items()))
            raise InputError(f"joints: expected {known}, got {joints}; name their skeleton (--skeleton NAME)")
        return CATALOGUE[usual[0]], usual[1]
