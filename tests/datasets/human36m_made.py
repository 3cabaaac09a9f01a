"""Two cameras of Human3.6M in each of the files in which they go about."""

import pickle

import numpy as np

from metricpose.datasets.human36m_cameras import CAMERA_IDS
from tests.datasets.formats_made import rotation, save_json

IDS = CAMERA_IDS[:2]
TURNS = {name: rotation(i) for i, name in enumerate(IDS)}  # camera from world
PLACES_M = {name: np.array([1.0 + i, 4.0, 1.5]) for i, name in enumerate(IDS)}
LENS = {"f": (1145.0, 1144.0), "c": (512.5, 515.5), "k": (-0.2, 0.25, -0.003), "p": (-0.0014, -0.001)}


def column(values):
    """(N, 1), as these files have it."""
    return np.array(values, dtype=np.float64).reshape(-1, 1)


def save_cameras_h5(path, metres=False):
    """Martinez's cameras.h5 of subject 9; `metres` in the wrong unit."""
    import h5py

    with h5py.File(path, "w") as file:
        for number, name in enumerate(IDS, start=1):
            group = file.create_group(f"subject9/camera{number}")
            group["R"] = TURNS[name].T  # MATLAB's axes, reversed by HDF5
            group["T"] = column(PLACES_M[name] * (1 if metres else 1000))
            for key, values in LENS.items():
                group[key] = column(values)
            group["Name"] = np.array([[ord(letter)] for letter in name], dtype=np.uint16)
    return path


def save_cameras_pickle(path):
    """mmpose's cameras.pkl."""
    cameras = {
        ("S9", name): {
            "R": TURNS[name].T,
            "T": column(PLACES_M[name]),
            **{key: column(values) for key, values in LENS.items()},
            "w": 1000,
            "h": 1002 if name == "54138969" else 1000,
            "name": "camera",
            "id": name,
        }
        for name in IDS
    }
    path.write_bytes(pickle.dumps(cameras))
    return path


def save_cameras_json(path):
    """camera-parameters.json."""
    (fx, fy), (cx, cy), (k1, k2, k3), (p1, p2) = LENS.values()
    lens = {"calibration_matrix": [[fx, 0, cx], [0, fy, cy], [0, 0, 1]], "distortion": [k1, k2, p1, p2, k3]}
    places = {
        name: {"R": TURNS[name].tolist(), "t": (-1000 * TURNS[name] @ PLACES_M[name])[:, None].tolist()} for name in IDS
    }
    return save_json(path, {"intrinsics": dict.fromkeys(IDS, lens), "extrinsics": {"S9": places}})
