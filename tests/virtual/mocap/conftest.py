"""A CMU-like tree with splayed legs and T-pose arms, as a clip in any motion a test asks for."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from metricpose.io.mocap_clip import MocapClip, rotations_accumulated

_HALF = (
    # joint, parent, offset of the left side in metres; x left, y up, z forward
    ("{S}HipJoint", "Hips", (0, 0, 0)),
    ("{Side}Hip", "{S}HipJoint", (0.10, -0.10, 0.03)),
    ("{Side}Knee", "{Side}Hip", (0.14, -0.40, 0.0)),
    ("{Side}Ankle", "{Side}Knee", (0.14, -0.39, 0.0)),
    ("{Side}Toe", "{Side}Ankle", (0.01, -0.03, 0.12)),
    ("End_{Side}Toe", "{Side}Toe", (0, 0, 0.06)),
    ("{Side}Collar", "Chest2", (0, 0, 0)),
    ("{Side}Shoulder", "{Side}Collar", (0.19, 0.05, -0.01)),
    ("{Side}Elbow", "{Side}Shoulder", (0.28, 0, 0)),
    ("{Side}Wrist", "{Side}Elbow", (0.19, 0, 0)),
    ("{s}hand", "{Side}Wrist", (0, 0, 0)),
    ("{S}Fingers", "{s}hand", (0.04, 0, 0)),
    ("{S}Thumb", "{Side}Wrist", (0, 0, 0)),
    ("End_{S}Thumb", "{S}Thumb", (0.03, 0, 0.03)),
)
_TRUNK = (
    ("Hips", None, (0, 0, 0)),
    ("lowerback", "Hips", (0, 0, 0)),
    ("Chest", "lowerback", (0, 0.116, -0.008)),
    ("Chest2", "Chest", (0, 0.117, -0.003)),
    ("lowerneck", "Chest2", (0, 0, 0)),
    ("Neck", "lowerneck", (0, 0.09, 0.01)),
    ("Head", "Neck", (0, 0.09, -0.01)),
)


def _rows() -> list[tuple[str, str | None, tuple[float, float, float]]]:
    rows = list(_TRUNK)
    for side, sign in (("Left", 1), ("Right", -1)):
        words = {"Side": side, "S": side[0], "s": side[0].lower()}
        for joint, parent, (x, y, z) in _HALF:
            rows.append((joint.format(**words), parent.format(**words), (sign * x, y, z)))
    return rows


@pytest.fixture
def cmu_clip() -> Callable[..., MocapClip]:
    """`cmu_clip(local)`: {joint: rotation vector in rad, one for all frames or (T, 3)}; others keep their parent's."""

    def made(local: dict[str, np.ndarray] | None = None, frames: int = 2, name: str = "made") -> MocapClip:
        rows = _rows()
        names = [row[0] for row in rows]
        parents = tuple(-1 if row[1] is None else names.index(row[1]) for row in rows)
        rotations = np.tile(np.eye(3), (frames, len(names), 1, 1))
        for joint, rotvec in (local or {}).items():
            rotations[:, names.index(joint)] = Rotation.from_rotvec(np.tile(rotvec, (frames, 1))[:frames]).as_matrix()
        return MocapClip(
            name=name,
            joint_names=tuple(names),
            parents=parents,
            offsets_m=np.array([row[2] for row in rows], dtype=float),
            rotations=rotations_accumulated(rotations, parents),
            root_translation_m=np.zeros((frames, 3)),
            fps=30.0,
        )

    return made
