"""Virtual people with every point of every skeleton: `python -m recipes.skeleton_people` (extras [train], [anny]).

Held-out people have other bodies and other clips: each split draws bodies of its own seed, its half of recorded poses
from its clips (docs/data_splits.md), and the other half from the procedural source by its own seed. Two thirds are
adults of 18-90 years, one third children of 3-17. A minute on one core.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from metricpose.virtual.body_points import PointPoser
from metricpose.virtual.mocap.cache import MocapCache, quaternions_to_rotmat, read_cache
from metricpose.virtual.procedural import ProceduralPoses

FOLDER = Path("runs/skeleton_people")
ADULTS_YEARS, CHILDREN_YEARS, ADULT_SHARE = (18.0, 90.0), (3.0, 17.0), 2 / 3


@dataclass(frozen=True, kw_only=True)
class Draw:
    """How many people of one split, and from which seed."""

    split: str
    bodies: int
    poses_per_body: int
    seed: int


DRAWS = (
    Draw(split="train", bodies=400, poses_per_body=80, seed=1001),
    Draw(split="val", bodies=80, poses_per_body=50, seed=2002),
    Draw(split="test", bodies=120, poses_per_body=60, seed=3003),
)


def people(poser: PointPoser, cache: MocapCache, draw: Draw) -> dict[str, np.ndarray]:
    """`points` (N, P, 3) float32 metres, z up, the pelvis at the origin; `age_years` (N,); `body` (N,), its number."""
    generator, rng = torch.Generator().manual_seed(draw.seed), np.random.default_rng(draw.seed)
    adults = round(draw.bodies * ADULT_SHARE)
    bodies = [*poser.bodies(adults, draw.seed, ADULTS_YEARS)]
    bodies += poser.bodies(draw.bodies - adults, draw.seed + 1, CHILDREN_YEARS)
    recorded, half = np.flatnonzero(cache.mask(draw.split)), draw.poses_per_body // 2
    made = ProceduralPoses().draw(draw.bodies * half, generator).numpy()
    points = []
    for number, body in enumerate(bodies):
        mocap = quaternions_to_rotmat(cache.quaternions[rng.choice(recorded, draw.poses_per_body - half)])
        poses = np.concatenate([mocap, made[number * half : (number + 1) * half]])
        poses = poses[rng.permutation(len(poses))]
        for some in np.array_split(poses, 4):  # fingers are bent alike in each call
            points.append(poser.posed(body, some, finger_curl=float(rng.uniform(0.0, 0.7))))
    ages = np.repeat([body.age_years for body in bodies], draw.poses_per_body)
    numbers = np.repeat(np.arange(draw.bodies), draw.poses_per_body)
    return {"points": np.concatenate(points).astype(np.float32), "age_years": ages, "body": numbers}


def load(folder: Path, split: str) -> dict[str, np.ndarray]:
    """What `main` wrote for the split, with the `names` of the points."""
    with np.load(folder / f"{split}.npz", allow_pickle=False) as stored:
        return {key: stored[key] for key in stored.files}


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw virtual people with the points of all skeletons")
    parser.add_argument("-o", type=Path, default=FOLDER)
    parser.add_argument("--mocap-cache", type=Path, default=Path("runs/mocap_cache.npz"))
    options = parser.parse_args()
    options.o.mkdir(parents=True, exist_ok=True)
    poser, cache = PointPoser(), read_cache(options.mocap_cache)
    for draw in DRAWS:
        drawn = people(poser, cache, draw)
        np.savez(options.o / f"{draw.split}.npz", names=np.array(poser.regressors.names), **drawn)  # type: ignore[arg-type]
        print(f"{draw.split}: {len(drawn['points'])} people of {draw.bodies} bodies")


if __name__ == "__main__":
    main()
