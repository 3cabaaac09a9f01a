"""Frames for the protocols' tests: people of a plain shape, placed and spoilt as each test says."""

import numpy as np

from metricpose.evaluation.protocols.result import ProtocolResult, Row, Table
from metricpose.people import PeopleFrame
from metricpose.skeletons import CATALOGUE, Skeleton

FOCAL_PX = 1000.0


def pose_of(skeleton: Skeleton, seed: int = 0) -> np.ndarray:
    """(J, 3) metres about the root or the middle of the hips, which is the origin exactly; of a person's size."""
    generator = np.random.default_rng(seed)
    joints = generator.uniform([-0.35, -0.7, -0.2], [0.35, 0.8, 0.2], (len(skeleton), 3))
    if skeleton.hips is not None:
        left, right = skeleton.hips
        joints[left], joints[right] = (0.125, 0.0, 0.0), (-0.125, 0.0, 0.0)
    if skeleton.root is not None:
        joints[skeleton.root] = 0.0
    return joints


def frame(
    name: str,
    roots: np.ndarray | list,
    *,
    skeleton: str = "h36m17",
    moved: np.ndarray | float = 0.0,
    pixels: bool = True,
    seed: int = 0,
    **more: object,
) -> PeopleFrame:
    """People of one shape with roots (P, 3) metres; `moved` is added to the joints; pixels of a plain camera."""
    points = CATALOGUE[skeleton]
    roots = np.asarray(roots, dtype=float).reshape(-1, 3)
    joints = roots[:, None] + pose_of(points, seed) + moved
    joints_px = FOCAL_PX * joints[..., :2] / joints[..., 2:] + 500.0 if pixels else None
    return PeopleFrame(name=name, skeleton=points, joints_cam=joints, joints_px=joints_px, **more)  # type: ignore[arg-type]


def table(result: ProtocolResult, mode: str, *words: str) -> Table:
    """The only table of this mode whose title has all these words."""
    found = [t for t in result.tables if t.mode == mode and all(word in t.title for word in words)]
    assert len(found) == 1, [t.title for t in result.tables]
    return found[0]


def row(of: Table, label: str) -> Row:
    """The only row with this label."""
    found = [r for r in of.rows if r.label == label]
    assert len(found) == 1, [r.label for r in of.rows]
    return found[0]
