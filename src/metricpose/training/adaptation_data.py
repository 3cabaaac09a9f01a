"""The virtual data of an adaptation: training scenes of the one camera, and held-out sets that share nothing with them.

Held-out means: bodies of another split, poses of other seeds, clips that training does not hold where there are clips,
scenes of other seeds. Training draws with process 0's seeds (`loop.step_generator`), sets with those of a process that
there never is, so no set can meet a training step's seed whatever the number of steps.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, get_args

import torch
from torch import Tensor

from metricpose.geometry.camera import Camera
from metricpose.inference.knowledge import EXACT as NO_DOUBT
from metricpose.inference.knowledge import ExtrinsicsDoubt, camera_row
from metricpose.training.distributed import Team
from metricpose.training.loop import step_generator
from metricpose.training.own_poses import OwnPoses
from metricpose.virtual.camera_knowledge import EXACT, NOTHING, KnowledgeOptions, camera_rows
from metricpose.virtual.cameras import CameraOptions, CameraSource
from metricpose.virtual.lifting_batch import LiftingBatch, told_batch
from metricpose.virtual.one_camera import OneCamera
from metricpose.virtual.pose_pool import PoseAugmentation, PosePool
from metricpose.virtual.scenes import SceneBatch, SceneOptions, generate_scenes
from metricpose.virtual.statures import bodies_of_stature
from metricpose.virtual.world import World, WorldOptions, built_world

SetName = Literal[
    "validation", "calibration", "calibration elsewhere", "this camera", "elsewhere, unknown", "elsewhere, known"
]
SETS: tuple[SetName, ...] = get_args(SetName)
"""The held-out sets; the last three are reported on, and nothing is ever chosen by them."""

_NOBODYS_RANK = 4_098  # the seeds of the last process that `step_generator` leaves room for
_AUGMENTATION = PoseAugmentation(arms_swapped=0.3, jittered=0.6, jitter_deg=7.0)  # as the shipped weights had


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How much of everything: scenes per step and in each set, poses of each built-in source."""

    scenes: int = 128
    validation: int = 300
    calibration: int = 1500
    report: int = 2000
    elsewhere: int = 1000
    procedural: int = 40_000
    prior: int = 20_000
    held_out_poses: int = 10_000


QUICK = Sizes(
    scenes=8, validation=8, calibration=40, report=60, elsewhere=30, procedural=300, prior=300, held_out_poses=200
)
"""For tests and first tries: figures of such sets mean little."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Known:
    """What is known of the camera and of the people before it.

    Attributes:
        camera: lens, picture, and as much of its pose as `metricpose lift` will be told.
        doubt: about that pose.
        height_m: of a camera whose tilt is not known; scenes have it, the network is not told, as in inference.
        stature_m: lowest and highest stature of the people; None for people as the packaged bodies are.
        poses: that the people take, mixed with the built-in sources.
        poses_share: of the people who take them.
        mocap_cache: a cache of mocap (`recipes/build_mocap_cache.py`) as one more source.
        child_share: of the people, where statures are not known.
    """

    camera: Camera
    doubt: ExtrinsicsDoubt = NO_DOUBT
    height_m: float | None = None
    stature_m: tuple[float, float] | None = None
    poses: OwnPoses | None = None
    poses_share: float = 0.5
    mocap_cache: Path | None = None
    child_share: float = 0.12

    def one_camera(self) -> OneCamera:
        """The source of the scenes' cameras. Raises InputError for a camera that cannot be (see OneCamera)."""
        doubt = self.doubt
        return OneCamera(
            camera=self.camera, height_m=self.height_m, tilt_sigma_deg=doubt.tilt_deg, height_sigma=doubt.height
        )

    @property
    def row(self) -> Tensor:
        """(8,) what the network is told: the row of inference itself."""
        return torch.from_numpy(camera_row(self.camera, self.doubt))

    @property
    def fully(self) -> bool:
        """Whether tilt and height are told; intervals are calibrated for this case and the other."""
        return bool(self.row[3] * self.row[6] > 0)


class HeldOut(NamedTuple):
    """A set: what the lifter sees with the truth, and the statures (M,) in metres and ages of its real people."""

    batch: LiftingBatch
    stature_m: Tensor
    child: Tensor
    seed: int


class ToldScenes(NamedTuple):
    """Scenes, the rows (B, 8) of what is told of their cameras, and the seed they were made from."""

    scenes: SceneBatch
    rows: Tensor
    seed: int


class AdaptationData:
    """Worlds made once, on one device; training batches and held-out sets from them, by seed."""

    def __init__(self, known: Known, camera: OneCamera, sizes: Sizes, seed: int, device: torch.device) -> None:
        self._known, self._camera, self._sizes = known, camera, sizes
        self._seed, self._device = seed, device
        anybody = {split: _built_in(known, sizes, seed, split, device) for split in ("train", "val", "test")}
        self._anybody = {split: anybody[split] for split in ("val", "test")}
        self._people = {split: _with_known_people(world, known, split, seed) for split, world in anybody.items()}

    def training_batch(self, generator: torch.Generator) -> LiftingBatch:
        """One step's scenes of the camera, from the generator's state alone."""
        scenes = self.training_scenes(self._sizes.scenes, generator)
        return told_batch(scenes, self._row(scenes))

    def training_scenes(self, count: int, generator: torch.Generator) -> SceneBatch:
        """Scenes of the camera to learn from."""
        options = self._scene_options(self._camera, self._known.stature_m is not None, _AUGMENTATION)
        world = self._people["train"]
        return generate_scenes(count, world.poses, world.bodies, options, generator)

    def held_out(self, name: SetName) -> HeldOut:
        """The set of that name, the same on every call."""
        scenes, rows, seed = self.told_scenes(name)
        batch = told_batch(scenes, rows)
        real = scenes.real[:, : batch.real.shape[1]] & batch.real
        stature_m, child = (value[:, : batch.real.shape[1]][real] for value in (scenes.stature_m, scenes.child))
        return HeldOut(batch=batch, stature_m=stature_m, child=child, seed=seed)

    def told_scenes(self, name: SetName, most: int | None = None) -> ToldScenes:
        """The scenes of that set, at most so many, with what is told of their cameras."""
        seed = set_seed(self._seed, name)
        generator = torch.Generator(self._device).manual_seed(seed)
        split = "val" if name in ("validation", "calibration", "calibration elsewhere") else "test"
        counts = {"validation": self._sizes.validation, "calibration": self._sizes.calibration}
        elsewhere = "elsewhere" in name
        count = self._sizes.elsewhere if elsewhere else counts.get(name, self._sizes.report)
        if elsewhere:
            world, options = self._anybody[split], self._scene_options(CameraOptions(), all_alike=False)
        else:
            world, options = self._people[split], self._scene_options(self._camera, self._known.stature_m is not None)
        count = count if most is None else min(count, most)
        scenes = generate_scenes(count, world.poses, world.bodies, options, generator)
        rows = (
            camera_rows(scenes.cameras, self._knowledge_elsewhere(name), generator) if elsewhere else self._row(scenes)
        )
        return ToldScenes(scenes, rows, seed)

    def _knowledge_elsewhere(self, name: SetName) -> KnowledgeOptions:
        """Calibration elsewhere is of the case that the camera's own set does not show."""
        known = name == "elsewhere, known" or (name == "calibration elsewhere" and not self._known.fully)
        return EXACT if known else NOTHING

    def _scene_options(
        self, cameras: CameraSource, all_alike: bool, augmentation: PoseAugmentation | None = None
    ) -> SceneOptions:
        child_share = 0.0 if all_alike else self._known.child_share
        return SceneOptions(cameras=cameras, child_share=child_share, augmentation=augmentation)

    def _row(self, scenes: SceneBatch) -> Tensor:
        return self._known.row.to(self._device).expand(len(scenes.present), -1)


def set_seed(seed: int, name: SetName) -> int:
    """The seed of a set's scenes."""
    team = Team(rank=_NOBODYS_RANK, size=1, device=torch.device("cpu"))
    return step_generator(seed, SETS.index(name), team).initial_seed()


def _built_in(known: Known, sizes: Sizes, seed: int, split: str, device: torch.device) -> World:
    """Poses of the built-in sources and all bodies of a split.

    The prior has learnt from the cache's training clips: where there is a cache, held-out poses do without it.
    """
    train = split == "train"
    return built_world(
        WorldOptions(
            split=split,
            mocap_cache=known.mocap_cache,
            mocap_share=0.6,
            prior_share=0.05 if train or known.mocap_cache is None else 0.0,
            procedural_share=0.35,
            procedural_count=sizes.procedural if train else sizes.held_out_poses,
            prior_count=sizes.prior if train else sizes.held_out_poses,
            seed=seed,
        ),
        device,
    )


def _with_known_people(world: World, known: Known, split: str, seed: int) -> World:
    """The same world with the poses and statures that are known of its people."""
    poses, bodies = world.poses, world.bodies
    if known.poses is not None:
        own = known.poses.of_split(split).to(poses.rotations)
        share = known.poses_share
        poses = PosePool(
            rotations=torch.cat([poses.rotations, own]),
            group=torch.cat([poses.group, poses.group.new_zeros(len(own))]),
            weight=torch.cat(
                [
                    poses.weight * ((1 - share) / poses.weight.sum()),
                    poses.weight.new_full((len(own),), share / len(own)),
                ]
            ),
        )
    if known.stature_m is not None:
        generator = torch.Generator().manual_seed(1_000 * seed + 10 + ("train", "val", "test").index(split))
        bodies = bodies_of_stature(bodies, known.stature_m, generator)
    return World(poses=poses, bodies=bodies)
