"""The shipped ray lifter, which reads and answers in every skeleton: `metricpose train lifter_skeletons`.

Goes on from weights of recipes/ray_lifter.py (`begin`), with the same scenes. Each picture's detector has a skeleton of
its own, a third of them COCO's; the loss adds the points beside COCO's joints. recipes/build_point_bank.py comes first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import torch
from torch import Tensor, nn

from metricpose.losses.lifting import LiftingLossOptions, lifting_loss
from metricpose.losses.lifting_points import points_loss
from metricpose.models.latent_lifter import LatentLifterNet
from metricpose.models.ray_lifter_engine import loaded_ray_lifter
from metricpose.skeletons.catalogue import CATALOGUE
from metricpose.training.lifter_export import exported
from metricpose.training.lifter_judging import calibrated
from metricpose.training.setup import OptimiserOptions, TrainingSetup
from metricpose.training.shared_matrices import share_matrices
from metricpose.training.skeleton_judging import judged_in
from metricpose.virtual.camera_knowledge import EXACT, NOTHING, KnowledgeOptions
from metricpose.virtual.cameras import HELD_OUT_BANDS, CameraOptions
from metricpose.virtual.lifting_batch import LiftingBatch, lifting_batch
from metricpose.virtual.pose_pool import PoseAugmentation
from metricpose.virtual.scenes import SceneOptions, generate_scenes
from metricpose.virtual.skeleton_batch import Menu, SkeletonBatch, skeleton_batch
from metricpose.virtual.world import WorldOptions, built_world

SHARES: Mapping[str, float] = MappingProxyType(
    {name: 0.24 / 14 for name in CATALOGUE}
    | {"coco17": 0.36, "body25": 0.05, "h36m17": 0.15, "mpii16": 0.15, "mediapipe33": 0.05}
)
"""Of the pictures, by the skeleton of their detector."""

NEW = ("embed_others.", "head_free.", "head_others.")
JUDGED = ("coco17", "body25", "h36m17", "mpii16", "mediapipe33")


@dataclass(frozen=True, kw_only=True)
class LifterSkeletonsRecipe:
    """The knobs; `--set begin=runs/ray_lifter/ray_lifter.safetensors` names the weights to go on from."""

    begin: str = "runs/ray_lifter/ray_lifter.safetensors"
    steps: int = 3_300
    scenes: int = 320
    seed: int = 1
    rate: float = 2e-4
    new_rate: float = 6.0  # of the layers that the weights to go on from lack, as a multiple
    warm_up: int = 50
    fall: float = 0.75
    average: float = 0.998
    subsets: float = 0.15
    points: float = 0.5
    """Weight of the points beside COCO's joints, of theirs."""
    blend: float = 0.5
    """How far former layers go from where they began, of the way that was learnt (Wortsman et al. 2022)."""
    mocap_cache: str | None = "runs/mocap_cache.npz"
    point_bank: str = "runs/point_bank.npz"
    validation_scenes: int = 1000
    bf16: bool = True


def begun(path: Path) -> LatentLifterNet:
    """The network with the weights of a lifter of COCO's joints, answering as that does; or of one of its own kind."""
    former = loaded_ray_lifter(path)
    if isinstance(former, LatentLifterNet):
        return former
    net = LatentLifterNet(former.options)
    net.load_state_dict(net.state_dict() | former.state_dict())
    net.lend_sigmas()
    return net


def lifter_skeletons(recipe: LifterSkeletonsRecipe, device: torch.device) -> TrainingSetup:
    """The complete set-up."""
    torch.manual_seed(recipe.seed)
    model = begun(Path(recipe.begin))
    model.interval_stretch.fill_(1)
    model.sigma_stretch.fill_(1)
    options = SceneOptions(  # as in recipes/ray_lifter.py, poses and bodies as well
        child_share=0.15,
        cameras=CameraOptions(excluded=HELD_OUT_BANDS),
        augmentation=PoseAugmentation(arms_swapped=0.3, jittered=0.6, jitter_deg=7.0),
    )
    cache = None if recipe.mocap_cache is None else Path(recipe.mocap_cache)
    train = WorldOptions(
        mocap_cache=cache, mocap_share=0.6, prior_share=0.05, procedural_share=0.35, seed=recipe.seed,
        point_bank=Path(recipe.point_bank),
    )  # fmt: skip
    world = built_world(train, device)
    menu, knowledge = Menu.of(SHARES, recipe.subsets), KnowledgeOptions()

    def batch(generator: torch.Generator) -> SkeletonBatch:
        scenes = generate_scenes(recipe.scenes, world.poses, world.bodies, options, generator)
        return skeleton_batch(scenes, knowledge, menu, generator)

    def loss(network: nn.Module, data: SkeletonBatch) -> Mapping[str, Tensor]:
        seen = data.lifting
        lifted = network(seen.rays, seen.scores, seen.camera, seen.present, data.other_rays, data.other_scores)
        weights = LiftingLossOptions()
        terms = dict(lifting_loss(lifted, seen.joints_cam, seen.real, weights, seen.misled))
        pose, shape, error = points_loss(lifted, model.decoder, data.others_cam, seen.joints_cam, seen.real)
        terms["points"] = recipe.points * (weights.pose * pose + weights.shape * shape)
        terms["points_error"] = weights.error * error
        return {**terms, "total": terms["total"] + terms["points"] + terms["points_error"]}

    val_world = built_world(replace(train, split="val", procedural_count=20_000, prior_share=0.0), device)
    plain = replace(options, augmentation=None)

    def scenes_of(seed: int, count: int):
        generator = torch.Generator(device).manual_seed(seed)
        return generate_scenes(count, val_world.poses, val_world.bodies, plain, generator), generator

    def validate(network: nn.Module) -> Mapping[str, float]:
        figures = {}
        for known, suffix, seed in ((NOTHING, "", 11), (EXACT, "_known", 12)):
            scenes, _ = scenes_of(seed, recipe.validation_scenes)
            for name in JUDGED:
                own = judged_in(network, scenes, name, known)
                kept = ("mrpe_z_percent", "mpjpe_mm", "pa_mpjpe_mm", "points_mm")
                figures |= {f"{name}_{figure}{suffix}": own[figure] for figure in kept}
        both = [figures[f"coco17_mrpe_z_percent{s}"] + 0.05 * figures[f"coco17_mpjpe_mm{s}"] for s in ("", "_known")]
        return {**figures, "score": sum(both)}

    def calibration(known: KnowledgeOptions, seed: int) -> LiftingBatch:
        scenes, generator = scenes_of(seed, 2000)
        return lifting_batch(scenes, known, generator)

    def finish(network: nn.Module, folder: Path) -> None:
        known = KnowledgeOptions(none=0.0, tilt_only=0.0)
        start, ends = begun(Path(recipe.begin)).state_dict(), network.state_dict()
        shares = {name: 1.0 if name.startswith(NEW) else recipe.blend for name in ends}
        ends = {name: torch.lerp(start[name].float(), end.float(), shares[name]) for name, end in ends.items()}
        network.load_state_dict(ends)
        exported(calibrated(network, calibration(NOTHING, 21), calibration(known, 22)), folder)
        share_matrices(folder)

    return TrainingSetup(
        name="lifter_skeletons",
        model=model.train(),
        batch=batch,
        loss=loss,
        validate=validate,
        finish=finish,
        optimiser=OptimiserOptions(
            steps=recipe.steps,
            rate=recipe.rate,
            warm_up=recipe.warm_up,
            fall=recipe.fall,
            average=recipe.average,
            bf16=recipe.bf16,
            new_prefixes=NEW,
            new_rate=recipe.new_rate,
        ),
        seed=recipe.seed,
    )
