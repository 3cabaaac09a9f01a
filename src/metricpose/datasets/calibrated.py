"""What readers of calibrated data sets share: their cameras, projections, and people of the size of people."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from metricpose._errors import InputError
from metricpose.geometry import Camera, Distortion
from metricpose.io.fields import numbers

METRES_PER_MM = 0.001

# A world with y up (MPI-INF-3DHP) from ours with z up: x' = x, y' = -z, z' = y.
Y_UP_FROM_Z_UP = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
Y_UP_FROM_Z_UP.setflags(write=False)

_EXTENT_M = (0.2, 8.0)
_LARGEST_MISFIT_PX = 5.0


def pinhole(
    focal_px: np.ndarray,
    centre_px: np.ndarray,
    image_size: tuple[int, int],
    *,
    distortion: Distortion | None = None,
    cam_from_world: np.ndarray | None = None,
) -> Camera:
    """The camera with the focal lengths (2,) and the principal point (2,) in pixels."""
    (fx, fy), (cx, cy) = np.ravel(focal_px), np.ravel(centre_px)
    return Camera(
        intrinsics_px=np.array([[fx, 0.0, cx], [0.0, fy, cy], [0.0, 0.0, 1.0]]),
        image_size=image_size,
        distortion=distortion,
        cam_from_world=cam_from_world,
    )


def fitted_pinhole(points_cam: np.ndarray, points_px: np.ndarray, image_size: tuple[int, int], where: str) -> Camera:
    """The pinhole that best takes points (N, 3) in metres to pixels (N, 2), for data sets that ship no calibration.

    u = fx x / z + cx is linear in fx and cx, and likewise for v: two lines of least squares. Points that are NaN or
    behind the camera are left out. InputError: too few points, or more than 5 px to their pixels (median).
    """
    usable = np.isfinite(points_cam).all(-1) & np.isfinite(points_px).all(-1) & (points_cam[..., 2] > 0)
    points, pixels = points_cam[usable], points_px[usable]
    if len(points) < 4:
        raise InputError(f"{where}: expected 4 or more joints in 2D and 3D to find the camera from, got {len(points)}")
    norm = points[:, :2] / points[:, 2:]
    lines = [_line(norm[:, axis], pixels[:, axis]) for axis in (0, 1)]
    focal, centre = np.array(lines).T
    misfit = float(np.median(np.linalg.norm(norm * focal + centre - pixels, axis=-1)))
    if not (misfit <= _LARGEST_MISFIT_PX and (focal > 0).all()):
        raise InputError(
            f"{where}: expected 2D joints that are projections of the 3D ones, got {misfit:.4g} px between"
        )
    return pinhole(focal, centre, image_size)


def _line(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Slope and offset of y over x by least squares."""
    return np.linalg.lstsq(np.stack([x, np.ones_like(x)], axis=1), y, rcond=None)[0]


def projected(camera: Camera, joints_cam: np.ndarray) -> np.ndarray:
    """Joints (..., 3) in metres as pixels (..., 2): NaN where not stated, or not before the camera."""
    known = np.asarray(np.isfinite(joints_cam).all(axis=-1))
    px, seen = camera.project(np.where(known[..., None], joints_cam, 1.0))
    return np.where((known & seen)[..., None], px, np.nan)


def centred_boxes(centres_px: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """Boxes (P, 4) of MPII's person centres (P, 2) and scales (P,): squares with sides of 200 px times the scale."""
    half = 100.0 * np.asarray(scales)[..., None]
    return np.concatenate([centres_px - half, centres_px + half], axis=-1)


def corner_boxes(boxes_xywh: np.ndarray) -> np.ndarray:
    """Boxes (P, 4) x, y, w, h as x0, y0, x1, y1."""
    boxes = np.asarray(boxes_xywh, dtype=np.float64).reshape(-1, 4)
    return np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)


def flags(values: Sequence[Any], count: int, what: str) -> np.ndarray:
    """`count` numbers or booleans, nested or not, as (count,) bool: what is above 0. InputError for anything else."""
    flat = [entry for row in values for entry in (row if isinstance(row, list) else [row])]
    return numbers([int(entry) if isinstance(entry, bool) else entry for entry in flat], (count,), what) > 0


def check_metres(joints: np.ndarray, where: str) -> None:
    """InputError where the people (N, J, 3) are typically not of the size of people: the file is in another unit.

    The size is the diagonal of the box round the joints; the typical one is the median. NaN joints are left out.
    """
    known = np.asarray(np.isfinite(joints).all(axis=-1, keepdims=True))
    people = known[..., 0].any(axis=1)
    if not people.any():
        return
    top = np.where(known, joints, -np.inf).max(axis=1)[people]
    bottom = np.where(known, joints, np.inf).min(axis=1)[people]
    extent = float(np.median(np.linalg.norm(top - bottom, axis=-1)))
    if not _EXTENT_M[0] <= extent <= _EXTENT_M[1]:
        raise InputError(
            f"{where}: expected people of about 1 to 2 m, got {extent:.4g} m typically; "
            "is the file in the unit in which its owners ship it?"
        )


def check_once(values: Sequence[object], where: str) -> None:
    """InputError where one of the values stands twice; `where` says what they are."""
    seen: set[object] = set()
    for value in values:
        if value in seen:
            raise InputError(f"{where}: expected each once, got {value!r} again; remove one of the two")
        seen.add(value)
