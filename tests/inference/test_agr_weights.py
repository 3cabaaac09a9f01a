"""Files of weights: shipped ones by name, others by path; what is no AGR network is refused in one line."""

from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from metricpose import FileError, WeightsError
from metricpose.inference.detectors.agr import AgrDetector
from metricpose.inference.detectors.agr_network import AgrNetwork
from metricpose.inference.detectors.network_files import WEIGHTS, lacking_weights
from tests.inference.onnx_file import written_crop_network, written_network

GREY = np.full((40, 60, 3), 115, np.uint8)


def test_a_file_is_run_by_onnx_runtime_and_says_its_licence(tmp_path: Path) -> None:
    path = written_network(tmp_path / "mine.onnx", licence="CC0-1.0")
    detector = AgrDetector(path, crop_weights=written_crop_network(tmp_path / "crops.onnx"), threads=1)
    assert (detector.weights, detector.licence) == ("mine.onnx", "CC0-1.0")
    assert len(detector(GREY)) == 0
    assert len(detector.refined(GREY, np.array([[5.0, 5, 25, 35]]))) == 1


def test_a_file_that_states_no_licence(tmp_path: Path) -> None:
    path = written_network(tmp_path / "mine.onnx")
    crops = written_crop_network(tmp_path / "crops.onnx")
    assert AgrDetector(str(path), crop_weights=crops, threads=1).licence == "not stated in the weights file"


def test_the_mirror_image_runs_in_the_same_batch(tmp_path: Path) -> None:
    network = AgrNetwork.load(written_network(tmp_path / "mine.onnx"), threads=1)
    one, two = network.maps([GREY], flip=False), network.maps([GREY], flip=True)
    assert one.joint_maps.shape == two.joint_maps.shape == (1, 26, 16, 16)
    assert two.box_sides.shape == (1, 4, 8, 8)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"away.onnx: no such weights file; expected one of base, base-research, or an"):
        AgrDetector(tmp_path / "away.onnx")


def test_shipped_weights_that_are_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(resources, "files", lambda package: tmp_path)
    with pytest.raises(FileError, match=r"weights/agr_base.onnx: no such weights file"):
        AgrDetector("base")


@pytest.mark.parametrize("content", [b"", b"no network", None])
def test_a_damaged_file(content: bytes | None, tmp_path: Path) -> None:
    path = written_network(tmp_path / "mine.onnx")
    path.write_bytes(path.read_bytes()[:-900] if content is None else content)
    with pytest.raises(WeightsError, match=r"mine.onnx: expected an ONNX AGR network, got a file that does not load"):
        AgrDetector(path)


def test_files_of_crop_networks(tmp_path: Path) -> None:
    path, crops = written_network(tmp_path / "mine.onnx"), tmp_path / "crops.onnx"
    with pytest.raises(FileError, match=r"crops.onnx: no such weights file; .* or an ONNX file of a crop network"):
        AgrDetector(path, crop_weights=crops)
    with pytest.raises(WeightsError, match=r"mine.onnx: expected a crop network with .*'image'.*, got another network"):
        AgrDetector(path, crop_weights=path)
    with pytest.raises(
        WeightsError, match=r"crops.onnx: expected a crop network with 26 joint_maps \(halpe26\), got 17"
    ):
        AgrDetector(path, crop_weights=written_crop_network(crops, joints=17))


def test_another_network() -> None:
    with pytest.raises(WeightsError, match=r"expected an AGR network with inputs \['image'\], got another network"):
        AgrDetector(Path(str(resources.files("metricpose") / "weights" / "ray_lifter.onnx")))


def test_a_network_for_another_skeleton(tmp_path: Path) -> None:
    path = written_network(tmp_path / "coco.onnx", joints=17)
    with pytest.raises(
        WeightsError, match=r"coco.onnx: expected an AGR network with 26 joint_maps \(halpe26\), got 17"
    ):
        AgrDetector(path)


@pytest.mark.weights
@pytest.mark.parametrize("name", WEIGHTS)
def test_shipped_weights_say_who_may_use_them(name: str) -> None:
    if lacking_weights(name):
        pytest.skip(f"{' and '.join(lacking_weights(name))} not in the package")
    detector: Any = AgrDetector(name, threads=1)
    assert (detector.weights, detector.licence) == (name, WEIGHTS[name].licence)
    assert len(detector(GREY)) == 0
