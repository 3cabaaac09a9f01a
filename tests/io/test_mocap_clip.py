import numpy as np
import pytest

from metricpose._errors import InputError
from metricpose.io._rotations import euler_to_rotmat, rotvec_to_rotmat
from metricpose.io.mocap_clip import MocapClip, rotations_accumulated


def _clip(**changes) -> MocapClip:
    fields = {
        "name": "two bones",
        "joint_names": ("root", "bone", "tip"),
        "parents": (-1, 0, 1),
        "offsets_m": np.array([[0, 0, 0], [0, 1, 0], [0, 2, 0]], dtype=float),
        "rotations": np.tile(np.eye(3), (4, 3, 1, 1)),
        "root_translation_m": None,
        "fps": 30.0,
    }
    return MocapClip(**{**fields, **changes})


def test_a_bent_chain_lies_where_trigonometry_says():
    quarter = rotvec_to_rotmat(np.array([0, 0, np.pi / 2]))
    rotations = np.tile(np.eye(3), (4, 3, 1, 1))
    rotations[:, 1:] = quarter
    positions = _clip(rotations=rotations, root_translation_m=np.full((4, 3), 5.0)).positions_m()
    np.testing.assert_allclose(positions[0], [[5, 5, 5], [5, 6, 5], [3, 6, 5]], atol=1e-12)


def test_accumulation_equals_a_loop_over_frames():
    rng = np.random.default_rng(0)
    local = rotvec_to_rotmat(rng.normal(size=(5, 3, 3)))
    slow = [[frame[0], frame[0] @ frame[1], frame[0] @ frame[1] @ frame[2]] for frame in local]
    np.testing.assert_allclose(rotations_accumulated(local, (-1, 0, 1)), slow, atol=1e-12)


@pytest.mark.parametrize("axes", ["ZYX", "ZXY", "XYZ", "YZX", "Z", ""])
def test_euler_angles_multiply_in_the_order_of_their_axes(axes):
    angles = np.random.default_rng(1).uniform(-3, 3, size=(7, len(axes)))
    for row, got in zip(angles, euler_to_rotmat(axes, angles), strict=True):
        expected = np.eye(3)
        for axis, angle in zip(axes, row, strict=True):
            expected = expected @ rotvec_to_rotmat(angle * np.eye(3)["XYZ".index(axis)])
        np.testing.assert_allclose(got, expected, atol=1e-12)


def test_rotation_vectors_agree_with_scipy_at_every_size():
    from scipy.spatial.transform import Rotation

    rotvec = np.random.default_rng(2).normal(size=(50, 3)) * np.logspace(-12, 1, 50)[:, None]
    np.testing.assert_allclose(rotvec_to_rotmat(rotvec), Rotation.from_rotvec(rotvec).as_matrix(), atol=1e-12)
    np.testing.assert_array_equal(rotvec_to_rotmat(np.zeros((2, 3))), np.tile(np.eye(3), (2, 1, 1)))


def test_a_clip_without_frames_is_ordinary():
    assert len(_clip(rotations=np.zeros((0, 3, 3, 3)))) == 0
    assert _clip(rotations=np.zeros((0, 3, 3, 3))).positions_m().shape == (0, 3, 3)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"offsets_m": np.zeros((2, 3))}, r"'two bones': expected offsets_m of shape \(3, 3\), got \(2, 3\)"),
        ({"rotations": np.full((4, 3, 3, 3), np.nan)}, "rotations holds NaN or infinite numbers"),
        ({"parents": (-1, 2, 0)}, "parents must be -1 for joint 0 and come before their children"),
        ({"parents": (-1, -1, 0)}, "parents must be -1 for joint 0"),
        ({"fps": 0.0}, r"expected a positive fps, got 0\.0"),
    ],
)
def test_parts_that_do_not_fit_are_refused(changes, text):
    with pytest.raises(InputError, match=text):
        _clip(**changes)


def test_an_unknown_joint_is_named_beside_the_known_ones():
    with pytest.raises(InputError, match="'two bones' has no joint 'knee'; it has root, bone, tip"):
        _clip().index("knee")
