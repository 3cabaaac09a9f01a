"""Scenes by a seed, for callers that know nothing of torch."""

import torch

from metricpose.virtual.scenes import SceneBatch, SceneOptions, generate_scenes
from metricpose.virtual.world import World


def seeded_scenes(count: int, world: World, options: SceneOptions, seed: int) -> SceneBatch:
    """`count` scenes of a world on the CPU; the same for the same seed."""
    generator = torch.Generator().manual_seed(seed)
    return generate_scenes(count, world.poses, world.bodies, options, generator)
