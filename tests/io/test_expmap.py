import numpy as np
import pytest

from metricpose._errors import FileError, InputError
from metricpose.io._rotations import rotvec_to_rotmat
from metricpose.io.expmap import read_expmap

OFFSETS = np.array([[0, 0, 0], [0, 1, 0], [0.5, 2, 0]], dtype=np.float32)


def _arrays(**changes):
    rotvec = np.random.default_rng(0).normal(size=(4, 3, 3)).astype(np.float32)
    arrays = {"joint_names": np.array(["a", "b", "c"]), "parents": np.array([-1, 0, 1]), "offsets_m": OFFSETS}
    return {**arrays, "rotvec:walking/one": rotvec, **changes}


def _file(tmp_path, arrays):
    np.savez(tmp_path / "clips.npz", **arrays)
    return tmp_path / "clips.npz"


def test_positions_follow_the_row_vector_convention_of_the_file(tmp_path):
    arrays = _arrays()
    (clip,) = read_expmap(_file(tmp_path, arrays))
    assert clip.name == "walking/one"
    assert clip.root_translation_m is None
    local = rotvec_to_rotmat(arrays["rotvec:walking/one"].astype(float))
    b = OFFSETS[1] @ local[:, 0]
    c = b + OFFSETS[2] @ (local[:, 1] @ local[:, 0])
    np.testing.assert_allclose(clip.positions_m()[:, 1:], np.stack([b, c], 1), atol=1e-6)


def test_a_file_of_no_clips_gives_none(tmp_path):
    arrays = _arrays()
    del arrays["rotvec:walking/one"]
    assert read_expmap(_file(tmp_path, arrays)) == ()


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"rotvec:walking/one": np.zeros((4, 2, 3))},
            r"walking/one: expected rotation vectors \(T, 3, 3\), got \(4, 2, 3\)",
        ),
        ({"rotvec:walking/one": np.full((4, 3, 3), np.nan)}, "walking/one: expected finite rotation vectors"),
        ({"joint_names": np.array([{}], dtype=object)}, "expected an NPZ file of plain arrays"),
    ],
)
def test_broken_clips_are_refused(tmp_path, changes, text):
    with pytest.raises(InputError, match=text):
        read_expmap(_file(tmp_path, _arrays(**changes)))


def test_other_files_are_refused(tmp_path):
    np.savez(tmp_path / "other.npz", x=np.zeros(2))
    with pytest.raises(InputError, match="expected the array 'joint_names' in this NPZ file, got x"):
        read_expmap(tmp_path / "other.npz")
    (tmp_path / "text.npz").write_text("hello")
    with pytest.raises(InputError, match="expected an NPZ file of plain arrays"):
        read_expmap(tmp_path / "text.npz")
    with pytest.raises(FileError, match="cannot read this NPZ file"):
        read_expmap(tmp_path / "none.npz")
