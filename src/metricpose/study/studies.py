"""The studies: which methods learn in which situations, and are tested in which.

Each reproduces the design of a figure or table of VirtualPose (ECCV 2022): `cameras` figure 3a and table 5, `modules`
table 4, `poses` figure 3b, `backgrounds` table 1 (`study.backgrounds`). `modules` reads the cells of `cameras`, and
adds the methods without the depth gate.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from metricpose._errors import InputError
from metricpose.study.cameras import CAMERAS, RANDOM, camera_source
from metricpose.study.learner import Effort, Learner
from metricpose.study.pose_worlds import mixed, mocap_world, prior_world, rule_world
from metricpose.study.ray_learners import RAY_LEARNERS
from metricpose.study.root_learners import ROOT_LEARNERS
from metricpose.study.situation import AnySituation, Situation, adults_in_a_room
from metricpose.study.volume_learners import VOLUME_LEARNERS
from metricpose.virtual.world import World

LEARNERS: Mapping[str, Learner] = {**ROOT_LEARNERS, **RAY_LEARNERS, **VOLUME_LEARNERS}

METHODS: Mapping[str, tuple[str, ...]] = {
    "cameras": ("de", "tbs", "tif", "bdr", "ray", "ray_posed", "volumes"),
    "modules": ("de", "volumes", "volumes_ungated"),
    "poses": ("de", "tbs", "ray"),
    "backgrounds": ("tbs", "tif", "bdr"),
}
"""Methods of each study, in the order in which they are trained: whoever starts from DE comes last."""

HOME = "hall"
"""The camera of `modules`' first column: trained and tested on it alone, as the paper on CMU Panoptic."""

_WALKING, _CLIMBING = ("walking",), ("climbing",)


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How much of everything; the full study's by default."""

    roots: Effort = field(default_factory=lambda: Effort(steps=300, scenes=32, test_scenes=200))
    rays: Effort = field(default_factory=lambda: Effort(steps=800, scenes=32, test_scenes=200))
    volumes: Effort = field(default_factory=lambda: Effort(steps=180, scenes=4, test_scenes=200))
    pictures: Effort = field(default_factory=lambda: Effort(steps=250, scenes=16, test_scenes=200))
    rule_poses: int = 10_000

    def effort(self, method: str, *, pictures: bool = False) -> Effort:
        """Of a method, on heatmaps or on pictures."""
        if pictures:
            return self.pictures
        families = ((ROOT_LEARNERS, self.roots), (RAY_LEARNERS, self.rays), (VOLUME_LEARNERS, self.volumes))
        return next(effort for family, effort in families if method in family)


QUICK = Sizes(
    roots=Effort(steps=60, scenes=16, test_scenes=60),
    rays=Effort(steps=120, scenes=16, test_scenes=60),
    volumes=Effort(steps=20, scenes=4, test_scenes=30),
    pictures=Effort(steps=20, scenes=8, test_scenes=60),
    rule_poses=500,
)
"""To see that it works, in minutes: figures of such trainings mean little."""

TINY = Sizes(
    roots=Effort(steps=2, scenes=4, test_scenes=6),
    rays=Effort(steps=2, scenes=4, test_scenes=6),
    volumes=Effort(steps=2, scenes=2, test_scenes=4),
    pictures=Effort(steps=2, scenes=2, test_scenes=4),
    rule_poses=40,
)
"""For the tests."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Study:
    """world: what names its cells; studies of one world share them."""

    name: str
    world: str
    training: Mapping[str, AnySituation]
    tests: Mapping[str, AnySituation]


def built_study(name: str, mocap_cache: Path | None, sizes: Sizes) -> Study:
    """The study `cameras`, `modules` or `poses`. Raises InputError for another, or where it needs mocap."""
    if name == "cameras":
        return _cameras(mocap_cache, CAMERAS, name)
    if name == "modules":
        return _cameras(mocap_cache, (HOME, RANDOM), name)
    if name == "poses":
        return _poses(mocap_cache, sizes)
    raise InputError(f"study: expected one of cameras, poses, modules, got {name!r}")


def _cameras(mocap_cache: Path | None, trained: tuple[str, ...], name: str) -> Study:
    worlds = {split: _anybody(mocap_cache, split) for split in ("train", "test")}

    def seen(cameras: tuple[str, ...], split: str) -> dict[str, Situation]:
        return {
            camera: Situation(name=camera, world=worlds[split], scene=adults_in_a_room(camera_source(camera)))
            for camera in cameras
        }

    return Study(name=name, world="cameras", training=seen(trained, "train"), tests=seen(CAMERAS, "test"))


def _anybody(mocap_cache: Path | None, split: str) -> World:
    return prior_world(split) if mocap_cache is None else mocap_world(mocap_cache, split)


def _poses(mocap_cache: Path | None, sizes: Sizes) -> Study:
    if mocap_cache is None:
        raise InputError(
            "study poses: expected a mocap cache, whose clips have kinds, got none; build one with "
            "recipes/build_mocap_cache.py and give --mocap-cache"
        )

    def world(split: str) -> dict[str, World]:
        return {
            "walking": mocap_world(mocap_cache, split, _WALKING),
            "climbing": mocap_world(mocap_cache, split, _CLIMBING),
            "low": rule_world(split, sizes.rule_poses),
        }

    def seen(worlds: Mapping[str, World]) -> dict[str, Situation]:
        scene = adults_in_a_room(camera_source(RANDOM))
        return {name: Situation(name=name, world=world, scene=scene) for name, world in worlds.items()}

    train = world("train")
    train["all"] = mixed(mocap_world(mocap_cache, "train"), train["low"])
    return Study(name="poses", world="poses", training=seen(train), tests=seen(world("test")))
