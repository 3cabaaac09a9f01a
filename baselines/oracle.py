"""The stature-blind oracle: knows everything about a person but the size.

The picture shows only directions, so a person of stature s at depth z looks exactly like one of the mean stature m at
z m / s. Whoever knows the pose and the camera perfectly, and assumes m, is off by that factor and no less.
"""

from dataclasses import dataclass

import numpy as np

from metricpose._errors import InputError
from metricpose.geometry.camera import Camera
from metricpose.people.people2d import People2D
from metricpose.people.people3d import People3D


@dataclass(frozen=True, kw_only=True, eq=False)
class StatureBlindOracle:
    """Made from one picture's truth, the true statures (P,) m, and the mean stature m of the population."""

    truth: People3D
    statures: np.ndarray
    mean_stature: float
    poses = True

    def __post_init__(self) -> None:
        if np.shape(self.statures) != (len(self.truth),):
            raise InputError(
                f"oracle: expected {len(self.truth)} statures for the true people, got shape {np.shape(self.statures)}"
            )
        if not (np.asarray(self.statures) > 0).all() or not self.mean_stature > 0:
            raise InputError("oracle: expected positive statures in metres; check the truth")

    @property
    def scales(self) -> np.ndarray:
        """Assumed over true size (P,)."""
        return self.mean_stature / np.asarray(self.statures, dtype=np.float64)

    def __call__(self, people: People2D, camera: Camera) -> People3D:
        """The people of the truth, in its order, and nobody else: the oracle knows who is not there.

        people must be those of the truth's picture: with its ids among theirs, or without ids as many as it has.
        """
        if people.ids is not None and self.truth.ids is not None:
            lost = sorted(set(self.truth.ids) - set(people.ids))
            if lost:
                raise InputError(f"oracle: expected the people of the truth's picture, got none with id {lost[0]}")
        elif len(people) != len(self.truth):
            raise InputError(f"oracle: expected the truth's {len(self.truth)} people in order, got {len(people)}")
        return self.people3d()

    def people3d(self) -> People3D:
        """Whole people, grown or shrunk about the camera: their picture is unchanged."""
        scales = self.scales.astype(np.float32)
        return People3D(
            **{name: value for name, value in vars(self.truth).items() if name not in _SCALED},
            joints_cam=self.truth.joints_cam * scales[:, None, None],
            joint_sigma=self.truth.joint_sigma * scales[:, None],
            root_cam=self.truth.root_cam * scales[:, None],
            root_depth_interval=self.truth.root_depth_interval * scales[:, None],
        )


_SCALED = ("joints_cam", "joint_sigma", "root_cam", "root_depth_interval")
