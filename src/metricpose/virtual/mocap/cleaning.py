"""What recorded clips need before anyone learns from them: broken frames out, heads levelled, standstill thinned."""

import numpy as np
from scipy.spatial.transform import Rotation

from metricpose.virtual.mocap.folder import RigClip
from metricpose.virtual.rig import NODES

_CHEST, _HEAD = NODES.index("chest"), NODES.index("head")
_HANDS = {NODES.index(f"{side}_hand"): NODES.index(f"{side}_forearm") for side in ("left", "right")}
_LIVELY = tuple(i for i, node in enumerate(NODES) if "hand" in node or "toes" in node)

MAX_STEP_DEG = 50.0
"""A part that turns by more between two frames (30 fps) is a solver's flip: sprinting shins reach about 30."""

MAX_LIVELY_STEP_DEG = 80.0
"""The same for hands and toes, whose markers are few."""

MAX_WRIST_DEG = 85.0
"""Angle between hand and forearm beyond which no wrist goes."""

HEAD_RAISED_DEG = 10.0
"""CMU heads hang by 16 degrees (median over plain walks, 30 subjects alike); walkers carry theirs at about 5."""

MAX_HEAD_TURN_DEG = 12.0
"""A clip whose head stands turned by more against the chest for half its length has a badly fitted head."""


def angles_deg(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Geodesic angle (...) between rotations (..., 3, 3)."""
    trace = np.einsum("...ij,...ij->...", a, b)
    return np.degrees(np.arccos(np.clip((trace - 1) / 2, -1, 1)))


def whole_frames(clip: RigClip) -> np.ndarray:
    """Mask (T,) of the frames with no flip on either side and no broken wrist.

    The first frame of every `expmap` clip holds the rest pose, not motion, and the flip rule finds it.
    """
    rotations = clip.rotations
    limit = np.full(len(NODES), MAX_STEP_DEG)
    limit[list(_LIVELY)] = MAX_LIVELY_STEP_DEG
    jump = (angles_deg(rotations[1:], rotations[:-1]) > limit).any(1)
    good = np.ones(len(clip), dtype=bool)
    good[1:] &= ~jump
    good[:-1] &= ~jump
    if clip.source == "expmap":
        good[:1] = False
    for hand, forearm in _HANDS.items():
        along = np.einsum("ti,ti->t", rotations[:, hand, :, 1], rotations[:, forearm, :, 1])
        good &= along > np.cos(np.radians(MAX_WRIST_DEG))
    return good & np.isfinite(rotations).all((1, 2, 3))


def heads_levelled(rotations: np.ndarray) -> np.ndarray:
    """The same poses (T, 21, 3, 3) with the head's mounting corrected: raised, and facing ahead where it never does."""
    relative = rotations[:, _CHEST].swapaxes(-1, -2) @ rotations[:, _HEAD]
    turn = float(np.median(np.degrees(np.arctan2(relative[:, 1, 0], relative[:, 0, 0])))) if len(rotations) else 0.0
    excess = np.sign(turn) * max(abs(turn) - MAX_HEAD_TURN_DEG, 0.0)
    mounting = Rotation.from_euler("ZY", [-excess, -HEAD_RAISED_DEG], degrees=True).as_matrix()
    result = rotations.copy()
    result[:, _HEAD] = rotations[:, _HEAD] @ mounting
    return result


def thinned(rotations: np.ndarray, min_step_deg: float = 4.0) -> np.ndarray:
    """Indices of frames of which each differs from the one kept before it by `min_step_deg` in some part."""
    kept: list[int] = []
    for frame, pose in enumerate(rotations):
        if not kept or angles_deg(pose, rotations[kept[-1]]).max() >= min_step_deg:
            kept.append(frame)
    return np.array(kept, dtype=np.int64)
