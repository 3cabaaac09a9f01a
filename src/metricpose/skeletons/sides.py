"""Are left and right the right way round? Told from which way people face.

Up (hips to shoulders), forward (nose before the ears, toes before the heels, knees before the line from hip to ankle)
and left (right hip to left hip) make a right-handed frame, left . (up x forward) > 0, in every right-handed frame, the
camera's included. In mirrored people, or with the sides swapped, it is negative.
"""

import numpy as np

from metricpose.skeletons.skeleton import Skeleton

_LEAST_SHARE = 0.6  # of the cues that must speak against the sides: noise alone stays near one in ten
_CUES = (  # (ahead, behind), each a mean of joints by canonical name
    (("nose",), ("left_ear", "right_ear")),
    (("left_eye", "right_eye"), ("left_ear", "right_ear")),
    (("nose",), ("left_shoulder", "right_shoulder")),
    (("left_big_toe",), ("left_heel",)),
    (("right_big_toe",), ("right_heel",)),
    (("left_foot_index",), ("left_heel",)),
    (("right_foot_index",), ("right_heel",)),
    (("mpi_left_toe",), ("left_ankle",)),
    (("mpi_right_toe",), ("right_ankle",)),
    (("smpl_left_foot",), ("left_ankle",)),
    (("smpl_right_foot",), ("right_ankle",)),
    (("left_knee",), ("left_hip", "left_ankle")),
    (("right_knee",), ("right_hip", "right_ankle")),
)


def swapped_share(joints: np.ndarray, skeleton: Skeleton) -> float:
    """Share of the cues in `joints` (N, J, 3) that say left and right are swapped; 0 where nothing speaks.

    A cue of less than 5 % of the trunk's length says nothing, nor does a joint that is NaN.
    """
    hips, shoulders = ("left_hip", "right_hip"), ("left_shoulder", "right_shoulder")
    if not {*hips, *shoulders} <= set(skeleton.canonical):
        return 0.0
    place = {name: joints[:, joint] for joint, name in enumerate(skeleton.canonical)}
    up = _mean(place, shoulders) - _mean(place, hips)
    left = place["left_hip"] - place["right_hip"] + place["left_shoulder"] - place["right_shoulder"]
    trunk = np.linalg.norm(up, axis=-1)
    side = np.cross(left, up) / np.maximum(trunk, 1e-9)[:, None]  # points forward, where sides are right
    width = np.linalg.norm(side, axis=-1)
    votes = []
    for ahead, behind in _CUES:
        if {*ahead, *behind} <= place.keys():
            forward = _mean(place, ahead) - _mean(place, behind)
            along = (forward * side).sum(-1) / np.maximum(width, 1e-9)
            spoken = np.isfinite(along) & (np.abs(along) > 0.05 * trunk) & (width > 0.1 * trunk)
            votes.append(along[spoken] < 0)
    every = np.concatenate(votes) if votes else np.zeros(0)
    return float(every.mean()) if len(every) else 0.0


def looks_swapped(joints: np.ndarray, skeleton: Skeleton) -> bool:
    """Whether most cues in `joints` (N, J, 3) say that left and right are swapped."""
    return swapped_share(joints, skeleton) >= _LEAST_SHARE


def _mean(place: dict[str, np.ndarray], names: tuple[str, ...]) -> np.ndarray:
    return np.mean([place[name] for name in names], axis=0)
