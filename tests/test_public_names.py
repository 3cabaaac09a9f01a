import subprocess
import sys

import pytest

import metricpose
from metricpose import MissingExtraError


def test_the_public_names_are_sorted_and_exist():
    assert metricpose.__all__ == sorted(metricpose.__all__)
    assert all(getattr(metricpose, name) is not None for name in metricpose.__all__)
    assert set(metricpose.__all__) <= set(dir(metricpose))
    assert set(metricpose._LAZY) <= set(metricpose.__all__)


def test_an_unknown_name_is_an_ordinary_attribute_error():
    with pytest.raises(AttributeError, match="module 'metricpose' has no attribute 'Kamera'"):
        metricpose.Kamera  # noqa: B018


def _loaded_after(code: str) -> set[str]:
    text = subprocess.run(
        [sys.executable, "-c", f"{code}; import sys; print(*sys.modules)"], capture_output=True, check=True
    )
    return set(text.stdout.decode().split())


def test_importing_the_package_loads_nothing_heavy():
    assert not _loaded_after("import metricpose") & {"numpy", "scipy", "torch", "onnxruntime", "PIL"}


def test_the_foundation_needs_neither_torch_nor_scipy():
    loaded = _loaded_after("from metricpose.people import match; match([[1.0]]); import metricpose.geometry.boxes")
    assert not loaded & {"scipy", "torch", "onnxruntime", "PIL"}


def test_errors_can_be_caught_as_what_they_are():
    for error, kind in [("InputError", ValueError), ("FileError", OSError), ("MissingExtraError", ImportError)]:
        assert issubclass(getattr(metricpose, error), kind)
        assert issubclass(getattr(metricpose, error), metricpose.MetricposeError)
    assert str(MissingExtraError("reading video", "video")).endswith("pip install metricpose[video]")
