"""One camera: what it is, how it projects, and its cropped, resized, flipped and undistorted versions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self, cast

import numpy as np

from metricpose._errors import InputError
from metricpose.geometry.arrays import Array, floating, is_array, like, namespace
from metricpose.geometry.distortion import BrownConrady, Distortion, Fisheye, project_pinhole
from metricpose.geometry.rays import norm_from_px, px_from_norm, rays_through
from metricpose.geometry.rigid import rigidity_fault


@dataclass(frozen=True, kw_only=True, eq=False)
class Camera:
    """A camera in the frame x right, y down, z forward; the centre of the top-left pixel is (0, 0).

    Attributes:
        intrinsics_px: (3, 3) upper triangular, fx, fy > 0; skew is allowed.
        image_size: width, height in pixels.
        distortion: of the lens, on the plane z = 1; None for a pinhole.
        cam_from_world: (4, 4) rigid, metres; the world is right-handed with z up. None where it is not known.
        up_cam: (3,) unit vector, away from the ground, in the camera frame; for a camera whose tilt is known but
            not its place. `cam_from_world` comes first where both are given (see `up`).

    Raises:
        InputError: a value is malformed; the text says which, and mirrored or singular matrices are named.
    """

    intrinsics_px: np.ndarray
    image_size: tuple[int, int]
    distortion: Distortion | None = None
    cam_from_world: np.ndarray | None = None
    up_cam: np.ndarray | None = None

    def __post_init__(self) -> None:
        checked = {
            "intrinsics_px": _checked_intrinsics(self.intrinsics_px),
            "image_size": checked_image_size(self.image_size),
            "cam_from_world": None if self.cam_from_world is None else _checked_extrinsics(self.cam_from_world),
            "up_cam": None if self.up_cam is None else _checked_up(self.up_cam),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        if not isinstance(self.distortion, BrownConrady | Fisheye | None):
            got = type(self.distortion).__name__
            raise InputError(f"camera distortion: expected BrownConrady, Fisheye or None, got {got}")

    @classmethod
    def from_focal(cls, image_size: tuple[int, int], focal_px: float | tuple[float, float]) -> Self:
        """A pinhole with the given focal length (one number, or fx and fy) that looks through the picture's centre."""
        width, height = checked_image_size(image_size)
        fx, fy = np.broadcast_to(np.asarray(focal_px, dtype=np.float64), (2,))
        intrinsics_px = np.array([[fx, 0.0, (width - 1) / 2], [0.0, fy, (height - 1) / 2], [0.0, 0.0, 1.0]])
        return cls(intrinsics_px=intrinsics_px, image_size=(width, height))

    @classmethod
    def from_fov(cls, image_size: tuple[int, int], fov_deg: float, axis: Literal["x", "y", "diagonal"] = "x") -> Self:
        """A pinhole with the given field of view in degrees, across the width, the height or the diagonal."""
        width, height = checked_image_size(image_size)
        sides = {"x": float(width), "y": float(height), "diagonal": float(np.hypot(width, height))}
        if axis not in sides:
            raise InputError(f"field of view axis: expected 'x', 'y' or 'diagonal', got {axis!r}")
        if not 0.0 < float(fov_deg) < 180.0:
            raise InputError(f"field of view: expected more than 0 and less than 180 degrees, got {fov_deg}")
        return cls.from_focal((width, height), 0.5 * sides[axis] / float(np.tan(np.deg2rad(fov_deg) / 2)))

    @property
    def focal_px(self) -> tuple[float, float]:
        """fx, fy."""
        return float(self.intrinsics_px[0, 0]), float(self.intrinsics_px[1, 1])

    @property
    def fov_deg(self) -> tuple[float, float]:
        """Field of view across the width and the height of a pinhole with this focal length, in degrees."""
        halves = np.asarray(self.image_size) / (2.0 * np.asarray(self.focal_px))
        across, down = 2.0 * np.rad2deg(np.arctan(halves))
        return float(across), float(down)

    @property
    def up(self) -> np.ndarray | None:
        """The world's up (3,) in the camera frame: from `cam_from_world`, else `up_cam`; None if neither is known."""
        if self.cam_from_world is None:
            return self.up_cam
        column = self.cam_from_world[:3, 2]
        return column / np.linalg.norm(column)

    @property
    def centre_world(self) -> np.ndarray | None:
        """Where the camera stands in the world (3,), metres; None without `cam_from_world`."""
        if self.cam_from_world is None:
            return None
        return -self.cam_from_world[:3, :3].T @ self.cam_from_world[:3, 3]

    @property
    def height_m(self) -> float | None:
        """Height of the camera above the world's z = 0; None without `cam_from_world`."""
        centre = self.centre_world
        return None if centre is None else float(centre[2])

    def project(self, points_cam: Array) -> tuple[Array, Array]:
        """Pixels (..., 2) of points (..., 3) in metres, and whether the camera can see in their direction (...,).

        The flag is False for points behind the camera and for those outside the lens model's valid cone (where its
        polynomial folds back); their pixels are finite and mean nothing. The border of the picture is not looked at.
        """
        points_cam = floating(points_cam)
        seen, in_front = (project_pinhole if self.distortion is None else self.distortion.project)(points_cam)
        return px_from_norm(seen, like(self.intrinsics_px, seen)), in_front

    def rays(self, px: Array) -> Array:
        """Rays (..., 3) with z = 1 through pixels (..., 2), distortion removed.

        Where the lens model does not reach, the ray at its edge is given: `rays_marked` tells which.
        """
        return self.rays_marked(px)[0]

    def rays_marked(self, px: Array) -> tuple[Array, Array]:
        """As `rays`, with a flag (...,) that is False where the lens model does not reach the pixel."""
        px = floating(px)
        xp = namespace(px)
        norm = norm_from_px(px, like(self.intrinsics_px, px))
        if self.distortion is None:
            return rays_through(norm), xp.ones_like(norm[..., 0]) > 0
        norm, valid = self.distortion.undistort(norm)
        return rays_through(norm), valid

    def unproject(self, px: Array, depth: Array) -> Array:
        """Points (..., 3) in metres on the rays of pixels (..., 2) at the depth z (...,) in metres."""
        rays = self.rays(px)
        depth = depth if is_array(depth) else like(depth, rays)
        return rays * depth[..., None]

    def replaced(self, **changes: Any) -> Self:
        """The camera with some fields changed, and checked again."""
        return replace(self, **changes)

    def cropped(self, box: Sequence[float] | np.ndarray) -> Self:
        """The camera of the picture cut to x0, y0, x1, y1, as the slice [y0:y1, x0:x1] does.

        A box with fractions stands for resampling: pixel (0, 0) of the crop lies at (x0, y0), and the size is
        rounded. The box may reach beyond the picture.
        """
        corners = np.asarray(box, dtype=np.float64)
        if corners.shape != (4,) or not np.all(np.isfinite(corners)):
            raise InputError(f"crop box: expected four finite numbers x0, y0, x1, y1, got {np.asarray(box).tolist()}")
        width, height = np.rint(corners[2:] - corners[:2]).astype(int)
        if width < 1 or height < 1:
            raise InputError(f"crop box: expected x1 > x0 and y1 > y0 by a pixel or more, got {corners.tolist()}")
        intrinsics_px = np.array(self.intrinsics_px)
        intrinsics_px[:2, 2] -= corners[:2]
        return self.replaced(intrinsics_px=intrinsics_px, image_size=(int(width), int(height)))

    def resized(self, size: tuple[int, int]) -> Self:
        """The camera of the picture resampled to width, height: c' = s (c + 0.5) - 0.5 on each axis."""
        size = checked_image_size(size)
        scale = np.asarray(size) / np.asarray(self.image_size)
        intrinsics_px = np.array(self.intrinsics_px)
        intrinsics_px[:2, 2] += 0.5
        intrinsics_px[:2] *= scale[:, None]
        intrinsics_px[:2, 2] -= 0.5
        return self.replaced(intrinsics_px=intrinsics_px, image_size=size)

    def flipped(self) -> Self:
        """The camera of the mirrored picture, c' = W - 1 - c: points in its frame have the other sign of x.

        A mirrored camera in the same world would be no rigid motion, so `cam_from_world` then speaks of the world
        mirrored in its own x: height and tilt are kept, and flipping twice is the identity.
        """
        intrinsics_px = np.array(self.intrinsics_px)
        intrinsics_px[0, 1] *= -1.0
        intrinsics_px[0, 2] = self.image_size[0] - 1 - intrinsics_px[0, 2]
        mirror = np.array([-1.0, 1.0, 1.0, 1.0])
        extrinsics = self.cam_from_world
        return self.replaced(
            intrinsics_px=intrinsics_px,
            distortion=None if self.distortion is None else self.distortion.flipped(),
            cam_from_world=None if extrinsics is None else mirror[:, None] * extrinsics * mirror,
            up_cam=None if self.up_cam is None else self.up_cam * mirror[:3],
        )

    def undistorted(self) -> Self:
        """The pinhole with the same matrix, for a picture from which the distortion was removed."""
        return self.replaced(distortion=None)


def checked_image_size(image_size: Any) -> tuple[int, int]:
    """Width and height as two positive ints, or InputError."""
    try:
        width, height = image_size
        if int(width) == width > 0 and int(height) == height > 0:
            return int(width), int(height)
    except (TypeError, ValueError, OverflowError):
        pass
    raise InputError(f"image size: expected two positive whole numbers (width, height), got {image_size!r}")


def _frozen(values: Any, shape: tuple[int, ...], what: str) -> np.ndarray:
    """A read-only float64 copy of the given shape with finite entries."""
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{what}: expected numbers of shape {shape}, got {type(values).__name__}") from None
    if array.shape != shape:
        raise InputError(f"{what}: expected shape {shape}, got {array.shape}")
    if not np.all(np.isfinite(array)):
        raise InputError(f"{what}: expected finite numbers, got NaN or infinity; check the calibration")
    array.setflags(write=False)
    return array


def _checked_intrinsics(values: Any) -> np.ndarray:
    matrix = _frozen(values, (3, 3), "camera matrix")
    if not np.allclose(matrix[2], (0.0, 0.0, 1.0), atol=1e-9) or matrix[1, 0] != 0.0:
        rows = np.round(matrix, 3).tolist()
        raise InputError(
            f"camera matrix: expected [[fx, s, cx], [0, fy, cy], [0, 0, 1]], got {rows}; correct the matrix"
        )
    focal = matrix[0, 0], matrix[1, 1]
    if min(focal) <= 0.0:
        fault = "singular" if 0.0 in focal else "mirrored"
        raise InputError(
            f"camera matrix: expected fx > 0 and fy > 0, got fx = {focal[0]:g}, fy = {focal[1]:g} ({fault}); "
            "use the matrix of the picture as it was taken"
        )
    return matrix


def _checked_extrinsics(values: Any) -> np.ndarray:
    matrix = _frozen(values, (4, 4), "cam_from_world")
    fault = rigidity_fault(matrix)
    if fault is not None:
        raise InputError(
            f"cam_from_world: expected a rigid motion (4, 4) in metres, but {fault}; correct it, or leave it out"
        )
    return matrix


def _checked_up(values: Any) -> np.ndarray:
    vector = _frozen(values, (3,), "up_cam")
    length = float(np.linalg.norm(vector))
    if abs(length - 1.0) > 1e-3:
        raise InputError(f"up_cam: expected a unit vector, got length {length:.4g}; divide it by its length")
    unit = cast(np.ndarray, vector / length)
    unit.setflags(write=False)
    return unit
