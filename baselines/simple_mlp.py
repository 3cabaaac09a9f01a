"""SimpleBaseline (Martinez, Hossain, Romero, Little, ICCV 2017): a network makes 2D joints a root-relative 3D pose.

The network is `recipes/simple_baseline.py`'s, trained on our virtual people. It does not say where the people are: the
pose, in metres, is moved (not turned, not scaled) to where its joints fall on the 2D joints best, in the sense of
least squares (`baselines.pnp`; the start is weak perspective).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from baselines.placed_pose import put_onto_pixels
from baselines.rays import joint_rays, units
from metricpose._errors import FileError
from metricpose.geometry.camera import Camera
from metricpose.inference.engines import opened_network
from metricpose.inference.lifter import Engine
from metricpose.people.people2d import People2D
from metricpose.people.people3d import People3D
from metricpose.skeletons.catalogue import COCO17

INPUTS, OUTPUT = ("rays", "scores"), "joints_root"


@dataclass(frozen=True, kw_only=True, eq=False)
class SimpleMlp:
    """engine: unit rays (P, 17, 3) of COCO-17 and scores (P, 17) in, joints_root (P, 17, 3) m in camera axes out."""

    engine: Engine
    poses = True

    @classmethod
    def load(cls, path: str | Path, threads: int | None = None) -> "SimpleMlp":
        """What `metricpose train simple_baseline` wrote. Raises FileError or WeightsError."""
        return cls(engine=_session(Path(path), threads))

    def __call__(self, people: People2D, camera: Camera) -> People3D:
        """The people in COCO-17, whatever skeleton came in."""
        people = people if people.skeleton == COCO17 else people.to(COCO17)
        if not len(people):
            return People3D.empty(COCO17, camera)
        rays, usable = joint_rays(people, camera)
        given: dict[str, Any] = {
            "rays": units(np.where(usable[..., None], rays, (0.0, 0.0, 1.0))).astype(np.float32),
            "scores": np.where(usable, people.joint_scores, 0.0).astype(np.float32),
        }
        (joints_root,) = self.engine.run([OUTPUT], given)
        return put_onto_pixels(people, camera, np.asarray(joints_root, dtype=np.float64), turning=False)


def _session(path: Path, threads: int | None) -> Engine:
    if not path.is_file():
        raise FileError(f"{path}: no such weights file; make it with `metricpose train simple_baseline`")
    return opened_network(path, "SimpleBaseline", frozenset(INPUTS), frozenset((OUTPUT,)), threads)
