"""Which camera a picture gets from the command's arguments, and what is said about it."""

import numpy as np
import pytest

from metricpose._errors import InputError
from metricpose.cli.arguments import ArgumentParser
from metricpose.cli.cameras import CameraChooser, add_camera_arguments
from metricpose.geometry import Camera

OWN = Camera.from_focal((640, 480), 500.0)
GIVEN = Camera.from_focal((640, 480), 700.0)


def _warnings(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line.removeprefix("metricpose: warning: ") for line in capsys.readouterr().err.splitlines()]


def test_the_pictures_own_camera_wins_over_a_field_of_view(capsys: pytest.CaptureFixture[str]) -> None:
    chosen = CameraChooser(given=None, fov_deg=50.0)((640, 480), own=OWN)
    assert (chosen.camera, chosen.source, chosen.focal_sigma) == (OWN, "given", 0.0)
    assert _warnings(capsys) == ["the input states cameras: --fov is used only for pictures without one"]


def test_the_given_camera_wins_over_the_pictures_own_and_says_so_once(capsys: pytest.CaptureFixture[str]) -> None:
    choose = CameraChooser(given=GIVEN, fov_deg=None)
    assert [choose((640, 480), own=OWN).camera for _ in range(3)] == [GIVEN] * 3
    assert _warnings(capsys) == ["--camera replaces the cameras that the input states"]


def test_a_field_of_view_is_stated(capsys: pytest.CaptureFixture[str]) -> None:
    chosen = CameraChooser(given=None, fov_deg=90.0)((640, 480))
    assert chosen.source == "fov"
    assert chosen.focal_sigma > 0
    assert chosen.camera.focal_px[0] == pytest.approx(320.0)
    assert _warnings(capsys) == []


def test_without_any_camera_a_default_is_taken_with_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    choose = CameraChooser(given=None, fov_deg=None)
    chosen = [choose((640, 480)), choose((320, 480))]
    assert chosen[0].source == "default"
    assert chosen[0].focal_sigma > 0.1
    (said,) = _warnings(capsys)
    assert said.startswith("no camera and no EXIF focal length: 554 px is assumed for 640 x 480 px")


def test_a_camera_for_another_scale_is_scaled(capsys: pytest.CaptureFixture[str]) -> None:
    chosen = CameraChooser(given=GIVEN, fov_deg=None)((320, 240))
    np.testing.assert_allclose(chosen.camera.focal_px, (350.0, 350.0))
    assert chosen.camera.image_size == (320, 240)
    assert _warnings(capsys) == ["the camera is for 640 x 480 px, the picture has 320 x 240 px: the camera is scaled"]


def test_a_few_columns_more_are_padding(capsys: pytest.CaptureFixture[str]) -> None:
    camera = Camera.from_focal((1088, 1920), 1200.0)
    chosen = CameraChooser(given=camera, fov_deg=None)((1080, 1920)).camera
    assert chosen.image_size == (1080, 1920)
    np.testing.assert_array_equal(chosen.intrinsics_px, camera.intrinsics_px)
    assert _warnings(capsys)[0].endswith("taken as padding, the camera's numbers are used as they are")


def test_a_camera_of_another_shape_is_refused() -> None:
    with pytest.raises(InputError, match="expected the same size or the same proportions; give the camera"):
        CameraChooser(given=GIVEN, fov_deg=None)((480, 640))


@pytest.mark.parametrize("fov", ["0", "180", "nan", "wide"])
def test_an_impossible_field_of_view_is_refused(fov: str) -> None:
    parser = ArgumentParser(prog="metricpose lift")
    add_camera_arguments(parser)
    with pytest.raises(InputError, match=f"argument --fov: expected degrees between 0 and 180, got '{fov}'"):
        parser.parse_args(["--fov", fov])


def test_two_answers_to_one_question_are_refused() -> None:
    parser = ArgumentParser(prog="metricpose lift")
    add_camera_arguments(parser)
    with pytest.raises(InputError, match="not allowed with argument"):
        parser.parse_args(["--fov", "60", "--camera", "cam.json"])
