"""The virtual suite: held-out clips and bodies, seen by cameras of every family and of bands training never saw."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

import torch

from metricpose.virtual.cameras import HELD_OUT_BANDS, Band, CameraOptions
from metricpose.virtual.scenes import SceneBatch, SceneOptions, generate_scenes
from metricpose.virtual.world import WorldOptions, built_world

Bands = Mapping[str, Band]


def _only(name: str) -> Bands:
    return MappingProxyType({name: HELD_OUT_BANDS[name]})


CAMERA_FAMILIES: Mapping[str, tuple[Bands, Bands]] = MappingProxyType(
    {
        "trained ranges": ({}, HELD_OUT_BANDS),
        "held-out focal": (_only("focal_over_width"), {}),
        "held-out pitch": (_only("pitch_deg"), {}),
        "held-out height": (_only("height_m"), {}),
        "held-out all three": (HELD_OUT_BANDS, {}),
    }
)
"""Family: bands that every camera of it lies in, bands that none lies in."""


@dataclass(frozen=True, kw_only=True)
class SuiteOptions:
    """How large the suite is and what it is drawn from."""

    scenes: int = 600  # per camera family
    seed: int = 2026
    child_share: float = 0.12
    mocap_cache: Path | None = None
    scene: SceneOptions = field(default_factory=SceneOptions)
    point_bank: Path | None = None  # for people with the points of all skeletons: other detections, from their draws


def suite_scenes(options: SuiteOptions) -> Iterator[tuple[str, SceneBatch]]:
    """(camera family, its scenes), from the test split alone: no clip or body of training, nor the pose prior.

    Without a mocap cache all poses are procedural: the prior has learnt from training clips and would not be held out.
    Clips are shown as they are: the recombination of parts that training uses is off.
    """
    world = built_world(
        WorldOptions(
            split="test",
            mocap_cache=options.mocap_cache,
            mocap_share=0.0 if options.mocap_cache is None else 0.6,
            prior_share=0.0,
            procedural_share=0.4,
            procedural_count=20_000,
            seed=options.seed,
            point_bank=options.point_bank,
        )
    )
    for number, (name, (required, excluded)) in enumerate(CAMERA_FAMILIES.items()):
        cameras = CameraOptions(required=required, excluded=excluded)
        scene = replace(options.scene, cameras=cameras, child_share=options.child_share, augmentation=None)
        generator = torch.Generator().manual_seed(options.seed * 100 + number)
        yield name, generate_scenes(options.scenes, world.poses, world.bodies, scene, generator)
