"""The autoencoder of the multi-skeleton study, of its six skeletons: `python -m recipes.multi_skeleton_acae`.

The packaged one stands for 152 points; a network that answers 131 joints at 60 places needs one of these places alone.
People: `recipes.skeleton_people`, whose bodies and clips of validation and test are those of the study's own splits.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from metricpose.skeletons.acae import AffineAutoencoder
from metricpose.skeletons.points import other_side
from recipes.acae import Options, distances_mm, nonzero, packaged, train
from recipes.multi_skeleton import SETS, joints_of
from recipes.skeleton_people import FOLDER, load

OUTPUT = Path("runs/multi_skeleton_acae.npz")


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the autoencoder of the multi-skeleton study")
    parser.add_argument("--people", type=Path, default=FOLDER)
    parser.add_argument("-o", type=Path, default=OUTPUT, help="the last of --latents is written")
    parser.add_argument("--latents", type=int, nargs="+", default=[24])
    parser.add_argument("--steps", type=int, default=2000, help="and a third as many to polish")
    options = parser.parse_args()
    torch.set_num_threads(1)
    names = list(dict.fromkeys(joints_of(len(SETS)).distinct))
    fit, val, test = (load(options.people, split) for split in ("train", "val", "test"))
    every = fit["names"].tolist()
    chosen, images = [every.index(name) for name in names], [names.index(other_side(name)) for name in names]
    aliases = {name: first for name, first in AffineAutoencoder.load().aliases if first in names}
    print("| L | mean mm (val) | mean mm (test) | worst point mm (test) | weights per row | s |\n" + "|---" * 6 + "|")
    for latents in options.latents:
        central = max(2, round(latents * 0.2) + (latents - round(latents * 0.2)) % 2)
        run = replace(Options(), latents=latents, central=central, steps=options.steps, polish=options.steps // 3)
        began = time.time()
        acae = packaged(train(fit["points"][:, chosen], images, run), names, aliases)
        held_out, errors = (distances_mm(acae, people["points"][:, chosen]).mean(0) for people in (val, test))
        worst = f"{errors.max():.1f} ({names[int(np.argmax(errors))]})"
        print(
            f"| {latents} | {held_out.mean():.2f} | {errors.mean():.2f} | {worst} | {nonzero(acae):.1f} | "
            f"{time.time() - began:.0f} |", flush=True,
        )  # fmt: skip
        options.o.parent.mkdir(parents=True, exist_ok=True)
        acae.save(options.o)


if __name__ == "__main__":
    main()
