"""Where REN's volume stands: before the camera, in a room, or about the people that were seen. Never about the truth.

VirtualPose (ECCV 2022), 4.2, speaks of "the 3D space in which people can freely move": a room. Its released code puts
the volume about the *true* people where there is no room; `place="people"` is what can be done without truth.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from metricpose._errors import InputError
from metricpose.geometry.camera import Camera
from metricpose.geometry.rigid import inverted, transformed
from metricpose.models.level_frame import cam_from_level
from metricpose.models.volumes import Volume, VolumeOptions

Place = Literal["ahead", "people", "world"]
_MARGIN = 1 / 8  # of the volume's side: what the median person at least keeps from its faces


@dataclass(frozen=True, kw_only=True)
class RootVolumeOptions(VolumeOptions):
    """The paper's volume, and its place.

    place: "ahead", fixed before the camera: `centre_m` is in the level frame; if None, the volume begins at the camera
        and stands on the floor, or lies about the optical axis where the camera's height is not known.
        "people": its middle is the middle of the roots as 2D people and DE say them; it stands on the floor if known.
        "world": `centre_m` and the volume's axes are the world's, for a room and a camera with `cam_from_world`.
    """

    size_m: tuple[float, float, float] = (8.0, 8.0, 2.4)
    cells: tuple[int, int, int] = (80, 80, 24)
    place: Place = "ahead"
    centre_m: tuple[float, float, float] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.place not in _CENTRES:
            raise InputError(f"REN volume: expected a place of {', '.join(_CENTRES)}, got {self.place!r}")
        needed, refused = self.place == "world", self.place == "people"
        if (needed and self.centre_m is None) or (refused and self.centre_m is not None):
            raise InputError(
                f"REN volume: place {self.place!r} does not go with centre_m {self.centre_m}; give centre_m for "
                '"world", none for "people", and as you like for "ahead"'
            )


def root_volume(options: RootVolumeOptions, camera: Camera, roots_px: Tensor, depths_m: Tensor) -> Volume:
    """The volume before one camera that shows people with roots (P, 2) px at the depths (P,) m that DE says.

    Raises InputError if it lies wholly behind the camera, or needs a world that the camera does not know.
    """
    if options.place == "world" and camera.cam_from_world is None:
        raise InputError(
            'REN volume: expected a camera with cam_from_world for place "world", got one without; calibrate it, or '
            'choose place "ahead"'
        )
    frame = camera.cam_from_world if options.place == "world" else cam_from_level(camera)
    assert frame is not None
    roots_cam = camera.unproject(*(value.detach().cpu().double().numpy() for value in (roots_px, depths_m)))
    centre = _CENTRES[options.place](options, camera, transformed(roots_cam, inverted(frame)))
    centre_cam = transformed(centre[None], frame)[0]
    _check_ahead(options, centre, centre_cam, frame[:3, :3])
    tensors = (torch.as_tensor(np.array(v), dtype=depths_m.dtype, device=depths_m.device) for v in (centre_cam, frame))
    middle, axes = tensors
    return Volume(options, middle, axes[:3, :3].contiguous())


def _check_ahead(options: VolumeOptions, centre: np.ndarray, centre_cam: np.ndarray, axes: np.ndarray) -> None:
    nearest_face = np.abs(axes[2]) @ (np.asarray(options.size_m) / 2)
    if centre_cam[2] + nearest_face <= 0:
        size, where = (" x ".join(f"{side:g}" for side in options.size_m), np.round(centre, 2).tolist())
        raise InputError(
            f"REN volume: expected cells before the camera, got a box of {size} m about {where} that lies wholly "
            "behind it; correct centre_m"
        )


def _ahead(options: RootVolumeOptions, camera: Camera, roots: np.ndarray) -> np.ndarray:
    if options.centre_m is not None:
        return np.asarray(options.centre_m, dtype=np.float64)
    _, along, high = options.size_m
    if camera.height_m is not None:
        return np.array([0.0, along / 2, high / 2])
    return cam_from_level(camera)[2, :3] * along / 2  # a row is a camera axis in the level frame


def _among(options: RootVolumeOptions, camera: Camera, roots: np.ndarray) -> np.ndarray:
    """The middle of the roots' extent, moved as far as the median person needs it to be inside."""
    if not len(roots):
        return _ahead(options, camera, roots)
    middle, half = (roots.min(0) + roots.max(0)) / 2, np.asarray(options.size_m) * (0.5 - _MARGIN)
    median = np.sort(roots, axis=0)[(len(roots) - 1) // 2]
    centre = np.clip(middle, median - half, median + half)
    if camera.height_m is not None:
        centre[2] = options.size_m[2] / 2
    return centre


def _in_room(options: RootVolumeOptions, camera: Camera, roots: np.ndarray) -> np.ndarray:
    return np.asarray(options.centre_m, dtype=np.float64)


_CENTRES: Mapping[str, Callable[[RootVolumeOptions, Camera, np.ndarray], np.ndarray]] = {
    "ahead": _ahead,
    "people": _among,
    "world": _in_room,
}
