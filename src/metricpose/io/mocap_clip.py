"""One motion-capture clip as its file tells it: a tree of joints, their rest offsets and global rotations over time."""

from dataclasses import dataclass

import numpy as np

from metricpose._errors import InputError


@dataclass(frozen=True, kw_only=True, eq=False)
class MocapClip:
    """A clip of T frames and J joints, in the file's own right-handed world (CMU: y up, z forward, x left).

    `offsets_m` (J, 3): rest offset of each joint from its parent, metres; `rotations` (T, J, 3, 3): *global*, identity
    in the file's rest pose, column convention; `root_translation_m` (T, 3) or None where the file has none. Parents
    come before their children; the first joint is the only root. Raises InputError when the parts do not fit.
    """

    name: str
    joint_names: tuple[str, ...]
    parents: tuple[int, ...]
    offsets_m: np.ndarray
    rotations: np.ndarray
    root_translation_m: np.ndarray | None
    fps: float

    def __post_init__(self) -> None:
        joints, frames = len(self.joint_names), len(self.rotations)
        expected = {"parents": (joints,), "offsets_m": (joints, 3), "rotations": (frames, joints, 3, 3)}
        if self.root_translation_m is not None:
            expected["root_translation_m"] = (frames, 3)
        for field, shape in expected.items():
            self._check_array(field, np.asarray(getattr(self, field)), shape)
        if any(not (-1 < p < j if j else p == -1) for j, p in enumerate(self.parents)):
            raise InputError(f"mocap clip {self.name!r}: parents must be -1 for joint 0 and come before their children")
        if not self.fps > 0 or not np.isfinite(self.fps):
            raise InputError(f"mocap clip {self.name!r}: expected a positive fps, got {self.fps}")

    def _check_array(self, field: str, value: np.ndarray, shape: tuple[int, ...]) -> None:
        if value.shape != shape:
            raise InputError(f"mocap clip {self.name!r}: expected {field} of shape {shape}, got {value.shape}")
        if not np.isfinite(value).all():
            raise InputError(f"mocap clip {self.name!r}: {field} holds NaN or infinite numbers; drop those frames")

    def __len__(self) -> int:
        return len(self.rotations)

    def index(self, joint: str) -> int:
        """The joint's number; InputError naming the clip's joints where there is none of that name."""
        if joint not in self.joint_names:
            raise InputError(f"mocap clip {self.name!r} has no joint {joint!r}; it has {', '.join(self.joint_names)}")
        return self.joint_names.index(joint)

    def positions_m(self) -> np.ndarray:
        """Joint centres (T, J, 3) in the file's world, by forward kinematics; a root without translation at 0."""
        positions = np.zeros((len(self), len(self.parents), 3))
        if self.root_translation_m is not None:
            positions[:, 0] = self.root_translation_m
        for joint, parent in enumerate(self.parents[1:], start=1):
            positions[:, joint] = positions[:, parent] + self.rotations[:, parent] @ self.offsets_m[joint]
        return positions


def rotations_accumulated(local: np.ndarray, parents: tuple[int, ...]) -> np.ndarray:
    """Global rotations (T, J, 3, 3) of rotations (T, J, 3, 3) given relative to the parent's."""
    result = local.copy()
    for joint, parent in enumerate(parents):
        if parent >= 0:
            result[:, joint] = result[:, parent] @ local[:, joint]
    return result
