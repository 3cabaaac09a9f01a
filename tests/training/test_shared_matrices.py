"""The lifter's two files with one copy of the matrices: the same answers to the bit, and a small ONNX file."""

import shutil
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx", reason="onnx comes with metricpose[train]")

from metricpose._errors import WeightsError  # noqa: E402
from metricpose.inference.engines import onnx_engine  # noqa: E402
from metricpose.training.lifter_export import INPUTS, OUTPUTS, exported  # noqa: E402
from metricpose.training.shared_matrices import share_matrices  # noqa: E402
from tests.models.people_seen import seen_people, small_net  # noqa: E402

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.slow]


def answers(folder: Path) -> list[np.ndarray]:
    feed = dict(zip(INPUTS, (value.numpy() for value in seen_people(3, 4, 1)), strict=True))
    return [np.asarray(a) for a in onnx_engine(folder / "ray_lifter.onnx", threads=1).run(list(OUTPUTS), feed)]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("alone")
    exported(small_net(seed=4), folder)
    return folder


@pytest.fixture
def shared(alone: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "shared"
    shutil.copytree(alone, folder)
    share_matrices(folder)
    return folder


def test_what_is_computed_stays_the_same_to_the_bit(alone: Path, shared: Path) -> None:
    for before, after in zip(answers(alone), answers(shared), strict=True):
        assert np.array_equal(before, after)


def test_the_bytes_are_there_once(alone: Path, shared: Path) -> None:
    matrices = 2 * sum(p.numel() for p in small_net().parameters() if p.ndim == 2)
    saved = (alone / "ray_lifter.onnx").stat().st_size - (shared / "ray_lifter.onnx").stat().st_size
    assert saved > 0.9 * matrices
    assert (alone / "ray_lifter.safetensors").read_bytes() == (shared / "ray_lifter.safetensors").read_bytes()


def test_alone_the_network_is_refused(shared: Path) -> None:
    (shared / "ray_lifter.safetensors").unlink()
    with pytest.raises(WeightsError, match=r"ray_lifter\.onnx: expected the file with its weights beside it"):
        answers(shared)


def test_files_of_two_networks_are_refused(alone: Path, tmp_path: Path) -> None:
    folder, other = tmp_path / "mixed", tmp_path / "other"
    shutil.copytree(alone, folder)
    other.mkdir()
    exported(small_net(seed=5), other)
    shutil.copy(other / "ray_lifter.safetensors", folder)
    before = (folder / "ray_lifter.onnx").read_bytes()
    with pytest.raises(
        WeightsError, match=r"safetensors: expected the matrices of ray_lifter.onnx, found 0 of \d+ bytes"
    ):
        share_matrices(folder)
    assert (folder / "ray_lifter.onnx").read_bytes() == before
