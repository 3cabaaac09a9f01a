"""Pictures in, metres out: the camera comes from the best source, and a path brings its EXIF along."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import metricpose
from metricpose import Camera, FileError, InputError, PoseEstimator
from metricpose.inference import RayLifter
from metricpose.inference.detectors.agr import AgrDetector
from tests.inference.dotted import DottedEngine, dotted

PICTURE = dotted((480, 320), (210.0, 150.0, 100.0))


@pytest.fixture(scope="module")
def estimator() -> PoseEstimator:
    return PoseEstimator(detector=AgrDetector(engine=DottedEngine()), lifter=RayLifter.load(threads=1))


def test_a_picture_becomes_people_in_metres(estimator: PoseEstimator) -> None:
    people = estimator(PICTURE)
    assert len(people) == 1
    assert people.camera_source == "default"
    assert people.camera.image_size == (480, 320)
    assert people.root_cam[0, 2] > 0


def test_the_camera_that_is_known_is_used(estimator: PoseEstimator) -> None:
    camera = Camera.from_focal((480, 320), 700.0)
    assert estimator(PICTURE, camera=camera).camera is camera
    assert estimator(PICTURE, fov_deg=40.0).camera_source == "fov"
    with pytest.raises(InputError, match="people and camera of one picture size"):
        estimator(PICTURE, camera=Camera.from_focal((100, 100), 700.0))


def test_a_path_is_read_with_its_exif(estimator: PoseEstimator, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[41989] = 50  # FocalLengthIn35mmFilm
    Image.fromarray(PICTURE).save(tmp_path / "a.jpg", exif=exif, quality=95)
    people = estimator(tmp_path / "a.jpg")
    assert (len(people), people.camera_source) == (1, "exif")
    assert estimator(metricpose.read_image(tmp_path / "a.jpg")).camera_source == "default"
    with pytest.raises(FileError, match=r"b.jpg: cannot read this picture"):
        estimator(str(tmp_path / "b.jpg"))


def test_nobody_is_an_answer(estimator: PoseEstimator) -> None:
    assert len(estimator(np.zeros((40, 60, 3), np.uint8))) == 0


def test_load_takes_a_detector_or_its_name() -> None:
    own = AgrDetector(engine=DottedEngine())
    assert metricpose.load(detector=own, threads=1).detector is own
    with pytest.raises(InputError, match="detector: expected one of auto, agr"):
        metricpose.load(detector="openpose")
    with pytest.raises(FileError, match=r"none.onnx: no such weights file"):
        metricpose.load("none.onnx")
