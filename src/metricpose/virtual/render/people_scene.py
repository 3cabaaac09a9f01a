"""Scenes of dressed people on the ground with chairs and boxes, a camera and surroundings, all from one seed.

World frame as `virtual.cameras`: metres, z up, ground at z = 0, the camera at (0, 0, height) looking along +x.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import torch
from PIL import Image

from metricpose._errors import FileError, InputError
from metricpose.geometry import BrownConrady, Camera
from metricpose.virtual.cameras import CameraBatch, CameraOptions, sample_cameras
from metricpose.virtual.placement import PlacementOptions, place
from metricpose.virtual.pose_pool import GROUPS, PoseAugmentation, PosePool
from metricpose.virtual.render.dressed import DressedPerson, DressOptions
from metricpose.virtual.render.environment import (
    Environment,
    Panorama,
    panorama_environment,
    panorama_files,
    picture_environment,
    picture_files,
)
from metricpose.virtual.render.furniture import box, chair, stool, table
from metricpose.virtual.render.mesh import Mesh
from metricpose.virtual.render.rooms import room_environment
from metricpose.virtual.scene_people import camera_of

Surroundings = Literal["panorama", "room", "photo"]

_SPLITS = {"train": 1, "val": 2, "test": 3}
_SITTING, _STANDING = GROUPS.index("sitting"), GROUPS.index("standing")
_SEAT_M = (0.28, 0.8)  # heights at which something stands under a sitting person
_TRIES = 30


@dataclass(frozen=True, kw_only=True)
class SceneOptions:
    """What scenes of people are drawn from; shares are probabilities.

    Attributes:
        sizes: of pictures, width and height in pixels; each scene has one of them.
        people: probabilities of 1, 2, ... people; the mean of the default is 2.6.
        beside_share: of the people after the first, stand near somebody rather than anywhere.
        focal_over_longer: focal length over the picture's longer side.
        indoors_m, outdoors_m: distances of people from the camera in rooms and elsewhere.
        panoramas, photos: folders, or None; rooms are always at hand.
        room_share, photo_share: of the scenes, where there is a choice.
        background_licence: what the user says of the pictures in the folders.
    """

    split: Literal["train", "val", "test"] = "train"
    sizes: tuple[tuple[int, int], ...] = ((512, 960), (960, 512))
    people: tuple[float, ...] = (0.28, 0.27, 0.2, 0.12, 0.07, 0.03, 0.02, 0.01)
    beside_share: float = 0.45
    beside_m: tuple[float, float] = (0.35, 1.3)
    apart_m: float = 0.16  # least distance between joints of two people
    jump_share: float = 0.03
    aimed_share: float = 0.75  # of the scenes show the best of `views` cameras
    views: int = 4
    least_px: float = 50.0  # of the largest person in the picture
    hiding_share: float = 0.3  # of scenes have things between the camera and people
    distortion_share: float = 0.2
    focal_over_longer: tuple[float, float] = (0.45, 2.0)
    height_m: tuple[float, float] = (0.4, 4.0)
    pitch_deg: tuple[float, float] = (-12.0, 55.0)
    roll_max_deg: float = 15.0
    indoors_m: tuple[float, float] = (1.2, 7.0)
    outdoors_m: tuple[float, float] = (1.2, 16.0)
    augmentation: PoseAugmentation | None = field(default_factory=PoseAugmentation)
    dress: DressOptions = field(default_factory=DressOptions)
    panoramas: Path | None = None
    photos: Path | None = None
    room_share: float = 0.25
    photo_share: float = 0.3
    background_licence: str = "not stated"

    def __post_init__(self) -> None:
        if self.split not in _SPLITS:
            raise InputError(f"SceneOptions.split: expected one of {', '.join(_SPLITS)}, got {self.split!r}")
        if not 1 <= len(self.people) <= 255 or min(self.people) < 0 or sum(self.people) <= 0:
            raise InputError(f"SceneOptions.people: expected probabilities of 1, 2, ... people, got {self.people}")
        if not self.sizes:
            raise InputError("SceneOptions.sizes: expected at least one (width, height), got none")


class DressesPeople(Protocol):
    """What makes people: `dressed.Dresser`."""

    def dressed_person(
        self, seed: int, rotations: np.ndarray, options: DressOptions | None = None
    ) -> DressedPerson: ...


@dataclass(frozen=True, kw_only=True, eq=False)
class PeopleScene:
    """A scene to be drawn.

    Attributes:
        people: placed; person i is drawn as number i + 1.
        groups: of each person's pose, of `pose_pool.GROUPS`.
        jumping: of each person: off the ground.
        props: things that people sit on, and that hide them.
        camera: with `cam_from_world`; its lens may bend.
        surroundings: which kind `environment` is.
    """

    people: tuple[DressedPerson, ...]
    groups: tuple[str, ...]
    jumping: tuple[bool, ...]
    props: tuple[Mesh, ...]
    camera: Camera
    environment: Environment
    surroundings: Surroundings
    seed: int

    @property
    def meshes(self) -> tuple[Mesh, ...]:
        """All that is drawn, without the environment's own."""
        return (*(mesh for person in self.people for mesh in person.meshes), *self.props)


def people_scene(seed: int, dresser: DressesPeople, poses: PosePool, options: SceneOptions) -> PeopleScene:
    """The scene of a seed and a split: the same for the same dresser, poses and options.

    At least one person is in it; people who find no place are left out.

    Raises:
        InputError: no camera in 20 that sees a person; the options ask for pictures of nobody.
    """
    draws = torch.Generator().manual_seed(1_000_003 * seed + _SPLITS[options.split])
    rng = np.random.default_rng([seed, _SPLITS[options.split]])
    kind = _drawn_kind(rng, options)
    people, groups = _drawn_people(dresser, poses, options, rng, draws)
    camera, spots = _best_view(people, groups, kind, options, rng, draws)
    chosen = [spot for spot in spots if spot is not None]
    standing = [
        person.placed(spot.turn, spot.place_m, number + 1)
        for number, (person, spot) in enumerate((p, s) for p, s in zip(people, spots, strict=True) if s is not None)
    ]
    kinds = [group for group, spot in zip(groups, spots, strict=True) if spot is not None]
    seats = [_seat(person, rng) for person, group in zip(standing, kinds, strict=True) if group == _SITTING]
    camera = _with_lens(camera, rng, options)
    props = [*(mesh for seat in seats for mesh in seat), *_hiding(standing, camera, rng, options)]
    return PeopleScene(
        people=tuple(standing),
        groups=tuple(GROUPS[group] for group in kinds),
        jumping=tuple(spot.jumps for spot in chosen),
        props=tuple(props),
        camera=camera,
        environment=_drawn_environment(kind, standing, props, camera, rng, options),
        surroundings=kind,
        seed=seed,
    )


def _drawn_people(
    dresser: DressesPeople, poses: PosePool, options: SceneOptions, rng: np.random.Generator, draws: torch.Generator
) -> tuple[list[DressedPerson], list[int]]:
    shares = np.array(options.people) / sum(options.people)
    count = int(rng.choice(len(shares), p=shares)) + 1
    # Arms are swapped between people of one draw, so more are drawn than needed.
    rotations, groups = poses.draw(max(count, 8), draws, options.augmentation)
    dress = replace(options.dress, split=options.split)
    people = [
        dresser.dressed_person(int(rng.integers(2**31)), rotations[i].numpy().astype(np.float64), dress)
        for i in range(count)
    ]
    return people, [int(group) for group in groups[:count]]


def _drawn_cameras(
    kind: Surroundings, options: SceneOptions, rng: np.random.Generator, draws: torch.Generator
) -> CameraBatch:
    """One camera; in rooms no higher than a ceiling."""
    size = options.sizes[int(rng.integers(len(options.sizes)))]
    over_width = max(size) / size[0]
    low, high = options.height_m
    return sample_cameras(
        1,
        CameraOptions(
            focal_over_width=(options.focal_over_longer[0] * over_width, options.focal_over_longer[1] * over_width),
            height_m=(low, min(high, 2.3)) if kind == "room" else (low, high),
            pitch_deg=options.pitch_deg,
            roll_max_deg=options.roll_max_deg,
            centre_shift=0.03,
            sizes=(size,),
        ),
        draws,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Spot:
    """Where a person is put: x_world = turn @ x + place_m; `points` (N, 3) are the body's, in the world."""

    turn: np.ndarray
    place_m: np.ndarray
    jumps: bool
    points: np.ndarray


def _best_view(
    people: Sequence[DressedPerson],
    groups: Sequence[int],
    kind: Surroundings,
    options: SceneOptions,
    rng: np.random.Generator,
    draws: torch.Generator,
) -> tuple[Camera, list[_Spot | None]]:
    """Of some cameras with people before them, mostly the one that shows them best: photographers aim, too."""
    wanted = options.views if rng.random() < options.aimed_share else 1
    best, most, found = None, -1.0, 0
    for _ in range(20):
        cameras = _drawn_cameras(kind, options, rng, draws)
        spots = _Standing(cameras, kind, options, rng, draws).spots(people, groups)
        camera = camera_of(cameras, 0, with_extrinsics=True)
        score = _shown(camera, spots, options)
        if score <= 0.0:
            continue
        found += 1
        if score > most:
            best, most = (camera, spots), score
        if found >= wanted:
            break
    if best is None:
        raise InputError("people scene: expected a camera in 20 that sees somebody; widen the options' distances")
    return best


def _shown(camera: Camera, spots: Sequence[_Spot | None], options: SceneOptions) -> float:
    """How well people are shown: the share of each in the picture, worth more the larger; 0 if nobody is to be seen."""
    matrix, (width, height) = np.asarray(camera.cam_from_world), camera.image_size
    total, seen = 0.0, False
    for spot in spots:
        if spot is None:
            continue
        px, front = camera.project(spot.points @ matrix[:3, :3].T + matrix[:3, 3])
        inside = np.asarray(front, bool) & (px > 0).all(1) & (px[:, 0] < width - 1) & (px[:, 1] < height - 1)
        if not inside.any():
            continue
        size_px = float(np.ptp(px[inside], axis=0).max())
        seen |= size_px >= options.least_px and inside.mean() >= 0.3
        total += float(inside.mean()) ** 2 * min(1.0, size_px / (0.6 * height)) ** 0.7
    return total if seen else 0.0


class _Standing:
    """People put into the world one after the other, where the camera sees them and they are not in each other."""

    def __init__(
        self,
        cameras: CameraBatch,
        kind: Surroundings,
        options: SceneOptions,
        rng: np.random.Generator,
        draws: torch.Generator,
    ) -> None:
        self._cameras, self._options, self._rng, self._draws = cameras, options, rng, draws
        self._distance_m = options.indoors_m if kind == "room" else options.outdoors_m
        self._taken: list[np.ndarray] = []

    def spots(self, people: Sequence[DressedPerson], groups: Sequence[int]) -> list[_Spot | None]:
        """Of each person; None for who finds no place."""
        return [self._spot(person, group) for person, group in zip(people, groups, strict=True)]

    def _spot(self, person: DressedPerson, group: int) -> _Spot | None:
        jumps = bool(group == _STANDING and self._rng.random() < self._options.jump_share)
        above_m = self._rng.uniform(0.05, 0.35) if jumps else 0.0
        turn, body = _turn(self._rng.uniform(0.0, 360.0)), _body_points(person)
        for _ in range(_TRIES):
            place_m = self._place(person, above_m - person.lowest_m)
            if place_m is None:
                continue
            points = body @ turn.T + place_m
            if self._fits(points):
                self._taken.append(points)
                return _Spot(turn=turn, place_m=place_m, jumps=jumps, points=points)
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
            PlacementOptions(distance_m=self._distance_m),
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
        near, far = self._distance_m
        return spot if inside and near < float(cam[0, 0, 2]) < far else None

    def _fits(self, points: np.ndarray) -> bool:
        """Clear of the camera and of the others."""
        eye = np.array([0.0, 0.0, float(self._cameras.height_m[0])])
        if np.linalg.norm(points - eye, axis=1).min() < 0.45:
            return False
        return all(_gap(points, others) > self._options.apart_m for others in self._taken)


def _body_points(person: DressedPerson) -> np.ndarray:
    return np.stack([np.asarray(point) for point in person.points.values()])


def _gap(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.linalg.norm(a[:, None] - b[None], axis=-1).min())


def _turn(degrees: float) -> np.ndarray:
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def _seat(person: DressedPerson, rng: np.random.Generator) -> list[Mesh]:
    """A chair, stool or box under somebody who sits above the ground; nothing under others."""
    pelvis = person.points["pelvis"]
    vertices = np.concatenate([mesh.vertices_world for mesh in person.meshes if mesh.kind in ("skin", "cloth")])
    under = (np.linalg.norm(vertices[:, :2] - pelvis[:2], axis=1) < 0.14) & (vertices[:, 2] > pelvis[2] - 0.25)
    if not under.any():
        return []
    height = float(vertices[under, 2].min())
    if not _SEAT_M[0] < height < _SEAT_M[1]:
        return []
    knees = (person.points["left_knee"] + person.points["right_knee"]) / 2 - pelvis
    facing = float(np.rad2deg(np.arctan2(knees[1], knees[0])))
    forward = np.array([np.cos(np.deg2rad(facing)), np.sin(np.deg2rad(facing)), 0.0])
    ground = np.array([pelvis[0], pelvis[1], 0.0]) + 0.05 * forward
    colour = _thing_colour(rng)
    leans_back = (person.points["neck"] - pelvis) @ forward < -0.12
    what = rng.random()
    if what < 0.55 and not leans_back:
        return [chair(ground, turn_deg=facing, seat_height_m=height, colour=colour)]
    if what < 0.8:
        return [stool(ground, seat_height_m=height, colour=colour)]
    size = (rng.uniform(0.36, 0.5), rng.uniform(0.4, 1.4), height)
    return [box(size, ground + (0.0, 0.0, height / 2), turn_deg=facing, colour=colour)]


def _thing_colour(rng: np.random.Generator) -> np.ndarray:
    """Wood, metal, cloth: mostly dull, linear light."""
    grey = np.exp(rng.uniform(np.log(0.03), np.log(0.6)))
    return np.clip(grey * np.exp(rng.normal(0.0, 0.25, 3) + rng.random() * np.array([0.3, 0.0, -0.3])), 0.01, 0.8)


def _hiding(
    people: Sequence[DressedPerson], camera: Camera, rng: np.random.Generator, options: SceneOptions
) -> list[Mesh]:
    """Boxes, tables and chairs between the camera and people, clear of all."""
    if rng.random() >= options.hiding_share:
        return []
    eye = np.asarray(camera.centre_world, np.float64)
    bodies = np.concatenate([_body_points(person) for person in people])
    things: list[Mesh] = []
    for _ in range(int(rng.integers(1, 4))):
        to = people[int(rng.integers(len(people)))].points["pelvis"][:2] - eye[:2]
        if np.linalg.norm(to) < 1.6:
            continue
        spot = eye[:2] + to * rng.uniform(0.55, 0.9) + rng.normal(0.0, 0.2, 2)
        thing = _thing(np.array([*spot, 0.0]), rng)
        corners = thing.vertices_world
        low, high = corners.min(0) - 0.14, corners.max(0) + 0.14
        taken = ((bodies > low) & (bodies < high)).all(1).any()
        if not taken and np.linalg.norm(np.clip(eye, low, high) - eye) > 0.5:
            things.append(thing)
    return things


def _thing(spot: np.ndarray, rng: np.random.Generator) -> Mesh:
    turn, colour = rng.uniform(0.0, 360.0), _thing_colour(rng)
    what = rng.random()
    if what < 0.3:
        return chair(spot, turn_deg=turn, colour=colour)
    if what < 0.55:
        return table(spot, turn_deg=turn, size_m=(rng.uniform(0.5, 0.9), rng.uniform(0.8, 1.6), 0.74), colour=colour)
    size = rng.uniform((0.3, 0.3, 0.3), (0.8, 0.8, 1.1))
    return box(size, spot + (0.0, 0.0, size[2] / 2), turn_deg=turn, colour=colour)


def _with_lens(camera: Camera, rng: np.random.Generator, options: SceneOptions) -> Camera:
    """Some lenses bend by some percent at the picture's corners."""
    if rng.random() >= options.distortion_share:
        return camera
    half = np.asarray(camera.image_size) / (2 * np.asarray(camera.focal_px))
    corner = float((half**2).sum())
    at_corner = rng.uniform(-0.06, 0.02)  # barrels are more usual than cushions
    return camera.replaced(distortion=BrownConrady((at_corner / corner, 0.0, 0.0, 0.0)))


def _drawn_kind(rng: np.random.Generator, options: SceneOptions) -> Surroundings:
    draw = rng.random()
    if (options.panoramas is None and options.photos is None) or draw < options.room_share:
        return "room"
    if options.photos is None:
        return "panorama"
    return "photo" if options.panoramas is None or rng.random() < options.photo_share else "panorama"


def _drawn_environment(
    kind: Surroundings,
    people: Sequence[DressedPerson],
    props: Sequence[Mesh],
    camera: Camera,
    rng: np.random.Generator,
    options: SceneOptions,
) -> Environment:
    if kind == "panorama" and options.panoramas is not None:
        files = of_split(panorama_files(options.panoramas), options.split)
        panorama = _panorama(files[int(rng.integers(len(files)))])
        made = panorama_environment(
            panorama, turn_deg=rng.uniform(0.0, 360.0), capture_height_m=float(rng.uniform(1.4, 1.8))
        )
        return replace(made, licence=options.background_licence)
    if kind == "photo" and options.photos is not None:
        files = of_split(picture_files(options.photos), options.split)
        file = files[int(rng.integers(len(files)))]
        return picture_environment(_photo(file), camera, name=file.name, licence=options.background_licence)
    points = [*(_body_points(person) for person in people), *(prop.vertices_world for prop in props)]
    inside = np.concatenate([*points, np.asarray(camera.centre_world)[None]])
    return room_environment(inside, int(rng.integers(2**31)))


def of_split(files: Sequence[Path], split: str) -> tuple[Path, ...]:
    """Backgrounds of one split (70, 10, 20 % by a hash of the name), or all where the folder is too small for it."""

    def share(file: Path) -> float:
        return hashlib.sha256(f"background:{file.name}".encode()).digest()[0] / 256

    low, high = {"train": (0.0, 0.7), "val": (0.7, 0.8), "test": (0.8, 1.0)}[split]
    return tuple(file for file in files if low <= share(file) < high) or tuple(files)


@lru_cache(maxsize=16)  # about 25 MB each; a set draws from the same few again and again
def _panorama(path: Path) -> Panorama:
    return Panorama.read(path)


def _photo(path: Path) -> np.ndarray:
    try:
        with Image.open(path) as picture:
            picture.draft("RGB", (2048, 2048))
            return np.asarray(picture.convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise FileError(f"background {path}: cannot read this picture ({error}); take it out of the folder") from error
