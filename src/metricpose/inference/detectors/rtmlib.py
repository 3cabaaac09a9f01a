"""RTMO (Lu et al. 2024) and RTMPose (Jiang et al. 2023) through rtmlib: everybody in a picture."""

import sys
from contextlib import redirect_stdout
from typing import Any, Literal, get_args

import numpy as np

from metricpose._errors import FileError, InputError, MissingExtraError
from metricpose._onnxruntime import imported_onnxruntime
from metricpose.inference.detectors.protocol import checked_picture, found_people
from metricpose.people import People2D
from metricpose.skeletons import Skeleton
from metricpose.skeletons.catalogue import COCO17

Model = Literal["rtmo", "rtmpose"]
Mode = Literal["lightweight", "balanced", "performance"]


class RtmlibDetector:
    """Several people per picture, in COCO-17.

    rtmlib downloads the networks (30 to 400 MB by mode) at first use, into ~/.cache/rtmlib.
    """

    name = "rtmlib"
    licence = "Apache-2.0"
    skeleton: Skeleton = COCO17

    def __init__(self, *, model: Model = "rtmo", mode: Mode = "balanced", device: str = "cpu") -> None:
        """Load the networks: `model` is one-stage ("rtmo") or a detector of boxes and then of joints ("rtmpose").

        Raises:
            MissingExtraError: rtmlib is not installed.
            FileError: the networks can be neither found nor downloaded nor loaded.
            InputError: an unknown `model` or `mode`.
        """
        for what, value, known in (("model", model, get_args(Model)), ("mode", mode, get_args(Mode))):
            if value not in known:
                raise InputError(f"rtmlib {what}: expected one of {', '.join(known)}, got {value!r}")
        self._body = _loaded(model, mode, device)

    def __call__(self, image: np.ndarray, *, name: str | None = None) -> People2D:
        """See `Detector`; `name` is not looked at."""
        image = checked_picture(image)
        height, width = image.shape[:2]
        joints_px, joint_scores = self._joints(np.ascontiguousarray(image[..., ::-1]))  # it expects BGR
        joints_px = np.reshape(joints_px, (-1, len(self.skeleton), 2))
        # Where RTMO finds nobody it answers with one person of zeros, which has no seen joint and is left out.
        return found_people(joints_px, np.reshape(joint_scores, joints_px.shape[:2]), self.skeleton, (width, height))

    def _joints(self, image_bgr: np.ndarray) -> tuple[Any, Any]:
        if self._body.one_stage:
            return self._body(image_bgr)
        boxes_px = self._body.det_model(image_bgr)
        # Given no boxes, RTMPose takes the whole picture for a person.
        return self._body.pose_model(image_bgr, bboxes=boxes_px) if len(boxes_px) else ((), ())


def _loaded(model: Model, mode: Mode, device: str) -> Any:
    try:
        imported_onnxruntime()  # before rtmlib does it with telemetry
        from rtmlib import Body  # pyright: ignore[reportAttributeAccessIssue]  it takes this file for rtmlib
    except ImportError as fault:
        raise MissingExtraError("detecting people with rtmlib", "rtmlib") from fault
    try:
        with redirect_stdout(sys.stderr):  # it prints what it loads, and results go to the standard output
            return Body(pose="rtmo" if model == "rtmo" else None, mode=mode, backend="onnxruntime", device=device)
    except Exception as fault:
        raise FileError(
            f"rtmlib could not load its networks for {model} ({mode}): {type(fault).__name__}: {fault}; they are "
            "downloaded at first use, so run it once with a network, or copy ~/.cache/rtmlib from where it works, or "
            "use another detector"
        ) from fault
