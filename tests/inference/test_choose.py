"""Which detector "auto" is, options of our own, and a detector of one person that looks at everybody's crop."""

import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from metricpose import InputError, MissingExtraError
from metricpose.inference.detectors import DETECTORS, AgrOptions, Detector, detector_named
from metricpose.inference.detectors.agr import AgrDetector
from metricpose.inference.detectors.agr_network import AgrNetwork
from metricpose.inference.detectors.by_crops import CropsDetector
from metricpose.inference.detectors.crop_network import CropNetwork
from metricpose.inference.detectors.protocol import found_people
from metricpose.people import People2D
from metricpose.skeletons.catalogue import HALPE26, MEDIAPIPE33
from tests.inference.dotted import HIP, DottedEngine, dotted, places


@pytest.fixture
def dotted_weights(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, Any]]:
    """The network that sees dots in place of every file of weights; the list has what was asked for."""
    asked: list[tuple[Any, Any]] = []

    def load(weights: Any = "base", threads: Any = None, precision: Any = "int8") -> AgrNetwork:
        asked.append((weights, threads))
        return AgrNetwork(DottedEngine(), str(weights), "Apache-2.0")

    monkeypatch.setattr(AgrNetwork, "load", load)
    monkeypatch.setattr(
        CropNetwork, "load", lambda weights="base", threads=None, precision="int8": CropNetwork(DottedEngine())
    )
    return asked


def stand_in_rtmlib(monkeypatch: pytest.MonkeyPatch, fault: Exception | None = None) -> None:
    class Body:
        def __init__(self, **options: Any) -> None:
            if fault is not None:
                raise fault

    module = ModuleType("rtmlib")
    module.Body = Body  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "rtmlib", module)


def test_auto_is_rtmlib_where_it_is_installed(monkeypatch: pytest.MonkeyPatch, dotted_weights: Any) -> None:
    stand_in_rtmlib(monkeypatch)
    assert detector_named("auto").name == "rtmlib"
    assert not dotted_weights


def test_auto_is_our_own_without_rtmlib_or_its_networks(monkeypatch: pytest.MonkeyPatch, dotted_weights: Any) -> None:
    monkeypatch.setitem(sys.modules, "rtmlib", None)
    assert detector_named("auto").name == "agr"
    stand_in_rtmlib(monkeypatch, OSError("no network"))
    assert detector_named("auto").name == "agr"
    assert dotted_weights == [("base", None)] * 2


def test_options_of_our_own_mean_our_own(monkeypatch: pytest.MonkeyPatch, dotted_weights: Any) -> None:
    stand_in_rtmlib(monkeypatch)
    detector = detector_named("auto", agr=AgrOptions(weights="base-research", threads=2))
    assert detector.name == "agr"
    assert dotted_weights == [("base-research", 2)]
    with pytest.raises(InputError, match="detector 'rtmlib': expected no options of the detector 'agr', got AgrOpt"):
        detector_named("rtmlib", agr=AgrOptions())
    with pytest.raises(InputError, match="refine: expected one of own, mediapipe, none, got 'all'"):
        AgrOptions(refine="all")  # type: ignore[arg-type]


def test_every_detector_is_described() -> None:
    assert {"auto", "agr", "rtmlib", "mediapipe", "precomputed"} == set(DETECTORS)


def test_refining_with_mediapipe_needs_it(monkeypatch: pytest.MonkeyPatch, dotted_weights: Any) -> None:
    for name in ("mediapipe", "mediapipe.python", "mediapipe.python.solutions"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtraError, match="pip install metricpose\\[mediapipe\\]"):
        detector_named("agr", agr=AgrOptions(refine="mediapipe"))


# A detector of one person on crops -----------------------------------------------------------------------------------

NOSE = MEDIAPIPE33.joints.index("nose")
SHARED = MEDIAPIPE33.joints.index("left_wrist")


class OnePerson:
    """As MediaPipe: one person per picture at most, the whole body at the dots. `blind` to crops of these numbers."""

    name, licence, skeleton = "one", "MIT", MEDIAPIPE33

    def __init__(self, blind: tuple[int, ...] = ()) -> None:
        self.blind, self.sizes = blind, []

    def __call__(self, image: np.ndarray, *, name: str | None = None) -> People2D:
        self.sizes.append(image.shape[:2])
        found = AgrDetector(engine=DottedEngine(), refine=False)(image)
        size = image.shape[1], image.shape[0]
        if len(self.sizes) - 1 in self.blind or not len(found):
            return People2D.empty(MEDIAPIPE33, size)
        seen = found.joints_px[0][found.joint_scores[0] > 0]
        joints = np.resize(seen, (33, 2))
        return found_people(joints[None], np.full((1, 33), 0.7), MEDIAPIPE33, size)


PEOPLE = (150.3, 120.7, 90.0), (420.0, 230.5, 120.0)


def crops(looker: OnePerson) -> Detector:
    return CropsDetector(AgrDetector(engine=DottedEngine()), looker)


def test_everybody_gets_the_joints_of_the_second_detector() -> None:
    looker = OnePerson()
    detector = crops(looker)
    found = detector(dotted((720, 400), *PEOPLE))
    assert (detector.name, detector.licence) == ("agr+one", "that of its engine; one: MIT")
    assert found.skeleton is detector.skeleton is MEDIAPIPE33
    assert len(found) == 2 and found.ids == (0, 1)
    for joints in found.joints_px:
        truth = min((places(*person) for person in PEOPLE), key=lambda t: np.abs(t[1] - joints[1]).max())
        assert np.abs(joints - np.resize(truth[[1, 2, 0]], (33, 2))).max() < 120
        assert min(np.linalg.norm(joints - truth[1], axis=1)) < 1.0
    assert all(size[0] == size[1] for size in looker.sizes)


def test_whom_it_does_not_find_keeps_the_first_detectors_joints() -> None:
    plain = AgrDetector(engine=DottedEngine())(dotted((720, 400), *PEOPLE))
    found = crops(OnePerson(blind=(0,)))(dotted((720, 400), *PEOPLE))
    assert_allclose(found.joints_px[0, SHARED], plain.to(MEDIAPIPE33).joints_px[0, SHARED])
    assert found.joint_scores[0, SHARED] > 0
    assert (found.joint_scores[0] > 0).sum() < 10
    assert (found.joint_scores[1] > 0).sum() == 33
    assert_allclose(found.boxes_px, plain.boxes_px)
    assert_allclose(found.scores, plain.scores)


def test_two_crops_that_show_the_same_person_serve_one() -> None:
    class Same(OnePerson):
        def __call__(self, image: np.ndarray, *, name: str | None = None) -> People2D:
            corner = np.zeros((1, 33, 2)) + [[[9.0, 9.0]]]
            return found_people(corner, np.full((1, 33), 0.9), MEDIAPIPE33, (image.shape[1], image.shape[0]))

    found = crops(Same())(dotted((720, 400), *PEOPLE))  # somebody in a corner, whom nobody meant
    assert ((found.joint_scores > 0).sum(axis=1) < 10).all()


def test_nobody_is_nobody() -> None:
    looker = OnePerson()
    assert len(crops(looker)(np.zeros((40, 60, 3), np.uint8))) == 0
    assert not looker.sizes


def test_the_weights_are_the_finders() -> None:
    assert getattr(crops(OnePerson()), "weights") == "base"  # noqa: B009
    assert HALPE26.joints[HIP] == "hip"
