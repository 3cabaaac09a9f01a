"""Where people of a scene stand: in view of the camera, on the ground or in the air, not in each other."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from metricpose.virtual.cameras import CameraBatch
from metricpose.virtual.placement import PlacementOptions, place
from metricpose.virtual.pose_pool import GROUPS
from metricpose.virtual.render.dressed import DressedPerson

_STANDING, _ACROBATIC = GROUPS.index("standing"), GROUPS.index("acrobatic")
_TRIES = 30
_FROM_EYE_M = 0.45


@dataclass(frozen=True, kw_only=True)
class StandingOptions:
    """Shares are probabilities.

    Attributes:
        distance_m: least and greatest, from the camera.
        beside_share, beside_m: of the people after the first, stand this near to somebody rather than anywhere.
        apart_m: least distance between joints of two people.
        jump_share: of those who stand; half of the acrobats are in the air, and half of them higher than 0.65 m.
    """

    distance_m: tuple[float, float]
    beside_share: float
    beside_m: tuple[float, float]
    apart_m: float
    jump_share: float


_JUMP_M, _FLIGHT_M = (0.05, 0.35), (0.1, 1.2)
_IN_THE_AIR, _UPRIGHT = 0.5, 0.3  # shares of acrobats


@dataclass(frozen=True, kw_only=True, eq=False)
class Spot:
    """Where a person is put: x_world = turn @ x + place_m; `points` (N, 3) are the body's, in the world."""

    turn: np.ndarray
    place_m: np.ndarray
    jumps: bool
    points: np.ndarray


class Standing:
    """People put into the world one after the other, where the camera sees them and they are not in each other."""

    def __init__(
        self,
        cameras: CameraBatch,
        options: StandingOptions,
        rng: np.random.Generator,
        draws: torch.Generator,
    ) -> None:
        self._cameras, self._options, self._rng, self._draws = cameras, options, rng, draws
        self._taken: list[np.ndarray] = []

    def spots(self, people: Sequence[DressedPerson], groups: Sequence[int]) -> list[Spot | None]:
        """Of each person; None for who finds no place."""
        return [self._spot(person, group) for person, group in zip(people, groups, strict=True)]

    def _spot(self, person: DressedPerson, group: int) -> Spot | None:
        jumps = bool(group == _STANDING and self._rng.random() < self._options.jump_share)
        above_m = self._rng.uniform(*_JUMP_M) if jumps else 0.0
        turn, body, lowest_m = _turn(self._rng.uniform(0.0, 360.0)), body_points(person), person.lowest_m
        if group == _ACROBATIC:
            turn = turn @ tumbled(self._rng)
            lowest_m = person.placed(turn, np.zeros(3), 1).lowest_m
            jumps = bool(self._rng.random() < _IN_THE_AIR)
            above_m = self._rng.uniform(*_FLIGHT_M) if jumps else 0.0
        for _ in range(_TRIES):
            place_m = self._place(person, above_m - lowest_m)
            if place_m is None:
                continue
            points = body @ turn.T + place_m
            if self._fits(points):
                self._taken.append(points)
                return Spot(turn=turn, place_m=place_m, jumps=jumps, points=points)
        return None

    def _place(self, person: DressedPerson, pelvis_m: float) -> np.ndarray | None:
        """The pelvis's place, or None: none in view."""
        if self._taken and self._rng.random() < self._options.beside_share:
            return self._beside(pelvis_m)
        found, good = place(
            self._cameras,
            torch.tensor([[pelvis_m]], dtype=torch.float32),
            torch.tensor([[person.stature_m]], dtype=torch.float32),
            torch.ones(1, 1, dtype=torch.bool),
            PlacementOptions(distance_m=self._options.distance_m),
            self._draws,
        )
        return found[0, 0].double().numpy() if bool(good[0, 0]) else None

    def _beside(self, pelvis_m: float) -> np.ndarray | None:
        """Near somebody who stands already, in the picture."""
        other = self._taken[int(self._rng.integers(len(self._taken)))].mean(0)
        away, angle = self._rng.uniform(*self._options.beside_m), self._rng.uniform(0.0, 2 * np.pi)
        spot = np.array([other[0] + away * np.cos(angle), other[1] + away * np.sin(angle), pelvis_m])
        cam = self._cameras.to_cam(torch.tensor(spot, dtype=torch.float32)[None, None])
        px = self._cameras.to_px(cam)[0, 0]
        inside = bool(((px > 0) & (px < self._cameras.size_px[0])).all())
        near, far = self._options.distance_m
        return spot if inside and near < float(cam[0, 0, 2]) < far else None

    def _fits(self, points: np.ndarray) -> bool:
        """Clear of the camera and of the others."""
        eye = np.array([0.0, 0.0, float(self._cameras.height_m[0])])
        if np.linalg.norm(points - eye, axis=1).min() < _FROM_EYE_M:
            return False
        return all(_gap(points, others) > self._options.apart_m for others in self._taken)


def tumbled(rng: np.random.Generator) -> np.ndarray:
    """(3, 3): an acrobat's turn from upright, forwards: by any angle, three times in ten by some 20 degrees."""
    forwards = rng.normal(0.0, 20.0) if rng.random() < _UPRIGHT else rng.uniform(-180.0, 180.0)
    angles = np.deg2rad([rng.normal(0.0, 20.0), forwards])
    (cr, cp), (sr, sp) = np.cos(angles), np.sin(angles)
    return np.array([[cp, 0.0, sp], [0.0, 1.0, 0.0], [-sp, 0.0, cp]]) @ np.array(
        [[1.0, 0.0, 0.0], [0.0, cr, -sr], [0.0, sr, cr]]
    )


def body_points(person: DressedPerson) -> np.ndarray:
    return np.stack([np.asarray(point) for point in person.points.values()])


def _gap(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.linalg.norm(a[:, None] - b[None], axis=-1).min())


def _turn(degrees: float) -> np.ndarray:
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
