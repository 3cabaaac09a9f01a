"""MATLAB files of both kinds, and those that are neither."""

import sys

import numpy as np
import pytest

from metricpose import FileError, InputError
from metricpose._errors import MissingExtraError
from metricpose.datasets.matlab import read_mat, read_mat73, struct_value
from tests.datasets.formats_made import cells, save_mat, save_mat73

pytest.importorskip("scipy")
pytest.importorskip("h5py")


def test_both_kinds_give_matlabs_shapes(tmp_path):
    array = np.arange(24.0).reshape(2, 3, 4)
    old = save_mat(tmp_path / "a.mat", x=array, c=cells([[array[0], "t"]]))
    new = save_mat73(tmp_path / "b.mat", x=array)
    assert np.array_equal(read_mat(old, ("x",))["x"], array)
    assert np.array_equal(read_mat73(new, ("x",))["x"], array)
    assert np.array_equal(read_mat(old, ("c",))["c"][0, 0], array[0])


def test_a_structure_and_its_absence(tmp_path):
    path = save_mat(tmp_path / "a.mat", c=cells([[{"annot2": np.eye(2)}]]), x=np.eye(2))
    held = read_mat(path, ("c", "x"))
    assert np.array_equal(struct_value(held["c"][0, 0], "annot2", "c"), np.eye(2))
    with pytest.raises(InputError, match=r"c: expected one structure with the field 'annot3', got \['annot2'\]"):
        struct_value(held["c"][0, 0], "annot3", "c")
    with pytest.raises(InputError, match="got no structure"):
        struct_value(held["x"], "annot3", "c")


def test_what_is_wrong_with_a_file(tmp_path):
    for read in (read_mat, read_mat73):
        with pytest.raises(FileError, match=r"no\.mat: cannot read"):
            read(tmp_path / "no.mat", ("x",))
        (tmp_path / "bad.mat").write_bytes(b"not MATLAB at all" * 20)
        with pytest.raises(InputError, match=r"bad\.mat: expected a MATLAB file"):
            read(tmp_path / "bad.mat", ("x",))
    old = save_mat(tmp_path / "old.mat", y=np.eye(2))
    with pytest.raises(InputError, match=r"old\.mat: expected the variable 'x', got"):
        read_mat(old, ("x",))
    new = save_mat73(tmp_path / "new.mat", y=np.eye(2))
    with pytest.raises(InputError, match=r"new\.mat: expected the variable 'x', got \['y'\]"):
        read_mat73(new, ("x",))
    cut = tmp_path / "cut.mat"
    cut.write_bytes(old.read_bytes()[:150])
    with pytest.raises(InputError, match=r"cut\.mat: expected"):
        read_mat(cut, ("y",))


@pytest.mark.parametrize(("read", "package"), [(read_mat, "scipy.io"), (read_mat73, "h5py")])
def test_the_extra_is_named(read, package, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=r"metricpose\[datasets\]"):
        read(tmp_path / "a.mat", ("x",))
