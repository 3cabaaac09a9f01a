"""What adapted weights say of their camera, and which other cameras are too far from it."""

import numpy as np
import pytest

from metricpose.geometry import BrownConrady, Camera
from metricpose.inference.adapted import camera_adapted_to, departures, facts_of_adaptation

POSE = np.array([[1.0, 0, 0, 0], [0, 0, -1, 2.4], [0, 1, 0, 0], [0, 0, 0, 1]])
CAMERA = Camera(
    intrinsics_px=np.array([[900.0, 0, 640], [0, 910, 350], [0, 0, 1]]),
    image_size=(1280, 720),
    distortion=BrownConrady((-0.1, 0.01, 0.0, 0.0)),
    cam_from_world=POSE,
)


def _tilted(deg: float) -> np.ndarray:
    a = np.deg2rad(deg)
    turn = np.array([[1, 0, 0, 0], [0, np.cos(a), -np.sin(a), 0], [0, np.sin(a), np.cos(a), 0], [0, 0, 0, 1]])
    return turn @ POSE


def test_facts_bring_the_camera_back() -> None:
    facts = facts_of_adaptation(CAMERA, people="adults", adapted_from="ray_lifter.safetensors", licence="Apache-2.0")
    assert all(isinstance(value, str) for value in facts.values())
    assert (facts["adapted_from"], facts["licence"]) == ("ray_lifter.safetensors", "Apache-2.0")
    back = camera_adapted_to(facts)
    assert back is not None
    assert np.array_equal(back.intrinsics_px, CAMERA.intrinsics_px)
    assert back.distortion == CAMERA.distortion
    assert back.height_m == CAMERA.height_m
    assert departures(CAMERA, back) == []


@pytest.mark.parametrize("facts", [{}, {"licence": "x"}, {"adapted_to": "{"}, {"adapted_to": '{"schema": "b/2"}'}])
def test_weights_for_any_camera_name_none(facts: dict[str, str]) -> None:
    assert camera_adapted_to(facts) is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, []),
        ({"intrinsics_px": CAMERA.intrinsics_px * [[1.01, 1, 1], [1, 1.01, 1], [1, 1, 1]]}, []),
        (
            {"intrinsics_px": CAMERA.intrinsics_px * [[1.2, 1, 1], [1, 1.2, 1], [1, 1, 1]]},
            ["rays that differ by up to"],
        ),
        ({"distortion": None}, ["rays that differ by up to"]),
        ({"image_size": (720, 720)}, ["a picture of 720 x 720 px and not 1280 x 720"]),
        ({"cam_from_world": None}, ["no known tilt", "no known height"]),
        ({"cam_from_world": None, "up_cam": np.array([0.0, -1.0, 0.0])}, ["no known height"]),
        ({"cam_from_world": _tilted(1.0)}, []),
        ({"cam_from_world": _tilted(5.0)}, ["a tilt that differs by 5.0 degrees"]),
        ({"cam_from_world": POSE * np.array([1, 1, 1, 1.5])}, ["a height of 3.60 m and not 2.40"]),
    ],
)
def test_another_camera_is_told_in_words(changes: dict, words: list[str]) -> None:
    if "cam_from_world" in changes and changes["cam_from_world"] is not None:
        changes = {"cam_from_world": changes["cam_from_world"].copy()}
        changes["cam_from_world"][3, 3] = 1.0
    found = departures(CAMERA.replaced(**changes), CAMERA)
    assert len(found) == len(words)
    assert all(text.startswith(start) for text, start in zip(found, words, strict=True))


def test_a_known_pose_where_none_was_known_is_another_camera() -> None:
    assert departures(CAMERA, CAMERA.replaced(cam_from_world=None)) == [
        "a known tilt, which was not known then", "a known height, which was not known then",
    ]  # fmt: skip


def test_the_same_camera_at_another_size_is_the_same() -> None:
    assert departures(CAMERA.resized((640, 360)), CAMERA) == []
