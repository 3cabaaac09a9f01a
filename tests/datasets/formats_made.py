"""Tiny files in the exact formats of benchmarks, with known people in them."""

import json
from pathlib import Path
from typing import Any

import numpy as np

CAMERA_PX = (1100.0, 1090.0, 510.0, 500.0)  # fx, fy, cx, cy


def people_mm(count: int, joints: int, seed: int = 0) -> np.ndarray:
    """People (count, joints, 3) in mm in the camera frame, some metres away, about 1.5 m large."""
    generator = np.random.default_rng(seed)
    places = generator.uniform((-1000, -300, 3000), (1000, 300, 5000), (count, 1, 3))
    return places + generator.uniform(-450, 450, (count, joints, 3))


def seen_px(points: np.ndarray, camera_px: tuple[float, ...] = CAMERA_PX) -> np.ndarray:
    """Pixels (..., 2) of points (..., 3) in any unit before a pinhole."""
    fx, fy, cx, cy = camera_px
    return points[..., :2] / points[..., 2:] * (fx, fy) + (cx, cy)


def rotation(seed: int) -> np.ndarray:
    """Some rotation (3, 3)."""
    q, r = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    q = q * np.sign(np.diagonal(r))
    return q * np.linalg.det(q)


def cells(rows: list[list[Any]]) -> np.ndarray:
    """A MATLAB cell array of these entries."""
    made = np.empty((len(rows), len(rows[0])), dtype=object)
    for i, row in enumerate(rows):
        for j, entry in enumerate(row):
            made[i, j] = entry
    return made


def structures(records: list[dict[str, Any]]) -> np.ndarray:
    """A MATLAB structure array (1, N) of these records, [] where one has no such field."""
    fields = sorted({key for record in records for key in record})
    made = np.empty((1, len(records)), dtype=[(field, object) for field in fields])
    for i, record in enumerate(records):
        for field in fields:
            made[0, i][field] = record.get(field, np.zeros((0, 0)))
    return made


def save_mat(path: Path, **variables: Any) -> Path:
    """A MAT file of version 5."""
    import scipy.io

    path.parent.mkdir(parents=True, exist_ok=True)
    scipy.io.savemat(path, variables)
    return path


def save_mat73(path: Path, **arrays: np.ndarray) -> Path:
    """A MAT file of version 7.3: HDF5, with MATLAB's axes reversed."""
    import h5py

    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name] = np.asarray(array).T
    return path


def save_json(path: Path, document: Any) -> Path:
    """JSON, with folders made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))
    return path
