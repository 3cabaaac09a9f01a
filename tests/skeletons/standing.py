"""A person who stands facing +x (y left, z up), in metres: one body's measured points."""

import numpy as np

from metricpose.skeletons import Skeleton

_LEFT = {
    "eye": (0.141, 0.032, 0.906), "ear": (0.054, 0.078, 0.885), "shoulder": (0.019, 0.175, 0.675),
    "elbow": (0.037, 0.365, 0.45), "wrist": (0.207, 0.503, 0.304), "hip": (0.025, 0.1, 0.136),
    "knee": (0.034, 0.157, -0.291), "ankle": (0.009, 0.198, -0.718), "big_toe": (0.22, 0.177, -0.798),
    "small_toe": (0.18, 0.241, -0.801), "heel": (-0.03, 0.201, -0.78),
}  # fmt: skip
_PLACES = {
    "nose": (0.164, 0.0, 0.873), "mid_hip": (0.025, 0.0, 0.136), "mid_shoulder": (0.019, 0.0, 0.675),
    "head_top": (0.057, 0.0, 1.019), "halpe_head": (0.057, 0.0, 1.019), "halpe_neck": (0.013, 0.0, 0.714),
    "upper_neck": (0.027, 0.0, 0.79),
    **{f"left_{name}": place for name, place in _LEFT.items()},
    **{f"right_{name}": (x, -y, z) for name, (x, y, z) in _LEFT.items()},
}  # fmt: skip


def standing(skeleton: Skeleton) -> np.ndarray:
    """Joints (J, 3); the skeleton's points must be among the places above."""
    return np.array([_PLACES[name] for name in skeleton.canonical])
