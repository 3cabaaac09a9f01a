"""MediaPipe's world landmarks (BlazePose GHUM, Grishchenko et al. 2022), put before a known camera.

MediaPipe gives 33 landmarks twice: in the picture, and in metres about the middle of the hips. It does not say where
the person is. The metric landmarks are moved and turned as a rigid body to where they fall on the landmarks in the
picture best, in the sense of least squares weighted by visibility (perspective-n-point with a known camera;
`baselines.pnp`). `turning=False` only moves them.

The landmarks of many pictures are one file of 2D people (`metricpose.people2d/1`, mediapipe33) whose pictures have one
more key, `world_m`: (people, 33, 3) m. `recipes/mediapipe_landmarks.py` writes it where MediaPipe is installed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from baselines.placed_pose import put_onto_pixels
from metricpose._errors import InputError
from metricpose.geometry.camera import Camera
from metricpose.io.fields import numbers
from metricpose.io.json_text import plain_numbers
from metricpose.io.people2d_json import read_people2d_json, write_people2d
from metricpose.io.records import ImagePeople2D
from metricpose.people.people2d import People2D
from metricpose.people.people3d import People3D
from metricpose.skeletons.catalogue import MEDIAPIPE33

WORLD_KEY = "world_m"
LARGEST_M = 3.0  # of a landmark from the hips: beyond, somebody wrote millimetres


@dataclass(frozen=True, kw_only=True, eq=False)
class Landmarks:
    """What MediaPipe found in one picture: 2D people in mediapipe33, and world_m (P, 33, 3) m."""

    image: str
    people: People2D
    world_m: np.ndarray

    def __post_init__(self) -> None:
        if self.people.skeleton != MEDIAPIPE33:
            raise InputError(f"{self.image}: expected landmarks in mediapipe33, got {self.people.skeleton.name}")
        expected = (len(self.people), len(MEDIAPIPE33), 3)
        if np.shape(self.world_m) != expected:
            raise InputError(f"{self.image}: {WORLD_KEY}: expected shape {expected}, got {np.shape(self.world_m)}")
        if np.size(self.world_m) and not np.abs(self.world_m).max() <= LARGEST_M:
            largest = float(np.abs(self.world_m).max())
            raise InputError(
                f"{self.image}: {WORLD_KEY}: expected metres about the hips, got a coordinate of {largest:g}; check it"
            )

    def chosen(self, rows: Any) -> "Landmarks":
        """Some of the people, by mask, slice or list of indices."""
        return Landmarks(image=self.image, people=self.people[rows], world_m=self.world_m[rows])


@dataclass(frozen=True, kw_only=True, eq=False)
class MediapipePnp:
    """Made with one picture's world landmarks (P, 33, 3) m; called with the people of the same picture, in order."""

    world_m: np.ndarray
    turning: bool = True
    poses = True

    def __call__(self, people: People2D, camera: Camera) -> People3D:
        """The people in mediapipe33. Raises InputError for others than those whose landmarks these are."""
        if people.skeleton != MEDIAPIPE33 or len(people) != len(self.world_m):
            raise InputError(
                f"MediaPipe: expected {len(self.world_m)} people in mediapipe33, the ones of the world landmarks, "
                f"got {len(people)} in {people.skeleton.name}"
            )
        return put_onto_pixels(people, camera, self.world_m, turning=self.turning)


def read_landmarks(path: str | Path) -> Mapping[str, Landmarks]:
    """The pictures of a file by name. FileError and InputError say what is wrong with it, and where."""
    found: dict[str, Landmarks] = {}
    for record in read_people2d_json(path):
        if WORLD_KEY not in record.extra:
            raise InputError(
                f"{path}: {record.image}: {WORLD_KEY}: expected world landmarks, got none; "
                "write the file with recipes/mediapipe_landmarks.py"
            )
        if record.image in found:
            raise InputError(f"{path}: {record.image}: expected each picture once, got it twice; remove one")
        shape = (len(record.people), len(MEDIAPIPE33), 3)
        world_m = numbers(record.extra[WORLD_KEY], shape, f"{path}: {record.image}: {WORLD_KEY}")
        found[record.image] = Landmarks(image=record.image, people=record.people, world_m=world_m)
    return found


def write_landmarks(path: str | Path, found: Mapping[str, Landmarks] | list[Landmarks]) -> None:
    """Write the pictures, whole or not at all."""
    entries = list(found.values()) if isinstance(found, Mapping) else found
    records = [
        ImagePeople2D(
            image=entry.image,
            people=entry.people,
            extra={WORLD_KEY: plain_numbers(np.asarray(entry.world_m, dtype=np.float32))},
        )
        for entry in entries
    ]
    write_people2d(path, records, MEDIAPIPE33)
