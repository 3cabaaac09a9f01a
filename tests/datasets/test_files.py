"""Required files: found, or named with the place to get them."""

import pytest

from metricpose import FileError
from metricpose.datasets.files import optional, required


def test_the_first_place_that_is_there(tmp_path):
    (tmp_path / "b.mat").touch()
    assert required(tmp_path, ("a.mat", "b.mat"), "x.org") == tmp_path / "b.mat"
    (tmp_path / "a.mat").touch()
    assert required(tmp_path, ("a.mat", "b.mat"), "x.org") == tmp_path / "a.mat"
    assert optional(tmp_path, ("c", "b.mat")) == tmp_path / "b.mat"
    assert optional(tmp_path, "c") is None


def test_a_missing_file_is_named_with_its_source(tmp_path):
    with pytest.raises(FileError) as caught:
        required(tmp_path, ("sub/a.mat", "b.mat"), "https://x.org (a.zip)")
    assert str(caught.value) == f"{tmp_path}/sub/a.mat: missing (or b.mat); get it from https://x.org (a.zip)"
    with pytest.raises(FileError, match=r"nowhere: expected the data set's folder with a\.mat, got no folder; get it"):
        required(tmp_path / "nowhere", "a.mat", "x.org")
