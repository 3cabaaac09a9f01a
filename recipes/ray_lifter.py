"""The shipped ray lifter, from virtual data alone."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from metricpose.losses.lifting import LiftingLossOptions, lifting_loss
from metricpose.models.ray_lifter import RayLifterNet, RayLifterOptions
from metricpose.training.lifter_export import exported
from metricpose.training.lifter_judging import calibrated, judged
from metricpose.training.setup import OptimiserOptions, TrainingSetup
from metricpose.training.shared_matrices import share_matrices
from metricpose.virtual.camera_knowledge import EXACT, NOTHING, KnowledgeOptions
from metricpose.virtual.cameras import HELD_OUT_BANDS, CameraOptions
from metricpose.virtual.lifting_batch import LiftingBatch, lifting_batch
from metricpose.virtual.pose_pool import PoseAugmentation
from metricpose.virtual.scenes import SceneOptions, generate_scenes
from metricpose.virtual.world import WorldOptions, built_world


@dataclass(frozen=True, kw_only=True)
class RayLifterRecipe:
    """The knobs of this recipe; `metricpose train ray_lifter --set scenes=256` changes one."""

    steps: int = 8_000
    scenes: int = 640  # per step and process
    seed: int = 0
    rate: float = 2.5e-3
    width: int = 256
    hidden: int = 1024
    blocks: int = 4
    child_share: float = 0.15
    mocap_cache: str | None = "runs/mocap_cache.npz"
    mocap_share: float = 0.6
    prior_share: float = 0.05
    procedural_share: float = 0.35
    validation_scenes: int = 2000


def training_scenes(recipe: RayLifterRecipe) -> SceneOptions:
    """The training world's options: every camera but those in the held-out bands."""
    return SceneOptions(
        child_share=recipe.child_share,
        cameras=CameraOptions(excluded=HELD_OUT_BANDS),
        augmentation=PoseAugmentation(arms_swapped=0.3, jittered=0.6, jitter_deg=7.0),
    )


def ray_lifter(recipe: RayLifterRecipe, device: torch.device) -> TrainingSetup:
    """The complete set-up."""
    torch.manual_seed(recipe.seed)
    cache = None if recipe.mocap_cache is None else Path(recipe.mocap_cache)
    options = training_scenes(recipe)
    train = WorldOptions(
        mocap_cache=cache, mocap_share=recipe.mocap_share, prior_share=recipe.prior_share,
        procedural_share=recipe.procedural_share, seed=recipe.seed,
    )  # fmt: skip
    world = built_world(train, device)
    knowledge = KnowledgeOptions()

    def batch(generator: torch.Generator) -> LiftingBatch:
        scenes = generate_scenes(recipe.scenes, world.poses, world.bodies, options, generator)
        return lifting_batch(scenes, knowledge, generator)

    def loss(model: nn.Module, data: LiftingBatch) -> Mapping[str, Tensor]:
        lifted = model(data.rays, data.scores, data.camera, data.present)
        return lifting_loss(lifted, data.joints_cam, data.real, LiftingLossOptions(), data.misled)

    val_world = built_world(replace(train, split="val", procedural_count=20_000, prior_share=0.0), device)

    def validation_batch(known: KnowledgeOptions, seed: int) -> LiftingBatch:
        generator = torch.Generator(device).manual_seed(seed)
        plain = replace(options, augmentation=None)
        scenes = generate_scenes(recipe.validation_scenes, val_world.poses, val_world.bodies, plain, generator)
        return lifting_batch(scenes, known, generator)

    def validate(model: nn.Module) -> Mapping[str, float]:
        without = judged(model, validation_batch(NOTHING, 11))
        known = judged(model, validation_batch(EXACT, 12))
        figures = {f"{name}": value for name, value in without.items()}
        figures |= {f"{name}_known": value for name, value in known.items()}
        score = without["mrpe_z_percent"] + known["mrpe_z_percent"] + 0.1 * without["mpjpe_mm"]
        return {**figures, "score": score}

    def finish(model: nn.Module, folder: Path) -> None:
        known = KnowledgeOptions(none=0.0, tilt_only=0.0)
        exported(calibrated(model, validation_batch(NOTHING, 21), validation_batch(known, 22)), folder)
        share_matrices(folder)

    return TrainingSetup(
        name="ray_lifter",
        model=RayLifterNet(RayLifterOptions(width=recipe.width, hidden=recipe.hidden, blocks=recipe.blocks)),
        batch=batch,
        loss=loss,
        validate=validate,
        finish=finish,
        optimiser=OptimiserOptions(steps=recipe.steps, rate=recipe.rate, muon_prefixes=("blocks.", "attention.")),
        seed=recipe.seed,
    )
