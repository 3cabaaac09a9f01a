"""VirtualPose's second stage, heatmaps to people in metres through volumes, from virtual data alone.

metricpose train voxel_pose --set parts=depth -o runs/depth          (DE alone, first: the gate relies on it)
metricpose train voxel_pose --set begin=runs/depth/voxel_pose.safetensors    (slim: two CPU cores for an hour)
metricpose train voxel_pose --set size=paper       (the paper's sizes: a GPU)
metricpose train voxel_pose --set camera=one       (the paper's camera-specific model, here of a made camera)
metricpose train voxel_pose --set camera=my_camera.json
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import torch

from metricpose._errors import InputError
from metricpose.geometry.camera import Camera
from metricpose.io.camera_json import read_camera_json
from metricpose.models.depth_estimator import DepthEstimatorOptions
from metricpose.models.pose_net import PoseNetOptions
from metricpose.models.root_net import RootNetOptions
from metricpose.models.root_volume import RootVolumeOptions
from metricpose.models.v2v import V2VOptions
from metricpose.models.volumes import VolumeOptions
from metricpose.models.voxel_picture import PictureOptions
from metricpose.models.voxel_pose import VoxelPoseOptions
from metricpose.training.setup import OptimiserOptions, TrainingSetup
from metricpose.training.voxel_lessons import LessonOptions
from metricpose.training.voxel_setup import VoxelTraining, voxel_setup
from metricpose.virtual.camera_knowledge import EXACT, KnowledgeOptions
from metricpose.virtual.cameras import HELD_OUT_BANDS, CameraOptions, CameraSource
from metricpose.virtual.one_camera import OneCamera, with_pose
from metricpose.virtual.placement import PlacementOptions
from metricpose.virtual.scenes import SceneOptions
from metricpose.virtual.world import WorldOptions, built_world


@dataclass(frozen=True, kw_only=True)
class VoxelPoseRecipe:
    """The knobs of this recipe; `metricpose train voxel_pose --set size=paper` changes one.

    camera: "random"; "one" made one, as of a hall; or a file of the user's. farthest_m: where people stand at most;
    REN's volume is 8 m wide. parts: "all", or "depth" for DE alone. begin: weights of the same settings to go on from.
    What is None is as `size` has it.
    """

    size: str = "slim"
    camera: str = "random"
    parts: str = "all"
    begin: str | None = None
    steps: int | None = None
    scenes: int | None = None
    most_poses: int | None = None
    width: int | None = None  # of both V2V networks
    sigma_m: float | None = None  # of the depth gate, eq. (5)
    picture: int | None = None  # its width in px
    cells: int | None = None  # of PEN's volume along each side
    farthest_m: float = 10.0
    seed: int = 0
    rate: float = 2e-3
    fall: float = 0.5
    bf16: bool = True  # twice as fast, on CPUs that know it, too
    child_share: float = 0.12
    mocap_cache: str | None = "runs/mocap_cache.npz"
    mocap_share: float = 0.6
    prior_share: float = 0.05
    procedural_share: float = 0.35
    procedural_count: int = 150_000
    validation_scenes: int | None = None


@dataclass(frozen=True, kw_only=True)
class _Size:
    stage: VoxelPoseOptions
    steps: int
    scenes: int
    most_poses: int
    validation_scenes: int


SIZES: Mapping[str, _Size] = MappingProxyType(
    {
        # Cells of REN's and gates twice as wide as the paper's: a gate under a cell would miss the cells' centres.
        # First convolutions of 7 cells would take two thirds of the time; half as many channels as joints would mix the
        # joints; and in 150 steps PEN came to 0.48 m (L1) with others on its rays, to 0.40 m without.
        "slim": _Size(
            stage=VoxelPoseOptions(
                depth=DepthEstimatorOptions(widths=(24, 48, 64, 96), blocks=1, neck=32),
                roots=RootNetOptions(
                    volume=RootVolumeOptions(cells=(40, 40, 12), place="people"), net=V2VOptions(width=8, front=3),
                    sigma_m=0.3,
                ),
                pose=PoseNetOptions(
                    volume=VolumeOptions(size_m=(2.4, 2.4, 2.4), cells=(24, 24, 24)),
                    net=V2VOptions(width=16, front=3, stem=16),
                    sharpness=30.0,
                    beyond_box=0.1,
                ),
                picture=PictureOptions(size_px=(480, 256)),
            ),
            steps=2_500, scenes=4, most_poses=6, validation_scenes=120,
        ),
        "paper": _Size(
            stage=VoxelPoseOptions(roots=RootNetOptions(volume=RootVolumeOptions(place="people"))),
            steps=60_000, scenes=8, most_poses=12, validation_scenes=400,
        ),
    }
)  # fmt: skip


MUON = tuple(f"depth_estimator.{part}." for part in ("stem", "stages", "merges"))
"""Hidden layers that Muon updates: DE came as far in 300 steps as with AdamW in 600. Not tried on 3D kernels."""


def voxel_pose(recipe: VoxelPoseRecipe, device: torch.device) -> TrainingSetup:
    """The complete set-up."""
    if recipe.size not in SIZES:
        raise InputError(f"size: expected one of {', '.join(SIZES)}, got {recipe.size!r}")
    size = SIZES[recipe.size]
    cameras, knowledge = camera_source(recipe)
    most_poses = recipe.most_poses or size.most_poses
    stage = sized(size.stage, recipe)
    training = VoxelTraining(
        name="voxel_pose",
        stage=stage,
        scene=SceneOptions(
            cameras=cameras,
            placement=PlacementOptions(distance_m=(1.0, recipe.farthest_m)),
            child_share=recipe.child_share,
        ),
        knowledge=knowledge,
        lessons=LessonOptions(most_poses=most_poses),
        optimiser=OptimiserOptions(
            steps=recipe.steps or size.steps, rate=recipe.rate, warm_up=100, fall=recipe.fall, clip=5.0, average=0.998,
            bf16=recipe.bf16, muon_prefixes=MUON,
        ),
        scenes=recipe.scenes or size.scenes,
        validation_scenes=recipe.validation_scenes or size.validation_scenes,
        parts=recipe.parts,
        begin=None if recipe.begin is None else Path(recipe.begin),
        seed=recipe.seed,
        facts={"licence": "Apache-2.0", "data": "virtual people: Anny, CMU motion capture"},
    )  # fmt: skip
    train = WorldOptions(
        mocap_cache=None if recipe.mocap_cache is None else Path(recipe.mocap_cache), mocap_share=recipe.mocap_share,
        prior_share=recipe.prior_share, procedural_share=recipe.procedural_share,
        procedural_count=recipe.procedural_count, seed=recipe.seed,
    )  # fmt: skip
    held_out = replace(
        train, split="val", prior_share=0.0, procedural_count=min(20_000, recipe.procedural_count),
        mocap_share=recipe.mocap_share if recipe.mocap_cache else 0.0,
    )  # fmt: skip
    return voxel_setup(training, built_world(train, device), built_world(held_out, device), device)


def sized(stage: VoxelPoseOptions, recipe: VoxelPoseRecipe) -> VoxelPoseOptions:
    """`stage` with what the recipe sets itself."""
    roots, pose, picture = stage.roots, stage.pose, stage.picture
    if recipe.width is not None:
        roots, pose = (replace(part, net=replace(part.net, width=recipe.width)) for part in (roots, pose))
    if recipe.sigma_m is not None:
        roots = replace(roots, sigma_m=recipe.sigma_m)
    if recipe.cells is not None:
        n = recipe.cells
        pose = replace(pose, volume=replace(pose.volume, cells=(n, n, n)))
    if recipe.picture is not None:
        height = round(recipe.picture * picture.size_px[1] / picture.size_px[0] / picture.stride) * picture.stride
        picture = replace(picture, size_px=(recipe.picture, height))
    return replace(stage, roots=roots, pose=pose, picture=picture)


def camera_source(recipe: VoxelPoseRecipe) -> tuple[CameraSource, KnowledgeOptions]:
    """Where cameras come from, and what the network is told of them: of a given one, what its file says."""
    if recipe.camera == "random":
        return CameraOptions(excluded=HELD_OUT_BANDS), KnowledgeOptions()
    camera = made_camera() if recipe.camera == "one" else read_camera_json(recipe.camera)
    unsure = 1.0 if camera.up is None else 0.0
    tilt_only = 1.0 if camera.height_m is None and camera.up is not None else 0.0
    return OneCamera(camera=camera), replace(EXACT, none=unsure, tilt_only=tilt_only)


def made_camera() -> Camera:
    """Of a hall: 1920 x 1080, 60 degrees wide, 2.4 m over the floor, 12 degrees down."""
    pitch = torch.deg2rad(torch.tensor(12.0, dtype=torch.float64))
    up_cam = torch.stack([torch.zeros_like(pitch), -pitch.cos(), -pitch.sin()]).numpy()
    return with_pose(Camera.from_fov((1920, 1080), 60.0), up_cam, 2.4)
