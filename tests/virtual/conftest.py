"""A small world of procedural poses and held-out bodies, and scenes of it, made once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from metricpose.virtual.scenes import SceneBatch
    from metricpose.virtual.world import World


@pytest.fixture(scope="session")
def small_world() -> World:
    """400 procedural poses of all kinds and the bodies of the test split."""
    from metricpose.virtual.world import WorldOptions, built_world

    options = WorldOptions(split="test", mocap_share=0.0, prior_share=0.0, procedural_count=400, seed=4)
    return built_world(options)


@pytest.fixture(scope="session")
def many_scenes(small_world: World) -> SceneBatch:
    """500 scenes as the defaults draw them."""
    from metricpose.virtual.scenes import SceneOptions
    from metricpose.virtual.seeded import seeded_scenes

    return seeded_scenes(500, small_world, SceneOptions(), 17)
