"""MediaPipe Pose (BlazePose, Bazarevsky et al. 2020): the most prominent person of a picture, offline."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from metricpose._errors import InputError, MissingExtraError
from metricpose.inference.detectors.protocol import checked_picture, found_people
from metricpose.people import People2D
from metricpose.skeletons import Skeleton
from metricpose.skeletons.catalogue import MEDIAPIPE33

# The one that the wheel carries; 0 and 2 are downloaded at first use.
_FULL_MODEL = 1


class MediapipeDetector:
    """At most one person per picture, in MediaPipe's 33 landmarks; `joint_scores` are its visibilities.

    Its landmarks are regressed together, so that hidden ones have a plausible place and a low score. Every picture
    is looked at for itself: nothing is carried from one frame of a video to the next.
    """

    name = "mediapipe"
    licence = "Apache-2.0"
    skeleton: Skeleton = MEDIAPIPE33

    def __init__(self, *, min_score: float = 0.5) -> None:
        """`min_score` in [0, 1]: the least confidence with which a person is reported.

        Raises:
            MissingExtraError: mediapipe is not installed, or in a version without the model in its wheel.
            InputError: `min_score` is out of range.
        """
        if not 0.0 <= min_score <= 1.0:
            raise InputError(f"min_score: expected a number in [0, 1], got {min_score}")
        with _quiet():
            self._network = _solution().Pose(
                static_image_mode=True, model_complexity=_FULL_MODEL, min_detection_confidence=min_score
            )
            # Its threads start when they like, and talk about it; once a picture has passed they all have.
            self._network.process(np.zeros((64, 64, 3), np.uint8))

    def __call__(self, image: np.ndarray, *, name: str | None = None) -> People2D:
        """See `Detector`; `name` is not looked at."""
        image = checked_picture(image)
        height, width = image.shape[:2]
        with _quiet():
            landmarks = self._network.process(image).pose_landmarks
        if landmarks is None:
            return People2D.empty(self.skeleton, (width, height))
        found = np.array([(mark.x, mark.y, mark.visibility) for mark in landmarks.landmark], np.float32)
        # Theirs is 0 at the left edge of the picture and 1 at the right; ours is 0 in the middle of the first pixel.
        joints_px = found[:, :2] * (width, height) - 0.5
        return found_people(joints_px[None], found[None, :, 2], self.skeleton, (width, height))


def _solution() -> Any:
    try:
        from mediapipe.python.solutions import pose
    except ImportError as fault:
        raise MissingExtraError("detecting people with MediaPipe", "mediapipe") from fault
    return pose


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the standard error of this process, where the C++ side writes whatever it is told about logging."""
    sys.stderr.flush()
    try:
        kept = os.dup(2)
    except OSError:  # there is no standard error
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
