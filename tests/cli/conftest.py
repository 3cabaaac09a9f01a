"""A lifter without a network, so that the command is tested apart from the weights."""

import sys

import numpy as np
import pytest

from metricpose.geometry import Camera
from metricpose.inference import RayLifter
from metricpose.inference.detectors.agr_network import AgrNetwork
from metricpose.inference.detectors.crop_network import CropNetwork
from metricpose.people import People2D, People3D
from metricpose.skeletons.catalogue import COCO17
from tests.inference.dotted import DottedEngine


@pytest.fixture
def flat_lifter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts everybody on the plane 5 m before the camera."""

    def flat(
        people: People2D, camera: Camera, *, camera_source="given", focal_sigma=0.0, doubt=None, skeleton=COCO17
    ) -> People3D:
        if skeleton != COCO17:
            return flat(people, camera, camera_source=camera_source, focal_sigma=focal_sigma).to(skeleton)
        if len(people) == 0:
            return People3D.empty(COCO17, camera, camera_source)
        coco = people.to(COCO17)
        half = 1.0 + focal_sigma
        joints_cam = camera.unproject(coco.joints_px, np.full(coco.joint_scores.shape, 5.0))
        return People3D.lifted(
            coco, camera, camera_source,
            joints_cam=joints_cam, joint_sigma=np.full(coco.joint_scores.shape, 0.1),
            root_cam=joints_cam[:, [11, 12]].mean(axis=1),
            root_depth_interval=np.tile([5.0 - half, 5.0 + half], (len(coco), 1)),
        )  # fmt: skip

    monkeypatch.setattr(RayLifter, "load", staticmethod(lambda *args, **kwargs: flat))


@pytest.fixture
def batch_lifter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers nothing, at once: for the bench, which only calls."""

    class Idle:
        def __call__(self, *args: object) -> None:
            return None

        def many(self, pictures: object) -> None:
            return None

    monkeypatch.setattr(RayLifter, "load", staticmethod(lambda *args, **kwargs: Idle()))
    monkeypatch.setattr("metricpose.cli.timing._LEAST_SECONDS", 0.0)


@pytest.fixture
def dotted_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own detector with a network that sees coloured dots (tests/inference/dotted.py), whatever its weights."""

    def load(weights: object = "base", threads: int | None = None, precision: str = "int8") -> AgrNetwork:
        return AgrNetwork(DottedEngine(), str(weights), "Apache-2.0")

    monkeypatch.setattr(AgrNetwork, "load", load)
    monkeypatch.setattr(
        CropNetwork, "load", lambda weights="base", threads=None, precision="int8": CropNetwork(DottedEngine())
    )
    monkeypatch.setitem(sys.modules, "rtmlib", None)
