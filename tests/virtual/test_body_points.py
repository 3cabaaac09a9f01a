import numpy as np

from metricpose.virtual.body_points import bone_turns, transforms_of
from metricpose.virtual.render.body_pose import bone_rotations, bone_transforms, pivots
from tests.virtual.render.test_body_pose import BODY, RIG, random_rotations


def test_many_poses_are_posed_as_one_by_one():
    rng = np.random.default_rng(0)
    poses = np.stack([np.tile(np.eye(3), (21, 1, 1)), *(random_rotations(rng) for _ in range(3))])
    turns = bone_turns(RIG, BODY, poses, 0.4)
    transforms = transforms_of(RIG.parents, pivots(RIG, BODY), turns, BODY.points["pelvis"])
    for pose, many, moved in zip(poses, turns, transforms, strict=True):
        one = bone_rotations(RIG, BODY, pose, 0.4)
        np.testing.assert_allclose(many, one, atol=1e-9)
        slow = bone_transforms(RIG.parents, pivots(RIG, BODY), one, BODY.points["pelvis"])
        np.testing.assert_allclose(moved, slow, atol=1e-9)
