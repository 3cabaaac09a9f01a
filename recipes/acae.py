"""Trains the affine-combining autoencoder of `skeletons.acae`: `python -m recipes.acae` (extra [train]).

Sarandi et al., WACV 2023: minimise the mean of |P - W_dec W_enc P|_1 plus lambda (|W_enc|_1 + |W_dec|_1) with rows that
sum to 1. Here the constraints hold by construction: free weights are made the same for mirrored people (the mean over
both sides) and their rows are moved onto the plane of sum 1. What L1 leaves small is then cut to nothing, and the rest
trained on. People: `recipes.skeleton_people`; `--ablation` prints the table over L and lambda on the validation people.
"""

import argparse
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from metricpose.bodies.point_table import doubled_definitions
from metricpose.skeletons.acae import AffineAutoencoder
from metricpose.skeletons.points import other_side
from recipes.skeleton_people import FOLDER, load

OUTPUT = Path("src/metricpose/weights/acae.npz")


@dataclass(frozen=True, kw_only=True)
class Options:
    """One training.

    Attributes:
        latents: L.
        sparsity: lambda, in mm of mean absolute error per unit of |W_enc|_1 + |W_dec|_1, both over J.
        central: how many latents lie in the middle of the body; the others come in pairs.
        steps, polish: steps with and after the cut of small weights.
        cut: weights below this are cut.
    """

    latents: int = 38
    sparsity: float = 1.0
    central: int = 8
    steps: int = 4500
    polish: int = 1500
    batch: int = 256
    rate: float = 3e-3
    cut: float = 0.02
    seed: int = 0


def distinct_points(names: list[str]) -> list[str]:
    """The points that are not another one by another name."""
    doubled = doubled_definitions()
    return [name for name in names if name not in doubled]


def latent_images(options: Options) -> list[int]:
    """(L,) index of each latent's mirror image: pairs first, then the central ones."""
    pairs = (options.latents - options.central) // 2
    images = [i + 1 if i % 2 == 0 else i - 1 for i in range(2 * pairs)]
    return images + list(range(2 * pairs, options.latents))


class Weights(torch.nn.Module):
    """Free weights, and the constrained ones made of them."""

    def __init__(self, points: np.ndarray, point_images: list[int], options: Options) -> None:
        super().__init__()
        images = latent_images(options)
        self.point_images, self.images = torch.tensor(point_images), torch.tensor(images)
        seeds = _seeds(points, point_images, options)
        encoder = torch.zeros(options.latents, len(point_images))
        encoder[torch.arange(options.latents), torch.tensor(seeds)] = 1.0
        self.encoder = torch.nn.Parameter(encoder)
        self.decoder = torch.nn.Parameter(_least_squares(points, seeds))
        self.encoder_mask = torch.ones_like(encoder)
        self.decoder_mask = torch.ones_like(self.decoder.data)

    def constrained(self) -> tuple[torch.Tensor, torch.Tensor]:
        encoder = _onto_plane(_tied(self.encoder, self.images, self.point_images), self.encoder_mask)
        decoder = _onto_plane(_tied(self.decoder, self.point_images, self.images), self.decoder_mask)
        return encoder, decoder

    def cut(self, least: float) -> None:
        """Weights below `least` become and stay nothing; each row keeps its largest."""
        for weights, name in zip(self.constrained(), ("encoder_mask", "decoder_mask"), strict=True):
            size = weights.detach().abs()
            setattr(self, name, ((size >= least) | (size == size.amax(1, keepdim=True))).to(size.dtype))


def _tied(weights: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    return (weights + weights[rows][:, columns]) / 2


def _onto_plane(weights: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """The nearest weights on the mask whose rows sum to 1."""
    kept = weights * mask
    return kept + mask * (1 - kept.sum(1, keepdim=True)) / mask.sum(1, keepdim=True)


def _seeds(points: np.ndarray, images: list[int], options: Options) -> list[int]:
    """Points at which latents start: each time the one that the chosen determine worst, with its mirror image."""
    some = points[:: max(1, len(points) // 4000)].astype(np.float64)
    flat = np.moveaxis(some, 1, 0).reshape(len(images), -1)
    flat = flat - flat[0]
    central = [i for i, image in enumerate(images) if image == i]
    sided = [i for i, image in enumerate(images) if image > i]
    pairs: list[int] = []
    middle: list[int] = []
    rest = flat.copy()
    while len(pairs) < 2 * ((options.latents - options.central) // 2) or len(middle) < options.central:
        errors = (rest**2).sum(1)
        want_pair = len(pairs) < 2 * ((options.latents - options.central) // 2)
        want_middle = len(middle) < options.central
        candidates = [i for i in (sided if want_pair else []) + (central if want_middle else []) if errors[i] > 0]
        taken = pairs + middle
        candidates = [i for i in candidates if i not in taken]
        best = max(candidates, key=lambda i: errors[i])
        new = [best] if images[best] == best else [best, images[best]]
        (middle if len(new) == 1 else pairs).extend(new)
        for one in new:
            norm = rest[one] @ rest[one]
            if norm > 1e-12:
                rest = rest - np.outer(rest @ rest[one] / norm, rest[one])
    return pairs + middle


def _least_squares(points: np.ndarray, seeds: list[int]) -> torch.Tensor:
    """(J, L) decoder from the seeds' own points."""
    flat = np.moveaxis(points[:: max(1, len(points) // 4000)].astype(np.float64), 1, 0).reshape(points.shape[1], -1)
    base = flat[seeds]
    gram = base @ base.T + 1e-3 * flat.shape[1] / 3 * np.eye(len(seeds))
    return torch.tensor(np.linalg.solve(gram, base @ flat.T).T, dtype=torch.float32)


def train(points: np.ndarray, point_images: list[int], options: Options) -> Weights:
    """Weights for `points` (N, J, 3) metres."""
    torch.manual_seed(options.seed)
    data = torch.from_numpy(points)
    weights = Weights(points, point_images, options)
    joints = len(point_images)
    for phase, steps, rate in (("sparse", options.steps, options.rate), ("polish", options.polish, options.rate / 3)):
        if phase == "polish":
            weights.cut(options.cut)
        optimiser = torch.optim.Adam(weights.parameters(), lr=rate)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps)
        for _ in range(steps):
            batch = data[torch.randint(len(data), (options.batch,))].permute(1, 0, 2).reshape(joints, -1)
            encoder, decoder = weights.constrained()
            error_mm = 1000 * (batch - decoder @ (encoder @ batch)).abs().mean()
            size = (encoder.abs().sum() + decoder.abs().sum()) / joints
            loss = error_mm + options.sparsity * size * (phase == "sparse")
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return weights


def packaged(weights: Weights, names: list[str], aliases: dict[str, str]) -> AffineAutoencoder:
    """The autoencoder in double precision: tied to the last bit, rows summing to 1."""
    with torch.no_grad():
        encoder, decoder = (w.double().numpy() for w in weights.double().constrained())
    points, latents = weights.point_images.tolist(), weights.images.tolist()
    return AffineAutoencoder(
        points=tuple(names),
        point_mirror=tuple(points),
        latent_mirror=tuple(latents),
        encoder=_exact(encoder, latents, points),
        decoder=_exact(decoder, points, latents),
        aliases=tuple(aliases.items()),
    )


def _exact(weights: np.ndarray, rows: list[int], columns: list[int]) -> np.ndarray:
    tied = (weights + weights[np.ix_(rows, columns)]) / 2
    made = tied / tied.sum(axis=1, keepdims=True)
    for row, image in enumerate(rows):
        if image < row:  # the other order of summing may differ in the last bit
            made[row] = made[image][columns]
    return made


def distances_mm(acae: AffineAutoencoder, points: np.ndarray) -> np.ndarray:
    """(N, J) between points and their way through the latents."""
    return 1000 * np.linalg.norm(acae.decoded(acae.encoded(points)) - points, axis=-1)


def nonzero(acae: AffineAutoencoder) -> float:
    """Mean number of weights of a row, both matrices."""
    return float((acae.encoder != 0).sum() + (acae.decoder != 0).sum()) / (len(acae) + len(acae.points))


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the affine-combining autoencoder")
    parser.add_argument("--people", type=Path, default=FOLDER)
    parser.add_argument("-o", type=Path, default=OUTPUT)
    parser.add_argument("--ablation", action="store_true", help="print the table over L and lambda, write nothing")
    parser.add_argument("--latents", type=int, nargs="+", default=[Options.latents])
    parser.add_argument("--sparsity", type=float, nargs="+", default=[Options.sparsity])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="the best on validation is kept")
    parser.add_argument("--steps", type=int, default=Options.steps, help="and a third as many to polish")
    options = parser.parse_args()
    torch.set_num_threads(1)
    fit, val, test = (load(options.people, split) for split in ("train", "val", "test"))
    every = fit["names"].tolist()
    names = distinct_points(every)
    chosen = [every.index(name) for name in names]
    images = [names.index(other_side(name)) for name in names]
    aliases, least = dict(doubled_definitions()), np.inf
    print(
        "| L | lambda | seed | mean mm (val) | worst point mm | weights per row | s |\n" + "|---" * 7 + "|", flush=True
    )
    for latents in options.latents:
        for sparsity in options.sparsity:
            for seed in options.seeds:
                central = max(2, round(latents * 0.2) + (latents - round(latents * 0.2)) % 2)
                run = replace(Options(), latents=latents, sparsity=sparsity, central=central, seed=seed)
                run = replace(run, steps=options.steps, polish=options.steps // 3)
                start = time.time()
                acae = packaged(train(fit["points"][:, chosen], images, run), names, aliases)
                errors = distances_mm(acae, val["points"][:, chosen]).mean(0)
                row = f"| {latents} | {sparsity:g} | {seed} | {errors.mean():.2f} | {errors.max():.1f} "
                row += f"({names[int(errors.argmax())]}) | {nonzero(acae):.1f} | {time.time() - start:.0f} |"
                print(row, flush=True)
                if not options.ablation and errors.mean() < least:
                    least = float(errors.mean())
                    acae.save(options.o)
                    errors = distances_mm(acae, test["points"][:, chosen])
                    high = np.percentile(errors, 95)
                    print(f"kept; test: mean {errors.mean():.2f} mm, 95th percentile {high:.2f} mm", flush=True)


if __name__ == "__main__":
    main()
