"""Worlds of a few poses, scenes with and without the faults of a detector, and a second stage for a test."""

from dataclasses import replace
from functools import cache

import torch

from metricpose.models.depth_estimator import DepthEstimatorOptions
from metricpose.models.pose_net import PoseNetOptions
from metricpose.models.root_net import RootNetOptions
from metricpose.models.root_volume import RootVolumeOptions
from metricpose.models.v2v import V2VOptions
from metricpose.models.volumes import VolumeOptions
from metricpose.models.voxel_picture import PictureOptions
from metricpose.models.voxel_pose import VoxelPoseOptions
from metricpose.virtual.camera_knowledge import EXACT, camera_rows
from metricpose.virtual.noise import NoiseOptions
from metricpose.virtual.occlusion import OcclusionOptions
from metricpose.virtual.placement import PlacementOptions
from metricpose.virtual.scenes import SceneBatch, SceneOptions, generate_scenes
from metricpose.virtual.world import World, WorldOptions, built_world

PICTURE = PictureOptions(size_px=(240, 128), stride=4)
TINY = VoxelPoseOptions(
    depth=DepthEstimatorOptions(widths=(4, 4, 8, 8), blocks=1, neck=4),
    roots=RootNetOptions(
        volume=RootVolumeOptions(cells=(12, 12, 4), place="people"), net=V2VOptions(width=4), sigma_m=0.6
    ),
    pose=PoseNetOptions(volume=VolumeOptions(size_m=(2.4, 2.4, 2.4), cells=(10, 10, 10)), net=V2VOptions(width=4)),
    picture=PICTURE,
)
FAULTLESS = SceneOptions(
    placement=PlacementOptions(distance_m=(1.0, 8.0)),
    occlusion=OcclusionOptions(table_share=0.0, side_share=0.0, box_share=0.0),
    noise=NoiseOptions(
        median_multiplier=0.0, floor_px=0.0, outlier=0.0, hidden_missing=0.0, visible_missing=0.0, outside_guessed=0.0,
        person_swapped=0.0, part_swapped=0.0, definition_m=0.0, thresholded=0.0,
    ),
    ghost_share=0.0,
    duplicate_share=0.0,
)  # fmt: skip
"""Detections are the true joints that are in the picture."""

FAULTY = replace(FAULTLESS, noise=NoiseOptions(), occlusion=OcclusionOptions(), ghost_share=0.4, duplicate_share=0.4)


@cache
def small_world(split: str = "train") -> World:
    return built_world(
        WorldOptions(split=split, mocap_share=0.0, prior_share=0.0, procedural_share=1.0, procedural_count=60)
    )


def made_scenes(count: int, options: SceneOptions = FAULTLESS, seed: int = 0) -> SceneBatch:
    world = small_world()
    return generate_scenes(count, world.poses, world.bodies, options, torch.Generator().manual_seed(seed))


def exact_rows(scenes: SceneBatch) -> torch.Tensor:
    """The cameras as they are."""
    return camera_rows(scenes.cameras, EXACT, torch.Generator().manual_seed(0))
