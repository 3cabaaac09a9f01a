"""Learns the pose prior from the train split of the mocap cache, judges it on the others, and writes its weights.

    OMP_NUM_THREADS=1 python recipes/train_pose_prior.py [--cache runs/mocap_cache.npz] [--out WEIGHTS] [--steps N]

About five minutes on one core.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save
from torch import Tensor, nn

from metricpose.bodies.bank import BodyBank
from metricpose.virtual.kinematics import posed
from metricpose.virtual.mocap.cache import MocapCache, read_cache
from metricpose.virtual.pose_prior import (
    COMPONENTS,
    HIDDEN_DIM,
    LATENT_DIM,
    POSE_DIM,
    LatentMixture,
    PoseDecoder,
    PosePrior,
    pose_features,
)
from metricpose.virtual.pose_source import facing_forward, mirrored


@dataclass(frozen=True, kw_only=True)
class PriorRecipe:
    steps: int = 7_500
    batch: int = 256
    learning_rate: float = 2e-3
    kl_weight: float = 2e-3
    """Of the KL divergence per latent number, against a loss of about 0.02 (see `loss`)."""
    position_weight: float = 10.0
    mixture_rounds: int = 40
    mixture_floor: float = 0.02
    """Added to the variance of every direction, so that no component is flat."""
    seed: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Body:
    """The mean adult, on whom errors are measured in metres."""

    node_offsets: Tensor
    landmark_offsets: Tensor

    @classmethod
    def mean_adult(cls) -> "Body":
        bank = BodyBank.load()
        adults = bank[bank.age_years >= 18]
        nodes, landmarks = adults.node_offsets.mean(0), adults.landmark_offsets.mean(0)
        return cls(node_offsets=torch.from_numpy(nodes), landmark_offsets=torch.from_numpy(landmarks))

    def joints(self, rotations: Tensor) -> Tensor:
        """(N, 21 + 27, 3) m."""
        n = len(rotations)
        nodes = self.node_offsets.expand(n, -1, -1)
        return torch.cat(posed(nodes, self.landmark_offsets.expand(n, -1, -1), rotations), 1)


class PoseEncoder(nn.Module):
    """Features (N, 126) -> mean and log-variance of the latents, (N, 32) each."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(POSE_DIM, HIDDEN_DIM),
            nn.SiLU(),
            nn.Linear(HIDDEN_DIM, HIDDEN_DIM),
            nn.SiLU(),
            nn.Linear(HIDDEN_DIM, 2 * LATENT_DIM),
        )

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_variance = self.layers(features).chunk(2, -1)
        return mean, log_variance.clamp(-10, 4)


def frame_weights(cache: MocapCache, split: str) -> Tensor:
    """Weight of each frame of a split: a kind of motion counts with the square root of its frames."""
    kinds = cache.kinds[cache.clip][cache.mask(split)]
    _, which, counts = np.unique(kinds, return_inverse=True, return_counts=True)
    return torch.from_numpy(1.0 / np.sqrt(counts[which]))


def trained(poses: Tensor, weights: Tensor, body: Body, recipe: PriorRecipe) -> tuple[PoseEncoder, PoseDecoder]:
    generator = torch.Generator().manual_seed(recipe.seed)
    torch.manual_seed(recipe.seed)  # the layers' initial weights
    encoder, decoder = PoseEncoder(), PoseDecoder()
    both = pose_features(torch.cat([poses, mirrored(poses)]))
    decoder.load_state_dict({**decoder.state_dict(), "mean_pose": both.mean(0)})
    parameters = [*encoder.parameters(), *decoder.parameters()]
    optimiser = torch.optim.AdamW(parameters, lr=recipe.learning_rate, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.learning_rate, recipe.steps, pct_start=0.05)
    for step in range(recipe.steps):
        index = torch.multinomial(weights, recipe.batch, replacement=True, generator=generator)
        batch = poses[index]
        flip = torch.rand(recipe.batch, generator=generator) < 0.5
        batch = torch.where(flip[:, None, None, None], mirrored(batch), batch)
        mean, log_variance = encoder(pose_features(batch))
        noise = torch.randn(mean.shape, generator=generator)
        value = loss(decoder(mean + noise * (0.5 * log_variance).exp()), batch, mean, log_variance, body, recipe)
        optimiser.zero_grad()
        value.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        schedule.step()
        if step % 1000 == 0 or step == recipe.steps - 1:
            print(f"step {step:6d}  loss {value.item():.4f}", flush=True)
    return encoder.eval().requires_grad_(False), decoder.eval().requires_grad_(False)


def loss(got: Tensor, true: Tensor, mean: Tensor, log_variance: Tensor, body: Body, recipe: PriorRecipe) -> Tensor:
    """Squared chord of the rotations + squared distance of the joints + KL (Kingma & Welling 2014, appendix B)."""
    rotation = (got - true).square().sum((-1, -2)).mean()
    position = (body.joints(got) - body.joints(true)).square().sum(-1).mean()
    divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean()
    return rotation + recipe.position_weight * position + recipe.kl_weight * divergence


def fitted_mixture(latent: Tensor, weights: Tensor, recipe: PriorRecipe) -> LatentMixture:
    """Weighted expectation-maximisation of full Gaussians, from random points."""
    generator = torch.Generator().manual_seed(recipe.seed)
    latent, weights = latent.double(), weights.double() / weights.sum()
    dim = latent.shape[1]
    means = latent[torch.multinomial(weights, COMPONENTS, generator=generator)]
    floor = recipe.mixture_floor * torch.eye(dim, dtype=torch.float64)
    factors = torch.linalg.cholesky(torch.cov(latent.T, aweights=weights) + floor).expand(COMPONENTS, -1, -1).clone()
    shares = torch.full((COMPONENTS,), 1 / COMPONENTS, dtype=torch.float64)
    for _ in range(recipe.mixture_rounds):
        scores = torch.stack([_log_density(latent, means[k], factors[k]) for k in range(COMPONENTS)], 1) + shares.log()
        owned = scores.softmax(1) * weights[:, None]
        total = owned.sum(0).clamp_min(1e-9)
        shares, means = total / total.sum(), (owned.T @ latent) / total[:, None]
        for k in range(COMPONENTS):
            away = latent - means[k]
            factors[k] = torch.linalg.cholesky((owned[:, k, None] * away).T @ away / total[k] + floor)
    return LatentMixture(weights=shares.float(), means=means.float(), factors=factors.float())


def _log_density(latent: Tensor, mean: Tensor, factor: Tensor) -> Tensor:
    white = torch.linalg.solve_triangular(factor, (latent - mean).T, upper=False)
    return -0.5 * white.square().sum(0) - factor.diagonal().log().sum()


def reconstruction(encoder: PoseEncoder, decoder: PoseDecoder, poses: Tensor, body: Body) -> str:
    got = decoder(encoder(pose_features(poses))[0])
    cosine = ((got * poses).sum((-1, -2)) - 1) / 2
    degrees = torch.rad2deg(torch.arccos(cosine.clamp(-1, 1)))
    mm = 1000 * (body.joints(got) - body.joints(poses)).norm(dim=-1)
    return f"{degrees.mean():.1f} deg, {mm.mean():.0f} mm (95 % of poses under {mm.mean(1).quantile(0.95):.0f} mm)"


def nearest_mm(queries: Tensor, among: Tensor, body: Body) -> Tensor:
    """Mean joint distance from each query to its nearest pose among the others, mm (by root mean square)."""
    a, b = (body.joints(poses).flatten(1) for poses in (queries, among))
    return 1000 * torch.cat([torch.cdist(part, b).min(1).values for part in a.split(256)]) / 48**0.5


def judged(prior: PosePrior, encoder: PoseEncoder, cache: MocapCache, body: Body) -> None:
    generator = torch.Generator().manual_seed(1)
    poses = {s: facing_forward(torch.from_numpy(cache.rotations(s))) for s in ("train", "val", "test")}
    for split in ("train", "val", "test"):
        print(f"reconstruction, {split}: {reconstruction(encoder, prior.decoder, poses[split], body)}")
    train = torch.cat([poses["train"], mirrored(poses["train"])])[::2]
    test = poses["test"][torch.randperm(len(poses["test"]), generator=generator)[:1000]]
    draws = prior.draw(20_000, generator)
    spread = body.joints(train).std(0).norm(dim=-1).mean() * 1000
    rows = {
        "draw -> nearest train pose": nearest_mm(draws[:1000], train, body),
        "test pose -> nearest of 20,000 draws": nearest_mm(test, draws, body),
        "test pose -> nearest train pose": nearest_mm(test, train, body),
        "draw -> nearest other draw": nearest_mm(draws[:1000], draws[1000:], body),
    }
    for what, mm in rows.items():
        print(f"{what}: median {mm.median():.0f} mm, 95 % {mm.quantile(0.95):.0f} mm")
    print(
        f"spread of joints: train {spread:.0f} mm, draws {body.joints(draws).std(0).norm(dim=-1).mean() * 1000:.0f} mm"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, default=Path("runs/mocap_cache.npz"))
    parser.add_argument("--out", type=Path, default=Path("src/metricpose/weights/pose_prior.safetensors"))
    parser.add_argument("--steps", type=int, default=PriorRecipe.steps)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    recipe, body, cache = PriorRecipe(steps=arguments.steps), Body.mean_adult(), read_cache(arguments.cache)
    poses, weights = facing_forward(torch.from_numpy(cache.rotations("train"))), frame_weights(cache, "train")
    encoder, decoder = trained(poses, weights, body, recipe)
    mean, log_variance = encoder(pose_features(poses))
    noise = torch.randn(mean.shape, generator=torch.Generator().manual_seed(recipe.seed))
    mixture = fitted_mixture(mean + noise * (0.5 * log_variance).exp(), weights, recipe)
    partial = arguments.out.with_name(f"{arguments.out.name}.tmp")
    partial.write_bytes(save(PosePrior(decoder=decoder, mixture=mixture).tensors()))
    partial.replace(arguments.out)
    judged(PosePrior.load(arguments.out), encoder, cache, body)


if __name__ == "__main__":
    main()
