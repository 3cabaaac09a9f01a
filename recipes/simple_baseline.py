"""SimpleBaseline (Martinez, Hossain, Romero, Little, ICCV 2017), trained on the virtual people that our lifter sees.

    metricpose train simple_baseline      # 2,500 steps of about 0.2 s on two cores; it can be stopped and goes on

At the end it writes runs/simple_baseline/simple_baseline.onnx (17 MB), for `recipes/compare_methods.py --mlp`.

As in the paper: a linear layer to 1024 units, two residual blocks of two linear layers, each with batch norm, ReLU and
dropout 0.5; a max-norm of 1 on the weights; squared error of standardised root-relative joints; Adam. What is not:
cameras differ from scene to scene here, so 2D joints are taken as rays, turned towards the person, centred and scaled
by their spread, and the answer is turned back; and detectors leave joints out, so one more number per joint tells
whether it is seen (51 inputs for 34).
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from metricpose._errors import WeightsError
from metricpose._onnxruntime import imported_onnxruntime
from metricpose.evaluation.metrics import pa_mpjpe
from metricpose.models.ray_features import turned_to_z
from metricpose.training.setup import OptimiserOptions, TrainingSetup
from metricpose.virtual.cameras import HELD_OUT_BANDS, CameraOptions
from metricpose.virtual.lifting_batch import unit_rays
from metricpose.virtual.pose_pool import PoseAugmentation
from metricpose.virtual.scenes import SceneBatch, SceneOptions, generate_scenes
from metricpose.virtual.world import World, WorldOptions, built_world

HIPS = (11, 12)
INPUTS, OUTPUT = ("rays", "scores"), "joints_root"


@dataclass(frozen=True, kw_only=True)
class SimpleBaselineRecipe:
    """The knobs of this recipe; the world is the ray lifter's."""

    steps: int = 2_500
    scenes: int = 320  # per step and process, with about three people each
    seed: int = 0
    rate: float = 1e-3
    width: int = 1024
    blocks: int = 2
    dropout: float = 0.5
    child_share: float = 0.15
    mocap_cache: str | None = "runs/mocap_cache.npz"
    mocap_share: float = 0.6
    prior_share: float = 0.05
    procedural_share: float = 0.35
    validation_scenes: int = 2000


class People(NamedTuple):
    """N real people: unit rays (N, 17, 3), scores (N, 17), joints (N, 17, 3) m about the hips' middle, camera axes."""

    rays: Tensor
    scores: Tensor
    joints_root: Tensor


class MaxNormLinear(nn.Linear):
    """A linear layer each of whose units has weights of at most norm 1."""

    def forward(self, input: Tensor) -> Tensor:
        """(N, in) to (N, out)."""
        norm = self.weight.norm(dim=1, keepdim=True).clamp_min(1e-6)
        return nn.functional.linear(input, self.weight * norm.reciprocal().clamp_max(1.0), self.bias)


def _layer(inputs: int, outputs: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(MaxNormLinear(inputs, outputs), nn.BatchNorm1d(outputs), nn.ReLU(), nn.Dropout(dropout))


class SimpleBaselineNet(nn.Module):
    """Rays in, joints in metres out. mean, std (17, 3): of the joints in the person's axes, from training data."""

    mean: Tensor
    std: Tensor

    def __init__(self, width: int = 1024, blocks: int = 2, dropout: float = 0.5) -> None:
        super().__init__()
        self.first = _layer(17 * 3, width, dropout)
        pairs = [nn.Sequential(_layer(width, width, dropout), _layer(width, width, dropout)) for _ in range(blocks)]
        self.blocks = nn.ModuleList(pairs)
        self.last = MaxNormLinear(width, 17 * 3)
        self.register_buffer("mean", torch.zeros(17, 3))
        self.register_buffer("std", torch.ones(17, 3))

    def forward(self, rays: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
        """Joints (N, 17, 3) m about the hips' middle, in the axes turned to the person; cam_from_person (N, 3, 3)."""
        person_from_cam = towards(rays, scores)
        hidden = self.first(inputs_of(rays, scores, person_from_cam))
        for block in self.blocks:
            hidden = hidden + block(hidden)
        joints = self.last(hidden).float().unflatten(-1, (17, 3)) * self.std + self.mean
        return joints - joints[:, HIPS, :].mean(1, keepdim=True), person_from_cam.transpose(-1, -2)


def towards(rays: Tensor, scores: Tensor) -> Tensor:
    """person_from_cam (N, 3, 3): its z is the middle of the seen rays."""
    middle = (rays * (scores > 0).to(rays.dtype)[..., None]).sum(-2) + rays.new_tensor((0.0, 0.0, 1e-6))
    return turned_to_z(middle / middle.norm(dim=-1, keepdim=True))


def inputs_of(rays: Tensor, scores: Tensor, person_from_cam: Tensor) -> Tensor:
    """(N, 51): seen points on the turned plane z = 1, centred, over their spread, 0 if unseen; then who is seen."""
    seen = (scores > 0).to(rays.dtype)[..., None]
    turned = rays @ person_from_cam.transpose(-1, -2)
    points = turned[..., :2] / turned[..., 2:].clamp_min(0.1)
    count = seen.sum(-2, keepdim=True).clamp_min(1)
    centred = (points - (points * seen).sum(-2, keepdim=True) / count) * seen
    spread = (centred.square().sum((-1, -2), keepdim=True) / count).add(1e-10).sqrt()
    return torch.cat([(centred / spread).flatten(-2), seen[..., 0]], -1)


def real_people(scenes: SceneBatch) -> People:
    """The real people of the scenes, as detected, and their true joints."""
    real = scenes.real
    joints = scenes.joints_cam[real]
    root = joints[:, HIPS, :].mean(1, keepdim=True)
    return People(unit_rays(scenes)[real], scenes.detections.scores[real], joints - root)


def standardised(net: SimpleBaselineNet, people: People) -> SimpleBaselineNet:
    """The network with the mean and the spread of these people's joints, in the axes in which it answers."""
    turned = people.joints_root @ towards(people.rays, people.scores).transpose(-1, -2)
    net.mean.copy_(turned.mean(0))
    net.std.copy_(turned.std(0).clamp_min(1e-3))
    return net


def simple_baseline(recipe: SimpleBaselineRecipe, device: torch.device) -> TrainingSetup:
    """The complete set-up."""
    torch.manual_seed(recipe.seed)
    train = WorldOptions(
        mocap_cache=None if recipe.mocap_cache is None else Path(recipe.mocap_cache),
        mocap_share=recipe.mocap_share, prior_share=recipe.prior_share,
        procedural_share=recipe.procedural_share, seed=recipe.seed,
    )  # fmt: skip
    world = built_world(train, device)
    val_world = built_world(replace(train, split="val", procedural_count=20_000, prior_share=0.0), device)
    options = SceneOptions(
        child_share=recipe.child_share,
        cameras=CameraOptions(excluded=HELD_OUT_BANDS),
        augmentation=PoseAugmentation(arms_swapped=0.3, jittered=0.6, jitter_deg=7.0),
    )

    def drawn(count: int, source: World, scenes: SceneOptions, generator: torch.Generator) -> People:
        return real_people(generate_scenes(count, source.poses, source.bodies, scenes, generator))

    def batch(generator: torch.Generator) -> People:
        return drawn(recipe.scenes, world, options, generator)

    def loss(model: nn.Module, data: People) -> Mapping[str, Tensor]:
        joints, cam_from_person = model(data.rays, data.scores)
        error = (joints - data.joints_root @ cam_from_person) / net.std
        return {"total": error.square().mean(), "mpjpe_mm": 1000 * (error * net.std).norm(dim=-1).mean()}

    def validate(model: nn.Module) -> Mapping[str, float]:
        generator = torch.Generator(device).manual_seed(11)
        return judged(model, drawn(recipe.validation_scenes, val_world, replace(options, augmentation=None), generator))

    def finish(model: nn.Module, folder: Path) -> None:
        written_onnx(model, folder / "simple_baseline.onnx")

    net = SimpleBaselineNet(recipe.width, recipe.blocks, recipe.dropout).to(device)
    first = torch.Generator(device).manual_seed(recipe.seed + 1_000)
    with torch.no_grad():
        standardised(net, drawn(max(recipe.scenes, 8), world, options, first))
    return TrainingSetup(
        name="simple_baseline",
        model=net,
        batch=batch,
        loss=loss,
        validate=validate,
        finish=finish,
        optimiser=OptimiserOptions(steps=recipe.steps, rate=recipe.rate, weight_decay=0.0),
        seed=recipe.seed,
    )


def judged(model: nn.Module, people: People) -> dict[str, float]:
    """MPJPE and PA-MPJPE in mm; the first is the score."""
    with torch.no_grad():
        joints, cam_from_person = model(people.rays, people.scores)
    joints = joints @ cam_from_person.transpose(-1, -2)
    mpjpe = 1000 * float((joints - people.joints_root).norm(dim=-1).mean())
    return {"mpjpe_mm": mpjpe, "pa_mpjpe_mm": 1000 * float(pa_mpjpe(joints, people.joints_root).mean()), "score": mpjpe}


class _Inference(nn.Module):
    """Joints in camera axes."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, rays: Tensor, scores: Tensor) -> Tensor:
        joints, cam_from_person = self.net(rays, scores)
        return joints @ cam_from_person.transpose(-1, -2)


def _example(people: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(people)
    points = 0.3 * torch.randn(people, 1, 2, generator=generator) + 0.1 * torch.randn(
        people, 17, 2, generator=generator
    )
    rays = nn.functional.normalize(torch.cat([points, torch.ones_like(points[..., :1])], -1), dim=-1)
    return rays, (torch.rand(people, 17, generator=generator) - 0.2).clamp_min(0)


def written_onnx(model: nn.Module, path: Path) -> None:
    """Writes the network for any number of people. Raises WeightsError if ONNX Runtime differs from torch by 0.1 mm."""
    wrapped = _Inference(model).eval()
    people = torch.export.Dim("people", min=1, max=1_000_000)
    program = torch.onnx.export(
        wrapped, _example(5), dynamo=True, dynamic_shapes={"rays": {0: people}, "scores": {0: people}},
        input_names=list(INPUTS), output_names=[OUTPUT], verbose=False,
    )  # fmt: skip
    assert program is not None
    temporary = path.with_name(path.name + ".tmp")
    program.save(str(temporary), external_data=False)
    session = imported_onnxruntime().InferenceSession(str(temporary), providers=["CPUExecutionProvider"])
    for count in (1, 4):
        given = _example(count)
        with torch.no_grad():
            expected = wrapped(*given).numpy()
        got = session.run([OUTPUT], {name: value.numpy() for name, value in zip(INPUTS, given, strict=True)})[0]
        worst = float(np.abs(np.asarray(got) - expected).max())
        if not worst <= 1e-4:
            temporary.unlink()
            raise WeightsError(f"{path}: ONNX Runtime differs from torch by {worst:.2e} m, expected at most 1e-4")
    os.replace(temporary, path)
