"""Rotation matrices from the angles that mocap files hold."""

import numpy as np


def rotvec_to_rotmat(rotvec_rad: np.ndarray) -> np.ndarray:
    """Rodrigues' formula, (..., 3) -> (..., 3, 3)."""
    angle = np.linalg.norm(rotvec_rad, axis=-1)[..., None, None]
    x, y, z = np.moveaxis(rotvec_rad, -1, 0)
    zero = np.zeros_like(x)
    skew = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(*rotvec_rad.shape[:-1], 3, 3)
    # np.sinc(a / pi) = sin(a) / a, exact at 0; 1 - cos(a) = 2 sin^2(a / 2).
    half = np.sinc(angle / (2 * np.pi))
    return np.eye(3) + np.sinc(angle / np.pi) * skew + half**2 / 2 * (skew @ skew)


def euler_to_rotmat(axes: str, angles_rad: np.ndarray) -> np.ndarray:
    """first @ second @ ... for `axes` like "ZYX" and angles (..., len(axes)), about the moving axes -> (..., 3, 3)."""
    result = np.broadcast_to(np.eye(3), (*angles_rad.shape[:-1], 3, 3))
    for number, axis in enumerate(axes.upper()):
        unit = np.eye(3)["XYZ".index(axis)]
        result = result @ rotvec_to_rotmat(angles_rad[..., number, None] * unit)
    return result
