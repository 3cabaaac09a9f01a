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
from metricpose.virtual.render.mesh import Mesh
from metricpose.virtual.render.props import hiding_things, seat_under
from metricpose.virtual.render.rooms import room_environment
from metricpose.virtual.render.standing import Spot, Standing, StandingOptions, body_points
from metricpose.virtual.scene_people import camera_of

Surroundings = Literal["panorama", "room", "photo"]

_SPLITS = {"train": 1, "val": 2, "test": 3}
_SITTING = GROUPS.index("sitting")


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


@dataclass(frozen=True, kw_only=True, eq=False)
class DrawnPeople:
    """People who stand nowhere yet, and the groups of their poses, indices into `pose_pool.GROUPS`."""

    people: tuple[DressedPerson, ...]
    groups: tuple[int, ...]


def drawn_people(seed: int, dresser: DressesPeople, poses: PosePool, options: SceneOptions) -> DrawnPeople:
    """People of a seed and a split, for several scenes with the same people; not those of the scene of that seed."""
    draws = torch.Generator().manual_seed(1_000_003 * seed + 10 + _SPLITS[options.split])
    return _drawn_people(dresser, poses, options, np.random.default_rng([seed, 10, _SPLITS[options.split]]), draws)


def people_scene(
    seed: int, dresser: DressesPeople, poses: PosePool, options: SceneOptions, people: DrawnPeople | None = None
) -> PeopleScene:
    """The scene of a seed and a split: the same for the same dresser, poses and options.

    At least one person is in it; people who find no place are left out.

    Args:
        people: who is in it (`drawn_people`), or None: people of its own.

    Raises:
        InputError: no camera in 20 that sees a person; the options ask for pictures of nobody.
    """
    draws = torch.Generator().manual_seed(1_000_003 * seed + _SPLITS[options.split])
    rng = np.random.default_rng([seed, _SPLITS[options.split]])
    kind = _drawn_kind(rng, options)
    drawn = _drawn_people(dresser, poses, options, rng, draws) if people is None else people
    camera, spots = _best_view(drawn.people, drawn.groups, kind, options, rng, draws)
    found = [(person, spot) for person, spot in zip(drawn.people, spots, strict=True) if spot is not None]
    standing = [person.placed(spot.turn, spot.place_m, i + 1) for i, (person, spot) in enumerate(found)]
    kinds = [group for group, spot in zip(drawn.groups, spots, strict=True) if spot is not None]
    seats = [seat_under(person, rng) for person, group in zip(standing, kinds, strict=True) if group == _SITTING]
    camera = _with_lens(camera, rng, options)
    hiding = hiding_things(standing, camera, rng) if rng.random() < options.hiding_share else []
    props = [*(mesh for seat in seats for mesh in seat), *hiding]
    return PeopleScene(
        people=tuple(standing),
        groups=tuple(GROUPS[group] for group in kinds),
        jumping=tuple(spot.jumps for _, spot in found),
        props=tuple(props),
        camera=camera,
        environment=_drawn_environment(kind, standing, props, camera, rng, options),
        surroundings=kind,
        seed=seed,
    )


def _drawn_people(
    dresser: DressesPeople, poses: PosePool, options: SceneOptions, rng: np.random.Generator, draws: torch.Generator
) -> DrawnPeople:
    shares = np.array(options.people) / sum(options.people)
    count = int(rng.choice(len(shares), p=shares)) + 1
    # Arms are swapped between people of one draw, so more are drawn than needed.
    rotations, groups = poses.draw(max(count, 8), draws, options.augmentation)
    dress = replace(options.dress, split=options.split)
    people = [
        dresser.dressed_person(int(rng.integers(2**31)), rotations[i].numpy().astype(np.float64), dress)
        for i in range(count)
    ]
    return DrawnPeople(people=tuple(people), groups=tuple(int(group) for group in groups[:count]))


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


def _best_view(
    people: Sequence[DressedPerson],
    groups: Sequence[int],
    kind: Surroundings,
    options: SceneOptions,
    rng: np.random.Generator,
    draws: torch.Generator,
) -> tuple[Camera, list[Spot | None]]:
    """Of some cameras with people before them, mostly the one that shows them best: photographers aim, too."""
    wanted = options.views if rng.random() < options.aimed_share else 1
    best, most, found = None, -1.0, 0
    for _ in range(20):
        cameras = _drawn_cameras(kind, options, rng, draws)
        spots = Standing(cameras, _standing_options(kind, options), rng, draws).spots(people, groups)
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


def _standing_options(kind: Surroundings, options: SceneOptions) -> StandingOptions:
    return StandingOptions(
        distance_m=options.indoors_m if kind == "room" else options.outdoors_m,
        beside_share=options.beside_share,
        beside_m=options.beside_m,
        apart_m=options.apart_m,
        jump_share=options.jump_share,
    )


def _shown(camera: Camera, spots: Sequence[Spot | None], options: SceneOptions) -> float:
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
    points = [*(body_points(person) for person in people), *(prop.vertices_world for prop in props)]
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
