"""What every detector does, and each adapter before a stand-in for its package; the real ones where installed."""

import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from metricpose import FileError, InputError, MissingExtraError
from metricpose.inference.detectors import DETECTORS, Detector, detector_named
from metricpose.inference.detectors.protocol import checked_picture, found_people
from metricpose.skeletons.catalogue import COCO17, MEDIAPIPE33

GREY = np.full((40, 60, 3), 128, np.uint8)
MEDIAPIPE = ("mediapipe", "mediapipe.python", "mediapipe.python.solutions")


# What all share -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "image",
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)],
)
def test_what_is_no_picture_is_refused(image: np.ndarray) -> None:
    with pytest.raises(InputError, match=r"expected uint8 RGB of shape \(H, W, 3\), got .*read_image"):
        checked_picture(image)


def test_a_view_of_a_picture_becomes_contiguous() -> None:
    assert checked_picture(GREY[:, ::-1]).flags["C_CONTIGUOUS"]


def people(joints_px: list[Any], scores: list[Any]) -> Any:
    skeleton_joints = len(COCO17)
    xy, s = np.zeros((len(joints_px), skeleton_joints, 2)), np.zeros((len(joints_px), skeleton_joints))
    for p, (points, values) in enumerate(zip(joints_px, scores, strict=True)):
        xy[p, : len(points)], s[p, : len(values)] = points, values
    return found_people(xy, s, COCO17, (60, 40))


def test_joints_outside_the_picture_are_unseen() -> None:
    found = people([[(5, 5), (-0.6, 5), (59.5, 39.5), (60, 5), (np.nan, 5)]], [[0.9, 0.9, 0.9, 0.9, 0.9]])
    assert (found.joint_scores[0, :5] > 0).tolist() == [True, False, True, False, False]
    assert found.boxes_px[0, 2] >= 59.5


def test_scores_are_cut_and_people_sorted_and_ghosts_left_out() -> None:
    found = people([[(5, 5)], [(9, 9)], [(0, 0)], [(90, 9)]], [[0.2], [1.7], [0.0], [1.0]])
    assert len(found) == 2
    assert found.joint_scores[:, 0].tolist() == [1.0, pytest.approx(0.2)]
    assert found.joints_px[0, 0].tolist() == [9, 9]


def test_nobody_is_an_answer() -> None:
    found = people([], [])
    assert len(found) == 0
    assert found.image_size == (60, 40)


def test_one_joint_still_has_a_box_with_an_area() -> None:
    x0, y0, x1, y1 = people([[(5, 5)]], [[0.5]]).boxes_px[0]
    assert x0 < 5 < x1
    assert y0 < 5 < y1


def test_an_unknown_name_lists_the_detectors() -> None:
    with pytest.raises(InputError, match=f"expected one of {', '.join(DETECTORS)}, got 'openpose'"):
        detector_named("openpose")


# MediaPipe ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def pose(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A stand-in for `mediapipe.python.solutions.pose` that answers what `.answer` holds."""
    stand_in = SimpleNamespace(answer=None, options={}, seen=[])

    class Pose:
        def __init__(self, **options: Any) -> None:
            stand_in.options = options

        def process(self, image: np.ndarray) -> SimpleNamespace:
            stand_in.seen.append(image.shape)
            return SimpleNamespace(pose_landmarks=stand_in.answer)

    solutions = ModuleType("mediapipe.python.solutions")
    solutions.pose = SimpleNamespace(Pose=Pose)  # type: ignore[attr-defined]
    for name in MEDIAPIPE[:-1]:
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, MEDIAPIPE[-1], solutions)
    return stand_in


def marks(x: float, y: float, visibility: float) -> SimpleNamespace:
    return SimpleNamespace(landmark=[SimpleNamespace(x=x, y=y, visibility=visibility)] * 33)


def test_mediapipe_landmarks_become_pixels(pose: SimpleNamespace) -> None:
    detector: Detector = detector_named("mediapipe")
    pose.answer = marks(0.5, 0.25, 0.75)
    found = detector(GREY)
    assert found.skeleton is detector.skeleton is MEDIAPIPE33
    assert found.joints_px[0, 7].tolist() == [29.5, 9.5]
    assert found.joint_scores[0, 7] == found.scores[0] == pytest.approx(0.75)
    assert found.image_size == (60, 40)
    assert found.to("coco17").joints_px[0, 0].tolist() == [29.5, 9.5]


def test_mediapipe_uses_the_model_that_the_wheel_carries(pose: SimpleNamespace) -> None:
    detector_named("mediapipe")
    assert pose.options["model_complexity"] == 1
    assert pose.options["static_image_mode"] is True


def test_mediapipe_finds_nobody(pose: SimpleNamespace) -> None:
    assert len(detector_named("mediapipe")(GREY)) == 0


def test_mediapipe_wholly_outside_is_nobody(pose: SimpleNamespace) -> None:
    detector = detector_named("mediapipe")
    pose.answer = marks(1.5, 0.5, 0.9)
    assert len(detector(GREY)) == 0


def test_mediapipe_missing_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in MEDIAPIPE:
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError, match=r"MediaPipe needs .*pip install metricpose\[mediapipe\]"):
        detector_named("mediapipe")


def test_mediapipe_refuses_a_score_out_of_range(pose: SimpleNamespace) -> None:
    from metricpose.inference.detectors.mediapipe import MediapipeDetector

    with pytest.raises(InputError, match=r"min_score: expected a number in \[0, 1\], got 2"):
        MediapipeDetector(min_score=2)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_mediapipe_itself_is_silent_and_finds_nobody_on_grey(capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("mediapipe", reason="mediapipe is not installed (it needs numpy < 2)")
    assert len(detector_named("mediapipe")(np.full((120, 160, 3), 128, np.uint8))) == 0
    assert capfd.readouterr() == ("", "")


# rtmlib -------------------------------------------------------------------------------------------------------------


class FakeBody:
    """A stand-in for `rtmlib.Body`: prints on loading as it does, and answers what the class holds."""

    joints: Any = np.zeros((1, 17, 2))
    scores: Any = np.zeros((1, 17))
    boxes: Any = ()
    fault: Exception | None = None
    seen: tuple[Any, ...] = ()

    def __init__(self, *, pose: str | None, mode: str, backend: str, device: str) -> None:
        if self.fault is not None:
            raise self.fault
        sys.stdout.write("load something.onnx with onnxruntime backend\n")
        self.one_stage = pose == "rtmo"

    def __call__(self, image: np.ndarray) -> tuple[Any, Any]:
        type(self).seen = tuple(image[0, 0])
        return self.joints, self.scores

    def det_model(self, image: np.ndarray) -> Any:
        return self.boxes

    def pose_model(self, image: np.ndarray, bboxes: Any) -> tuple[Any, Any]:
        assert len(bboxes), "rtmlib would take the whole picture for a person"
        return self.joints, self.scores


@pytest.fixture
def body(monkeypatch: pytest.MonkeyPatch) -> type[FakeBody]:
    class Body(FakeBody):
        pass

    module = ModuleType("rtmlib")
    module.Body = Body  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "rtmlib", module)
    return Body


def test_rtmlib_gets_bgr_and_keeps_the_standard_output_clean(
    body: type[FakeBody], capsys: pytest.CaptureFixture[str]
) -> None:
    body.joints, body.scores = np.full((2, 17, 2), 10.0), np.array([[0.4] * 17, [0.9] * 17])
    found = detector_named("rtmlib")(np.broadcast_to(np.array([1, 2, 3], np.uint8), (40, 60, 3)))
    assert body.seen == (3, 2, 1)
    assert found.skeleton is COCO17
    assert found.scores.tolist() == pytest.approx([0.9, 0.4])
    assert capsys.readouterr().out == ""


def test_rtmlib_person_of_zeros_is_nobody(body: type[FakeBody]) -> None:
    assert len(detector_named("rtmlib")(GREY)) == 0


def test_rtmpose_without_boxes_is_nobody(body: type[FakeBody]) -> None:
    from metricpose.inference.detectors.rtmlib import RtmlibDetector

    detector = RtmlibDetector(model="rtmpose")
    body.joints, body.scores = np.full((1, 17, 2), 10.0), np.full((1, 17), 0.8)
    assert len(detector(GREY)) == 0
    body.boxes = np.array([[0, 0, 9, 9]])
    assert len(detector(GREY)) == 1


def test_rtmlib_that_cannot_download_says_what_to_do(body: type[FakeBody]) -> None:
    body.fault = OSError("<urlopen error [Errno -3] Temporary failure in name resolution>")
    with pytest.raises(FileError, match=r"could not load its networks for rtmo \(balanced\): OSError.*run it once"):
        detector_named("rtmlib")


def test_rtmlib_missing_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rtmlib", None)
    with pytest.raises(MissingExtraError, match=r"pip install metricpose\[rtmlib\]"):
        detector_named("rtmlib")


@pytest.mark.parametrize("options", [{"model": "yolo"}, {"mode": "fast"}])
def test_rtmlib_refuses_unknown_options(options: dict[str, Any]) -> None:
    from metricpose.inference.detectors.rtmlib import RtmlibDetector

    with pytest.raises(InputError, match=r"rtmlib (model|mode): expected one of .*got '(yolo|fast)'"):
        RtmlibDetector(**options)


# Precomputed --------------------------------------------------------------------------------------------------------


def people_file(path: Path, *names: str) -> Path:
    joints = [[float(j), 1.0] for j in range(17)]
    images = [
        {
            "image": name,
            "width": 60,
            "height": 40,
            "camera": None,
            "people": [
                {"id": i, "score": 0.5, "box_px": [0, 0, 20, 20], "joints_px": joints, "joint_scores": [0.5] * 17}
            ],
        }
        for i, name in enumerate(names)
    ]
    document = {
        "schema": "metricpose.people2d/1",
        "skeleton": {"name": "coco17", "joints": list(COCO17.joints)},
        "images": images,
    }
    path.write_text(json.dumps(document))
    return path


def test_precomputed_needs_its_file() -> None:
    with pytest.raises(InputError, match="expected a file of 2D people, got none"):
        detector_named("precomputed")


def test_precomputed_by_name_last_part_and_stem(tmp_path: Path) -> None:
    detector = detector_named(
        "precomputed", detections=people_file(tmp_path / "p.json", "a/x.png", "b/x.png", "c/y.png")
    )
    ids = {name: detector(GREY, name=name).ids for name in ("a/x.png", "b/x.png", "y.png", "elsewhere/y.jpg")}
    assert ids == {"a/x.png": (0,), "b/x.png": (1,), "y.png": (2,), "elsewhere/y.jpg": (2,)}
    with pytest.raises(InputError, match=r"expected people of the picture 'x.png', got none; it has a/x.png"):
        detector(GREY, name="x.png")  # which of the two?


def test_precomputed_by_name_only_and_in_its_size(tmp_path: Path) -> None:
    detector = detector_named("precomputed", detections=people_file(tmp_path / "p.json", "x.png"))
    with pytest.raises(InputError, match="expected the name of the picture"):
        detector(GREY)
    with pytest.raises(InputError, match="of a picture of 60 x 40 px, expected 30 x 40 px as the picture"):
        detector(GREY[:, ::2], name="x.png")


def test_precomputed_refuses_a_file_without_pictures(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least one picture, got none"):
        detector_named("precomputed", detections=people_file(tmp_path / "p.json"))
