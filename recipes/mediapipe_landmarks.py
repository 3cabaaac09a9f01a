"""MediaPipe's landmarks of videos, in pixels and in metres about the hips, for `recipes.compare_methods --mediapipe`.

    python -m venv .venv-mp && .venv-mp/bin/pip install -c constraints-mediapipe.txt '.[mediapipe,video]'
    .venv-mp/bin/python -m recipes.mediapipe_landmarks DIR/videos/*.mp4 --every 5 -o runs/mediapipe.json

To be run in the repository's folder, in an environment of its own: MediaPipe needs numpy < 2. Pictures are named as by
`metricpose estimate` (cam01.mp4#000050); each is looked at for itself. The file is one of 2D people in mediapipe33
(`metricpose lift` reads it, too) with the key `world_m` for each picture.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from baselines.mediapipe_pnp import Landmarks, write_landmarks
from metricpose._errors import MetricposeError, MissingExtraError
from metricpose.inference.detectors.protocol import found_people
from metricpose.inference.sources import Unread, expanded, pictures
from metricpose.skeletons.catalogue import MEDIAPIPE33

FULL_MODEL = 1  # the one that the wheel carries

Network = Callable[[np.ndarray], Any]


def loaded_network() -> Network:
    """A picture, uint8 RGB, to MediaPipe's answer. Raises MissingExtraError without MediaPipe."""
    try:
        from mediapipe.python.solutions import pose
    except ImportError as fault:
        raise MissingExtraError("MediaPipe's landmarks", "mediapipe") from fault
    return pose.Pose(static_image_mode=True, model_complexity=FULL_MODEL).process


def landmarks_of(name: str, image: np.ndarray, network: Network) -> Landmarks:
    """The person of one picture, or nobody."""
    answer = network(image)
    height, width = image.shape[:2]
    joints, scores, world = np.zeros((0, 33, 2)), np.zeros((0, 33)), np.zeros((0, 33, 3))
    if answer.pose_landmarks is not None and answer.pose_world_landmarks is not None:
        marks = answer.pose_landmarks.landmark
        # Theirs is 0 at the left edge of the picture and 1 at the right; ours is 0 in the middle of the first pixel.
        joints = np.array([[(mark.x * width - 0.5, mark.y * height - 0.5) for mark in marks]])
        scores = np.array([[mark.visibility for mark in marks]])
        world = np.array([[(mark.x, mark.y, mark.z) for mark in answer.pose_world_landmarks.landmark]])
    people = found_people(joints, scores, MEDIAPIPE33, (width, height))
    return Landmarks(image=name, people=people, world_m=world[: len(people)])


def main(arguments: list[str] | None = None) -> int:
    """Read, look, write; 2 where something could not be read."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("inputs", nargs="+", metavar="INPUT", help="videos or pictures")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="every N-th frame of a video (default 1)")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="the .json to write")
    args = parser.parse_args(arguments)
    try:
        network, found = loaded_network(), []
        for picture in pictures(expanded(args.inputs), every=args.every):
            if isinstance(picture, Unread):
                raise picture.error
            found.append(landmarks_of(picture.name, picture.image, network))
        write_landmarks(args.output, found)
    except MetricposeError as error:
        print(f"mediapipe_landmarks: error: {error}", file=sys.stderr)
        return 2
    print(f"{len(found)} pictures, {sum(len(entry.people) for entry in found)} people in {args.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
