"""How COCO's joints and free vectors span the latent skeleton."""

import numpy as np

from metricpose.models.latent_basis import latent_basis
from metricpose.skeletons.catalogue import COCO17

BASIS = latent_basis()


def test_points_move_and_turn_with_the_joints() -> None:
    np.testing.assert_allclose(BASIS.of_joints.sum(axis=1), 1.0, atol=1e-9)


def test_joints_come_back_but_for_eyes_against_ears() -> None:
    there_and_back = BASIS.decoder[:17] @ BASIS.of_joints
    np.testing.assert_allclose(there_and_back @ there_and_back, there_and_back, atol=1e-5)  # a projection
    np.testing.assert_allclose(there_and_back[5:], np.eye(17)[5:], atol=0.02)
    left, _, _ = np.linalg.svd(np.eye(17) - there_and_back)
    lost = {COCO17.joints[joint] for joint in np.flatnonzero(np.abs(left[:, 0]) > 0.1)}
    assert lost == {"left_eye", "right_eye", "left_ear", "right_ear"}
    assert np.linalg.matrix_rank(np.eye(17) - there_and_back, tol=1e-3) == 1


def test_free_vectors_are_what_joints_do_not_see() -> None:
    assert np.abs(BASIS.decoder[:17] @ BASIS.of_free).max() < 1e-3
    whole = np.concatenate([BASIS.of_joints, BASIS.of_free], axis=1)
    assert np.linalg.matrix_rank(whole) == len(BASIS.of_joints)


def test_no_weight_blows_errors_up() -> None:
    assert np.abs(BASIS.of_joints).sum(axis=1).max() < 20
