"""What calibration files of other programs have in common."""

from typing import Any

import numpy as np

from metricpose._errors import InputError
from metricpose.geometry import BrownConrady, Distortion, Fisheye
from metricpose.geometry.rigid import rigid, rigidity_fault


def rotation_of(rotvec: np.ndarray) -> np.ndarray:
    """The rotation (3, 3) about the axis `rotvec` (3,) by its length in radians (Rodrigues' formula)."""
    angle = float(np.linalg.norm(rotvec))
    if angle < 1e-12:
        return np.eye(3)
    x, y, z = rotvec / angle
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.eye(3) + np.sin(angle) * cross + (1.0 - np.cos(angle)) * cross @ cross


def motion_of(rotation: np.ndarray, translation: np.ndarray) -> np.ndarray:
    """The transform (4, 4) of a rotation matrix (3, 3) and a translation (3,); text files round the matrix.

    InputError where the matrix is no rotation, or is mirrored.
    """
    motion = rigid(rotation, translation)
    fault = rigidity_fault(motion, tolerance=1e-2)
    if fault is not None:
        raise InputError(f"rotation and translation: expected a rigid motion, but {fault}; check the calibration")
    left, _, right = np.linalg.svd(rotation)
    return rigid(left @ right, translation)


def lens_of(coefficients: np.ndarray, *, fisheye: bool) -> Distortion | None:
    """The distortion of coefficients in OpenCV's order; None where Brown-Conrady coefficients are all 0."""
    values = tuple(float(value) for value in np.ravel(coefficients))
    if fisheye:
        return Fisheye(values)
    if not any(values):
        return None
    return BrownConrady(values + (0.0,) * (4 - len(values)))


def first_of(document: dict[str, Any], keys: tuple[str, ...]) -> Any:
    """The value under the first of the keys that is there, whatever its case; None where none is."""
    lowered = {str(key).lower(): value for key, value in document.items()}
    return next((lowered[key.lower()] for key in keys if lowered.get(key.lower()) is not None), None)
